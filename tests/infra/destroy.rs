//! What goes, what does not, and what has to be said before.

use crate::apply;
use crate::apply::description;
use crate::common::Sandbox;
use crate::common::proxy::Disguise;
use crate::common::proxy::Fault;
use crate::common::proxy::Instead;
use crate::common::proxy::Proxy;
use crate::common::servers::Server;
use crate::common::servers::ask_elsewhere;
use crate::common::servers::aws;
use crate::common::servers::give_credentials;
use crate::common::servers::raw;
use crate::common::skipped;
use crate::faults::once;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::ObjectLockMode;
use mlprov::app::AppError;
use mlprov::app::destroy;
use mlprov::app::destroy::Choices;
use mlprov::app::destroy::DestroyReport;
use mlprov::app::infra;
use mlprov::app::infra::Wanted;
use mlprov::infra::description::Description;
use mlprov::infra::description::Use;
use mlprov::ports::account::Deletion;
use mlprov::ports::clock::Clock;
use mlprov::stores::local::clock::SystemClock;

const ALL: Choices = Choices { protected: false, including_data: true };
const BOTH: [&str; 2] = ["--including-data", "--confirm"];

/// A project with some history, all of it in a bucket.
fn project(server: &Server, bucket: &str, more: &[&str]) -> Sandbox {
    let s = Sandbox::git_repo();
    give_credentials(server, &s.home());
    let place = format!("s3://{bucket}/team");
    let init =
        ["init", "--aws", "--name", "shop", "--endpoint-url", &server.url, "--ledger", &place, "--yes"];
    s.mlprov(&[&init[..], more].concat()).success();
    s.write("data/a.csv", "1\n");
    s.mlprov(&["track", "data"]).success();
    s.commit_all("first");
    // What the hook left to somebody in the background.
    s.mlprov(&["sync"]).success();
    s
}

fn unprotect(s: &Sandbox) {
    let config = s.read(".mlprov/config.toml");
    s.write(
        ".mlprov/config.toml",
        config.replace("deletion_protection = true", "deletion_protection = false"),
    );
}

/// Versions and delete markers.
fn versions(server: &Server, bucket: &str) -> Vec<String> {
    let (aws, client) = raw(server);
    let (mut all, mut marker, mut id) = (Vec::new(), None, None);
    loop {
        let asked = client.list_object_versions().bucket(bucket);
        let asked = asked.set_key_marker(marker).set_version_id_marker(id);
        let Ok(page) = aws.wait(asked.send()) else { return Vec::new() };
        all.extend(page.versions().iter().map(|version| version.key().unwrap().to_owned()));
        all.extend(page.delete_markers().iter().map(|marker| marker.key().unwrap().to_owned()));
        if page.is_truncated() != Some(true) {
            return all;
        }
        marker = page.next_key_marker().map(str::to_owned);
        id = page.next_version_id_marker().map(str::to_owned);
    }
}

fn is_there(server: &Server, bucket: &str) -> bool {
    let (aws, client) = raw(server);
    aws.wait(client.head_bucket().bucket(bucket).send()).is_ok()
}

#[test]
fn nothing_goes_before_protection_is_off_and_the_name_is_given() {
    crate::apply::each_server(|server| {
        let bucket = format!("destroy-guards-{}", server.name.to_lowercase());
        let s = project(server, &bucket, &[]);
        let before = versions(server, &bucket);
        assert!(before.len() > 3, "{before:?}");
        let all = |name| [&["infra", "destroy", "--yes"][..], &BOTH, &[name]].concat();
        s.mlprov(&all("shop")).code(2).says("deletion protection is on").says("deletion_protection = false");
        s.mlprov(&["infra", "destroy", "--yes"]).code(2).says("deletion protection is on");
        // In the settings it is off; in the account it is on as long as nobody applied them.
        unprotect(&s);
        s.mlprov(&all("shop")).code(2).says("deletion protection is on");
        s.mlprov(&["infra", "apply", "--yes"]).success();
        s.mlprov(&["infra", "destroy", "--including-data", "--yes"])
            .code(2)
            .says("the project's name")
            .says("--confirm");
        s.mlprov(&all("Shop")).code(2).says("\"Shop\" is not the name of this project (\"shop\")");
        s.mlprov(&["infra", "destroy", "--confirm", "shop"]).code(2).says("--including-data");
        // Without --including-data neither bucket nor anything in it goes.
        s.mlprov(&["infra", "destroy", "--yes"])
            .success()
            .says("it stays without --including-data")
            .says("Nothing to delete");
        assert_eq!(versions(server, &bucket), before, "{}", server.name);

        // Somebody else's, beside the project.
        let (aws, client) = raw(server);
        let theirs = client.put_object().bucket(&bucket).key("other/x").body(b"x".to_vec().into());
        aws.wait(theirs.send()).unwrap();
        s.mlprov(&all("shop")).code(1).shows("stays: something is still in it");
        assert_eq!(versions(server, &bucket), ["other/x"], "{}", server.name);
        let told = aws.wait(client.list_object_versions().bucket(&bucket).send()).unwrap();
        let id = told.versions()[0].version_id().unwrap().to_owned();
        aws.wait(client.delete_object().bucket(&bucket).key("other/x").version_id(id).send()).unwrap();
        s.mlprov(&all("shop")).success().shows("gone");
        assert!(!is_there(server, &bucket), "{}", server.name);
        s.mlprov(&all("shop")).success().says("Nothing to delete");
    });
}

