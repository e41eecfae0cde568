//! Where each content of a dataset lives: JSON Lines, sorted by content hash, one line per distinct content.

use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::version::VersionId;
use serde::Deserialize;
use serde::Serialize;

/// Some bytes, by what they are.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Content {
    pub blake3: Blake3Hash,
    /// Bytes.
    pub size: u64,
}

/// One content and its immutable version. The S3 fields are absent in the embedded store.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Located {
    pub blake3: Blake3Hash,
    /// Bytes.
    pub size: u64,
    pub version_id: VersionId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// `ALGORITHM:base64`, as the store computed it (S3: `CRC64NVME:…` or `SHA256:…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
}

impl Located {
    /// Appends its line of a version map, as the derived JSON form has it, but quicker where there is no more than
    /// content, size and version.
    pub fn push_line(&self, out: &mut Vec<u8>) -> Result<(), ParseError> {
        // The embedded store's ids hold nothing that JSON would escape.
        if self.version_id.content().is_none()
            || self.bucket.is_some()
            || self.key.is_some()
            || self.checksum.is_some()
        {
            serde_json::to_writer(&mut *out, self)
                .map_err(|e| ParseError::new("version map", e.to_string(), self.blake3.to_string()))?;
        } else {
            out.extend_from_slice(b"{\"blake3\":\"");
            self.blake3.push_hex(out);
            out.extend_from_slice(format!("\",\"size\":{},\"versionId\":\"", self.size).as_bytes());
            out.extend_from_slice(self.version_id.as_str().as_bytes());
            out.extend_from_slice(b"\"}");
        }
        out.push(b'\n');
        Ok(())
    }
}

/// Sorted by hash, no hash twice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VersionMap {
    lines: Vec<Located>,
}

impl VersionMap {
    pub fn new(mut lines: Vec<Located>) -> Self {
        lines.sort_unstable_by_key(|l| l.blake3);
        lines.dedup_by_key(|l| l.blake3);
        VersionMap { lines }
    }

    pub fn lines(&self) -> &[Located] {
        &self.lines
    }

    pub fn get(&self, content: &Blake3Hash) -> Option<&Located> {
        let at = self.lines.binary_search_by_key(content, |l| l.blake3).ok()?;
        Some(&self.lines[at])
    }

    pub fn to_text(&self) -> Result<String, ParseError> {
        let mut out = Vec::new();
        self.lines.iter().try_for_each(|line| line.push_line(&mut out))?;
        String::from_utf8(out).map_err(|e| ParseError::new("version map", e.to_string(), ""))
    }

    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut lines: Vec<Located> = Vec::new();
        for line in text.lines() {
            let value = crate::domain::json::parse_strict(line.as_bytes())?;
            let located: Located = serde_json::from_value(value)
                .map_err(|e| ParseError::new("version map line", e.to_string(), line))?;
            if lines.last().is_some_and(|last| last.blake3 >= located.blake3) {
                return Err(ParseError::new("version map", "not sorted, or a content twice", line));
            }
            lines.push(located);
        }
        Ok(VersionMap { lines })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(content: &[u8]) -> Located {
        let blake3 = Blake3Hash::of(content);
        Located {
            blake3,
            size: content.len() as u64,
            version_id: VersionId::of_content(&blake3),
            bucket: None,
            key: None,
            checksum: None,
        }
    }

    #[test]
    fn one_line_per_content_sorted() {
        let map = VersionMap::new(vec![located(b"b"), located(b"a"), located(b"b")]);
        assert_eq!(map.lines().len(), 2);
        let derived: String = map.lines().iter().map(|l| serde_json::to_string(l).unwrap() + "\n").collect();
        assert_eq!(map.to_text().unwrap(), derived);
        let text = map.to_text().unwrap();
        assert_eq!(VersionMap::parse(&text).unwrap(), map);
        assert_eq!(map.get(&Blake3Hash::of(b"a")).unwrap().size, 1);
        let mut lines: Vec<&str> = text.lines().collect();
        lines.reverse();
        assert!(VersionMap::parse(&lines.join("\n")).is_err());
    }

    #[test]
    fn a_line_without_a_version_is_refused() {
        let text = VersionMap::new(vec![located(b"a")]).to_text().unwrap();
        let id = located(b"a").version_id.to_string();
        assert!(VersionMap::parse(&text.replace(&id, "null")).is_err());
    }
}
