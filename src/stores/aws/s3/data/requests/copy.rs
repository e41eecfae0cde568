//! Versions that the server copies by itself, from a bucket that it holds as well. A copy counts only if the server keeps
//! for it the size and the SHA-256 that the version map names; else the bytes are read and sent.

use super::Found;
use super::New;
use super::Part;
use super::Requests;
use super::Stated;
use crate::config::BucketSite;
use crate::domain::version_map::Located;
use crate::ports::object_store::Elsewhere;
use crate::stores::aws::failure;
use crate::stores::aws::failure::Failure;
use crate::stores::aws::s3::data::upload;
use aws_sdk_s3::types::ChecksumAlgorithm;
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

/// S3: of one copy; more has to go in parts (S3 API, *CopyObject*).
const LARGEST_COPY: u64 = 5 << 30;
/// Of what is taken over, and how many there may be (S3 User Guide, *multipart upload limits*).
const PART: u64 = 64 << 20;
const MOST_PARTS: u64 = 10_000;

/// What a server is asked to copy from.
struct Origin {
    /// See [`source_of`].
    source: String,
    owner: Option<String>,
    /// It must still have this one.
    etag: Option<String>,
}

impl Requests {
    /// A new version of whatever another bucket of this server holds, with the SHA-256 that the server makes of it.
    pub async fn take(&self, from: &Elsewhere<'_>, new: &str) -> Result<Stated, Failure> {
        let source = source_of(from.bucket, from.key, from.version.unwrap_or_default());
        if from.size > PART {
            let origin = Origin { source: source.clone(), owner: None, etag: Some(from.etag.to_owned()) };
            let length = PART.max(from.size.div_ceil(MOST_PARTS).next_multiple_of(1 << 20));
            let taken = self.copy_parts(&origin, new, from.size, length, |_| true, (false, None)).await?;
            match taken {
                Some(taken) => return Ok(taken),
                None if from.size > LARGEST_COPY => {
                    let what = format!("copy {source} to {}", self.url(new));
                    let why =
                        "it is larger than 5 GiB, and the server tells no checksums of parts that it copies";
                    return Err(Failure::Refused { what, why: why.to_owned() });
                }
                None => {}
            }
        }
        self.take_whole(&source, from, new).await
    }

    async fn take_whole(&self, source: &str, from: &Elsewhere<'_>, new: &str) -> Result<Stated, Failure> {
        let what = format!("copy {source} to {}", self.url(new));
        let send = || {
            let copy = self.client.copy_object().bucket(self.bucket()).key(new).copy_source(source);
            let copy = copy.checksum_algorithm(ChecksumAlgorithm::Sha256);
            let (sse, key) = self.encryption();
            let copy = copy.set_server_side_encryption(sse).set_ssekms_key_id(key);
            copy.set_expected_bucket_owner(self.owner()).send()
        };
        let answer = self.persist(send).await.map_err(|e| failure::of(&what, e))?;
        let Some(version) = answer.version_id() else {
            let why = "the bucket keeps no versions (it answered no VersionId)".to_owned();
            return Err(Failure::Refused { what, why });
        };
        match self.head(new, Some(version)).await? {
            Found::There(found) if found.size == from.size => Ok(found),
            _ => Err(Failure::Unknown { what, why: "what was copied is not what was listed".to_owned() }),
        }
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
                let origin = Origin { source, owner: from.owner.clone(), etag: None };
                let length = upload::part_size(version.size);
                let is_it = |sum: &str| sum == new.checksum;
                self.copy_parts(&origin, key, version.size, length, is_it, (once, new.blake3)).await
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

    /// In parts of `length` bytes: of those that a content was sent in the server makes the same checksum. `is_it`: whether
    /// that is the one which is wanted.
    async fn copy_parts(
        &self,
        origin: &Origin,
        key: &str,
        size: u64,
        length: u64,
        is_it: impl Fn(&str) -> bool,
        (once, blake3): (bool, Option<String>),
    ) -> Result<Option<Stated>, Failure> {
        let upload = self.begin_multipart(key, blake3.clone()).await?;
        let mut parts = Vec::new();
        for (number, first) in (1..).zip((0..size).step_by(length as usize)) {
            let last = (first + length).min(size) - 1;
            match self.copy_part(origin, key, &upload, number, (first, last)).await {
                Ok(Some(part)) => parts.push(part),
                Ok(None) => {
                    self.abort_multipart(key, &upload).await;
                    return Ok(None);
                }
                Err(failure) => {
                    self.abort_multipart(key, &upload).await;
                    return Err(failure);
                }
            }
        }
        let sums: Vec<[u8; 32]> = parts.iter().map(|part| part.sha256).collect();
        let checksum = upload::checksum_of(&sums);
        if !is_it(&checksum) {
            self.abort_multipart(key, &upload).await;
            return Ok(None);
        }
        let new = New { key, checksum: &checksum, size, once, blake3 };
        let stated = self.finish_multipart(&new, &upload, &parts).await?;
        Ok(Some(stated).filter(|stated| self.is_same(&new, stated)))
    }

    async fn copy_part(
        &self,
        origin: &Origin,
        key: &str,
        upload: &str,
        number: i32,
        (first, last): (u64, u64),
    ) -> Result<Option<Part>, Failure> {
        let send = || {
            let copy = self.client.upload_part_copy().bucket(self.bucket()).key(key).upload_id(upload);
            let copy = copy.part_number(number).copy_source(&origin.source);
            let copy = copy.copy_source_range(format!("bytes={first}-{last}"));
            let copy = copy.set_copy_source_if_match(origin.etag.clone());
            let copy = copy.set_expected_source_bucket_owner(origin.owner.clone());
            copy.set_expected_bucket_owner(self.owner()).send()
        };
        let answer = match self.persist(send).await {
            Ok(answer) => answer,
            Err(e) if failure::status(&e).is_some_and(|status| status < 500 || status == 501) => {
                return Ok(None);
            }
            Err(e) => return Err(failure::of(&format!("copy part {number} of {}", origin.source), e)),
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
