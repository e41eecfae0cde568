//! Which files of a directory are the export, and in which order.

use crate::app::AppError;
use crate::app::Result;
use crate::ports::StoreError;
use crate::qldb::layout;
use crate::qldb::layout::DataName;
use crate::qldb::layout::Manifest;
use crate::qldb::layout::Role;
use std::collections::BTreeSet;
use std::fs;
use std::fs::File;
use std::io::BufReader;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;

/// A file with blocks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataFile {
    pub path: PathBuf,
    /// As it is told of: below the directory that was asked about.
    pub shown: String,
    pub name: Option<DataName>,
    pub bytes: u64,
}

/// What lies in the places that were asked about.
#[derive(Default, Debug)]
pub struct Found {
    /// In the order of their blocks.
    pub data: Vec<DataFile>,
    /// As they are told of.
    pub completed: Vec<String>,
    pub started: Vec<String>,
    /// Keys of a manifest that no file has.
    pub missing: Vec<String>,
    /// Files that no manifest names.
    pub extra: Vec<String>,
}

pub fn find(places: &[PathBuf]) -> Result<Found> {
    let mut found = Found::default();
    let mut data = Vec::new();
    let mut manifests = Vec::new();
    for place in places {
        let at = fs::metadata(place).map_err(|e| StoreError::io("read", place.display(), e))?;
        if at.is_dir() {
            walk(place, place, &mut data, &mut manifests, &mut found)?;
        } else {
            let root = place.parent().unwrap_or(Path::new(""));
            file(root, place, at.len(), &mut data, &mut manifests, &mut found)?;
            let is_manifest = manifests.last().is_some_and(|(path, _)| path == place);
            if is_manifest && places.len() == 1 {
                // Its data lies beside it, and other exports may as well.
                let (mut all, mut others) = (Vec::new(), Vec::new());
                walk(root, root, &mut all, &mut others, &mut Found::default())?;
                let (_, manifest) = &manifests[0];
                let named = |file: &DataFile| manifest.keys.iter().any(|key| is_of(&file.shown, key));
                data = all.into_iter().filter(named).collect();
            }
        }
    }
    found.completed = manifests.iter().map(|(path, _)| path.display().to_string()).collect();
    match &manifests[..] {
        [] => data.sort_by(|a, b| order(a).cmp(&order(b))),
        [(_, manifest)] => data = by_manifest(data, manifest, &mut found),
        _ => return Err(AppError::ManyExports { manifests: found.completed }),
    }
    found.data = data;
    Ok(found)
}

/// Without a manifest the names tell; files of other names come last, in the order of theirs.
fn order(file: &DataFile) -> (bool, Option<(&str, u64)>, &str) {
    let by_name = file.name.as_ref().map(|name| (name.strand.as_str(), name.first));
    (by_name.is_none(), by_name, &file.shown)
}

/// Keys begin with the export's prefix, of which the directory may hold any part.
fn is_of(shown: &str, key: &str) -> bool {
    let ends = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    ends(key, shown) || ends(shown, key)
}

fn by_manifest(data: Vec<DataFile>, manifest: &Manifest, found: &mut Found) -> Vec<DataFile> {
    let mut taken = BTreeSet::new();
    let mut ordered = Vec::new();
    for key in &manifest.keys {
        let at = data.iter().enumerate().position(|(i, file)| !taken.contains(&i) && is_of(&file.shown, key));
        match at {
            Some(i) => {
                taken.insert(i);
                ordered.push(data[i].clone());
            }
            None => found.missing.push(key.clone()),
        }
    }
    let left = data.iter().enumerate().filter(|(i, _)| !taken.contains(i));
    found.extra = left.map(|(_, file)| file.shown.clone()).collect();
    ordered
}

type Manifests = Vec<(PathBuf, Manifest)>;

fn walk(
    root: &Path,
    dir: &Path,
    data: &mut Vec<DataFile>,
    manifests: &mut Manifests,
    found: &mut Found,
) -> Result<()> {
    let bad = |e: std::io::Error| StoreError::io("read", dir.display(), e);
    let entries = fs::read_dir(dir).map_err(bad)?;
    let mut entries: Vec<_> = entries.collect::<std::io::Result<_>>().map_err(bad)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, kind) = (entry.path(), entry.file_type().map_err(bad)?);
        if kind.is_dir() {
            walk(root, &path, data, manifests, found)?;
            continue;
        }
        // A link to a file is read, one to a directory is not followed.
        let at = fs::metadata(&path).map_err(|e| StoreError::io("read", path.display(), e))?;
        if at.is_file() && layout::role(&entry.file_name().to_string_lossy()) != Role::Other {
            file(root, &path, at.len(), data, manifests, found)?;
        }
    }
    Ok(())
}

fn file(
    root: &Path,
    path: &Path,
    bytes: u64,
    data: &mut Vec<DataFile>,
    manifests: &mut Manifests,
    found: &mut Found,
) -> Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let shown = shown(root, path);
    let role = layout::role(&name);
    match role {
        Role::Json => return Err(AppError::JsonExport { place: path.display().to_string() }),
        Role::Completed | Role::Started => {
            let open = File::open(path).map_err(|e| StoreError::io("read", path.display(), e))?;
            let read = layout::manifest(BufReader::new(open));
            let manifest =
                read.map_err(|e| AppError::BadManifest { path: path.to_owned(), why: e.to_string() })?;
            if manifest.output_format.as_deref() == Some("JSON") {
                return Err(AppError::JsonExport { place: path.display().to_string() });
            }
            match role {
                Role::Completed => manifests.push((path.to_owned(), manifest)),
                _ => found.started.push(shown),
            }
        }
        Role::Data(name) => data.push(DataFile { path: path.to_owned(), shown, name: Some(name), bytes }),
        // Whoever names a file means it.
        Role::UnnamedData | Role::Other => {
            data.push(DataFile { path: path.to_owned(), shown, name: None, bytes });
        }
    }
    Ok(())
}

/// The path below `root`, with slashes.
fn shown(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts = below.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_key_ends_with() {
        for (shown, key, is) in [
            ("2019/04/S.1-4.ion", "journal/2019/04/S.1-4.ion", true),
            ("S.1-4.ion", "journal/2019/04/S.1-4.ion", true),
            ("copy/journal/2019/04/S.1-4.ion", "journal/2019/04/S.1-4.ion", true),
            ("S.1-4.ion", "2019/04/XS.1-4.ion", false),
            ("05/S.1-4.ion", "2019/04/S.1-4.ion", false),
        ] {
            assert_eq!(is_of(shown, key), is, "{shown} {key}");
        }
    }
}
