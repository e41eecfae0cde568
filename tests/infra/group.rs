//! The group of model packages, in SageMaker as moto plays it: there a tag that is set again stands twice.

use crate::apply::apply;
use crate::apply::with;
use crate::common::Sandbox;
use crate::common::proxy::Fault;
use crate::common::proxy::Proxy;
use crate::common::servers::Server;
use crate::common::servers::ask_elsewhere;
use crate::common::servers::aws;
use crate::common::servers::give_credentials;
use crate::common::skipped;
use crate::faults::once;
use aws_sdk_sagemaker::Client;
use aws_sdk_sagemaker::types::Tag;
use mlprov::app::infra;
use mlprov::app::infra::Wanted;
use mlprov::domain::ids::ProjectId;
use mlprov::infra::description::Description;
use mlprov::infra::description::Group;
use mlprov::infra::plan::Change;
use mlprov::stores::aws::runtime::Aws;

fn moto() -> Option<&'static Server> {
    let moto = Server::moto();
    if moto.is_none() {
        skipped("moto is not installed (tests/run.sh does it)");
    }
    moto
}

fn client(moto: &Server) -> (Aws, Client) {
    let aws = aws(&moto.url, [moto.access_key, moto.secret_key]);
    let client = Client::new(aws.config());
    (aws, client)
}

fn wanted(group: &str, project: ProjectId, url: &str) -> Vec<Wanted> {
    let group = Some(Group { name: group.to_owned(), project });
    let description = Description { name: "shop".into(), group, ..Description::default() };
    with(&description, || once(Server::moto().unwrap(), url))
}

fn arn(moto: &Server, group: &str) -> String {
    let (aws, client) = client(moto);
    let told = aws.wait(client.describe_model_package_group().model_package_group_name(group).send());
    told.unwrap().model_package_group_arn().unwrap().to_owned()
}

#[test]
fn a_group_is_made_once_and_its_tags_are_kept() {
    let Some(moto) = moto() else { return };
    let (aws, client) = client(moto);
    let wanted = wanted("kept-group", ProjectId::draw(), &moto.url);
    let planned = infra::plan(&wanted).unwrap();
    assert_eq!(planned.steps.len(), 2, "{planned:#?}");
    assert_eq!(apply(&wanted, &planned).unwrap().remaining, []);
    assert!(infra::plan(&wanted).unwrap().is_empty());
    let arn = arn(moto, "kept-group");

    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let set = |tag: Tag| {
        aws.wait(client.add_tags().resource_arn(&arn).tags(tag).send()).unwrap();
    };
    let keys = || -> Vec<String> {
        let told = aws.wait(client.list_tags().resource_arn(&arn).send()).unwrap();
        let mut keys: Vec<String> = told
            .tags()
            .iter()
            .map(|tag| format!("{}={}", tag.key().unwrap(), tag.value().unwrap()))
            .collect();
        keys.sort();
        keys
    };
    // Somebody's own stays; ours that are other, gone or too many are repaired.
    set(tag("team", "x"));
    assert!(infra::plan(&wanted).unwrap().is_empty());
    set(tag("mlprov:old", "y"));
    let planned = infra::plan(&wanted).unwrap();
    assert_eq!(planned.changes().map(|d| d.change).collect::<Vec<_>>(), [Change::Remove]);
    apply(&wanted, &planned).unwrap();
    aws.wait(client.delete_tags().resource_arn(&arn).tag_keys("mlprov:project").send()).unwrap();
    apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap();
    assert_eq!(keys(), ["mlprov:managed-by=mlprov", "mlprov:project=shop", "team=x"]);
    set(tag("mlprov:project", "another"));
    let planned = infra::plan(&wanted).unwrap();
    assert_eq!(planned.changes().map(|d| d.change).collect::<Vec<_>>(), [Change::Change]);
    assert_eq!(apply(&wanted, &planned).unwrap().remaining, []);
    assert!(infra::plan(&wanted).unwrap().is_empty());
}

