//! Pointers that two branches changed: merged by path, by git itself through the driver, or by `mlprov merge`.

use crate::common::Output;
use crate::common::Sandbox;
use mlprov::domain::digest::Blake3Hash;
use mlprov::domain::manifest::Manifest;
use mlprov::domain::manifest::ManifestEntry;
use mlprov::domain::merge;
use mlprov::domain::merge::Merged;
use mlprov::domain::merge::Why;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

type Files<'a> = &'a [(&'a str, &'a str)];

/// Puts exactly these files into `data`, and tracks them.
fn track(s: &Sandbox, dir: &str, files: Files<'_>) {
    let data = s.root().join(dir).join("data");
    let _ = fs::remove_dir_all(&data);
    for (path, content) in files {
        let place = data.join(path);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
    }
    s.mlprov_in(dir, &["track", "data"]).success();
    s.git_in(dir, &["add", "-A"]);
    s.git_in(dir, &["commit", "-q", "-m", "data"]);
}

const BASE: Files<'static> = &[("a", "a0"), ("b", "b0"), ("d/c", "c0"), ("gone", "g0")];

/// A project whose branches `main` (checked out) and `other` have these versions, on top of `base`.
fn branches(base: Option<Files<'_>>, ours: Files<'_>, theirs: Files<'_>) -> Sandbox {
    let s = Sandbox::repo();
    s.commit_all("project");
    if let Some(base) = base {
        track(&s, "repo", base);
    }
    s.git(&["checkout", "-q", "-b", "other"]);
    track(&s, "repo", theirs);
    s.git(&["checkout", "-q", "main"]);
    track(&s, "repo", ours);
    s
}

fn git(s: &Sandbox, dir: &str, args: &[&str]) -> Output {
    s.git_output(dir, &[], args)
}

/// Paths and contents of the dataset that the pointer in the work tree names, out of the store.
fn merged(s: &Sandbox, dir: &str) -> BTreeMap<String, String> {
    let out = s.mlprov_in(dir, &["ls", "data", "--manifest"]);
    let text = out.success().stdout();
    let line = |line: &str| {
        let (hash, path) = line.split_once("  ").unwrap();
        let object = s.path(".git/mlprov/store/objects").join(&hash[..2]).join(hash);
        (path.to_owned(), fs::read_to_string(object).unwrap_or_else(|_| "elsewhere".to_owned()))
    };
    text.lines().map(line).collect()
}

fn files(files: Files<'_>) -> BTreeMap<String, String> {
    files.iter().map(|(path, content)| ((*path).to_owned(), (*content).to_owned())).collect()
}

const OURS: Files<'static> = &[("a", "a1"), ("b", "b0"), ("d/c", "c0"), ("ours", "o")];
const THEIRS: Files<'static> = &[("a", "a0"), ("b", "b2"), ("d/c", "c0"), ("gone", "g0"), ("same", "s")];
const BOTH: Files<'static> = &[("a", "a1"), ("b", "b2"), ("d/c", "c0"), ("ours", "o"), ("same", "s")];

#[test]
fn git_merge_takes_what_either_side_changed_and_the_commit_verifies() {
    let s = branches(Some(BASE), OURS, THEIRS);
    let recorded = s.recorded().len();
    git(&s, "repo", &["merge", "-q", "-m", "merged", "other"]).success();
    assert_eq!(merged(&s, "repo"), files(BOTH));
    assert_eq!(s.recorded().len(), recorded + 1, "the merge commit");
    s.mlprov(&["verify", "HEAD"]).success();
    s.mlprov(&["ledger", "audit"]).success();
    // The files of the other side are not laid out; what lies there is what main had.
    s.mlprov(&["status"]).success().shows("modified");
    // Backwards, and by other commands that merge.
    s.git(&["checkout", "-q", "other"]);
    git(&s, "repo", &["cherry-pick", "main~1"]).success();
    assert_eq!(merged(&s, "repo"), files(BOTH));
    s.mlprov(&["verify", "HEAD"]).success();
    s.git(&["reset", "-q", "--hard", "HEAD~1"]);
    git(&s, "repo", &["rebase", "-q", "main~1"]).success();
    assert_eq!(merged(&s, "repo"), files(BOTH));
    s.mlprov(&["verify", "HEAD"]).success();
}

