//! Plan, apply, plan again; what drifted; what others made.

use crate::common::servers::Server;
use crate::common::servers::aws;
use crate::common::servers::raw;
use crate::common::skipped;
use aws_sdk_s3::types::AbortIncompleteMultipartUpload;
use aws_sdk_s3::types::BucketLifecycleConfiguration;
use aws_sdk_s3::types::BucketVersioningStatus;
use aws_sdk_s3::types::ExpirationStatus;
use aws_sdk_s3::types::LifecycleRule;
use aws_sdk_s3::types::LifecycleRuleFilter;
use aws_sdk_s3::types::ObjectOwnership;
use aws_sdk_s3::types::OwnershipControls;
use aws_sdk_s3::types::OwnershipControlsRule;
use aws_sdk_s3::types::PublicAccessBlockConfiguration;
use aws_sdk_s3::types::ServerSideEncryption;
use aws_sdk_s3::types::ServerSideEncryptionByDefault;
use aws_sdk_s3::types::ServerSideEncryptionConfiguration;
use aws_sdk_s3::types::ServerSideEncryptionRule;
use aws_sdk_s3::types::Tag;
use aws_sdk_s3::types::Tagging;
use aws_sdk_s3::types::VersioningConfiguration;
use mlprov::app::infra;
use mlprov::app::infra::ApplyReport;
use mlprov::app::infra::Wanted;
use mlprov::infra::description::Bucket;
use mlprov::infra::description::Description;
use mlprov::infra::description::Use;
use mlprov::infra::plan::Change;
use mlprov::infra::plan::Plan;
use mlprov::ports::account::Aspect;
use mlprov::ports::probe::Property;
use mlprov::ports::probe::Purpose;
use mlprov::ports::probe::State;
use mlprov::stores::aws::account::AwsAccount;
use mlprov::stores::aws::runtime::Aws;
use mlprov::stores::aws::s3::client::S3;
use mlprov::stores::aws::s3::probe::Probing;
use mlprov::stores::local::clock::SystemClock;

pub fn description(bucket: &str) -> Description {
    let uses = vec![(Use::Ledger, "t/".to_owned()), (Use::Store, "t/".to_owned())];
    Description {
        name: "shop".into(),
        buckets: vec![Bucket { name: bucket.to_owned(), uses }],
        deletion_protection: true,
        ..Description::default()
    }
}

pub fn wanted(description: &Description, server: &Server, url: &str) -> Vec<Wanted> {
    with(description, || aws(url, [server.access_key, server.secret_key]))
}

pub fn with(description: &Description, aws: impl Fn() -> Aws) -> Vec<Wanted> {
    let account = || std::rc::Rc::new(AwsAccount::new(aws(), None));
    description.resources().into_iter().map(|resource| Wanted { resource, account: account() }).collect()
}

pub fn apply(wanted: &[Wanted], plan: &Plan) -> mlprov::app::Result<ApplyReport> {
    infra::apply(wanted, plan, &|_, _, _| {})
}

