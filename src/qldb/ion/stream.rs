//! Values of a stream, one after the other, in the memory of one.

use super::IonError;
use super::binary;
use super::binary::VERSION_MARKER;
use super::binary::Value;
use super::symbols::Symbols;
use super::text::Transcoder;
use super::text::scan::Scanner;
use std::io;
use std::io::Read;

/// Bytes that one value may take. QLDB's transactions were at most 4 MB.
pub const MAX_VALUE: usize = 64 << 20;
const AT_ONCE: usize = 256 << 10;

#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Format {
    IonText,
    IonBinary,
}

#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error("{error} (byte {at})")]
    Ion {
        /// Where the value begins, counted from the stream's beginning.
        at: u64,
        error: IonError,
    },
    #[error("it ends within a value (byte {at})")]
    Short { at: u64 },
    #[error("a value has more than 64 MiB (byte {at})")]
    TooLong { at: u64 },
}

/// Reads values from bytes of either form, which it finds out.
pub struct Stream<R> {
    source: R,
    /// What was read and not passed is `buffer[from..to]`.
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    at_end: bool,
    /// Bytes before `from`.
    passed: u64,
    form: Form,
    /// The current value: in the buffer, or in what the transcoder wrote.
    current: (usize, usize),
}

enum Form {
    Unknown(Symbols),
    Binary(Symbols),
    Text {
        transcoder: Box<Transcoder>,
        scanner: Scanner,
        /// What of the transcoder's output was not given yet.
        next: usize,
    },
}

impl<R: Read> Stream<R> {
    pub fn new(source: R) -> Self {
        let buffer = vec![0; AT_ONCE];
        let (from, to, at_end, passed) = (0, 0, false, 0);
        Stream {
            source,
            buffer,
            from,
            to,
            at_end,
            passed,
            form: Form::Unknown(Symbols::default()),
            current: (0, 0),
        }
    }

    /// `None` before the first value, and of nothing.
    pub fn format(&self) -> Option<Format> {
        match self.form {
            Form::Unknown(_) => None,
            Form::Binary(_) => Some(Format::IonBinary),
            Form::Text { .. } => Some(Format::IonText),
        }
    }

    /// Bytes that were read and given.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Goes to the next value that is data; false: there is none.
    pub fn advance(&mut self) -> Result<bool, StreamError> {
        if matches!(self.form, Form::Unknown(_)) && !self.find_form()? {
            return Ok(false);
        }
        match self.form {
            Form::Text { .. } => self.advance_text(),
            _ => self.advance_binary(),
        }
    }

