//! Everything that can be asked for, and every request of it failing in turn. A few of them are tried, with
//! `MLPROV_EVERY=1` all.

use crate::apply::apply;
use crate::apply::with;
use crate::common::proxy::Fault;
use crate::common::proxy::Proxy;
use crate::common::servers::Server;
use crate::common::skipped;
use crate::trail::with_trail;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use mlprov::app::AppError;
use mlprov::app::destroy;
use mlprov::app::destroy::Choices;
use mlprov::app::destroy::Destroyed;
use mlprov::app::infra;
use mlprov::domain::ids::ProjectId;
use mlprov::infra::description::Description;
use mlprov::infra::description::Group;
use mlprov::ports::StoreError;
use mlprov::ports::account::Aspect;
use mlprov::ports::account::Deletion;
use mlprov::ports::account::Kind;
use mlprov::ports::account::Trouble;
use mlprov::stores::aws::runtime::Aws;
use std::collections::BTreeSet;
use std::time::Duration;

/// What ministack has: buckets, key, trail and policies.
fn at_ministack(name: &str) -> Description {
    let whole = with_trail(name);
    let whose = whole.trail.as_ref().map(|trail| trail.whose.clone());
    let role = Some("arn:aws:iam::123456789012:role/publisher".to_owned());
    let log_key = Some(format!("alias/{name}"));
    Description { name: name.to_owned(), iam: true, log_key, publisher_role: role, whose, ..whole }
}

/// What only moto has.
fn at_moto(name: &str) -> Description {
    let group = Some(Group { name: name.to_owned(), project: ProjectId::draw() });
    Description { name: name.to_owned(), group, repository: Some(name.to_owned()), ..Description::default() }
}

/// One attempt each. `hasty`: nobody waits long; but a busy machine may take a second.
fn once(server: &Server, url: &str, hasty: bool) -> Aws {
    // At ministack an access key of 12 digits is the account.
    let key = if server.name == "ministack" { "123456789012" } else { server.access_key };
    let aws = crate::common::servers::aws(url, [key, server.secret_key]);
    let mut config = aws.config().to_builder().retry_config(RetryConfig::disabled());
    if hasty {
        let patience = TimeoutConfig::builder().read_timeout(Duration::from_secs(5)).build();
        config = config.timeout_config(patience);
    }
    Aws::with(config.build()).unwrap()
}

/// Breaks one request after the other; what was in trouble, by the permission that is named.
fn sweep(
    server: &Server,
    describe: fn(&str) -> Description,
    fault: Fault,
    every: usize,
) -> BTreeSet<(&'static str, String)> {
    let (mut told, mut n) = (BTreeSet::new(), 1);
    loop {
        let description = describe(&format!("all-{}-{n}", fault as u8));
        let proxy = Proxy::new(&server.url);
        let wanted = with(&description, || once(server, &proxy.url, fault == Fault::Held));
        proxy.break_request(n, fault, true);
        let tried = infra::plan(&wanted).and_then(|plan| apply(&wanted, &plan));
        let broken = proxy.mend().len() >= n;
        assert_eq!(tried.is_err(), broken, "{fault:?} {n}: {tried:?}");
        if let Err(stopped) = tried {
            let cause = match stopped {
                AppError::NotApplied { source, .. } => *source,
                other => other,
            };
            let AppError::Store(StoreError::Account { action, trouble, .. }) = cause else {
                panic!("{fault:?} {n}: {cause:?}")
            };
            // A HEAD has no body that could say why.
            let expected = match fault {
                Fault::Denied => Trouble::Denied,
                Fault::Throttled if action == "s3:ListBucket" => Trouble::Other,
                Fault::Throttled => Trouble::Busy,
                _ => Trouble::NoAnswer,
            };
            assert_eq!(trouble, expected, "{fault:?} {n}: {action}");
            told.insert((action, format!("{trouble:?}")));
        }
        // Called again it goes on.
        let wanted = with(&description, || once(server, &proxy.url, false));
        let report = apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap();
        assert_eq!(report.remaining, [], "{fault:?} {n}");
        let after = infra::plan(&wanted).unwrap();
        assert!(after.is_empty(), "{fault:?} {n}: {after:#?}");
        if !broken {
            return told;
        }
        n += every;
    }
}

/// Permissions of what is asked of a new account.
const MINISTACK: [&str; 23] = [
    "cloudtrail:AddTags",
    "cloudtrail:CreateTrail",
    "cloudtrail:GetEventSelectors",
    "cloudtrail:GetTrail",
    "cloudtrail:GetTrailStatus",
    "cloudtrail:ListTags",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StartLogging",
    "cloudtrail:UpdateTrail",
    "iam:CreatePolicy",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:TagPolicy",
    "kms:CreateAlias",
    "kms:CreateKey",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "s3:CreateBucket",
    "s3:GetBucketPolicy",
    "s3:ListBucket",
    "s3:PutBucketPolicy",
];

