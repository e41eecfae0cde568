//! Writes Ion binary into memory, for text that is read. Lengths of containers take five bytes, as the format allows: they are
//! known only at the end.

use super::Result;
use super::scalar::push_var_uint;
use super::symbols::SYSTEM;
use super::symbols::Symbols;
use std::collections::HashMap;

/// Values one after the other, without a version marker, and their symbols.
pub struct Writer {
    pub out: Vec<u8>,
    pub symbols: Symbols,
    ids: HashMap<String, u64>,
    /// Where the lengths of what is open stand.
    open: Vec<usize>,
}

/// More symbols than this, and the table begins anew with the next chunk.
const MANY_SYMBOLS: usize = 10_000;

/// Bytes that a container's length takes.
const LENGTH: usize = 5;

impl Default for Writer {
    fn default() -> Self {
        Writer { out: Vec::new(), symbols: Symbols::default(), ids: system(), open: Vec::new() }
    }
}

/// The symbols that every table begins with.
fn system() -> HashMap<String, u64> {
    SYSTEM.into_iter().zip(1..).map(|(text, id)| (text.to_owned(), id)).collect()
}

impl Writer {
    /// Forgets all values, and the symbols if they are many.
    pub fn clear(&mut self) {
        self.out.clear();
        self.open.clear();
        if self.symbols.len() > MANY_SYMBOLS {
            self.symbols.reset();
            self.ids = system();
        }
    }

    /// The id of a text; the same for the same text until [`clear`](Self::clear).
    pub fn intern(&mut self, text: &str) -> Result<u64> {
        if let Some(id) = self.ids.get(text) {
            return Ok(*id);
        }
        let id = self.symbols.len() as u64;
        self.symbols.push(Some(text))?;
        self.ids.insert(text.to_owned(), id);
        Ok(id)
    }

    /// Opens a list (11), s-expression (12), struct (13) or annotated value (14).
    pub fn begin(&mut self, code: u8) {
        self.out.push(code << 4 | 14);
        self.open.push(self.out.len());
        self.out.extend([0; LENGTH]);
    }

    /// Closes what was opened last.
    pub fn end(&mut self) {
        let Some(at) = self.open.pop() else { return };
        let length = self.out.len() - at - LENGTH;
        for (i, byte) in self.out[at..at + LENGTH].iter_mut().enumerate() {
            *byte = (length >> (7 * (LENGTH - 1 - i))) as u8 & 0x7F;
        }
        self.out[at + LENGTH - 1] |= 0x80;
    }

    /// What the value after it is annotated with; to be closed after that.
    pub fn begin_annotated(&mut self, ids: &[u64]) {
        self.begin(14);
        let mut all = Vec::new();
        ids.iter().for_each(|id| push_var_uint(&mut all, *id));
        push_var_uint(&mut self.out, all.len() as u64);
        self.out.extend_from_slice(&all);
    }

    /// The name of the field whose value comes next.
    pub fn field(&mut self, id: u64) {
        push_var_uint(&mut self.out, id);
    }

    pub fn null(&mut self, code: u8) {
        self.out.push(code << 4 | 15);
    }

    pub fn bool(&mut self, is: bool) {
        self.out.push(0x10 | u8::from(is));
    }

    /// A scalar of its representation.
    pub fn scalar(&mut self, code: u8, body: &[u8]) {
        match body.len() {
            short @ 0..14 => self.out.push(code << 4 | short as u8),
            long => {
                self.out.push(code << 4 | 14);
                push_var_uint(&mut self.out, long as u64);
            }
        }
        self.out.extend_from_slice(body);
    }

    pub fn symbol(&mut self, id: u64) {
        let bytes = id.to_be_bytes();
        self.scalar(7, super::binary::magnitude(&bytes));
    }
}
