//! `ledger export DIR`: the log as a static tlog-tiles directory that other people's clients read as it is.

use super::tiles::TileDir;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::domain::ids::LogId;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::hash;
use crate::ledger::note::Note;
use crate::ledger::tile;
use crate::ledger::tile::Builder;
use crate::ledger::tile::Tile;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::Path;
use std::path::PathBuf;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ExportReport {
    pub dir: PathBuf,
    pub log: LogId,
    /// Entries.
    pub size: u64,
    pub root: String,
}

/// Writes `checkpoint`, `tile/…`, `tile/entries/…` and `log.vkey` for the published size.
pub fn export(project: &Project, dir: &Path, progress: &dyn Progress) -> Result<ExportReport> {
    if std::fs::read_dir(dir).is_ok_and(|mut d| d.next().is_some()) {
        return Err(AppError::NotEmpty { path: dir.to_owned() });
    }
    project.publish_if_behind()?;
    let header = project.ledger.header();
    let note = project.ledger.latest()?.unwrap_or_default();
    let checkpoint = Checkpoint::parse_text(Note::parse(&note)?.text())?;
    let out = TileDir::new(dir);
    progress.begin("export", Some(checkpoint.size), None);
    write_tiles(project, &out, checkpoint.size, progress)?;
    progress.end();
    let key = project.keys.log_key(header.log, &header.origin)?;
    out.put("log.vkey", format!("{}\n", key.verifier()).as_bytes())?;
    // Last: a reader that sees a checkpoint finds everything under it.
    out.put("checkpoint", note.as_bytes())?;
    let root = checkpoint.root.to_string();
    Ok(ExportReport { dir: dir.to_owned(), log: header.log, size: checkpoint.size, root })
}

fn write_tiles(project: &Project, out: &TileDir, size: u64, progress: &dyn Progress) -> Result<()> {
    let mut builder = Builder::default();
    let mut bundle = Vec::new();
    let mut problem: Option<AppError> = None;
    project.ledger.read(0, &mut |stored| {
        if stored.index >= size {
            return ControlFlow::Break(());
        }
        let step = || -> Result<()> {
            tile::push_entry(&mut bundle, stored.bytes)?;
            let bundled = std::cell::RefCell::new(&mut bundle);
            builder.push(hash::leaf(stored.bytes), &mut |full, row| {
                if full.level == 0 {
                    out.put(&full.bundle_path(), &std::mem::take(&mut **bundled.borrow_mut()))?;
                }
                out.write(full, row)
            })
        };
        let mut step = step;
        problem = step().err();
        progress.advance(1, stored.bytes.len() as u64);
        if problem.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if let Some(e) = problem {
        return Err(e);
    }
    if builder.size() != size {
        let why = format!("a checkpoint covers {size} entries, the journal holds {}", builder.size());
        return Err(StoreError::Inconsistent { why }.into());
    }
    for (partial, row) in builder.partial() {
        out.write(partial, row)?;
        if partial.level == 0 {
            out.put(&Tile::bundle_path(&partial), &bundle)?;
        }
    }
    Ok(())
}
