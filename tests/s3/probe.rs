//! What `init` asks of a bucket: of the real servers, and of servers that keep one thing less.

use crate::common::Output;
use crate::common::Sandbox;
use crate::common::proxy::Disguise;
use crate::common::proxy::Instead;
use crate::common::proxy::Proxy;
use crate::common::proxy::without;
use crate::common::servers::Server;
use crate::common::servers::aws;
use crate::common::skipped;
use aws_sdk_s3::Client;
use aws_sdk_s3::types::AbortIncompleteMultipartUpload;
use aws_sdk_s3::types::BucketLifecycleConfiguration;
use aws_sdk_s3::types::BucketVersioningStatus;
use aws_sdk_s3::types::DefaultRetention;
use aws_sdk_s3::types::ExpirationStatus;
use aws_sdk_s3::types::LifecycleRule;
use aws_sdk_s3::types::LifecycleRuleFilter;
use aws_sdk_s3::types::NoncurrentVersionExpiration;
use aws_sdk_s3::types::ObjectLockConfiguration;
use aws_sdk_s3::types::ObjectLockEnabled;
use aws_sdk_s3::types::ObjectLockRetentionMode;
use aws_sdk_s3::types::ObjectLockRule;
use aws_sdk_s3::types::VersioningConfiguration;
use mlprov::ports::probe;
use mlprov::ports::probe::Need;
use mlprov::ports::probe::Property;
use mlprov::ports::probe::Purpose;
use mlprov::ports::probe::State;
use mlprov::stores::aws::runtime::Aws;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::client::S3;
use mlprov::stores::aws::s3::probe::Probing;
use mlprov::stores::local::clock::SystemClock;
use std::fs;

/// Ada's project, whose ledger lies in a bucket of its own, behind a proxy.
pub struct Team {
    pub s: Sandbox,
    pub aws: Aws,
    pub client: Client,
    pub bucket: String,
    pub proxy: Proxy,
}

impl Team {
    pub fn new(server: &Server, name: &str) -> Team {
        let aws = aws(&server.url, [server.access_key, server.secret_key]);
        let config = aws_sdk_s3::config::Builder::from(aws.config()).force_path_style(true).build();
        let client = Client::from_conf(config);
        aws.wait(client.create_bucket().bucket(name).send()).unwrap();
        let s = Sandbox::git_repo();
        let dir = s.home().join(".aws");
        fs::create_dir_all(&dir).unwrap();
        let keys = [("aws_access_key_id", server.access_key), ("aws_secret_access_key", server.secret_key)];
        let keys = keys.map(|(name, key)| format!("{name} = {key}\n")).concat();
        fs::write(dir.join("credentials"), format!("[default]\n{keys}")).unwrap();
        fs::write(dir.join("config"), "[default]\nregion = us-east-1\n").unwrap();
        Team { s, aws, client, bucket: name.to_owned(), proxy: Proxy::new(&server.url) }
    }

    pub fn on_ministack(name: &str) -> Option<Team> {
        match Server::ministack() {
            Some(server) => Some(Team::new(server, name)),
            None => {
                skipped("ministack is not installed (tests/run.sh does it)");
                None
            }
        }
    }

    pub fn set_versioning(&self, status: BucketVersioningStatus) {
        let versions = VersioningConfiguration::builder().status(status).build();
        let asked =
            self.client.put_bucket_versioning().bucket(&self.bucket).versioning_configuration(versions);
        self.aws.wait(asked.send()).unwrap();
    }

    pub fn init(&self) -> Output {
        self.init_with(&[Purpose::Ledger])
    }

    /// With these in the bucket.
    pub fn init_with(&self, purposes: &[Purpose]) -> Output {
        let place = format!("s3://{}/team", self.bucket);
        let mut words = vec!["init", "--yes", "--name", "team", "--endpoint-url", &self.proxy.url];
        for purpose in purposes {
            words.extend([if *purpose == Purpose::Ledger { "--ledger" } else { "--store" }, &place]);
        }
        self.s.mlprov(&words)
    }

    /// False: the server keeps no such rules.
    fn set_lifecycle(&self, rules: &[LifecycleRule]) -> bool {
        let rules = BucketLifecycleConfiguration::builder().set_rules(Some(rules.to_vec())).build().unwrap();
        let asked = self.client.put_bucket_lifecycle_configuration().bucket(&self.bucket);
        self.aws.wait(asked.lifecycle_configuration(rules).send()).is_ok()
    }

    /// Versions and delete markers that a probe left behind.
    pub fn probes_left(&self) -> usize {
        let s3 = S3::new(self.aws.clone(), &self.bucket);
        s3.history("team/ledger/inbox/probe-").unwrap().len()
    }

