//! Model packages in SageMaker, as moto plays it. It knows no client tokens, and an update there clears what it leaves out.

use crate::common::Sandbox;
use crate::common::proxy::Disguise;
use crate::common::proxy::Fault;
use crate::common::proxy::Instead;
use crate::common::proxy::Proxy;
use crate::common::servers;
use crate::common::servers::Server;
use crate::common::skipped;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::operation::describe_model_package::DescribeModelPackageOutput;
use aws_sdk_sagemaker::types::ModelApprovalStatus;
use mlprov::stores::aws::runtime::Aws;

struct Team {
    s: Sandbox,
    proxy: Proxy,
    aws: Aws,
    client: Client,
}

/// A project with one complete run, and its registry behind a proxy. `None`: moto is not installed.
fn team(test: &str) -> Option<Team> {
    let Some(moto) = Server::moto() else {
        skipped(&format!("{test}: moto is not installed"));
        return None;
    };
    let s = Sandbox::git_repo();
    servers::give_credentials(moto, &s.home());
    s.git_in("", &["init", "-q", "--bare", "remote.git"]);
    s.git(&["remote", "add", "origin", "../remote.git"]);
    s.mlprov(&["init", "--yes", "--registry", "sagemaker", "--region", "us-east-1"]).success();
    let proxy = Proxy::new(&moto.url);
    let config = s.read(".mlprov/config.toml");
    let region = "region = \"us-east-1\"\n";
    assert!(config.contains(region), "{config}");
    let endpoint = format!("{region}endpoint = \"{}\"\n", proxy.url);
    s.write(".mlprov/config.toml", config.replace(region, &endpoint));
    s.mlprov(&["init", "--yes"]).success();
    s.write("data/a.csv", "x,y\n1,2\n");
    s.mlprov(&["track", "data"]).success();
    s.commit_all("first");
    s.mlprov(&["run", "-d", "data", "-o", "model.bin", "--", "sh", "-c", "echo first > model.bin"]).success();
    let aws = servers::aws(&moto.url, [moto.access_key, moto.secret_key]);
    let client = Client::new(aws.config());
    Some(Team { s, proxy, aws, client })
}

impl Team {
    fn register<'a>(&self, group: &'a str) -> [&'a str; 7] {
        ["model", "register", "model.bin", "--model-group", group, "--run", "latest"]
    }

    /// ARNs that SageMaker has in a group.
    fn packages(&self, group: &str) -> Vec<String> {
        let answer = self.aws.wait(self.client.list_model_packages().model_package_group_name(group).send());
        let Ok(answer) = answer else { return Vec::new() };
        let list = answer.model_package_summary_list().iter();
        list.map(|p| p.model_package_arn().unwrap().to_owned()).collect()
    }

    fn describe(&self, arn: &str) -> DescribeModelPackageOutput {
        self.aws.wait(self.client.describe_model_package().model_package_name(arn).send()).unwrap()
    }

    /// Somebody decides with another tool.
    fn decide(&self, arn: &str, status: ModelApprovalStatus) {
        let known = self.describe(arn).customer_metadata_properties().cloned();
        let update = self.client.update_model_package().model_package_arn(arn).model_approval_status(status);
        self.aws.wait(update.set_customer_metadata_properties(known).send()).unwrap();
    }

    fn count(&self, kind: &str) -> usize {
        self.s.entries().iter().filter(|e| e["kind"] == kind).count()
    }
}

