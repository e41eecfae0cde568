//! Pins: which logs this user accepts, and the largest checkpoint of each that was ever seen.
//!
//! Text in the form of C2SP tlog-policy: one rule per line, `#` comments.
//!
//! ```text
//! log <verifier key>                    this log is accepted
//! admin <public key, base64 DER>        only these may found a log (none: whoever founded an accepted one)
//! checkpoint <signed note, base64>      the log must continue this
//! ```
//! A line that is not understood is an error: a rule must not be taken for one that is kept.

use crate::domain::digest::KeyId;
use crate::domain::ids::LogId;
use crate::ledger::FormatError;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::envelope::WriterKey;
use crate::ledger::note::Note;
use crate::ledger::note::VerifierKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::path::Path;
use std::path::PathBuf;

/// The file of pins in a project's state directory.
pub fn pins_file(state: &Path) -> PathBuf {
    state.join("pins")
}

/// The file that remembers the largest checkpoint seen of one log.
pub fn seen_file(state: &Path, log: LogId) -> PathBuf {
    state.join("seen").join(log.to_string())
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pins {
    logs: Vec<VerifierKey>,
    admins: Vec<WriterKey>,
    /// Notes that the log must continue, as text.
    checkpoints: Vec<String>,
}

impl Pins {
    pub fn parse(text: &str) -> Result<Self, FormatError> {
        let mut pins = Pins::default();
        for (n, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or("").trim();
            if line.is_empty() {
                continue;
            }
            let bad = |why: String| FormatError::new("pins", format!("line {}: {why}", n + 1));
            match line.split_once(' ') {
                Some(("log", key)) => {
                    let key = key.trim().parse().map_err(|e: FormatError| bad(e.to_string()))?;
                    pins.add(key);
                }
                Some(("admin", key)) => {
                    let key = WriterKey::from_base64(key.trim()).map_err(|e| bad(e.to_string()))?;
                    pins.admins.push(key);
                }
                Some(("checkpoint", note)) => {
                    let note = BASE64.decode(note.trim()).map_err(|e| bad(e.to_string()))?;
                    let note = String::from_utf8(note).map_err(|e| bad(e.to_string()))?;
                    pins.require(note).map_err(|e| bad(e.to_string()))?;
                }
                _ => return Err(bad(format!("{line:?} is not known to this version"))),
            }
        }
        Ok(pins)
    }

    pub fn to_text(&self) -> String {
        let mut out = String::from(
            "# mlprov: which logs are trusted. Written by `init`, `key trust` and `key export`.\n",
        );
        for key in &self.logs {
            out.push_str(&format!("log {key}\n"));
        }
        for key in &self.admins {
            out.push_str(&format!("admin {}\n", key.to_base64()));
        }
        for note in &self.checkpoints {
            out.push_str(&format!("checkpoint {}\n", BASE64.encode(note)));
        }
        out
    }

    pub fn add_admin(&mut self, key: WriterKey) {
        self.admins.push(key);
    }

    /// Demands that the log continues this note.
    pub fn require(&mut self, note: String) -> Result<(), FormatError> {
        Checkpoint::parse_text(Note::parse(&note)?.text())?;
        self.checkpoints.push(note);
        Ok(())
    }

    /// Notes that the log must continue.
    pub fn checkpoints(&self) -> &[String] {
        &self.checkpoints
    }

    /// Whether this key may have founded a log.
    pub fn may_found(&self, key: &KeyId) -> bool {
        self.admins.is_empty() || self.admins.iter().any(|a| a.id() == *key)
    }

    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// False if it was there already.
    pub fn add(&mut self, key: VerifierKey) -> bool {
        let new = !self.logs.contains(&key);
        if new {
            self.logs.push(key);
        }
        new
    }

    /// The pinned keys for an origin; several if the log's key was replaced and the user accepted both.
    pub fn for_origin<'a>(&'a self, origin: &'a str) -> impl Iterator<Item = &'a VerifierKey> {
        self.logs.iter().filter(move |k| k.name() == origin)
    }

    /// The checkpoint in a note, if one of the pinned keys of its origin signed it.
    pub fn open(&self, note: &str, origin: &str) -> Result<Checkpoint, FormatError> {
        let mut last = FormatError::new("checkpoint", format!("no key of {origin} is pinned"));
        for key in self.for_origin(origin) {
            match Checkpoint::open(note, key) {
                Ok(checkpoint) => return Ok(checkpoint),
                Err(e) => last = e,
            }
        }
        Err(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_round_trip_and_unknown_lines_are_refused() {
        let key: VerifierKey =
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
        let mut pins = Pins::default();
        assert!(pins.add(key.clone()));
        assert!(!pins.add(key));
        assert_eq!(Pins::parse(&pins.to_text()).unwrap(), pins);
        assert_eq!(pins.for_origin("PeterNeumann").count(), 1);
        assert_eq!(pins.for_origin("other").count(), 0);
        // A rule that is not understood must not be taken for one that is kept.
        assert!(Pins::parse("witness x y\n").is_err());
        assert!(Pins::parse("log nonsense\n").is_err());
    }
}