#[test]
fn git_merge_works_in_a_linked_work_tree() {
    let s = branches(Some(BASE), OURS, THEIRS);
    s.git(&["worktree", "add", "-q", "../linked", "-b", "third", "other"]);
    git(&s, "linked", &["merge", "-q", "-m", "merged", "main"]).success();
    assert_eq!(merged(&s, "linked"), files(BOTH));
    s.mlprov_in("linked", &["verify", "HEAD"]).success();
}

#[test]
fn without_a_common_version_all_files_of_both_sides_are_kept() {
    let s = branches(None, &[("a", "a"), ("x", "same")], &[("b/c", "b"), ("x", "same")]);
    git(&s, "repo", &["merge", "-q", "-m", "merged", "other"]).success();
    assert_eq!(merged(&s, "repo"), files(&[("a", "a"), ("b/c", "b"), ("x", "same")]));
    s.mlprov(&["verify", "HEAD"]).success();
}

/// Two merge bases: git first merges these, by the same driver.
#[test]
fn criss_cross_merges_do_not_bring_back_what_was_taken_back() {
    let base: Files<'_> = &[("a", "a0"), ("b", "b0")];
    for (theirs, in_conflict) in [("a0", false), ("a2", true)] {
        let s = branches(Some(base), &[("a", "a1"), ("b", "b0")], &[("a", theirs), ("b", "b2")]);
        s.git(&["tag", "one", "main"]);
        s.git(&["tag", "two", "other"]);
        for (branch, with) in [("main", "two"), ("other", "one")] {
            s.git(&["checkout", "-q", branch]);
            let out = git(&s, "repo", &["merge", "-q", "-m", "crossed", with]);
            assert_eq!(out.exit_code() != Some(0), in_conflict, "{}", out.snapshot());
            // Both come to the same version; then ours takes `a` back.
            s.git(&["checkout", "-q", "--ours", "."]);
            let mut files = vec![("a", "a1"), ("b", "b2")];
            match branch {
                "main" => files = vec![("a", "a0"), ("b", "b2"), ("ours", "o")],
                _ => files.push(("theirs", "t")),
            }
            track(&s, "repo", &files);
        }
        s.git(&["checkout", "-q", "main"]);
        let out = git(&s, "repo", &["merge", "-q", "-m", "merged", "other"]);
        match in_conflict {
            false => {
                out.success();
                let expected = [("a", "a0"), ("b", "b2"), ("ours", "o"), ("theirs", "t")];
                assert_eq!(merged(&s, "repo"), files(&expected));
                s.mlprov(&["verify", "HEAD"]).success();
            }
            // The common version is itself a conflict: nobody guesses.
            true => {
                out.code(1).says("the common version: holds merge conflict markers");
            }
        }
    }
}

/// Merges, and demands a conflict with these lines, that changes nothing but what git itself leaves behind.
#[track_caller]
fn conflict(s: &Sandbox, lines: &[&str]) {
    let before = s.entries().len();
    let out = git(s, "repo", &["merge", "other"]);
    out.code(1);
    assert!(out.stdout().contains("CONFLICT (") && !out.stdout().contains("fatal"), "{}", out.snapshot());
    let out = s.refused(1, &["merge", "data"]);
    for line in lines {
        out.shows(line);
    }
    s.refused(1, &["merge", "-n", "data.mlprov"]).shows(lines[0]);
    assert_eq!(s.entries().len(), before);
    s.git(&["merge", "--abort"]);
    s.mlprov(&["status"]).success().shows("unchanged");
}

