//! `doctor --remote`: what is told of a bucket.

use crate::common::Output;
use crate::common::proxy::Disguise;
use crate::common::proxy::Instead;
use crate::common::proxy::without;
use crate::probe::BROKEN;
use crate::probe::PLAIN;
use crate::probe::Team;
use crate::probe::ask;
use crate::probe::each_server;
use crate::probe::refuse;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::primitives::DateTimeFormat;
use aws_sdk_s3::types::BucketVersioningStatus;
use mlprov::ports::clock::Clock;
use mlprov::ports::probe::Need;
use mlprov::ports::probe::Property;
use mlprov::ports::probe::Purpose;
use mlprov::stores::local::clock::SystemClock;
use serde_json::Value;

/// With a project in its bucket, which has versions.
fn made(team: Team) -> Team {
    team.set_versioning(BucketVersioningStatus::Enabled);
    team.init().success();
    team
}

/// Asks the bucket as well.
fn doctor(team: &Team) -> Told {
    Told::of(team.s.mlprov(&["--json", "doctor", "--remote"]))
}

/// What `doctor` said.
struct Told {
    out: Output,
    checks: Vec<Value>,
}

impl Told {
    fn of(out: Output) -> Told {
        let checks = out.json()["checks"].as_array().unwrap().clone();
        Told { out, checks }
    }

    #[track_caller]
    fn line(&self, name: &str) -> &Value {
        let line = self.checks.iter().find(|check| check["name"] == name);
        line.unwrap_or_else(|| panic!("{name} is missing:\n{}", self.out.snapshot()))
    }

    /// Names of the checks in this state.
    fn those(&self, state: &str) -> Vec<&str> {
        let those = self.checks.iter().filter(|check| check["state"] == state);
        those.map(|check| check["name"].as_str().unwrap()).collect()
    }

    /// This check is in this state, says this, and there is no other problem.
    #[track_caller]
    fn is(&self, name: &str, state: &str, found: &str) -> &Self {
        let line = self.line(name);
        assert_eq!(line["state"], state, "{}", self.out.snapshot());
        assert!(line["found"].as_str().unwrap().contains(found), "{line}");
        self
    }
}

/// What the two servers keep, of those that `init` asks for and the others.
const KEPT: [&str; 9] = [
    "server",
    "one creator",
    "If-Match, no object",
    "If-Match, wrong",
    "If-Match, right",
    "checksum SHA-256",
    "checksum CRC64NVME",
    "versioning",
    "version ids",
];

#[test]
fn a_sound_bucket_is_said_to_be_so_and_left_as_it_was() {
    each_server(|server| {
        let team = made(Team::new(server, "doctor-sound"));
        let told = doctor(&team);
        told.out.success();
        assert_eq!(told.out.json()["schema"], "mlprov.doctor/1");
        for name in KEPT.into_iter().chain(["agreed to", "ledger", "clock", "probe removed"]) {
            told.is(name, "ok", "");
        }
        told.is("lifecycle rules", "none", "").is("object lock", "none", "");
        told.is("who can delete", "warning", "no policy").is("who can delete", "warning", "cannot be told");
        assert!(told.those("problem").is_empty() && told.those("not checked").is_empty());
        assert_eq!(team.probes_left(), 0, "{}", server.name);
    });
}

#[test]
fn the_policy_that_is_proposed_is_the_one_that_is_wanted() {
    let Some(team) = Team::on_ministack("doctor-policy").map(made) else { return };
    let told = doctor(&team);
    let hint =
        told.is("who can delete", "warning", "no policy").line("who can delete")["hint"].as_str().unwrap();
    let policy = hint.split("--policy '").nth(1).unwrap().split("'   #").next().unwrap();
    let asked = team.client.put_bucket_policy().bucket(&team.bucket).policy(policy);
    team.aws.wait(asked.send()).unwrap();
    doctor(&team).is("who can delete", "ok", "nobody, of team/ledger/commit/, team/ledger/tile/");
}

