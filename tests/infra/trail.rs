//! The trail: as moto and ministack play CloudTrail, with the bucket that it delivers to. Neither delivers anything.

use crate::apply::apply;
use crate::apply::description;
use crate::common::Sandbox;
use crate::common::servers::Server;
use crate::common::servers::ask_elsewhere;
use crate::common::servers::aws;
use crate::common::servers::give_credentials;
use crate::common::servers::raw;
use crate::common::skipped;
use aws_sdk_cloudtrail::Client;
use aws_sdk_cloudtrail::types::AdvancedEventSelector;
use aws_sdk_cloudtrail::types::AdvancedFieldSelector;
use aws_sdk_cloudtrail::types::DataResource;
use aws_sdk_cloudtrail::types::EventSelector;
use aws_sdk_cloudtrail::types::ReadWriteType;
use aws_sdk_cloudtrail::types::Tag;
use mlprov::app::infra;
use mlprov::app::infra::Wanted;
use mlprov::infra::description::Description;
use mlprov::infra::description::Resource;
use mlprov::infra::description::Trail;
use mlprov::infra::description::Whose;
use mlprov::infra::description::trail_bucket_name;
use mlprov::infra::description::trail_name;
use mlprov::ports::account::Kind;
use mlprov::stores::aws::account::AwsAccount;
use mlprov::stores::aws::runtime::Aws;

const ACCOUNT: &str = "123456789012";

pub fn with_trail(bucket: &str) -> Description {
    let whose = Whose { account: ACCOUNT.to_owned(), region: "us-east-1".to_owned() };
    let trail = Trail { name: trail_name(bucket), bucket: trail_bucket_name(bucket, &whose), whose };
    Description { trail: Some(trail), ..description(bucket) }
}

pub fn each_server(test: impl Fn(&'static Server)) {
    for (name, server) in [("moto", Server::moto()), ("ministack", Server::ministack())] {
        match server {
            Some(server) => test(server),
            None => skipped(&format!("{name} is not installed (tests/run.sh does it)")),
        }
    }
}

/// An access key of 12 digits is the account, at ministack.
pub fn at(server: &Server) -> Aws {
    aws(
        &server.url,
        [if server.name == "ministack" { ACCOUNT } else { server.access_key }, server.secret_key],
    )
}

/// Moto's S3 is not to be believed: buckets are made at ministack. There only has to be one for CloudTrail to look at.
fn wanted(description: &Description, server: &'static Server) -> Option<Vec<Wanted>> {
    let buckets = Server::ministack()?;
    if server.name == "moto" {
        let (aws, client) = raw(server);
        let bucket = &description.trail.as_ref().unwrap().bucket;
        aws.wait(client.create_bucket().bucket(bucket).send()).unwrap();
    }
    let place = |resource: &Resource| if resource.name.kind == Kind::Bucket { buckets } else { server };
    let account = |resource: &Resource| std::rc::Rc::new(AwsAccount::new(at(place(resource)), None));
    let wanted = |resource: Resource| Wanted { account: account(&resource), resource };
    Some(description.resources().into_iter().map(wanted).collect())
}

fn client(server: &Server) -> (Aws, Client) {
    let aws = at(server);
    let client = Client::new(aws.config());
    (aws, client)
}

#[test]
fn a_trail_logs_all_of_the_project_and_nothing_of_its_own() {
    each_server(|server| {
        let description = with_trail(&format!("infra-trail-{}", server.name));
        let Some(wanted) = wanted(&description, server) else { return };
        let planned = infra::plan(&wanted).unwrap();
        assert_eq!(planned.costs.len(), 1);
        assert!(planned.costs[0].contains("first copy of management events free of charge"));
        assert!(planned.costs[0].contains("USD 0.10 per 100,000"));
        let report = apply(&wanted, &planned).unwrap();
        assert_eq!(report.remaining, [], "{}", server.name);
        let again = infra::plan(&wanted).unwrap();
        assert!(again.is_empty() && again.costs.is_empty(), "{}: {again:#?}", server.name);

        let (aws, client) = client(server);
        let name = &format!("mlprov-infra-trail-{}", server.name);
        let told = aws.wait(client.get_trail().name(name).send()).unwrap();
        let trail = told.trail().unwrap();
        let bucket = format!("mlprov-trail-infra-trail-{}-123456789012-us-east-1", server.name);
        assert_eq!(trail.s3_bucket_name(), Some(bucket.as_str()));
        assert_eq!(trail.is_multi_region_trail(), Some(true));
        assert_eq!(trail.include_global_service_events(), Some(true));
        assert_eq!(trail.log_file_validation_enabled(), Some(true));
        let status = aws.wait(client.get_trail_status().name(name).send()).unwrap();
        assert_eq!(status.is_logging(), Some(true));
        let told = aws.wait(client.get_event_selectors().trail_name(name).send()).unwrap();
        let [selector] = told.event_selectors() else { panic!("{told:?}") };
        assert_eq!(selector.read_write_type(), Some(&ReadWriteType::All));
        assert_eq!(selector.include_management_events(), Some(true));
        let [objects] = selector.data_resources() else { panic!("{selector:?}") };
        // Never its own bucket: each delivery would be an event to deliver.
        assert_eq!(objects.values(), [format!("arn:aws:s3:::infra-trail-{}/t/", server.name)]);
    });
}

#[test]
fn only_this_trail_may_write_to_its_bucket_and_nobody_deletes_there() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    {
        let description = with_trail("infra-trail-bucket");
        let Some(wanted) = wanted(&description, server) else { return };
        apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap();
        let aws = at(server);
        let config = aws_sdk_s3::config::Builder::from(aws.config()).force_path_style(true).build();
        let s3 = aws_sdk_s3::Client::from_conf(config);
        let bucket = description.trail.as_ref().unwrap().bucket.as_str();
        let told = aws.wait(s3.get_bucket_policy().bucket(bucket).send()).unwrap();
        let policy: serde_json::Value = serde_json::from_str(told.policy().unwrap()).unwrap();
        let statement = |sid: &str| {
            policy["Statement"].as_array().unwrap().iter().find(|s| s["Sid"] == sid).unwrap().clone()
        };
        let trail = "arn:aws:cloudtrail:us-east-1:123456789012:trail/mlprov-infra-trail-bucket";
        let write = statement("MlprovTrailWrite");
        assert_eq!(write["Condition"]["StringEquals"]["aws:SourceArn"], trail);
        assert_eq!(write["Resource"], format!("arn:aws:s3:::{bucket}/AWSLogs/{ACCOUNT}/*"));
        assert_eq!(statement("MlprovTrailAcl")["Condition"]["StringEquals"]["aws:SourceArn"], trail);
        assert_eq!(
            statement("MlprovKeep")["Resource"],
            serde_json::json!([format!("arn:aws:s3:::{bucket}/AWSLogs/*")])
        );
        assert_eq!(statement("MlprovKeepBucket")["Action"], "s3:DeleteBucket");
        let told = aws.wait(s3.get_bucket_lifecycle_configuration().bucket(bucket).send()).unwrap();
        let [rule] = told.rules() else { panic!("{told:?}") };
        assert!(rule.abort_incomplete_multipart_upload().is_some() && rule.expiration().is_none());
    }
}

