//! Amazon Resource Names of model packages, and their embedded twin.

use crate::domain::ParseError;
use crate::domain::ids::ProjectId;
use crate::domain::ids::RunId;
use std::fmt;
use std::str::FromStr;

/// `arn:mlprov:local:<project id>::model-package/NAME/<run id>` (embedded registry), or
/// `arn:aws:sagemaker:REGION:ACCOUNT:model-package/NAME/VERSION` (SageMaker Model Registry; partitions
/// `aws-cn` and `aws-us-gov` too).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
#[serde(transparent)]
pub struct ModelPackageArn(String);

impl ModelPackageArn {
    /// `group` as [`check_group`] allows.
    pub fn local(project: &ProjectId, group: &str, run: &RunId) -> Result<Self, ParseError> {
        check_group(group)?;
        Ok(ModelPackageArn(format!("arn:mlprov:local:{project}::model-package/{group}/{run}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The model package group's name.
    pub fn group(&self) -> &str {
        self.resource().0
    }

    /// The part after the group: a run id (embedded) or a version number (SageMaker).
    pub fn version(&self) -> &str {
        self.resource().1
    }

    pub fn is_local(&self) -> bool {
        self.0.starts_with("arn:mlprov:local:")
    }

    fn resource(&self) -> (&str, &str) {
        let tail = self.0.split_once(":model-package/").map_or("", |(_, tail)| tail);
        tail.split_once('/').unwrap_or((tail, ""))
    }
}

/// SageMaker's rule for `ModelPackageGroupName`: 1–63 letters, digits and hyphens, not beginning or
/// ending with a hyphen (API reference, CreateModelPackageGroup).
pub fn check_group(name: &str) -> Result<(), ParseError> {
    let ok = (1..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if ok {
        return Ok(());
    }
    let why = "not 1-63 letters, digits and inner hyphens";
    Err(ParseError::new("model package group name", why, name))
}

impl fmt::Display for ModelPackageArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ModelPackageArn {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = |why: &str| ParseError::new("model package ARN", why, text);
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        let [arn, partition, service, region, account, resource] = parts[..] else {
            return Err(bad("not six parts separated by ':'"));
        };
        let mut path = resource.split('/');
        let (Some("model-package"), Some(group), Some(version), None) =
            (path.next(), path.next(), path.next(), path.next())
        else {
            return Err(bad("not of the form …:model-package/NAME/VERSION"));
        };
        check_group(group)?;
        match (arn, partition, service) {
            ("arn", "mlprov", "local") => {
                region.parse::<ProjectId>()?;
                version.parse::<RunId>()?;
                if !account.is_empty() {
                    return Err(bad("an embedded package has no account"));
                }
            }
            ("arn", p, "sagemaker") if p == "aws" || p.starts_with("aws-") => {
                let account_ok = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
                if !account_ok || region.is_empty() || version.parse::<u32>().is_err() {
                    return Err(bad(
                        "not a SageMaker model package (region, 12-digit account, version number)",
                    ));
                }
            }
            _ => return Err(bad("neither arn:mlprov:local nor arn:aws:sagemaker")),
        }
        Ok(ModelPackageArn(text.to_owned()))
    }
}

impl<'de> serde::Deserialize<'de> for ModelPackageArn {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Whether it is the ARN of a role, of any partition (IAM User Guide, "IAM identifiers"): with a path before its name, or without.
pub fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, resource] = parts[..] else { return false };
    let Some(name) = resource.strip_prefix("role/") else { return false };
    let plain = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-/".contains(c);
    partition.starts_with("aws")
        && partition.chars().all(|c| c.is_ascii_lowercase() || c == '-')
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && name.chars().all(plain)
        && name.split('/').all(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_registries_are_understood_and_nothing_else() {
        let project = ProjectId::draw();
        let run = RunId::new(1, &[9; 10]);
        let local = ModelPackageArn::local(&project, "iris", &run).unwrap();
        assert_eq!(local.as_str().parse::<ModelPackageArn>(), Ok(local.clone()));
        assert_eq!((local.group(), local.version()), ("iris", run.to_string().as_str()));
        let aws = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud/7";
        assert_eq!(aws.parse::<ModelPackageArn>().unwrap().version(), "7");
        for bad in [
            "arn:aws:sagemaker:eu-west-1:12345:model-package/fraud/7",
            "arn:aws:s3:::bucket/key",
            "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fraud",
            "arn:aws:sagemaker:eu-west-1:123456789012:model-package/fr/aud/7",
            "arn:mlprov:local:x::model-package/iris/1",
        ] {
            assert!(bad.parse::<ModelPackageArn>().is_err(), "{bad}");
        }
        assert!(check_group("-x").is_err() && check_group("a_b").is_err() && check_group("").is_err());
    }

    #[test]
    fn arns_of_roles_are_told_from_others() {
        for role in ["arn:aws:iam::123456789012:role/x", "arn:aws-us-gov:iam::123456789012:role/team/x"] {
            assert!(is_role(role), "{role}");
        }
        for other in [
            "publisher",
            "*",
            "arn:aws:iam::1:role/x",
            "arn:aws:iam::123456789012:role/",
            "arn:aws:iam::123456789012:user/x",
            "arn:aws:iam::123456789012:role/a b",
            "arn:aws:iam::123456789012:role//x",
            "arn:x:iam::123456789012:role/x",
        ] {
            assert!(!is_role(other), "{other}");
        }
    }
}