    /// The value that [`advance`](Self::advance) went to.
    pub fn value(&self) -> Result<Value<'_>, StreamError> {
        let (from, to) = self.current;
        let all = match &self.form {
            Form::Text { transcoder, .. } => &transcoder.writer.out,
            _ => &self.buffer,
        };
        let read = binary::value(&mut &all[from..to]).map_err(|error| self.bad(error))?;
        read.ok_or_else(|| self.bad(IonError::Malformed("padding is no value")))
    }

    pub fn symbols(&self) -> &Symbols {
        match &self.form {
            Form::Binary(symbols) | Form::Unknown(symbols) => symbols,
            Form::Text { transcoder, .. } => &transcoder.writer.symbols,
        }
    }

    fn bad(&self, error: IonError) -> StreamError {
        StreamError::Ion { at: self.passed, error }
    }

    /// False: there is nothing at all.
    fn find_form(&mut self) -> Result<bool, StreamError> {
        while self.to - self.from < VERSION_MARKER.len() && self.fill()? {}
        let found = &self.buffer[self.from..self.to];
        self.form = match found {
            [] => return Ok(false),
            _ if found.starts_with(&VERSION_MARKER) => Form::Binary(Symbols::default()),
            _ => Form::Text { transcoder: Box::default(), scanner: Scanner::default(), next: 0 },
        };
        Ok(true)
    }

    /// Reads more behind what is there; false: that was the end.
    fn fill(&mut self) -> Result<bool, StreamError> {
        if self.at_end {
            return Ok(false);
        }
        if self.to == self.buffer.len() {
            if self.from > 0 {
                self.buffer.copy_within(self.from..self.to, 0);
                (self.from, self.to) = (0, self.to - self.from);
            } else if self.to >= MAX_VALUE + 16 {
                return Err(StreamError::TooLong { at: self.passed });
            } else {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        loop {
            match self.source.read(&mut self.buffer[self.to..]) {
                Ok(0) => {
                    self.at_end = true;
                    return Ok(false);
                }
                Ok(n) => {
                    self.to += n;
                    return Ok(true);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
    }

    fn pass(&mut self, bytes: usize) {
        self.from += bytes;
        self.passed += bytes as u64;
    }

    fn advance_binary(&mut self) -> Result<bool, StreamError> {
        let (from, to) = std::mem::take(&mut self.current);
        self.pass(to - from);
        loop {
            let found = &self.buffer[self.from..self.to];
            if found.first() == Some(&VERSION_MARKER[0]) {
                if found.len() < VERSION_MARKER.len() {
                    self.more()?;
                    continue;
                }
                if !found.starts_with(&VERSION_MARKER) {
                    return Err(self.bad(IonError::Unsupported("it is Ion of another version than 1.0")));
                }
                self.pass(VERSION_MARKER.len());
                if let Form::Binary(symbols) = &mut self.form {
                    symbols.reset();
                }
                continue;
            }
            let length = match binary::head(found).map_err(|error| self.bad(error))? {
                None if found.is_empty() && !self.fill()? => return Ok(false),
                None if self.from == self.to => continue,
                None => {
                    self.more()?;
                    continue;
                }
                Some(head) => head.header + head.body,
            };
            if length > MAX_VALUE {
                return Err(StreamError::TooLong { at: self.passed });
            }
            while self.to - self.from < length {
                self.more()?;
            }
            let mut bytes = &self.buffer[self.from..self.from + length];
            let value = binary::value(&mut bytes);
            let table = match value.map_err(|error| self.bad(error))? {
                None => {
                    self.pass(length);
                    continue;
                }
                Some(value) => Symbols::is_table(&value).map(|is| is.then_some(value)),
            };
            match table.map_err(|error| self.bad(error))? {
                None => {
                    self.current = (self.from, self.from + length);
                    return Ok(true);
                }
                Some(table) => {
                    if let Form::Binary(symbols) = &mut self.form {
                        symbols.apply(&table).map_err(|error| StreamError::Ion { at: self.passed, error })?;
                    }
                    self.pass(length);
                }
            }
        }
    }

    /// More of a value that was begun.
    fn more(&mut self) -> Result<(), StreamError> {
        match self.fill()? {
            true => Ok(()),
            false => Err(StreamError::Short { at: self.passed }),
        }
    }

    fn advance_text(&mut self) -> Result<bool, StreamError> {
        loop {
            let Form::Text { transcoder, scanner, next } = &mut self.form else { return Ok(false) };
            let out = &transcoder.writer.out;
            if *next < out.len() {
                let from = *next;
                let mut rest = &out[from..];
                binary::value(&mut rest).map_err(|error| StreamError::Ion { at: self.passed, error })?;
                *next = out.len() - rest.len();
                self.current = (from, *next);
                return Ok(true);
            }
            let found = &self.buffer[self.from..self.to];
            let end = match scanner.cut(found, self.at_end) {
                Some(end) => end,
                None if self.at_end && found.is_empty() => return Ok(false),
                None if self.at_end => found.len(),
                None => {
                    self.fill()?;
                    continue;
                }
            };
            if end > MAX_VALUE {
                return Err(StreamError::TooLong { at: self.passed });
            }
            let taken = transcoder.take(&found[..end]);
            *next = 0;
            taken.map_err(|error| StreamError::Ion { at: self.passed, error })?;
            self.pass(end);
        }
    }
}
