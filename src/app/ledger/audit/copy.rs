//! The audit of a copy: an exported log, or one that another clone published. Nothing beside the entries is believed.

use super::Audit;
use super::AuditReport;
use crate::app::AppError;
use crate::app::Result;
use crate::app::ledger::tiles::TileDir;
use crate::app::ledger::tiles::TileFiles;
use crate::app::logs::notes::KnownNote;
use crate::app::logs::notes::Place;
use crate::app::logs::notes::claim;
use crate::domain::ids::ProjectId;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ledger::tile;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use crate::trust::pins::Pins;
use std::path::Path;

/// Audits an exported copy with the pins of `pins`; nothing in the directory is believed.
pub fn audit_dir(
    project: ProjectId,
    dir: &Path,
    pins: &Pins,
    structure_only: bool,
    progress: &dyn Progress,
) -> Result<AuditReport> {
    let tiles = TileDir::new(dir);
    let place = dir.join("checkpoint");
    let note = std::fs::read_to_string(&place).map_err(|e| StoreError::io("read", place.display(), e))?;
    if claim(&note).is_none() {
        return Err(AppError::BadPins { path: place, why: "it is not a signed checkpoint".into() });
    }
    let known = [KnownNote { place: Place::Published, note }];
    audit_files(project, &tiles, &known, pins, structure_only, progress)
}

/// `known`: its own checkpoint first.
pub fn audit_files(
    project: ProjectId,
    tiles: &dyn TileFiles,
    known: &[KnownNote],
    pins: &Pins,
    structure_only: bool,
    progress: &dyn Progress,
) -> Result<AuditReport> {
    let Some(checkpoint) = known.first().and_then(KnownNote::claim) else {
        return Err(StoreError::Missing { what: tiles.place("checkpoint") }.into());
    };
    let sizes = known.iter().filter_map(KnownNote::claim).map(|c| c.size).collect();
    let mut audit = Audit::new(project, sizes, !structure_only);
    audit.is_copy = true;
    progress.begin("audit", Some(checkpoint.size), None);
    let mut leaves: Vec<TreeHash> = Vec::new();
    for tile in tile::all_tiles(checkpoint.size).filter(|t| t.level == 0) {
        let bundle = match tiles.bundle(tile) {
            Ok(bundle) => bundle,
            Err(StoreError::Missing { .. }) => {
                audit.find("tile", None, format!("{} is not there", tile.bundle_path()));
                break;
            }
            Err(e) => return Err(e.into()),
        };
        let entries = match tile::entries(&bundle, tile.width) {
            Ok(entries) => entries,
            Err(e) => {
                audit.find("tile", None, format!("{}: {e}", tile.bundle_path()));
                break;
            }
        };
        for entry in entries {
            leaves.push(hash::leaf(entry));
            audit.push(None, entry);
            progress.advance(1, entry.len() as u64);
        }
    }
    audit.finish();
    progress.end();
    check_tiles(tiles, &leaves, checkpoint.size, &mut audit)?;
    audit.check_founder(pins);
    let mut compared = 0;
    for note in known {
        compared += u64::from(audit.compare(note, &checkpoint.origin, pins));
    }
    Ok(audit.report(checkpoint.origin, compared))
}

/// Every tile must be the one that the entries give.
fn check_tiles(tiles: &dyn TileFiles, leaves: &[TreeHash], size: u64, audit: &mut Audit) -> Result<()> {
    if leaves.len() as u64 != size {
        return Ok(()); // the entries that are missing are a finding already
    }
    let mut builder = tile::Builder::default();
    let mut wrong = Vec::new();
    let mut check = |wanted: tile::Tile, row: &[TreeHash]| -> Result<()> {
        match tiles.tile(wanted) {
            Ok(found) if found == row => {}
            Ok(_) => wrong.push(format!("{} is not the one that the entries give", wanted.path())),
            Err(AppError::Store(StoreError::Missing { .. })) => {
                wrong.push(format!("{} is not there", wanted.path()))
            }
            Err(AppError::Format(e)) => wrong.push(format!("{}: {e}", wanted.path())),
            Err(e) => return Err(e),
        }
        Ok(())
    };
    for leaf in leaves {
        builder.push(*leaf, &mut check)?;
    }
    for (partial, row) in builder.partial() {
        check(partial, row)?;
    }
    for detail in wrong {
        audit.find("tile", None, detail);
    }
    Ok(())
}
