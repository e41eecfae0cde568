//! The query index: whatever becomes of its file, what is found is what the log says.

use crate::common::Sandbox;
use crate::common::forge;
use mlprov::app::Project;
use mlprov::app::runs::RunsRequest;
use mlprov::app::runs::runs;
use mlprov::domain::digest::Blake3Hash;
use mlprov::domain::filter::Filter;
use mlprov::domain::ids::RunId;
use mlprov::ports::index::Covered;
use mlprov::ports::index::Row;
use mlprov::ports::index::Term;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

const SIZE: u64 = 400;

fn file(s: &Sandbox) -> PathBuf {
    s.path(".git/mlprov/index.sqlite")
}

fn forged() -> Sandbox {
    let s = Sandbox::repo();
    forge::append(&s, 0..SIZE);
    s
}

/// What the entries with these numbers are found by, each with the numbers of all that it finds.
fn questions(s: &Sandbox, first: u64) -> Vec<(Term, Vec<u64>)> {
    let project = s.project_id().parse().unwrap();
    let run = first + 1;
    let about = |name: &str, value: u64| (name.to_owned(), Some(value.to_string()));
    let ((lr, slow), (auc, high)) = (about("lr", (first + 2) % 100), about("auc", first + 2));
    let same_rate = (0..SIZE).filter(|n| n % 4 == 2 && n % 100 == (first + 2) % 100).collect();
    let mut out = vec![
        (Term::Commit(forge::commit(first)), vec![first, run, first + 2]),
        (Term::Run(forge::run(run)), vec![run, first + 2]),
        (Term::Content(Blake3Hash::of(&forge::content(first + 3))), vec![first + 3]),
        (Term::DataRoot(Blake3Hash::of(&forge::content(first + 2))), vec![first + 2]),
        (Term::Parameter { name: lr, value: slow }, same_rate),
        (Term::Metric { name: auc, value: high }, vec![first + 2]),
    ];
    if first.is_multiple_of(40) {
        out.push((Term::ModelPackage(forge::package(&project, run)), vec![first + 2]));
    }
    out
}

/// The index answers every question, and rightly. Forged entries follow the one that `init` made.
#[track_caller]
fn assert_right(s: &Sandbox, project: &Project) {
    for first in [0, 40, 200, SIZE - 4] {
        for (term, numbers) in questions(s, first) {
            let found = project.find_entries(&term).unwrap_or_else(|| panic!("{term:?} was not found"));
            let found: Vec<u64> = found.into_keys().map(|(_, index)| index).collect();
            assert_eq!(found, numbers.iter().map(|n| n + 1).collect::<Vec<_>>(), "{term:?}");
        }
    }
    let latest: Vec<u64> = project.find_latest_run().unwrap().into_keys().map(|(_, index)| index).collect();
    assert_eq!(latest, [SIZE - 1]);
}

#[test]
fn the_index_may_be_deleted_at_any_time() {
    let s = forged();
    let project = forge::project(&s, 0);
    assert!(!file(&s).exists());
    assert_right(&s, &project);
    assert!(file(&s).exists());
    fs::remove_file(file(&s)).unwrap();
    // A process that has it open, and one that does not.
    assert_right(&s, &project);
    assert_right(&s, &forge::project(&s, 0));
    assert!(file(&s).exists());
}

#[test]
fn what_was_recorded_since_is_found() {
    let s = Sandbox::repo();
    forge::append(&s, 0..100);
    let project = forge::project(&s, 0);
    assert!(project.find_entries(&Term::Commit(forge::commit(0))).is_some());
    for n in 100..104 {
        forge::append(&s, n..n + 1);
        assert_eq!(project.catch_up_index().unwrap()[0].size, n + 2);
    }
    forge::append(&s, 104..SIZE);
    assert_right(&s, &project);
    assert_right(&s, &forge::project(&s, 0));
}

