//! Pins: which logs this user accepts, and the largest checkpoint of each that was ever seen.
//!
//! Text in the form of C2SP tlog-policy: one `log <verifier key>` per line, `#` comments.

use crate::domain::ids::LogId;
use crate::ledger::FormatError;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::note::VerifierKey;
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
                _ => return Err(bad(format!("{line:?} is not known to this version"))),
            }
        }
        Ok(pins)
    }

    pub fn to_text(&self) -> String {
        let mut out =
            String::from("# mlprov: the logs that this user trusts. Written by `init` and `key trust`.\n");
        for key in &self.logs {
            out.push_str(&format!("log {key}\n"));
        }
        out
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
