//! What the buckets of a project are to be like, beyond where they are: choices, never credentials.

use super::Config;
use super::Lock;
use serde::Deserialize;

/// `[aws]`, for `mlprov infra`. The buckets themselves are those of `[ledger]` and `[store]`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AwsTable {
    /// What the resources are tagged with [default: the project's name].
    pub name: Option<String>,
    /// Key (ARN, id or alias) of the buckets' default encryption [default: that of the store, else SSE-S3].
    pub kms_key: Option<String>,
    /// Whether objects can be given a retention.
    pub object_lock: bool,
    /// Whether the buckets' policies deny that they are deleted.
    pub deletion_protection: bool,
    /// Group of model packages in SageMaker, if these are registered there [default: after the name].
    pub model_package_group: Option<String>,
    /// Whether CloudTrail logs what happens to the buckets. It costs: see `docs/aws.md`.
    pub trail: bool,
    /// Bucket that it delivers to [default: after name, account and region].
    pub trail_bucket: Option<String>,
    /// Repository of CodeCommit that is to be a remote of the project.
    pub codecommit: Option<String>,
    /// Whether there is a managed policy of IAM for each role. It is attached to nobody.
    pub iam: bool,
    /// ARN of the role that publishes: the policy of the log's key lets it sign.
    pub publisher_role: Option<String>,
    /// For so many days nobody can delete a version of data, nor a commit of the ledger. Needs `object_lock`.
    pub retention_days: Option<u32>,
    /// The same until somebody lifts it, version by version. Needs `object_lock`.
    pub legal_hold: bool,
}

impl Default for AwsTable {
    fn default() -> Self {
        AwsTable {
            name: None,
            kms_key: None,
            object_lock: false,
            deletion_protection: true,
            model_package_group: None,
            trail: false,
            trail_bucket: None,
            codecommit: None,
            iam: false,
            publisher_role: None,
            retention_days: None,
            legal_hold: false,
        }
    }
}

impl AwsTable {
    pub fn lock(&self) -> Lock {
        Lock { days: self.retention_days, legal_hold: self.legal_hold }
    }

    /// Why the choices do not fit together.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.lock() != Lock::default() && !self.object_lock {
            return Err("[aws] retention_days and legal_hold need object_lock = true".into());
        }
        match self.retention_days {
            // As S3 has it: 100 years.
            Some(days) if !(1..=36_500).contains(&days) => {
                Err(format!("[aws] retention_days = {days} is not between 1 and 36500"))
            }
            _ => Ok(()),
        }
    }

    /// As it stands at the end of the settings.
    pub fn text(&self) -> String {
        let line = |name: &str, value: &Option<String>| match value {
            Some(value) => format!("{name} = {}\n", toml::Value::from(value.as_str())),
            None => String::new(),
        };
        format!(
            "\n[aws]               # what `mlprov infra apply` makes the account be\n{}{}object_lock = {}\ndeletion_protection = {}\n{}{}{}{}{}{}{}{}",
            line("name", &self.name),
            line("kms_key", &self.kms_key),
            self.object_lock,
            self.deletion_protection,
            line("model_package_group", &self.model_package_group),
            if self.trail { "trail = true\n" } else { "" },
            line("trail_bucket", &self.trail_bucket),
            line("codecommit", &self.codecommit),
            if self.iam { "iam = true\n" } else { "" },
            line("publisher_role", &self.publisher_role),
            self.retention_days.map(|days| format!("retention_days = {days}\n")).unwrap_or_default(),
            if self.legal_hold { "legal_hold = true\n" } else { "" },
        )
    }
}

impl Config {
    pub fn aws_name(&self) -> &str {
        self.aws.name.as_deref().unwrap_or(&self.project.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ProjectId;
    use std::path::Path;

    #[test]
    fn what_is_written_is_read_back() {
        let embedded = Config::embedded_text(&ProjectId::draw(), "shop");
        let read = |text: &str| Config::parse(Path::new("config.toml"), text);
        assert_eq!(read(&embedded).unwrap().aws, AwsTable::default());
        let key = Some("arn:aws:kms:eu-central-1:123456789012:alias/\"x\"".to_owned());
        for table in [
            AwsTable {
                name: Some("Sh\"op".into()),
                kms_key: key,
                object_lock: true,
                deletion_protection: false,
                model_package_group: Some("shop-models".into()),
                trail: true,
                trail_bucket: Some("shop-logs".into()),
                codecommit: Some("shop".into()),
                iam: true,
                publisher_role: Some("arn:aws:iam::123456789012:role/publisher".into()),
                retention_days: Some(7),
                legal_hold: true,
            },
            AwsTable::default(),
        ] {
            assert_eq!(read(&(embedded.clone() + &table.text())).unwrap().aws, table);
        }
        assert!(read(&format!("{embedded}[aws]\nretention_days = 7\n")).is_err());
        assert!(read(&format!("{embedded}[aws]\nobject_lock = true\nretention_days = 0\n")).is_err());
        assert!(read(&(embedded + "[aws]\nsecret_key = \"x\"\n")).is_err());
    }
}
