//! Whether a server keeps what is relied on. Nothing is believed of one that was not asked.

use super::about::Checksum;
use super::about::Put;
use super::bucket::Bucket;
use super::client::S3;
use super::policy;
use crate::durable;
use crate::ports::clock::Clock;
use crate::ports::probe::Need;
use crate::ports::probe::Probe;
use crate::ports::probe::Property;
use crate::ports::probe::Purpose;
use crate::ports::probe::State;
use crate::stores::aws::failure::Failure;
use aws_sdk_s3::types::BucketVersioningStatus;

/// Writers of one key at the same time.
const RACERS: usize = 20;
/// Seconds between two clocks: worth a word; AWS refuses requests.
const SKEWED: u64 = 60;
const TOO_SKEWED: u64 = 15 * 60;

const NO_ETAG: &str = "\"00000000000000000000000000000000\"";
/// The check value of the CRC catalogues is that of this text.
const BODY: &[u8] = b"123456789";
const CRC64NVME: &str = "rosUhgp5mIg=";
const NOT_CRC64NVME: &str = "AAAAAAAAAAA=";
const NOT_SHA256: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

// Ends of the names of keys.
const RACE: &str = "-race";
const MISSING: &str = "-missing";
const CHECKSUM: &str = "-checksum";
const VERSIONS: &str = "-versions";

type Finding = Result<(State, String), Failure>;

fn ok(found: impl Into<String>) -> Finding {
    Ok((State::Ok, found.into()))
}

fn problem(found: impl Into<String>) -> Finding {
    Ok((State::Problem, found.into()))
}

/// Looks at a place. Its keys are where deleting is allowed, and go again.
pub struct Probing<'a> {
    s3: &'a S3,
    prefix: &'a str,
    purpose: Purpose,
    clock: &'a dyn Clock,
    key: String,
}

impl<'a> Probing<'a> {
    /// `prefix`: of the place, with its last `/`.
    pub fn new(s3: &'a S3, prefix: &'a str, purpose: Purpose, clock: &'a dyn Clock) -> Self {
        let key = format!("{prefix}{}probe-{:016x}", policy::INBOX, durable::random_name());
        Probing { s3, prefix, purpose, clock, key }
    }

    fn named(&self, end: &str) -> String {
        format!("{}{end}", self.key)
    }

    /// As [`crate::ports::provision::Remote::probe`] has it.
    pub fn probe(&self, properties: &[Property]) -> Vec<Probe> {
        let mut found = vec![self.finding(Property::Answer)];
        // Without an answer only its date may tell why.
        let answers = found[0].state != State::NotChecked;
        let rest =
            properties.iter().filter(|p| **p != Property::Answer && (answers || **p == Property::Clock));
        found.extend(rest.map(|property| self.finding(*property)));
        // What stays lies where nobody minds it.
        if !answers {
            let _ = self.s3.delete(&self.key); // it may have been written all the same
        } else if !properties.contains(&Property::OwnDeletes) {
            let _ = self.own_deletes();
        }
        found
    }

    fn finding(&self, property: Property) -> Probe {
        let (state, found) = self.ask(property).unwrap_or_else(|failure| {
            let (Failure::Refused { what, why } | Failure::Unknown { what, why }) = failure;
            (State::NotChecked, format!("{what}: {why}"))
        });
        let unused = property.need(self.purpose) == Need::Unused;
        let state = if unused && state == State::Problem { State::Warning } else { state };
        Probe { property, state, found }
    }

