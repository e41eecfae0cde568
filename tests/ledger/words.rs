//! What a word means, through the index and by reading the whole log: the same, also when it means two things.

use crate::common::Sandbox;
use crate::common::forge;
use mlprov::app::AppError;
use mlprov::app::Project;
use mlprov::app::query::LogEntry;
use mlprov::app::resolve;
use mlprov::domain::digest::Blake3Hash;
use std::fs;
use std::path::Path;

/// The meaning, and the indexes of the entries about it; or what is wrong.
fn meaning(project: &Project, entries: &[LogEntry], cwd: &Path, word: &str) -> String {
    match resolve::resolve(project, entries, cwd, word) {
        Ok(target) => {
            let about: Vec<u64> =
                resolve::entries_about(entries, &target).into_iter().map(|e| e.index).collect();
            format!("{} {about:?}", target.describe())
        }
        Err(e) => format!("error: {e}"),
    }
}

struct Both {
    project: Project,
    all: Vec<LogEntry>,
    /// Answers that did not need the whole log.
    quick: usize,
}

impl Both {
    fn of(s: &Sandbox) -> Self {
        let project = forge::project(s, 0);
        let all = project.entries().unwrap();
        Both { project, all, quick: 0 }
    }

    #[track_caller]
    fn same(&mut self, cwd: &Path, word: &str) -> String {
        let few = self.project.entries_for(cwd, word).unwrap();
        let meant = meaning(&self.project, &few, cwd, word);
        assert_eq!(meant, meaning(&self.project, &self.all, cwd, word), "{word}");
        self.quick += usize::from(few.len() < self.all.len());
        meant
    }

    #[track_caller]
    fn quickly(&mut self, cwd: &Path, word: &str) -> String {
        let before = self.quick;
        let meant = self.same(cwd, word);
        assert_eq!(self.quick, before + 1, "{word} needed the whole log");
        meant
    }
}

/// Numbers that look random and are the same in every run.
fn draw(n: u64, below: u64) -> u64 {
    let hash = Blake3Hash::of(&n.to_le_bytes());
    u64::from_le_bytes(hash.as_bytes()[..8].try_into().unwrap()) % below
}

#[test]
fn in_thousands_of_entries_every_word_means_what_it_means_in_the_log() {
    const SIZE: u64 = 5_000;
    let s = Sandbox::project_with_data();
    forge::append(&s, 0..SIZE);
    let mut both = Both::of(&s);
    let cwd = s.path("");
    let project = s.project_id().parse().unwrap();
    let plain = |id: String| id.replace('-', "");
    for n in 0..5 {
        let first = draw(n, SIZE / 4) * 4;
        let run = plain(forge::run(first + 1).to_string());
        let entry = plain(both.all[first as usize].id.to_string());
        let commit = forge::commit(first).to_string();
        for word in [&forge::run(first + 1).to_string(), &both.all[first as usize].id.to_string(), &commit] {
            let meant = both.quickly(&cwd, word);
            assert!(!meant.starts_with("error"), "{meant}");
        }
        let length = 4 + draw(n + 1000, 5) as usize;
        let from = draw(n + 2000, 9 - length as u64) as usize;
        let tail = |id: &str| id[24 + from..24 + from + length].to_owned();
        for word in [
            format!("r-{}", tail(&run)),
            format!("e-{}", tail(&entry)),
            tail(&run),
            tail(&entry),
            format!("e-{}", &entry[..length + 8]),
            entry[..length].to_owned(),
            format!("r-{}", &run[..12]),
            format!("r-{}", &run[..20]),
            commit[..length].to_owned(),
            commit[..length + 8].to_owned(),
        ] {
            both.quickly(&cwd, &word);
        }
    }
    // As thousands of runs begin.
    assert!(both.same(&cwd, "r-0197").contains("could mean"));
    let first = 40 * 37;
    let arn = forge::package(&project, first + 1).to_string();
    assert!(both.quickly(&cwd, &arn).starts_with("run "));
    for group in 0..7 {
        both.same(&cwd, &format!("group{group}/3"));
        assert!(both.quickly(&cwd, &format!("group{group}/1")).starts_with("run "));
    }
    s.write("made", forge::content(first + 2));
    s.write("tracked", forge::content(first + 3));
    assert!(both.quickly(&cwd, "made").starts_with("run "));
    assert!(both.quickly(&cwd, "tracked").starts_with("entry "));
    assert!(both.quickly(&cwd, "data/a.csv").starts_with("entry "));
    assert!(both.quickly(&cwd, "latest").starts_with("run "));
    for word in ["HEAD", "main"] {
        assert!(both.quickly(&cwd, word).starts_with("commit "));
    }
    assert!(both.same(&cwd, "r-00000000").starts_with("error"));
}