/// Indexes of all entries about the runs that meet a filter, as forged entries tell.
fn about_runs(filter: &str) -> (Filter, Vec<u64>) {
    let filter: Filter = filter.parse().unwrap();
    let value = |field: &str, n: u64| match field {
        "metrics.auc" => Some(n.to_string()),
        "params.lr" => Some((n % 100).to_string()),
        _ => None,
    };
    let mut found = Vec::new();
    for n in (2..SIZE).step_by(4) {
        let values = ["metrics.auc", "params.lr"].map(|field| (field, value(field, n)));
        let of = |name: &str| values.iter().find(|(field, _)| *field == name).and_then(|(_, v)| v.as_deref());
        if filter.matches(of) {
            found.extend([n, n + 1]);
        }
    }
    (filter, found)
}

const FILTERS: [&str; 7] = [
    "metrics.auc = 42",
    "metrics.auc == 42.0 and params.lr > 41",
    "metrics.auc >= 350",
    "metrics.auc > 10 and metrics.auc <= 60 and params.lr < 50",
    "params.lr = 2",
    "params.lr = 2 and metrics.auc = 6",
    "metrics.auc < -1e300",
];

fn ask(project: &Project, filter: &Filter) -> Vec<(RunId, u64)> {
    ask_for(project, RunsRequest { filter: filter.clone(), ..RunsRequest::default() })
}

fn ask_for(project: &Project, request: RunsRequest) -> Vec<(RunId, u64)> {
    runs(project, &request).unwrap().runs.into_iter().map(|run| (run.run, run.index)).collect()
}

#[test]
fn runs_are_found_by_their_numbers() {
    let s = forged();
    let (project, scan) = (forge::project(&s, 0), forge::project(&s, u64::MAX));
    for (filter, expected) in FILTERS.into_iter().map(about_runs) {
        let found = project.find_runs(&filter, &[]).unwrap_or_else(|| panic!("{filter:?} was not asked"));
        assert_eq!(found.into_keys().map(|(_, index)| index).collect::<Vec<_>>(), expected, "{filter:?}");
        assert_eq!(ask(&project, &filter), ask(&scan, &filter), "{filter:?}");
        assert_eq!(ask(&scan, &filter).len() * 2, expected.len());
    }
    // Of these the log itself must tell, and does.
    for filter in
        ["metrics.auc != 42", "metrics.none > 1", "params.lr = slow", "status = COMPLETE", "params.lr >= 0"]
    {
        let filter: Filter = filter.parse().unwrap();
        assert!(project.find_runs(&filter, &[]).is_none(), "{filter:?}");
        assert_eq!(ask(&project, &filter), ask(&scan, &filter), "{filter:?}");
    }
}

#[test]
fn runs_are_found_by_what_else_they_are_about() {
    let s = Sandbox::project_with_data();
    let run = |more: &[&str]| {
        let args = [&["run"], more, &["--", "sh", "-c", "echo m > model"]].concat();
        s.mlprov(&args).success();
    };
    run(&["--sweep", "grid", "-d", "data", "-S", "lr=0.1"]);
    run(&["--sweep", "other", "--model", "model", "--model-group", "iris"]);
    let commit = s.head();
    s.commit_all("more");
    run(&["--sweep", "grid", "-d", "data", "-S", "lr=0.2"]);
    forge::append(&s, 0..SIZE);
    let (project, scan) = (forge::project(&s, 0), forge::project(&s, u64::MAX));
    let some = |text: &str| Some(text.to_owned());
    let none = RunsRequest::default;
    let below = |filter: &str| filter.parse::<Filter>().unwrap();
    let requests = [
        (RunsRequest { sweep: some("grid"), ..none() }, 2),
        (RunsRequest { sweep: some("grid"), filter: below("params.lr > 0.1"), ..none() }, 1),
        (RunsRequest { sweep: some("grid"), model: some("iris"), ..none() }, 0),
        (RunsRequest { model: some("iris"), ..none() }, 1),
        (RunsRequest { dataset: some("data/"), ..none() }, 3),
        (RunsRequest { commit: some(&commit), ..none() }, 2),
        (RunsRequest { commit: some(&commit), dataset: some("data"), ..none() }, 2),
        (RunsRequest { sweep: some("none"), ..none() }, 0),
    ];
    for (request, count) in requests {
        let found = ask_for(&project, request.clone());
        assert_eq!(found, ask_for(&scan, request.clone()), "{request:?}");
        assert_eq!(found.len(), count, "{request:?}");
    }
    let terms = [Term::Sweep("grid".into()), Term::Input("data".parse().unwrap())];
    // Each run has two entries, and without `-d` every dataset is an input.
    for (terms, count) in [(&terms[..1], 4), (&terms[1..], 6), (&terms, 4)] {
        let found = project.find_runs(&Filter::default(), terms).unwrap();
        assert_eq!(found.len(), count, "{terms:?}");
    }
}

