//! Values, containers, annotations.

use super::number;
use super::token;
use crate::qldb::ion::IonError;
use crate::qldb::ion::MAX_DEPTH;
use crate::qldb::ion::Result;
use crate::qldb::ion::binary;
use crate::qldb::ion::symbols::Symbols;
use crate::qldb::ion::write::Writer;

pub struct Parser<'a> {
    pub text: &'a [u8],
    pub at: usize,
    pub writer: &'a mut Writer,
    pub context: &'a mut Symbols,
    pub scratch: &'a mut Vec<u8>,
}

/// A symbol, where it may also be an annotation or a field's name.
enum Name {
    /// Its id in what is written.
    Symbol(u64),
    /// Written without quotes, and a word of the language: at `from..to`.
    Keyword(usize, usize),
}

const ENDS: IonError = IonError::Malformed("the text ends within a value");
const STRANGE: IonError = IonError::Malformed("a character stands where none can");

impl Parser<'_> {
    pub fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn ahead(&self, n: usize) -> Option<u8> {
        self.text.get(self.at + n).copied()
    }

    /// Whether `word` is next; then it is passed.
    fn passes(&mut self, word: &[u8]) -> bool {
        let is = self.text[self.at..].starts_with(word);
        self.at += if is { word.len() } else { 0 };
        is
    }

    /// Passes blanks and comments.
    fn blank(&mut self) -> Result<()> {
        loop {
            let from = self.at;
            while self.peek().is_some_and(token::is_blank) {
                self.at += 1;
            }
            if self.passes(b"//") {
                while self.peek().is_some_and(|byte| byte != b'\n' && byte != b'\r') {
                    self.at += 1;
                }
            } else if self.passes(b"/*") {
                let rest = &self.text[self.at..];
                let end = rest.windows(2).position(|two| two == b"*/");
                self.at += end.ok_or(IonError::Malformed("a comment does not end"))? + 2;
            }
            if self.at == from {
                return Ok(());
            }
        }
    }

    /// All values at the top.
    pub fn all(mut self) -> Result<()> {
        loop {
            self.blank()?;
            if self.peek().is_none() {
                return Ok(());
            }
            if self.version_marker()? {
                continue;
            }
            let from = self.writer.out.len();
            self.value(MAX_DEPTH, false)?;
            let value = binary::value(&mut &self.writer.out[from..])?;
            if let Some(value) = value
                && Symbols::is_table(&value)?
            {
                self.context.apply(&value)?;
                self.writer.out.truncate(from);
            }
        }
    }

    /// `$ion_1_0`, not quoted and not annotating.
    fn version_marker(&mut self) -> Result<bool> {
        let from = self.at;
        let word = &self.text[from..][..token::identifier(&self.text[from..])];
        let Some(version) = word.strip_prefix(b"$ion_") else { return Ok(false) };
        let numbers = |half: &[u8]| !half.is_empty() && half.iter().all(u8::is_ascii_digit);
        let mut halves = version.splitn(2, |byte| *byte == b'_');
        if !halves.next().is_some_and(numbers) || !halves.next().is_some_and(numbers) {
            return Ok(false);
        }
        self.at += word.len();
        self.blank()?;
        if self.text[self.at..].starts_with(b"::") {
            self.at = from;
            return Ok(false);
        }
        if word != b"$ion_1_0" {
            return Err(IonError::Unsupported("it is Ion of another version than 1.0"));
        }
        self.context.reset();
        Ok(true)
    }

    /// One value with its annotations, written.
    fn value(&mut self, depth: usize, in_sexp: bool) -> Result<()> {
        let mut annotations: Vec<u64> = Vec::new();
        let last = loop {
            self.blank()?;
            let Some(name) = self.name()? else { break None };
            let after = self.at;
            self.blank()?;
            match (name, self.passes(b"::")) {
                (Name::Symbol(id), true) => annotations.push(id),
                (Name::Keyword(..), true) => {
                    return Err(IonError::Malformed("a word of the language annotates a value"));
                }
                (name, false) => {
                    self.at = after;
                    break Some(name);
                }
            }
        };
        if !annotations.is_empty() {
            self.writer.begin_annotated(&annotations);
        }
        match last {
            Some(Name::Symbol(id)) => self.writer.symbol(id),
            Some(Name::Keyword(from, to)) => self.keyword(from, to)?,
            None => self.other(depth, in_sexp)?,
        }
        if !annotations.is_empty() {
            self.writer.end();
        }
        Ok(())
    }

    /// A symbol or keyword, if one is next.
    fn name(&mut self) -> Result<Option<Name>> {
        match self.peek() {
            Some(b'\'') if self.ahead(1) == Some(b'\'') && self.ahead(2) == Some(b'\'') => Ok(None),
            Some(b'\'') => {
                self.at += 1;
                self.scratch.clear();
                token::quoted(self.text, &mut self.at, token::Quote::Symbol, self.scratch)?;
                let text = token::utf8(self.scratch)?;
                Ok(Some(Name::Symbol(self.writer.intern(text)?)))
            }
            _ => {
                let (from, length) = (self.at, token::identifier(&self.text[self.at..]));
                if length == 0 {
                    return Ok(None);
                }
                self.at += length;
                let word = token::utf8(&self.text[from..self.at])?;
                if matches!(word, "null" | "true" | "false" | "nan") {
                    return Ok(Some(Name::Keyword(from, self.at)));
                }
                let digits = word.strip_prefix('$').filter(|rest| !rest.is_empty());
                let id = match digits.filter(|rest| rest.bytes().all(|byte| byte.is_ascii_digit())) {
                    None => self.writer.intern(word)?,
                    Some(digits) => {
                        let id = digits
                            .parse()
                            .map_err(|_| IonError::Malformed("a symbol id is beyond all tables"))?;
                        match self.context.text(id)? {
                            None => 0,
                            Some(text) => self.writer.intern(text)?,
                        }
                    }
                };
                Ok(Some(Name::Symbol(id)))
            }
        }
    }

    fn keyword(&mut self, from: usize, to: usize) -> Result<()> {
        match &self.text[from..to] {
            b"true" => self.writer.bool(true),
            b"false" => self.writer.bool(false),
            b"nan" => self.writer.scalar(4, &f64::NAN.to_be_bytes()),
            _ if self.passes(b".") => {
                let length = token::identifier(&self.text[self.at..]);
                let kind = &self.text[self.at..self.at + length];
                self.at += length;
                let code = match kind {
                    b"null" => 0,
                    b"bool" => 1,
                    b"int" => 2,
                    b"float" => 4,
                    b"decimal" => 5,
                    b"timestamp" => 6,
                    b"symbol" => 7,
                    b"string" => 8,
                    b"clob" => 9,
                    b"blob" => 10,
                    b"list" => 11,
                    b"sexp" => 12,
                    b"struct" => 13,
                    _ => return Err(IonError::Malformed("a null is of no type there is")),
                };
                self.writer.null(code);
            }
            _ => self.writer.null(0),
        }
        Ok(())
    }

    /// A value that does not begin as a symbol does.
    fn other(&mut self, depth: usize, in_sexp: bool) -> Result<()> {
        let deeper = || {
            depth
                .checked_sub(1)
                .ok_or(IonError::Unsupported("containers lie more than 500 deep in each other"))
        };
        match self.peek().ok_or(ENDS)? {
            b'{' if self.ahead(1) == Some(b'{') => self.lob(),
            b'{' => self.fields(deeper()?),
            b'[' => self.list(deeper()?),
            b'(' => self.sexp(deeper()?),
            b'"' | b'\'' => {
                self.scratch.clear();
                self.text_value()?;
                token::utf8(self.scratch)?;
                self.writer.scalar(8, self.scratch);
                Ok(())
            }
            b'0'..=b'9' => self.number(),
            b'-' if self.ahead(1).is_some_and(|byte| byte.is_ascii_digit()) => self.number(),
            sign @ (b'-' | b'+') if self.infinity() => {
                let value = if sign == b'-' { f64::NEG_INFINITY } else { f64::INFINITY };
                self.at += 4;
                self.writer.scalar(4, &value.to_be_bytes());
                Ok(())
            }
            byte if in_sexp && token::is_operator(byte) => {
                let from = self.at;
                // A comment ends an operator.
                while self.peek().is_some_and(token::is_operator)
                    && !self.text[self.at..].starts_with(b"//")
                    && !self.text[self.at..].starts_with(b"/*")
                {
                    self.at += 1;
                }
                let id = self.writer.intern(token::utf8(&self.text[from..self.at])?)?;
                self.writer.symbol(id);
                Ok(())
            }
            _ => Err(STRANGE),
        }
    }

    /// `+inf` or `-inf`, and nothing that goes on after it.
    fn infinity(&self) -> bool {
        let rest = &self.text[self.at..];
        rest.get(1..4) == Some(b"inf") && token::ends_number(&rest[4..])
    }

    fn number(&mut self) -> Result<()> {
        let length = number::length(&self.text[self.at..]);
        let token = &self.text[self.at..self.at + length];
        self.at += length;
        if !token::ends_number(&self.text[self.at..]) {
            return Err(IonError::Malformed("a number goes on as none can"));
        }
        number::write(token, self.writer, self.scratch)
    }

    /// The text of a string, or of long strings one after the other, into the scratch.
    fn text_value(&mut self) -> Result<()> {
        if self.passes(b"\"") {
            return token::quoted(self.text, &mut self.at, token::Quote::String, self.scratch);
        }
        loop {
            if !self.passes(b"'''") {
                return Ok(());
            }
            token::quoted(self.text, &mut self.at, token::Quote::Long, self.scratch)?;
            let after = self.at;
            self.blank()?;
            if !self.text[self.at..].starts_with(b"'''") {
                self.at = after;
                return Ok(());
            }
        }
    }

    fn lob(&mut self) -> Result<()> {
        self.at += 2;
        self.scratch.clear();
        let code = token::lob(self.text, &mut self.at, self.scratch)?;
        self.writer.scalar(code, self.scratch);
        Ok(())
    }

    fn list(&mut self, depth: usize) -> Result<()> {
        self.at += 1;
        self.writer.begin(11);
        loop {
            self.blank()?;
            if self.passes(b"]") {
                break;
            }
            self.value(depth, false)?;
            self.blank()?;
            if !self.passes(b",") && self.peek() != Some(b']') {
                return Err(IonError::Malformed("a list has neither comma nor end behind a value"));
            }
        }
        self.writer.end();
        Ok(())
    }

    fn sexp(&mut self, depth: usize) -> Result<()> {
        self.at += 1;
        self.writer.begin(12);
        loop {
            self.blank()?;
            if self.passes(b")") {
                break;
            }
            self.value(depth, true)?;
        }
        self.writer.end();
        Ok(())
    }

    fn fields(&mut self, depth: usize) -> Result<()> {
        self.at += 1;
        self.writer.begin(13);
        loop {
            self.blank()?;
            if self.passes(b"}") {
                break;
            }
            let id = self.field_name()?;
            self.blank()?;
            if !self.passes(b":") {
                return Err(IonError::Malformed("a field has no colon behind its name"));
            }
            self.writer.field(id);
            self.value(depth, false)?;
            self.blank()?;
            if !self.passes(b",") && self.peek() != Some(b'}') {
                return Err(IonError::Malformed("a struct has neither comma nor end behind a field"));
            }
        }
        self.writer.end();
        Ok(())
    }

    fn field_name(&mut self) -> Result<u64> {
        match self.name()? {
            Some(Name::Symbol(id)) => Ok(id),
            Some(Name::Keyword(..)) => Err(IonError::Malformed("a word of the language names a field")),
            None if matches!(self.peek(), Some(b'"' | b'\'')) => {
                self.scratch.clear();
                self.text_value()?;
                let text = token::utf8(self.scratch)?;
                self.writer.intern(text)
            }
            None => Err(STRANGE),
        }
    }
}
