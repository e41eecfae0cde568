//! What stands between quotes, and which characters belong to what.

use crate::qldb::ion::IonError;
use crate::qldb::ion::Result;
use crate::qldb::ion::scalar::NOT_UTF8;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C)
}

pub fn is_operator(byte: u8) -> bool {
    b"!#%&*+-./;<=>?@^`|~".contains(&byte)
}

/// Bytes of the symbol without quotes that is next; 0: none is.
pub fn identifier(text: &[u8]) -> usize {
    let letter = |byte: &u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$');
    if !text.first().is_some_and(letter) {
        return 0;
    }
    text.iter().take_while(|byte| letter(byte) || byte.is_ascii_digit()).count()
}

/// Whether a number may end before this.
pub fn ends_number(rest: &[u8]) -> bool {
    match rest.first() {
        None => true,
        Some(b'/') => matches!(rest.get(1), Some(b'/' | b'*')),
        Some(byte) => is_blank(*byte) || b"{}[](),\"'".contains(byte),
    }
}

pub fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|_| NOT_UTF8)
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    String,
    Symbol,
    Long,
    /// Bytes, of which only ASCII stands for itself.
    Clob,
    LongClob,
}

impl Quote {
    fn is_long(self) -> bool {
        matches!(self, Quote::Long | Quote::LongClob)
    }

    fn is_clob(self) -> bool {
        matches!(self, Quote::Clob | Quote::LongClob)
    }

    fn closes(self, rest: &[u8]) -> usize {
        let end: &[u8] = match self {
            Quote::String | Quote::Clob => b"\"",
            Quote::Symbol => b"'",
            Quote::Long | Quote::LongClob => b"'''",
        };
        if rest.starts_with(end) { end.len() } else { 0 }
    }
}

const OPEN: IonError = IonError::Malformed("a quote does not end");

/// Appends what stands from `at` to the closing quote, which is passed.
pub fn quoted(text: &[u8], at: &mut usize, quote: Quote, out: &mut Vec<u8>) -> Result<()> {
    loop {
        let rest = text.get(*at..).unwrap_or_default();
        let plain = |byte: &&u8| !matches!(**byte, b'"' | b'\'' | b'\\' | 0..0x20 | 0x7F..);
        let run = rest.iter().take_while(plain).count();
        out.extend_from_slice(&rest[..run]);
        let rest = &rest[run..];
        *at += run;
        let closes = quote.closes(rest);
        if closes > 0 {
            *at += closes;
            return Ok(());
        }
        *at += 1;
        match *rest.first().ok_or(OPEN)? {
            b'\\' => escaped(text, at, quote, out)?,
            // A line ends in one way, whatever the file was written on.
            b'\r' if quote.is_long() => {
                *at += usize::from(rest.get(1) == Some(&b'\n'));
                out.push(b'\n');
            }
            b'\n' if quote.is_long() => out.push(b'\n'),
            b'\r' | b'\n' => return Err(IonError::Malformed("a line ends within a text")),
            0x80.. if quote.is_clob() => {
                return Err(IonError::Malformed("a clob has more than ASCII in it"));
            }
            // The grammar wants other control characters escaped; ion-rs itself does not.
            byte => out.push(byte),
        }
    }
}

/// What stands behind a backslash.
fn escaped(text: &[u8], at: &mut usize, quote: Quote, out: &mut Vec<u8>) -> Result<()> {
    const BAD: IonError = IonError::Malformed("a backslash means nothing there");
    let byte = *text.get(*at).ok_or(OPEN)?;
    *at += 1;
    out.push(match byte {
        b'0' => 0,
        b'a' => 7,
        b'b' => 8,
        b't' => 9,
        b'n' => 10,
        b'v' => 11,
        b'f' => 12,
        b'r' => 13,
        b'"' | b'\'' | b'\\' | b'/' | b'?' => byte,
        b'\n' => return Ok(()),
        b'\r' => {
            *at += usize::from(text.get(*at) == Some(&b'\n'));
            return Ok(());
        }
        b'x' if quote.is_clob() => hex(text, at, 2)? as u8, // two digits
        b'x' | b'u' | b'U' if !quote.is_clob() => {
            let digits = [2, 4, 8][usize::from(byte == b'u') + 2 * usize::from(byte == b'U')];
            let mut code = hex(text, at, digits)?;
            if byte == b'u' && (0xD800..0xDC00).contains(&code) {
                let pair = text.get(*at..*at + 2) == Some(b"\\u");
                *at += 2;
                let low = if pair { hex(text, at, 4)? } else { 0 };
                if !(0xDC00..0xE000).contains(&low) {
                    return Err(IonError::Malformed("half of a surrogate pair stands alone"));
                }
                code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            }
            let character = char::from_u32(code).ok_or(BAD)?;
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return Ok(());
        }
        _ => return Err(BAD),
    });
    Ok(())
}

fn hex(text: &[u8], at: &mut usize, digits: usize) -> Result<u32> {
    const BAD: IonError = IonError::Malformed("digits are missing behind a backslash");
    let word = text.get(*at..*at + digits).ok_or(BAD)?;
    *at += digits;
    word.iter().try_fold(0, |n, byte| Some(n << 4 | char::from(*byte).to_digit(16)?)).ok_or(BAD)
}

/// Appends the bytes of a lob whose `{{` was passed, and returns its type: 9 clob, 10 blob.
pub fn lob(text: &[u8], at: &mut usize, out: &mut Vec<u8>) -> Result<u8> {
    let blank = |at: &mut usize| {
        while text.get(*at).copied().is_some_and(is_blank) {
            *at += 1;
        }
    };
    blank(at);
    let rest = text.get(*at..).unwrap_or_default();
    let code = if rest.starts_with(b"\"") {
        *at += 1;
        quoted(text, at, Quote::Clob, out)?;
        9
    } else if rest.starts_with(b"'''") {
        while text.get(*at..).unwrap_or_default().starts_with(b"'''") {
            *at += 3;
            quoted(text, at, Quote::LongClob, out)?;
            blank(at);
        }
        9
    } else {
        let length = rest.iter().take_while(|byte| **byte != b'}').count();
        let letters = &rest[..length];
        *at += length;
        const BAD: IonError = IonError::Malformed("a blob is not base64");
        if letters.iter().any(|byte| is_blank(*byte)) {
            let letters: Vec<u8> = letters.iter().copied().filter(|byte| !is_blank(*byte)).collect();
            STANDARD.decode_vec(letters, out).map_err(|_| BAD)?;
        } else {
            STANDARD.decode_vec(letters, out).map_err(|_| BAD)?;
        }
        10
    };
    blank(at);
    if text.get(*at..*at + 2) != Some(b"}}") {
        return Err(IonError::Malformed("a lob does not end"));
    }
    *at += 2;
    Ok(code)
}