#[test]
fn two_contents_for_one_path_are_a_conflict() {
    let s =
        branches(Some(BASE), &[("a", "1"), ("b", "1"), ("n", "1")], &[("a", "2"), ("gone", "2"), ("n", "2")]);
    conflict(
        &s,
        &[
            "data: 4 conflicts; nothing was written",
            "  a     changed on both sides",
            "  b     changed by us, deleted by them",
            "  gone  deleted by us, changed by them",
            "  n     added on both sides",
        ],
    );
    let s = branches(
        Some(&[("x", "x"), ("y", "y")]),
        &[("x", "x"), ("y", "y"), ("p", "file")],
        &[("x", "x"), ("y", "y"), ("p/q", "in it")],
    );
    conflict(&s, &["data: 1 conflict;", "  p  a file on one side, a directory on the other"]);
    let s = branches(Some(&[("x", "x"), ("y", "y")]), &[("x", "x")], &[("y", "y")]);
    conflict(&s, &["  data  no file is left"]);
    let s = branches(None, &[("x", "1")], &[("x", "2")]);
    conflict(&s, &["  x  added on both sides"]);
}

#[test]
fn one_side_alone_may_turn_a_file_into_a_directory_or_delete_it() {
    let base: Files<'_> = &[("x", "x"), ("y", "y"), ("z", "z")];
    let s = branches(Some(base), &[("x", "x"), ("y", "y"), ("z", "z1")], &[("x/q", "in it"), ("z", "z")]);
    git(&s, "repo", &["merge", "-q", "-m", "merged", "other"]).success();
    assert_eq!(merged(&s, "repo"), files(&[("x/q", "in it"), ("z", "z1")]));
}

#[test]
fn single_files_are_not_merged() {
    let s = Sandbox::repo();
    for (branch, content) in [("main", "0"), ("other", "2"), ("main", "1")] {
        s.git(&["checkout", "-q", "-B", branch]);
        if content == "1" {
            s.git(&["reset", "-q", "--hard", "other~1"]);
        }
        s.write("data", content);
        s.mlprov(&["track", "data"]).success();
        s.commit_all(content);
    }
    conflict(&s, &["  data  changed on both sides"]);
    // A file here, a directory there.
    s.git(&["checkout", "-q", "other"]);
    fs::remove_file(s.path("data")).unwrap();
    track(&s, "repo", &[("in", "it")]);
    s.git(&["checkout", "-q", "main"]);
    fs::remove_dir_all(s.path("data")).unwrap();
    s.write("data", "1");
    conflict(&s, &["  data  a file on one side, a directory on the other"]);
}

#[test]
fn a_conflict_is_never_taken_for_a_pointer_and_every_command_says_what_to_do() {
    let s = branches(Some(BASE), &[("a", "1"), ("b", "b0")], &[("a", "2"), ("b", "b0")]);
    let out = git(&s, "repo", &["merge", "other"]);
    out.code(1).says("mlprov: data.mlprov is not merged: a is changed on both sides");
    let text = s.read("data.mlprov");
    assert!(text.contains("# For more: mlprov merge data\n<<<<<<< ours\n"), "{text}");
    let status = s.mlprov(&["status"]);
    status.success().shows("bad pointer  data.mlprov").shows("merge conflict markers");
    assert_eq!(status.hints(), ["mlprov merge data   # merges both versions by path"]);
    s.refused(2, &["ls"]).says("merge conflict markers");
    // The proposals of `merge` can be pasted.
    s.mlprov(&["merge", "data"]).code(1).says("git checkout --ours data.mlprov   # or --theirs;");
    s.git(&["checkout", "--ours", "data.mlprov"]);
    s.git(&["add", "data.mlprov"]);
    s.git(&["commit", "-q", "-m", "ours"]);
    s.mlprov(&["verify", "HEAD"]).success();
    s.refused(2, &["merge", "data"]).says("git holds no conflict at data.mlprov");
}