#[test]
fn a_package_in_sagemaker_is_bound_approved_and_verified() {
    let Some(t) = team("a_package_in_sagemaker_is_bound_approved_and_verified") else { return };
    let arn = t.s.json(&t.register("bound"))["arn"].as_str().unwrap().to_owned();
    assert_eq!(t.packages("bound"), [arn.as_str()]);
    let found = t.describe(&arn);
    assert_eq!(found.metadata_properties().unwrap().commit_id(), Some(t.s.head().as_str()));
    let blake3 = blake3::hash(b"first\n").to_hex().to_string();
    let properties = found.customer_metadata_properties().unwrap().clone();
    assert_eq!(properties["mlprov:blake3"], blake3);
    assert_eq!(found.model_approval_status(), Some(&ModelApprovalStatus::PendingManualApproval));

    assert_eq!(t.s.json(&t.register("bound"))["already"], true);
    assert_eq!((t.packages("bound").len(), t.count("model.registered")), (1, 1));
    t.s.mlprov(&["verify", "bound/1"]).success().shows(&arn);

    t.s.mlprov(&["model", "approve", "bound/1", "--note", "seen"]).success();
    let found = t.describe(&arn);
    assert_eq!(found.model_approval_status(), Some(&ModelApprovalStatus::Approved));
    assert_eq!(found.approval_description(), Some("seen"));
    // An update must not lose what it does not change.
    assert_eq!(found.customer_metadata_properties(), Some(&properties));
    t.s.mlprov(&["verify", &arn]).success().shows("Approved");

    // Behind our back.
    t.decide(&arn, ModelApprovalStatus::Rejected);
    t.s.mlprov(&["verify", "bound/1"]).code(1).shows("the registry says Rejected; recorded is Approved");
    t.s.mlprov(&["sync"]).success().shows("is Rejected in the registry");
    t.s.mlprov(&["verify", "bound/1"]).code(1).shows("model.rejected by entry");
    t.s.mlprov(&["model", "approve", "bound/1"]).success();
    t.s.mlprov(&["verify", "bound/1"]).success();

    // Who writes into the package what it is not.
    let mut other = properties.clone();
    other.insert("mlprov:blake3".into(), blake3::hash(b"other").to_hex().to_string());
    let update = t.client.update_model_package().model_package_arn(&arn);
    let update = update.model_approval_status(ModelApprovalStatus::Approved);
    t.aws.wait(update.set_customer_metadata_properties(Some(other)).send()).unwrap();
    t.s.mlprov(&["verify", "bound/1"]).code(1).shows("altered     model package");
    t.s.mlprov(&["model", "reject", "bound/1"]).code(1);
    // An ARN that nobody made.
    let forged = arn.replace("bound/1", "bound/9");
    t.s.mlprov(&["bind", "latest", "--model-package", &forged]).code(3);
}

#[test]
fn a_run_registers_its_model_or_says_that_it_could_not() {
    let Some(t) = team("a_run_registers_its_model_or_says_that_it_could_not") else { return };
    let run = ["run", "-d", "data", "--model", "model.bin", "--model-group", "ofrun", "--", "sh", "-c"];
    let report = t.s.json(&[&run[..], &["echo second > model.bin"]].concat());
    let arn = report["modelPackage"].as_str().unwrap();
    assert_eq!(t.packages("ofrun"), [arn]);
    t.s.mlprov(&["verify", "ofrun/1"]).success();
    // Hours of training are not lost to a registry.
    t.proxy.break_request(1, Fault::NeverSent, true);
    let report = t.s.json(&[&run[..], &["echo third > model.bin"]].concat());
    assert_eq!((&report["status"], &report["modelPackage"]), (&"COMPLETE".into(), &serde_json::Value::Null));
    assert!(report["notes"][0].as_str().unwrap().contains("not registered"), "{report}");
    t.s.mlprov(&["verify", "ofrun/1"]).code(3).shows("unreachable");
    t.s.mlprov(&["sync"]).success().says("the model registry could not be asked");
    t.proxy.mend();
    t.s.mlprov(&t.register("ofrun")).success();
    assert_eq!(t.packages("ofrun").len(), 2);
    t.s.mlprov(&["verify", "ofrun/2"]).success();
}

/// Each request of a registration and of a decision, answered badly in every way; then called again.
#[test]
fn no_fault_makes_two_packages_or_loses_one() {
    let Some(t) = team("no_fault_makes_two_packages_or_loses_one") else { return };
    let (mut played, mut failed) = (0, 0);
    for fault in Fault::ALL {
        for n in 1.. {
            let group = format!("{fault:?}{n}");
            t.proxy.break_request(n, fault, false);
            let first = t.s.mlprov(&t.register(&group));
            let reached = t.proxy.count() >= n;
            t.proxy.mend();
            if !reached {
                first.success();
                break;
            }
            played += 1;
            failed += usize::from(first.exit_code() != Some(0));
            t.s.mlprov(&t.register(&group)).success();
            assert_eq!(t.packages(&group).len(), 1, "{fault:?} {n}");

            t.proxy.break_request(n, fault, false);
            let _ = t.s.mlprov(&["model", "approve", &format!("{group}/1")]);
            t.proxy.mend();
            t.s.mlprov(&["model", "approve", &format!("{group}/1")]).success();
            t.s.mlprov(&["verify", &format!("{group}/1")]).success();
        }
    }
    assert!(played > 20, "{played} faults, {failed} told");
    assert_eq!(t.count("model.registered"), t.count("model.approved") + Fault::ALL.len());
}

