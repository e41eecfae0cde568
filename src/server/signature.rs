//! Signature Version 4: whoever has one of the keys may ask.

use super::http::Asked;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::SignableBody;
use aws_sigv4::http_request::SignableRequest;
use aws_sigv4::http_request::SigningParams;
use aws_sigv4::http_request::SigningSettings;
use aws_sigv4::http_request::sign;
use aws_sigv4::sign::v4;
use std::collections::BTreeMap;
use std::time::Duration;
use std::time::SystemTime;

/// How far clocks may be apart (IAM User Guide, "Signing AWS API requests").
const SKEW: i64 = 5 * 60;

/// Access keys, each with its secret. None: nothing is checked.
pub type Keys = BTreeMap<String, String>;

/// Why a request is not answered.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsigned {
    #[error("the request is not signed (AWS Signature Version 4)")]
    Missing,
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    #[error("Signature expired: the request was signed {0} seconds from now")]
    Expired(i64),
    #[error("The request signature we calculated does not match the signature you provided.")]
    Wrong,
}

impl Unsigned {
    pub const fn exception(&self) -> &'static str {
        match self {
            Unsigned::Missing => "MissingAuthenticationTokenException",
            Unsigned::UnknownKey => "UnrecognizedClientException",
            Unsigned::Expired(_) | Unsigned::Wrong => "InvalidSignatureException",
        }
    }
}

/// `now`: seconds since 1970.
pub fn check(asked: &Asked, keys: &Keys, now: i64) -> Result<(), Unsigned> {
    if keys.is_empty() {
        return Ok(());
    }
    let given = asked.header("authorization").and_then(|text| text.strip_prefix("AWS4-HMAC-SHA256 "));
    let given = given.ok_or(Unsigned::Missing)?;
    let part = |name: &str| {
        let parts = given.split(',').filter_map(|part| part.trim().split_once('='));
        parts.into_iter().find(|(found, _)| *found == name).map(|(_, value)| value)
    };
    let scope = part("Credential").ok_or(Unsigned::Missing)?;
    let (signed, signature) =
        (part("SignedHeaders").ok_or(Unsigned::Missing)?, part("Signature").ok_or(Unsigned::Missing)?);
    let scope: Vec<&str> = scope.split('/').collect();
    let [access, date, region, service, "aws4_request"] = scope[..] else { return Err(Unsigned::Missing) };
    let secret = keys.get(access).ok_or(Unsigned::UnknownKey)?;
    let stamp = asked.header("x-amz-date").ok_or(Unsigned::Missing)?;
    let time = seconds(stamp).filter(|_| stamp.starts_with(date)).ok_or(Unsigned::Missing)?;
    if (now - time).abs() > SKEW {
        return Err(Unsigned::Expired(now - time));
    }
    let names: Vec<&str> = signed.split(';').collect();
    // What is not signed could be anybody's.
    if !names.contains(&"host") || !names.contains(&"x-amz-date") {
        return Err(Unsigned::Wrong);
    }
    let ours = ours(asked, &names, [access, secret], [region, service], time).ok_or(Unsigned::Wrong)?;
    let differs = ours.len() != signature.len()
        || ours.bytes().zip(signature.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) != 0;
    if differs { Err(Unsigned::Wrong) } else { Ok(()) }
}

/// The signature that such a request has.
fn ours(
    asked: &Asked,
    names: &[&str],
    [access, secret]: [&str; 2],
    [region, service]: [&str; 2],
    time: i64,
) -> Option<String> {
    let identity = Credentials::new(access, secret, None, None, "qldb serve").into();
    let mut settings = SigningSettings::default();
    // Only what the caller signed.
    settings.excluded_headers = None;
    settings.session_token_mode = aws_sigv4::http_request::SessionTokenMode::Exclude;
    let when = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(time).ok()?);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(when)
        .settings(settings)
        .build()
        .ok()?;
    let params = SigningParams::from(params);
    // The date is added by who signs.
    let headers =
        names.iter().filter(|name| **name != "x-amz-date").map(|name| Some((*name, asked.header(name)?)));
    let headers: Option<Vec<(&str, &str)>> = headers.collect();
    let host = asked.header("host")?;
    let uri = format!("http://{host}{}", asked.target);
    let headers = headers?.into_iter().filter(|(name, _)| *name != "host");
    let request = SignableRequest::new(&asked.method, uri, headers, SignableBody::Bytes(&asked.body)).ok()?;
    Some(sign(request, &params).ok()?.signature().to_owned())
}

/// Of `20261121T041500Z`.
fn seconds(stamp: &str) -> Option<i64> {
    let (date, time) = stamp.strip_suffix('Z')?.split_once('T')?;
    let cut = |text: &str, from: usize, to: usize| text.get(from..to).map(str::to_owned);
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        cut(date, 0, 4)?,
        cut(date, 4, 6)?,
        cut(date, 6, 8)?,
        cut(time, 0, 2)?,
        cut(time, 2, 4)?,
        cut(time, 4, 6)?
    );
    text.parse::<jiff::Timestamp>().ok().map(|time| time.as_second())
}