#[test]
fn without_the_driver_git_leaves_a_conflict_that_merge_resolves() {
    let s = branches(Some(BASE), OURS, THEIRS);
    s.git(&["config", "--remove-section", "merge.mlprov"]);
    fs::remove_file(s.path(".git/info/attributes")).unwrap();
    git(&s, "repo", &["merge", "other"]).code(1);
    s.mlprov(&["merge", "-n", "data"]).success().shows("would merge  data  5 files");
    assert!(s.read("data.mlprov").contains("<<<<<<<"));
    let out = s.mlprov(&["merge", "data"]);
    out.success().shows("merged  data  5 files");
    s.paste("repo", &out.hints()[0]).success();
    s.git(&["commit", "-q", "-m", "merged"]);
    assert_eq!(merged(&s, "repo"), files(BOTH));
    s.mlprov(&["verify", "HEAD"]).success();
}

#[test]
fn a_driver_that_is_gone_or_cannot_work_leaves_a_plain_conflict() {
    for broken in ["gone", "skipped", "no project", "no store"] {
        let s = branches(Some(BASE), OURS, THEIRS);
        let skip = [("MLPROV_SKIP", "1")];
        let variables = if broken == "skipped" { &skip[..] } else { &[] };
        match broken {
            "gone" => {
                drop(s.git(&["config", "merge.mlprov.driver", "'/nowhere/mlprov' merge-driver %O %A %B %P"]))
            }
            "no project" => fs::remove_file(s.path(".mlprov/config.toml")).unwrap(),
            "no store" => fs::remove_dir_all(s.path(".git/mlprov/store")).unwrap(),
            _ => {}
        }
        let out = s.git_output("repo", variables, &["merge", "other"]);
        out.code(1);
        assert!(
            out.stdout().contains("CONFLICT (content): Merge conflict in data.mlprov"),
            "{}",
            out.snapshot()
        );
        let status = s.git(&["status", "--porcelain", "data.mlprov"]);
        assert_eq!(status, "UU data.mlprov\n", "{broken}");
    }
}

/// A forge merges pointers line by line, if it merges them at all.
#[test]
fn a_pointer_merged_as_text_is_refused_everywhere() {
    let s = branches(Some(BASE), OURS, THEIRS);
    let theirs = s.git(&["show", "other:data.mlprov"]);
    let line = |text: &str, key: &str| text.lines().find(|l| l.starts_with(key)).unwrap().to_owned();
    let ours = s.read("data.mlprov");
    for key in ["blake3", "bytes", "check"] {
        let mixed = ours.replace(&line(&ours, key), &line(&theirs, key));
        assert_ne!(mixed, ours);
        s.write("data.mlprov", &mixed);
        let why = "its fields do not match their check (edited by hand, or merged as text)";
        s.mlprov(&["status"]).success().shows(why);
        let commit = git(&s, "repo", &["commit", "-q", "-a", "-m", "by a forge"]);
        commit.success().says(why);
        let verify = s.mlprov(&["verify", "HEAD"]);
        verify.code(1).shows("altered     pointer data.mlprov: ").shows(why);
        s.refused(2, &["ls"]).says(why);
        // To track again what lies there is a way out, and it is said what was replaced.
        s.mlprov(&["track", "data"]).success().says(why);
        assert_eq!(s.read("data.mlprov"), ours);
        s.git(&["reset", "-q", "--hard", "HEAD~1"]);
    }
}

/// git may take pointers for renamed that are none of each other: they look alike. As it then calls the driver:
#[test]
fn two_datasets_are_never_merged_into_one() {
    let base: Files<'_> = &[("a", "a"), ("b", "b")];
    let s = branches(Some(base), BOTH, &[("a", "a"), ("b", "b"), ("same", "s")]);
    for (path, content) in [("a", "a"), ("b", "b"), ("ours", "o")] {
        s.write(&format!("second/{path}"), content);
    }
    s.mlprov(&["track", "second"]).success();
    s.write("base", s.git(&["show", "other~1:data.mlprov"]));
    s.write("theirs", s.git(&["show", "other:data.mlprov"]));
    s.write("ours", s.read("second.mlprov"));
    let entries = s.entries().len();
    let out = s.mlprov(&["merge-driver", "base", "ours", "theirs", "second.mlprov"]);
    out.code(1).says("the common version: it says that it is for data");
    assert!(s.read("ours").contains("<<<<<<< ours\n"));
    assert_eq!(s.entries().len(), entries);
}

