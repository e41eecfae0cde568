//! Object Lock: what is to stay is said to with each new object, since the bucket has no default by which the inbox would stay,
//! too.

use crate::config::Lock;
use crate::ports::clock::Clock;
use crate::stores::local::clock::SystemClock;
use aws_sdk_s3::config::ConfigBag;
use aws_sdk_s3::config::Intercept;
use aws_sdk_s3::config::RuntimeComponents;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::primitives::DateTimeFormat;

/// Into every request that makes an object of that kind.
#[derive(Debug)]
pub struct Retain {
    lock: Lock,
    /// What its path must hold.
    only: &'static str,
}

impl Retain {
    /// Everything that a store keeps.
    pub fn data(lock: Lock) -> Self {
        Retain { lock, only: "/" }
    }

    /// Only commits: everything else of a ledger is derived from them, replaced or taken away.
    pub fn commits(lock: Lock) -> Self {
        Retain { lock, only: "/ledger/commit/" }
    }

    fn concerns(&self, uri: &str) -> bool {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        // As the SDK writes them.
        let makes = |part: &str| matches!(part, "x-id=PutObject" | "x-id=CopyObject" | "uploads");
        path.contains(self.only) && query.split('&').any(|part| makes(part.trim_end_matches('=')))
    }
}

impl Intercept for Retain {
    fn name(&self) -> &'static str {
        "Retain"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if !self.concerns(request.uri()) {
            return Ok(());
        }
        if let Some(days) = self.lock.days {
            let now = SystemClock.now().unix_micros() / 1_000_000;
            let until = DateTime::from_secs(now + i64::from(days) * 86_400).fmt(DateTimeFormat::DateTime)?;
            request.headers_mut().insert("x-amz-object-lock-mode", "COMPLIANCE");
            request.headers_mut().insert("x-amz-object-lock-retain-until-date", until);
        }
        if self.lock.legal_hold {
            request.headers_mut().insert("x-amz-object-lock-legal-hold", "ON");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_makes_an_object_that_is_to_stay() {
        let lock = Lock { days: Some(1), legal_hold: false };
        let (data, commits) = (Retain::data(lock), Retain::commits(lock));
        for (uri, of_data, of_ledger) in [
            ("http://h/b/t/data/a.csv?x-id=PutObject", true, false),
            ("http://h/b/t/data/a.csv?x-id=CopyObject", true, false),
            ("http://h/b/t/data/a.csv?uploads", true, false),
            ("http://h/b/t/data/a.csv?uploads=", true, false),
            ("http://h/b/t/data/a.csv?x-id=UploadPart&partNumber=1&uploadId=x", false, false),
            ("http://h/b/t/data/a.csv?x-id=GetObject", false, false),
            ("http://h/b/t/ledger/commit/0?x-id=PutObject", true, true),
            ("http://h/b/t/ledger/inbox/0?x-id=PutObject", true, false),
            ("http://h/b/t/ledger/checkpoint?x-id=PutObject", true, false),
        ] {
            assert_eq!((data.concerns(uri), commits.concerns(uri)), (of_data, of_ledger), "{uri}");
        }
    }
}
