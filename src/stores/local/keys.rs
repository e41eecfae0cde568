//! Key files: PKCS#8 PEM, mode 0600, in the user's own directories; never below the repository.

use crate::durable;
use crate::ledger::envelope::WriterKey;
use crate::ledger::note::VerifierKey;
use crate::ports::StoreError;
use crate::ports::signer::CheckpointSigner;
use crate::ports::signer::EntrySigner;
use ecdsa::hazmat;
use ed25519_dalek::Signer as _;
use p256::NistP256;
use p256::NonZeroScalar;
use p256::ecdsa::SigningKey;
use p256::ecdsa::VerifyingKey;
use p256::pkcs8::AssociatedOid;
use p256::pkcs8::DecodePrivateKey;
use p256::pkcs8::EncodePrivateKey;
use p256::pkcs8::LineEnding;
use p256::pkcs8::PrivateKeyInfoRef;
use p256::pkcs8::SecretDocument;
use sec1::EcPrivateKey;
use sha2::Digest;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const PRIVATE: u32 = 0o600;

fn bad(path: &Path, why: impl ToString) -> StoreError {
    StoreError::Key { what: path.display().to_string(), why: why.to_string() }
}

/// The PEM text, or `None` if there is no such file. A key that others can read is refused, as ssh does.
fn read_private(path: &Path) -> Result<Option<String>, StoreError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(StoreError::io("read", path.display(), e)),
    };
    let meta = fs::metadata(path).map_err(|e| StoreError::io("read", path.display(), e))?;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(bad(
            path,
            format!("mode {mode:03o} lets others read it; run: chmod 600 {}", path.display()),
        ));
    }
    Ok(Some(text))
}

fn random() -> Result<[u8; 32], StoreError> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)
        .map_err(|e| StoreError::io("read", "the random source", io::Error::other(e)))?;
    Ok(bytes)
}

/// Writes a new key; if another process was first, its key is the one that counts.
fn write_private(path: &Path, pem: &str) -> Result<bool, StoreError> {
    if let Some(dir) = path.parent() {
        durable::create_dir_all(dir)?;
    }
    Ok(durable::create_new(path, pem.as_bytes(), PRIVATE)?)
}

/// The private scalar in a PKCS#8 PEM, and the public key beside it. That they belong together is not
/// computed each time, which would cost a commit as much as its signature: `init` checks it.
fn parts_of(pem: &str) -> Result<(NonZeroScalar, WriterKey), String> {
    let (label, der) = SecretDocument::from_pem(pem).map_err(|e| e.to_string())?;
    if label != "PRIVATE KEY" {
        return Err(format!("holds {label:?}, not \"PRIVATE KEY\""));
    }
    let info = PrivateKeyInfoRef::try_from(der.as_bytes()).map_err(|e| e.to_string())?;
    info.algorithm
        .assert_oids(p256::elliptic_curve::ALGORITHM_OID, p256::NistP256::OID)
        .map_err(|_| "is not an ECDSA P-256 key".to_owned())?;
    let key = EcPrivateKey::try_from(info.private_key.as_bytes()).map_err(|e| e.to_string())?;
    let scalar = NonZeroScalar::try_from(key.private_key).map_err(|e| e.to_string())?;
    let public = match key.public_key {
        Some(point) => VerifyingKey::from_sec1_bytes(point).map_err(|e| e.to_string())?,
        None => *SigningKey::from(scalar).verifying_key(),
    };
    Ok((scalar, WriterKey::new(public).map_err(|e| e.to_string())?))
}

/// A writer's key in a file.
pub struct WriterKeyFile {
    scalar: NonZeroScalar,
    public: WriterKey,
}

