//! The bytes of one entry: a DSSE v1 envelope with exactly one ECDSA P-256 signature, in exactly one form.

use crate::domain::digest::KeyId;
use crate::domain::digest::Sha256Hash;
use crate::ledger::FormatError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use p256::ecdsa::Signature;
use p256::ecdsa::VerifyingKey;
use p256::pkcs8::DecodePublicKey;
use p256::pkcs8::EncodePublicKey;
use ring::signature::ECDSA_P256_SHA256_FIXED;
use ring::signature::UnparsedPublicKey;
use serde::Deserialize;
use std::fmt;

/// DSSE `payloadType` of an in-toto statement.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// C2SP tlog-tiles: an entry bundle gives each entry a 16-bit length.
pub const MAX_ENTRY: usize = 65_535;

/// A writer's public key (ECDSA, NIST P-256).
#[derive(Clone, PartialEq, Eq)]
pub struct WriterKey {
    key: VerifyingKey,
    spki: Vec<u8>,
}

impl WriterKey {
    pub fn new(key: VerifyingKey) -> Result<Self, FormatError> {
        let spki = key.to_public_key_der().map_err(|e| FormatError::new("writer key", e.to_string()))?;
        Ok(WriterKey { key, spki: spki.as_bytes().to_vec() })
    }

    /// `base64`: SubjectPublicKeyInfo, DER.
    pub fn from_base64(base64: &str) -> Result<Self, FormatError> {
        let bad = |why: String| FormatError::new("writer key", why);
        let der = BASE64.decode(base64).map_err(|e| bad(e.to_string()))?;
        let key = WriterKey::new(VerifyingKey::from_public_key_der(&der).map_err(|e| bad(e.to_string()))?)?;
        if key.spki != der {
            return Err(bad("not in DER form with a plain P-256 point".into()));
        }
        Ok(key)
    }

    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.spki)
    }

    pub fn id(&self) -> KeyId {
        KeyId(Sha256Hash::of(&self.spki).0)
    }

    /// `der`: ASN.1 signature with the smaller of the two possible `s` (low-S), so that one payload and key
    /// have one valid envelope less to choose from.
    pub fn verify(&self, message: &[u8], der: &[u8]) -> bool {
        let Ok(signature) = Signature::from_der(der) else { return false };
        let low = signature.normalize_s() == signature && signature.to_der().as_bytes() == der;
        // p256 says what a signature is, ring whether it holds: an audit does little else.
        low && UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.point())
            .verify(message, &signature.to_bytes())
            .is_ok()
    }

    /// The uncompressed SEC 1 point, which ends the SubjectPublicKeyInfo of a P-256 key (RFC 5480).
    fn point(&self) -> &[u8] {
        const POINT: usize = 65;
        &self.spki[self.spki.len().saturating_sub(POINT)..]
    }
}

impl fmt::Debug for WriterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WriterKey({})", self.id())
    }
}

