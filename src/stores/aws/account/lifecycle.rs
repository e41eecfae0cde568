//! Lifecycle rules as values that can be compared, and back.

use aws_sdk_s3::error::BuildError;
use aws_sdk_s3::types::AbortIncompleteMultipartUpload;
use aws_sdk_s3::types::ExpirationStatus;
use aws_sdk_s3::types::LifecycleRule;
use aws_sdk_s3::types::LifecycleRuleFilter;
use aws_sdk_s3::types::NoncurrentVersionExpiration;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

/// Fields that rules of ours do not have stand there as the SDK shows them: so a rule that somebody changed is another.
pub fn read(rule: &LifecycleRule) -> Value {
    let mut fields = Map::new();
    let filter = rule.filter();
    #[allow(deprecated)] // rules of that time are kept as they are
    let old = rule.prefix();
    let prefix = filter.and_then(|filter| filter.prefix()).or(old).unwrap_or_default();
    fields.insert("Prefix".into(), json!(prefix));
    fields.insert("Status".into(), json!(rule.status().as_str()));
    if let Some(days) =
        rule.abort_incomplete_multipart_upload().and_then(|abort| abort.days_after_initiation())
    {
        fields.insert("AbortIncompleteMultipartUpload".into(), json!(days));
    }
    let noncurrent = rule.noncurrent_version_expiration();
    if let Some(days) = noncurrent.and_then(|noncurrent| noncurrent.noncurrent_days()) {
        fields.insert("NoncurrentVersionExpiration".into(), json!(days));
    }
    let mut foreign = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            fields.insert(name.into(), value.into());
        }
    };
    foreign("Expiration", rule.expiration().map(|e| format!("{e:?}")));
    let newer = noncurrent.and_then(|n| n.newer_noncurrent_versions()).filter(|newer| *newer > 0);
    foreign("NewerNoncurrentVersions", newer.map(|newer| newer.to_string()));
    let transitions = rule.transitions();
    foreign("Transitions", (!transitions.is_empty()).then(|| format!("{transitions:?}")));
    let old = rule.noncurrent_version_transitions();
    foreign("NoncurrentVersionTransitions", (!old.is_empty()).then(|| format!("{old:?}")));
    let narrow = filter.is_some_and(|filter| filter.and().is_some() || filter.tag().is_some());
    foreign("Filter", filter.filter(|_| narrow).map(|filter| format!("{filter:?}")));
    Value::Object(fields)
}

/// A rule of ours.
pub fn write(id: &str, rule: &Value) -> Result<LifecycleRule, BuildError> {
    let days = |name: &str| rule[name].as_i64().and_then(|days| i32::try_from(days).ok());
    let filter = LifecycleRuleFilter::builder().prefix(rule["Prefix"].as_str().unwrap_or_default());
    let abort = days("AbortIncompleteMultipartUpload")
        .map(|days| AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build());
    let noncurrent = days("NoncurrentVersionExpiration")
        .map(|days| NoncurrentVersionExpiration::builder().noncurrent_days(days).build());
    LifecycleRule::builder()
        .id(id)
        .filter(filter.build())
        .status(ExpirationStatus::Enabled)
        .set_abort_incomplete_multipart_upload(abort)
        .set_noncurrent_version_expiration(noncurrent)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::types::LifecycleExpiration;

    #[test]
    fn what_is_written_is_read_and_what_others_added_is_seen() {
        let value = json!({ "Prefix": "t/", "Status": "Enabled", "AbortIncompleteMultipartUpload": 7, "NoncurrentVersionExpiration": 3 });
        let rule = write("mlprov-x", &value).unwrap();
        assert_eq!(read(&rule), value);
        let mut changed = rule.clone();
        changed.expiration = Some(LifecycleExpiration::builder().days(1).build());
        assert_ne!(read(&changed), value);
        changed = rule;
        changed.status = ExpirationStatus::Disabled;
        assert_ne!(read(&changed), value);
    }
}
