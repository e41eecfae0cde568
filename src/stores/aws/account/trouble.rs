//! What an answer means for who asked.

use crate::ports::StoreError;
use crate::ports::account::Trouble;
use crate::stores::aws::failure;
use crate::stores::aws::failure::Failure;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::error::SdkError;

/// `action`: the permission that the request takes. `what`: the resource, for people.
pub fn of<E>(action: &'static str, what: &str, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = match &error {
        SdkError::ServiceError(answer) => answer.err().code().unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    let status = failure::status(&error);
    let (Failure::Refused { why, .. } | Failure::Unknown { why, .. }) = failure::of(what, error);
    let trouble = match status {
        Some(status) => meaning(status, &code),
        None if why.contains("credentials") => Trouble::Credentials,
        None => Trouble::NoAnswer,
    };
    let why = why.trim_end_matches([':', ' ']).to_owned();
    StoreError::Account { action, what: what.to_owned(), trouble, why }
}

/// Codes as the services document them; those that are not known are taken by their status.
fn meaning(status: u16, code: &str) -> Trouble {
    match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AllAccessDisabled" => {
            Trouble::Denied
        }
        "ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" => Trouble::Expired,
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => Trouble::Clock,
        "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidClientTokenId"
        | "InvalidToken"
        | "UnrecognizedClientException"
        | "MissingAuthenticationToken"
        | "NotSignedUp" => Trouble::Credentials,
        "BucketAlreadyExists" => Trouble::NameTaken,
        "PermanentRedirect"
        | "TemporaryRedirect"
        | "AuthorizationHeaderMalformed"
        | "IncorrectEndpoint"
        | "IllegalLocationConstraintException" => Trouble::OtherRegion,
        "TooManyBuckets" | "MaximumNumberOfTrailsExceededException" | "LimitExceededException" | "LimitExceeded" | "ServiceQuotaExceededException" => Trouble::Quota,
        "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "OperationAborted"
        | "ConcurrentModification"
        // The bucket's policy was set just before, and is not known everywhere yet.
        | "InsufficientS3BucketPolicyException" => Trouble::Busy,
        _ => match status {
            301 | 307 => Trouble::OtherRegion,
            401 | 403 => Trouble::Denied,
            409 | 429 | 503 => Trouble::Busy,
            500.. => Trouble::NoAnswer,
            _ => Trouble::Other,
        },
    }
}

/// Whether the server has no such thing at all, and says so.
pub fn is_unsupported<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let SdkError::ServiceError(answer) = error else { return false };
    let code = answer.err().code().unwrap_or_default();
    matches!(code, "NotImplemented" | "MethodNotAllowed")
        || matches!(answer.raw().status().as_u16(), 405 | 501)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_leads_to_what_can_be_done() {
        for (status, code, trouble) in [
            (403, "AccessDenied", Trouble::Denied),
            (403, "", Trouble::Denied),
            (400, "ExpiredToken", Trouble::Expired),
            (403, "RequestTimeTooSkewed", Trouble::Clock),
            (403, "InvalidAccessKeyId", Trouble::Credentials),
            (403, "SignatureDoesNotMatch", Trouble::Credentials),
            (409, "BucketAlreadyExists", Trouble::NameTaken),
            (409, "OperationAborted", Trouble::Busy),
            (301, "", Trouble::OtherRegion),
            (400, "AuthorizationHeaderMalformed", Trouble::OtherRegion),
            (400, "TooManyBuckets", Trouble::Quota),
            (400, "Throttling", Trouble::Busy),
            (503, "SlowDown", Trouble::Busy),
            (500, "InternalError", Trouble::NoAnswer),
            (400, "MalformedPolicy", Trouble::Other),
        ] {
            assert_eq!(meaning(status, code), trouble, "{status} {code}");
        }
    }
}
