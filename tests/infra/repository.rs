//! A repository of CodeCommit as a remote. Moto makes and names it; nothing serves git there, so nothing is pushed.

use crate::common::Sandbox;
use crate::common::servers::Server;
use crate::common::servers::ask_elsewhere;
use crate::common::servers::aws;
use crate::common::servers::give_credentials;
use crate::common::skipped;
use aws_sdk_codecommit::Client;

const HELPER: &str = "!aws codecommit credential-helper $@";

fn url(name: &str) -> String {
    format!("https://git-codecommit.us-east-1.amazonaws.com/v1/repos/{name}")
}

/// Buckets at ministack, repositories at moto.
fn sandbox() -> Option<Sandbox> {
    let (Some(moto), Some(server)) = (Server::moto(), Server::ministack()) else {
        skipped("moto or ministack is not installed (tests/run.sh does it)");
        return None;
    };
    let s = Sandbox::git_repo();
    give_credentials(server, &s.home());
    ask_elsewhere(&s.home(), &[("s3", &server.url), ("sts", &server.url), ("codecommit", &moto.url)]);
    Some(s)
}

fn config(s: &Sandbox, key: &str) -> String {
    s.git(&["config", "--local", "--get-all", key]).trim().to_owned()
}

#[test]
fn a_new_repository_becomes_origin_with_a_helper_that_sees_the_path() {
    let Some(s) = sandbox() else { return };
    let init = ["init", "--aws", "--name", "Code One", "--codecommit"];
    let planned = s.mlprov(&[&init[..], &["--plan"]].concat());
    planned.success().shows("+ repository Code-One").shows("git remote origin of this clone");
    planned.shows(&format!("credential helper: {HELPER}"));
    assert_eq!(s.git(&["remote"]), "");
    s.mlprov(&[&init[..], &["--yes"]].concat())
        .success()
        .says(&format!("added git remote origin: {}", url("Code-One")));
    let url = url("Code-One");
    assert_eq!(s.git(&["remote", "get-url", "origin"]).trim(), url);
    assert_eq!(config(&s, &format!("credential.{url}.helper")), HELPER);
    assert!(
        config(&s, "remote.origin.fetch").starts_with("+refs/heads/*:refs/remotes/origin/*\n+refs/notes/")
    );
    assert!(s.read(".mlprov/config.toml").contains("codecommit = \"Code-One\""));
    let moto = Server::moto().unwrap();
    let aws = aws(&moto.url, [moto.access_key, moto.secret_key]);
    let client = Client::new(aws.config());
    aws.wait(client.get_repository().repository_name("Code-One").send()).unwrap();

    // git asks the helper with the path that it has to sign; here it only tells what it was asked.
    s.write("../bin/aws", "#!/bin/sh\necho \"$@\" > asked\ncat >> asked\necho username=u\necho password=p\n");
    let line = format!(
        "chmod +x ../bin/aws && printf 'url={url}\\n\\n' | PATH=$PWD/../bin:$PATH git credential fill"
    );
    s.paste("repo", &line).success().shows("username=u");
    let asked = s.read("asked");
    assert!(asked.starts_with("codecommit credential-helper get\n"), "{asked}");
    assert!(asked.contains("path=v1/repos/Code-One\n"), "{asked}");

    // What is missing of it is planned; that another clone has it not is no drift of the account.
    s.git(&["config", "--unset", &format!("credential.{url}.helper")]);
    s.mlprov(&["infra", "plan", "--exit-code"]).success().shows("git remote origin of this clone");
    // What was made is told, even if git's settings cannot be written.
    s.write(".git/config.lock", "");
    let failed = s.mlprov(&["--json", "infra", "apply", "--yes"]);
    assert!(failed.stdout().starts_with("{\n  \"changed\": []"), "{}", failed.stdout());
    assert!(
        failed.stderr().contains("config.lock") || failed.stderr().contains("settings of git"),
        "{}",
        failed.stderr()
    );
    std::fs::remove_file(s.path(".git/config.lock")).unwrap();
    s.mlprov(&["infra", "apply", "--yes"]).success();
    assert_eq!(config(&s, &format!("credential.{url}.helper")), HELPER);

    // Again: nothing more.
    let before = s.read(".git/config");
    s.mlprov(&["infra", "apply"]).success().shows("nothing was changed");
    assert_eq!(s.read(".git/config"), before);
    let policy = |role| s.mlprov(&["infra", "show", "--policy", role]).success().stdout();
    assert!(policy("writer").contains("codecommit:GitPush") && !policy("reader").contains("GitPush"));
    assert!(policy("reader").contains("arn:aws:codecommit:us-east-1:000000000000:Code-One"));
}

#[test]
fn remotes_that_are_there_stay_as_they_are() {
    let Some(s) = sandbox() else { return };
    s.git(&["remote", "add", "origin", "https://example.org/theirs.git"]);
    let key = format!("credential.{}.helper", url("code-two"));
    s.git(&["config", &key, "my-own"]);
    let init = ["init", "--aws", "--name", "x", "--codecommit", "code-two", "--yes"];
    s.mlprov(&init).success().says("added git remote codecommit");
    assert_eq!(config(&s, "remote.origin.url"), "https://example.org/theirs.git");
    assert_eq!(config(&s, "remote.codecommit.url"), url("code-two"));
    assert_eq!(config(&s, &key), "my-own");
    // Both names are taken.
    s.git(&["remote", "set-url", "codecommit", "https://example.org/other.git"]);
    let again = s.mlprov(&["infra", "apply"]);
    again.success().says("none was added").says(&format!("git remote add NAME {}", url("code-two")));
    assert_eq!(config(&s, "remote.codecommit.url"), "https://example.org/other.git");
    // A remote that has it already will do, whatever it is called.
    s.git(&["remote", "add", "mine", &url("code-two")]);
    let again = s.mlprov(&["infra", "apply"]);
    assert!(!again.success().stderr().contains("none was added"));
}

#[test]
fn a_repository_that_is_there_is_used() {
    let Some(s) = sandbox() else { return };
    let moto = Server::moto().unwrap();
    let aws = aws(&moto.url, [moto.access_key, moto.secret_key]);
    aws.wait(Client::new(aws.config()).create_repository().repository_name("code-three").send()).unwrap();
    let init = ["init", "--aws", "--name", "y", "--codecommit", "code-three", "--yes"];
    let out = s.mlprov(&init);
    assert!(!out.success().stderr().contains("create repository"));
    assert_eq!(config(&s, "remote.origin.url"), url("code-three"));
}
