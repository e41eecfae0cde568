//! A log whose checkpoints a key of KMS signs.

use crate::common::Sandbox;
use crate::common::proxy::Proxy;
use crate::common::servers::Server;
use crate::common::servers::aws;
use crate::common::servers::give_credentials;
use crate::common::skipped;
use aws_sdk_kms::types::KeySpec;
use aws_sdk_kms::types::KeyUsageType;
use mlprov::ledger::checkpoint::Checkpoint;
use mlprov::ports::signer::CheckpointSigner;
use mlprov::stores::aws::kms::KmsKey;
use mlprov::stores::aws::runtime::Aws;
use mlprov::stores::aws::runtime::Endpoint;
use mlprov::stores::aws::s3::bucket::Bucket;
use mlprov::stores::aws::s3::client::S3;

struct Signed {
    s: Sandbox,
    server: &'static Server,
    proxy: Proxy,
    name: String,
}

impl Signed {
    fn new(name: &str) -> Option<Signed> {
        let Some(server) = Server::ministack() else {
            skipped("ministack is not installed (tests/run.sh does it)");
            return None;
        };
        let s = Sandbox::git_repo();
        give_credentials(server, &s.home());
        Some(Signed { s, server, proxy: Proxy::new(&server.url), name: name.to_owned() })
    }

    fn init(&self, more: &[&str]) -> crate::common::Output {
        let (place, alias) = (format!("s3://{}/team", self.name), format!("alias/{}", self.name));
        let url = &self.proxy.url;
        let words = [
            "init",
            "--aws",
            "--name",
            "shop",
            "--endpoint-url",
            url,
            "--ledger",
            &place,
            "--log-key",
            &alias,
        ];
        self.s.mlprov(&[&words[..], more].concat())
    }

    fn kms(&self) -> (Aws, aws_sdk_kms::Client) {
        let aws = aws(&self.server.url, [self.server.access_key, self.server.secret_key]);
        let client = aws_sdk_kms::Client::new(aws.config());
        (aws, client)
    }

    fn new_key(&self) -> String {
        let (aws, client) = self.kms();
        let asked =
            client.create_key().key_spec(KeySpec::EccNistEdwards25519).key_usage(KeyUsageType::SignVerify);
        aws.wait(asked.send()).unwrap().key_metadata().unwrap().key_id().to_owned()
    }

    /// Size of what is published in the bucket, under the key of the settings.
    fn published(&self) -> u64 {
        let s3 = S3::new(aws(&self.server.url, [self.server.access_key, self.server.secret_key]), &self.name);
        let note = s3.get("team/ledger/checkpoint").unwrap().unwrap();
        let vkey = self.s.json(&["key", "show"])["vkey"].as_str().unwrap().parse().unwrap();
        Checkpoint::open(&String::from_utf8(note.bytes).unwrap(), &vkey).unwrap().size
    }

    fn run(&self) {
        let train =
            ["run", "--model", "m.bin", "--model-group", "shop", "--", "sh", "-c", "date +%N > m.bin"];
        self.s.mlprov(&train).success();
    }
}

#[test]
fn what_the_key_signed_verifies_under_the_pinned_vkey() {
    let Some(t) = Signed::new("infra-kms") else { return };
    t.init(&["--plan"]).success().shows("+ key alias/infra-kms");
    t.init(&["--yes"]).success();
    let config = t.s.read(".mlprov/config.toml");
    assert!(
        config.contains("checkpoint = \"kms\"") && config.contains("kms_key = \"alias/infra-kms\""),
        "{config}"
    );
    // Nobody has it in a file.
    let keys: Vec<String> = std::fs::read_dir(t.s.keys_dir())
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert!(!keys.iter().any(|name| name.contains("log")), "{keys:?}");
    t.s.commit_all("first");
    let before = t.published();
    t.run();
    assert!(t.published() > before);
    t.s.mlprov(&["verify", "latest"]).success();
    t.s.mlprov(&["ledger", "audit", "--remote"]).success();
    t.s.mlprov(&["infra", "plan", "--exit-code"]).success();
    let policy = |role| t.s.mlprov(&["infra", "show", "--policy", role]).success().stdout();
    assert!(policy("publisher").contains("kms:Sign") && !policy("writer").contains("kms:"));
}

