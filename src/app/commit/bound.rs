//! What a commit's tree binds: pointers to data, and configuration files.

use crate::app::Project;
use crate::app::Result;
use crate::domain::ParseError;
use crate::domain::entry::Artefact;
use crate::domain::entry::Digests;
use crate::domain::ids::TreeId;
use crate::durable;
use crate::git::pointers;
use crate::git::pointers::PlacedPointer;
use crate::git::pointers::PointerBlobs;
use globset::GlobBuilder;
use globset::GlobSet;
use globset::GlobSetBuilder;
use serde::Deserialize;
use serde::Serialize;
use std::collections::BTreeMap;

/// What was found in the last tree looked at, so that the next one costs only the difference.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cache {
    tree: TreeId,
    blobs: PointerBlobs,
    /// The settings that it was found by.
    patterns: Vec<String>,
    /// Digests and size (bytes) of configuration files, by blob.
    digests: BTreeMap<String, (Digests, u64)>,
}

/// What hangs on a tree.
pub struct Bound {
    pub pointers: Vec<PlacedPointer>,
    /// By digest only: their bytes stand in the commit.
    pub configs: Vec<Artefact>,
}

/// Matches the paths of configuration files.
pub fn config_paths(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let bad = |e: globset::Error| ParseError::new("[config] paths", e.kind().to_string(), pattern);
        set.add(GlobBuilder::new(pattern).literal_separator(true).build().map_err(bad)?);
    }
    Ok(set.build().map_err(|e| ParseError::new("[config] paths", e.kind().to_string(), ""))?)
}

impl Project {
    /// All pointers in a commit's tree.
    pub fn pointers(&self, tree: &TreeId) -> Result<Vec<PlacedPointer>> {
        Ok(self.bound(tree)?.pointers)
    }

    /// All that a tree binds.
    pub fn bound(&self, tree: &TreeId) -> Result<Bound> {
        let path = self.own_dir().join("cache").join("bound.json");
        let patterns = &self.config.config.paths;
        let known = durable::read_derived(&path).and_then(|b| serde_json::from_slice::<Cache>(&b).ok());
        let cache = match known.filter(|cache| cache.patterns == *patterns) {
            Some(cache) if cache.tree == *tree => cache,
            known => {
                let cache = self.look(tree, known)?;
                if let (Ok(json), Some(dir)) = (serde_json::to_vec(&cache), path.parent()) {
                    // Only a cache: without it the next commit walks the whole tree.
                    let _ = std::fs::create_dir_all(dir).map(|()| durable::write_derived(&path, &json));
                }
                cache
            }
        };
        let mut configs = Vec::new();
        for (path, blob) in cache.blobs.iter().filter(|(path, _)| !pointers::is_pointer_name(path.as_bytes()))
        {
            // A name that the record cannot hold is one that no tool of configuration has.
            let (Some((digest, size)), Ok(name)) = (cache.digests.get(blob), path.parse()) else { continue };
            configs.push(Artefact {
                name,
                role: "config".to_owned(),
                digest: *digest,
                size: *size,
                file_count: 1,
                manifest: None,
                version_map: None,
                location: None,
                observed: None,
                stable: None,
            });
        }
        Ok(Bound { pointers: self.repo.read_pointers(tree, &cache.blobs)?, configs })
    }

    fn look(&self, tree: &TreeId, known: Option<Cache>) -> Result<Cache> {
        let patterns = self.config.config.paths.clone();
        let set = config_paths(&patterns)?;
        let also = |path: &str| set.is_match(path);
        let (since, digests) = match known {
            Some(cache) => {
                (self.repo.wanted_blobs_since(cache.blobs, &cache.tree, tree, &also)?, cache.digests)
            }
            None => (None, BTreeMap::new()),
        };
        let blobs = match since {
            Some(blobs) => blobs,
            None => self.repo.wanted_blobs(tree, &also)?,
        };
        let mut kept = BTreeMap::new();
        for (_, blob) in blobs.iter().filter(|(path, _)| !pointers::is_pointer_name(path.as_bytes())) {
            let about = match digests.get(blob) {
                Some(about) => *about,
                None => {
                    let bytes = self.repo.wanted_file(blob)?;
                    (Digests::both_of(&bytes), bytes.len() as u64)
                }
            };
            kept.insert(blob.clone(), about);
        }
        Ok(Cache { tree: tree.clone(), blobs, patterns, digests: kept })
    }
}
