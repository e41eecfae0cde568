//! The same infrastructure for other tools: as it is kept in `templates/aws`, and as their own checkers see it.

use crate::apply::description;
use crate::common::skipped;
use mlprov::infra::description::Description;
use mlprov::infra::description::Group;
use mlprov::infra::description::Trail;
use mlprov::infra::description::Whose;
use mlprov::infra::export;
use mlprov::infra::export::Format;
use serde_json::Value;
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
    let whose = Whose { account: "123456789012".to_owned(), region: "eu-central-1".to_owned() };
    let bucket = "mlprov-trail-shop-123456789012-eu-central-1".to_owned();
    sample.trail = Some(Trail { name: "mlprov-shop".to_owned(), bucket, whose: whose.clone() });
    let project = "02aac00d-aa87-4a1e-a49d-b1839bfb0715".parse().unwrap();
    sample.project = Some(project);
    sample.group = Some(Group { name: "shop".to_owned(), project });
    (sample.repository, sample.iam, sample.whose) = (Some("shop".to_owned()), true, Some(whose));
    sample
}

/// Kinds of resources, as AWS calls them; each is in all three.
const KINDS: [(&str, &str, &str); 7] = [
    ("AWS::S3::Bucket", "aws_s3_bucket", "aws.s3.Bucket"),
    ("AWS::KMS::Key", "aws_kms_key", "aws.kms.Key"),
    ("AWS::KMS::Alias", "aws_kms_alias", "aws.kms.Alias"),
    (
        "AWS::SageMaker::ModelPackageGroup",
        "aws_sagemaker_model_package_group",
        "aws.sagemaker.ModelPackageGroup",
    ),
    ("AWS::CloudTrail::Trail", "aws_cloudtrail", "aws.cloudtrail.Trail"),
    ("AWS::CodeCommit::Repository", "aws_codecommit_repository", "aws.codecommit.Repository"),
    ("AWS::IAM::ManagedPolicy", "aws_iam_policy", "aws.iam.Policy"),
];

#[test]
fn everything_that_is_made_here_is_in_all_three() {
    let text = |format| export::text(&sample(), format);
    let cloudformation: Value = serde_json::from_str(&text(Format::CloudFormation)).unwrap();
    let terraform: Value = serde_json::from_str(&text(Format::Terraform)).unwrap();
    let pulumi = text(Format::Pulumi);
    let mut found = 0;
    for (cfn, tf, class) in KINDS {
        let of_kind = cloudformation["Resources"].as_object().unwrap().values();
        let count = of_kind.filter(|resource| resource["Type"] == cfn).count();
        assert!(count > 0, "{cfn}");
        assert_eq!(terraform["resource"][tf].as_object().map(serde_json::Map::len), Some(count), "{tf}");
        assert_eq!(pulumi.matches(&format!("= {class}(\n")).count(), count, "{class}");
        found += count;
    }
    // The key and its alias are one here; each bucket has its policy beside it.
    assert_eq!(found, sample().resources().len() + 1);
}

/// What Terraform itself would say first of all: a reference leads to a resource.
#[test]
fn references_of_terraform_lead_somewhere() {
    let text = export::text(&sample(), Format::Terraform);
    let whole: Value = serde_json::from_str(&text).unwrap();
    let mut count = 0;
    let is_there = |reference: &str| {
        let mut parts = reference.split('.');
        let (kind, id) = (parts.next().unwrap(), parts.next().unwrap());
        assert!(whole["resource"][kind].get(id).is_some(), "{reference}");
    };
    for (_, rest) in text.match_indices("${aws_").map(|(at, _)| text.split_at(at + 2)) {
        is_there(rest.split('}').next().unwrap());
        count += 1;
    }
    let after = whole["resource"]["aws_cloudtrail"]["trail"]["depends_on"].as_array().unwrap();
    after.iter().for_each(|reference| is_there(reference.as_str().unwrap()));
    assert!(count > 10 && after.len() == 1, "{count}");
}

/// Pulumi's own SDK runs the program: every class and argument is one that it knows. Nothing is made.
#[test]
fn pulumi_runs_the_program() {
    const RUN: &str = r#"
import runpy, pulumi
made = []
class Mocks(pulumi.runtime.Mocks):
    def new_resource(self, args):
        made.append(args.typ)
        return [args.name + "-id", args.inputs]
    def call(self, args):
        return {}
pulumi.runtime.set_mocks(Mocks(), preview=False)
async def program():
    runpy.run_path("__main__.py")
pulumi.runtime.test(program)()
print(len(made), "resources", *sorted(set(made)))
"#;
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/pulumi/bin/python");
    if !python.is_file() {
        return skipped("Pulumi is not installed (tests/run.sh does it)");
    }
    let temporary = tempfile::tempdir().unwrap();
    fs::write(temporary.path().join("__main__.py"), export::text(&sample(), Format::Pulumi)).unwrap();
    let out = Command::new(python).args(["-c", RUN]).current_dir(temporary.path()).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout) + String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
    for kind in ["aws:cloudtrail/trail:Trail", "aws:iam/policy:Policy", "aws:s3/bucketPolicy:BucketPolicy"] {
        assert!(said.contains(kind), "{said}");
    }
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
