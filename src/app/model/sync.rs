//! What `sync` does about packages: a registration that was interrupted gets its entry, and what others decided in the
//! registry is recorded.

use super::binding;
use super::decide;
use super::difference;
use super::recorded_status;
use super::register;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::query;
use crate::app::query::LogEntry;
use crate::app::resolve;
use crate::app::resolve::Target;
use crate::domain::approval::ApprovalStatus;
use crate::domain::approval::Meaning;
use crate::domain::arn::ModelPackageArn;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::RunStatus;
use crate::ports::StoreError;
use crate::ports::model_registry::Listed;
use crate::ports::model_registry::PackageRecord;
use crate::ports::signer::EntrySigner;
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Synced {
    /// Packages that the registry held, and no entry bound.
    pub registered: Vec<ModelPackageArn>,
    /// Statuses that the registry had, and no entry told of.
    pub decided: Vec<(ModelPackageArn, ApprovalStatus)>,
    /// Packages that name their entry now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub written_back: Vec<ModelPackageArn>,
    /// Why the registry could not be asked. What it says is looked at by the next `sync`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreachable: Option<String>,
    /// What cannot be recorded, because it contradicts what is.
    #[serde(skip)]
    pub findings: Vec<String>,
}

impl Synced {
    pub fn is_empty(&self) -> bool {
        self.registered.is_empty()
            && self.decided.is_empty()
            && self.written_back.is_empty()
            && self.unreachable.is_none()
    }
}

impl Project {
    pub fn sync_models(&self, signer: &dyn EntrySigner) -> Result<Synced> {
        let mut synced = Synced::default();
        let entries = self.own_entries()?;
        // Also groups that somebody else made.
        let named =
            entries.iter().filter(|e| e.binds_package()).filter_map(|e| e.body()?.model_package.as_ref());
        let mut groups: BTreeSet<String> = named.map(|package| package.group_name.clone()).collect();
        match self.registry.groups() {
            Ok(known) => groups.extend(known),
            // Nobody is kept from publishing by a registry that does not answer.
            Err(e) if self.registry.place().is_some() => {
                synced.unreachable = Some(e.to_string());
                return Ok(synced);
            }
            Err(e) => return Err(e.into()),
        }
        for group in groups {
            let statuses = match self.registry.statuses(&group) {
                Err(e) if self.registry.place().is_some() => {
                    synced.unreachable = Some(e.to_string());
                    return Ok(synced);
                }
                Err(e @ StoreError::Corrupt { .. }) => {
                    synced.findings.push(e.to_string());
                    continue;
                }
                statuses => statuses?,
            };
            for Listed { arn, status: now, ours } in statuses {
                // What something else made counts once it is bound.
                if !ours && binding(&entries, self.ledger.log(), &arn).is_none() {
                    continue;
                }
                match self.sync_model(signer, &entries, &arn, now, &mut synced) {
                    Err(AppError::Store(e)) if self.registry.place().is_some() => {
                        synced.unreachable = Some(e.to_string());
                        return Ok(synced);
                    }
                    done => done?,
                }
            }
        }
        for arn in self.unwritten()? {
            match self.write_back(&arn) {
                Ok(true) => synced.written_back.push(arn),
                Ok(false) => {}
                Err(AppError::Store(e)) => {
                    synced.unreachable = Some(e.to_string());
                    return Ok(synced);
                }
                Err(e) => return Err(e),
            }
        }
        Ok(synced)
    }

    fn sync_model(
        &self,
        signer: &dyn EntrySigner,
        entries: &[LogEntry],
        arn: &ModelPackageArn,
        now: ApprovalStatus,
        synced: &mut Synced,
    ) -> Result<()> {
        let log = self.ledger.log();
        let bound = binding(entries, log, arn);
        let (last, _) = recorded_status(entries, log, arn, |_| true);
        // Nothing to tell; whether the rest of it is as it was, `verify` asks, one request for each.
        if bound.is_some() && now == last && self.registry.place().is_some() {
            return Ok(());
        }
        let Some(state) = self.registry.state(arn)? else { return Ok(()) };
        let Some((_, body, package)) = bound else {
            let Some(record) = &state.record else { return Ok(()) };
            // A run that goes on, or was killed, registered it: then its own end says so, or nothing does.
            let Some(end) = complete_end(entries, record) else { return Ok(()) };
            if let Some(model) = register::model_of(self, end, record)? {
                let package = register::package_of(&state, record);
                let new = register::New { package, outputs: vec![model], write_back: true };
                register::append(self, signer, end, new)?;
                synced.registered.push(arn.clone());
            }
            return Ok(());
        };
        if let Some(why) = difference(&state, body, package) {
            synced.findings.push(format!("model package {arn}: {why}"));
            return Ok(());
        }
        match now {
            now if now == last => {}
            now @ (ApprovalStatus::Approved | ApprovalStatus::Rejected) => {
                decide::append(self, signer, body, package, &now, Meaning::Observed, Vec::new())?;
                synced.decided.push((arn.clone(), now));
            }
            now => synced
                .findings
                .push(format!("model package {arn}: the registry says {now}, and {last} is recorded")),
        }
        Ok(())
    }
}

fn complete_end<'a>(entries: &'a [LogEntry], record: &PackageRecord) -> Option<&'a Body> {
    let about = resolve::entries_about(entries, &Target::Run(record.run));
    let end = query::subject_of_run(&about)?.body()?;
    let complete = end.run.as_ref().is_some_and(|run| run.status == RunStatus::Complete);
    (end.kind == Kind::RunFinished && complete).then_some(end)
}
