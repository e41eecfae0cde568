use crate::app::AppError;
use crate::app::doctor;
use crate::app::doctor::Buckets;
use crate::app::doctor::Check;
use crate::app::doctor::Found;
use crate::app::doctor::Remedy;
use crate::app::doctor::Site;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::DoctorArgs;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::hints;
use crate::cli::hints::quote;
use crate::cli::ui;
use crate::config::BucketSite;
use crate::config::Elsewhere;
use crate::config::Link;
use crate::git::repo::Repo;
use crate::ports::probe::Property;
use crate::ports::probe::Purpose;
use crate::ports::probe::State;
use crate::ports::provision::Provision;
use crate::ports::provision::Remote;
use crate::stores::aws::s3::data::place::StorePlace;
use crate::stores::aws::s3::policy;
use crate::stores::aws::s3::provision::SharedPlaces;
use serde::Serialize;

/// A check as people and programs read it.
#[derive(Serialize)]
struct Line {
    name: &'static str,
    /// Of what, if something lies in a bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<Purpose>,
    state: State,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    checks: Vec<Line>,
    problems: usize,
    warnings: usize,
    not_checked: usize,
}

pub fn run(context: &Context, args: DoctorArgs) -> Result<Exit, AppError> {
    let program = compose::own_program();
    let local = |repo: &Repo| Ok(compose::local_places(repo, &compose::user_dirs()?, Link::default()));
    let places = |repo: &Repo| local(repo).map(|places| Box::new(places) as Box<dyn Provision>);
    let elsewhere = |repo: &Repo, settings: &Elsewhere| -> Result<Buckets, AppError> {
        let local = local(repo)?;
        let mut buckets = Buckets::new();
        if let Some(ledger) = &settings.ledger {
            let places =
                SharedPlaces { local: local.clone(), shared: ledger.clone(), hasty: false, arriving: false };
            buckets.push((ledger.site.clone(), Box::new(places) as Box<dyn Remote>));
        }
        if let Some(store) = &settings.store {
            buckets.push((store.site.clone(), Box::new(StorePlace::new(store, &local.common))));
        }
        Ok(buckets)
    };
    let open = || compose::open(&context.cwd, false);
    let site = Site {
        cwd: &context.cwd,
        program: program.as_deref(),
        places: &places,
        open: &open,
        elsewhere: &elsewhere,
        remote: args.remote,
    };
    let at_root = context.at_root();
    let checks: Vec<Line> = doctor::examine(&site).into_iter().map(|check| line(check, at_root)).collect();
    let count = |state| checks.iter().filter(|line| line.state == state).count();
    let (problems, warnings) = (count(State::Problem), count(State::Warning));
    let report = Report { problems, warnings, not_checked: count(State::NotChecked), checks };
    match context.ui.json {
        true => context.ui.json("mlprov.doctor/1", &report),
        false => context.ui.answer(&text(&report)),
    }
    Ok(match (report.problems, report.not_checked) {
        (0, 0) => 0,
        (0, _) => 3,
        _ => 1,
    })
}

fn line(check: Check, at_root: bool) -> Line {
    let (found, own) = match &check.found {
        Found::Fact(found) => (found.clone(), None),
        Found::Failed(e) => (hints::sentence(e), hints::hint(e, at_root)),
    };
    let hint = check.remedy.as_ref().map(typed).or(own);
    Line { name: check.name, of: check.of, state: check.state, found, hint }
}

fn text(report: &Report) -> String {
    let name = |line: &Line| match line.of {
        Some(of) => format!("{}: {}", of.as_str(), line.name),
        None => line.name.to_owned(),
    };
    let width = report.checks.iter().map(|line| name(line).len()).max().unwrap_or(0);
    let mut out = String::new();
    for line in &report.checks {
        let (word, style) = match line.state {
            State::Ok => ("ok", Some(ui::GREEN)),
            State::None => ("none", None),
            State::Warning => ("warning", Some(ui::YELLOW)),
            State::NotChecked => ("not checked", Some(ui::YELLOW)),
            State::Problem => ("problem", Some(ui::RED)),
        };
        let word = format!("{word:11}");
        let word = style.map_or(word.clone(), |style| ui::paint(style, &word));
        out.push_str(&format!("{:width$}  {word}  {}\n", name(line), format::visible(&line.found)));
        if let Some(hint) = &line.hint {
            let hint = format!("{} {}", ui::paint(ui::YELLOW, "Hint:"), format::visible(hint));
            out.push_str(&format!("{:width$}               {hint}\n", ""));
        }
    }
    let counts = [(report.problems, "problem"), (report.warnings, "warning")];
    let mut parts: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format::count(*n as u64, word)).collect();
    if report.not_checked > 0 {
        parts.push(format!("{} not checked", report.not_checked));
    }
    match parts.is_empty() {
        true => out.push_str("Everything is as it should be.\n"),
        false => out.push_str(&format!("{}.\n", parts.join(", "))),
    }
    out
}