    /// One property, of the server itself.
    fn ask(&self, property: Property) -> (State, String) {
        let s3 = S3::new(self.aws.clone(), &self.bucket);
        let probe =
            Probing::new(&s3, "team/", Purpose::Ledger, &SystemClock).probe(&[property]).pop().unwrap();
        assert_eq!(probe.property, property);
        (probe.state, probe.found)
    }
}

pub fn each_server(test: impl Fn(&Server)) {
    for (name, server) in [("ministack", Server::ministack()), ("SeaweedFS", Server::seaweedfs())] {
        match server {
            Some(server) => test(server),
            None => skipped(&format!("{name} is not installed (tests/run.sh does it)")),
        }
    }
}

#[test]
fn what_a_bucket_lets_go_is_named() {
    each_server(|server| {
        let team = Team::new(server, "probe-rules");
        team.set_versioning(BucketVersioningStatus::Enabled);
        let days = NoncurrentVersionExpiration::builder().noncurrent_days(30).build();
        let abort = AbortIncompleteMultipartUpload::builder().days_after_initiation(3).build();
        let rule = |name: &str, prefix: &str| {
            let filter = LifecycleRuleFilter::builder().prefix(prefix).build();
            LifecycleRule::builder().id(name).filter(filter).status(ExpirationStatus::Enabled)
        };
        let harmless = [
            rule("uploads", "").abort_incomplete_multipart_upload(abort).build().unwrap(),
            rule("inbox", "team/ledger/inbox/").noncurrent_version_expiration(days.clone()).build().unwrap(),
        ];
        let harmful = rule("old versions", "team/").noncurrent_version_expiration(days).build().unwrap();
        match team.set_lifecycle(&harmless) {
            false => skipped(&format!("{} stores no such lifecycle rules", server.name)),
            true => assert_eq!(team.ask(Property::Lifecycle).0, State::Ok, "{}", server.name),
        }
        match team.set_lifecycle(&[&harmless[..], &[harmful]].concat()) {
            false => skipped(&format!("{} stores no rules for old versions", server.name)),
            true => {
                let found = "rule \"old versions\" takes old versions away after 30 days (team/*)".to_owned();
                assert_eq!(team.ask(Property::Lifecycle), (State::Problem, found), "{}", server.name);
            }
        }
    });
}

#[test]
fn suspended_versions_are_a_problem_and_no_place_for_data() {
    each_server(|server| {
        let team = Team::new(server, "probe-suspended");
        let s3 = S3::new(team.aws.clone(), &team.bucket);
        let for_data = || {
            let asked = Property::asked_by_init(Purpose::Store);
            // SeaweedFS takes seconds for it.
            let asked: Vec<_> = asked.into_iter().filter(|p| *p != Property::OneCreator).collect();
            let found = Probing::new(&s3, "team/", Purpose::Store, &SystemClock).probe(&asked);
            probe::demand("s3://b/team/", found, Purpose::Store).map_err(|e| e.to_string())
        };
        assert_eq!(team.ask(Property::Versioning).0, State::Problem, "{}", server.name);
        for_data().unwrap_err();
        team.set_versioning(BucketVersioningStatus::Enabled);
        assert_eq!(for_data(), Ok(Vec::new()), "{}", server.name);
        assert_eq!(team.ask(Property::VersionIds).0, State::Ok, "{}", server.name);
        team.set_versioning(BucketVersioningStatus::Suspended);
        let refused = for_data().unwrap_err();
        assert!(refused.contains("s3://b/team/ cannot be used: versioning: it is suspended"), "{refused}");
        let (state, found) = team.ask(Property::VersionIds);
        assert!(state == State::Problem && found.contains("missing, or null"), "{} {found}", server.name);
        assert_eq!(team.probes_left(), 0, "{}", server.name);
    });
}

#[test]
fn who_can_delete_is_told_as_far_as_the_policy_tells_it() {
    each_server(|server| {
        let team = Team::new(server, "probe-policy");
        let (state, found) = team.ask(Property::DeniedDeletes);
        assert!(state == State::Warning && found.contains("no policy"), "{} {found}", server.name);
        let put = |policy: &str| {
            let asked = team.client.put_bucket_policy().bucket(&team.bucket).policy(policy);
            team.aws.wait(asked.send()).unwrap();
            team.ask(Property::DeniedDeletes)
        };
        let deny = |actions: &str| {
            let arn = format!("arn:aws:s3:::{}/team/ledger", team.bucket);
            let resources = format!("[\"{arn}/commit/*\",\"{arn}/tile/*\"]");
            let statement = format!("\"Principal\":\"*\",\"Action\":[{actions}],\"Resource\":{resources}");
            format!("{{\"Version\":\"2012-10-17\",\"Statement\":[{{\"Effect\":\"Deny\",{statement}}}]}}")
        };
        let version = "\"s3:DeleteObjectVersion\"";
        let (state, found) = put(&deny(&format!("\"s3:DeleteObject\",{version}")));
        assert!(state == State::Ok && found.contains("team/ledger/commit/, team/ledger/tile/"), "{found}");
        let (state, found) = put(&deny(version));
        assert_eq!(state, State::Warning, "{}", server.name);
        assert!(found.contains("does not deny s3:DeleteObject of team/ledger/commit/"), "{found}");
        assert!(!found.contains("s3:DeleteObjectVersion") && found.contains("cannot be told"), "{found}");
    });
}