pub fn each_server(test: impl Fn(&'static Server)) {
    for (name, server) in [("ministack", Server::ministack()), ("SeaweedFS", Server::seaweedfs())] {
        match server {
            Some(server) => test(server),
            None => skipped(&format!("{name} is not installed (tests/run.sh does it)")),
        }
    }
}

/// Names of what the server has not; said once.
fn unsupported(server: &Server, plan: &Plan) -> Vec<String> {
    let those = plan.differences.iter().filter(|d| d.change == Change::Unsupported);
    let names: Vec<String> = those.filter_map(|d| d.property.clone()).collect();
    for name in &names {
        skipped(&format!("{} has no {name}", server.name));
    }
    names
}

#[test]
fn what_was_applied_is_there_and_takes_nothing_more() {
    each_server(|server| {
        let mut description = description("infra-apply");
        description.object_lock = true;
        let wanted = wanted(&description, server, &server.url);
        let planned = infra::plan(&wanted).unwrap();
        // Of a bucket that is not there everything is to be made.
        assert_eq!(planned.steps.len(), 1 + Aspect::BUCKET.len());
        let report = apply(&wanted, &planned).unwrap();
        assert_eq!(report.remaining, [], "{}", server.name);
        let again = infra::plan(&wanted).unwrap();
        let lacking = unsupported(server, &again).len();
        assert_eq!(report.unsupported.len(), lacking);
        if lacking == 0 {
            assert_eq!(report.changed.len(), planned.changes().count());
        }
        assert!(again.is_empty(), "{}: {again:#?}", server.name);
        assert_eq!(apply(&wanted, &again).unwrap().changed, []);
    });
}

/// What `doctor --remote` looks for is what is made here.
#[test]
fn a_bucket_that_was_made_so_is_sound_to_the_doctor() {
    each_server(|server| {
        let wanted = wanted(&description("infra-doctor"), server, &server.url);
        apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap();
        let s3 = S3::new(aws(&server.url, [server.access_key, server.secret_key]), "infra-doctor");
        for purpose in [Purpose::Ledger, Purpose::Store] {
            let asked: Vec<Property> =
                Property::ALL.into_iter().filter(|p| *p != Property::OneCreator).collect();
            let found = Probing::new(&s3, "t/", purpose, &SystemClock).probe(&asked);
            for probe in found {
                let state = if probe.property == Property::ObjectLock { State::None } else { State::Ok };
                assert_eq!(probe.state, state, "{}: {purpose:?} {probe:?}", server.name);
            }
        }
    });
}

#[test]
fn what_drifted_is_found_and_repaired_and_what_is_not_ours_stays() {
    each_server(|server| {
        let bucket = "infra-drift";
        let wanted = wanted(&description(bucket), server, &server.url);
        let planned = infra::plan(&wanted).unwrap();
        apply(&wanted, &planned).unwrap();
        let (aws, client) = raw(server);
        let known = unsupported(server, &infra::plan(&wanted).unwrap());
        let drifts: [(&str, &dyn Fn()); 8] = [
            ("versioning", &|| {
                let off =
                    VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
                let asked = client.put_bucket_versioning().bucket(bucket).versioning_configuration(off);
                aws.wait(asked.send()).unwrap();
            }),
            ("public access block", &|| {
                let open = PublicAccessBlockConfiguration::builder().block_public_acls(true).build();
                let asked = client.put_public_access_block().bucket(bucket);
                aws.wait(asked.public_access_block_configuration(open).send()).unwrap();
            }),
            ("default encryption", &|| {
                // What is deleted, S3 gives back by itself.
                let kms =
                    ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::AwsKms);
                let rule = ServerSideEncryptionRule::builder()
                    .apply_server_side_encryption_by_default(kms.build().unwrap())
                    .build();
                let kms = ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
                let asked = client.put_bucket_encryption().bucket(bucket);
                aws.wait(asked.server_side_encryption_configuration(kms).send()).unwrap();
            }),
            ("object ownership", &|| {
                let rule = OwnershipControlsRule::builder().object_ownership(ObjectOwnership::ObjectWriter);
                let controls = OwnershipControls::builder().rules(rule.build().unwrap()).build().unwrap();
                let asked = client.put_bucket_ownership_controls().bucket(bucket);
                aws.wait(asked.ownership_controls(controls).send()).unwrap();
            }),
            ("policy statement", &|| {
                aws.wait(client.delete_bucket_policy().bucket(bucket).send()).unwrap();
            }),
            ("lifecycle rule", &|| {
                aws.wait(client.delete_bucket_lifecycle().bucket(bucket).send()).unwrap();
            }),
            ("tag", &|| {
                aws.wait(client.delete_bucket_tagging().bucket(bucket).send()).unwrap();
            }),
            ("policy statement", &|| {
                // One of ours weakened, and one of others beside it.
                let theirs = r#"{"Sid":"Theirs","Effect":"Deny","Principal":"*","Action":"s3:DeleteObjectTagging","Resource":"arn:aws:s3:::infra-drift/x"}"#;
                let weak = r#"{"Sid":"MlprovKeep","Effect":"Deny","Principal":"*","Action":"s3:DeleteObject","Resource":"arn:aws:s3:::infra-drift/t/data/*"}"#;
                let policy = format!(r#"{{"Version":"2012-10-17","Statement":[{theirs},{weak}]}}"#);
                aws.wait(client.put_bucket_policy().bucket(bucket).policy(policy).send()).unwrap();
            }),
        ];
        for (name, drift) in drifts {
            if known.iter().any(|known| known == name) {
                continue;
            }
            drift();
            let planned = infra::plan(&wanted).unwrap();
            assert_eq!(
                planned.steps.len(),
                1,
                "{}: {name}: {:#?}",
                server.name,
                planned.changes().collect::<Vec<_>>()
            );
            for change in planned.changes() {
                assert!(change.property.as_ref().unwrap().starts_with(name), "{change:?}");
            }
            let report = apply(&wanted, &planned).unwrap();
            assert_eq!(report.remaining, [], "{}: {name}", server.name);
        }
        let told = aws.wait(client.get_bucket_policy().bucket(bucket).send()).unwrap();
        assert!(told.policy().unwrap().contains("\"Theirs\""), "{}", server.name);
    });
}

#[test]
fn rules_and_tags_of_others_are_kept_as_they_are() {
    each_server(|server| {
        let bucket = "infra-others";
        let (aws, client) = raw(server);
        aws.wait(client.create_bucket().bucket(bucket).send()).unwrap();
        let abort = AbortIncompleteMultipartUpload::builder().days_after_initiation(3).build();
        let filter = LifecycleRuleFilter::builder().prefix("elsewhere/").build();
        let theirs = LifecycleRule::builder().id("theirs").filter(filter).status(ExpirationStatus::Enabled);
        let theirs = theirs.abort_incomplete_multipart_upload(abort).build().unwrap();
        let rules = BucketLifecycleConfiguration::builder().rules(theirs.clone()).build().unwrap();
        let put = client.put_bucket_lifecycle_configuration().bucket(bucket).lifecycle_configuration(rules);
        let has_rules = aws.wait(put.send()).is_ok();
        let tag = Tag::builder().key("team").value("x").build().unwrap();
        let tags = Tagging::builder().tag_set(tag).build().unwrap();
        aws.wait(client.put_bucket_tagging().bucket(bucket).tagging(tags).send()).unwrap();
        let wanted = wanted(&description(bucket), server, &server.url);
        let planned = infra::plan(&wanted).unwrap();
        let others: Vec<&str> = planned
            .differences
            .iter()
            .filter(|d| d.change == Change::Others)
            .filter_map(|d| d.property.as_deref())
            .collect();
        match has_rules {
            true => assert_eq!(others, ["lifecycle rule theirs", "tag team"], "{}", server.name),
            false => skipped(&format!("{} stores no such lifecycle rules", server.name)),
        }
        assert_eq!(apply(&wanted, &planned).unwrap().remaining, []);
        let told = aws.wait(client.get_bucket_tagging().bucket(bucket).send()).unwrap();
        assert!(told.tag_set().iter().any(|tag| tag.key() == "team" && tag.value() == "x"));
        assert!(told.tag_set().len() == 3, "{told:?}");
        if has_rules {
            let told = aws.wait(client.get_bucket_lifecycle_configuration().bucket(bucket).send()).unwrap();
            assert!(told.rules().contains(&theirs), "{}: {told:#?}", server.name);
        }
    });
}

#[test]
fn an_account_that_changed_since_the_plan_is_not_touched() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let wanted = wanted(&description("infra-stale"), server, &server.url);
    let planned = infra::plan(&wanted).unwrap();
    let (aws, client) = raw(server);
    aws.wait(client.create_bucket().bucket("infra-stale").send()).unwrap();
    let refused = apply(&wanted, &planned).unwrap_err().to_string();
    assert!(refused.contains("nothing was changed"), "{refused}");
    assert!(aws.wait(client.get_bucket_policy().bucket("infra-stale").send()).is_err());
}