/// Nobody answers, whether it was done or not, until the client gives up (15 s).
#[test]
fn a_creation_that_times_out_is_looked_for_and_not_repeated() {
    let Some(t) = team("a_creation_that_times_out_is_looked_for_and_not_repeated") else { return };
    t.proxy.mend();
    t.s.mlprov(&t.register("timed")).success();
    let is_creation = |head: &String| head.to_lowercase().contains("sagemaker.createmodelpackage\r\n");
    let n = 1 + t.proxy.heads().iter().position(is_creation).unwrap();
    for (fault, sent) in [(Fault::Held, 2), (Fault::DoneAndHeld, 1)] {
        let group = format!("{fault:?}");
        t.proxy.break_request(n, fault, false);
        t.s.mlprov(&t.register(&group)).success();
        let creations = t.proxy.heads().iter().filter(|head| is_creation(head)).count();
        assert_eq!((creations, t.packages(&group).len()), (sent, 1), "{fault:?}");
        t.proxy.mend();
        t.s.mlprov(&["verify", &format!("{group}/1")]).success();
    }
}

/// What SageMaker answers to one kind of request.
macro_rules! says {
    ($call:literal, $status:literal, $error:literal) => {
        Disguise {
            request: |head| {
                let head = head.to_owned();
                if !head.to_lowercase().contains(concat!("sagemaker.", $call, "\r\n")) {
                    return Instead::Ask(head);
                }
                let body = concat!("{\"__type\":\"", $error, "\",\"message\":\"User is not authorized or too fast\"}");
                let length = body.len();
                Instead::Answer(format!(
                    "HTTP/1.1 {} No\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {length}\r\n\r\n{body}",
                    $status
                ))
            },
            ..Disguise::default()
        }
    };
}

#[test]
fn what_is_denied_or_throttled_is_named_and_leaves_nothing_half_done() {
    let Some(t) = team("what_is_denied_or_throttled_is_named_and_leaves_nothing_half_done") else { return };
    let calls: [(&str, [Disguise; 2]); 4] = [
        (
            "ListModelPackages",
            [
                says!("listmodelpackages", 400, "AccessDeniedException"),
                says!("listmodelpackages", 400, "ThrottlingException"),
            ],
        ),
        (
            "DescribeModelPackageGroup",
            [
                says!("describemodelpackagegroup", 400, "AccessDeniedException"),
                says!("describemodelpackagegroup", 400, "ThrottlingException"),
            ],
        ),
        (
            "CreateModelPackageGroup",
            [
                says!("createmodelpackagegroup", 400, "AccessDeniedException"),
                says!("createmodelpackagegroup", 400, "ThrottlingException"),
            ],
        ),
        (
            "CreateModelPackage",
            [
                says!("createmodelpackage", 400, "AccessDeniedException"),
                says!("createmodelpackage", 400, "ThrottlingException"),
            ],
        ),
    ];
    for (call, ways) in calls {
        for (disguise, word) in ways.into_iter().zip(["AccessDenied", "Throttling"]) {
            let group = format!("{call}{word}");
            t.proxy.disguise(disguise);
            let before = t.s.entries().len();
            t.s.mlprov(&t.register(&group)).code(3).says(call).says(word);
            assert_eq!((t.s.entries().len(), t.packages(&group).len()), (before, 0), "{group}");
            t.proxy.mend();
            t.s.mlprov(&t.register(&group)).success();
            assert_eq!(t.packages(&group).len(), 1, "{group}");
        }
    }
    t.s.json(&t.register("decided"));
    for (disguise, word) in [
        (says!("updatemodelpackage", 400, "AccessDeniedException"), "AccessDenied"),
        (says!("updatemodelpackage", 400, "ThrottlingException"), "Throttling"),
    ] {
        t.proxy.disguise(disguise);
        t.s.mlprov(&["model", "approve", "decided/1"]).code(3).says("UpdateModelPackage").says(word);
    }
    t.proxy.disguise(says!("describemodelpackage", 400, "AccessDeniedException"));
    t.s.mlprov(&["verify", "decided/1"]).code(3).shows("unreachable model package");
    t.proxy.mend();
    assert_eq!(t.count("model.approved"), 0);
    t.s.mlprov(&["verify", "decided/1"]).success();
}

