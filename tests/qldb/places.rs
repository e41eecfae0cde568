//! Exports as they lie in a directory, and the command itself.

use super::journal;
use super::journal::Block;
use super::journal::Plan;
use std::fs;
use std::path::Path;
use std::process::Command;

/// As `aws s3 cp --recursive` brings it: four files of five blocks, and both manifests. Manifests are in the form of the data.
fn lay(dir: &Path, blocks: &[Block], binary: bool) {
    let strand = strand();
    let encode = |text: String| if binary { journal::binary_of(text.as_bytes()) } else { text.into_bytes() };
    let mut keys = Vec::new();
    for (n, some) in blocks.chunks(5).enumerate() {
        let hour = format!("2019/09/16/{:02}", 19 + n % 4);
        fs::create_dir_all(dir.join(&hour)).unwrap();
        let name = format!("{hour}/{strand}.{}-{}.ion", n * 5, n * 5 + some.len() - 1);
        fs::write(dir.join(&name), encode(some.iter().map(Block::text).collect())).unwrap();
        keys.push(format!("\"journal/{name}\""));
    }
    let format = if binary { "ION_BINARY" } else { "ION_TEXT" };
    let started = format!("{{ledgerName:\"cars\",exportId:\"8Uy\",outputFormat:\"{format}\"}}");
    fs::write(dir.join("8Uy.started.manifest"), encode(started)).unwrap();
    let completed = format!("{{keys:[{}]}}", keys.join(","));
    fs::write(dir.join(format!("8Uy.{strand}.completed.manifest")), encode(completed)).unwrap();
}

const SEED: u64 = 3;

fn strand() -> String {
    journal::Journal::new(SEED, true).strand
}

fn blocks() -> Vec<Block> {
    journal::make(Plan { seed: SEED, blocks: 20, wild: true })
}

/// Exit code, and what was told: the report, or the error.
fn run(dir: &Path, args: &[&str]) -> (i32, serde_json::Value) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mlprov"));
    command.args(["qldb", "verify-export", "--json", "-q"]).args(args).current_dir(dir).env("HOME", dir);
    let done = command.output().unwrap();
    let said = serde_json::from_slice(&done.stdout).unwrap_or_else(|e| panic!("{e}: {done:?}"));
    (done.status.code().unwrap(), said)
}

fn data(dir: &Path, n: usize) -> std::path::PathBuf {
    dir.join(format!("2019/09/16/{:02}/{}.{}-{}.ion", 19 + n, strand(), n * 5, n * 5 + 4))
}

fn laid(binary: bool) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("export")).unwrap();
    lay(&dir.path().join("export"), &blocks(), binary);
    dir
}

#[test]
fn a_directory_is_read_in_the_order_of_its_manifest() {
    for binary in [false, true] {
        let dir = laid(binary);
        let manifest = format!("export/8Uy.{}.completed.manifest", strand());
        for place in ["export", &manifest, "export/2019/../"] {
            let (code, said) = run(dir.path(), &[place]);
            assert_eq!((code, &said["lastBlock"], &said["files"]), (0, &19.into(), &4.into()), "{said:#}");
            assert_eq!(said["format"], if binary { "ION_BINARY" } else { "ION_TEXT" });
            assert!(said["manifest"].as_str().unwrap().ends_with("completed.manifest"));
        }
        // Without the manifests the names tell the order; with the one that was started, nobody knows the end.
        fs::remove_file(dir.path().join(manifest)).unwrap();
        assert_eq!(run(dir.path(), &["export"]).0, 3);
        fs::remove_file(dir.path().join("export/8Uy.started.manifest")).unwrap();
        assert_eq!(run(dir.path(), &["export"]).0, 0);
    }
}

