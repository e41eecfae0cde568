//! Where a piece of text may be cut: behind a container that lies in no other. Looks at each byte once, however it arrives.

/// What the next byte is part of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Mode {
    #[default]
    Plain,
    String,
    Symbol,
    LongString,
    Line,
    Comment,
    Lob,
    LobString,
    LobLongString,
}

#[derive(Default, Debug)]
pub struct Scanner {
    mode: Mode,
    depth: u64,
    at: usize,
}

impl Scanner {
    /// `text` is what was given the last time, and more behind it. Returns the end of the first piece; then the next call is about
    /// what comes after that. `None`: more is needed, or, at the end, the rest is the last piece.
    pub fn cut(&mut self, text: &[u8], at_end: bool) -> Option<usize> {
        while let Some(&byte) = text.get(self.at) {
            let next = |n: usize| text.get(self.at + n).copied();
            // What a byte means depends on at most two more.
            if !at_end
                && text.len() - self.at < 3
                && matches!(byte, b'\'' | b'/' | b'{' | b'}' | b'*' | b'\\')
            {
                return None;
            }
            let triple = byte == b'\'' && next(1) == Some(b'\'') && next(2) == Some(b'\'');
            let (mode, step) = match (self.mode, byte) {
                (Mode::Plain, b'"') => (Mode::String, 1),
                (Mode::Plain, b'\'') if triple => (Mode::LongString, 3),
                (Mode::Plain, b'\'') => (Mode::Symbol, 1),
                (Mode::Plain, b'/') if next(1) == Some(b'/') => (Mode::Line, 2),
                (Mode::Plain, b'/') if next(1) == Some(b'*') => (Mode::Comment, 2),
                (Mode::Plain, b'{') if next(1) == Some(b'{') => (Mode::Lob, 2),
                (Mode::Plain, b'{' | b'[' | b'(') => {
                    self.depth += 1;
                    (Mode::Plain, 1)
                }
                (Mode::Plain, b'}' | b']' | b')') => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        let end = self.at + 1;
                        self.at = 0;
                        return Some(end);
                    }
                    (Mode::Plain, 1)
                }
                (Mode::String, b'"') | (Mode::Symbol, b'\'') | (Mode::Line, b'\n' | b'\r') => {
                    (Mode::Plain, 1)
                }
                (Mode::LongString, b'\'') if triple => (Mode::Plain, 3),
                (Mode::Comment, b'*') if next(1) == Some(b'/') => (Mode::Plain, 2),
                (Mode::Lob, b'"') => (Mode::LobString, 1),
                (Mode::Lob, b'\'') if triple => (Mode::LobLongString, 3),
                (Mode::Lob, b'}') if next(1) == Some(b'}') => (Mode::Plain, 2),
                (Mode::LobString, b'"') => (Mode::Lob, 1),
                (Mode::LobLongString, b'\'') if triple => (Mode::Lob, 3),
                (Mode::String | Mode::Symbol | Mode::LongString, b'\\') => (self.mode, 2),
                (Mode::LobString | Mode::LobLongString, b'\\') => (self.mode, 2),
                (mode, _) => (mode, 1),
            };
            self.mode = mode;
            self.at += step;
        }
        None
    }
}