#[test]
fn the_policy_of_the_key_is_kept_and_lets_the_publishers_role_sign() {
    let Some(t) = Signed::new("infra-kms-policy") else { return };
    t.init(&["--yes"]).success();
    let (aws, client) = t.kms();
    let told = aws.wait(client.describe_key().key_id("alias/infra-kms-policy").send()).unwrap();
    let id = told.key_metadata().unwrap().key_id().to_owned();
    let policy = || -> serde_json::Value {
        let told = aws.wait(client.get_key_policy().key_id(&id).policy_name("default").send()).unwrap();
        serde_json::from_str(told.policy().unwrap()).unwrap()
    };
    let sids = || -> Vec<String> {
        let policy = policy();
        let all = policy["Statement"].as_array().unwrap().iter();
        all.map(|statement| statement["Sid"].as_str().unwrap().to_owned()).collect()
    };
    // Made with it: nobody but the account, and whom IAM lets.
    assert_eq!(sids(), ["MlprovAccount"]);
    assert_eq!(policy()["Statement"][0]["Principal"]["AWS"], "arn:aws:iam::000000000000:root");
    t.s.mlprov(&["infra", "plan", "--exit-code"]).success();
    let config = t.s.read(".mlprov/config.toml");
    let role = "arn:aws:iam::000000000000:role/publisher";
    t.s.write(".mlprov/config.toml", format!("{config}publisher_role = \"{role}\"\n"));
    t.s.mlprov(&["infra", "apply", "--yes"]).success().shows("1 change made");
    assert_eq!(sids(), ["MlprovAccount", "MlprovSign"]);
    let sign = policy()["Statement"][1].clone();
    assert_eq!(sign["Principal"]["AWS"], role);
    assert_eq!(sign["Action"], serde_json::json!(["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"]));

    // Somebody lets another one sign under our name, and has a statement of his own.
    let theirs = r#"{"Sid":"Theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:role/audit"},"Action":"kms:DescribeKey","Resource":"*"}"#;
    let ours =
        r#"{"Sid":"MlprovSign","Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"}"#;
    let other = format!(r#"{{"Version":"2012-10-17","Statement":[{theirs},{ours}]}}"#);
    aws.wait(client.put_key_policy().key_id(&id).policy_name("default").policy(other).send()).unwrap();
    let planned = t.s.mlprov(&["infra", "plan", "--exit-code"]);
    planned.code(1).shows("~ policy statement MlprovSign").shows("+ policy statement MlprovAccount");
    t.s.mlprov(&["infra", "apply", "--yes"]).success();
    assert_eq!(sids(), ["Theirs", "MlprovAccount", "MlprovSign"]);
    assert_eq!(policy()["Statement"][2], sign);
    t.s.write(".mlprov/config.toml", config);
    t.s.mlprov(&["infra", "apply", "--yes"]).success();
    assert_eq!(sids(), ["Theirs", "MlprovAccount"]);
}

#[test]
fn who_may_not_use_the_key_records_and_somebody_else_publishes() {
    let Some(t) = Signed::new("infra-kms-writer") else { return };
    t.init(&["--yes"]).success();
    t.s.commit_all("first");
    let before = t.published();
    // S3 is not asked by POST here.
    t.proxy.answer_instead("POST", "/ HTTP", "403 Forbidden", "AccessDeniedException");
    t.run();
    assert_eq!(t.published(), before);
    t.s.mlprov(&["verify", "latest"]).code(3).shows("unpublished");
    t.s.mlprov(&["ledger", "checkpoint", "--publish"]).code(2).says("kms:Sign on key alias/infra-kms-writer");
    t.proxy.mend();
    t.s.mlprov(&["ledger", "checkpoint", "--publish"]).success();
    assert!(t.published() > before);
    t.s.mlprov(&["verify", "latest"]).success();
}

#[test]
fn an_alias_that_names_another_key_by_now_signs_nothing() {
    let Some(t) = Signed::new("infra-kms-swapped") else { return };
    t.init(&["--yes"]).success();
    t.s.commit_all("first");
    let before = t.published();
    let (aws, client) = t.kms();
    let other = t.new_key();
    aws.wait(client.update_alias().alias_name("alias/infra-kms-swapped").target_key_id(&other).send())
        .unwrap();
    let train = ["run", "--", "true"];
    let _ = t.s.mlprov(&train);
    t.s.mlprov(&["ledger", "checkpoint", "--publish"]).code(2).says("not the key that the log is known by");
    assert_eq!(t.published(), before);
}

#[test]
fn a_key_of_another_kind_is_refused_and_left_alone() {
    let Some(t) = Signed::new("infra-kms-kind") else { return };
    let (aws, client) = t.kms();
    let asked = client.create_key().key_spec(KeySpec::EccNistP256).key_usage(KeyUsageType::SignVerify);
    let key = aws.wait(asked.send()).unwrap().key_metadata().unwrap().key_id().to_owned();
    aws.wait(client.create_alias().alias_name("alias/infra-kms-kind").target_key_id(&key).send()).unwrap();
    t.init(&["--yes"]).code(2).says("ECC_NIST_EDWARDS25519");
    assert!(!t.s.path(".mlprov").exists());
}

#[test]
fn what_is_too_long_is_not_sent() {
    let Some(t) = Signed::new("infra-kms-long") else { return };
    let key = t.new_key();
    // The public half is asked for with the caller's own credentials.
    let verifier = {
        let (aws, client) = t.kms();
        let told = aws.wait(client.get_public_key().key_id(&key).send()).unwrap();
        let spki = told.public_key().unwrap().as_ref().to_vec();
        let raw: [u8; 32] = spki[spki.len() - 32..].try_into().unwrap();
        mlprov::ledger::note::VerifierKey::new("origin", &raw).unwrap()
    };
    let endpoint =
        Endpoint { region: Some("us-east-1".into()), url: Some(t.proxy.url.clone()), hasty: false };
    let refused = KmsKey::new(endpoint, &key, verifier).sign(&[b'x'; 4_097]).unwrap_err();
    assert!(refused.to_string().contains("4096 bytes at most"), "{refused}");
    assert_eq!(t.proxy.count(), 0);
}
