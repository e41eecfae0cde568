//! What was delivered: digests in their chain, the log files that they name, the events in these.

use super::Request;
use super::link;
use crate::app::AppError;
use crate::app::Result;
use crate::app::verify::Link;
use crate::app::verify::Verdict;
use crate::domain::time::Timestamp;
use crate::evidence::cloudtrail;
use crate::evidence::cloudtrail::Kind;
use crate::evidence::cloudtrail::Place;
use crate::evidence::cloudtrail::digest::Delivered;
use crate::evidence::cloudtrail::digest::Digest;
use crate::evidence::cloudtrail::digest::Doubt;
use crate::evidence::cloudtrail::digest::PublicKey;
use crate::evidence::cloudtrail::digest::sha256_hex;
use crate::evidence::cloudtrail::event::Event;
use crate::evidence::cloudtrail::event::What;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use crate::ports::source::Listed;
use crate::ports::source::Mark;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// Events that mean something, and how far what delivered them can be believed.
pub struct Trail {
    pub digests: u64,
    pub log_files: u64,
    /// All events that were read.
    pub count: u64,
    pub events: Vec<(Event, bool)>,
    pub links: Vec<Link>,
}

/// Files of one region and kind.
type Files = BTreeMap<(Kind, String), Vec<Listed>>;

pub fn read(
    request: &Request<'_>,
    (since, until): (&Timestamp, &Timestamp),
    progress: &dyn Progress,
) -> Result<Trail> {
    let window = Window::of(since, until);
    let files = list(request, &window)?;
    let mut trail = Trail { digests: 0, log_files: 0, count: 0, events: Vec::new(), links: Vec::new() };
    let regions: BTreeSet<&String> = files.keys().map(|(_, region)| region).collect();
    let all: usize = files.values().map(Vec::len).sum();
    progress.begin("read", Some(all as u64), None);
    for region in regions {
        let none = Vec::new();
        let of = |kind| files.get(&(kind, region.clone())).unwrap_or(&none);
        let digests = of(Kind::Digest);
        let keys = match digests.is_empty() {
            true => Vec::new(),
            false => trail.keys(request, region, (since, until)),
        };
        let digests = trail.chain(request, (region, since, digests), &keys, progress)?;
        trail.logs(request, &window, (region, of(Kind::Log)), &digests, progress)?;
        trail.reaches(region, &digests, until);
    }
    progress.end();
    if trail.digests + trail.log_files == 0 && all == 0 {
        let place = format!("s3://{}/{}", request.bucket, request.prefix);
        trail.links.push(link("trail", place, Verdict::Unknown, "CloudTrail delivered nothing there"));
    }
    trail.events.sort_by(|(a, _), (b, _)| (&a.event_time, &a.event_id).cmp(&(&b.event_time, &b.event_id)));
    Ok(trail)
}

/// Of digests that cannot be checked, with what helps.
fn lacks_key(region: &str, since: &Timestamp, why: String) -> Link {
    let day = &since.as_str()[..10];
    let ask = format!("aws cloudtrail list-public-keys --region {region} --start-time {day} > keys.json");
    let hint = Some(format!("{ask}   # then --public-keys keys.json"));
    Link { hint, ..link("digests", region, Verdict::Unknown, why) }
}

/// Days that are looked at, `YYYY/MM/DD`: also the one before, whose last log files a digest of the first hour names, and the
/// one after, since a digest comes up to an hour later.
struct Window {
    first: String,
    last: String,
}

impl Window {
    fn of(since: &Timestamp, until: &Timestamp) -> Self {
        const DAY: i64 = 86_400_000_000;
        let day = |micros: i64| Timestamp::from_unix_micros(micros).as_str()[..10].replace('-', "/");
        Window { first: day(since.unix_micros() - DAY), last: day(until.unix_micros() + DAY) }
    }
}

/// What a key says, without the prefix that the user gave.
fn place_of(request: &Request<'_>, key: &str) -> Option<Place> {
    Place::of(key.strip_prefix(request.prefix)?)
}

fn list(request: &Request<'_>, Window { first, last }: &Window) -> Result<Files> {
    let start = format!("{}AWSLogs/", request.prefix);
    let mut files = Files::new();
    let mut from: Option<Mark> = None;
    loop {
        let page = request.source.page(&start, from.as_ref())?;
        let mut skip = None;
        for listed in page.objects {
            let Some(place) = place_of(request, &listed.key) else { continue };
            let region = format!("{}{}{}/", request.prefix, place.base, place.region);
            match () {
                // Days lie in the order of their names: nobody needs to list all years.
                () if place.day < *first => skip = Some(format!("{region}{first}")),
                () if place.day > *last => skip = Some(format!("{region}~")),
                () => {
                    skip = None;
                    files.entry((place.kind, place.region)).or_default().push(listed);
                }
            }
        }
        let Some(next) = page.next else { break };
        from = Some(match skip {
            Some(key) if key > next.key => Mark { key, version: None },
            _ => next,
        });
    }
    Ok(files)
}

