//! Ion 1.0 binary, read where it lies. Spec: amazon-ion.github.io/ion-docs/docs/binary.html.

use super::IonError;
use super::Kind;
use super::Result;

/// The first bytes of a binary stream; they also reset its symbols.
pub const VERSION_MARKER: [u8; 4] = [0xE0, 0x01, 0x00, 0xEA];

/// Type codes of the first nibble.
const ANNOTATED: u8 = 14;

/// One value, not yet looked into.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Value<'a> {
    pub kind: Kind,
    pub is_null: bool,
    /// The first nibble: 2 and 3 are integers ≥ 0 and < 0.
    pub code: u8,
    /// The second nibble, which is the value of a bool.
    pub low: u8,
    /// Symbol ids, as VarUInts. Empty: none.
    pub annotations: &'a [u8],
    /// The representation, without type and length.
    pub body: &'a [u8],
}

/// What begins at a place.
pub struct Head {
    code: u8,
    low: u8,
    /// Bytes of the header.
    pub header: usize,
    /// Bytes after it.
    pub body: usize,
}

/// The header of a value. `None`: more bytes are needed to tell.
pub fn head(bytes: &[u8]) -> Result<Option<Head>> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let (code, low) = (first >> 4, first & 15);
    let mut header = 1;
    let body = match (code, low) {
        (15, _) => return Err(IonError::Malformed("a value has the type 15, which there is not")),
        (ANNOTATED, 15) => return Err(IonError::Malformed("annotations annotate null")),
        (_, 15) => 0,
        (1, 0 | 1) => 0,
        (1, _) => return Err(IonError::Malformed("a bool is neither true nor false")),
        (4, 0 | 4 | 8) => usize::from(low),
        (4, _) => return Err(IonError::Malformed("a float has neither 0, 4 nor 8 bytes")),
        (13, 1) | (_, 14) => {
            let mut rest = &bytes[1..];
            match var_uint(&mut rest) {
                Err(_) if bytes.len() < 11 => return Ok(None),
                Err(e) => return Err(e),
                Ok(0) if low == 1 => return Err(IonError::Malformed("a sorted struct is empty")),
                Ok(n) => {
                    header = bytes.len() - rest.len();
                    usize::try_from(n).map_err(|_| TOO_LONG)?
                }
            }
        }
        (_, low) => usize::from(low),
    };
    header.checked_add(body).ok_or(TOO_LONG)?;
    Ok(Some(Head { code, low, header, body }))
}

const TOO_LONG: IonError = IonError::Malformed("a length is beyond all memory");
const SHORT: IonError = IonError::Malformed("a value is longer than what holds it");

/// The value at the beginning of `bytes`, which then begin after it. `None`: it is padding.
#[inline]
pub fn value<'a>(bytes: &mut &'a [u8]) -> Result<Option<Value<'a>>> {
    // Most values are short: their first byte, or two, tell all.
    let (code, low, header, length, rest) = match *bytes {
        [first, length, rest @ ..] if first & 15 == 14 && length & 0x80 != 0 => {
            (first >> 4, 14, 2, usize::from(length & 0x7F), rest)
        }
        [first, rest @ ..] => (first >> 4, first & 15, 1, usize::from(first & 15), rest),
        [] => return long_value(bytes),
    };
    let usual = matches!((code, low), (5..13, 0..15) | (13, 0 | 2..15));
    if usual
        && let Some((body, rest)) = rest.split_at_checked(length)
        && (low < 14 || header == 2)
    {
        *bytes = rest;
        return plain(&Head { code, low, header, body: length }, body);
    }
    long_value(bytes)
}

fn long_value<'a>(bytes: &mut &'a [u8]) -> Result<Option<Value<'a>>> {
    let head = head(bytes)?.ok_or(SHORT)?;
    let body = bytes.get(head.header..head.header + head.body).ok_or(SHORT)?;
    *bytes = &bytes[head.header + head.body..];
    if head.code == ANNOTATED {
        return annotated(&head, body).map(Some);
    }
    plain(&head, body)
}

#[inline]
fn plain<'a>(head: &Head, body: &'a [u8]) -> Result<Option<Value<'a>>> {
    let kind = match head.code {
        0 if head.low == 15 => Kind::Null,
        0 => return Ok(None),
        1 => Kind::Bool,
        2 | 3 => Kind::Int,
        4 => Kind::Float,
        5 => Kind::Decimal,
        6 => Kind::Timestamp,
        7 => Kind::Symbol,
        8 => Kind::String,
        9 => Kind::Clob,
        10 => Kind::Blob,
        11 => Kind::List,
        12 => Kind::Sexp,
        _ => Kind::Struct,
    };
    let (code, low) = (head.code, head.low);
    Ok(Some(Value { kind, is_null: low == 15, code, low, annotations: &[], body }))
}

