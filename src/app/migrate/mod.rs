//! `migrate`: a project moves to another place, or from the clone into buckets. Entries go byte for byte, contents by what
//! they hash to, and nobody is told of the new place before all of it was checked there.
//!
//! Contents and objects durable in the new place → `data.relocated` and `ledger.moved` committed in the old one, in one
//! step → entries copied → both audited → settings. Each step looks first, so that it may be repeated: whoever is
//! interrupted calls it again.

mod data;
pub mod import;
mod ledger;
mod needs;
pub mod packages;
mod plan;
mod state;
mod switch;

pub use plan::Amount;
pub use plan::MigratePlan;
pub use plan::plan;
pub use state::Request;
pub use state::State;
pub use state::Step;
pub use state::draft;
pub use state::draft_import;
pub use state::pending;

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data::DatasetRecord;
use crate::config::Config;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::ObjectRef;
use crate::ports::object_store::Kept;
use crate::ports::progress::Progress;
use crate::ports::provision::Remote;
use ledger::Closed;
use needs::Needs;
use needs::Root;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// How often it looks again because others record meanwhile.
const MAX_LOOKS: u32 = 1_000;

/// What only the edge can put together.
pub trait Workshop {
    /// The project by the settings of before.
    fn source(&self, state: &State) -> Result<Project>;

    /// The project as it will be. What this clone keeps of the new places lies apart, in [`State::apart`].
    fn target(&self, state: &State) -> Result<Project>;

    /// The new places. `apart`: what the user agreed to counts only until this is done.
    fn remotes(&self, state: &State, apart: bool) -> Result<Vec<Box<dyn Remote>>>;

    /// Whether the log of this clone is the one that the settings name.
    fn has_followed(&self, state: &State) -> Result<bool>;

    /// What was fetched of that one takes the place of the clone's own log, which is kept. May be repeated.
    fn follow(&self, state: &State) -> Result<()>;

    /// The project by the settings as they are now.
    fn reopen(&self) -> Result<Project>;
}

/// Something that stays where it is, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Left {
    /// Path of a dataset, or what it is.
    pub what: String,
    pub blake3: Blake3Hash,
    pub why: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MigrateReport {
    /// Where the log goes on, if that is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    /// Where data versions are, if that is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    pub log: String,
    pub origin: String,
    /// Entries of the log now, and the root over them (base64).
    pub size: u64,
    pub root: String,
    /// Entries of a log of this clone's own that were taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported: Option<u64>,
    /// Datasets whose versions are in the new place.
    pub relocated: u64,
    /// What could not go: it was not to be had.
    pub left: Vec<Left>,
}

/// What was done so far, in this call.
#[derive(Default)]
struct Done {
    /// In the new place, durable.
    uploaded: BTreeMap<Blake3Hash, Brought>,
    objects: BTreeSet<Blake3Hash>,
    left: BTreeMap<Blake3Hash, Left>,
    /// Nothing of it is removed here meanwhile.
    kept: Vec<Kept>,
    relocated: u64,
    imported: Option<u64>,
}

/// A dataset in the new place.
struct Brought {
    root: Root,
    record: DatasetRecord,
    /// See [`packages::PACKAGES`].
    packages: Option<ObjectRef>,
}

/// The user agreed to all that the plan says. `state`: a new one, or one that was interrupted.
pub fn carry_out(
    workshop: &dyn Workshop,
    mut state: State,
    progress: &dyn Progress,
) -> Result<MigrateReport> {
    let _alone = state.alone()?;
    state.begin()?;
    for remote in workshop.remotes(&state, true)? {
        remote.agree()?;
    }
    let mut done = Done::default();
    if state.import.is_none() || !workshop.has_followed(&state)? {
        let source = workshop.source(&state)?;
        let target = workshop.target(&state)?;
        if state.step < Step::Settings {
            match state.import {
                None => ledger::check_place(&source, &target, &state)?,
                Some(_) => import::check(&source, &target, &state)?,
            }
            state.save()?;
            move_everything(&source, &target, &mut state, &mut done, progress)?;
            state.reach(Step::Settings)?;
        }
        switch::settings(&source, &state)?;
        // Entries that had nowhere to go since the log was moved, and data that they brought along.
        rest(&source, &target, &state, &mut done, progress)?;
    }
    switch::finish(workshop, &state)?;
    let project = workshop.reopen()?;
    let head = project.ledger.head()?;
    let (header, after) = (project.ledger.header(), &state.after()?);
    let place = |moves: bool, place: Option<String>| place.filter(|_| moves);
    Ok(MigrateReport {
        ledger: place(state.moves_ledger()?, after.shared_ledger().map(|to| to.site.place.to_string())),
        store: place(state.moves_store()?, after.shared_store().map(|to| to.site.place.to_string())),
        log: header.log.to_string(),
        origin: header.origin.clone(),
        size: head.size(),
        root: head.root().to_string(),
        imported: done.imported,
        relocated: done.relocated,
        left: done.left.into_values().collect(),
    })
}

fn move_everything(
    source: &Project,
    target: &Project,
    state: &mut State,
    done: &mut Done,
    progress: &dyn Progress,
) -> Result<()> {
    say_where(source, target, state, done, progress)?;
    state.reach(Step::Ledger)?;
    if !state.moves_ledger()? {
        return ledger::audit(source, false, None, progress);
    }
    source.publish()?;
    if state.import.is_some() {
        let (count, import) = import::take_in(source, target, progress)?;
        done.imported = Some(count);
        ledger::audit(source, false, None, progress)?;
        return ledger::audit(target, true, import, progress);
    }
    ledger::copy(source, target, progress)?;
    target.publish()?;
    ledger::audit(source, false, None, progress)?;
    ledger::audit(target, true, None, progress)?;
    let (old, new) = (source.ledger.head()?, target.ledger.head()?);
    match old == new {
        true => Ok(()),
        false => Err(AppError::NotSound {
            what: "the new place".to_owned(),
            why: format!("it has {} entries, and the old one has {}", new.size(), old.size()),
        }),
    }
}

/// Brings the data, and lets the old place say where all is. Again, if somebody recorded something meanwhile.
fn say_where(
    source: &Project,
    target: &Project,
    state: &State,
    done: &mut Done,
    progress: &dyn Progress,
) -> Result<()> {
    for _ in 0..MAX_LOOKS {
        ledger::catch_up(source, target)?;
        if state.moves_ledger()? && ledger::is_moved(source, target)? {
            return Ok(());
        }
        let needs = Needs::of(source, &target.config)?;
        data::bring(source, target, &needs, done, progress)?;
        if let Closed::Done = ledger::record(source, target, &needs, done, state)? {
            return Ok(());
        }
    }
    Err(AppError::NotCommitted { why: "other writers were always faster".to_owned() })
}

/// Delivers what waits in this clone to the new place, with the data that it names.
fn rest(
    source: &Project,
    target: &Project,
    state: &State,
    done: &mut Done,
    progress: &dyn Progress,
) -> Result<()> {
    if state.moves_ledger()? {
        let needs = Needs::of(source, &target.config)?;
        data::bring(source, target, &needs, done, progress)?;
        target.deliver()?;
        ledger::relocate_rest(target, &needs, done)?;
    }
    Ok(())
}

/// Whether two settings keep the ledger, and the store, in different places.
fn differences(before: &Config, after: &Config) -> (bool, bool) {
    let (old, new) = (before.elsewhere(), after.elsewhere());
    let ledger = old.ledger.map(|l| l.site.place) != new.ledger.map(|l| l.site.place);
    let store = old.store.map(|s| s.site.place) != new.store.map(|s| s.site.place);
    (ledger, store)
}