#[test]
fn a_bucket_without_versions_is_a_problem() {
    let Some(team) = Team::on_ministack("doctor-plain") else { return };
    let out = team.init();
    out.success();
    assert_eq!(out.hints()[0].split("   #").next(), Some("mlprov doctor --remote"));
    let told = doctor(&team);
    told.out.code(1);
    let hint = told.line("versioning")["hint"].as_str().unwrap();
    assert!(hint.ends_with("--bucket doctor-plain --versioning-configuration Status=Enabled"), "{hint}");
    told.is("versioning", "problem", "never switched on").is("version ids", "problem", "");
    assert_eq!(told.those("problem"), ["versioning", "version ids"]);
    team.set_versioning(BucketVersioningStatus::Suspended);
    doctor(&team).is("versioning", "problem", "suspended").out.code(1);
}

#[test]
fn what_a_server_lacks_is_told_by_name() {
    let Some(team) = Team::on_ministack("doctor-broken").map(made) else { return };
    for (property, found, disguise) in BROKEN {
        team.proxy.disguise(disguise);
        let told = doctor(&team);
        let (name, need) = (property.name(), property.need(Purpose::Ledger));
        if need == Need::Unused {
            told.is(name, "warning", found).out.success();
            continue;
        }
        told.is(name, "problem", found).out.code(1);
        // A server without any If-Match lacks two things.
        let also = if name == "If-Match, no object" { 2 } else { 1 };
        assert_eq!(told.those("problem").len(), also, "{}", told.out.snapshot());
    }
    team.proxy.disguise(PLAIN);
    doctor(&team).out.success();
}

#[test]
fn clocks_that_differ_are_told() {
    let Some(team) = Team::on_ministack("doctor-clock").map(made) else { return };
    let told = |answer: fn(&str) -> String| {
        team.proxy.disguise(Disguise { answer, ..PLAIN });
        doctor(&team)
    };
    told(|head| dated(head, 30)).is("clock", "ok", "").out.success();
    told(|head| dated(head, 120)).is("clock", "warning", "s ahead of this machine's").out.success();
    told(|head| dated(head, -120)).is("clock", "warning", "s behind this machine's").out.success();
    told(|head| dated(head, -1000)).is("clock", "problem", "AWS refuses").out.code(1);
    told(|head| without(head, &["date"])).is("clock", "not checked", "no Date").out.code(3);
    // Nothing else is answered then.
    let refused = |head: &str| {
        let Instead::Answer(answer) = refuse(head, "http/1.1", 403) else { panic!() };
        let answer = answer.replace("NotImplemented", "RequestTimeTooSkewed");
        Instead::Answer(answer.replacen("\r\n", &format!("\r\n{}\r\n", date(-4000)), 1))
    };
    team.proxy.disguise(Disguise { request: refused, ..PLAIN });
    let told = doctor(&team);
    told.is("server", "not checked", "RequestTimeTooSkewed").is("clock", "problem", "s behind");
    told.out.code(1);
}

fn date(seconds: i64) -> String {
    let time = DateTime::from_secs(SystemClock.now().unix_micros() / 1_000_000 + seconds);
    format!("Date: {}", time.fmt(DateTimeFormat::HttpDate).unwrap())
}

/// A head with another date.
fn dated(head: &str, seconds: i64) -> String {
    without(head, &["date"]).replacen("\r\n", &format!("\r\n{}\r\n", date(seconds)), 1)
}

