//! Policies of IAM for the roles, as moto and ministack play it.

use crate::apply::apply;
use crate::common::Sandbox;
use crate::common::proxy::Disguise;
use crate::common::proxy::Instead;
use crate::common::proxy::Proxy;
use crate::common::servers::Server;
use crate::common::servers::ask_elsewhere;
use crate::common::servers::aws;
use crate::common::servers::give_credentials;
use crate::common::skipped;
use crate::trail::at;
use crate::trail::each_server;
use crate::trail::with_trail;
use aws_sdk_iam::Client;
use aws_sdk_iam::types::PolicyEvaluationDecisionType;
use aws_sdk_iam::types::Tag;
use mlprov::app::infra;
use mlprov::app::infra::Wanted;
use mlprov::infra::description::Description;
use mlprov::infra::roles;
use mlprov::infra::roles::Role;
use mlprov::ports::account::Account;
use mlprov::ports::account::Deletion;
use mlprov::ports::account::Kind;
use mlprov::ports::account::Parts;
use mlprov::stores::aws::account::AwsAccount;
use mlprov::stores::aws::runtime::Aws;

/// Only the policies: what they name need not be there.
fn wanted(name: &str, server: &'static Server) -> (Description, Vec<Wanted>) {
    let whole = with_trail("infra-policies");
    let whose = whole.trail.as_ref().unwrap().whose.clone();
    let description = Description { name: name.to_owned(), iam: true, whose: Some(whose), ..whole };
    let policies = description.resources().into_iter().filter(|r| r.name.kind == Kind::ManagedPolicy);
    let account = || std::rc::Rc::new(AwsAccount::new(at(server), None));
    let wanted = policies.map(|resource| Wanted { resource, account: account() }).collect();
    (description, wanted)
}

fn client(server: &Server) -> (Aws, Client) {
    let aws = at(server);
    let client = Client::new(aws.config());
    (aws, client)
}

#[test]
fn there_is_one_for_each_role_and_nobody_has_it() {
    each_server(|server| {
        let (description, wanted) = wanted("all-roles", server);
        let planned = infra::plan(&wanted).unwrap();
        let report = apply(&wanted, &planned).unwrap();
        assert_eq!(report.remaining, [], "{}", server.name);
        assert!(infra::plan(&wanted).unwrap().is_empty(), "{}", server.name);
        let (aws, client) = client(server);
        for role in Role::ALL {
            let arn = format!("arn:aws:iam::123456789012:policy/mlprov-all-roles-{}", role.name());
            assert_eq!(description.policy_arn(role).as_ref(), Some(&arn));
            let told = aws.wait(client.get_policy().policy_arn(&arn).send()).unwrap();
            let policy = told.policy().unwrap();
            assert_eq!(policy.attachment_count(), Some(0), "{}", server.name);
            // Nothing was made twice on the way.
            assert_eq!(policy.default_version_id(), Some("v1"), "{}", server.name);
        }
    });
}