#[test]
fn files_and_names_that_do_not_fit_are_faults() {
    type Edit = fn(&Path);
    let edits: [(&str, Edit); 6] = [
        ("is named by the manifest, and is not there", |dir| fs::remove_file(data(dir, 3)).unwrap()),
        ("blocks 5 to 9 are missing before it", |dir| fs::remove_file(data(dir, 1)).unwrap()),
        ("is named by no manifest", |dir| {
            fs::copy(data(dir, 3), dir.join("S.90-91.ion")).unwrap();
        }),
        ("the file's name says 5-9 of strand", |dir| {
            fs::copy(data(dir, 2), data(dir, 1)).unwrap();
        }),
        ("the file's name says that it ends at block 19", |dir| {
            let text: String = blocks()[15..18].iter().map(Block::text).collect();
            fs::write(data(dir, 3), text).unwrap();
        }),
        ("it ends within a value", |dir| {
            let bytes = fs::read(data(dir, 3)).unwrap();
            fs::write(data(dir, 3), &bytes[..bytes.len() - 9]).unwrap();
        }),
    ];
    for (n, (what, edit)) in edits.into_iter().enumerate() {
        let binary = n == 5;
        let dir = laid(binary);
        edit(&dir.path().join("export"));
        let (code, said) = run(dir.path(), &["export"]);
        assert_eq!(code, 1, "{what}: {said:#}");
        assert!(said["faults"].to_string().contains(what), "{what}: {said:#}");
    }
}

#[test]
fn what_is_no_such_export_is_refused_with_the_reason() {
    let dir = laid(false);
    let json = r#"{"blockAddress":{"strandId":"S","sequenceNo":0},"blockHash":"NoChM92yKRuJAb/jeLd1VnYn4DHiWIf071ACfic9uHc=","entriesHash":"l05LOsiKV14SDbuaYnH7uwXzUvqzIwUiRLXGbTyj/nY=","entriesHashList":[]}"#;
    fs::write(dir.path().join("S.0-0.json"), json).unwrap();
    fs::write(dir.path().join("S.0-0.ion"), json).unwrap();
    for file in ["S.0-0.json", "S.0-0.ion"] {
        let (code, said) = run(dir.path(), &[file]);
        assert_eq!(code, 3, "{said:#}");
        assert!(said["error"].as_str().unwrap().contains("JSON has no decimals"), "{said:#}");
        assert!(said["hint"].as_str().unwrap().contains("Ion binary"), "{said:#}");
    }
    fs::write(dir.path().join("export/9.started.manifest"), "{outputFormat:\"JSON\"}").unwrap();
    assert_eq!(run(dir.path(), &["export"]).0, 3);
    fs::remove_file(dir.path().join("export/9.started.manifest")).unwrap();
    fs::write(dir.path().join("export/9.S.completed.manifest"), "{keys:[]}").unwrap();
    let (code, said) = run(dir.path(), &["export"]);
    assert_eq!((code, said["hint"].as_str().unwrap().contains("completed.manifest")), (2, true), "{said:#}");
    for (args, code) in [
        (&["nowhere"][..], 3),
        (&["s3://bucket/key"], 2),
        (&["export", "-"], 2),
        (&["export", "--digest", "abc"], 2),
        (&["export", "--proof", "S.0-0.ion"], 2),
        (&["export", "--digest", "S.0-0.ion"], 2),
    ] {
        assert_eq!(run(dir.path(), args).0, code, "{args:?}");
    }
    fs::create_dir(dir.path().join("empty")).unwrap();
    let (code, said) = run(dir.path(), &["empty"]);
    assert_eq!((code, &said["verdict"]), (3, &"incomplete".into()));
}

#[test]
fn people_are_told_what_was_proven() {
    let dir = tempfile::tempdir().unwrap();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/qldb/vectors");
    let told = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mlprov"));
        command.args(["qldb", "verify-export", "awscli_block_100.ion"]).args(args);
        let done = command.current_dir(&vectors).env("HOME", dir.path()).output().unwrap();
        String::from_utf8(done.stdout).unwrap()
    };
    let said = told(&[]);
    assert!(said.contains("nothing shows that it is QLDB's own journal"), "{said}");
    assert!(said.contains("2 of 4 entries are hashes of what the export does not show"), "{said}");
    let said = told(&["--digest", "awscli_digest_123.json", "--proof", "awscli_block_100_proof.ion"]);
    assert!(said.contains("digest: reached at block 100, by the proof of that block"), "{said}");
    assert!(said.ends_with("verified: all blocks are under the digest\n"), "{said}");
}