#[test]
fn a_group_of_another_project_is_left_alone() {
    let Some(moto) = moto() else { return };
    let theirs = wanted("taken-group", ProjectId::draw(), &moto.url);
    apply(&theirs, &infra::plan(&theirs).unwrap()).unwrap();
    let refused = infra::plan(&wanted("taken-group", ProjectId::draw(), &moto.url)).unwrap_err().to_string();
    assert!(refused.contains("another's: its description is"), "{refused}");
    assert!(infra::plan(&theirs).unwrap().is_empty());
}

#[test]
fn interrupted_at_every_request_it_goes_on() {
    let Some(moto) = moto() else { return };
    for fault in [Fault::NeverSent, Fault::DoneButError] {
        let mut n = 0;
        loop {
            n += 1;
            let (proxy, project) = (Proxy::new(&moto.url), ProjectId::draw());
            let wanted = wanted(&format!("fault-group-{}-{n}", fault as u8), project, &proxy.url);
            proxy.break_request(n, fault, true);
            let tried = infra::plan(&wanted).and_then(|plan| apply(&wanted, &plan));
            let broken = proxy.mend().len() >= n;
            assert_eq!(tried.is_err(), broken, "{fault:?} {n}: {tried:?}");
            assert_eq!(apply(&wanted, &infra::plan(&wanted).unwrap()).unwrap().remaining, []);
            assert!(infra::plan(&wanted).unwrap().is_empty(), "{fault:?} {n}");
            if !broken {
                break;
            }
        }
        assert!(n > 6, "{n}");
    }
}

/// What `init --aws` made is the group that the registry takes for its own.
#[test]
fn the_registry_finds_what_init_made() {
    let (Some(moto), Some(server)) = (moto(), Server::ministack()) else { return };
    let s = Sandbox::git_repo();
    give_credentials(server, &s.home());
    let proxy = Proxy::new(&server.url);
    ask_elsewhere(&s.home(), &[("sagemaker", &moto.url)]);
    let init =
        ["init", "--aws", "--name", "Fraud Model", "--registry", "sagemaker", "--store", "s3://infra-group"];
    let init = [&init[..], &["--endpoint-url", &proxy.url]].concat();
    s.mlprov(&[&init[..], &["--plan"]].concat()).success().shows("+ model package group Fraud-Model");
    // Stopped once the group is there, and the project is not.
    proxy.answer_instead("PUT", "probe", "403 Forbidden", "AccessDenied");
    s.mlprov(&[&init[..], &["--yes"]].concat()).code(3);
    assert!(!s.path(".mlprov/config.toml").exists());
    let made = arn(moto, "Fraud-Model");
    proxy.mend();
    s.mlprov(&[&init[..], &["--yes"]].concat()).success();
    assert_eq!(arn(moto, "Fraud-Model"), made);
    s.mlprov(&["infra", "plan", "--exit-code"]).success();
    let config = s.read(".mlprov/config.toml");
    let id: ProjectId =
        config.lines().find_map(|l| l.strip_prefix("id = \"")?.get(..36)?.parse().ok()).unwrap();
    let (aws, client) = client(moto);
    let told = aws.wait(client.describe_model_package_group().model_package_group_name("Fraud-Model").send());
    let told = told.unwrap();
    assert_eq!(told.model_package_group_description().unwrap(), format!("mlprov project {id}"));

    // And one that the registry made is one that `infra` takes for its own.
    s.write("m.bin", "m\n");
    s.commit_all("first");
    s.mlprov(&["run", "-o", "m.bin", "--", "sh", "-c", "echo m > m.bin"]).success();
    s.mlprov(&["model", "register", "m.bin", "--model-group", "by-registry", "--run", "latest"]).success();
    s.write(".mlprov/config.toml", config + "model_package_group = \"by-registry\"\n");
    s.mlprov(&["infra", "plan"]).success().shows("  + tag mlprov:project: Fraud Model");
    s.mlprov(&["infra", "apply", "--yes"]).success().shows("3 changes made");
    s.mlprov(&["infra", "plan", "--exit-code"]).success();
}
