//! What is remembered of a large upload while it goes on, so that after an interruption only the rest is sent.

use super::requests::Part;
use super::requests::Requests;
use crate::domain::digest::Blake3Hash;
use crate::ports::StoreError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde::Serialize;
use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

/// An upload that nobody went on with for so long is given up.
const GIVEN_UP: Duration = Duration::from_secs(7 * 24 * 3600);

/// The first line. A line for each part follows.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    key: String,
    upload: String,
    identity: String,
}

/// Derived: without it, everything is sent again.
pub struct Interrupted {
    file: PathBuf,
    key: String,
    identity: String,
    begun: Option<Begun>,
    parts: HashMap<i32, Part>,
}

fn read(file: &Path) -> Option<(Begun, HashMap<i32, Part>)> {
    let text = fs::read_to_string(file).ok()?;
    let mut lines = text.lines();
    let begun: Begun = serde_json::from_str(lines.next()?).ok()?;
    let part = |line: &str| {
        let mut words = line.split('\t');
        let (number, sum, etag) = (words.next()?.parse().ok()?, words.next()?, words.next()?);
        let sha256 = BASE64.decode(sum).ok()?.try_into().ok()?;
        Some((number, Part { number, etag: etag.to_owned(), sha256 }))
    };
    Some((begun, lines.filter_map(part).collect()))
}

impl Interrupted {
    /// What was begun for this key.
    pub fn find(dir: &Path, key: &str, identity: &str) -> Self {
        let name = Blake3Hash::of(key.as_bytes()).to_string();
        let file = dir.join(&name[..32]);
        let (begun, parts) = read(&file).filter(|(begun, _)| begun.key == key).unzip();
        let (key, identity) = (key.to_owned(), identity.to_owned());
        Interrupted { file, key, identity, begun, parts: parts.unwrap_or_default() }
    }

    /// Keeps only what the server has as well. An upload of other bytes is given up.
    pub fn confirm(&mut self, requests: &Requests) -> Result<(), StoreError> {
        let Some(begun) = self.begun.take() else { return Ok(()) };
        if begun.identity != self.identity {
            requests.wait(requests.abort_multipart(&begun.key, &begun.upload));
            self.parts.clear();
            return Ok(());
        }
        let there = requests.wait(requests.parts(&begun.key, &begun.upload))?;
        let Some(there) = there else {
            self.parts.clear();
            return Ok(());
        };
        let there: HashMap<i32, String> = there.into_iter().collect();
        self.parts.retain(|number, part| there.get(number) == Some(&part.etag));
        self.begun = Some(begun);
        Ok(())
    }

    pub fn upload(&self) -> Option<String> {
        self.begun.as_ref().map(|begun| begun.upload.clone())
    }

    pub fn begin(&mut self, upload: &str) -> Result<(), StoreError> {
        let (key, identity) = (self.key.clone(), self.identity.clone());
        let begun = Begun { key, upload: upload.to_owned(), identity };
        if let (Ok(json), Some(dir)) = (serde_json::to_string(&begun), self.file.parent()) {
            // Without it, an interruption costs the whole upload.
            let _ = fs::create_dir_all(dir).and_then(|()| fs::write(&self.file, format!("{json}\n")));
        }
        self.begun = Some(begun);
        Ok(())
    }

    pub fn has_parts(&self) -> bool {
        !self.parts.is_empty()
    }

    /// A part that the server has, with these bytes.
    pub fn part(&self, number: i32, sha256: &[u8; 32]) -> Option<Part> {
        self.parts.get(&number).filter(|part| part.sha256 == *sha256).cloned()
    }

    pub fn note(&self, part: &Part) {
        let line = format!("{}\t{}\t{}\n", part.number, BASE64.encode(part.sha256), part.etag);
        let file = fs::OpenOptions::new().append(true).open(&self.file);
        let _ = file.and_then(|mut file| file.write_all(line.as_bytes())); // only this part is sent again then
    }

    pub fn forget(&self) {
        let _ = fs::remove_file(&self.file); // the server knows no such upload then
    }
}

/// Gives up what nobody went on with.
pub fn give_up_old(dir: &Path, requests: &Requests) {
    for path in fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path()) {
        let age = fs::metadata(&path).and_then(|meta| meta.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age > GIVEN_UP)
            && let Some((begun, _)) = read(&path)
        {
            requests.wait(requests.abort_multipart(&begun.key, &begun.upload));
            let _ = fs::remove_file(&path); // the next one tries again
        }
    }
}