fn destroy(description: &Description, wanted: &[Wanted]) -> mlprov::app::Result<DestroyReport> {
    let choices = Choices { protected: description.deletion_protection, including_data: true };
    let plan = destroy::plan(wanted, choices)?;
    destroy::carry_out(wanted, &plan, choices, &|bucket| description.holdings(bucket), &|_, _| {})
}

/// A bucket with this many keys of three versions each, the last of them a delete marker.
fn filled(server: &'static Server, bucket: &str, keys: usize) -> (Description, Vec<Wanted>) {
    let description = Description { deletion_protection: false, ..description(bucket) };
    let wanted = apply::wanted(&description, server, &server.url);
    apply::apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap();
    let (aws, client) = raw(server);
    for n in 0..keys {
        let key = format!("t/ledger/inbox/{n:05}");
        for _ in 0..2 {
            let put = client.put_object().bucket(bucket).key(&key).body(b"x".to_vec().into());
            aws.wait(put.send()).unwrap();
        }
        aws.wait(client.delete_object().bucket(bucket).key(&key).send()).unwrap();
    }
    (description, wanted)
}

/// Every third request is tried, with `MLPROV_EVERY=1` all of them.
#[test]
fn interrupted_at_every_request_it_goes_on() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let every = if std::env::var_os("MLPROV_EVERY").is_some() { 1 } else { 3 };
    for fault in [Fault::NeverSent, Fault::DoneButError] {
        let mut n = 1;
        loop {
            n += every;
            let bucket = format!("destroy-fault-{}-{n}", fault as u8);
            let (description, _) = filled(server, &bucket, 2);
            let proxy = Proxy::new(&server.url);
            let wanted = apply::with(&description, || once(server, &proxy.url));
            proxy.break_request(n, fault, true);
            let tried = destroy(&description, &wanted);
            let broken = proxy.mend().len() >= n;
            assert_eq!(tried.is_err(), broken, "{fault:?} {n}: {tried:?}");
            let again = destroy(&description, &wanted).unwrap();
            assert!(
                again.resources.iter().all(|one| one.outcome == Deletion::Gone),
                "{fault:?} {n}: {again:?}"
            );
            assert!(!is_there(server, &bucket), "{fault:?} {n}");
            if !broken {
                break;
            }
        }
        assert!(n > 15, "{n}");
    }
}

/// A policy that only keeps what is there is gone before that goes: an empty one is taken by nobody.
#[test]
fn a_bucket_of_data_alone_goes_too() {
    apply::each_server(|server| {
        let bucket = format!("destroy-store-{}", server.name.to_lowercase());
        let mut description = Description { deletion_protection: false, ..description(&bucket) };
        description.buckets[0].uses.retain(|(what, _)| *what == Use::Store);
        let wanted = apply::wanted(&description, server, &server.url);
        apply::apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap();
        let (aws, client) = raw(server);
        let put = client.put_object().bucket(&bucket).key("t/data/a").body(b"x".to_vec().into());
        aws.wait(put.send()).unwrap();
        let report = destroy(&description, &wanted).unwrap();
        assert_eq!(report.resources[0].outcome, Deletion::Gone, "{}", server.name);
        assert!(!is_there(server, &bucket), "{}", server.name);
    });
}