/// The bytes as they were before they were compressed; `None`: it is gone.
fn fetch(request: &Request<'_>, listed: &Listed) -> Result<Option<std::result::Result<Vec<u8>, String>>> {
    let read = request.source.read(&listed.key, listed.version_id.as_deref(), listed.size);
    match read.map_err(AppError::from) {
        Ok(bytes) => Ok(Some(cloudtrail::inflate(bytes).map_err(|e| e.to_string()))),
        Err(AppError::Store(StoreError::Missing { .. })) => Ok(None),
        Err(e) => Err(e),
    }
}

impl Trail {
    /// CloudTrail's keys of a region. Without them, its digests say nothing.
    fn keys(
        &mut self,
        request: &Request<'_>,
        region: &str,
        between: (&Timestamp, &Timestamp),
    ) -> Vec<PublicKey> {
        (request.keys)(region, between).unwrap_or_else(|e| {
            let why = format!("CloudTrail's public keys could not be had: {e}");
            self.links.push(lacks_key(region, between.0, why));
            Vec::new()
        })
    }

    /// The digests of a region that can be believed, each held against the one before it.
    fn chain(
        &mut self,
        request: &Request<'_>,
        (region, since, listed): (&str, &Timestamp, &[Listed]),
        keys: &[PublicKey],
        progress: &dyn Progress,
    ) -> Result<Vec<Digest>> {
        let delivered = |file: &Listed| -> Result<Option<(Delivered, std::result::Result<(), String>)>> {
            let Some(inflated) = fetch(request, file)? else { return Ok(None) };
            let metadata = match request.source.metadata(&file.key, file.version_id.as_deref()) {
                Err(StoreError::Missing { .. }) => return Ok(None),
                metadata => metadata?,
            };
            progress.advance(1, file.size);
            let signature = metadata.get("signature").cloned();
            let (bucket, key) = (request.bucket.to_owned(), file.key.clone());
            let (inflated, state) = match inflated {
                Ok(inflated) => (inflated, Ok(())),
                Err(why) => (Vec::new(), Err(why)),
            };
            Ok(Some((Delivered { bucket, key, inflated, signature }, state)))
        };
        let all: Vec<_> = listed.par_iter().map(delivered).collect::<Result<Vec<_>>>()?;
        let all: Vec<_> = all.into_iter().flatten().collect();
        let mut believed: Vec<Digest> = Vec::new();
        let mut unknown = BTreeMap::new();
        for (file, state) in &all {
            if let Err(why) = state {
                self.links.push(link("digest", &file.key, Verdict::Altered, why.as_str()));
                continue;
            }
            match file.check(keys) {
                Ok(digest) => believed.push(digest),
                Err(Doubt::NoKey(fingerprint)) => *unknown.entry(fingerprint).or_insert(0u64) += 1,
                Err(Doubt::Bad(why)) => self.links.push(link("digest", &file.key, Verdict::Altered, why)),
            }
        }
        for (fingerprint, count) in unknown {
            let why = format!("of {count}, CloudTrail's public key {fingerprint} is not at hand");
            self.links.push(lacks_key(region, since, why));
        }
        believed.sort_by(|a, b| a.digest_end_time.cmp(&b.digest_end_time));
        let mut chains: BTreeMap<(&str, bool), Vec<&Digest>> = BTreeMap::new();
        for digest in &believed {
            chains.entry(cloudtrail::chain_of(&digest.digest_s3_object)).or_default().push(digest);
        }
        for chain in chains.values() {
            self.links_of(chain, &all);
        }
        if let (Some(first), Some(last)) = (believed.first(), believed.last()) {
            let detail = format!(
                "{} digests from {} to {}: their signatures hold",
                believed.len(),
                first.digest_start_time,
                last.digest_end_time
            );
            self.links.push(link("digests", region, Verdict::Intact, detail));
        }
        self.digests += believed.len() as u64;
        Ok(believed)
    }

    /// Each digest of a chain against the one before it.
    fn links_of(&mut self, chain: &[&Digest], all: &[(Delivered, std::result::Result<(), String>)]) {
        for (n, digest) in chain.iter().enumerate() {
            let Some(before) = &digest.previous_digest_s3_object else {
                if n > 0 {
                    let why = format!("validation was off before {}", digest.digest_start_time);
                    self.links.push(link("digest", &digest.digest_s3_object, Verdict::Altered, why));
                }
                continue;
            };
            let found = all.iter().find(|(file, _)| file.key == *before).map(|(file, _)| file);
            let same = |file: &Delivered| {
                digest.previous_digest_hash_value.as_deref() == Some(&sha256_hex(&file.inflated)[..])
                    && digest.previous_digest_signature == file.signature
            };
            match found {
                Some(file) if same(file) => {}
                Some(_) => {
                    let why = "it is not as the next one names it";
                    self.links.push(link("digest", before, Verdict::Altered, why));
                }
                // The first one continues what is not asked about.
                None if n == 0 => {}
                None => {
                    let why = format!("it is gone: {} names it", digest.digest_s3_object);
                    self.links.push(link("digest", before, Verdict::Missing, why));
                }
            }
        }
    }

