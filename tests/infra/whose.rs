//! Whose a resource is: of another account, or of another project, nothing is changed.

use crate::common::Sandbox;
use crate::common::servers::Server;
use crate::common::servers::give_credentials;
use crate::common::servers::raw;
use crate::common::skipped;

/// A project in a bucket, with a log key, of which everything is at this server.
fn project(server: &Server, place: &str, name: &str, more: &[&str]) -> Sandbox {
    let s = Sandbox::git_repo();
    give_credentials(server, &s.home());
    let init = ["init", "--aws", "--name", name, "--endpoint-url", &server.url, "--ledger", place, "--yes"];
    s.mlprov(&[&init[..], more].concat()).success();
    s
}

/// An access key of 12 digits is the account, at ministack; whose bucket it is it does not check.
#[test]
fn as_somebody_of_another_account_nothing_is_planned_made_or_deleted() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let s = project(server, "s3://whose-account/team", "shop", &["--log-key", "alias/whose-account"]);
    let config = s.read(".mlprov/config.toml");
    assert!(config.contains("owner = \"000000000000\""), "{config}");
    s.mlprov(&["infra", "plan", "--exit-code"]).success();
    let theirs = config
        .replace("owner = \"000000000000\"", "owner = \"111111111111\"")
        .replace("deletion_protection = true", "deletion_protection = false");
    s.write(".mlprov/config.toml", &theirs);
    // Settings that lead elsewhere are agreed to anew.
    s.mlprov(&["init", "--yes"]).success();
    for words in [
        &["infra", "plan"][..],
        &["infra", "apply", "--yes"],
        &["infra", "show"],
        &["infra", "destroy", "--yes"],
        &["infra", "destroy", "--including-data", "--confirm", "shop"],
    ] {
        let out = s.mlprov(words);
        out.code(2).says("account 000000000000").says("belong to account 111111111111 (owner)");
    }
    // Nor is a bucket made there, where all there is to make is one.
    let keyless = theirs
        .replace("kms_key = \"alias/whose-account\"\n", "")
        .replace("checkpoint = \"kms\"", "checkpoint = \"file\"");
    s.write(".mlprov/config.toml", keyless.replace("whose-account", "whose-other-account"));
    s.mlprov(&["init", "--yes"]).code(3);
    s.mlprov(&["infra", "apply", "--yes"]).code(2).says("belong to account 111111111111");
    let (aws, client) = raw(server);
    assert!(aws.wait(client.head_bucket().bucket("whose-other-account").send()).is_err());
}

#[test]
fn a_bucket_is_one_projects() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let s = project(server, "s3://whose-bucket/one", "one", &[]);
    let (aws, client) = raw(server);
    let policy = || {
        let told = aws.wait(client.get_bucket_policy().bucket("whose-bucket").send()).unwrap();
        told.policy().unwrap().to_owned()
    };
    let before = policy();
    let other = Sandbox::git_repo();
    give_credentials(server, &other.home());
    let init = ["init", "--aws", "--endpoint-url", &server.url, "--ledger", "s3://whose-bucket/two", "--yes"];
    let named = |name| [&init[..], &["--name", name]].concat();
    let out = other.mlprov(&named("two"));
    out.code(2).says("it is tagged as project \"one\", and this is \"two\"").says("another name is needed");
    // By the same name it is another one all the same.
    other
        .mlprov(&named("one"))
        .code(2)
        .says("of another project of this name")
        .says("another name is needed");
    assert_eq!(policy(), before);
    s.mlprov(&["infra", "plan", "--exit-code"]).success();

    // What of ours was taken out of it is put back.
    let ours = before.replace(
        "\"arn:aws:s3:::whose-bucket/one/ledger/checkpoint\"",
        "\"arn:aws:s3:::whose-bucket/one/data/*\"",
    );
    assert_ne!(ours, before);
    aws.wait(client.put_bucket_policy().bucket("whose-bucket").policy(ours).send()).unwrap();
    s.mlprov(&["infra", "apply", "--yes"]).success().shows("1 change made");
    assert!(policy().contains("one/ledger/checkpoint"));
}

/// Trail, policies and key are found by names, which two projects may share.
#[test]
fn two_projects_of_one_name_do_not_take_each_others_trail_policies_or_key() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let everything = ["--trail", "--iam", "--log-key", "alias/whose-same"];
    let s = project(server, "s3://whose-same-1/team", "same", &everything);
    for alone in [&["--trail"][..], &["--iam"], &["--log-key", "alias/whose-same"]] {
        let other = Sandbox::git_repo();
        give_credentials(server, &other.home());
        let place = ["--ledger", "s3://whose-same-2/team"];
        let init = ["init", "--aws", "--name", "same", "--endpoint-url", &server.url, "--yes"];
        let out = other.mlprov(&[&init[..], &place, alone].concat());
        out.code(2).says("of another project of this name").says("another name is needed");
        let (aws, client) = raw(server);
        assert!(aws.wait(client.head_bucket().bucket("whose-same-2").send()).is_err(), "{alone:?}");
    }
    s.mlprov(&["infra", "plan", "--exit-code"]).success();
}

/// What it leaves in its bucket is kept there.
#[test]
fn a_project_that_moved_within_its_bucket_keeps_both_places() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let s = project(server, "s3://whose-moved/one", "moved", &[]);
    s.write("data/a.csv", "1\n");
    s.mlprov(&["track", "data"]).success();
    s.commit_all("first");
    s.mlprov(&["sync"]).success();
    let to = ["--ledger", "s3://whose-moved/two", "--store", "s3://whose-moved/two"];
    let moved = [&["migrate", "--endpoint-url", &server.url, "--yes"][..], &to].concat();
    s.mlprov(&moved).success();
    s.mlprov(&["infra", "plan"]).success().shows("~ policy statement MlprovKeep");
    s.mlprov(&["infra", "apply", "--yes"]).success();
    s.mlprov(&["infra", "plan", "--exit-code"]).success();
    let (aws, client) = raw(server);
    let told = aws.wait(client.get_bucket_policy().bucket("whose-moved").send()).unwrap();
    let policy = told.policy().unwrap();
    for kept in ["whose-moved/one/data/*", "whose-moved/one/ledger/commit/*", "whose-moved/two/data/*"] {
        assert!(policy.contains(kept), "{kept}: {policy}");
    }
}