/// More than a page of a thousand, with one in the middle that a retention holds, and others of its own key.
#[test]
fn page_by_page_everything_goes_but_what_is_locked() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let (bucket, (aws, client)) = ("destroy-pages", raw(server));
    let asked = client.create_bucket().bucket(bucket).object_lock_enabled_for_bucket(true);
    aws.wait(asked.send()).unwrap();
    let (mut description, _) = filled(server, bucket, 400);
    description.object_lock = true;
    let wanted = apply::wanted(&description, server, &server.url);
    apply::apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap();
    let until = SystemClock.now().unix_micros() / 1_000_000 + 3600;
    let lock = client.put_object().bucket(bucket).key("t/ledger/inbox/00333").body(b"locked".to_vec().into());
    let lock = lock.object_lock_mode(ObjectLockMode::Compliance);
    aws.wait(lock.object_lock_retain_until_date(DateTime::from_secs(until)).send()).unwrap();
    assert_eq!(versions(server, bucket).len(), 1_201);

    let plan = destroy::plan(&wanted, ALL).unwrap();
    assert!(plan.resources[0].note.unwrap().contains("retention or legal hold"), "{plan:?}");
    let told = std::cell::RefCell::new(Vec::new());
    let report = destroy::carry_out(&wanted, &plan, ALL, &|b| description.holdings(b), &|_, gone| {
        told.borrow_mut().push(gone);
    });
    let report = report.unwrap();
    let [one] = &report.resources[..] else { panic!("{report:?}") };
    let Deletion::Kept(why) = &one.outcome else { panic!("{report:?}") };
    assert!(why.starts_with("1 versions could not go (t/ledger/inbox/00333:"), "{why}");
    assert_eq!(one.versions, Some(1_200));
    assert_eq!(versions(server, bucket), ["t/ledger/inbox/00333"]);
    let told = told.into_inner();
    assert!(told.len() >= 2 && told.is_sorted() && told.last() == Some(&1_200), "{told:?}");
}

#[test]
fn trail_and_policies_go_without_the_data_and_the_rest_with_it() {
    let (Some(moto), Some(server)) = (Server::moto(), Server::ministack()) else {
        return skipped("moto or ministack is not installed");
    };
    let s = Sandbox::git_repo();
    give_credentials(server, &s.home());
    let (here, there) = (server.url.as_str(), moto.url.as_str());
    let all = [("s3", here), ("sts", here), ("kms", here), ("cloudtrail", here), ("iam", here)];
    ask_elsewhere(&s.home(), &[&all[..], &[("codecommit", there)]].concat());
    let init = ["init", "--aws", "--name", "gone", "--yes", "--trail", "--iam", "--codecommit"];
    let more = ["--log-key", "alias/destroy-gone"];
    s.mlprov(&[&init[..], &more].concat()).success();
    unprotect(&s);
    s.mlprov(&["infra", "apply", "--yes"]).success();
    let planned = s.mlprov(&["infra", "destroy"]);
    planned.code(2).says("- trail mlprov-gone").says("- IAM policy").says("no terminal").says("--yes");
    planned.says("  key alias/destroy-gone: it stays").says("  repository gone: it stays");
    let out = s.mlprov(&["infra", "destroy", "--yes"]);
    out.success().shows("trail mlprov-gone: gone").shows("policy/mlprov-gone-writer: gone");
    for bucket in ["mlprov-gone-000000000000-us-east-1", "mlprov-trail-gone-000000000000-us-east-1"] {
        assert!(is_there(server, bucket), "{bucket}");
    }
    s.mlprov(&["infra", "plan", "--exit-code"]).code(1).shows("+ trail mlprov-gone");
    s.mlprov(&["infra", "apply", "--yes"]).success();

    let everything = ["infra", "destroy", "--including-data", "--confirm", "gone"];
    let out = s.mlprov(&everything);
    out.success().says("repository gone: it stays");
    let goes =
        |text: String| text.lines().find(|l| l.contains("alias/destroy-gone: goes at 20")).map(str::to_owned);
    let first = goes(out.stdout()).unwrap();
    let (data, logs) = ("mlprov-gone-000000000000-us-east-1", "mlprov-trail-gone-000000000000-us-east-1");
    out.shows(&format!("bucket {data}: gone")).says(&format!("bucket {logs}: it stays: it is evidence"));
    assert!(!is_there(server, data) && is_there(server, logs), "what a trail logged is never deleted");
    // Again: there is nothing more, and the key is still on its way.
    assert_eq!(goes(s.mlprov(&everything).success().stdout()), Some(first));
    let aws = aws(&server.url, [server.access_key, server.secret_key]);
    let kms = aws_sdk_kms::Client::new(aws.config());
    let told = aws.wait(kms.describe_key().key_id("alias/destroy-gone").send()).unwrap();
    assert!(told.key_metadata().unwrap().deletion_date().is_some());
}

