//! Symbol tables: which text a symbol id stands for, and how Ion Hash writes it.

use super::IonError;
use super::Kind;
use super::Result;
use super::binary::Value;
use super::binary::var_uint;
use crate::qldb::ion_hash::escape;

/// Ids 1 to 9 of every table.
pub const SYSTEM: [&str; 9] = [
    "$ion",
    "$ion_1_0",
    "$ion_symbol_table",
    "name",
    "version",
    "imports",
    "symbols",
    "max_id",
    "$ion_shared_symbol_table",
];
const ION_SYMBOL_TABLE: u64 = 3;
const NAME: u64 = 4;
const IMPORTS: u64 = 6;
const SYMBOLS: u64 = 7;

/// Texts of all symbols of one table together, in bytes.
const MAX_TEXT: usize = 64 << 20;
const TOO_BIG: IonError = IonError::Unsupported("a symbol table has more than 64 MiB of text");

struct Entry {
    /// End in `text`; each begins where the one before ends.
    text: u32,
    /// End in `encoded`.
    encoded: u32,
    known: bool,
}

/// The table in force.
pub struct Symbols {
    entries: Vec<Entry>,
    text: String,
    encoded: Vec<u8>,
}

impl Default for Symbols {
    fn default() -> Self {
        let mut table = Symbols { entries: Vec::new(), text: String::new(), encoded: Vec::new() };
        table.reset();
        table
    }
}

impl Symbols {
    /// Only the system's.
    pub fn reset(&mut self) {
        self.entries.clear();
        self.text.clear();
        self.encoded.clear();
        self.push_unknown();
        for text in SYSTEM {
            self.push_known(text);
        }
    }

    /// One more id than the highest.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        false
    }

    fn push_unknown(&mut self) {
        self.encoded.extend([0x0B, 0x71, 0x0E]);
        self.end(false);
    }

    fn push_known(&mut self, text: &str) {
        self.text.push_str(text);
        self.encoded.extend([0x0B, 0x70]);
        escape(&mut self.encoded, text.as_bytes());
        self.encoded.push(0x0E);
        self.end(true);
    }

    fn end(&mut self, known: bool) {
        // Below 2^32: `push` holds both under MAX_TEXT and a little more.
        let (text, encoded) = (self.text.len() as u32, self.encoded.len() as u32);
        self.entries.push(Entry { text, encoded, known });
    }

    /// A symbol more; `None` is one whose text nobody knows.
    pub fn push(&mut self, text: Option<&str>) -> Result<()> {
        if self.encoded.len() + 2 * text.map_or(0, str::len) > 2 * MAX_TEXT {
            return Err(TOO_BIG);
        }
        match text {
            Some(text) => self.push_known(text),
            None => self.push_unknown(),
        }
        Ok(())
    }

    #[inline]
    fn index(&self, id: u64) -> Result<usize> {
        let index = usize::try_from(id).ok().filter(|index| *index < self.entries.len());
        index.ok_or(IonError::Malformed("a symbol id is beyond the symbol table"))
    }

    /// `Ok(None)`: the text is unknown, as that of `$0` is.
    #[inline]
    pub fn text(&self, id: u64) -> Result<Option<&str>> {
        let index = self.index(id)?;
        let entry = &self.entries[index];
        let from = if index == 0 { 0 } else { self.entries[index - 1].text };
        Ok(entry.known.then(|| &self.text[from as usize..entry.text as usize]))
    }

    /// As Ion Hash serialises the symbol.
    #[inline]
    pub fn encoded(&self, id: u64) -> Result<&[u8]> {
        let index = self.index(id)?;
        let from = if index == 0 { 0 } else { self.entries[index - 1].encoded };
        Ok(&self.encoded[from as usize..self.entries[index].encoded as usize])
    }

    /// Whether a value at the top is no data, but the next symbol table.
    pub fn is_table(value: &Value<'_>) -> Result<bool> {
        if value.annotations.is_empty() || value.kind != Kind::Struct || value.is_null {
            return Ok(false);
        }
        Ok(var_uint(&mut { value.annotations })? == ION_SYMBOL_TABLE)
    }

    /// Takes a symbol table over.
    pub fn apply(&mut self, table: &Value<'_>) -> Result<()> {
        const TWICE: IonError = IonError::Malformed("a symbol table names its symbols or imports twice");
        let (mut imports, mut symbols) = (None, None);
        for field in table.fields().into_iter().flatten() {
            let (name, value) = field?;
            let slot = match name {
                IMPORTS => &mut imports,
                SYMBOLS => &mut symbols,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(TWICE);
            }
        }
        let goes_on = imports.is_some_and(|imports| imports.symbol() == Some(ION_SYMBOL_TABLE));
        if !goes_on {
            for import in imports.iter().filter_map(Value::list).flatten() {
                self.import(&import?)?;
            }
            self.reset();
        }
        for symbol in symbols.iter().filter_map(Value::list).flatten() {
            let symbol = symbol?;
            match symbol.kind == Kind::String && !symbol.is_null {
                true => self.push(Some(symbol.text().ok_or(super::scalar::NOT_UTF8)?))?,
                false => self.push(None)?,
            }
        }
        Ok(())
    }

    /// Shared tables lie elsewhere. What the format says to pass over is passed over.
    fn import(&self, import: &Value<'_>) -> Result<()> {
        for field in import.fields().into_iter().flatten() {
            let (name, value) = field?;
            let shared = name == NAME && value.text().is_some_and(|name| !name.is_empty() && name != "$ion");
            if shared {
                return Err(IonError::Unsupported("it imports a shared symbol table, which is not in it"));
            }
        }
        Ok(())
    }
}