/// What to type.
fn typed(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Init => "mlprov init   # makes what is missing; what is there stays".into(),
        Remedy::Protect(path) => format!("chmod 600 {}", quote(&path.display().to_string())),
        Remedy::InstallHooks => "mlprov hooks install".into(),
        Remedy::CallInHook(name) => format!("call this in it yourself: mlprov hook {name} \"$@\""),
        Remedy::RequestAdmission => {
            "mlprov key request   # prints your key, for an admin of the log: mlprov key admit KEY".into()
        }
        Remedy::SignCheckpoint => "mlprov ledger checkpoint   # signs what is there".into(),
        Remedy::PublishCheckpoint => {
            "mlprov ledger checkpoint --publish   # by whoever has the log's key, or a CI job of theirs"
                .into()
        }
        Remedy::TrustKey => {
            "mlprov key trust VKEY   # ask whoever made the project for: mlprov key show --vkey".into()
        }
        Remedy::RestoreKey => {
            "restore it from your backup; it was made by `mlprov init`, and no other key will do for this log"
                .into()
        }
        Remedy::Reindex => "mlprov ledger reindex".into(),
        Remedy::Sync => "mlprov sync   # brings what waits to the ledger".into(),
        Remedy::RecordWaiting => hints::RECORD_HEAD.into(),
        Remedy::LookAtWaiting => "mlprov status   # names the data that is missing".into(),
        Remedy::Place(property, purpose, place) => about_place(*property, *purpose, place),
    }
}

/// For a bucket, with the AWS command line.
fn about_place(property: Property, purpose: Purpose, site: &BucketSite) -> String {
    let bucket = &site.place.bucket;
    let mut at = String::new();
    for (flag, value) in [("--endpoint-url", &site.endpoint), ("--region", &site.region)] {
        at.extend(value.iter().map(|value| format!(" {flag} {}", quote(value))));
    }
    let s3api = |verb: &str, rest: &str| format!("aws{at} s3api {verb} --bucket {bucket}{rest}");
    match property {
        Property::Answer => format!("aws{at} s3 ls {}   # shows whether you get there, and as whom", quote(&site.place.to_string())),
        Property::OneCreator
        | Property::MissingMatch
        | Property::WrongMatch
        | Property::RightMatch
        | Property::Sha256
        | Property::Crc64Nvme => {
            "use a server that keeps conditional writes and checksums: a newer version of this one may (docs/ledger.md)".into()
        }
        Property::Versioning | Property::VersionIds => {
            s3api("put-bucket-versioning", " --versioning-configuration Status=Enabled")
        }
        Property::Clock => "timedatectl set-ntp true   # or whatever sets the clock of the machine that is wrong".into(),
        Property::Lifecycle => {
            s3api("get-bucket-lifecycle-configuration", "   # give those rules a prefix that is not the project's")
        }
        Property::ObjectLock => {
            let none = " --object-lock-configuration ObjectLockEnabled=Enabled   # without a time for all objects";
            s3api("put-object-lock-configuration", none)
        }
        Property::DeniedDeletes => {
            let kept = policy::kept(&site.place.prefix, purpose);
            let resources: Vec<String> =
                kept.iter().map(|prefix| format!("arn:aws:s3:::{bucket}/{prefix}*")).collect();
            let policy = serde_json::json!({ "Version": "2012-10-17", "Statement": [{
                "Sid": "NobodyDeletes",
                "Effect": "Deny",
                "Principal": "*",
                "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
                "Resource": resources,
            }]});
            let policy = format!(" --policy {}   # if it has one, add the statement to that", quote(&policy.to_string()));
            s3api("put-bucket-policy", &policy)
        }
        Property::OwnDeletes => {
            let probes = format!("{}ledger/inbox/probe-", site.place.prefix);
            s3api("list-object-versions", &format!(" --prefix {}   # shows what stayed", quote(&probes)))
        }
    }
}
