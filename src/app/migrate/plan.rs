//! What a move would do. Nothing is changed; the new places are not asked. Of a store in a bucket, lists of files that are
//! not here are fetched.

use super::Left;
use super::State;
use super::data::is_here;
use super::needs::Needs;
use crate::app::Project;
use crate::app::Result;
use crate::config::Config;
use crate::domain::digest::Blake3Hash;
use crate::domain::ids::LogId;
use serde::Serialize;
use std::collections::BTreeSet;

/// Contents, each counted once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Amount {
    pub contents: u64,
    pub bytes: u64,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Places {
    pub ledger: String,
    pub store: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MigratePlan {
    pub from: Places,
    pub to: Places,
    /// It was begun before, and goes on.
    pub resumes: bool,
    /// The log that this clone's own one goes into, if there is one already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub into: Option<LogId>,
    /// The key that signs the checkpoints of the ledger in its new place.
    pub vkey: String,
    /// Entries of the log, if it goes elsewhere.
    pub entries: u64,
    /// Distinct datasets and files whose versions go elsewhere: each gets an entry.
    pub datasets: u64,
    /// Contents that are sent from this clone.
    pub upload: Amount,
    /// Contents that are in another bucket: copied by the server if it holds both, else read and sent.
    pub copy: Amount,
    /// Objects of the record (manifests, version maps, lists, patches, evidence), each under its hash.
    pub objects: u64,
    /// What stays in this clone.
    pub stays: Vec<String>,
    /// What cannot be had, and is left where it is.
    pub left: Vec<Left>,
}

fn places(config: &Config) -> Places {
    let here = || "this clone".to_owned();
    Places {
        ledger: config.shared_ledger().map_or_else(here, |ledger| ledger.site.describe()),
        store: config.shared_store().map_or_else(here, |store| store.site.describe()),
    }
}

pub fn plan(source: &Project, state: &State, resumes: bool) -> Result<MigratePlan> {
    let (before, after) = (state.before()?, state.after()?);
    let needs = Needs::of(source, &after)?;
    let (mut upload, mut copy) = (Amount::default(), Amount::default());
    let mut left = needs.left;
    let mut seen: BTreeSet<Blake3Hash> = BTreeSet::new();
    let mut datasets = 0;
    for root in &needs.roots {
        let listed = match root.list(source) {
            Ok(listed) => listed,
            Err(e) => {
                left.push(root.left(e)?);
                continue;
            }
        };
        let mut lacks = None;
        for (name, content) in &listed.files {
            let in_bucket =
                listed.versions.get(&content.blake3).is_some_and(|at| at.version_id.content().is_none());
            let amount = match is_here(&*source.store, &content.blake3)? {
                true => &mut upload,
                false if in_bucket => &mut copy,
                false => {
                    lacks.get_or_insert_with(|| format!("{name} is not in the store of this clone"));
                    continue;
                }
            };
            if seen.insert(content.blake3) {
                amount.contents += 1;
                amount.bytes += content.size;
            }
        }
        match lacks {
            None => datasets += 1,
            Some(why) => left.push(Left { what: root.name.to_string(), blake3: root.blake3, why }),
        }
    }
    let mut stays = Vec::new();
    if state.moves_store()? {
        stays.push("what says who the writers are (disclosure objects)".to_owned());
        stays.push("the registry of model packages; a copy of its records goes along".to_owned());
    }
    if before.shared_store().is_some() && state.moves_store()? {
        stays.push("all versions in the old bucket: nothing is deleted".to_owned());
    }
    Ok(MigratePlan {
        from: places(&before),
        to: places(&after),
        resumes,
        into: after.shared_ledger().map(|shared| shared.log).filter(|_| state.import.is_some()),
        vkey: after.shared_ledger().map(|shared| shared.vkey).unwrap_or_default(),
        entries: if state.moves_ledger()? { needs.size } else { 0 },
        datasets,
        upload,
        copy,
        objects: needs.objects.len() as u64,
        stays,
        left,
    })
}