/// By its name it may be another project's: what it is tagged as counts, and which prefixes its policy keeps.
#[test]
fn what_is_another_projects_stays() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let (bucket, all) =
        ("destroy-theirs", |name| [&["infra", "destroy", "--yes"][..], &BOTH, &[name]].concat());
    let s = project(server, bucket, &[]);
    unprotect(&s);
    s.mlprov(&["infra", "apply", "--yes"]).success();
    let before = versions(server, bucket);
    let (aws, client) = raw(server);
    let tagged = |project: &str| {
        let tag = aws_sdk_s3::types::Tag::builder().key("mlprov:project").value(project).build().unwrap();
        let tags = aws_sdk_s3::types::Tagging::builder().tag_set(tag).build().unwrap();
        aws.wait(client.put_bucket_tagging().bucket(bucket).tagging(tags).send()).unwrap();
    };
    tagged("another");
    s.mlprov(&all("shop")).says("not tagged as this project's").says("Nothing to delete");
    assert_eq!(versions(server, bucket), before);
    tagged("shop");
    let told = aws.wait(client.get_bucket_policy().bucket(bucket).send()).unwrap();
    let policy = told.policy().unwrap().replace("/team/", "/other/");
    aws.wait(client.put_bucket_policy().bucket(bucket).policy(policy).send()).unwrap();
    s.mlprov(&all("shop")).code(1).shows("its policy keeps other prefixes");
    assert_eq!(versions(server, bucket), before);
}

/// Moto does not know the last request: it is answered in its place.
#[test]
fn an_empty_group_goes() {
    let (Some(moto), Some(server)) = (Server::moto(), Server::ministack()) else {
        return skipped("moto or ministack is not installed");
    };
    let (s, proxy) = (Sandbox::git_repo(), Proxy::new(&moto.url));
    give_credentials(server, &s.home());
    ask_elsewhere(&s.home(), &[("s3", &server.url), ("sts", &server.url), ("sagemaker", &proxy.url)]);
    let init = ["init", "--aws", "--name", "empty-group", "--yes", "--registry", "sagemaker"];
    s.mlprov(&init).success();
    unprotect(&s);
    s.mlprov(&["infra", "apply", "--yes"]).success();
    let request = |head: &str| match head.contains("SageMaker.DeleteModelPackageGroup") {
        true => Instead::Answer(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {JSON}\r\nContent-Length: 2\r\n\r\n{{}}"
        )),
        false => Instead::Ask(head.to_owned()),
    };
    proxy.disguise(Disguise { request, ..Disguise::default() });
    s.mlprov(&["infra", "destroy", "--yes"]).success().shows("model package group empty-group: gone");
    let targets = |head: &String| head.contains("SageMaker.DeleteModelPackageGroup");
    assert_eq!(proxy.heads().iter().filter(|head| targets(head)).count(), 1);
}

const JSON: &str = "application/x-amz-json-1.1";

#[test]
fn what_somebody_uses_stays() {
    let (Some(moto), Some(server)) = (Server::moto(), Server::ministack()) else {
        return skipped("moto or ministack is not installed");
    };
    let s = Sandbox::git_repo();
    give_credentials(server, &s.home());
    let (here, there) = (server.url.as_str(), moto.url.as_str());
    ask_elsewhere(&s.home(), &[("s3", here), ("sts", there), ("iam", there), ("sagemaker", there)]);
    let init = ["init", "--aws", "--name", "used", "--yes", "--iam", "--registry", "sagemaker"];
    s.mlprov(&init).success();
    unprotect(&s);
    s.mlprov(&["infra", "apply", "--yes"]).success();
    s.commit_all("first");
    s.mlprov(&["run", "-o", "m.bin", "--", "sh", "-c", "echo m > m.bin"]).success();
    s.mlprov(&["model", "register", "m.bin", "--model-group", "used", "--run", "latest"]).success();
    let aws = aws(&moto.url, [moto.access_key, moto.secret_key]);
    let iam = aws_sdk_iam::Client::new(aws.config());
    aws.wait(iam.create_user().user_name("ann").send()).unwrap();
    let arn = "arn:aws:iam::123456789012:policy/mlprov-used-writer";
    aws.wait(iam.attach_user_policy().user_name("ann").policy_arn(arn).send()).unwrap();
    let out = s.mlprov(&["infra", "destroy", "--yes"]);
    out.code(1).shows("group used: stays: there are model packages in it");
    out.shows("mlprov-used-writer: stays: somebody works under it").shows("mlprov-used-reader: gone");
    aws.wait(iam.get_policy().policy_arn(arn).send()).unwrap();
}

