//! Ion 1.0 text (amazon-ion.github.io/ion-docs/docs/spec.html), written on as binary: so all that verifies has one form to read.

mod number;
mod parse;
pub mod scan;
mod token;

use super::Result;
use super::symbols::Symbols;
use super::write::Writer;

/// Takes text, gives binary.
#[derive(Default)]
pub struct Transcoder {
    pub writer: Writer,
    /// What `$10` means.
    context: Symbols,
    scratch: Vec<u8>,
}

impl Transcoder {
    /// Replaces what was written by the values of `text`, which must be whole. Symbol tables and version markers among them are
    /// followed, and not written.
    pub fn take(&mut self, text: &[u8]) -> Result<()> {
        self.writer.clear();
        let Transcoder { writer, context, scratch } = self;
        parse::Parser { text, at: 0, writer, context, scratch }.all()
    }
}