/// As far as the server goes by bucket policies at all.
#[test]
fn what_must_stay_cannot_be_deleted_and_no_commit_is_overwritten() {
    each_server(|server| {
        let bucket = format!("infra-enforced-{}", server.name.to_lowercase());
        let wanted = wanted(&description(&bucket), server, &server.url);
        apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap();
        let (aws, client) = raw(server);
        let put = |key: &str, condition: Option<&str>| {
            let asked = client.put_object().bucket(&bucket).key(key).body(b"x".to_vec().into());
            aws.wait(asked.set_if_none_match(condition.map(str::to_owned)).send()).is_ok()
        };
        let delete = |key: &str| aws.wait(client.delete_object().bucket(&bucket).key(key).send()).is_ok();
        for key in [
            "t/data/a",
            "t/models/a",
            "t/objects/a",
            "t/ledger/tile/a",
            "t/ledger/checkpoint",
            "t/ledger/inbox/a",
        ] {
            assert!(put(key, None), "{}: {key}", server.name);
        }
        assert!(put("t/ledger/commit/0", Some("*")), "{}", server.name);
        assert!(delete("t/ledger/inbox/a"), "{}", server.name);
        if delete("t/data/a") {
            skipped(&format!(
                "{} does not go by bucket policies: who can delete was not tried there",
                server.name
            ));
        } else {
            for key in
                ["t/models/a", "t/objects/a", "t/ledger/tile/a", "t/ledger/checkpoint", "t/ledger/commit/0"]
            {
                assert!(!delete(key), "{}: {key}", server.name);
            }
        }
        if put("t/ledger/commit/1", None) {
            skipped(&format!(
                "{} knows no s3:if-none-match in policies: it was not tried there",
                server.name
            ));
        }
    });
}
