//! Words of a statement.

use super::Invalid;

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Token {
    /// A keyword or a name; as it is written.
    Word(String),
    /// `"…"`: a name, whatever it is.
    Quoted(String),
    /// `'…'`
    Text(String),
    /// Digits, with point and exponent.
    Number(String),
    /// Between backticks: Ion.
    Ion(String),
    /// `?`
    Parameter,
    /// One or two characters.
    Sign(&'static str),
}

/// The two-character ones first.
const SIGNS: [&str; 20] = [
    "<<", ">>", "<=", ">=", "<>", "!=", "(", ")", "[", "]", "{", "}", ",", ".", ":", "=", "<", ">", "*", "-",
];

/// Each with the byte that it begins at.
pub fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Invalid> {
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let start = at;
        let token = match c {
            _ if c.is_whitespace() => {
                at += c.len_utf8();
                continue;
            }
            _ if rest.starts_with("--") => {
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            _ if rest.starts_with("/*") => {
                let end = rest.find("*/").ok_or_else(|| Invalid::at(start, "a comment has no end"))?;
                at += end + 2;
                continue;
            }
            '\'' => Token::Text(enclosed(text, &mut at, '\'')?),
            '"' => Token::Quoted(enclosed(text, &mut at, '"')?),
            '`' => Token::Ion(ion(text, &mut at)?),
            '?' => {
                at += 1;
                Token::Parameter
            }
            '0'..='9' => Token::Number(number(text, &mut at)),
            _ if is_name(c) && !c.is_ascii_digit() => {
                let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                at += length;
                Token::Word(rest[..length].to_owned())
            }
            _ => {
                let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign));
                let sign = sign.ok_or_else(|| Invalid::at(start, format!("{c:?} means nothing here")))?;
                at += sign.len();
                Token::Sign(sign)
            }
        };
        all.push((start, token));
    }
    Ok(all)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$' || c == '@'
}

/// Up to the closing mark, of which two stand for one.
fn enclosed(text: &str, at: &mut usize, mark: char) -> Result<String, Invalid> {
    let start = *at;
    let mut out = String::new();
    let mut chars = text[start + 1..].char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        match c {
            _ if c != mark => out.push(c),
            _ if chars.peek().is_some_and(|(_, next)| *next == mark) => {
                chars.next();
                out.push(mark);
            }
            _ => {
                *at = start + 1 + offset + 1;
                return Ok(out);
            }
        }
    }
    Err(Invalid::at(start, format!("a {mark} has no end")))
}

/// Up to the next backtick that stands in no text of Ion's.
fn ion(text: &str, at: &mut usize) -> Result<String, Invalid> {
    let start = *at;
    let mut inside = None;
    let mut escaped = false;
    for (offset, c) in text[start + 1..].char_indices() {
        match (inside, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(mark), _) if c == mark => inside = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => inside = Some(c),
            (None, '`') => {
                *at = start + 1 + offset + 1;
                return Ok(text[start + 1..start + 1 + offset].to_owned());
            }
            (None, _) => {}
        }
    }
    Err(Invalid::at(start, "a ` has no end"))
}

/// Digits, perhaps a point and more, perhaps an exponent.
fn number(text: &str, at: &mut usize) -> String {
    let bytes = text.as_bytes();
    let start = *at;
    let digits = |mut i: usize| {
        while bytes.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        i
    };
    let mut end = digits(start);
    if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if bytes.get(end + 1 + sign).is_some_and(u8::is_ascii_digit) {
            end = digits(end + 1 + sign);
        }
    }
    *at = end;
    text[start..end].to_owned()
}
