//! The whole way, with the real binary: from an empty account to a project in it.

use crate::apply::each_server;
use crate::common::Sandbox;
use crate::common::proxy::Proxy;
use crate::common::servers::Server;
use crate::common::servers::give_credentials;
use crate::common::servers::raw;
use crate::common::skipped;

fn sandbox(server: &Server) -> Sandbox {
    let s = Sandbox::git_repo();
    give_credentials(server, &s.home());
    s
}

#[test]
fn from_an_empty_account_to_a_run_that_verifies() {
    each_server(|server| {
        let s = sandbox(server);
        let place = "s3://infra-project/team";
        let init = ["init", "--aws", "--name", "shop", "--endpoint-url", &server.url, "--store", place];
        // Nothing is made before somebody agreed.
        s.mlprov(&[&init[..], &["--plan"]].concat()).success().shows("+ bucket infra-project");
        s.mlprov(&init).code(2).says("there is no terminal to ask on");
        let (aws, client) = raw(server);
        assert!(aws.wait(client.head_bucket().bucket("infra-project").send()).is_err());
        assert!(!s.path(".mlprov").exists());

        let out = s.mlprov(&[&init[..], &["--yes"]].concat());
        out.success().shows("ledger  s3://infra-project/team/").shows("changes made");
        let config = s.read(".mlprov/config.toml");
        assert!(config.contains("[aws]") && config.contains("region = \"us-east-1\""), "{config}");
        s.mlprov(&["infra", "plan", "--exit-code"]).success().shows("everything is as it shall be");
        s.mlprov(&["infra", "apply"]).success().shows("nothing was changed");

        // The policy lets the project work.
        s.write("data/a.csv", "1\n");
        s.mlprov(&["track", "data"]).success();
        s.commit_all("first");
        let train = ["run", "--model", "m.bin", "--model-group", "shop", "--", "sh", "-c", "echo m > m.bin"];
        s.mlprov(&train).success();
        s.mlprov(&["sync"]).success();
        s.mlprov(&["verify", "latest"]).success();
        s.mlprov(&["ledger", "audit", "--remote", "--versions"]).success();
    });
}

#[test]
fn without_a_name_for_the_bucket_the_account_makes_it_one() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let s = sandbox(server);
    let init = ["init", "--aws", "--name", "Fraud Model", "--endpoint-url", &server.url, "--yes"];
    s.mlprov(&init).success().shows("s3://mlprov-fraud-model-d9dc9a26-000000000000-us-east-1/");
    let config = s.read(".mlprov/config.toml");
    assert!(config.contains("owner = \"000000000000\""), "{config}");
    s.mlprov(&["infra", "plan", "--exit-code"]).success();
    // It is a project now.
    s.mlprov(&init).code(2).says("mlprov infra apply");
}

#[test]
fn drift_is_shown_and_repaired_and_choices_are_settings() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let s = sandbox(server);
    let place = "s3://infra-choices/team";
    let init = ["init", "--aws", "--name", "shop", "--endpoint-url", &server.url, "--ledger", place, "--yes"];
    s.mlprov(&init).success();
    let (aws, client) = raw(server);
    aws.wait(client.delete_bucket_lifecycle().bucket("infra-choices").send()).unwrap();
    let planned = s.mlprov(&["--json", "infra", "plan", "--exit-code"]);
    planned.code(1);
    let json = planned.json();
    assert_eq!(json["schema"], "mlprov.infra/1");
    let changes: Vec<&str> = json["differences"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|d| d["change"] == "create")
        .map(|d| d["property"].as_str().unwrap())
        .collect();
    assert_eq!(changes, ["lifecycle rule mlprov-inbox:team", "lifecycle rule mlprov-uploads:team"]);
    s.mlprov(&["infra", "apply"]).code(2).says("no terminal");
    s.mlprov(&["infra", "apply", "--yes"]).success().shows("2 changes made");
    let config = s.read(".mlprov/config.toml");
    s.write(
        ".mlprov/config.toml",
        config.replace("deletion_protection = true", "deletion_protection = false"),
    );
    s.mlprov(&["infra", "plan"]).success().shows("- policy statement MlprovKeepBucket");
    s.mlprov(&["infra", "apply", "--yes"]).success().shows("1 change made");
    s.mlprov(&["infra", "show"]).success().shows("versioning: Enabled");
    let policy = s.mlprov(&["infra", "show", "--policy", "writer"]).success().json();
    assert!(policy["Statement"].as_array().unwrap().len() > 3);
}

#[test]
fn where_settings_lead_nobody_agreed_to_nothing_is_sent() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let s = sandbox(server);
    let place = "s3://infra-agreed/team";
    let init = ["init", "--aws", "--name", "shop", "--endpoint-url", &server.url, "--ledger", place, "--yes"];
    s.mlprov(&init).success();
    let trap = Proxy::new(&server.url);
    let config = s.read(".mlprov/config.toml");
    s.write(".mlprov/config.toml", config.replace(&server.url, &trap.url));
    for words in [&["infra", "plan"][..], &["infra", "apply", "--yes"], &["infra", "show"]] {
        s.mlprov(words).code(2).says("nobody has agreed");
    }
    assert_eq!(trap.count(), 0);
}

#[test]
fn a_project_of_this_clone_alone_has_no_buckets() {
    let s = Sandbox::repo();
    s.mlprov(&["infra", "plan"])
        .code(2)
        .says("nothing of this project lies in a bucket")
        .says("mlprov migrate");
}

#[test]
fn a_refusal_is_one_sentence_with_the_permission_and_what_to_do() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let s = sandbox(server);
    let proxy = Proxy::new(&server.url);
    let place = "s3://infra-denied/team";
    let init = ["init", "--aws", "--name", "shop", "--endpoint-url", &proxy.url, "--ledger", place, "--yes"];
    for (status, code, says, hint) in [
        ("403 Forbidden", "AccessDenied", "you are not allowed to", "an admin of the account can allow"),
        ("400 Bad Request", "ExpiredToken", "your credentials have expired", "aws sso login"),
        ("403 Forbidden", "RequestTimeTooSkewed", "clock of this machine", "timedatectl"),
        ("409 Conflict", "BucketAlreadyExists", "name is taken", "choose another name"),
        ("400 Bad Request", "TooManyBuckets", "quota", "service-quotas"),
        ("400 Bad Request", "IllegalLocationConstraintException", "another region", "--region"),
    ] {
        proxy.answer_instead("PUT", "/infra-denied", status, code);
        let out = s.mlprov(&init);
        out.code(2).says("s3:CreateBucket on bucket infra-denied").says(says).says(hint);
        assert!(!s.path(".mlprov").exists(), "{code}");
    }
    proxy.answer_instead("PUT", "?versioning", "403 Forbidden", "AccessDenied");
    s.mlprov(&init).code(2).says("3 of 8 requests were carried out: s3:PutBucketVersioning on bucket infra-denied: you are not allowed to (403 AccessDenied: no)");
    proxy.mend();
    s.mlprov(&init).success();
    s.mlprov(&["infra", "plan", "--exit-code"]).success();
}