#[test]
fn what_drifted_of_a_trail_is_found_and_repaired() {
    each_server(|server| {
        let Some(wanted) = wanted(&with_trail(&format!("infra-trail-drift-{}", server.name)), server) else {
            return;
        };
        apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap();
        let (aws, client) = client(server);
        let name = &format!("mlprov-infra-trail-drift-{}", server.name);
        let arn = format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/{name}");
        let selectors = |selector: EventSelector| {
            let asked = client.put_event_selectors().trail_name(name).event_selectors(selector);
            aws.wait(asked.send()).unwrap();
        };
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build().unwrap();
        let drifts: [(&str, &dyn Fn()); 9] = [
            ("logging", &|| {
                aws.wait(client.stop_logging().name(name).send()).unwrap();
            }),
            ("log file validation", &|| {
                aws.wait(client.update_trail().name(name).enable_log_file_validation(false).send()).unwrap();
            }),
            ("delivery", &|| {
                aws.wait(client.update_trail().name(name).is_multi_region_trail(false).send()).unwrap();
            }),
            ("delivery", &|| {
                aws.wait(client.update_trail().name(name).s3_key_prefix("elsewhere").send()).unwrap();
            }),
            ("event selectors", &|| {
                selectors(EventSelector::builder().read_write_type(ReadWriteType::WriteOnly).build());
            }),
            ("event selectors", &|| {
                let objects = DataResource::builder().r#type("AWS::S3::Object").values("arn:aws:s3:::other/");
                let all = EventSelector::builder().read_write_type(ReadWriteType::All);
                selectors(all.include_management_events(true).data_resources(objects.build()).build());
            }),
            ("event selectors", &|| {
                let all = AdvancedFieldSelector::builder().field("eventCategory").equals("Management");
                let all = AdvancedEventSelector::builder().field_selectors(all.build().unwrap());
                let asked = client.put_event_selectors().trail_name(name);
                let asked = asked.advanced_event_selectors(all.build().unwrap());
                aws.wait(asked.send()).unwrap();
            }),
            ("tag", &|| {
                let asked = client.remove_tags().resource_id(&arn).tags_list(tag("mlprov:project", "shop"));
                aws.wait(asked.send()).unwrap();
            }),
            ("tag", &|| {
                let asked = client.add_tags().resource_id(&arn).tags_list(tag("mlprov:old", "x"));
                aws.wait(asked.tags_list(tag("team", "x")).send()).unwrap();
            }),
        ];
        for (name, drift) in drifts {
            drift();
            let planned = infra::plan(&wanted).unwrap();
            let changes: Vec<_> = planned.changes().collect();
            assert_eq!(planned.steps.len(), 1, "{}: {name}: {changes:#?}", server.name);
            assert!(changes.iter().all(|d| d.property.as_ref().unwrap().starts_with(name)), "{changes:?}");
            let report = apply(&wanted, &planned).unwrap();
            assert_eq!(report.remaining, [], "{}: {name}", server.name);
            assert!(infra::plan(&wanted).unwrap().is_empty(), "{}: {name}", server.name);
        }
        // Somebody's own tag stays.
        let told = aws.wait(client.list_tags().resource_id_list(&arn).send()).unwrap();
        assert!(told.resource_tag_list()[0].tags_list().iter().any(|tag| tag.key() == "team"));
    });
}

