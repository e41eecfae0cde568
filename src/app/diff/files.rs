//! Two sorted lists of files, walked along together.

use super::Listed;
use crate::app::Project;
use crate::app::Result;
use crate::domain::digest::Blake3Hash;
use crate::domain::manifest::ManifestEntry;
use crate::domain::path::RepoPath;
use rayon::prelude::*;
use serde::Serialize;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Added,
    Removed,
    Changed,
    Renamed,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FileDifference {
    pub state: State,
    /// In B; of a removed file in A.
    pub path: RepoPath,
    /// Of a renamed file: its path in A.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<RepoPath>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<Blake3Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<Blake3Hash>,
    /// Absent where nobody here knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b_bytes: Option<u64>,
}

/// A difference before paths and sizes are known: the file in A and in B.
type Pair<'a> = [Option<&'a ManifestEntry>; 2];

/// What differs between the files of two sides, sorted by path.
pub fn compare(project: &Project, a: Option<Listed>, b: Option<Listed>) -> Result<Vec<FileDifference>> {
    let mut sides = [a, b];
    let sizes = {
        let hashes = pairs(&sides).into_iter().flatten().flatten().map(|file| file.blake3).collect();
        sizes(project, &mut sides, hashes)?
    };
    let mut out = Vec::new();
    for pair in pairs(&sides) {
        let path = |n: usize| -> Result<Option<RepoPath>> {
            let (Some(side), Some(file)) = (&sides[n], pair[n]) else { return Ok(None) };
            side.dataset.path_of(&file.path).map(Some)
        };
        let (state, path, from) = match (path(0)?, path(1)?) {
            (Some(a), Some(b)) if a == b => (State::Changed, b, None),
            (Some(a), Some(b)) => (State::Renamed, b, Some(a)),
            (Some(a), None) => (State::Removed, a, None),
            (None, Some(b)) => (State::Added, b, None),
            (None, None) => continue,
        };
        let [a, b] = pair.map(|file| file.map(|f| f.blake3));
        let size = |content: Option<Blake3Hash>| sizes.get(&content?).copied();
        out.push(FileDifference { state, path, from, a, b, a_bytes: size(a), b_bytes: size(b) });
    }
    out.sort_by(|x, y| (&x.path, x.state).cmp(&(&y.path, y.state)));
    Ok(out)
}

fn pairs(sides: &[Option<Listed>; 2]) -> Vec<Pair<'_>> {
    let names = |n: usize| sides[n].as_ref().and_then(|s| s.files.as_deref()).unwrap_or_default();
    let kind = |n: usize| sides[n].as_ref().map(|s| s.dataset.kind);
    // Names in a directory and the name of a file are relative to different places.
    let found = match kind(0).zip(kind(1)).is_some_and(|(a, b)| a != b) {
        true => [merge(names(0), &[]), merge(&[], names(1))].concat(),
        false => merge(names(0), names(1)),
    };
    with_renames(found)
}

/// One walk along both lists, which are sorted by path bytes.
fn merge<'a>(a: &'a [ManifestEntry], b: &'a [ManifestEntry]) -> Vec<Pair<'a>> {
    let mut out = Vec::new();
    let (mut i, mut j) = (0, 0);
    loop {
        let order = match (a.get(i), b.get(j)) {
            (None, None) => return out,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(x), Some(y)) => x.path.as_bytes().cmp(y.path.as_bytes()),
        };
        match order {
            Ordering::Less => out.push([Some(&a[i]), None]),
            Ordering::Greater => out.push([None, Some(&b[j])]),
            Ordering::Equal if a[i].blake3 != b[j].blake3 => out.push([Some(&a[i]), Some(&b[j])]),
            Ordering::Equal => {}
        }
        i += usize::from(order != Ordering::Greater);
        j += usize::from(order != Ordering::Less);
    }
}

