//! `du`: how much the datasets and the store take.

use crate::app::Project;
use crate::app::Result;
use crate::app::ls;
use crate::app::storage::prune::Amount;
use crate::app::storage::references::References;
use crate::app::storage::references::named_in;
use crate::app::storage::references::read_manifest;
use crate::domain::digest::Blake3Hash;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::domain::version_map::Content;
use crate::git::GitError;
use crate::git::pointers::PlacedPointer;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetUse {
    pub path: RepoPath,
    pub blake3: Blake3Hash,
    pub in_head: bool,
    pub in_work_tree: bool,
    pub files: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Of its contents, those that are stored here, each once.
    pub stored: Amount,
    /// Contents that are not here; absent if its manifest is not, so that they are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<u64>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DuReport {
    pub datasets: Vec<DatasetUse>,
    /// Everything, each content once.
    pub store: Amount,
    /// Files of a content each.
    pub objects: Amount,
    pub packs: u64,
    /// Bytes of the pack files.
    pub pack_bytes: u64,
    /// Contents in packs.
    pub packed: Amount,
    /// What nothing refers to: see `prune`.
    pub unreferenced: Amount,
    /// What could not be found out, so that some of that may be referred to.
    pub unknown: Vec<String>,
}

pub fn du(project: &Project) -> Result<DuReport> {
    let inventory = project.store.inventory()?;
    let sizes: HashMap<Blake3Hash, u64> = inventory.contents().map(|c| (c.blake3, c.size)).collect();
    let references = References::find(project)?;
    let sum = |contents: &mut dyn Iterator<Item = &Content>| {
        let mut amount = Amount::default();
        contents.for_each(|c| amount.add(c));
        amount
    };
    let (mut store, mut unreferenced) = (Amount::default(), Amount::default());
    for (blake3, size) in &sizes {
        let content = Content { blake3: *blake3, size: *size };
        store.add(&content);
        if !references.has(blake3) {
            unreferenced.add(&content);
        }
    }
    Ok(DuReport {
        datasets: datasets(project, &sizes)?,
        store,
        objects: sum(&mut inventory.single.iter()),
        packs: inventory.packs.len() as u64,
        pack_bytes: inventory.packs.iter().map(|p| p.bytes).sum(),
        packed: sum(&mut inventory.packs.iter().flat_map(|p| &p.contents)),
        unreferenced,
        unknown: references.unknown,
    })
}

fn datasets(project: &Project, sizes: &HashMap<Blake3Hash, u64>) -> Result<Vec<DatasetUse>> {
    let head = match project.repo.head() {
        Ok(commit) => project.pointers(&commit.tree)?,
        Err(GitError::Unborn) => Vec::new(),
        Err(e) => return Err(e.into()),
    };
    // A pointer that cannot be read says nothing; `status` names it.
    let here = ls::worktree_pointers(project)?.into_iter().filter_map(|(_, placed)| placed.ok());
    let mut found: BTreeMap<(RepoPath, Blake3Hash), DatasetUse> = BTreeMap::new();
    let all = head.into_iter().map(|p| (p, true)).chain(here.map(|p| (p, false)));
    for (placed, in_head) in all {
        let key = (placed.data.clone(), placed.pointer.blake3);
        let entry = match found.remove(&key) {
            Some(known) => known,
            None => dataset(project, placed, sizes)?,
        };
        let entry = match in_head {
            true => DatasetUse { in_head, ..entry },
            false => DatasetUse { in_work_tree: true, ..entry },
        };
        found.insert(key, entry);
    }
    Ok(found.into_values().collect())
}

fn dataset(project: &Project, placed: PlacedPointer, sizes: &HashMap<Blake3Hash, u64>) -> Result<DatasetUse> {
    let pointer = placed.pointer;
    let contents: Option<HashSet<Blake3Hash>> = match pointer.kind {
        DatasetKind::File => Some([pointer.blake3].into()),
        // Its data lies elsewhere, and stays there.
        DatasetKind::Declared => Some(HashSet::new()),
        DatasetKind::Directory => {
            let manifest = match read_manifest(project, &pointer.blake3)? {
                Some(bytes) => Some(bytes),
                None => project.published_object(&pointer.blake3)?,
            };
            manifest.map(|bytes| named_in(&bytes).collect())
        }
    };
    let mut stored = Amount::default();
    for blake3 in contents.iter().flatten() {
        if let Some(size) = sizes.get(blake3) {
            stored.add(&Content { blake3: *blake3, size: *size });
        }
    }
    Ok(DatasetUse {
        path: placed.data,
        blake3: pointer.blake3,
        in_head: false,
        in_work_tree: false,
        files: pointer.files,
        bytes: pointer.bytes,
        missing: contents.map(|all| all.len() as u64 - stored.contents),
        stored,
    })
}
