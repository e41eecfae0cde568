//! Every request fails once: before it is done, after it is done, by refusal.

use crate::apply::apply;
use crate::apply::description;
use crate::apply::wanted;
use crate::apply::with;
use crate::common::proxy::Fault;
use crate::common::proxy::Proxy;
use crate::common::servers::Server;
use crate::common::servers::aws;
use crate::common::servers::raw;
use crate::common::skipped;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::types::ObjectOwnership;
use mlprov::app::AppError;
use mlprov::app::infra;
use mlprov::ports::StoreError;
use mlprov::ports::account::Trouble;
use mlprov::stores::aws::runtime::Aws;

/// Nothing is tried twice: it would only take longer.
pub fn once(server: &Server, url: &str) -> Aws {
    let aws = aws(url, [server.access_key, server.secret_key]);
    Aws::with(aws.config().to_builder().retry_config(RetryConfig::disabled()).build()).unwrap()
}

/// How many requests an apply of everything sends, with the two plans.
fn count(server: &Server, bucket: &str) -> usize {
    let proxy = Proxy::new(&server.url);
    let wanted = wanted(&description(bucket), server, &proxy.url);
    apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap();
    proxy.count()
}

#[test]
fn interrupted_at_every_request_it_goes_on() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let all = count(server, "infra-count");
    assert!(all > 20, "{all}");
    for fault in [Fault::NeverSent, Fault::DoneButError] {
        for n in 1..=all {
            let bucket = format!("infra-fault-{n}-{}", fault as u8);
            let proxy = Proxy::new(&server.url);
            let wanted = with(&description(&bucket), || once(server, &proxy.url));
            // From there on nothing gets through: no second attempt either.
            proxy.break_request(n, fault, true);
            let stopped = infra::plan(&wanted).and_then(|plan| apply(&wanted, &plan));
            let stopped = stopped.unwrap_err();
            let cause = match &stopped {
                AppError::NotApplied { source, .. } => source,
                other => other,
            };
            assert!(
                matches!(cause, AppError::Store(StoreError::Account { trouble: Trouble::NoAnswer, .. })),
                "{fault:?} {n}: {stopped:?}"
            );
            proxy.mend();
            let report = apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap();
            assert_eq!(report.remaining, [], "{fault:?} {n}");
            let after = infra::plan(&wanted).unwrap();
            assert!(after.is_empty(), "{fault:?} {n}: {after:#?}");
        }
    }
}

/// One answer that is lost is asked for again, and nobody hears of it.
#[test]
fn one_lost_answer_of_any_request_is_no_matter() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let all = count(server, "infra-count-once");
    for n in 1..=all {
        let bucket = format!("infra-lost-{n}");
        let proxy = Proxy::new(&server.url);
        let wanted = wanted(&description(&bucket), server, &proxy.url);
        proxy.break_request(n, Fault::AnswerLost, false);
        let report = infra::plan(&wanted).and_then(|plan| apply(&wanted, &plan)).unwrap();
        assert_eq!(report.remaining, [], "{n}");
        assert!(infra::plan(&wanted).unwrap().is_empty(), "{n}");
    }
}

/// Which request, in its first line, and the permission that its refusal names.
const REFUSED: [(&str, &str, &str); 18] = [
    ("HEAD /", " HTTP", "s3:ListBucket"),
    ("GET", "?ownershipControls", "s3:GetBucketOwnershipControls"),
    ("GET", "?publicAccessBlock", "s3:GetBucketPublicAccessBlock"),
    ("GET", "?versioning", "s3:GetBucketVersioning"),
    ("GET", "?object-lock", "s3:GetBucketObjectLockConfiguration"),
    ("GET", "?encryption", "s3:GetEncryptionConfiguration"),
    ("GET", "?lifecycle", "s3:GetLifecycleConfiguration"),
    ("GET", "?tagging", "s3:GetBucketTagging"),
    ("GET", "?policy", "s3:GetBucketPolicy"),
    ("PUT", "/ HTTP", "s3:CreateBucket"),
    ("PUT", "?ownershipControls", "s3:PutBucketOwnershipControls"),
    ("PUT", "?publicAccessBlock", "s3:PutBucketPublicAccessBlock"),
    ("PUT", "?versioning", "s3:PutBucketVersioning"),
    ("PUT", "?object-lock", "s3:PutBucketObjectLockConfiguration"),
    ("PUT", "?encryption", "s3:PutEncryptionConfiguration"),
    ("PUT", "?lifecycle", "s3:PutLifecycleConfiguration"),
    ("PUT", "?tagging", "s3:PutBucketTagging"),
    ("PUT", "?policy", "s3:PutBucketPolicy"),
];

/// What is to come of one request, by its first line.
fn refusals(status: &'static str, code: &'static str) -> Vec<(&'static str, Trouble, StoreError)> {
    let Some(server) = Server::ministack() else {
        skipped("ministack is not installed");
        return Vec::new();
    };
    let mut all = Vec::new();
    for (n, (method, word, permission)) in REFUSED.into_iter().enumerate() {
        let bucket = format!("infra-refused-{}-{n}", code.to_lowercase());
        let (proxy, plain) = (Proxy::new(&server.url), wanted(&description(&bucket), server, &server.url));
        // All but one of them are asked of a bucket that is there, and lacks everything.
        let is_new = permission == "s3:CreateBucket";
        if !is_new {
            let (aws, client) = raw(server);
            let plain =
                client.create_bucket().bucket(&bucket).object_ownership(ObjectOwnership::ObjectWriter);
            aws.wait(plain.send()).unwrap();
        }
        proxy.answer_instead(method, word, status, code);
        let mut description = description(&bucket);
        description.object_lock = true;
        description.kms_key = Some("alias/shop".to_owned());
        let wanted = with(&description, || once(server, &proxy.url));
        let stopped = infra::plan(&wanted).and_then(|plan| apply(&wanted, &plan)).unwrap_err();
        let stopped = match stopped {
            AppError::NotApplied { source, .. } => *source,
            other => other,
        };
        let AppError::Store(e) = stopped else { panic!("{permission}: {stopped:?}") };
        let StoreError::Account { action, trouble, .. } = &e else { panic!("{permission}: {e:?}") };
        assert_eq!(*action, permission);
        all.push((permission, *trouble, e));
        // And without the refusal it goes on.
        apply(&plain, &infra::plan(&plain).unwrap()).unwrap();
        assert!(infra::plan(&plain).unwrap().is_empty(), "{permission}");
    }
    all
}

#[test]
fn a_refusal_names_the_permission_that_is_missing() {
    for (permission, trouble, e) in refusals("403 Forbidden", "AccessDenied") {
        assert_eq!(trouble, Trouble::Denied, "{permission}");
        assert!(e.to_string().contains(permission) && e.to_string().contains("not allowed"), "{e}");
    }
}

#[test]
fn a_service_that_is_too_busy_is_said_to_be_so() {
    for (permission, trouble, e) in refusals("400 Bad Request", "Throttling") {
        // A HEAD has no body that could say why.
        let expected = if permission == "s3:ListBucket" { Trouble::Other } else { Trouble::Busy };
        assert_eq!(trouble, expected, "{e}");
    }
}