/// Ada's project and Bob's clone of it, both ahead by one version.
fn two_clones() -> Sandbox {
    let s = Sandbox::repo();
    track(&s, "repo", BASE);
    s.git_in("", &["init", "-q", "--bare", "-b", "main", "remote"]);
    s.git(&["remote", "add", "origin", "../remote"]);
    s.git(&["push", "-q", "-u", "origin", "main"]);
    s.mlprov(&["sync"]).success();
    s.git_in("", &["clone", "-q", "remote", "clone"]);
    s.mlprov_in("clone", &["init", "--yes"]).success();
    track(&s, "clone", THEIRS);
    track(&s, "repo", OURS);
    s.git(&["push", "-q", "origin", "main"]);
    s.git_in("clone", &["fetch", "-q"]);
    s
}

#[test]
fn files_of_the_other_clone_are_not_needed_but_its_manifest_is() {
    let s = two_clones();
    let out = git(&s, "clone", &["merge", "-q", "-m", "merged", "origin/main"]);
    out.code(1).says("mlprov sync --fetch");
    s.refused_in("clone", 3, &["merge", "data"]).says("the common version").says("mlprov sync --fetch");
    // Ada has not published her new version yet.
    s.mlprov_in("clone", &["sync", "--fetch"]).success();
    s.refused_in("clone", 3, &["merge", "data"]).says("of their version");
    s.mlprov(&["sync"]).success();
    s.mlprov_in("clone", &["sync", "--fetch"]).success();
    let merged_now = s.mlprov_in("clone", &["merge", "data"]);
    merged_now.success().shows("2 contents of it not stored here, but with the clone that tracked it");
    s.git_in("clone", &["commit", "-q", "-a", "-m", "merged"]);
    let manifest = s.mlprov_in("clone", &["ls", "data", "--manifest"]).success().stdout();
    let paths: Vec<&str> = manifest.lines().filter_map(|l| l.split_once("  ")).map(|(_, p)| p).collect();
    assert_eq!(paths, ["a", "b", "d/c", "ours", "same"]);
    // The version map names a version of every file; two of them are not here.
    let verify = s.mlprov_in("clone", &["verify", "HEAD"]);
    verify.code(1).shows("missing");
    assert_eq!(verify.stdout().matches("is gone").count(), 2, "{}", verify.snapshot());
    // Where they are, all of it is found.
    s.git_in("clone", &["push", "-q", "origin", "HEAD:main"]);
    s.mlprov_in("clone", &["sync"]).success();
    s.mlprov(&["sync"]).success();
}

#[test]
fn init_sets_the_driver_once_beside_what_others_set() {
    let s = Sandbox::git_repo();
    s.write(".git/info/attributes", "*.png binary\n");
    s.mlprov(&["init", "--yes", "--no-hooks"]).success();
    assert_eq!(s.read(".git/info/attributes"), "*.png binary\n");
    assert!(!s.read(".git/config").contains("mlprov"));
    s.mlprov(&["init"]).success().shows("made    a merge driver for pointers");
    assert!(s.read(".git/info/attributes").ends_with("# <<< mlprov <<<\n*.png binary\n"));
    assert_eq!(
        s.git(&["check-attr", "merge", "data.mlprov", "x/y.mlprov"]),
        "data.mlprov: merge: mlprov\nx/y.mlprov: merge: mlprov\n"
    );
    let before = s.listing();
    s.mlprov(&["init"]).success().shows("nothing was changed");
    before.assert_same(&s.listing());
    // In a linked work tree, the same files.
    s.commit_all("first");
    s.git(&["worktree", "add", "-q", "../linked"]);
    s.mlprov_in("linked", &["init"]).success().shows("nothing was changed");
    assert!(!s.git(&["status", "--porcelain"]).contains("attributes"));
}

// ---- The rules against a naive model

struct Draw(u64);

impl Draw {
    /// xorshift64*; below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }
}

