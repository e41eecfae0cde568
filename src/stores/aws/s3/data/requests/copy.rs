//! Versions that the server copies by itself, from a bucket that it holds as well. A copy counts only if the server keeps
//! for it the size and the SHA-256 that the version map names; else the bytes are read and sent.

use super::Found;
use super::New;
use super::Part;
use super::Requests;
use super::Stated;
use crate::config::BucketSite;
use crate::domain::version_map::Located;
use crate::ports::object_store::ForeignObject;
use crate::stores::aws::failure;
use crate::stores::aws::failure::Failure;
use crate::stores::aws::s3::data::upload;
use aws_sdk_s3::types::ChecksumAlgorithm;
use aws_sdk_s3::types::CompletedMultipartUpload;
use aws_sdk_s3::types::CompletedPart;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// As `x-amz-copy-source` wants it: bucket, key in percent-encoding, version.
fn source_of(bucket: &str, key: &str, version: &str) -> String {
    let mut out = format!("{bucket}/");
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    match version {
        "" => out,
        version => format!("{out}?versionId={version}"),
    }
}

/// Of what is taken over; one copy ends at 5 GiB (S3 API, *CopyObject*), and large parts are quicker.
const PART: u64 = 64 << 20;
/// S3 User Guide, *multipart upload limits*.
const MOST_PARTS: u64 = 10_000;

impl Requests {
    /// A new version of whatever another bucket of this server holds, with the SHA-256 that the server makes of it, if it
    /// does.
    pub async fn take(&self, from: &ForeignObject<'_>, new: &str) -> Result<Stated, Failure> {
        let source = source_of(from.bucket, from.key, from.version.unwrap_or_default());
        let what = format!("copy {source} to {}", self.url(new));
        let version = match from.size > PART {
            true => self.take_parts(&source, from, new, &what).await?,
            false => self.take_whole(&source, new, &what).await?,
        };
        let Some(version) = version else {
            let why = "the bucket keeps no versions (it answered no VersionId)".to_owned();
            return Err(Failure::Refused { what, why });
        };
        match self.head(new, Some(&version)).await? {
            Found::There(found) if found.size == from.size => Ok(found),
            _ => Err(Failure::Unknown { what, why: "what was copied is not what was listed".to_owned() }),
        }
    }

    async fn take_whole(&self, source: &str, new: &str, what: &str) -> Result<Option<String>, Failure> {
        let send = || {
            let copy = self.client.copy_object().bucket(self.bucket()).key(new).copy_source(source);
            let copy = copy.checksum_algorithm(ChecksumAlgorithm::Sha256);
            let (sse, key) = self.encryption();
            let copy = copy.set_server_side_encryption(sse).set_ssekms_key_id(key);
            copy.set_expected_bucket_owner(self.owner()).send()
        };
        let answer = self.persist(send).await.map_err(|e| failure::of(what, e))?;
        Ok(answer.version_id().map(str::to_owned))
    }

    /// The VersionId. All parts are of one object, which must keep its ETag meanwhile.
    async fn take_parts(
        &self,
        source: &str,
        from: &ForeignObject<'_>,
        new: &str,
        what: &str,
    ) -> Result<Option<String>, Failure> {
        let before = self.etag_now(from).await?;
        let upload = self.begin_multipart(new, None).await?;
        let taken = self.take_each(source, from, new, &upload, what).await;
        let all = match (taken, self.etag_now(from).await) {
            (Ok(all), Ok(after)) if after == before => all,
            (taken, after) => {
                self.abort_multipart(new, &upload).await;
                let why = "it changed while it was copied".to_owned();
                let changed = Failure::Refused { what: what.to_owned(), why };
                return Err(taken.err().or(after.err()).unwrap_or(changed));
            }
        };
        let send = || {
            let finish = self.client.complete_multipart_upload().bucket(self.bucket()).key(new);
            let finish = finish.upload_id(&upload).multipart_upload(all.clone());
            finish.set_expected_bucket_owner(self.owner()).send()
        };
        match self.persist(send).await {
            Ok(answer) => Ok(answer.version_id().map(str::to_owned)),
            Err(e) => {
                self.abort_multipart(new, &upload).await; // one that was finished all the same stays
                Err(failure::of(what, e))
            }
        }
    }

