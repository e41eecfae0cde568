//! Of a store in a bucket, the clone's own store is a cache: what is there as well may go from here.

use crate::app::Project;
use crate::app::Result;
use crate::app::storage::prune::Amount;
use crate::domain::digest::Blake3Hash;
use crate::domain::version_map::Content;
use crate::ports::object_store::Inventory;
use rayon::prelude::*;
use std::collections::HashSet;

/// What may go.
#[derive(Default)]
pub struct Surplus {
    pub amount: Amount,
    single: Vec<Content>,
    packs: Vec<String>,
}

/// So much that the rest is not above the limit, the largest first; only what the bucket was asked about just now. Nothing
/// that waits to go there is among it: it has no version yet.
pub fn surplus(project: &Project) -> Result<Surplus> {
    let mut found = Surplus::default();
    let Some(limit) = project.store.cache_max() else { return Ok(found) };
    let inventory = project.store.inventory()?;
    let mut over = bytes_of(&inventory).saturating_sub(limit);
    if over == 0 {
        return Ok(found);
    }
    let waiting = waiting(project)?;
    let is_free = |content: &Content| -> Result<bool> {
        Ok(!waiting.contains(&content.blake3) && project.store.confirm(content)?)
    };
    // One that lies in a pack as well does not go by itself.
    let mut single = inventory.single.clone();
    single.sort_unstable_by_key(|content| std::cmp::Reverse(content.size));
    for content in single {
        if over == 0 {
            return Ok(found);
        }
        if is_free(&content)? {
            over = over.saturating_sub(content.size);
            found.amount.add(&content);
            found.single.push(content);
        }
    }
    for pack in &inventory.packs {
        if over == 0 {
            break;
        }
        let free: Result<Vec<bool>> = pack.contents.par_iter().map(is_free).collect();
        if free?.into_iter().all(|free| free) {
            over = over.saturating_sub(pack.bytes);
            pack.contents.iter().for_each(|content| found.amount.add(content));
            found.packs.push(pack.name.clone());
        }
    }
    Ok(found)
}

/// Removes it, unless somebody stores something just now.
pub fn trim(project: &Project) -> Result<Amount> {
    if project.store.cache_max().is_none() {
        return Ok(Amount::default());
    }
    let sweep = project.store.sweep()?;
    // Only now: what waits from here on is not among it.
    let surplus = surplus(project)?;
    surplus.single.iter().try_for_each(|content| sweep.remove_single(&content.blake3))?;
    surplus.packs.iter().try_for_each(|name| sweep.remove_pack(name))?;
    Ok(surplus.amount)
}

fn bytes_of(inventory: &Inventory) -> u64 {
    let single: u64 = inventory.single.iter().map(|content| content.size).sum();
    single + inventory.packs.iter().map(|pack| pack.bytes).sum::<u64>()
}

/// Contents that wait for the bucket, by datasets that are staged.
fn waiting(project: &Project) -> Result<HashSet<Blake3Hash>> {
    let mut found = HashSet::new();
    for (_, staged) in project.outbox().staged()? {
        found.insert(staged.blake3);
        if let Some(bytes) = super::references::read_manifest(project, &staged.blake3)? {
            found.extend(super::references::named_in(&bytes));
        }
    }
    Ok(found)
}