#[test]
fn what_drifted_of_a_policy_is_repaired_within_five_versions() {
    each_server(|server| {
        let (description, wanted) = wanted("drift", server);
        apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap();
        let (aws, client) = client(server);
        let arn = description.policy_arn(Role::Writer).unwrap();
        let versions = || -> Vec<(String, bool)> {
            let told = aws.wait(client.list_policy_versions().policy_arn(&arn).send()).unwrap();
            let mut all: Vec<(String, bool)> = told
                .versions()
                .iter()
                .map(|v| (v.version_id().unwrap().to_owned(), v.is_default_version()))
                .collect();
            all.sort_by_key(|(id, _)| id[1..].parse::<u32>().unwrap());
            all
        };
        let weaken = |n: usize| {
            let weak = format!(
                r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"S{n}","Effect":"Allow","Action":"s3:*","Resource":"*"}}]}}"#
            );
            let asked = client.create_policy_version().policy_arn(&arn).policy_document(weak);
            aws.wait(asked.set_as_default(true).send()).unwrap();
        };
        // Up to the fifth there is room, then the oldest goes; the one that counts never does.
        for n in 0..4 {
            weaken(n);
            let planned = infra::plan(&wanted).unwrap();
            assert_eq!(planned.steps.len(), 1, "{}: {planned:#?}", server.name);
            assert_eq!(apply(&wanted, &planned).unwrap().remaining, [], "{}: {n}", server.name);
            assert!(infra::plan(&wanted).unwrap().is_empty(), "{}: {n}", server.name);
            if versions().len() == 5 {
                let oldest = versions().into_iter().find(|(_, counts)| !counts).unwrap().0;
                aws.wait(client.delete_policy_version().policy_arn(&arn).version_id(oldest).send()).unwrap();
            }
        }
        weaken(9);
        assert_eq!(versions().len(), 5, "{}", server.name);
        let before = versions();
        assert_eq!(apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap().remaining, []);
        let after = versions();
        assert_eq!(after.len(), 5, "{}", server.name);
        assert!(!after.iter().any(|(id, _)| *id == before[0].0), "{}: {before:?} {after:?}", server.name);
        assert!(infra::plan(&wanted).unwrap().is_empty(), "{}", server.name);

        aws.wait(client.untag_policy().policy_arn(&arn).tag_keys("mlprov:project").send()).unwrap();
        let tag = |key: &str| Tag::builder().key(key).value("x").build().unwrap();
        let asked = client.tag_policy().policy_arn(&arn).tags(tag("mlprov:old")).tags(tag("team"));
        aws.wait(asked.send()).unwrap();
        let planned = infra::plan(&wanted).unwrap();
        assert_eq!((planned.steps.len(), planned.changes().count()), (1, 2), "{}", server.name);
        assert_eq!(apply(&wanted, &planned).unwrap().remaining, [], "{}", server.name);
        let told = aws.wait(client.list_policy_tags().policy_arn(&arn).send()).unwrap();
        let mut keys: Vec<&str> = told.tags().iter().map(|tag| tag.key()).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["mlprov:managed-by", "mlprov:project", "team"], "{}", server.name);
    });
}

/// By ministack's own evaluation of policies: which of them are decided as IAM would, AWS alone knows.
#[test]
fn ministack_takes_the_policies_for_what_they_say() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let (description, _) = wanted("simulated", server);
    let (aws, client) = client(server);
    let decided = |role: Role, action: &str, resource: &str| {
        let policy = roles::policy(&description, role).to_string();
        let asked = client.simulate_custom_policy().policy_input_list(policy).action_names(action);
        let told = aws.wait(asked.resource_arns(resource).send()).unwrap();
        let [result] = told.evaluation_results() else { panic!("{told:?}") };
        *result.eval_decision() == PolicyEvaluationDecisionType::Allowed
    };
    use Role::*;
    let bucket = "arn:aws:s3:::infra-policies";
    let logs = "arn:aws:s3:::mlprov-trail-infra-policies-123456789012-us-east-1/AWSLogs/x";
    for (action, resource, roles) in [
        ("s3:GetObjectVersion", format!("{bucket}/t/data/a.csv"), &[Reader, Writer, Publisher, Auditor][..]),
        ("s3:PutObject", format!("{bucket}/t/data/a.csv"), &[Writer, Publisher]),
        ("s3:PutObject", format!("{bucket}/t/ledger/checkpoint"), &[Publisher]),
        ("s3:DeleteObject", format!("{bucket}/t/ledger/inbox/x"), &[Writer, Publisher]),
        ("s3:DeleteObjectVersion", format!("{bucket}/t/data/a.csv"), &[]),
        ("s3:GetObject", format!("{bucket}/other/a.csv"), &[]),
        ("s3:PutBucketPolicy", bucket.to_owned(), &[]),
        ("s3:GetBucketPolicy", bucket.to_owned(), &[Auditor]),
        ("s3:GetObject", logs.to_owned(), &[Auditor]),
        ("s3:PutObject", logs.to_owned(), &[]),
        (
            "cloudtrail:GetTrail",
            "arn:aws:cloudtrail:us-east-1:123456789012:trail/mlprov-infra-policies".to_owned(),
            &[Auditor],
        ),
    ] {
        for role in Role::ALL {
            assert_eq!(
                decided(role, action, &resource),
                roles.contains(&role),
                "{role:?} {action} {resource}"
            );
        }
    }
}

