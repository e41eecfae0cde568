//! C2SP tlog-checkpoint v1.0.0: origin, size and root of a tree as the text of a signed note.

use crate::ledger::FormatError;
use crate::ledger::hash::TreeHash;
use crate::ledger::note::Note;
use crate::ledger::note::VerifierKey;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// What a log claims: this many entries, with this root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Checkpoint {
    /// Schema-less URL that names the log; also the name of its key.
    pub origin: String,
    pub size: u64,
    pub root: TreeHash,
}

impl Checkpoint {
    /// The text to be signed.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root)
    }

    pub fn parse_text(text: &str) -> Result<Self, FormatError> {
        let bad = |why: &str| FormatError::new("checkpoint", why);
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(bad("has fewer than three lines"));
        };
        if origin.is_empty() {
            return Err(bad("has no origin"));
        }
        let canonical = size == "0" || !size.starts_with('0');
        if !canonical || !size.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad("its size is not a plain decimal number"));
        }
        let size = size.parse().map_err(|_| bad("its size is too large"))?;
        let root = BASE64.decode(root).map_err(|_| bad("its root is not base64"))?;
        let root = TreeHash(root.try_into().map_err(|_| bad("its root is not 32 bytes long"))?);
        // Extension lines are allowed (and NOT RECOMMENDED): kept in the note, without meaning for us.
        Ok(Checkpoint { origin: origin.to_owned(), size, root })
    }

    /// Parses a note and checks that `key` signed it and that the origin is the key's name.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, FormatError> {
        let note = Note::parse(note)?;
        let checkpoint = Checkpoint::parse_text(note.text())?;
        if checkpoint.origin != key.name() {
            let why = format!("is of {:?}, not of {:?}", checkpoint.origin, key.name());
            return Err(FormatError::new("checkpoint", why));
        }
        if !note.is_signed_by(key) {
            return Err(FormatError::new("checkpoint", format!("is not signed by {key}")));
        }
        Ok(checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::hash;

    #[test]
    fn text_round_trips_and_odd_forms_are_refused() {
        let c = Checkpoint { origin: "mlprov.dev/p/l".into(), size: 7, root: hash::leaf(b"x") };
        assert_eq!(Checkpoint::parse_text(&c.to_text()).unwrap(), c);
        for (from, to) in [("\n7\n", "\n07\n"), ("\n7\n", "\n+7\n"), ("\n7\n", "\n\n"), ("=\n", "\n")] {
            assert!(Checkpoint::parse_text(&c.to_text().replace(from, to)).is_err(), "{to:?}");
        }
    }

    #[test]
    fn a_key_signs_for_the_log_of_its_own_name_only() {
        use ed25519_dalek::Signer;
        use ed25519_dalek::SigningKey;
        let key = SigningKey::from_bytes(&[1; 32]);
        let vkey = VerifierKey::new("log", key.verifying_key().as_bytes()).unwrap();
        let opened = |origin: &str| {
            let text = Checkpoint { origin: origin.into(), size: 7, root: hash::leaf(b"x") }.to_text();
            let line = vkey.signature_line(&key.sign(text.as_bytes()).to_bytes());
            Checkpoint::open(&format!("{text}\n{line}"), &vkey)
        };
        assert_eq!(opened("log").unwrap().size, 7);
        assert!(opened("other").is_err());
    }
}
