//! Who asks, as AWS sees it.

use super::runtime::Aws;
use super::runtime::Endpoint;
use crate::config::BucketSite;

/// Where the SDK finds STS, if not at AWS.
const STS: &str = "AWS_ENDPOINT_URL_STS";

/// ARN of whoever uses a bucket from here (STS API, `GetCallerIdentity`, which nobody is refused). `None`: there was no answer
/// soon, or the bucket lies in a server that is not AWS, and no STS was named beside it.
pub fn arn(site: &BucketSite) -> Option<String> {
    let named = std::env::var_os(STS).is_some_and(|url| !url.is_empty());
    if site.endpoint.is_some() && !named {
        return None;
    }
    let endpoint = Endpoint { region: site.region.clone(), url: None, hasty: true };
    let aws = Aws::connect(&endpoint).ok()?;
    let sts = aws_sdk_sts::Client::new(aws.config_of("STS").ok()?);
    let told = aws.wait(sts.get_caller_identity().send()).ok()?;
    told.arn().map(str::to_owned)
}