    fn ask(&self, property: Property) -> Finding {
        match property {
            Property::Answer => self.answer(),
            Property::OneCreator => self.one_creator(),
            Property::MissingMatch => self.missing_match(),
            Property::WrongMatch => match self.s3.replace(&self.key, b"x", Some(NO_ETAG))? {
                true => problem("If-Match with a wrong ETag replaces the object"),
                false => ok("refused"),
            },
            Property::RightMatch => {
                let there = self.s3.get(&self.key)?;
                match there.map(|there| self.s3.replace(&self.key, b"y", Some(&there.etag))).transpose()? {
                    Some(true) => ok("accepted"),
                    Some(false) => problem("If-Match with the right ETag does not replace the object"),
                    None => problem("what was written is not there to read"),
                }
            }
            Property::Sha256 => self.checksum(Checksum::Sha256(NOT_SHA256), None),
            Property::Crc64Nvme => {
                self.checksum(Checksum::Crc64Nvme(NOT_CRC64NVME), Some(Checksum::Crc64Nvme(CRC64NVME)))
            }
            Property::Versioning => match self.s3.versioning()? {
                Some(BucketVersioningStatus::Enabled) => ok("on"),
                Some(BucketVersioningStatus::Suspended) => {
                    problem("it is suspended: what is overwritten or deleted from now on is gone")
                }
                Some(other) => problem(format!("{other}, which is not known to this version")),
                None => problem("it was never switched on: what is overwritten or deleted is gone"),
            },
            Property::VersionIds => self.version_ids(),
            Property::Clock => self.clock(),
            Property::Lifecycle => self.lifecycle(),
            Property::ObjectLock => Ok(match self.s3.lock()? {
                None => (State::None, "the bucket locks nothing".to_owned()),
                Some(None) => (State::Ok, "on, for objects that ask for it".to_owned()),
                Some(Some(default)) => {
                    let why = "so nothing can be removed from ledger/inbox/ that long, which then grows";
                    (State::Warning, format!("on, for all objects ({default}), {why}"))
                }
            }),
            Property::DeniedDeletes => self.denied_deletes(),
            Property::OwnDeletes => self.own_deletes(),
        }
    }

    fn answer(&self) -> Finding {
        if !self.s3.put_new(&self.key, b"x")? {
            return problem("a key that nobody has written is taken (If-None-Match: *)");
        }
        match self.s3.get(&self.key)? {
            Some(there) if there.bytes == b"x" => ok("writes, and reads what was written"),
            Some(_) => problem("what was written reads back as something else"),
            None => problem("what was written is not there to read"),
        }
    }

    /// Of twenty who create a key one succeeds.
    fn one_creator(&self) -> Finding {
        let key = self.named(RACE);
        let won = std::thread::scope(|scope| {
            let one = |n: usize| {
                let key = &key;
                scope.spawn(move || self.s3.put_new(key, n.to_string().as_bytes()))
            };
            let racers: Vec<_> = (0..RACERS).map(one).collect();
            let mut won = 0;
            for racer in racers {
                match racer.join() {
                    Ok(Ok(true)) => won += 1,
                    // 409 among them: whoever is told so did not win.
                    Ok(Ok(false)) | Ok(Err(Failure::Unknown { .. })) | Err(_) => {}
                    Ok(Err(refused)) => return Err(refused),
                }
            }
            Ok(won)
        })?;
        let found = format!("of {RACERS} writers that create one key (If-None-Match: *), {won} succeeded");
        if won == 1 { ok(found) } else { problem(found) }
    }

    fn missing_match(&self) -> Finding {
        match self.s3.replace(&self.named(MISSING), b"x", Some(NO_ETAG))? {
            true => problem("If-Match on a key that is not there creates it"),
            false => ok("refused"),
        }
    }

    /// `right`: of [`BODY`], if it is not what every other PUT is sent with.
    fn checksum(&self, wrong: Checksum<'_>, right: Option<Checksum<'_>>) -> Finding {
        let key = self.named(CHECKSUM);
        if let Put::Done(_) = self.s3.put_as(&key, BODY, None, Some(wrong))? {
            return problem(
                "a PUT with a wrong checksum is accepted: what is damaged on the way is not noticed",
            );
        }
        match right.map(|right| self.s3.put_as(&key, BODY, None, Some(right))).transpose()? {
            Some(Put::Refused(why)) => problem(format!("a PUT with the right checksum is refused: {why}")),
            Some(Put::Done(_)) | None => ok("a wrong one is refused"),
        }
    }