#[test]
fn init_says_what_a_trail_costs_and_settings_keep_it() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let s = Sandbox::git_repo();
    give_credentials(server, &s.home());
    let init = ["init", "--aws", "--name", "trailed", "--trail", "--endpoint-url", &server.url];
    let planned = s.mlprov(&[&init[..], &["--plan"]].concat());
    planned.success().shows("This costs money: CloudTrail").shows("+ trail mlprov-trailed");
    s.mlprov(&[&init[..], &["--yes"]].concat()).success();
    let config = s.read(".mlprov/config.toml");
    assert!(config.contains("trail = true\n") && config.contains("owner = \"000000000000\""), "{config}");
    let again = s.mlprov(&["infra", "plan", "--exit-code"]);
    assert!(!again.success().stdout().contains("costs money"));
    // An auditor may read its logs, and nobody else.
    let policy = |role| s.mlprov(&["infra", "show", "--policy", role]).success().stdout();
    let logs = "mlprov-trail-trailed-000000000000-us-east-1/AWSLogs/*";
    assert!(policy("auditor").contains(logs) && policy("auditor").contains("cloudtrail:GetTrail"));
    assert!(!policy("publisher").contains("AWSLogs") && !policy("reader").contains("cloudtrail"));
    // What is only printed asks nobody, not even which account it is.
    s.write(".mlprov/config.toml", config.replace("owner = \"000000000000\"\n", ""));
    s.mlprov(&["infra", "show", "--policy", "auditor"]).code(2).says("which AWS account").says("owner = ");
    s.mlprov(&["infra", "plan", "--exit-code"]).success();
    let own = "mlprov-trailed-000000000000-us-east-1";
    s.write(".mlprov/config.toml", format!("{config}trail_bucket = \"{own}\"\n"));
    s.mlprov(&["infra", "plan"]).code(2).says("a bucket of their own");
}

/// Of buckets on another server nothing is asked of AWS itself.
#[test]
fn with_s3_elsewhere_no_account_is_asked_for_at_aws() {
    let Some(server) = Server::ministack() else { return skipped("ministack is not installed") };
    let s = Sandbox::git_repo();
    give_credentials(server, &s.home());
    ask_elsewhere(&s.home(), &[("s3", &server.url)]);
    let init = ["init", "--aws", "--name", "elsewhere", "--trail", "--yes"];
    s.mlprov(&init).code(2).says("AWS STS cannot be used: S3 is at http").says("set AWS_ENDPOINT_URL_STS");
    ask_elsewhere(&s.home(), &[("s3", &server.url), ("sts", &server.url)]);
    s.mlprov(&init).code(2).says("set AWS_ENDPOINT_URL_CLOUDTRAIL");
    let (aws, client) = raw(server);
    let made = aws.wait(client.head_bucket().bucket("mlprov-elsewhere-000000000000-us-east-1").send());
    assert!(made.is_err(), "nothing is made before all is known");
    ask_elsewhere(&s.home(), &[("s3", &server.url), ("sts", &server.url), ("cloudtrail", &server.url)]);
    s.mlprov(&init).success();
    s.mlprov(&["infra", "plan", "--exit-code"]).success();
}

#[test]
fn the_bucket_of_a_trail_is_made_before_the_trail() {
    let order: Vec<Kind> = with_trail("x").resources().iter().map(|r| r.name.kind).collect();
    assert_eq!(order, [Kind::Bucket, Kind::Bucket, Kind::Trail]);
}
