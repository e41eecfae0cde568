//! Names that are one name elsewhere: macOS and Windows do not tell upper from lower case, and macOS not one Unicode
//! form of a letter from another.

use rayon::prelude::*;
use std::collections::BTreeMap;
use std::collections::HashSet;
use std::hash::DefaultHasher;
use std::hash::Hash;
use std::hash::Hasher;
use unicode_normalization::UnicodeNormalization;

/// Paths of files and directories that would meet, each group sorted. `names`: relative paths as [`super::Scanned`]
/// has them, so that a directory's files follow each other.
pub fn collisions<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Vec<Vec<String>> {
    let mut hashes = Vec::new();
    each_path(names.clone(), |path| hashes.push(hash(path)));
    hashes.par_sort_unstable();
    let suspects: HashSet<u64> = hashes.windows(2).filter(|w| w[0] == w[1]).map(|w| w[0]).collect();
    if suspects.is_empty() {
        return Vec::new();
    }
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    each_path(names, |path| {
        if suspects.contains(&hash(path)) {
            groups.entry(folded(path)).or_default().push(path.to_owned());
        }
    });
    let mut groups: Vec<Vec<String>> = groups.into_values().filter(|group| group.len() > 1).collect();
    // What lies in directories that meet meets only if its own names do.
    groups.iter_mut().for_each(|group| group.sort());
    groups
}

/// Every file, and every directory once.
fn each_path<'a>(names: impl Iterator<Item = &'a str>, mut visit: impl FnMut(&'a str)) {
    let mut last = "";
    for name in names {
        for (at, _) in name.match_indices('/') {
            if last.get(..=at) != Some(&name[..=at]) {
                visit(&name[..at]);
            }
        }
        visit(name);
        last = name;
    }
}

fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    match path.is_ascii() {
        true => path.bytes().for_each(|byte| hasher.write_u8(byte.to_ascii_lowercase())),
        false => folded(path).bytes().for_each(|byte| hasher.write_u8(byte)),
    }
    0xffu8.hash(&mut hasher);
    hasher.finish()
}

/// Lower case in the composed form (Unicode NFC): near to what the file systems do, whose own tables differ.
fn folded(path: &str) -> String {
    path.nfc().flat_map(char::to_lowercase).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> Vec<Vec<String>> {
        collisions(names.iter().copied())
    }

    #[test]
    fn case_and_unicode_forms_meet_and_nothing_else_does() {
        assert_eq!(found(&["A.csv", "a.csv", "b.csv"]), [["A.csv", "a.csv"]]);
        // Composed and decomposed.
        assert_eq!(found(&["caf\u{e9}", "cafe\u{301}"]), [["cafe\u{301}", "caf\u{e9}"]]);
        assert_eq!(found(&["\u{c9}t\u{e9}", "e\u{301}te\u{301}"]).len(), 1);
        assert_eq!(found(&["a", "ab", "b", "ba", "d/a", "d/b"]), Vec::<Vec<String>>::new());
        assert_eq!(found(&[]), Vec::<Vec<String>>::new());
    }

    #[test]
    fn directories_meet_as_well() {
        assert_eq!(found(&["Train/a", "Train/b", "train/c"]), [["Train", "train"]]);
        assert_eq!(found(&["X/y/1", "X/y/2", "x"]), [["X", "x"]]);
        assert_eq!(found(&["D/a", "d/A"]), [vec!["D", "d"], vec!["D/a", "d/A"]]);
        // One directory, seen many times, is one.
        assert_eq!(found(&["d/a", "d/b", "d/e/f", "d/g"]), Vec::<Vec<String>>::new());
    }
}