#[test]
fn numbers_of_many_entries_and_of_those_that_came_later_are_found() {
    let s = Sandbox::repo();
    forge::append(&s, 0..2500);
    let (project, scan) = (forge::project(&s, 0), forge::project(&s, u64::MAX));
    let filter: Filter = "metrics.auc >= 2400 and params.lr >= 90".parse().unwrap();
    assert_eq!(ask(&project, &filter).len(), 3);
    // In a row that is there, and in new ones.
    forge::append(&s, 2500..2504);
    forge::append(&s, 2504..5000);
    let all = ask(&project, &filter);
    assert_eq!(all, ask(&scan, &filter));
    assert_eq!(all.len(), 26 * 3);
    assert!(project.find_runs(&filter, &[]).is_some());
}

/// Damages a sound index in its place: another file would be taken for a copy.
fn spoil(s: &Sandbox, how: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    forge::project(s, 0).catch_up_index().unwrap();
    let mut bytes = fs::read(file(s)).unwrap();
    how(&mut bytes);
    fs::write(file(s), &bytes).unwrap();
    bytes
}

#[test]
fn damage_anywhere_gives_no_wrong_answer() {
    let s = forged();
    let mut repaired = 0;
    // The beginning, where SQLite keeps what it goes by, and places all over the rest.
    let places = (0..120).step_by(4).chain((1..60).map(|n| n * 7919 * 31));
    for at in places {
        let bent = spoil(&s, |bytes| {
            let at = at % bytes.len();
            let end = (at + 40).min(bytes.len());
            bytes[at..end].fill(0x5a);
        });
        let project = forge::project(&s, 0);
        for (term, numbers) in questions(&s, 40) {
            // Nothing found sends the caller to the log itself.
            let Some(found) = project.find_entries(&term) else { continue };
            assert!(
                found.into_keys().map(|(_, index)| index).eq(numbers.iter().map(|n| n + 1)),
                "byte {at}: {term:?}"
            );
        }
        for (filter, expected) in FILTERS[..3].iter().map(|filter| about_runs(filter)) {
            let Some(found) = project.find_runs(&filter, &[]) else { continue };
            assert!(found.into_keys().map(|(_, index)| index).eq(expected), "byte {at}: {filter:?}");
        }
        repaired += usize::from(fs::read(file(&s)).unwrap() != bent);
    }
    assert!(repaired > 20, "{repaired}");
    for cut in [0, 1, 50, 4096, 5000, 65_536] {
        spoil(&s, |bytes| bytes.truncate(cut));
        assert_right(&s, &forge::project(&s, 0));
    }
}