#[test]
fn twenty_runs_register_at_the_same_time() {
    let Some(t) = team("twenty_runs_register_at_the_same_time") else { return };
    let mut runs = Vec::new();
    for n in 0..20 {
        let script = format!("echo {n} > m{n}.bin");
        let out = format!("m{n}.bin");
        let report = t.s.json(&["run", "-d", "data", "-o", &out, "--", "sh", "-c", &script]);
        runs.push((out, report["run"].as_str().unwrap().to_owned()));
    }
    let start = |(out, run): &(String, String)| {
        t.s.child(&["model", "register", out, "--model-group", "twenty", "--run", run])
    };
    for mut child in runs.iter().map(start).collect::<Vec<_>>() {
        assert!(child.wait().unwrap().success());
    }
    let mut arns = t.packages("twenty");
    arns.extend(
        // Lists have pages.
        (1..=20).map(|n| {
            t.s.json(&["model", "show", &format!("twenty/{n}")])["arn"].as_str().unwrap().to_owned()
        }),
    );
    arns.sort();
    arns.dedup();
    assert_eq!((arns.len(), t.count("model.registered")), (20, 20));
    for n in 1..=20 {
        t.s.mlprov(&["verify", &format!("twenty/{n}")]).success();
    }
}

/// The package is there, and the entry is not: the process was killed in between.
#[test]
fn sync_finishes_a_registration_and_asks_once_for_many_packages() {
    let test = "sync_finishes_a_registration_and_asks_once_for_many_packages";
    let Some(t) = team(test) else { return };
    for group in ["cut", "whole"] {
        t.s.mlprov(&t.register(group)).success();
    }
    let files = ["journal", "head", "signed", "checkpoint", "lookup.ids", "lookup.offsets"];
    let before = files.map(|name| (name, std::fs::read(t.s.ledger(name)).unwrap()));
    t.s.mlprov(&t.register("half")).success();
    before.iter().for_each(|(name, bytes)| std::fs::write(t.s.ledger(name), bytes).unwrap());
    let _ = std::fs::remove_dir_all(t.s.state_dir().join("seen"));
    t.s.mlprov(&["model", "list", "half"]).success().shows("PendingManualApproval, not recorded");

    t.s.mlprov(&["sync"]).success().shows("whose registration had been interrupted");
    assert_eq!((t.packages("half").len(), t.count("model.registered")), (1, 3));
    t.s.mlprov(&["verify", "half/1"]).success();
    t.proxy.mend();
    t.s.mlprov(&["sync"]).success();
    // The groups, which others may have many of, and one list of each.
    let is_groups = |head: &&String| head.to_lowercase().contains("sagemaker.listmodelpackagegroups\r\n");
    let groups = t.proxy.heads().iter().filter(is_groups).count();
    assert_eq!((t.proxy.count() - groups, groups > 0), (3, true), "{:?}", t.proxy.heads());
    // What is of the clone alone asks nobody.
    t.proxy.mend();
    t.s.commit_all("second");
    t.s.mlprov(&["status"]).success();
    t.s.mlprov(&["prune"]).success();
    assert_eq!(t.proxy.count(), 0);
}

#[test]
fn nobody_is_asked_before_the_user_agreed() {
    let Some(t) = team("nobody_is_asked_before_the_user_agreed") else { return };
    t.s.git(&["push", "-q", "origin", "main"]);
    std::fs::remove_file(t.s.path(".git/mlprov/agreed")).unwrap();
    t.proxy.mend();
    t.s.mlprov(&t.register("asked")).code(2).says("nobody has agreed").says("mlprov init");
    assert_eq!(t.proxy.count(), 0);
}