/// Takes a removed and an added file together, where no other of either has their content.
fn with_renames(pairs: Vec<Pair<'_>>) -> Vec<Pair<'_>> {
    let mut lost: BTreeMap<Blake3Hash, Vec<&ManifestEntry>> = BTreeMap::new();
    let mut new: BTreeMap<Blake3Hash, Vec<&ManifestEntry>> = BTreeMap::new();
    for pair in &pairs {
        match pair {
            [Some(file), None] => lost.entry(file.blake3).or_default().push(file),
            [None, Some(file)] => new.entry(file.blake3).or_default().push(file),
            _ => {}
        }
    }
    let other =
        |file: &ManifestEntry| match (lost.get(&file.blake3).map(Vec::as_slice), new.get(&file.blake3)) {
            (Some([from]), Some(to)) if to.len() == 1 => Some(*from),
            _ => None,
        };
    let kept = pairs.into_iter().filter_map(|pair| match pair {
        [Some(file), None] if other(file).is_some() => None,
        [None, Some(file)] => Some([other(file), Some(file)]),
        pair => Some(pair),
    });
    kept.collect()
}

/// Sizes (bytes) of contents: as they lie in the work tree, in the store, or as a version map says.
fn sizes(
    project: &Project,
    sides: &mut [Option<Listed>; 2],
    wanted: BTreeSet<Blake3Hash>,
) -> Result<BTreeMap<Blake3Hash, u64>> {
    let lying = |sides: &[Option<Listed>; 2], content: &Blake3Hash| {
        sides.iter().flatten().find_map(|side| side.sizes.get(content).copied())
    };
    let mut known = BTreeMap::new();
    let unknown: Vec<Blake3Hash> = wanted
        .into_iter()
        .filter(|content| match lying(sides, content) {
            Some(size) => known.insert(*content, size).is_some(),
            None => true,
        })
        .collect();
    let store = &*project.store;
    let found = unknown.par_iter().with_min_len(64).map(|content| store.locate(content));
    let found: Vec<_> = found.collect::<std::result::Result<_, _>>()?;
    let mut missing = Vec::new();
    for (content, located) in unknown.into_iter().zip(found) {
        match located {
            Some(located) => drop(known.insert(content, located.size)),
            None => missing.push(content),
        }
    }
    if !missing.is_empty() {
        sides.iter_mut().flatten().for_each(|side| side.add_sizes(project));
        known.extend(missing.iter().filter_map(|content| Some((*content, lying(sides, content)?))));
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(list: &[(&str, &str)]) -> Vec<ManifestEntry> {
        let entry = |(path, content): &(&str, &str)| ManifestEntry {
            path: (*path).to_owned(),
            blake3: Blake3Hash::of(content.as_bytes()),
        };
        list.iter().map(entry).collect()
    }

    fn differences(a: &[(&str, &str)], b: &[(&str, &str)]) -> Vec<String> {
        let (a, b) = (files(a), files(b));
        let name = |file: Option<&ManifestEntry>| file.map_or("-".to_owned(), |f| f.path.clone());
        with_renames(merge(&a, &b)).into_iter().map(|[a, b]| format!("{} {}", name(a), name(b))).collect()
    }

    #[test]
    fn every_difference_is_found_once() {
        let a = [("a", "1"), ("b", "2"), ("c", "3"), ("e", "5")];
        let b = [("a", "1"), ("b", "x"), ("d", "4"), ("f", "6")];
        assert_eq!(differences(&a, &b), ["b b", "c -", "- d", "e -", "- f"]);
        assert_eq!(differences(&a, &[]), ["a -", "b -", "c -", "e -"]);
        assert_eq!(differences(&[], &a).len(), 4);
        assert!(differences(&a, &a).is_empty());
    }

    #[test]
    fn a_file_was_renamed_only_if_it_can_be_no_other() {
        assert_eq!(differences(&[("a", "1")], &[("b", "1")]), ["a b"]);
        // Copied: nothing is gone. Two of one content: which is which?
        assert_eq!(differences(&[("a", "1")], &[("a", "1"), ("b", "1")]), ["- b"]);
        assert_eq!(differences(&[("a", "1"), ("b", "1")], &[("c", "1")]), ["a -", "b -", "- c"]);
        assert_eq!(differences(&[("a", "1")], &[("b", "1"), ("c", "1")]), ["a -", "- b", "- c"]);
        // Changed places: both are changed.
        assert_eq!(differences(&[("a", "1"), ("b", "2")], &[("a", "2"), ("b", "1")]), ["a a", "b b"]);
    }
}
