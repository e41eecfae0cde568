//! The settings change, and the new places become the clone's own.

use super::State;
use super::Workshop;
use crate::app::Project;
use crate::app::Result;
use crate::config::CONFIG_FILE;
use crate::config::Config;
use crate::config::Elsewhere;
use crate::durable;

/// Everything is in the new places, and was checked there.
pub fn settings(source: &Project, state: &State) -> Result<()> {
    if state.moves_ledger()? {
        source.ledger.note_moved()?;
    }
    if state.import.is_some() {
        return Ok(()); // they say so already
    }
    // As they are now: somebody may have changed something else in them meanwhile.
    let (now, bytes) = Config::load(source.repo.root())?;
    let after = state.after()?;
    if super::differences(&now, &after) == (false, false) {
        return Ok(());
    }
    let path = source.repo.root().join(CONFIG_FILE);
    let to = Elsewhere {
        ledger: after.shared_ledger().filter(|_| state.moves_ledger().unwrap_or(false)),
        store: after.shared_store().filter(|_| state.moves_store().unwrap_or(false)),
    };
    let text = Config::moved(&path, &String::from_utf8_lossy(&bytes), &to)?;
    Ok(durable::replace(&path, text.as_bytes(), 0o644)?)
}

/// The new places are the clone's own from now on, and the move is over. Which version holds what is learned from the
/// entries that say so, as others do.
pub fn finish(workshop: &dyn Workshop, state: &State) -> Result<()> {
    for remote in workshop.remotes(state, false)? {
        remote.agree()?;
    }
    if state.import.is_some() {
        workshop.follow(state)?;
    }
    let project = workshop.reopen()?;
    project.ledger.fetch()?;
    project.learn_versions()?;
    state.forget()
}
