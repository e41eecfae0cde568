//! The manifest of a dataset: the text that `b3sum --check` accepts, sorted by path bytes.

use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::path;

/// One file of a dataset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ManifestEntry {
    /// Relative to the dataset's directory.
    pub path: String,
    pub blake3: Blake3Hash,
}

/// All files of a directory dataset, sorted by path bytes, no path twice. Empty directories, modes and
/// extended attributes are not identity. Never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    entries: Vec<ManifestEntry>,
}

impl Manifest {
    pub fn new(mut entries: Vec<ManifestEntry>) -> Result<Self, ParseError> {
        entries.sort_unstable_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
        Self::from_sorted(entries)
    }

    fn from_sorted(entries: Vec<ManifestEntry>) -> Result<Self, ParseError> {
        if entries.is_empty() {
            return Err(ParseError::new("manifest", "holds no file", ""));
        }
        for entry in &entries {
            path::check_relative(&entry.path)?;
        }
        for pair in entries.windows(2) {
            if pair[0].path.as_bytes() >= pair[1].path.as_bytes() {
                return Err(ParseError::new("manifest", "not sorted, or a path twice", &pair[1].path));
            }
        }
        let manifest = Manifest { entries };
        // A file cannot also be a directory; such a manifest could never be restored.
        let mut last_dir = "";
        for entry in &manifest.entries {
            let dir = entry.path.rsplit_once('/').map_or("", |(dir, _)| dir);
            if dir == last_dir {
                continue;
            }
            last_dir = dir;
            let ends = dir.match_indices('/').map(|(at, _)| at).chain([dir.len()]);
            for end in ends {
                if end > 0 && manifest.get(&dir[..end]).is_some() {
                    return Err(ParseError::new(
                        "manifest",
                        "a path is both file and directory",
                        &dir[..end],
                    ));
                }
            }
        }
        Ok(manifest)
    }

    pub fn entries(&self) -> &[ManifestEntry] {
        &self.entries
    }

    pub fn into_entries(self) -> Vec<ManifestEntry> {
        self.entries
    }

    /// The content hash of the file at `path`.
    pub fn get(&self, path: &str) -> Option<Blake3Hash> {
        let at = self.entries.binary_search_by(|e| e.path.as_bytes().cmp(path.as_bytes())).ok()?;
        Some(self.entries[at].blake3)
    }

    /// The exact bytes whose BLAKE3 is the dataset's root.
    pub fn to_text(&self) -> String {
        let mut out = Vec::new();
        for entry in &self.entries {
            push_line(&mut out, &entry.path, &entry.blake3);
        }
        String::from_utf8(out).unwrap_or_default() // paths are strings
    }

    pub fn root(&self) -> Blake3Hash {
        Blake3Hash::of(self.to_text().as_bytes())
    }

    /// Refuses every text that [`Manifest::to_text`] would not write: one manifest has one root.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut entries = Vec::new();
        let Some(body) = text.strip_suffix('\n') else {
            return Err(ParseError::new("manifest", "does not end with a line feed", text));
        };
        for line in body.split('\n') {
            entries.push(parse_line(line)?);
        }
        let manifest = Self::from_sorted(entries)?;
        if manifest.to_text() != text {
            return Err(ParseError::new("manifest", "not in the form that mlprov writes", text));
        }
        Ok(manifest)
    }
}

/// Appends one line, as b3sum 1.8 has it: if the path holds '\\', LF or CR, it begins with '\\' and has them as
/// \\ \n \r. The lines of a manifest come sorted by path bytes.
pub fn push_line(out: &mut Vec<u8>, path: &str, blake3: &Blake3Hash) {
    let escaped = path.contains(['\\', '\n', '\r']);
    if escaped {
        out.push(b'\\');
    }
    blake3.push_hex(out);
    out.extend_from_slice(b"  ");
    if escaped {
        let path = path.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        out.extend_from_slice(path.as_bytes());
    } else {
        out.extend_from_slice(path.as_bytes());
    }
    out.push(b'\n');
}

fn parse_line(line: &str) -> Result<ManifestEntry, ParseError> {
    let bad = |why: &str| ParseError::new("manifest line", why, line);
    let (escaped, rest) = match line.strip_prefix('\\') {
        Some(rest) => (true, rest),
        None => (false, line),
    };
    let (hex, path) = rest.split_once("  ").ok_or_else(|| bad("not 'HASH  PATH'"))?;
    let blake3 = hex.parse()?;
    if !escaped {
        return Ok(ManifestEntry { path: path.to_owned(), blake3 });
    }
    let mut plain = String::with_capacity(path.len());
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        plain.push(match chars.next() {
            Some('n') => '\n',
            Some('r') => '\r',
            Some('\\') => '\\',
            _ => return Err(bad("an unknown escape")),
        });
    }
    Ok(ManifestEntry { path: plain, blake3 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> ManifestEntry {
        ManifestEntry { path: path.to_owned(), blake3: Blake3Hash::of(path.as_bytes()) }
    }

    #[test]
    fn text_round_trips_with_every_odd_name() {
        let names = ["b", "a/é", "a/ leading", "new\nline", "back\\slash", "cr\r", "quote\"'", "🦀"];
        let manifest = Manifest::new(names.iter().map(|n| entry(n)).collect()).unwrap();
        assert_eq!(Manifest::parse(&manifest.to_text()).unwrap(), manifest);
        assert_eq!(manifest.get("new\nline"), Some(Blake3Hash::of(b"new\nline")));
        assert_eq!(manifest.root(), Blake3Hash::of(manifest.to_text().as_bytes()));
    }

    #[test]
    fn a_manifest_has_one_form_only() {
        let good = Manifest::new(vec![entry("a"), entry("b")]).unwrap().to_text();
        let lines: Vec<&str> = good.lines().collect();
        let swapped = format!("{}\n{}\n", lines[1], lines[0]);
        let twice = format!("{}\n{}\n", lines[0], lines[0]);
        let needless_escape = format!("\\{}\n", lines[0]);
        for bad in [swapped.as_str(), &twice, &needless_escape, "", "\n", good.trim_end()] {
            assert!(Manifest::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn paths_that_escape_or_collide_are_refused() {
        assert!(Manifest::new(vec![entry("../x")]).is_err());
        assert!(Manifest::new(vec![entry("/x")]).is_err());
        assert!(Manifest::new(vec![entry("x"), entry("x-a"), entry("x/y/z")]).is_err());
        assert!(Manifest::new(vec![entry("x-a"), entry("x/y/z"), entry("x/y0")]).is_ok());
        assert!(Manifest::new(vec![]).is_err());
    }
}