    /// Whoever takes the last files away hides what they say: digests come each hour, and the last one is not long ago.
    fn reaches(&mut self, region: &str, digests: &[Digest], until: &Timestamp) {
        const TWO_HOURS: i64 = 7_200_000_000;
        let wanted = Timestamp::from_unix_micros(until.unix_micros() - TWO_HOURS);
        let Some(last) = digests.iter().map(|digest| digest.digest_end_time.as_str()).max() else { return };
        if last < &wanted.as_str()[..19] {
            let detail = format!(
                "the last digest ends at {last}, and one is signed each hour: what came later is not known"
            );
            self.links.push(link("digests", region, Verdict::Unknown, detail));
        }
    }

    /// The events of a region's log files.
    fn logs(
        &mut self,
        request: &Request<'_>,
        window: &Window,
        (region, listed): (&str, &[Listed]),
        digests: &[Digest],
        progress: &dyn Progress,
    ) -> Result<()> {
        let named = digests.iter().flat_map(|digest| &digest.log_files);
        let named: BTreeMap<&str, &str> =
            named.map(|file| (file.s3_object.as_str(), file.hash_value.as_str())).collect();
        let there: BTreeSet<&str> = listed.iter().map(|file| file.key.as_str()).collect();
        // The first digest may name files of a day that was not listed.
        let asked = |key: &&&str| place_of(request, key).is_some_and(|place| place.day >= window.first);
        for gone in named.keys().filter(|key| !there.contains(*key)).filter(asked) {
            self.links.push(link("log file", gone, Verdict::Missing, "it is gone: a digest names it"));
        }
        let read = |file: &Listed| -> Result<_> {
            let found = fetch(request, file)?;
            progress.advance(1, file.size);
            let Some(inflated) = found else { return Ok(Err("it is gone".to_owned())) };
            let hash = |bytes: &Vec<u8>| named.get(file.key.as_str()).map(|hash| *hash == sha256_hex(bytes));
            Ok(inflated.and_then(|bytes| Ok((hash(&bytes), cloudtrail::events(&bytes)?))))
        };
        let (mut sound, mut early, mut unnamed) = (0u64, 0u64, 0u64);
        let end = digests.last().map(|digest| digest.digest_end_time.replace(['-', ':'], ""));
        // A few at a time: their events are many.
        for some in listed.chunks(64) {
            let all: Vec<_> = some.par_iter().map(read).collect::<Result<_>>()?;
            for (file, read) in some.iter().zip(all) {
                let (named, events) = match read {
                    Ok(read) => read,
                    Err(why) => {
                        self.links.push(link("log file", &file.key, Verdict::Altered, why));
                        continue;
                    }
                };
                match named {
                    Some(true) => sound += 1,
                    Some(false) => {
                        let why = "its hash is not the one that its digest names";
                        self.links.push(link("log file", &file.key, Verdict::Altered, why));
                    }
                    None if is_after(&file.key, end.as_deref()) => early += 1,
                    None => unnamed += 1,
                }
                self.count += events.len() as u64;
                let telling = events.into_iter().filter(|event| tells(request, event));
                self.events.extend(telling.map(|event| (event, named == Some(true))));
            }
        }
        if sound > 0 {
            let detail = format!("{sound} log files are as the digests name them");
            self.links.push(link("log files", region, Verdict::Intact, detail));
        }
        if early > 0 {
            let detail =
                format!("{early} log files are not under a digest yet: CloudTrail signs one an hour");
            self.links.push(link("log files", region, Verdict::Unpublished, detail));
        }
        if unnamed > 0 {
            let detail = format!("{unnamed} log files are named by no digest that can be believed");
            self.links.push(link("log files", region, Verdict::Unknown, detail));
        }
        self.log_files += sound;
        Ok(())
    }
}

/// Whether an event says something of what is asked about. Of objects there may be very many.
fn tells(request: &Request<'_>, event: &Event) -> bool {
    match event.what() {
        Some(What::Put | What::Delete) => {
            event.asked("bucketName").is_some_and(|bucket| request.buckets.contains(bucket))
        }
        what => what.is_some(),
    }
}

/// Whether a log file was delivered after the last digest ended (`YYYYMMDDTHHMMSSZ`), by the time in its name, which has
/// no seconds.
fn is_after(key: &str, end: Option<&str>) -> bool {
    let Some(end) = end else { return false };
    let name = key.rsplit('/').next().unwrap_or_default();
    let time = name.split('_').find(|part| part.len() == 14 && part.as_bytes()[8] == b'T');
    time.is_some_and(|time| time.trim_end_matches('Z') >= end.get(..13).unwrap_or_default())
}