#[test]
fn what_could_not_be_asked_is_not_said_to_be_good() {
    let Some(team) = Team::on_ministack("doctor-unknown").map(made) else { return };
    type Request = fn(&str) -> Instead;
    let answers: [(&str, Request); 5] = [
        ("versioning", |head| refuse(head, "?versioning", 501)),
        ("lifecycle rules", |head| refuse(head, "?lifecycle", 405)),
        ("object lock", |head| refuse(head, "?object-lock", 403)),
        ("who can delete", |head| refuse(head, "?policy", 501)),
        ("version ids", |head| refuse(head, "versionid=", 501)),
    ];
    for (name, request) in answers {
        team.proxy.disguise(Disguise { request, ..PLAIN });
        let told = doctor(&team);
        told.out.code(3);
        told.is(name, "not checked", "NotImplemented");
        assert_eq!(told.those("not checked"), [name]);
    }
    team.proxy.disguise(Disguise { request: |head| refuse(head, "delete /", 403), ..PLAIN });
    let told = doctor(&team);
    told.out.success();
    told.is("probe removed", "warning", "ledger/inbox/ cannot be emptied");
    team.proxy.disguise(PLAIN);
    // Nobody there; a place that the user has not agreed to.
    let config = team.s.read(".mlprov/config.toml");
    let agreed = team.s.read(".git/mlprov/agreed");
    let nowhere = |text: &str| text.replace(&team.proxy.url, "http://127.0.0.1:9");
    team.s.write(".mlprov/config.toml", nowhere(&config));
    let told = doctor(&team);
    told.out.code(3);
    told.is("agreed to", "warning", "nobody has agreed").is("server", "not checked", "nobody has agreed");
    assert!(told.line("server")["hint"].as_str().unwrap().starts_with("mlprov init"));
    assert_eq!(Told::of(team.s.mlprov(&["--json", "doctor"])).those("not checked"), [""; 0]);
    team.s.write(".git/mlprov/agreed", nowhere(&agreed));
    let told = doctor(&team);
    told.out.code(3);
    told.is("server", "not checked", "refused");
    assert!(told.line("server")["hint"].as_str().unwrap().contains("--endpoint-url http://127.0.0.1:9 "));
    assert_eq!(told.checks.last(), Some(told.line("clock")), "nothing else was asked");
}

#[test]
fn ledger_and_store_have_lines_of_their_own() {
    let Some(team) = Team::on_ministack("doctor-both") else { return };
    team.set_versioning(BucketVersioningStatus::Enabled);
    team.init_with(&[Purpose::Ledger, Purpose::Store]).success();
    let of = |told: &Told, purpose: &str| -> Vec<Value> {
        told.checks.iter().filter(|check| check["of"] == purpose).cloned().collect()
    };
    let told = doctor(&team);
    told.out.success();
    for purpose in ["ledger", "store"] {
        let lines = of(&told, purpose);
        assert_eq!(lines.len(), 1 + Property::ALL.len(), "{lines:#?}");
        for name in KEPT.into_iter().chain(["agreed to"]) {
            assert!(
                lines.iter().any(|line| line["name"] == name && line["state"] == "ok"),
                "{name}: {lines:#?}"
            );
        }
    }
    let who = of(&told, "store").into_iter().find(|line| line["name"] == "who can delete").unwrap();
    assert!(who["found"].as_str().unwrap().contains("team/data/, team/models/, team/objects/"), "{who}");
    assert!(who["hint"].as_str().unwrap().contains("arn:aws:s3:::doctor-both/team/objects/*"), "{who}");
    // It does not use this.
    team.proxy.disguise(Disguise { request: |head| ask(head, &["if-match"]), ..PLAIN });
    let told = doctor(&team);
    let states = |purpose: &str| {
        let lines = of(&told, purpose);
        lines.into_iter().find(|line| line["name"] == "If-Match, wrong").unwrap()["state"].clone()
    };
    assert_eq!((states("ledger"), states("store")), ("problem".into(), "warning".into()));
    team.proxy.disguise(PLAIN);

    team.s.write("data/a.csv", "1\n");
    team.s.mlprov(&["track", "--no-upload", "data"]).success();
    let out = team.s.mlprov(&["doctor"]);
    out.success()
        .shows("store: agreed to   ok")
        .shows("datasets wait for the store in the bucket: 1; the oldest since 20");
    let told = Told::of(team.s.mlprov(&["--json", "doctor"]));
    team.s.paste("repo", told.line("outbox")["hint"].as_str().unwrap()).success();
    Told::of(team.s.mlprov(&["--json", "doctor"])).is("outbox", "ok", "nothing waits");
}