    async fn take_each(
        &self,
        source: &str,
        from: &ForeignObject<'_>,
        new: &str,
        upload: &str,
        what: &str,
    ) -> Result<CompletedMultipartUpload, Failure> {
        let length = PART.max(from.size.div_ceil(MOST_PARTS).next_multiple_of(1 << 20));
        let mut parts = Vec::new();
        for (number, first) in (1..).zip((0..from.size).step_by(length as usize)) {
            let last = (first + length).min(from.size) - 1;
            let send = || {
                let copy = self.client.upload_part_copy().bucket(self.bucket()).key(new).upload_id(upload);
                let copy = copy.part_number(number).copy_source(source);
                let copy = copy.copy_source_range(format!("bytes={first}-{last}"));
                copy.set_expected_bucket_owner(self.owner()).send()
            };
            let answer = self.persist(send).await.map_err(|e| failure::of(what, e))?;
            let copied = answer.copy_part_result();
            let part = CompletedPart::builder().part_number(number);
            let part = part.set_e_tag(copied.and_then(|copied| copied.e_tag()).map(str::to_owned));
            // Not every server tells one.
            let sum = copied.and_then(|copied| copied.checksum_sha256()).map(str::to_owned);
            parts.push(part.set_checksum_sha256(sum).build());
        }
        Ok(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
    }

    /// The ETag of what is current. Not as it was listed: for large objects without versions SeaweedFS 4.48 lists another one
    /// than it answers.
    async fn etag_now(&self, from: &ForeignObject<'_>) -> Result<Option<String>, Failure> {
        if from.version.is_some() {
            return Ok(None); // a version stays what it is
        }
        let what = format!("HEAD s3://{}/{}", from.bucket, from.key);
        let send = || self.client.head_object().bucket(from.bucket).key(from.key).send();
        let found = self.persist(send).await.map_err(|e| failure::of(&what, e))?;
        Ok(found.e_tag().map(str::to_owned))
    }

    /// Whether this server can be asked to copy from there.
    pub fn reaches(&self, other: &BucketSite) -> bool {
        self.site.site.endpoint == other.endpoint
    }

    /// `None`: the server did not, or keeps something else of it than `version` says.
    pub async fn copy(
        &self,
        from: &BucketSite,
        version: &Located,
        key: &str,
        once: bool,
    ) -> Result<Option<Stated>, Failure> {
        let (Some(bucket), Some(old), Some(checksum)) = (&version.bucket, &version.key, &version.checksum)
        else {
            return Ok(None);
        };
        let source = source_of(bucket, old, version.version_id.as_str());
        let blake3 = Some(version.blake3.to_string());
        let new = New { key, checksum, size: version.size, once, blake3 };
        // An attempt of before may have done it.
        if let Some(found) = self.happened(&new).await? {
            return Ok(Some(found));
        }
        match checksum.rsplit_once('-') {
            None if version.size <= upload::SINGLE => self.copy_whole(from, &source, &new).await,
            Some((_, parts))
                if parts.parse() == Ok(version.size.div_ceil(upload::part_size(version.size))) =>
            {
                self.copy_parts(from, &source, &new).await
            }
            _ => Ok(None),
        }
    }

    async fn copy_whole(
        &self,
        from: &BucketSite,
        source: &str,
        new: &New<'_>,
    ) -> Result<Option<Stated>, Failure> {
        let what = format!("copy {source} to {}", self.url(new.key));
        let mut attempt = 0;
        loop {
            let turn = self.pace.turn().await;
            let copy = self.client.copy_object().bucket(self.bucket()).key(new.key).copy_source(source);
            let copy = copy.checksum_algorithm(ChecksumAlgorithm::Sha256);
            let copy = copy.set_expected_bucket_owner(self.owner());
            let copy = copy.set_expected_source_bucket_owner(from.owner.clone());
            let (sse, kms) = self.encryption();
            let copy = copy.set_server_side_encryption(sse).set_ssekms_key_id(kms);
            let error = match copy.send().await {
                Ok(answer) => {
                    self.pace.well();
                    let version = answer.version_id().unwrap_or_default().to_owned();
                    let found = self.head(new.key, Some(&version)).await?;
                    return Ok(match found {
                        Found::There(found) if self.is_same(new, &found) => {
                            Some(Stated { version_id: version, ..found })
                        }
                        _ => None,
                    });
                }
                Err(error) => error,
            };
            drop(turn);
            attempt += 1;
            match failure::again(&error).filter(|_| attempt < self.attempts) {
                Some(again) => self.rest(attempt, &again).await,
                // It may not read there, or does not know how: whoever asked can.
                None if failure::status(&error).is_some_and(|status| status < 500 || status == 501) => {
                    return Ok(None);
                }
                None => return Err(failure::of(&what, error)),
            }
            if let Some(found) = self.happened(new).await? {
                return Ok(Some(found));
            }
        }
    }

    /// In the parts that it was sent in: so the server makes the same checksum of it.
    async fn copy_parts(
        &self,
        from: &BucketSite,
        source: &str,
        new: &New<'_>,
    ) -> Result<Option<Stated>, Failure> {
        let upload = self.begin_multipart(new.key, new.blake3.clone()).await?;
        let length = upload::part_size(new.size);
        let mut parts = Vec::new();
        for (number, first) in (1..).zip((0..new.size).step_by(length as usize)) {
            let last = (first + length).min(new.size) - 1;
            match self.copy_part(from, source, new.key, &upload, number, (first, last)).await {
                Ok(Some(part)) => parts.push(part),
                Ok(None) => {
                    self.abort_multipart(new.key, &upload).await;
                    return Ok(None);
                }
                Err(failure) => {
                    self.abort_multipart(new.key, &upload).await;
                    return Err(failure);
                }
            }
        }
        let sums: Vec<[u8; 32]> = parts.iter().map(|part| part.sha256).collect();
        if upload::checksum_of(&sums) != new.checksum {
            self.abort_multipart(new.key, &upload).await;
            return Ok(None);
        }
        let stated = self.finish_multipart(new, &upload, &parts).await?;
        Ok(Some(stated).filter(|stated| self.is_same(new, stated)))
    }

    async fn copy_part(
        &self,
        from: &BucketSite,
        source: &str,
        key: &str,
        upload: &str,
        number: i32,
        (first, last): (u64, u64),
    ) -> Result<Option<Part>, Failure> {
        let send = || {
            let copy = self.client.upload_part_copy().bucket(self.bucket()).key(key).upload_id(upload);
            let copy = copy.part_number(number).copy_source(source);
            let copy = copy.copy_source_range(format!("bytes={first}-{last}"));
            let copy = copy.set_expected_source_bucket_owner(from.owner.clone());
            copy.set_expected_bucket_owner(self.owner()).send()
        };
        let answer = match self.persist(send).await {
            Ok(answer) => answer,
            Err(e) if failure::status(&e).is_some_and(|status| status < 500 || status == 501) => {
                return Ok(None);
            }
            Err(e) => return Err(failure::of(&format!("copy part {number} of {source}"), e)),
        };
        let copied = answer.copy_part_result();
        let sha256 = copied.and_then(|copied| BASE64.decode(copied.checksum_sha256()?).ok()?.try_into().ok());
        let etag = copied.and_then(|copied| copied.e_tag()).unwrap_or_default().to_owned();
        Ok(sha256.map(|sha256| Part { number, etag, sha256 }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_a_header_can_hold_them() {
        assert_eq!(source_of("b", "p/d ä/x+y?.csv", "v/1"), "b/p/d%20%C3%A4/x%2By%3F.csv?versionId=v/1");
    }
}