/// DSSE v1 pre-authentication encoding: what is signed.
pub fn pae(payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {PAYLOAD_TYPE} {} ", PAYLOAD_TYPE.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// An entry taken apart. Its signature has not been checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    pub payload: Vec<u8>,
    pub key_id: KeyId,
    /// ASN.1 DER.
    pub signature: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    payload: String,
    payload_type: String,
    signatures: Vec<WireSignature>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSignature {
    keyid: String,
    sig: String,
}

impl Envelope {
    /// The one form that is ever written: compact JSON, fixed key order.
    pub fn to_bytes(&self) -> Vec<u8> {
        let payload = BASE64.encode(&self.payload);
        let sig = BASE64.encode(&self.signature);
        let keyid = self.key_id;
        format!(
            r#"{{"payload":"{payload}","payloadType":"{PAYLOAD_TYPE}","signatures":[{{"keyid":"{keyid}","sig":"{sig}"}}]}}"#
        )
        .into_bytes()
    }

    /// Refuses every other form of the same envelope: white space, another key order, a second signature.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let bad = |why: String| FormatError::new("entry envelope", why);
        if bytes.len() > MAX_ENTRY {
            return Err(bad(format!("{} bytes, more than {MAX_ENTRY}", bytes.len())));
        }
        let wire: Wire = serde_json::from_slice(bytes).map_err(|e| bad(e.to_string()))?;
        if wire.payload_type != PAYLOAD_TYPE {
            return Err(bad(format!("payloadType {:?}", wire.payload_type)));
        }
        let [signature] = &wire.signatures[..] else {
            return Err(bad(format!("{} signatures, not one", wire.signatures.len())));
        };
        let envelope = Envelope {
            payload: BASE64.decode(&wire.payload).map_err(|e| bad(e.to_string()))?,
            key_id: signature.keyid.parse().map_err(|e| bad(format!("{e}")))?,
            signature: BASE64.decode(&signature.sig).map_err(|e| bad(e.to_string()))?,
        };
        if envelope.to_bytes() != bytes {
            return Err(bad("not in the one form that mlprov writes".into()));
        }
        Ok(envelope)
    }

    pub fn is_signed_by(&self, key: &WriterKey) -> bool {
        key.id() == self.key_id && key.verify(&pae(&self.payload), &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer;
    use p256::ecdsa::signature::Verifier;

    fn key(seed: u8) -> (SigningKey, WriterKey) {
        let key = SigningKey::from_slice(&[seed; 32]).unwrap();
        let public = WriterKey::new(*key.verifying_key()).unwrap();
        (key, public)
    }

    fn sealed(seed: u8, payload: &[u8]) -> Envelope {
        let (private, public) = key(seed);
        let signature: Signature = private.sign(&pae(payload));
        let signature = signature.normalize_s().to_der().as_bytes().to_vec();
        Envelope { payload: payload.to_vec(), key_id: public.id(), signature }
    }

    #[test]
    fn pae_is_that_of_the_dsse_specification() {
        // DSSE protocol.md: "DSSEv1 29 http://example.com/HelloWorld 11 hello world", with our type.
        assert_eq!(pae(b"hello world"), b"DSSEv1 28 application/vnd.in-toto+json 11 hello world");
    }

    #[test]
    fn an_entry_has_one_form() {
        let envelope = sealed(1, b"{}");
        let bytes = envelope.to_bytes();
        assert_eq!(Envelope::parse(&bytes).unwrap(), envelope);
        let text = String::from_utf8(bytes).unwrap();
        let (head, tail) = text.split_once(",\"payloadType\"").unwrap();
        let second = text.replace("}]}", "},{\"keyid\":\"x\",\"sig\":\"\"}]}");
        for other in [
            format!(" {text}"),
            format!("{text}\n"),
            text.replace("\":", "\": "),
            format!("{{\"payloadType\"{},{}}}", tail.trim_end_matches('}'), &head[1..]),
            second,
            text.replace("in-toto", "other"),
        ] {
            assert!(Envelope::parse(other.as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn only_the_low_s_signature_of_the_named_key_counts() {
        let envelope = sealed(1, b"{}");
        let (_, public) = key(1);
        assert!(envelope.is_signed_by(&public));
        assert!(!envelope.is_signed_by(&key(2).1));
        assert!(!Envelope { payload: b"{ }".to_vec(), ..envelope.clone() }.is_signed_by(&public));
        assert!(!Envelope { key_id: key(2).1.id(), ..envelope.clone() }.is_signed_by(&public));
        // The other valid signature of the same message: (r, n - s).
        let low = Signature::from_der(&envelope.signature).unwrap();
        let high = Signature::from_scalars(*low.r(), -*low.s()).unwrap();
        assert!(public.key.verify(&pae(b"{}"), &high).is_ok(), "the curve itself accepts it");
        let high = Envelope { signature: high.to_der().as_bytes().to_vec(), ..envelope };
        assert!(!high.is_signed_by(&public));
    }

    /// What p256 alone says: the reference for what ring is asked.
    fn by_p256(key: &WriterKey, message: &[u8], der: &[u8]) -> bool {
        let Ok(signature) = Signature::from_der(der) else { return false };
        let low = signature.normalize_s() == signature && signature.to_der().as_bytes() == der;
        low && key.key.verify(message, &signature).is_ok()
    }

    #[test]
    fn ring_says_of_every_signature_what_p256_says() {
        let (mut held, mut failed) = (0, 0);
        for seed in 1..=8 {
            let message = vec![seed; usize::from(seed) * 100];
            let (private, public) = key(seed);
            let low: Signature = private.sign(&message);
            let low = low.normalize_s();
            let high = Signature::from_scalars(*low.r(), -*low.s()).unwrap();
            let der = low.to_der().as_bytes().to_vec();
            let mut all = vec![
                der.clone(),
                high.to_der().as_bytes().to_vec(),
                low.to_bytes().to_vec(),
                Vec::new(),
                [&der[..], &[0]].concat(),
                der[..der.len() - 1].to_vec(),
                // A length in the long form; a needless zero before r; r or s that is no scalar.
                [&[0x30, 0x81], &der[1..]].concat(),
                [&[0x30, der[1] + 1, 2, der[3] + 1, 0], &der[4..]].concat(),
                vec![0x30, 6, 2, 1, 0, 2, 1, 0],
                vec![0x30, 6, 2, 1, 1, 2, 1, 1],
                [&[0x30, 37, 2, 32][..], &[0x7f; 32], &[2, 1, 1]].concat(),
            ];
            for bit in 0..der.len() * 8 {
                let mut bent = der.clone();
                bent[bit / 8] ^= 1 << (bit % 8);
                all.push(bent);
            }
            let stranger = key(seed + 1).1;
            for signature in &all {
                for (key, message) in [(&public, &message[..]), (&public, b"another"), (&stranger, &message)]
                {
                    let expected = by_p256(key, message, signature);
                    assert_eq!(key.verify(message, signature), expected, "{signature:02x?}");
                    if expected { held += 1 } else { failed += 1 }
                }
            }
        }
        assert!(held == 8 && failed > 10_000, "{held} held, {failed} did not");
    }

    #[test]
    fn keys_round_trip_through_base64() {
        let (_, public) = key(3);
        assert_eq!(WriterKey::from_base64(&public.to_base64()).unwrap(), public);
        assert!(WriterKey::from_base64("AAAA").is_err());
    }
}
