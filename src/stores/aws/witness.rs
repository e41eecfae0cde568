//! What CloudTrail says of itself: the keys that it signs digests with.

use super::account::trouble;
use super::runtime::Aws;
use super::runtime::Endpoint;
use crate::config::BucketSite;
use crate::domain::time::Timestamp;
use crate::ports::StoreError;
use aws_sdk_cloudtrail::primitives::DateTime;

/// Where the SDK finds CloudTrail, if not at AWS.
const CLOUDTRAIL: &str = "AWS_ENDPOINT_URL_CLOUDTRAIL";

/// Fingerprint and RSAPublicKey (PKCS #1, DER) of each key that signed digests of a region between two moments (CloudTrail API,
/// `ListPublicKeys`). `near`: a bucket of the project; if that is not AWS's, AWS is not asked.
pub fn public_keys(
    near: Option<&BucketSite>,
    region: &str,
    (since, until): (&Timestamp, &Timestamp),
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    let named = std::env::var_os(CLOUDTRAIL).is_some_and(|url| !url.is_empty());
    if near.is_some_and(|site| site.endpoint.is_some()) && !named {
        let why = format!("the project's bucket is not AWS's, so AWS is not asked: set {CLOUDTRAIL}");
        return Err(StoreError::Unfit { what: "AWS CloudTrail".to_owned(), why });
    }
    let aws = Aws::connect(&Endpoint { region: Some(region.to_owned()), url: None, hasty: false })?;
    let client = aws_sdk_cloudtrail::Client::new(aws.config());
    let seconds = |time: &Timestamp| DateTime::from_secs(time.unix_micros().div_euclid(1_000_000));
    let mut keys = Vec::new();
    let mut from = None;
    loop {
        let list = client.list_public_keys().start_time(seconds(since)).end_time(seconds(until));
        let told = aws.wait(list.set_next_token(from).send());
        let told = told.map_err(|e| trouble::of("cloudtrail:ListPublicKeys", region, e))?;
        for key in told.public_key_list() {
            if let (Some(fingerprint), Some(value)) = (key.fingerprint(), key.value()) {
                keys.push((fingerprint.to_owned(), value.as_ref().to_vec()));
            }
        }
        from = told.next_token().map(str::to_owned);
        if from.is_none() {
            return Ok(keys);
        }
    }
}