type Model = BTreeMap<&'static str, u8>;

const PATHS: [&str; 9] = ["a", "a/b", "a/b/c", "a-b", "ab", "b", "b/a", "c/a", "c/a.b"];

fn sound(model: &Model) -> bool {
    let inside = |path: &str| model.keys().any(|k| k.starts_with(&format!("{path}/")));
    !model.is_empty() && !model.keys().any(|k| inside(k))
}

fn random(draw: &mut Draw) -> Model {
    loop {
        let keep = |draw: &mut Draw| draw.below(3) == 0;
        let mut model = Model::new();
        for path in PATHS {
            if keep(draw) {
                model.insert(path, draw.below(3) as u8);
            }
        }
        if sound(&model) {
            return model;
        }
    }
}

fn manifest(model: &Model) -> Manifest {
    let entry = |(path, content): (&&str, &u8)| ManifestEntry {
        path: (*path).to_owned(),
        blake3: Blake3Hash::of(&[*content]),
    };
    Manifest::new(model.iter().map(entry).collect()).unwrap()
}

/// Path by path, and without any order.
fn naive(base: &Model, ours: &Model, theirs: &Model) -> Result<Model, BTreeSet<&'static str>> {
    let mut out = Model::new();
    let mut conflicts = BTreeSet::new();
    for path in PATHS {
        let of = |model: &Model| model.get(path).copied();
        let (b, o, t) = (of(base), of(ours), of(theirs));
        let taken = if o != b && t != b && o != t {
            conflicts.insert(path);
            None
        } else if o != b {
            o
        } else {
            t
        };
        if let Some(content) = taken {
            out.insert(path, content);
        }
    }
    let files: Vec<&str> = out.keys().copied().collect();
    conflicts.extend(files.iter().filter(|f| files.iter().any(|k| k.starts_with(&format!("{f}/")))));
    if conflicts.is_empty() { Ok(out) } else { Err(conflicts) }
}

#[test]
fn random_merges_are_those_of_a_naive_model() {
    let mut draw = Draw(0x6d6c_7072_6f76);
    let (mut clean, mut in_conflict, mut empty, mut kinds) = (0, 0, 0, BTreeSet::new());
    for round in 0..20_000 {
        let (base, ours) = (random(&mut draw), random(&mut draw));
        // Some sides change little.
        let theirs = if round % 3 == 0 { base.clone() } else { random(&mut draw) };
        let base = if round % 5 == 0 { Model::new() } else { base };
        let given = (!base.is_empty()).then(|| manifest(&base));
        let found = merge::three_way(given.as_ref(), &manifest(&ours), &manifest(&theirs)).unwrap();
        let back = merge::three_way(given.as_ref(), &manifest(&theirs), &manifest(&ours)).unwrap();
        match (naive(&base, &ours, &theirs), found) {
            (Ok(model), Merged::Nothing) if model.is_empty() => {
                empty += 1;
                assert_eq!(back, Merged::Nothing);
            }
            (Ok(model), Merged::Clean(merged)) => {
                clean += 1;
                assert_eq!(merged, manifest(&model), "{base:?} {ours:?} {theirs:?}");
                assert_eq!(back, Merged::Clean(merged), "the sides may change places");
            }
            (Err(paths), Merged::Conflicts(found)) => {
                in_conflict += 1;
                kinds.extend(found.iter().map(|c| c.why));
                let found: BTreeSet<&str> = found.iter().map(|c| c.path.as_str()).collect();
                assert_eq!(found, paths, "{base:?} {ours:?} {theirs:?}");
            }
            (model, found) => panic!("{base:?} {ours:?} {theirs:?}: {model:?} but {found:?}"),
        }
    }
    assert!(clean > 1000 && in_conflict > 1000 && empty > 0, "{clean} {in_conflict} {empty}");
    let all = [Why::BothChanged, Why::BothAdded, Why::DeletedByUs, Why::DeletedByThem, Why::FileAndDirectory];
    assert!(all.iter().all(|why| kinds.contains(why)), "{kinds:?}");
}
