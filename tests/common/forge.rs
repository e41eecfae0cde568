//! Logs that no test could wait for if each entry came from a command.

use super::Sandbox;
use mlprov::app::Project;
use mlprov::app::record;
use mlprov::config::Config;
use mlprov::config::UserDirs;
use mlprov::domain::arn::ModelPackageArn;
use mlprov::domain::digest::Blake3Hash;
use mlprov::domain::entry::Artefact;
use mlprov::domain::entry::Body;
use mlprov::domain::entry::Digests;
use mlprov::domain::entry::Kind;
use mlprov::domain::entry::List;
use mlprov::domain::entry::ModelPackage;
use mlprov::domain::ids::CommitId;
use mlprov::domain::ids::ProjectId;
use mlprov::domain::ids::RunId;
use mlprov::domain::time::Timestamp;
use mlprov::git::repo::Repo;
use mlprov::ledger::batch::Batch;
use mlprov::ledger::batch::SealedEntry;
use mlprov::ledger::envelope;
use mlprov::ledger::envelope::Envelope;
use mlprov::ports::commit_store::CommitStore;
use mlprov::ports::log_reader::LogReader;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::local::clock::SystemClock;
use mlprov::stores::local::journal::LocalLedger;
use mlprov::stores::local::provision::LocalPlaces;
use rayon::prelude::*;
use serde_json::json;
use std::ops::Range;

/// What entry `n` of a forged log is about: of each four, a commit, the start and end of a run, a dataset.
pub fn commit(n: u64) -> CommitId {
    Blake3Hash::of(format!("commit {n}").as_bytes()).to_string()[..40].parse().unwrap()
}

/// Runs begin a second apart.
pub fn run(n: u64) -> RunId {
    let random = Blake3Hash::of(format!("run {n}").as_bytes());
    RunId::new(1_750_000_000_000 + n * 1000, random.as_bytes()[..10].try_into().unwrap())
}

pub fn content(n: u64) -> Vec<u8> {
    format!("content {n}").into_bytes()
}

/// Of the run that began with entry `n`.
pub fn package(project: &ProjectId, n: u64) -> ModelPackageArn {
    ModelPackageArn::local(project, &format!("group{}", n % 7), &run(n)).unwrap()
}

fn artefact(name: &str, n: u64) -> Artefact {
    let digest = Digests::both_of(&content(n));
    let map = json!({ "digest": digest, "size": 1 });
    let value = json!({ "name": name, "role": "dataset", "digest": digest, "size": 9, "fileCount": 1, "versionMap": map });
    serde_json::from_value(value).unwrap()
}

fn body(project: ProjectId, n: u64, signer: &dyn EntrySigner) -> Body {
    let kinds = [Kind::CommitRecorded, Kind::RunStarted, Kind::RunFinished, Kind::DatasetTracked];
    let kind = kinds[(n % 4) as usize].clone();
    let time = Timestamp::from_unix_micros(n as i64 * 1_000_000);
    let mut body = record::draft(project, kind.clone(), time.clone(), signer);
    let first = n - n % 4;
    if kind == Kind::DatasetTracked {
        body.inputs = List::Inline(vec![artefact("data/x", n)]);
        return body;
    }
    let source =
        json!({ "vcs": "git", "objectFormat": "sha1", "commit": commit(first), "tree": commit(first) });
    body.source = Some(serde_json::from_value(source).unwrap());
    if kind == Kind::CommitRecorded {
        return body;
    }
    let began = first + 1;
    let status = if kind == Kind::RunStarted { "STARTED" } else { "COMPLETE" };
    let run =
        json!({ "id": run(began), "status": status, "startedOn": time, "command": ["train"], "cwd": "." });
    body.run = Some(serde_json::from_value(run).unwrap());
    if kind == Kind::RunFinished {
        let named = |name: &str, value: u64| json!([{ "name": name, "value": value.to_string() }]);
        body.parameters = serde_json::from_value(named("lr", n % 100)).unwrap();
        body.metrics = serde_json::from_value(named("auc", n)).unwrap();
        body.outputs = List::Inline(vec![artefact("model.bin", n)]);
        body.model_package = (n % 40 == 2).then(|| ModelPackage {
            arn: package(&project, began),
            group_name: format!("group{}", began % 7),
            model: "model.bin".parse().unwrap(),
            digest: Digests::both_of(&content(n)),
            approval_status: None,
            artefact: None,
            image: None,
            image_digest: None,
            settings: None,
            made_by_run: None,
        });
    }
    body
}

/// Appends entries with these numbers. All have the same signature: it is not what is tested.
pub fn append(s: &Sandbox, numbers: Range<u64>) {
    let writer = s.writer();
    let project: ProjectId = s.project_id().parse().unwrap();
    let ledger = LocalLedger::open(&s.ledger("")).unwrap().unwrap();
    let signature = writer.sign(&envelope::pae(b"x")).unwrap();
    let seal = |n: &u64| {
        let mut body = body(project, *n, &writer);
        body.id = body.derived_id().unwrap();
        let payload = body.to_payload().unwrap();
        let envelope = Envelope { payload, key_id: body.actor.writer, signature: signature.clone() };
        SealedEntry::parse(envelope.to_bytes()).unwrap().0
    };
    let numbers: Vec<u64> = numbers.collect();
    for chunk in numbers.chunks(2000) {
        let batch = Batch::new(chunk.par_iter().map(seal).collect()).unwrap();
        let _ = ledger.try_commit(ledger.head().unwrap().size(), &batch).unwrap();
    }
}

/// The project as a program would open it, that asks the index from so many entries on.
pub fn project(s: &Sandbox, index_from: u64) -> Project {
    let repo = Repo::open(&s.path(""), false).unwrap();
    let (config, bytes) = Config::load(repo.root()).unwrap();
    let home = s.home();
    let dirs = UserDirs::from_env(|name| (name == "HOME").then(|| home.clone())).unwrap();
    let places = LocalPlaces {
        common: mlprov::app::own_dir(&repo),
        keys: dirs.config.clone(),
        link: Default::default(),
        given: None,
    };
    Project {
        config_digest: Digests::both_of(&bytes),
        ledger: Box::new(places.open_ledger().unwrap().unwrap()),
        store: Box::new(places.store()),
        registry: Box::new(places.registry()),
        sources: Box::new(mlprov::stores::aws::s3::data::source::BucketSources::new(
            &places.common,
            None,
            None,
        )),
        index: Box::new(places.index()),
        index_from,
        keys: Box::new(places),
        later: Default::default(),
        clock: Box::new(SystemClock),
        trust: None,
        required: Vec::new(),
        launch: None,
        datasets: Default::default(),
        repo,
        config,
        dirs,
    }
}
