//! Who acts here, as far as this machine says: one object per clone, which entries name by its digest alone. It can be deleted.

use crate::git::repo::Repo;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use std::collections::BTreeMap;

const SCHEMA: &str = "mlprov.disclosure/1";

/// Variables that hold a token of a CI system (GitLab CI/CD, *ID tokens*: their names are the user's choice).
const TOKEN_SUFFIXES: [&str; 2] = ["ID_TOKEN", "OIDC_TOKEN"];
/// Names a file with one (AWS SDK reference, *Assume role with web identity*).
const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";

/// What is kept of a token: who issued it, about whom, for what job. (GitHub, *OpenID Connect reference*; GitLab, *ID token
/// payload*.)
const CLAIMS: [&str; 30] = [
    "iss",
    "sub",
    "aud",
    "repository",
    "repository_id",
    "repository_owner_id",
    "ref",
    "ref_type",
    "ref_protected",
    "sha",
    "workflow_ref",
    "workflow_sha",
    "job_workflow_ref",
    "job_workflow_sha",
    "run_id",
    "run_attempt",
    "actor",
    "actor_id",
    "environment",
    "runner_environment",
    "project_path",
    "project_id",
    "namespace_path",
    "pipeline_id",
    "pipeline_source",
    "job_id",
    "runner_id",
    "user_id",
    "ci_config_ref_uri",
    "ci_config_sha",
];

/// The same claims, as variables of GitHub Actions.
const GITHUB: [&str; 13] = [
    "GITHUB_REPOSITORY",
    "GITHUB_REPOSITORY_ID",
    "GITHUB_REPOSITORY_OWNER_ID",
    "GITHUB_REF",
    "GITHUB_REF_TYPE",
    "GITHUB_SHA",
    "GITHUB_WORKFLOW_REF",
    "GITHUB_WORKFLOW_SHA",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_ACTOR",
    "GITHUB_ACTOR_ID",
    "RUNNER_ENVIRONMENT",
];

/// The object. `salt`: so that nobody can find out who it is by trying names (hexadecimal, 32 bytes). `caller`: ARN that AWS
/// knows this user by.
pub fn disclosure(repo: &Repo, salt: &str, caller: Option<&str>) -> Value {
    let (name, email) = repo.identity();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut disclosure = json!({
        "schema": SCHEMA,
        "salt": salt,
        "name": name,
        "email": email,
        "osUser": std::env::var("USER").ok(),
        "host": host,
    });
    if let Some(caller) = caller {
        disclosure["callerArn"] = Value::from(caller);
    }
    let variables =
        std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    let claims = claims(&variables.collect());
    if !claims.is_empty() {
        disclosure["claims"] = Value::Array(claims);
    }
    disclosure
}

/// What the environment claims of the job that this is. No signature was checked, and no token is kept.
fn claims(variables: &BTreeMap<String, String>) -> Vec<Value> {
    let mut found: Vec<(&str, Map<String, Value>)> = Vec::new();
    for (name, value) in variables {
        let token = match name.as_str() {
            TOKEN_FILE => std::fs::read_to_string(value).ok(),
            name if TOKEN_SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) => Some(value.clone()),
            _ => None,
        };
        found.extend(token.and_then(|token| claims_of(&token)).map(|claims| (name.as_str(), claims)));
    }
    if variables.contains_key("GITHUB_ACTIONS") {
        let claim = |name: &str| name.trim_start_matches("GITHUB_").to_lowercase();
        let value = |name: &str| variables.get(name).cloned().map(Value::String);
        let known = GITHUB.iter().filter_map(|name| Some((claim(name), value(name)?)));
        found.push(("GITHUB_*", known.collect()));
    }
    found.into_iter().map(|(from, claims)| json!({ "from": from, "claims": claims })).collect()
}

/// Of a JSON Web Token in its compact form (RFC 7519 §3), if it is one.
fn claims_of(token: &str) -> Option<Map<String, Value>> {
    let mut parts = token.trim().split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let all: Map<String, Value> = serde_json::from_slice(&BASE64URL.decode(payload).ok()?).ok()?;
    let kept: Map<String, Value> =
        all.into_iter().filter(|(name, _)| CLAIMS.contains(&name.as_str())).collect();
    (parts.next().is_none() && !kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_token_only_the_claims_about_the_job_are_kept() {
        let payload = json!({ "iss": "https://ci.example.org", "sub": "job", "nonce": "secret", "exp": 5 });
        let token = format!("e30.{}.c2ln", BASE64URL.encode(payload.to_string()));
        let variables = [("CI_ID_TOKEN", &token[..]), ("OTHER_TOKEN", &token), ("X_ID_TOKEN", "no token")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let kept = json!({ "iss": "https://ci.example.org", "sub": "job" });
        let expected = json!([{ "from": "CI_ID_TOKEN", "claims": kept }]);
        assert_eq!(Value::Array(claims(&variables.into())), expected);
        for bad in ["", "a.b", "a.b.c.d", "e30.e30.e30", "e30.!!.e30"] {
            assert_eq!(claims_of(bad), None, "{bad}");
        }
    }
}