/// Length of the annotations, their symbols, one value that fills the rest.
fn annotated<'a>(head: &Head, mut body: &'a [u8]) -> Result<Value<'a>> {
    if head.low < 3 {
        return Err(IonError::Malformed("annotations annotate nothing"));
    }
    let length = usize::try_from(var_uint(&mut body)?).map_err(|_| TOO_LONG)?;
    if length == 0 || length >= body.len() {
        return Err(IonError::Malformed("annotations have no symbol, or no value"));
    }
    let (annotations, inner) = body.split_at(length);
    let head = self::head(inner)?.ok_or(SHORT)?;
    if head.code == ANNOTATED || head.header + head.body != inner.len() {
        return Err(IonError::Malformed("annotations do not annotate one value"));
    }
    let value = plain(&head, &inner[head.header..])?;
    let value = value.ok_or(IonError::Malformed("annotations annotate padding"))?;
    Ok(Value { annotations, ..value })
}

/// Seven bits a byte, the last has its high bit set.
#[inline]
pub fn var_uint(bytes: &mut &[u8]) -> Result<u64> {
    if let Some((first, rest)) = bytes.split_first()
        && first & 0x80 != 0
    {
        *bytes = rest;
        return Ok(u64::from(first & 0x7F));
    }
    long_var_uint(bytes)
}

fn long_var_uint(bytes: &mut &[u8]) -> Result<u64> {
    let mut n = 0u64;
    for (i, byte) in bytes.iter().enumerate() {
        if n >> 57 != 0 {
            return Err(IonError::Unsupported("a number has more than 64 bits"));
        }
        n = n << 7 | u64::from(byte & 0x7F);
        if byte & 0x80 != 0 {
            *bytes = &bytes[i + 1..];
            return Ok(n);
        }
    }
    Err(IonError::Malformed("a number does not end"))
}

/// As [`var_uint`], with a sign bit after the first high bit. Returns whether it is negative (also of zero), and its magnitude.
pub fn var_int(bytes: &mut &[u8]) -> Result<(bool, u64)> {
    let (&first, rest) = bytes.split_first().ok_or(IonError::Malformed("a number does not end"))?;
    let (negative, mut n) = (first & 0x40 != 0, u64::from(first & 0x3F));
    *bytes = rest;
    if first & 0x80 != 0 {
        return Ok((negative, n));
    }
    for (i, byte) in rest.iter().enumerate() {
        if n >> 56 != 0 {
            return Err(IonError::Unsupported("a number has more than 63 bits"));
        }
        n = n << 7 | u64::from(byte & 0x7F);
        if byte & 0x80 != 0 {
            *bytes = &rest[i + 1..];
            return Ok((negative, n));
        }
    }
    Err(IonError::Malformed("a number does not end"))
}

/// Big-endian, without the zeros in front.
pub fn magnitude(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..]
}

/// Big-endian; `None`: more than 64 bits.
pub fn uint(bytes: &[u8]) -> Option<u64> {
    let bytes = magnitude(bytes);
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
}

/// The values of a list or an s-expression.
#[derive(Clone)]
pub struct Items<'a>(&'a [u8]);

impl<'a> Items<'a> {
    pub fn of(value: &Value<'a>) -> Self {
        Items(value.body)
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Value<'a>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while !self.0.is_empty() {
            match value(&mut self.0) {
                Ok(None) => {}
                Ok(Some(value)) => return Some(Ok(value)),
                Err(e) => {
                    self.0 = &[];
                    return Some(Err(e));
                }
            }
        }
        None
    }
}

/// The fields of a struct: symbol ids and values.
#[derive(Clone)]
pub struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub fn of(value: &Value<'a>) -> Self {
        Fields(value.body)
    }

    #[inline]
    fn step(&mut self) -> Result<Option<(u64, Value<'a>)>> {
        let name = var_uint(&mut self.0)?;
        Ok(value(&mut self.0)?.map(|value| (name, value)))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>)>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while !self.0.is_empty() {
            match self.step() {
                Ok(None) => {}
                Ok(Some(field)) => return Some(Ok(field)),
                Err(e) => {
                    self.0 = &[];
                    return Some(Err(e));
                }
            }
        }
        None
    }
}

impl<'a> Value<'a> {
    /// The text of a string that is not null.
    pub fn text(&self) -> Option<&'a str> {
        if self.kind != Kind::String || self.is_null {
            return None;
        }
        std::str::from_utf8(self.body).ok()
    }

    /// An integer that is not null, not negative and not beyond 64 bits.
    pub fn number(&self) -> Option<u64> {
        let fits = self.kind == Kind::Int && !self.is_null && self.code == 2;
        fits.then(|| uint(self.body)).flatten()
    }

    /// The bytes of a blob that is not null.
    pub fn blob(&self) -> Option<&'a [u8]> {
        (self.kind == Kind::Blob && !self.is_null).then_some(self.body)
    }

    /// The symbol id of a symbol that is not null.
    pub fn symbol(&self) -> Option<u64> {
        (self.kind == Kind::Symbol && !self.is_null).then(|| uint(self.body)).flatten()
    }

    /// The fields of a struct that is not null.
    pub fn fields(&self) -> Option<Fields<'a>> {
        (self.kind == Kind::Struct && !self.is_null).then(|| Fields::of(self))
    }

    /// The values of a list that is not null.
    pub fn list(&self) -> Option<Items<'a>> {
        (self.kind == Kind::List && !self.is_null).then(|| Items::of(self))
    }
}