#[test]
fn an_index_that_lies_with_right_checksums_is_found_out_and_made_again() {
    let s = forged();
    let project = forge::project(&s, 0);
    let covered = project.catch_up_index().unwrap()[0];
    for (term, numbers) in questions(&s, 0) {
        let right: Vec<u64> = numbers.iter().map(|n| n + 1).collect();
        let asked = term.clone();
        // The entry is there, and about something else.
        let row = Row { index: 300, terms: vec![term], directories: vec![], complete: true };
        project.index.clear().unwrap();
        assert!(project.index.add(0, &[row], &covered).unwrap());
        assert_eq!(
            project.find_entries(&asked).unwrap().into_keys().map(|(_, index)| index).collect::<Vec<_>>(),
            right
        );
        assert_right(&s, &project);
    }
    let beyond = Covered { latest_run: Some(SIZE + 7), ..covered };
    project.index.clear().unwrap();
    assert!(project.index.add(0, &[], &beyond).unwrap());
    assert!(project.find_latest_run().unwrap().contains_key(&(0, SIZE - 1)));
    assert_right(&s, &project);
}

#[test]
fn the_index_of_another_log_is_not_asked() {
    let (s, other) = (forged(), Sandbox::repo());
    forge::append(&other, 8..8 + SIZE);
    assert_right(&s, &forge::project(&s, 0));
    forge::project(&other, 0).catch_up_index().unwrap();
    // The bytes into the same file: not noticed as a copy.
    fs::write(file(&s), fs::read(file(&other)).unwrap()).unwrap();
    assert_right(&s, &forge::project(&s, 0));
}

#[test]
fn a_log_that_was_rolled_back_and_went_on_otherwise_is_indexed_again() {
    let s = Sandbox::repo();
    forge::append(&s, 0..40);
    let ledger = s.ledger("");
    let kept: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(&ledger)
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.is_file())
        .map(|p| (p.clone(), fs::read(p).unwrap()))
        .collect();
    // Longer than it will be, shorter, and just as long.
    for numbers in [1000..2000, 1000..1100, 1000..1360] {
        forge::append(&s, numbers);
        let old = forge::project(&s, 0);
        let gone = Term::Run(forge::run(1001));
        assert_eq!(old.find_entries(&gone).unwrap().len(), 2);
        for (path, bytes) in &kept {
            fs::write(path, bytes).unwrap();
        }
        forge::append(&s, 40..SIZE);
        for project in [old, forge::project(&s, 0)] {
            assert!(project.find_entries(&gone).is_none_or(|found| found.is_empty()));
            assert_right(&s, &project);
        }
        for (path, bytes) in &kept {
            fs::write(path, bytes).unwrap();
        }
    }
}

