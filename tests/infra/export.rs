//! The same infrastructure for other tools: as it is kept in `templates/aws`, and as their own checkers see it.

use crate::apply::description;
use crate::common::skipped;
use mlprov::infra::description::Description;
use mlprov::infra::export;
use mlprov::infra::export::Format;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

const FILES: [(Format, &str); 3] = [
    (Format::Terraform, "main.tf.json"),
    (Format::CloudFormation, "cloudformation.json"),
    (Format::Pulumi, "__main__.py"),
];

fn dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/aws")
}

/// What the templates are made from.
fn sample() -> Description {
    let mut sample = description("mlprov-shop-123456789012-eu-central-1");
    sample.buckets[0].uses.iter_mut().for_each(|(_, prefix)| prefix.clear());
    (sample.tls, sample.log_key) = (true, Some("alias/mlprov-shop".to_owned()));
    sample
}

/// `MLPROV_UPDATE=1` writes them again.
#[test]
fn the_templates_are_those_of_this_program() {
    for (format, file) in FILES {
        let (path, now) = (dir().join(file), export::text(&sample(), format));
        if std::env::var_os("MLPROV_UPDATE").is_some() {
            fs::create_dir_all(dir()).unwrap();
            fs::write(&path, &now).unwrap();
        }
        assert!(fs::read_to_string(&path).unwrap_or_default() == now, "templates/aws/{file} is out of date");
    }
}

/// Runs a checker, if it is installed; what it said is shown if it is not content.
fn check(program: &str, args: &[&str], text: &str, file: &str) {
    let temporary = tempfile::tempdir().unwrap();
    fs::write(temporary.path().join(file), text).unwrap();
    match Command::new(program).args(args).arg(file).current_dir(temporary.path()).output() {
        Err(_) => skipped(&format!("{program} is not installed")),
        Ok(out) => {
            let said = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
            assert!(out.status.success(), "{program}: {said}\n{text}");
        }
    }
}

#[test]
fn cfn_lint_has_nothing_to_say() {
    let mut all = sample();
    check("cfn-lint", &[], &export::text(&all, Format::CloudFormation), "template.json");
    all.object_lock = true;
    all.kms_key =
        Some("arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000000".into());
    check("cfn-lint", &[], &export::text(&all, Format::CloudFormation), "template.json");
}

#[test]
fn python_compiles_what_is_written_for_pulumi() {
    check("python3", &["-m", "py_compile"], &export::text(&sample(), Format::Pulumi), "__main__.py");
}
