//! What went wrong with a request, by what the caller may conclude from it.

use crate::ports::StoreError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::error::SdkError;
use std::io;
use std::time::Duration;

#[derive(Debug)]
pub enum Failure {
    /// It did not happen: it was never sent, or the service said no.
    Refused { what: String, why: String },
    /// It may or may not have happened: no answer, or one that leaves it open (5xx). Look, then decide.
    Unknown { what: String, why: String },
}

impl Failure {
    pub fn is_unknown(&self) -> bool {
        matches!(self, Failure::Unknown { .. })
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        let (Failure::Refused { what, why } | Failure::Unknown { what, why }) = failure;
        StoreError::io("ask for", what, io::Error::other(why))
    }
}

/// What an answer that is not the one wanted means. `what`: the request, for people.
pub fn of<E>(what: &str, error: SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let what = what.to_owned();
    match &error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let code = answer.err().code().unwrap_or("no code").to_owned();
            let message = answer.err().message().unwrap_or_default();
            let why = format!("{status} {code}: {message}");
            match status {
                // 409: another conditional write of the same key goes on.
                409 | 500.. => Failure::Unknown { what, why },
                _ => Failure::Refused { what, why },
            }
        }
        SdkError::ConstructionFailure(_) => Failure::Refused { what, why: chain_of(&error) },
        SdkError::DispatchFailure(failed) if failed.is_user() || never_sent(&error) => {
            Failure::Refused { what, why: chain_of(&error) }
        }
        _ => Failure::Unknown { what, why: chain_of(&error) },
    }
}

/// What to do about a request that may be sent again.
pub struct Again {
    /// The server asked for less.
    pub busy: bool,
    /// It may have happened: look first.
    pub look: bool,
    /// Not before (`Retry-After`).
    pub after: Option<Duration>,
}

/// `None`: another attempt would go no better.
pub fn again<E>(error: &SdkError<E, HttpResponse>) -> Option<Again>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    const BUSY: [&str; 4] = ["SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded"];
    match error {
        SdkError::ServiceError(answer) => {
            let (status, code) = (answer.raw().status().as_u16(), answer.err().code().unwrap_or_default());
            let after = answer.raw().headers().get("retry-after").and_then(|text| text.parse().ok());
            let after = after.map(|seconds: u64| Duration::from_secs(seconds.min(30)));
            let busy = BUSY.contains(&code) || status == 429;
            match status {
                408 | 409 | 429 | 500.. => Some(Again { busy, look: !busy, after }),
                400 if code == "RequestTimeout" => Some(Again { busy, look: false, after }),
                _ => None,
            }
        }
        SdkError::ConstructionFailure(_) => None,
        SdkError::DispatchFailure(failed) if failed.is_user() => None,
        SdkError::DispatchFailure(_) if no_credentials(error) => None,
        _ => Some(Again { busy: false, look: true, after: None }),
    }
}

/// HTTP status of an answer, if there was one.
pub fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}

fn no_credentials(error: &(dyn std::error::Error + 'static)) -> bool {
    chain_of(error).contains("credentials provider")
}

/// Whether the connection was never there: nobody listens, no such host, no credentials.
fn never_sent(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(e) = next {
        let refused =
            e.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::ConnectionRefused);
        let text = e.to_string();
        if refused || text.contains("dns error") || text.contains("credentials provider") {
            return true;
        }
        next = e.source();
    }
    false
}

fn chain_of(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(e) = next {
        let text = e.to_string();
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        next = e.source();
    }
    parts.join(": ")
}
