//! A content that another store holds: copied by the server where it can be, else read there and sent.

use super::Claim;
use super::S3Batch;
use super::Uploads;
use crate::domain::version_map::Content;
use crate::domain::version_map::Located;
use crate::ports::StoreError;
use crate::ports::object_store::ReadVersion;
use crate::ports::object_store::Told;

impl S3Batch<'_> {
    pub(super) fn send_version(
        &self,
        place: &str,
        content: &Content,
        version: &Located,
        read: &ReadVersion<'_>,
        told: &Told<'_>,
    ) -> Result<(), StoreError> {
        let Some(uploads) = self.uploads()? else { return Err(self.store.out_of_reach()) };
        let doubtful = match self.claim(content)? {
            Claim::Known => {
                told(content.size);
                return Ok(());
            }
            Claim::New => None,
            Claim::Doubtful(line) => Some(line),
        };
        let requests = &uploads.requests;
        if let (Some(line), Some(checksum)) = (&doubtful, &version.checksum)
            && requests.wait(Uploads::is_true(requests, line, checksum))?
        {
            told(content.size);
            return self.store.versions.note_checked(content);
        }
        let target = self.target(place)?;
        if let Some(from) = self.store.beside.as_ref().filter(|from| requests.reaches(from)) {
            let copied = requests.wait(requests.copy(from, version, &target.key, target.once))?;
            if let Some(stated) = copied {
                told(content.size);
                return uploads.note(content, &target, stated);
            }
        }
        let name = version.key.clone().unwrap_or_else(|| content.blake3.to_string());
        self.send_read(uploads, target, content, (&name, read()?), doubtful, told)
    }
}