#[test]
fn a_bucket_that_locks_everything_is_told() {
    each_server(|server| {
        let team = Team::new(server, "probe-lock-none");
        assert_eq!(team.ask(Property::ObjectLock).0, State::None);
        let bucket = "probe-lock";
        let made = team.client.create_bucket().bucket(bucket).object_lock_enabled_for_bucket(true);
        team.aws.wait(made.send()).unwrap();
        let team = Team { bucket: bucket.to_owned(), ..team };
        assert_eq!(team.ask(Property::ObjectLock).0, State::Ok);
        let default = DefaultRetention::builder().mode(ObjectLockRetentionMode::Governance).days(1).build();
        let rule = ObjectLockRule::builder().default_retention(default).build();
        let lock =
            ObjectLockConfiguration::builder().object_lock_enabled(ObjectLockEnabled::Enabled).rule(rule);
        let asked = team.client.put_object_lock_configuration().bucket(bucket);
        team.aws.wait(asked.object_lock_configuration(lock.build()).send()).unwrap();
        let (state, found) = team.ask(Property::ObjectLock);
        assert!(state == State::Warning && found.contains("GOVERNANCE for 1 day)"), "{found}");
        let (state, found) = team.ask(Property::OwnDeletes);
        assert!(state == State::Warning && found.contains("old versions"), "{} {found}", server.name);
    });
}

/// Servers that keep one thing less: which, and what is said of it.
pub const BROKEN: [(Property, &str, Disguise); 6] = [
    (
        Property::OneCreator,
        "20 succeeded",
        Disguise { request: |head| ask(head, &["if-none-match"]), ..PLAIN },
    ),
    (Property::MissingMatch, "creates it", Disguise { request: |head| ask(head, &["if-match"]), ..PLAIN }),
    (
        Property::RightMatch,
        "does not replace",
        Disguise { request: |head| refuse(head, "if-match: ", 412), ..PLAIN },
    ),
    (
        Property::Sha256,
        "is accepted",
        Disguise { request: |head| ask(head, &["x-amz-checksum-sha256"]), ..PLAIN },
    ),
    (
        Property::Crc64Nvme,
        "is accepted",
        Disguise { request: |head| ask(head, &["x-amz-checksum-crc64nvme"]), ..PLAIN },
    ),
    (
        Property::VersionIds,
        "missing, or null",
        Disguise { answer: |head| without(head, &["x-amz-version-id"]), ..PLAIN },
    ),
];

pub const PLAIN: Disguise = Disguise { request: |head| Instead::Ask(head.to_owned()), answer: str::to_owned };

pub fn ask(head: &str, without_headers: &[&str]) -> Instead {
    Instead::Ask(without(head, without_headers))
}

/// An error in the place of requests that say this.
pub fn refuse(head: &str, word: &str, status: u16) -> Instead {
    if !head.to_ascii_lowercase().contains(word) {
        return Instead::Ask(head.to_owned());
    }
    let xml = "<?xml version=\"1.0\"?><Error><Code>NotImplemented</Code><Message>no</Message></Error>";
    Instead::Answer(format!(
        "HTTP/1.1 {status} No\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{xml}",
        xml.len()
    ))
}

#[test]
fn a_server_that_lacks_what_is_needed_is_refused_by_name() {
    for (n, (property, found, disguise)) in BROKEN.into_iter().enumerate() {
        for purpose in [Purpose::Ledger, Purpose::Store] {
            let name = format!("probe-broken-{}-{n}", purpose.as_str());
            let Some(team) = Team::on_ministack(&name) else { return };
            team.set_versioning(BucketVersioningStatus::Enabled);
            team.proxy.disguise(disguise);
            let out = team.init_with(&[purpose]);
            match property.need(purpose) {
                Need::Must => {
                    out.code(2).says(&format!("cannot be used: {}: ", property.name())).says(found);
                    assert!(!team.s.path(".mlprov").exists());
                }
                Need::Should => _ = out.success().says(property.name()).says(found),
                Need::Told | Need::Unused => assert!(!out.success().stderr().contains("Warning")),
            }
            assert_eq!(team.probes_left(), 0, "{name}");
        }
    }
}

/// A bucket that was never given versions will do for a ledger, with a word about it.
#[test]
fn a_ledger_may_lie_in_a_bucket_without_versions() {
    let Some(team) = Team::on_ministack("probe-plain") else { return };
    let out = team.init();
    out.success().says("versioning: it was never switched on");
    assert_eq!(team.probes_left(), 0);
}