    fn version_ids(&self) -> Finding {
        let key = self.named(VERSIONS);
        let put = |bytes: &[u8]| match self.s3.put_as(&key, bytes, None, None)? {
            Put::Done(id) => Ok(id.filter(|id| id != "null")),
            Put::Refused(why) => Err(Failure::Refused { what: format!("PUT {key}"), why }),
        };
        match (put(b"1")?, put(b"2")?) {
            (Some(first), Some(second)) if first != second => {
                match self.s3.get_version(&key, &first)? == b"1" {
                    true => ok("each PUT makes a version with an id of its own"),
                    false => problem("an old version reads back as something else"),
                }
            }
            (Some(_), Some(_)) => problem("two PUTs of one key made one version"),
            _ => problem("a PUT makes no version of its own (its VersionId is missing, or null)"),
        }
    }

    fn clock(&self) -> Finding {
        let Some(ahead) = self.s3.clock_ahead(&self.named("-nothing"), self.clock)? else {
            return Ok((State::NotChecked, "its answers have no Date".to_owned()));
        };
        let off = ahead.unsigned_abs();
        let found = format!(
            "the server's is {off} s {} this machine's",
            if ahead < 0 { "behind" } else { "ahead of" }
        );
        Ok(match off {
            0..SKEWED => (State::Ok, "as this machine's".to_owned()),
            SKEWED..TOO_SKEWED => (State::Warning, found),
            _ => (State::Problem, format!("{found}; AWS refuses requests from 15 minutes on")),
        })
    }

    fn lifecycle(&self) -> Finding {
        let Some(rules) = self.s3.expiries()? else {
            return Ok((State::None, "the bucket has no rules".to_owned()));
        };
        match policy::expiring(&rules, self.prefix, self.purpose) {
            found if found.is_empty() => ok("no rule takes away what must stay"),
            found => problem(found.join("; ")),
        }
    }

    fn denied_deletes(&self) -> Finding {
        const UNKNOWN: &str = "what the own policies (IAM) of others allow them cannot be told from here";
        let kept = policy::kept(self.prefix, self.purpose);
        let Some(text) = self.s3.policy()? else {
            let found =
                format!("the bucket has no policy that denies deleting {}; {UNKNOWN}", kept.join(", "));
            return Ok((State::Warning, found));
        };
        let Some(open) = policy::open_deletes(&text, self.s3.name(), &kept) else {
            return Ok((State::NotChecked, "the bucket's policy is not understood".to_owned()));
        };
        if open.deletes.is_empty() {
            let found = format!("nobody, of {}, as long as the bucket's policy stays", kept.join(", "));
            return Ok((State::Ok, format!("{found}; who may change it cannot be told from here")));
        }
        let each =
            open.deletes.iter().map(|(action, prefixes)| format!("{action} of {}", prefixes.join(", ")));
        let unclear = match open.unclear {
            0 => String::new(),
            n => format!(
                " ({n} of its statements are for some only or under a condition, and do not count here)"
            ),
        };
        let each = each.collect::<Vec<_>>().join("; ");
        Ok((State::Warning, format!("the bucket's policy does not deny {each}{unclear}; {UNKNOWN}")))
    }

    /// Removes all that was put.
    fn own_deletes(&self) -> Finding {
        let all = |keys: Vec<String>| keys.iter().try_for_each(|key| self.s3.delete(key));
        // Versions first: a plain DELETE would only hide them.
        let versions = self.s3.versions(&self.key).and_then(|versions| {
            let each = versions.iter().map(|version| self.s3.delete_version(version));
            each.collect::<Result<Vec<()>, Failure>>()
        });
        // Who may not list knows their names.
        let names = || ["", RACE, MISSING, CHECKSUM, VERSIONS].map(|name| self.named(name)).to_vec();
        let left = self.s3.list(&self.key, None).unwrap_or_else(|_| names());
        if left.is_empty() && versions.is_ok() {
            return ok("with all versions of its keys");
        }
        match (all(left), versions) {
            (Ok(()), Ok(_)) => ok("with all versions of its keys"),
            (Ok(()), Err(Failure::Refused { why, .. } | Failure::Unknown { why, .. })) => Ok((
                State::Warning,
                format!("its keys are deleted; their old versions, if there are any, stay: {why}"),
            )),
            (Err(Failure::Refused { why, .. } | Failure::Unknown { why, .. }), _) => {
                let stays = format!("keys that begin with {} stay: {why}", self.key);
                Ok((State::Warning, format!("{stays}; so ledger/inbox/ cannot be emptied")))
            }
        }
    }
}
