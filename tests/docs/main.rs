//! What is generated, or promised in the documents, is what the program does.

use mlprov::ports::probe::Need;
use mlprov::ports::probe::Property;
use mlprov::ports::probe::Purpose;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn stdout(args: &[&str]) -> String {
    let out = Command::new(env!("CARGO_BIN_EXE_mlprov")).args(args).output().unwrap();
    assert!(out.status.success(), "{args:?}");
    String::from_utf8(out.stdout).unwrap()
}

/// `MLPROV_UPDATE=1 cargo test --test docs` writes the files again.
#[test]
fn completions_are_those_of_this_program() {
    let files = [
        ("bash", "mlprov.bash"),
        ("zsh", "_mlprov"),
        ("fish", "mlprov.fish"),
        ("elvish", "mlprov.elv"),
        ("powershell", "_mlprov.ps1"),
    ];
    for (shell, file) in files {
        let path = root().join("completions").join(file);
        let now = stdout(&["completions", shell]);
        if std::env::var_os("MLPROV_UPDATE").is_some() {
            fs::write(&path, &now).unwrap();
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == now, "completions/{file} is out of date");
    }
}

#[test]
fn every_command_has_help_and_the_readme_names_only_real_ones() {
    let help = stdout(&["--help"]);
    let listed: Vec<&str> = help
        .lines()
        .skip_while(|l| !l.starts_with("Commands:"))
        .skip(1)
        .take_while(|l| !l.is_empty())
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    assert!(listed.contains(&"verify") && listed.len() > 8, "{listed:?}");
    for command in listed.iter().filter(|c| **c != "help") {
        assert!(stdout(&[command, "--help"]).contains("Usage:"), "{command}");
    }
    let mut texts = vec![root().join("README.md")];
    texts.extend(fs::read_dir(root().join("docs")).unwrap().map(|e| e.unwrap().path()));
    for path in texts.into_iter().filter(|p| p.extension().is_some_and(|e| e == "md")) {
        let text = fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("$ mlprov ") {
            let word = text[at + 9..].split_whitespace().next().unwrap();
            assert!(listed.contains(&word) || word.starts_with('-'), "{}: mlprov {word}", path.display());
        }
    }
}

#[test]
fn the_exit_codes_of_the_readme_are_those_of_the_help() {
    let help = stdout(&["--help"]);
    for code in
        ["0 done", "1 the answer is no", "2 usage", "3 could not be checked", "4 denied", "70 could not"]
    {
        assert!(help.replace('\n', " ").contains(code), "{code}");
    }
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for code in ["| 0 |", "| 1 |", "| 2 |", "| 3 |", "| 4 |", "| 70 |"] {
        assert!(readme.contains(code), "{code}");
    }
}

#[test]
fn what_is_asked_of_a_bucket_stands_in_the_document_as_in_the_program() {
    let text = fs::read_to_string(root().join("docs/ledger.md")).unwrap();
    let table = text.lines().skip_while(|l| !l.starts_with("| asked for |")).skip(2);
    let rows: Vec<Vec<&str>> =
        table.take_while(|l| l.starts_with('|')).map(|l| l.split('|').map(str::trim).collect()).collect();
    let told: Vec<[&str; 3]> = rows.iter().map(|row| [row[1], row[3], row[4]]).collect();
    let word = |need: Need| match need {
        Need::Must => "needed",
        Need::Should => "wanted",
        Need::Told => "told",
        Need::Unused => "not used",
    };
    let known =
        Property::ALL.map(|p| [p.name(), word(p.need(Purpose::Ledger)), word(p.need(Purpose::Store))]);
    assert_eq!(told, known);
}

#[test]
fn links_in_the_documents_lead_somewhere() {
    let mut texts = vec![root().join("README.md")];
    texts.extend(fs::read_dir(root().join("docs")).unwrap().map(|e| e.unwrap().path()));
    let mut seen = 0;
    for path in texts.into_iter().filter(|p| p.extension().is_some_and(|e| e == "md")) {
        let text = fs::read_to_string(&path).unwrap();
        for part in text.split("](").skip(1) {
            let target = part.split([')', '#']).next().unwrap();
            if target.is_empty() || target.contains("://") {
                continue;
            }
            seen += 1;
            assert!(path.parent().unwrap().join(target).exists(), "{}: {target}", path.display());
        }
    }
    assert!(seen > 0);
}