/// Between the plan that somebody saw and the deletion the account may become another one.
#[test]
fn what_changed_since_the_plan_is_not_deleted() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let bucket = "destroy-changed";
    let (description, wanted) = filled(server, bucket, 1);
    let plan = destroy::plan(&wanted, ALL).unwrap();
    assert_eq!((plan.account.as_deref(), plan.region.as_str()), (Some("000000000000"), "us-east-1"));
    let (aws, client) = raw(server);
    let tag = aws_sdk_s3::types::Tag::builder().key("mlprov:project").value("another").build().unwrap();
    let tags = aws_sdk_s3::types::Tagging::builder().tag_set(tag).build().unwrap();
    aws.wait(client.put_bucket_tagging().bucket(bucket).tagging(tags).send()).unwrap();
    let before = versions(server, bucket);
    let tried = destroy::carry_out(&wanted, &plan, ALL, &|b| description.holdings(b), &|_, _| {});
    assert!(matches!(tried, Err(AppError::PlanChanged)), "{tried:?}");
    assert_eq!(versions(server, bucket), before);
}

/// A server that says that it deleted, and did not.
#[test]
fn what_is_listed_for_ever_stays_and_is_told() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let bucket = "destroy-for-ever";
    let (description, _) = filled(server, bucket, 2);
    let proxy = Proxy::new(&server.url);
    let wanted = apply::with(&description, || once(server, &proxy.url));
    let request = |head: &str| match head.starts_with("POST ") && head.contains("?delete") {
        true => {
            let body = "<DeleteResult></DeleteResult>";
            let length = body.len();
            Instead::Answer(format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {length}\r\n\r\n{body}"
            ))
        }
        false => Instead::Ask(head.to_owned()),
    };
    proxy.disguise(Disguise { request, ..Disguise::default() });
    let report = destroy(&description, &wanted).unwrap();
    let Deletion::Kept(why) = &report.resources[0].outcome else { panic!("{report:?}") };
    assert!(why.starts_with("6 versions could not go (the server says that they are deleted"), "{why}");
    assert_eq!(versions(server, bucket).len(), 6);
}

/// As long as a bucket stays its ledger may be gone on with, which takes the key.
#[test]
fn a_key_stays_with_a_bucket_that_stays() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let s = project(server, "destroy-key", &["--log-key", "alias/destroy-key"]);
    unprotect(&s);
    s.mlprov(&["infra", "apply", "--yes"]).success();
    let (aws, client) = raw(server);
    let theirs = client.put_object().bucket("destroy-key").key("other/x").body(b"x".to_vec().into());
    aws.wait(theirs.send()).unwrap();
    let everything = ["infra", "destroy", "--including-data", "--confirm", "shop"];
    let out = s.mlprov(&everything);
    out.code(1).says("account 000000000000, region us-east-1").shows("bucket destroy-key: stays");
    out.shows("key alias/destroy-key: stays: a bucket stays");
    let kms = aws_sdk_kms::Client::new(aws.config());
    let told = aws.wait(kms.describe_key().key_id("alias/destroy-key").send()).unwrap();
    assert!(told.key_metadata().unwrap().deletion_date().is_none());
}

/// What somebody is asked about is shown, however quiet it is to be.
#[test]
fn quiet_hides_no_plan_that_is_asked_about() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let s = project(server, "destroy-quiet", &["--log-key", "alias/destroy-quiet"]);
    unprotect(&s);
    s.mlprov(&["--quiet", "infra", "apply"]).code(2).says("- policy statement MlprovKeepBucket");
    let out = s.mlprov(&["--quiet", "infra", "apply", "--yes"]);
    assert_eq!(out.success().stderr(), "");
    s.mlprov(&["--quiet", "infra", "destroy", "--including-data"]).code(2).says("- bucket destroy-quiet");
}

/// A bucket that is left alone because of its tags may hold the ledger as well.
#[test]
fn a_key_stays_with_a_bucket_that_is_not_tagged() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let s = project(server, "destroy-untagged", &["--log-key", "alias/destroy-untagged"]);
    unprotect(&s);
    s.mlprov(&["infra", "apply", "--yes"]).success();
    let (aws, client) = raw(server);
    aws.wait(client.delete_bucket_tagging().bucket("destroy-untagged").send()).unwrap();
    let out = s.mlprov(&["infra", "destroy", "--including-data", "--confirm", "shop"]);
    out.success()
        .says("destroy-untagged: it stays: it is not tagged")
        .says("alias/destroy-untagged: it stays: a bucket stays");
    let kms = aws_sdk_kms::Client::new(aws.config());
    let told = aws.wait(kms.describe_key().key_id("alias/destroy-untagged").send()).unwrap();
    assert!(told.key_metadata().unwrap().deletion_date().is_none());
}