impl WriterKeyFile {
    pub fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        let Some(pem) = read_private(path)? else { return Ok(None) };
        let (scalar, public) = parts_of(&pem).map_err(|why| bad(path, why))?;
        Ok(Some(WriterKeyFile { scalar, public }))
    }

    /// `text`: the PEM itself (its lines may be divided by `\n`, as some systems hand them on), or the file that holds it.
    /// `what`: that gives it.
    pub fn given(what: &str, text: &str) -> Result<Self, StoreError> {
        let path = Path::new(what);
        if !text.trim_start().starts_with("-----BEGIN") {
            // It may be a secret all the same: it is never repeated.
            let why = "it is neither a key in PEM form nor the name of a file that is here";
            let file = Some(Path::new(text)).filter(|file| file.is_file());
            return file.map(Self::open).transpose()?.flatten().ok_or_else(|| bad(path, why));
        }
        let pem = text.trim().replace("\\n", "\n") + "\n";
        let (scalar, public) = parts_of(&pem).map_err(|why| bad(path, why))?;
        let key = WriterKeyFile { scalar, public };
        key.check(path)?;
        Ok(key)
    }

    /// Whether the two halves of the key belong together.
    fn check(&self, path: &Path) -> Result<(), StoreError> {
        let derived =
            WriterKey::new(*SigningKey::from(self.scalar).verifying_key()).map_err(|e| bad(path, e))?;
        if derived == self.public { Ok(()) } else { Err(bad(path, "its public half is of another key")) }
    }

    pub fn open_or_create(path: &Path) -> Result<(Self, bool), StoreError> {
        if let Some(key) = Self::open(path)? {
            key.check(path)?;
            return Ok((key, false));
        }
        // A random 32-byte string is a valid P-256 scalar but for one in 2^32: draw again.
        let key = loop {
            if let Ok(key) = SigningKey::from_slice(&random()?) {
                break key;
            }
        };
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|e| bad(path, e))?;
        let created = write_private(path, &pem)?;
        let key = Self::open(path)?.ok_or_else(|| bad(path, "vanished while it was made"))?;
        Ok((key, created))
    }
}

impl EntrySigner for WriterKeyFile {
    fn public(&self) -> &WriterKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, StoreError> {
        let digest = sha2::Sha256::digest(message);
        let (signature, _) =
            hazmat::sign_prehashed_rfc6979::<NistP256, sha2::Sha256>(&self.scalar, &digest, &[]);
        Ok(signature.normalize_s().to_der().as_bytes().to_vec())
    }
}

/// A log's key in a file.
pub struct LogKeyFile {
    key: ed25519_dalek::SigningKey,
    verifier: VerifierKey,
}

impl LogKeyFile {
    pub fn open(path: &Path, origin: &str) -> Result<Option<Self>, StoreError> {
        let Some(pem) = read_private(path)? else { return Ok(None) };
        let key = ed25519_dalek::SigningKey::from_pkcs8_pem(&pem).map_err(|e| bad(path, e))?;
        let public = key.verifying_key();
        let verifier = VerifierKey::new(origin, public.as_bytes()).map_err(|e| bad(path, e))?;
        Ok(Some(LogKeyFile { key, verifier }))
    }

    pub fn open_or_create(path: &Path, origin: &str) -> Result<Self, StoreError> {
        if let Some(key) = Self::open(path, origin)? {
            return Ok(key);
        }
        let key = ed25519_dalek::SigningKey::from_bytes(&random()?);
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|e| bad(path, e))?;
        write_private(path, &pem)?;
        Self::open(path, origin)?.ok_or_else(|| bad(path, "vanished while it was made"))
    }
}

impl CheckpointSigner for LogKeyFile {
    fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    fn sign(&self, text: &[u8]) -> Result<[u8; 64], StoreError> {
        Ok(self.key.sign(text).to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::envelope;

    #[test]
    fn keys_are_private_made_once_and_sign_what_their_public_half_verifies() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys/writer.pem");
        let (key, new) = WriterKeyFile::open_or_create(&path).unwrap();
        assert!(new);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let (again, new) = WriterKeyFile::open_or_create(&path).unwrap();
        assert!(!new);
        assert_eq!(again.public().id(), key.public().id());
        for i in 0..64u8 {
            let message = envelope::pae(&[i]);
            let signature = key.sign(&message).unwrap();
            assert!(key.public().verify(&message, &signature));
            assert_eq!(signature, again.sign(&message).unwrap(), "deterministic");
        }
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.pem");
        LogKeyFile::open_or_create(&path, "o").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(LogKeyFile::open(&path, "o"), Err(StoreError::Key { .. })));
    }
}