const MOTO: [&str; 6] = [
    "codecommit:CreateRepository",
    "codecommit:GetRepository",
    "sagemaker:AddTags",
    "sagemaker:CreateModelPackageGroup",
    "sagemaker:DescribeModelPackageGroup",
    "sagemaker:ListTags",
];

fn sweeps(fault: Fault, sampled: usize) {
    sweep_of(Server::ministack(), at_ministack, &MINISTACK, fault, sampled);
    // Each request that is held takes as long as somebody waits for it.
    sweep_of(Server::moto(), at_moto, &MOTO, fault, if fault == Fault::Held { 4 } else { 1 });
}

fn sweep_of(
    server: Option<&Server>,
    describe: fn(&str) -> Description,
    permissions: &[&str],
    fault: Fault,
    sampled: usize,
) {
    let Some(server) = server else {
        return skipped("ministack or moto is not installed (tests/run.sh does it)");
    };
    let every = if std::env::var_os("MLPROV_EVERY").is_some() { 1 } else { sampled };
    let told = sweep(server, describe, fault, every);
    if every == 1 {
        let seen: BTreeSet<&str> = told.iter().map(|(action, _)| *action).collect();
        for permission in permissions {
            assert!(seen.contains(permission), "{fault:?}: {permission} is missing: {seen:?}");
        }
    }
}

#[test]
fn nothing_gets_through_and_it_goes_on() {
    sweeps(Fault::NeverSent, 19);
}

#[test]
fn it_was_done_and_nobody_heard_of_it_and_it_goes_on() {
    sweeps(Fault::DoneButError, 17);
}

#[test]
fn a_service_does_not_answer_and_it_goes_on() {
    sweeps(Fault::Held, 23);
}

#[test]
fn each_refusal_names_the_permission_and_it_goes_on() {
    sweeps(Fault::Denied, 13);
}

#[test]
fn each_service_may_be_too_busy_and_it_goes_on() {
    sweeps(Fault::Throttled, 21);
}

/// What is left of it when it was interrupted at this request, and then called again.
fn destroyed_in_two(server: &Server, fault: Fault, n: usize) -> bool {
    let mut description = at_ministack(&format!("gone-{}-{n}", fault as u8));
    description.deletion_protection = false;
    let made = with(&description, || once(server, &server.url, false));
    apply(&made, &infra::plan(&made).unwrap()).unwrap();
    let (aws, client) = {
        let aws = once(server, &server.url, false);
        let client = aws_sdk_s3::Client::new(aws.config());
        (aws, client)
    };
    let put = client.put_object().bucket(&description.buckets[0].name).key("t/data/a");
    aws.wait(put.body(b"x".to_vec().into()).send()).unwrap();

    let proxy = Proxy::new(&server.url);
    let wanted = with(&description, || once(server, &proxy.url, false));
    proxy.break_request(n, fault, true);
    let choices = Choices { protected: false, including_data: true };
    let destroy = || {
        let plan = destroy::plan(&wanted, choices)?;
        destroy::carry_out(&wanted, &plan, choices, &|bucket| description.holdings(bucket), &|_, _| {})
    };
    let tried = destroy();
    let broken = proxy.mend().len() >= n;
    assert_eq!(tried.is_err(), broken, "{fault:?} {n}: {tried:?}");
    let again = destroy().unwrap();
    let kept = |one: &&Destroyed| matches!(one.outcome, Deletion::Kept(_));
    assert_eq!(again.resources.iter().find(kept), None, "{fault:?} {n}");
    let left: Vec<Kind> = made
        .iter()
        .filter(|one| one.resource.name.kind != Kind::Key)
        .filter(|one| one.account.find(&one.resource.name).unwrap().is_some())
        .map(|one| one.resource.name.kind)
        .collect();
    // The bucket of the trail: what it logged is evidence.
    assert_eq!(left, [Kind::Bucket], "{fault:?} {n}");
    let key = made.iter().find(|one| one.resource.name.kind == Kind::Key).unwrap();
    assert!(matches!(
        key.account.delete(&key.resource.name, &key.resource.aspects[&Aspect::Tagging]),
        Ok(Deletion::Scheduled(Some(_)))
    ));
    broken
}

#[test]
fn destroyed_with_interruptions_everything_goes_all_the_same() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let every = if std::env::var_os("MLPROV_EVERY").is_some() { 1 } else { 23 };
    for fault in [Fault::NeverSent, Fault::DoneButError] {
        let mut n = 1;
        while destroyed_in_two(server, fault, n) {
            n += every;
        }
        assert!(n > 45, "{n}");
    }
}
