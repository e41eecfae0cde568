//! Ion Hash 1.0 (amazon-ion.github.io/ion-hash/docs/spec.html): a hash of an Ion value that text and binary share.
//!
//! A message is built in one buffer and hashed at once, field by field: so it takes hardly more than the hashes alone.

use super::hash::Hash;
use super::ion::IonError;
use super::ion::Kind;
use super::ion::MAX_DEPTH;
use super::ion::Result;
use super::ion::binary::Fields;
use super::ion::binary::Items;
use super::ion::binary::Value;
use super::ion::binary::uint;
use super::ion::binary::var_uint;
use super::ion::scalar;
use super::ion::scalar::NOT_UTF8;
use super::ion::symbols::Symbols;

const BEGIN: u8 = 0x0B;
const ESCAPE: u8 = 0x0C;
const END: u8 = 0x0E;

/// The hash function that Ion Hash is used with.
pub trait Digester {
    type Output: AsRef<[u8]> + Ord;

    fn digest(&mut self, message: &[u8]) -> Self::Output;

    /// Of what stands from `from` on. May spoil it, and leave something behind it.
    #[inline]
    fn digest_end(&mut self, message: &mut Vec<u8>, from: usize) -> Self::Output {
        self.digest(&message[from..])
    }
}

/// SHA-256, as QLDB uses it.
#[derive(Default)]
pub struct Sha256;

impl Digester for Sha256 {
    type Output = [u8; 32];

    #[inline]
    fn digest(&mut self, message: &[u8]) -> [u8; 32] {
        super::hash::sha256(message).0
    }

    #[inline]
    fn digest_end(&mut self, message: &mut Vec<u8>, from: usize) -> [u8; 32] {
        super::hash::sha256_padded(message, from).0
    }
}

/// Hashes values; kept for its buffers.
pub struct IonHasher<D: Digester> {
    pub digester: D,
    message: Vec<u8>,
    /// Digests of the fields of the structs that are open.
    fields: Vec<D::Output>,
    scratch: Vec<u8>,
}

impl<D: Digester + Default> Default for IonHasher<D> {
    fn default() -> Self {
        IonHasher::new(D::default())
    }
}

impl<D: Digester<Output = [u8; 32]>> IonHasher<D> {
    /// As QLDB hashes a value.
    pub fn sha256(&mut self, value: &Value<'_>, symbols: &Symbols) -> Result<Hash> {
        self.hash(value, symbols).map(Hash)
    }

    /// Of a string, as transaction ids and statements are.
    pub fn sha256_of_text(&mut self, text: &str) -> Hash {
        self.message.clear();
        self.message.extend([BEGIN, 0x80]);
        escape(&mut self.message, text.as_bytes());
        self.message.push(END);
        Hash(self.digester.digest_end(&mut self.message, 0))
    }
}

impl<D: Digester> IonHasher<D> {
    pub fn new(digester: D) -> Self {
        IonHasher { digester, message: Vec::new(), fields: Vec::new(), scratch: Vec::new() }
    }

    /// Fails if the value is no sound Ion, or deeper than [`MAX_DEPTH`].
    pub fn hash(&mut self, value: &Value<'_>, symbols: &Symbols) -> Result<D::Output> {
        self.message.clear();
        self.fields.clear();
        self.put(value, symbols, MAX_DEPTH)?;
        Ok(self.digester.digest_end(&mut self.message, 0))
    }

    /// Appends the value's serialisation to the message.
    fn put(&mut self, value: &Value<'_>, symbols: &Symbols, depth: usize) -> Result<()> {
        if value.annotations.is_empty() {
            return self.put_plain(value, symbols, depth);
        }
        self.message.extend([BEGIN, 0xE0]);
        let ids = &mut { value.annotations };
        while !ids.is_empty() {
            self.message.extend_from_slice(symbols.encoded(var_uint(ids)?)?);
        }
        self.put_plain(value, symbols, depth)?;
        self.message.push(END);
        Ok(())
    }

