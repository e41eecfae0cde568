//! Uploads in parts (S3 API, *Uploading and copying objects using multipart upload*).

use super::New;
use super::Part;
use super::Requests;
use super::Stated;
use crate::stores::aws::failure;
use crate::stores::aws::failure::Failure;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ChecksumAlgorithm;
use aws_sdk_s3::types::CompletedMultipartUpload;
use aws_sdk_s3::types::CompletedPart;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;

impl Requests {
    pub async fn begin_multipart(&self, key: &str, blake3: Option<String>) -> Result<String, Failure> {
        let what = format!("begin the upload of {}", self.url(key));
        let send = || {
            let begin = self.client.create_multipart_upload().bucket(self.bucket()).key(key);
            let begin = begin.checksum_algorithm(ChecksumAlgorithm::Sha256);
            let (sse, kms) = self.encryption();
            let begin = begin.set_server_side_encryption(sse).set_ssekms_key_id(kms);
            let begin = begin.set_metadata(blake3.clone().map(|b3| [("blake3".to_owned(), b3)].into()));
            begin.set_expected_bucket_owner(self.owner()).send()
        };
        let answer = self.persist(send).await.map_err(|e| failure::of(&what, e))?;
        let none = || Failure::Refused { what: what.clone(), why: "no upload id in the answer".to_owned() };
        answer.upload_id().map(str::to_owned).ok_or_else(none)
    }

    /// The same part may be sent twice: the later one counts.
    pub async fn put_part(
        &self,
        key: &str,
        upload: &str,
        number: i32,
        sha256: [u8; 32],
        body: Bytes,
    ) -> Result<Part, Failure> {
        let what = format!("PUT part {number} of {}", self.url(key));
        let send = || {
            let part = self.client.upload_part().bucket(self.bucket()).key(key).upload_id(upload);
            let part = part.part_number(number).checksum_sha256(BASE64.encode(sha256));
            let part = part.body(ByteStream::from(body.clone())).set_expected_bucket_owner(self.owner());
            part.customize().disable_payload_signing().send()
        };
        let answer = self.persist(send).await.map_err(|e| failure::of(&what, e))?;
        Ok(Part { number, etag: answer.e_tag().unwrap_or_default().to_owned(), sha256 })
    }

    /// Parts that the server has of an upload, as number and ETag; `None`: it knows no such upload.
    pub async fn parts(&self, key: &str, upload: &str) -> Result<Option<Vec<(i32, String)>>, Failure> {
        let what = format!("list the parts of {}", self.url(key));
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let send = || {
                let list = self.client.list_parts().bucket(self.bucket()).key(key).upload_id(upload);
                list.set_part_number_marker(after.clone()).set_expected_bucket_owner(self.owner()).send()
            };
            let answer = match self.persist(send).await {
                Ok(answer) => answer,
                Err(e) if failure::status(&e) == Some(404) => return Ok(None),
                Err(e) => return Err(failure::of(&what, e)),
            };
            let part = |part: &aws_sdk_s3::types::Part| {
                Some((part.part_number()?, part.e_tag().unwrap_or_default().to_owned()))
            };
            found.extend(answer.parts().iter().filter_map(part));
            match answer.next_part_number_marker() {
                Some(next) if answer.is_truncated() == Some(true) => after = Some(next.to_owned()),
                _ => return Ok(Some(found)),
            }
        }
    }

    /// Puts the parts together, in the order of their numbers.
    pub async fn finish_multipart(
        &self,
        new: &New<'_>,
        upload: &str,
        parts: &[Part],
    ) -> Result<Stated, Failure> {
        let what = format!("finish the upload of {}", self.url(new.key));
        let all = parts.iter().map(|part| {
            let one = CompletedPart::builder().part_number(part.number).e_tag(&part.etag);
            one.checksum_sha256(BASE64.encode(part.sha256)).build()
        });
        let all = CompletedMultipartUpload::builder().set_parts(Some(all.collect())).build();
        let mut attempt = 0;
        loop {
            let turn = self.pace.turn().await;
            let finish = self.client.complete_multipart_upload().bucket(self.bucket()).key(new.key);
            let finish = finish.upload_id(upload).multipart_upload(all.clone());
            let finish = finish.set_if_none_match(new.once.then(|| "*".to_owned()));
            let error = match finish.set_expected_bucket_owner(self.owner()).send().await {
                Ok(answer) => {
                    self.pace.well();
                    let said = answer.checksum_sha256().map(|sum| format!("SHA256:{sum}"));
                    if said.as_ref().is_some_and(|said| said != new.checksum) {
                        let why = format!("the server has {said:?}, and {} was sent", new.checksum);
                        return Err(Failure::Refused { what, why });
                    }
                    return self.kept(new, answer.version_id(), said);
                }
                Err(error) => error,
            };
            drop(turn);
            if new.once && failure::status(&error) == Some(412) {
                self.abort_multipart(new.key, upload).await;
                return self.there_already(new).await;
            }
            attempt += 1;
            let gone = failure::status(&error) == Some(404) && attempt > 1;
            match failure::again(&error).filter(|_| attempt < self.attempts) {
                Some(again) => self.rest(attempt, &again).await,
                None if gone => {}
                None => return Err(failure::of(&what, error)),
            }
            if let Some(found) = self.happened(new).await? {
                return Ok(found);
            }
            if gone {
                return Err(failure::of(&what, error));
            }
        }
    }

    /// Gives an upload up. What is left of one that could not be costs storage until a lifecycle rule ends it.
    pub async fn abort_multipart(&self, key: &str, upload: &str) {
        let send = || {
            let abort = self.client.abort_multipart_upload().bucket(self.bucket()).key(key).upload_id(upload);
            abort.set_expected_bucket_owner(self.owner()).send()
        };
        let _ = self.persist(send).await;
    }
}
