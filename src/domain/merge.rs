//! Two versions of a directory dataset merged by path, against the version that both came from.

use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::manifest::Manifest;
use crate::domain::manifest::ManifestEntry;
use serde::Serialize;
use std::cmp::Ordering;
use std::iter::Peekable;
use std::slice::Iter;

/// A path on which the sides do not agree.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Conflict {
    /// Relative to the dataset's directory.
    pub path: String,
    pub why: Why,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// Both sides changed it, and not to the same content.
    BothChanged,
    /// Both sides added it, with different contents.
    BothAdded,
    /// Deleted here, changed there.
    DeletedByUs,
    /// Changed here, deleted there.
    DeletedByThem,
    /// A file on one side, a directory on the other.
    FileAndDirectory,
    /// Each side deleted what the other one kept.
    NothingLeft,
}

impl Why {
    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Why::BothChanged => "changed on both sides",
            Why::BothAdded => "added on both sides, with different contents",
            Why::DeletedByUs => "deleted by us, changed by them",
            Why::DeletedByThem => "changed by us, deleted by them",
            Why::FileAndDirectory => "a file on one side, a directory on the other",
            Why::NothingLeft => "no file is left: each side deleted what the other one kept",
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Merged {
    Clean(Manifest),
    /// Sorted by path; never empty.
    Conflicts(Vec<Conflict>),
    /// No file is left, which no dataset can be.
    Nothing,
}

/// `base`: `None` if the sides have no version in common; then nothing counts as deleted.
pub fn three_way(base: Option<&Manifest>, ours: &Manifest, theirs: &Manifest) -> Result<Merged, ParseError> {
    let none: &[ManifestEntry] = &[];
    let mut base = base.map_or(none, Manifest::entries).iter().peekable();
    let mut ours = ours.entries().iter().peekable();
    let mut theirs = theirs.entries().iter().peekable();
    let mut kept: Vec<ManifestEntry> = Vec::new();
    let mut conflicts = Vec::new();
    loop {
        let heads = [base.peek(), ours.peek(), theirs.peek()];
        let Some(path) = heads.into_iter().flatten().map(|e| &e.path).min_by(|a, b| order(a, b)).cloned()
        else {
            break;
        };
        let (b, o, t) = (take(&mut base, &path), take(&mut ours, &path), take(&mut theirs, &path));
        let why = match (b, o, t) {
            (_, o, t) if o == t => Ok(o),
            (b, o, t) if o == b => Ok(t),
            (b, o, t) if t == b => Ok(o),
            (None, ..) => Err(Why::BothAdded),
            (_, None, _) => Err(Why::DeletedByUs),
            (_, _, None) => Err(Why::DeletedByThem),
            _ => Err(Why::BothChanged),
        };
        match why {
            Ok(Some(blake3)) => kept.push(ManifestEntry { path, blake3 }),
            Ok(None) => {}
            Err(why) => conflicts.push(Conflict { path, why }),
        }
    }
    conflicts.extend(files_that_are_directories(&kept));
    conflicts.sort();
    conflicts.dedup();
    if !conflicts.is_empty() {
        return Ok(Merged::Conflicts(conflicts));
    }
    Ok(if kept.is_empty() { Merged::Nothing } else { Merged::Clean(Manifest::new(kept)?) })
}

fn order(a: &str, b: &str) -> Ordering {
    a.as_bytes().cmp(b.as_bytes())
}

fn take(side: &mut Peekable<Iter<'_, ManifestEntry>>, path: &str) -> Option<Blake3Hash> {
    side.next_if(|e| e.path == path).map(|e| e.blake3)
}

/// Each side is sound by itself, so one of these came from each.
fn files_that_are_directories(kept: &[ManifestEntry]) -> Vec<Conflict> {
    let is_file = |path: &str| kept.binary_search_by(|e| order(&e.path, path)).is_ok();
    let mut out = Vec::new();
    let mut last_dir = "";
    for entry in kept {
        let dir = entry.path.rsplit_once('/').map_or("", |(dir, _)| dir);
        if dir == last_dir {
            continue;
        }
        last_dir = dir;
        let ends = dir.match_indices('/').map(|(at, _)| at).chain([dir.len()]);
        for end in ends.filter(|end| *end > 0 && is_file(&dir[..*end])) {
            out.push(Conflict { path: dir[..end].to_owned(), why: Why::FileAndDirectory });
        }
    }
    out
}