#[test]
fn processes_that_build_it_at_once_build_one() {
    let s = Sandbox::repo();
    forge::append(&s, 0..3000);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let show = || s.prepared(&["--json", "show", &forge::run(1).to_string()]);
        let calls: Vec<_> = (0..4).map(|_| show()).collect();
        let threads: Vec<_> =
            calls.into_iter().map(|mut call| scope.spawn(move || call.output().unwrap().stdout)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let shown: serde_json::Value = serde_json::from_slice(&answers[0]).unwrap();
    assert_eq!(shown["entries"].as_array().unwrap().len(), 2);
    assert!(answers.iter().all(|a| *a == answers[0]));
    assert_eq!(forge::project(&s, 0).catch_up_index().unwrap()[0].size, 3001);
}

#[test]
fn a_process_killed_while_it_builds_leaves_nothing_wrong() {
    let s = Sandbox::repo();
    forge::append(&s, 0..1200);
    // From before it begins to after it ends, wherever that is on this machine.
    let begun = Instant::now();
    s.mlprov(&["ledger", "reindex"]).success();
    let whole = begun.elapsed();
    for n in 1..=12 {
        let mut reindex = s.prepared(&["ledger", "reindex"]);
        let _ = reindex.timeout(whole * n / 12).output();
        for first in [0, 600, 1196] {
            let found = forge::project(&s, 0).find_entries(&Term::Run(forge::run(first + 1))).unwrap();
            assert_eq!(
                found.into_keys().map(|(_, index)| index).collect::<Vec<_>>(),
                [first + 2, first + 3],
                "killed at {n}/12"
            );
        }
    }
}

#[test]
fn a_place_that_cannot_be_written_makes_nobody_fail() {
    let s = forged();
    fs::create_dir(file(&s)).unwrap();
    let project = forge::project(&s, 0);
    assert!(project.find_entries(&Term::Commit(forge::commit(0))).is_none());
    assert!(project.find_latest_run().is_none());
    s.mlprov(&["show", forge::commit(0).as_str()]).success();
    fs::remove_dir(file(&s)).unwrap();
    assert_right(&s, &project);
}

#[test]
fn what_is_stored_apart_is_found_once_it_is_there() {
    let s = Sandbox::project_with_data();
    // More outputs than an entry holds.
    s.write(
        "train.sh",
        "mkdir -p out; for i in $(seq 120); do echo $i > out/file-$i-with-a-name-that-is-not-short; done",
    );
    s.commit_all("train");
    let out: Vec<String> = (1..=120).map(|i| format!("out/file-{i}-with-a-name-that-is-not-short")).collect();
    let mut args = vec!["run"];
    out.iter().for_each(|o| args.extend(["--output", o]));
    args.extend(["--", "sh", "train.sh"]);
    s.mlprov(&args).success();
    let body = s.body_of(s.json(&["show", "latest"])["entries"][0]["id"].as_str().unwrap());
    assert_eq!(body["kind"], "run.started");
    let ended = s.json(&["show", "latest"])["entries"][1]["statement"]["predicate"].clone();
    let list: Blake3Hash = ended["outputs"]["object"]["digest"]["blake3"].as_str().unwrap().parse().unwrap();
    let index = s.json(&["show", "latest"])["entries"][1]["index"].as_u64().unwrap();

    let object = s.path(&format!(".git/mlprov/store/objects/{}/{list}", &list.to_string()[..2]));
    let bytes = fs::read(&object).unwrap();
    fs::remove_file(&object).unwrap();
    let project = forge::project(&s, 0);
    let made = Blake3Hash::of(b"7\n");
    assert!(project.find_content(&made).is_none(), "nobody can tell");
    fs::write(&object, bytes).unwrap();
    let known = Blake3Hash::of(b"x,y\n1,2\n");
    // Not yet indexed, but looked at with every question about content.
    let found = project.find_content(&known).unwrap();
    assert!(found.contains_key(&(0, index)), "it may hold what is asked for");
    let found = project.find_content(&made).unwrap();
    assert_eq!(found.into_keys().map(|(_, index)| index).collect::<Vec<_>>(), [index]);
}

#[test]
fn reindex_makes_it_again() {
    let s = Sandbox::repo();
    assert!(s.json(&["ledger", "reindex"]).get("indexed").is_none(), "too small to be asked");
    forge::append(&s, 0..1200);
    assert_eq!(s.json(&["ledger", "reindex"])["indexed"], 1201);
    fs::write(file(&s), "nonsense").unwrap();
    s.mlprov(&["ledger", "reindex"]).success().says("the query index covers 1201 entries");
    assert!(fs::read(file(&s)).unwrap().starts_with(b"SQLite format 3\0"));
    fs::remove_file(file(&s)).unwrap();
    fs::create_dir(file(&s)).unwrap();
    s.mlprov(&["ledger", "reindex"]).code(3);
}

#[test]
fn verify_and_the_hooks_never_open_it() {
    let s = Sandbox::project_with_data();
    forge::append(&s, 0..1200);
    s.commit_all("hooks run");
    s.write("data/c.csv", "5\n");
    s.mlprov(&["track", "data"]).success();
    let _ = s.mlprov(&["verify", "HEAD"]);
    assert!(!file(&s).exists());
    assert!(!s.path(".git/mlprov/index.lock").exists());
}