#[test]
fn only_who_asks_for_them_gets_them() {
    let (Some(moto), Some(server)) = (Server::moto(), Server::ministack()) else {
        return skipped("moto or ministack is not installed");
    };
    let s = Sandbox::git_repo();
    give_credentials(server, &s.home());
    ask_elsewhere(&s.home(), &[("s3", &server.url), ("sts", &moto.url), ("iam", &moto.url)]);
    let place = ["--ledger", "s3://infra-policies-cli/team"];
    let init = [&["init", "--aws", "--name", "Asked For", "--yes"][..], &place].concat();
    assert!(!s.mlprov(&init).success().stderr().contains("IAM"));
    let apply = s.mlprov(&["infra", "apply", "--iam", "--yes"]);
    apply.success().says("create IAM policy arn:aws:iam::123456789012:policy/mlprov-Asked-For-auditor");
    apply.says("+ iam = true");
    // From then on the settings say so: a later plan and `destroy` know of them.
    assert!(s.read(".mlprov/config.toml").contains("iam = true"));
    s.mlprov(&["infra", "plan", "--exit-code"])
        .success()
        .shows("IAM policy arn:aws:iam::123456789012:policy/");
    let config = s.read(".mlprov/config.toml");
    s.write(
        ".mlprov/config.toml",
        config.replace("deletion_protection = true", "deletion_protection = false"),
    );
    s.mlprov(&["infra", "apply", "--yes"]).success();
    s.mlprov(&["infra", "destroy", "--yes"]).success().shows("mlprov-Asked-For-auditor: gone");
}

/// Somebody is given it between the look and the deletion.
#[test]
fn a_policy_that_somebody_was_given_meanwhile_stays() {
    let Some(moto) = Server::moto() else { return skipped("moto is not installed") };
    let (_, all) = wanted("meanwhile", moto);
    apply(&all, &infra::plan(&all).unwrap()).unwrap();
    let proxy = Proxy::new(&moto.url);
    // What is asked stands in the body, which it does not show: of the three requests only this one is so long.
    let request = |head: &str| {
        let arn = "arn%3Aaws%3Aiam%3A%3A123456789012%3Apolicy%2Fmlprov-meanwhile-reader";
        let length = format!("Action=DeletePolicy&Version=2010-05-08&PolicyArn={arn}").len();
        match head.to_ascii_lowercase().contains(&format!("content-length: {length}\r\n")) {
            true => Instead::Answer(conflict()),
            false => Instead::Ask(head.to_owned()),
        }
    };
    proxy.disguise(Disguise { request, ..Disguise::default() });
    let account = AwsAccount::new(aws(&proxy.url, [moto.access_key, moto.secret_key]), None);
    let reader = all.iter().find(|one| one.resource.name.name.ends_with("reader")).unwrap();
    let outcome = account.delete(&reader.resource.name, &Parts::new()).unwrap();
    assert_eq!(outcome, Deletion::Kept("somebody works under it".to_owned()));
    assert!(all[0].account.find(&reader.resource.name).unwrap().is_some());
}

fn conflict() -> String {
    let error = "<Error><Type>Sender</Type><Code>DeleteConflict</Code><Message>attached</Message></Error>";
    let body = format!("<ErrorResponse>{error}<RequestId>x</RequestId></ErrorResponse>");
    let head = format!("Content-Type: text/xml\r\nContent-Length: {}", body.len());
    format!("HTTP/1.1 409 Conflict\r\n{head}\r\n\r\n{body}")
}