    fn put_plain(&mut self, value: &Value<'_>, symbols: &Symbols, depth: usize) -> Result<()> {
        if value.is_null {
            // One code for both signs of integers.
            let code = if value.kind == Kind::Int { 2 } else { value.code };
            self.message.extend([BEGIN, code << 4 | 15, END]);
            return Ok(());
        }
        match value.kind {
            Kind::Symbol => {
                let id = uint(value.body).ok_or(IonError::Malformed("a symbol id is beyond all tables"))?;
                self.message.extend_from_slice(symbols.encoded(id)?);
                return Ok(());
            }
            Kind::Null | Kind::Bool => self.message.extend([BEGIN, value.code << 4 | value.low]),
            Kind::String => {
                std::str::from_utf8(value.body).map_err(|_| NOT_UTF8)?;
                self.message.extend([BEGIN, 0x80]);
                escape(&mut self.message, value.body);
            }
            Kind::Clob | Kind::Blob => {
                self.message.extend([BEGIN, value.code << 4]);
                escape(&mut self.message, value.body);
            }
            Kind::Int | Kind::Float | Kind::Decimal | Kind::Timestamp => self.put_scalar(value)?,
            Kind::List | Kind::Sexp => {
                let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
                self.message.extend([BEGIN, value.code << 4]);
                for item in Items::of(value) {
                    self.put(&item?, symbols, depth)?;
                }
            }
            Kind::Struct => {
                let depth = depth.checked_sub(1).ok_or(TOO_DEEP)?;
                self.put_struct(value, symbols, depth)?;
            }
        }
        self.message.push(END);
        Ok(())
    }

    fn put_scalar(&mut self, value: &Value<'_>) -> Result<()> {
        self.scratch.clear();
        scalar::represent(value, &mut self.scratch)?;
        self.message.extend([BEGIN, value.code << 4]);
        escape(&mut self.message, &self.scratch);
        Ok(())
    }

    /// The digests of the fields, sorted. Each field's message is built behind the one that it becomes a part of.
    fn put_struct(&mut self, value: &Value<'_>, symbols: &Symbols, depth: usize) -> Result<()> {
        self.message.extend([BEGIN, 0xD0]);
        let (first, start) = (self.fields.len(), self.message.len());
        for field in Fields::of(value) {
            let (name, value) = field?;
            self.message.extend_from_slice(symbols.encoded(name)?);
            self.put(&value, symbols, depth)?;
            self.fields.push(self.digester.digest_end(&mut self.message, start));
            self.message.truncate(start);
        }
        // As bytes; their first eight nearly always tell.
        self.fields[first..].sort_unstable_by(|a, b| begin(a).cmp(&begin(b)).then_with(|| a.cmp(b)));
        for digest in &self.fields[first..] {
            escape(&mut self.message, digest.as_ref());
        }
        self.fields.truncate(first);
        Ok(())
    }
}

#[inline]
fn begin(digest: &impl AsRef<[u8]>) -> u64 {
    let mut word = [0; 8];
    let bytes = digest.as_ref();
    let length = bytes.len().min(8);
    word[..length].copy_from_slice(&bytes[..length]);
    u64::from_be_bytes(word)
}

const TOO_DEEP: IonError = IonError::Unsupported("containers lie more than 500 deep in each other");

/// Appends `bytes`, each of the three markers behind an escape.
pub fn escape(out: &mut Vec<u8>, bytes: &[u8]) {
    let (long, rest) = bytes.as_chunks::<32>();
    for chunk in long {
        // Without a way out of the loop, it is done on all of them at once.
        match chunk.iter().fold(false, |found, byte| found | is_marker(*byte)) {
            false => out.extend_from_slice(chunk),
            true => escape_words(out, chunk),
        }
    }
    escape_words(out, rest);
}

fn is_marker(byte: u8) -> bool {
    matches!(byte, BEGIN | ESCAPE | END)
}

/// Of digests a third has a marker somewhere, so the search goes by eight bytes.
fn escape_words(out: &mut Vec<u8>, bytes: &[u8]) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let n = u64::from_ne_bytes(*word);
        // Finds a byte that is zero; what it finds too much is only slower.
        let has = |byte: u8| {
            let zeros = n ^ (ONES * u64::from(byte));
            zeros.wrapping_sub(ONES) & !zeros & (ONES << 7)
        };
        match has(BEGIN) | has(ESCAPE) | has(END) {
            0 => out.extend_from_slice(word),
            _ => escape_bytes(out, word),
        }
    }
    escape_bytes(out, rest);
}

fn escape_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    for byte in bytes {
        if is_marker(*byte) {
            out.push(ESCAPE);
        }
        out.push(*byte);
    }
}