#[test]
fn two_meanings_are_an_error_with_the_index_too() {
    let s = Sandbox::repo();
    forge::append(&s, 0..600);
    let mut both = Both::of(&s);
    let cwd = s.path("");
    let project = s.project_id().parse().unwrap();
    // A branch that is named as a package is, and data that was tracked twice.
    s.commit_all("first");
    s.git(&["branch", "group1/1"]);
    let first = (0..600).find(|n| n % 40 == 2 && (n - 1) % 7 == 1).unwrap();
    assert!(both.same(&cwd, &forge::package(&project, first - 1).to_string()).starts_with("run "));
    let meant = both.quickly(&cwd, "group1/1");
    assert!(meant.contains("could mean"), "{meant}");
    s.write("unknown", "nobody recorded this");
    for word in
        ["r-00000000", "e-00000000", "nothing", "nothing/3", "group0/999", "unknown", "arn:x", "latest/1"]
    {
        assert!(both.same(&cwd, word).starts_with("error"), "{word}");
    }
    // All these runs began within a minute.
    let prefix = forge::run(1).to_string().replace('-', "")[..8].to_owned();
    assert!(both.same(&cwd, &format!("r-{prefix}")).contains("could mean"));
}

#[test]
fn a_file_of_a_directory_means_the_entry_that_tracked_it() {
    let s = Sandbox::project_with_data();
    let mut both = Both::of(&s);
    let cwd = s.path("");
    assert!(both.same(&cwd, "data/a.csv").starts_with("entry "));

    // Without its manifest nobody can tell, with and without the index; and again when it is back.
    let text = s.mlprov(&["ls", "data", "--manifest"]).success().stdout();
    let manifest = s.object(text.as_bytes());
    let bytes = fs::read(&manifest).unwrap();
    fs::remove_file(&manifest).unwrap();
    fs::remove_file(s.path(".git/mlprov/index.sqlite")).unwrap();
    let mut both = Both::of(&s);
    assert!(both.same(&cwd, "data/a.csv").starts_with("error"));
    fs::write(&manifest, bytes).unwrap();
    assert!(both.same(&cwd, "data/a.csv").starts_with("entry "));

    // A second version that holds it as well.
    s.write("data/c.csv", "5\n");
    s.mlprov(&["track", "data"]).success();
    let mut both = Both::of(&s);
    assert!(both.same(&cwd, "data/a.csv").contains("could mean"));
    assert!(both.same(&cwd, "data/c.csv").starts_with("entry "));
    // What a run made out of it comes first.
    s.mlprov(&["run", "--output", "copy.csv", "--", "cp", "data/a.csv", "copy.csv"]).success();
    let mut both = Both::of(&s);
    assert!(both.same(&cwd, "data/a.csv").starts_with("run "));
}

#[test]
fn show_and_prove_of_a_large_log_answer_as_without_an_index() {
    let s = Sandbox::project_with_data();
    forge::append(&s, 0..1500);
    let file = s.path(".git/mlprov/index.sqlite");
    let words =
        [forge::run(1001).to_string(), forge::commit(1000).to_string(), "HEAD".into(), "latest".into()];
    let answers = || -> Vec<_> { words.iter().map(|w| s.json(&["show", w])).collect() };
    fs::create_dir(&file).unwrap();
    let without = answers();
    fs::remove_dir(&file).unwrap();
    assert_eq!(answers(), without);
    assert!(file.is_file());
    for (word, index) in words.iter().zip([1, 0, 0, 1]) {
        let proof = s.json(&["ledger", "prove", word]);
        assert_eq!(proof["index"], s.json(&["show", word])["entries"][index]["index"], "{word}");
    }
    let _ = s.refused(3, &["show", "r-00000000"]);
}

#[test]
fn errors_are_those_of_the_log() {
    let s = Sandbox::repo();
    let journal = s.ledger("journal");
    let length = || fs::metadata(&journal).unwrap().len() as usize;
    forge::append(&s, 0..40);
    let middle = length();
    forge::append(&s, 40..80);
    forge::append(&s, 80..120);
    let project = forge::project(&s, 0);
    let word = forge::run(41).to_string();
    assert_eq!(project.entries_for(&s.path(""), &word).unwrap().len(), 2);
    // Where the index leads to.
    let mut bytes = fs::read(&journal).unwrap();
    bytes[middle + 1000] ^= 1;
    fs::write(&journal, bytes).unwrap();
    assert!(matches!(project.entries_for(&s.path(""), &word), Err(AppError::Store(_))));
}
