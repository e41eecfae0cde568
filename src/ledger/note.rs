//! C2SP signed-note v1.0.0 with Ed25519 keys (type 0x01), and verifier keys (`name+hash+key`).

use crate::ledger::FormatError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::Signature;
use ed25519_dalek::VerifyingKey;
use sha2::Digest;
use std::fmt;
use std::str::FromStr;

const ED25519: u8 = 0x01;
const SIGNATURE_START: &str = "\u{2014} ";

/// A public key that checks notes: `<name>+<8 hex digits>+<base64 of 0x01 and 32 bytes>`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    hash: [u8; 4],
    key: VerifyingKey,
}

impl VerifierKey {
    pub fn new(name: &str, public_key: &[u8; 32]) -> Result<Self, FormatError> {
        let bad = |why: &str| FormatError::new("verifier key", why);
        if name.is_empty() || name.contains('+') || name.chars().any(char::is_whitespace) {
            return Err(bad("its name is empty or has white space or '+'"));
        }
        let key = VerifyingKey::from_bytes(public_key).map_err(|_| bad("not an Ed25519 public key"))?;
        let digest = sha2::Sha256::new()
            .chain_update(name)
            .chain_update([b'\n', ED25519])
            .chain_update(public_key)
            .finalize();
        Ok(VerifierKey { name: name.to_owned(), hash: [digest[0], digest[1], digest[2], digest[3]], key })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// One signature line for `text`, given the raw 64-byte Ed25519 signature over it.
    pub fn signature_line(&self, signature: &[u8; 64]) -> String {
        let blob = [&self.hash[..], &signature[..]].concat();
        format!("{SIGNATURE_START}{} {}\n", self.name, BASE64.encode(blob))
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = u32::from_be_bytes(self.hash);
        let key = BASE64.encode([&[ED25519], &self.key.as_bytes()[..]].concat());
        write!(f, "{}+{hash:08x}+{key}", self.name)
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

impl FromStr for VerifierKey {
    type Err = FormatError;
    fn from_str(text: &str) -> Result<Self, FormatError> {
        let bad = |why: &str| FormatError::new("verifier key", why);
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(bad("not of the form NAME+HASH+KEY"));
        };
        let raw = BASE64.decode(key).map_err(|_| bad("its key is not base64"))?;
        let Some((&ED25519, public)) = raw.split_first() else {
            return Err(bad("not an Ed25519 key (type 1)"));
        };
        let public: &[u8; 32] = public.try_into().map_err(|_| bad("its key is not 32 bytes long"))?;
        let vkey = VerifierKey::new(name, public)?;
        if format!("{:08x}", u32::from_be_bytes(vkey.hash)) != hash {
            return Err(bad("its hash does not match its name and key"));
        }
        Ok(vkey)
    }
}

/// A text and the signature lines below it, as parsed; nothing is verified yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct NoteSignature {
    name: String,
    hash: [u8; 4],
    signature: Vec<u8>,
}

impl Note {
    /// `text` ends with a line feed; the signature lines follow after an empty line.
    pub fn parse(note: &str) -> Result<Self, FormatError> {
        let bad = |why: &str| FormatError::new("signed note", why);
        if note.chars().any(|c| c.is_control() && c != '\n') {
            return Err(bad("holds a control character"));
        }
        let at = note.rfind("\n\n").ok_or_else(|| bad("has no signatures"))?;
        let (text, lines) = (&note[..=at], &note[at + 2..]);
        let Some(lines) = lines.strip_suffix('\n') else {
            return Err(bad("does not end with a line feed"));
        };
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            let rest =
                line.strip_prefix(SIGNATURE_START).ok_or_else(|| bad("a line that is no signature"))?;
            let (name, blob) = rest.split_once(' ').ok_or_else(|| bad("a signature without a name"))?;
            let blob = BASE64.decode(blob).map_err(|_| bad("a signature that is not base64"))?;
            if name.is_empty() || name.contains('+') || blob.len() < 5 {
                return Err(bad("a malformed signature line"));
            }
            let (hash, signature) = blob.split_at(4);
            let hash = [hash[0], hash[1], hash[2], hash[3]];
            signatures.push(NoteSignature { name: name.to_owned(), hash, signature: signature.to_vec() });
            if signatures.len() > 100 {
                return Err(bad("more than 100 signatures"));
            }
        }
        Ok(Note { text: text.to_owned(), signatures })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// True if a signature of this key is there and holds. A signature that claims this key and does not
    /// hold makes the whole note false, whatever else is below it. Unknown signatures are ignored.
    pub fn is_signed_by(&self, key: &VerifierKey) -> bool {
        let mut ours = self.signatures.iter().filter(|s| s.name == key.name && s.hash == key.hash).peekable();
        if ours.peek().is_none() {
            return false;
        }
        ours.all(|s| match <&[u8; 64]>::try_from(&s.signature[..]) {
            Ok(raw) => key.key.verify_strict(self.text.as_bytes(), &Signature::from_bytes(raw)).is_ok(),
            Err(_) => false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::Signer;
    use ed25519_dalek::SigningKey;

    fn signed(text: &str, seed: u8, name: &str) -> (String, VerifierKey) {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let vkey = VerifierKey::new(name, key.verifying_key().as_bytes()).unwrap();
        let line = vkey.signature_line(&key.sign(text.as_bytes()).to_bytes());
        (format!("{text}\n{line}"), vkey)
    }

    #[test]
    fn the_example_of_go_sumdb_note_verifies() {
        // golang.org/x/mod/sumdb/note, package example.
        let vkey: VerifierKey =
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
        let note = "If you think cryptography is the answer to your problem,\n\
                    then you don't know what your problem is.\n\n\
                    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        let note = Note::parse(note).unwrap();
        assert!(note.is_signed_by(&vkey));
        assert_eq!(vkey.to_string().parse::<VerifierKey>().unwrap(), vkey);
    }

    #[test]
    fn a_changed_text_or_key_is_noticed() {
        let (note, vkey) = signed("a\nb\n", 1, "log.example/x");
        assert!(Note::parse(&note).unwrap().is_signed_by(&vkey));
        assert!(!Note::parse(&note.replace("a\n", "c\n")).unwrap().is_signed_by(&vkey));
        let (_, other) = signed("a\nb\n", 2, "log.example/x");
        assert!(!Note::parse(&note).unwrap().is_signed_by(&other));
    }

    #[test]
    fn unknown_signatures_are_ignored_but_a_false_one_of_a_known_key_is_fatal() {
        let (note, vkey) = signed("a\n", 1, "log");
        let (witness, _) = signed("a\n", 2, "witness");
        let line = witness.rsplit_once("\n\n").unwrap().1;
        assert!(Note::parse(&format!("{note}{line}")).unwrap().is_signed_by(&vkey));
        let (false_note, _) = signed("b\n", 1, "log");
        let line = false_note.rsplit_once("\n\n").unwrap().1;
        assert!(!Note::parse(&format!("{note}{line}")).unwrap().is_signed_by(&vkey));
    }

    #[test]
    fn a_key_of_small_order_signs_nothing() {
        // The neutral point: s = 0 and R = the same point satisfy the plain equation for every text.
        let mut neutral = [0u8; 32];
        neutral[0] = 1;
        let vkey = VerifierKey::new("log", &neutral).unwrap();
        let mut signature = [0u8; 64];
        signature[0] = 1;
        let note = format!("any\n\n{}", vkey.signature_line(&signature));
        assert!(!Note::parse(&note).unwrap().is_signed_by(&vkey));
    }

    #[test]
    fn a_key_whose_hash_is_of_another_name_is_refused() {
        let (_, vkey) = signed("a\n", 1, "log");
        assert!(vkey.to_string().parse::<VerifierKey>().is_ok());
        assert!(vkey.to_string().replacen("log+", "lag+", 1).parse::<VerifierKey>().is_err());
    }

    #[test]
    fn malformed_notes_are_refused() {
        let (note, _) = signed("a\n", 1, "log");
        let control = note.replacen("a\n", "a\u{7}\n", 1);
        for bad in
            ["", "a\n", "a\n\n", &control, note.trim_end(), &note.replace('—', "-"), &format!("{note}x\n")]
        {
            assert!(Note::parse(bad).is_err(), "{bad:?}");
        }
        assert!("log+00000000+AAAA".parse::<VerifierKey>().is_err());
    }
}
