//! What a bucket lists, and what it keeps beside the bytes.

use super::Found;
use super::Requests;
use crate::ports::source::Listed;
use crate::ports::source::Mark;
use crate::stores::aws::failure;
use crate::stores::aws::failure::Failure;
use aws_sdk_s3::types::ObjectVersion;
use std::collections::BTreeMap;

impl Requests {
    /// User metadata.
    pub async fn metadata(
        &self,
        key: &str,
        version: Option<&str>,
    ) -> Result<Found<BTreeMap<String, String>>, Failure> {
        let what = format!("HEAD {}", self.url(key));
        let send = || {
            let head = self.client.head_object().bucket(self.bucket()).key(key);
            let head = head.set_version_id(version.map(str::to_owned));
            head.set_expected_bucket_owner(self.owner()).send()
        };
        match self.persist(send).await {
            Ok(answer) => {
                let found = answer.metadata.unwrap_or_default().into_iter();
                Ok(Found::There(found.map(|(name, value)| (name.to_lowercase(), value)).collect()))
            }
            Err(e) if matches!(failure::status(&e), Some(400 | 404 | 405)) => Ok(Found::Gone),
            Err(e) => Err(failure::of(&what, e)),
        }
    }

    /// Current objects whose keys begin so, a thousand at most, from a mark on; and where the next ones begin.
    pub async fn page(
        &self,
        prefix: &str,
        from: Option<&Mark>,
    ) -> Result<(Vec<Listed>, Option<Mark>), Failure> {
        let what = format!("list {}", self.url(prefix));
        let send = || {
            let list = self.client.list_object_versions().bucket(self.bucket()).prefix(prefix);
            let list = list.set_key_marker(from.map(|mark| mark.key.clone()));
            let list = list.set_version_id_marker(from.and_then(|mark| mark.version.clone()));
            list.set_expected_bucket_owner(self.owner()).send()
        };
        let answer = self.persist(send).await.map_err(|e| failure::of(&what, e))?;
        let listed = |version: &ObjectVersion| {
            let id = version.version_id().filter(|id| !id.is_empty() && *id != "null");
            Some(Listed {
                key: version.key()?.to_owned(),
                size: u64::try_from(version.size()?).ok()?,
                version_id: id.map(str::to_owned),
                etag: version.e_tag().unwrap_or_default().to_owned(),
            })
        };
        let current = answer.versions().iter().filter(|version| version.is_latest() == Some(true));
        let objects = current.filter_map(listed).collect();
        let next = answer.next_key_marker().filter(|_| answer.is_truncated() == Some(true));
        let version = answer.next_version_id_marker().map(str::to_owned);
        Ok((objects, next.map(|key| Mark { key: key.to_owned(), version })))
    }
}
