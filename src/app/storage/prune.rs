//! `prune`: removes what nothing refers to. That is little: whatever was tracked or used by a run is named by an
//! entry, which stays. What is left are contents of calls that were killed before their entry was committed.

use crate::app::Project;
use crate::app::Result;
use crate::app::storage::cache;
use crate::app::storage::references::References;
use crate::app::storage::references::read_manifest;
use crate::domain::digest::Blake3Hash;
use crate::domain::manifest::Manifest;
use crate::domain::version_map::Content;
use crate::durable;
use crate::ports::object_store::Inventory;
use crate::ports::object_store::Pack;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Something that nothing refers to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leftover {
    pub blake3: Blake3Hash,
    /// Bytes.
    pub size: u64,
    /// As a manifest that is a leftover itself names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The pack that it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pack: Option<String>,
    /// `no entry and no pointer names it`, or why it stays nevertheless.
    pub why: &'static str,
    /// Whether it can be removed: by itself, or with its whole pack.
    pub removable: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Amount {
    pub contents: u64,
    /// Bytes of the contents themselves.
    pub bytes: u64,
}

impl Amount {
    pub fn add(&mut self, content: &Content) {
        self.contents += 1;
        self.bytes += content.size;
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PruneReport {
    pub leftovers: Vec<Leftover>,
    pub removable: Amount,
    /// Of packs that also hold what is needed.
    pub stuck: Amount,
    /// Kept because an entry of a log names it.
    pub kept_by_log: Amount,
    /// Kept because a pointer names it, and no entry.
    pub kept_by_pointers: Amount,
    /// Kept because the registry or this clone's settings name it, and nothing else.
    pub kept_by_clone: Amount,
    /// Of what is needed: it is in the bucket as well, and above what may be kept here (`cache_max`).
    pub cached: Amount,
    /// What could not be found out. Nothing is removed then.
    pub unknown: Vec<String>,
    /// Whether the removable ones were removed.
    pub removed: bool,
}

struct PrunePlan {
    report: PruneReport,
    single: Vec<Blake3Hash>,
    packs: Vec<String>,
    /// What is remembered of datasets that no log names.
    memories: Vec<PathBuf>,
}

/// What could be removed now. Nothing is.
pub fn look(project: &Project) -> Result<PruneReport> {
    let mut report = plan(project)?.report;
    report.cached = cache::surplus(project)?.amount;
    Ok(report)
}

/// Removes what nothing refers to, if all is known that may refer to something.
pub fn carry_out(project: &Project) -> Result<PruneReport> {
    // A ledger that lost entries would make their contents look like leftovers.
    project.ledger.check()?;
    let sweep = project.store.sweep()?;
    project.ledger.forget_waiting()?;
    // Only now: from here on, no new entry can name what no entry names yet.
    let mut plan = plan(project)?;
    if !plan.report.unknown.is_empty() {
        return Ok(plan.report);
    }
    // First what would lead a hook to believe that they are stored.
    plan.memories.iter().try_for_each(|path| durable::remove(path))?;
    plan.single.iter().try_for_each(|content| sweep.remove_single(content))?;
    plan.packs.iter().try_for_each(|name| sweep.remove_pack(name))?;
    plan.report.removed = true;
    drop(sweep);
    plan.report.cached = cache::trim(project)?;
    Ok(plan.report)
}

fn plan(project: &Project) -> Result<PrunePlan> {
    let references = References::find(project)?;
    let inventory = project.store.inventory()?;
    let mut report = PruneReport { unknown: references.unknown.clone(), ..PruneReport::default() };
    let distinct: BTreeSet<&Content> = inventory.contents().collect();
    for content in distinct {
        let kept = match () {
            () if references.log.contains(&content.blake3) => &mut report.kept_by_log,
            () if references.pointers.contains(&content.blake3) => &mut report.kept_by_pointers,
            () if references.own.contains(&content.blake3) => &mut report.kept_by_clone,
            () => continue,
        };
        kept.add(content);
    }
    let free = |content: &&Content| !references.has(&content.blake3);
    let paths = last_known_paths(project, &inventory, &references)?;
    let leftover = |content: &Content, pack: Option<&Pack>, removable: bool| Leftover {
        blake3: content.blake3,
        size: content.size,
        path: paths.get(&content.blake3).cloned(),
        pack: pack.map(|p| p.name.clone()),
        why: match removable {
            true => "no entry and no pointer names it",
            false => "nothing names it, but something else in its pack",
        },
        removable,
    };
    let mut single = Vec::new();
    for content in inventory.single.iter().filter(free) {
        report.leftovers.push(leftover(content, None, true));
        report.removable.add(content);
        single.push(content.blake3);
    }
    let mut packs = Vec::new();
    for pack in &inventory.packs {
        let all = pack.contents.iter().all(|content| free(&content));
        for content in pack.contents.iter().filter(free) {
            report.leftovers.push(leftover(content, Some(pack), all));
            let amount = if all { &mut report.removable } else { &mut report.stuck };
            amount.add(content);
        }
        if all {
            packs.push(pack.name.clone());
        }
    }
    Ok(PrunePlan { report, single, packs, memories: memories(project, &references)? })
}

/// Names by manifests that nothing refers to, either.
fn last_known_paths(
    project: &Project,
    inventory: &Inventory,
    references: &References,
) -> Result<BTreeMap<Blake3Hash, String>> {
    let mut paths = BTreeMap::new();
    for content in inventory.contents().filter(|c| !references.has(&c.blake3)) {
        // One that is damaged tells nothing.
        let Ok(Some(bytes)) = read_manifest(project, &content.blake3) else { continue };
        let manifest = String::from_utf8(bytes).ok().and_then(|text| Manifest::parse(&text).ok());
        for entry in manifest.iter().flat_map(|m| m.entries()) {
            paths.entry(entry.blake3).or_insert_with(|| entry.path.clone());
        }
    }
    Ok(paths)
}

/// `datasets/<root>.json` of roots that are not referred to.
fn memories(project: &Project, references: &References) -> Result<Vec<PathBuf>> {
    let Ok(listed) = std::fs::read_dir(project.own_dir().join("datasets")) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for path in listed.flatten().map(|entry| entry.path()) {
        let root = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        if root.is_some_and(|root: Blake3Hash| !references.log.contains(&root)) {
            found.push(path);
        }
    }
    Ok(found)
}
