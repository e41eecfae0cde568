//! What `sync` does about packages: a registration that was interrupted gets its entry, what others decided in the
//! registry is recorded, and packages get to name their entries. Looking is one thing, and doing another.

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
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::ModelPackage;
use crate::domain::entry::RunStatus;
use crate::ports::StoreError;
use crate::ports::model_registry::Listed;
use crate::ports::model_registry::PackageRecord;
use crate::ports::model_registry::PackageState;
use crate::ports::signer::EntrySigner;
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Synced {
    /// Packages that the registry held, and no entry bound.
    pub registered: Vec<ModelPackageArn>,
    /// Statuses that the registry had, and no entry told of.
    pub decided: Vec<(ModelPackageArn, ApprovalStatus)>,
    /// Packages that did not name their entry.
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

/// What is to be recorded.
enum Step {
    Register {
        end: Box<Body>,
        state: Box<PackageState>,
        record: Box<PackageRecord>,
        model: Box<Artefact>,
    },
    Decide {
        bound: Box<Body>,
        package: Box<ModelPackage>,
        status: ApprovalStatus,
    },
    /// A package that names no entry, and that this clone did not register: who did may not write to it.
    Name(ModelPackageArn),
    /// It does.
    Named(ModelPackageArn),
}

impl Project {
    /// What [`Project::sync_models`] would do.
    pub fn look_at_models(&self) -> Result<Synced> {
        let (mut synced, steps) = self.plan_models()?;
        let (entries, log) = (self.own_entries()?, self.ledger.log());
        let is_in_log = |arn: &ModelPackageArn| {
            binding(&entries, log, arn).is_some_and(|(entry, ..)| entry.logged_at().is_some())
        };
        synced.written_back = self.unwritten()?.into_iter().filter(is_in_log).collect();
        synced.written_back.extend(steps.into_iter().filter_map(|step| match step {
            Step::Name(arn) => Some(arn),
            Step::Register { .. } | Step::Decide { .. } | Step::Named(_) => None,
        }));
        Ok(synced)
    }

    pub fn sync_models(&self, signer: &dyn EntrySigner) -> Result<Synced> {
        let (mut synced, steps) = self.plan_models()?;
        let mut may_write = true;
        for step in steps {
            match step {
                Step::Register { end, state, record, model } => {
                    let why = match register::not_ours(self, &state, &record, &model) {
                        Err(AppError::Store(e @ StoreError::Io { .. })) => {
                            synced.registered.retain(|arn| *arn != record.arn);
                            synced.unreachable = Some(e.to_string());
                            continue;
                        }
                        // One model that cannot be looked at keeps nothing else from being published.
                        Err(e) => Some(e.to_string()),
                        Ok(why) => why,
                    };
                    if let Some(why) = why {
                        synced.registered.retain(|arn| *arn != record.arn);
                        synced.findings.push(format!("model package {}: {why}", record.arn));
                        continue;
                    }
                    let package = register::package_of(&state, &record);
                    let new = register::New { package, outputs: vec![*model], write_back: true };
                    register::append(self, signer, &end, new)?;
                }
                Step::Decide { bound, package, status } => {
                    let (meaning, notes) = (Meaning::Observed, Vec::new());
                    decide::append(self, signer, &bound, &package, &status, meaning, notes)?;
                }
                // Nobody asked for it here: who may not, or cannot now, leaves it to the next one who may.
                Step::Name(arn) if may_write => match self.write_back(&arn) {
                    Ok(true) => synced.written_back.push(arn),
                    Ok(false) => {}
                    Err(AppError::Store(_)) => {
                        may_write = false;
                        self.remember_refused();
                    }
                    Err(e) => return Err(e),
                },
                Step::Name(_) => {}
                Step::Named(arn) => self.remember_named(&arn),
            }
        }
        if synced.unreachable.is_none() {
            self.write_all_back(&mut synced)?;
        }
        Ok(synced)
    }

    /// Packages whose entry is in the log by now get to name it.
    pub fn write_all_back(&self, synced: &mut Synced) -> Result<()> {
        for arn in self.unwritten()? {
            match self.write_back(&arn) {
                Ok(true) => synced.written_back.push(arn),
                Ok(false) => {}
                // It is gone: nobody can write to it any more, and `verify` says so.
                Err(AppError::Store(StoreError::Missing { .. })) => {
                    self.forget_mark(&arn)?;
                    synced.findings.push(format!("model package {arn} is not in the registry any more"));
                }
                Err(AppError::Store(e)) => synced.unreachable = Some(e.to_string()),
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn plan_models(&self) -> Result<(Synced, Vec<Step>)> {
        let (mut synced, mut steps) = (Synced::default(), Vec::new());
        let entries = self.own_entries()?;
        match self.plan_all(&entries, &mut synced, &mut steps) {
            // Nobody is kept from publishing by a registry that does not answer.
            Err(AppError::Store(e)) if self.registry.place().is_some() => {
                synced.unreachable = Some(e.to_string());
            }
            planned => planned?,
        }
        Ok((synced, steps))
    }

    fn plan_all(&self, entries: &[LogEntry], synced: &mut Synced, steps: &mut Vec<Step>) -> Result<()> {
        // Who has a key of KMS in the settings is not told before it signs whether he may.
        let publisher = || self.publisher().is_ok_and(|key| key.is_some());
        let is_refused = || self.config.keys.kms_key.is_some() && self.was_refused();
        let publishes = self.registry.place().is_some() && publisher() && !is_refused();
        // Also groups that somebody else made.
        let named =
            entries.iter().filter(|e| e.binds_package()).filter_map(|e| e.body()?.model_package.as_ref());
        let mut groups: BTreeSet<String> = named.map(|package| package.group_name.clone()).collect();
        groups.extend(self.registry.groups()?);
        for group in groups {
            let statuses = match self.registry.statuses(&group) {
                Err(e @ StoreError::Corrupt { .. }) if self.registry.place().is_none() => {
                    synced.findings.push(e.to_string());
                    continue;
                }
                statuses => statuses?,
            };
            for listed in statuses {
                // What something else made counts once it is bound.
                if listed.ours || binding(entries, self.ledger.log(), &listed.arn).is_some() {
                    self.plan_one(entries, listed, publishes, synced, steps)?;
                }
            }
        }
        Ok(())
    }

    fn plan_one(
        &self,
        entries: &[LogEntry],
        Listed { arn, status: now, .. }: Listed,
        publishes: bool,
        synced: &mut Synced,
        steps: &mut Vec<Step>,
    ) -> Result<()> {
        let log = self.ledger.log();
        let bound = binding(entries, log, &arn);
        let (last, _) = recorded_status(entries, log, &arn, |_| true);
        // Whether the rest of it is as it was, `verify` asks, one request for each. Once, a publisher asks whether it names
        // its entry. A package that something else made may be meant to stay as it is; who bound it knows.
        let settled = |entry: &LogEntry, package: &ModelPackage| {
            package.is_foreign()
                || entry.logged_at().is_none()
                || !publishes
                || self.is_unwritten(&arn)
                || self.is_named(&arn)
        };
        let asks = bound.filter(|(entry, _, package)| !arn.is_local() && !settled(entry, package)).is_some();
        if bound.is_some() && now == last && self.registry.place().is_some() && !asks {
            return Ok(());
        }
        let Some(state) = self.registry.state(&arn)? else { return Ok(()) };
        let Some((_, body, package)) = bound else {
            let Some(record) = &state.record else { return Ok(()) };
            // A run that goes on, or was killed, registered it: then its own end says so, or nothing does.
            let Some(end) = complete_end(entries, record) else { return Ok(()) };
            if let Some(model) = register::model_of(self, end, record)? {
                let (end, record) = (Box::new(end.clone()), Box::new(record.clone()));
                let (model, state) = (Box::new(model), Box::new(state));
                steps.push(Step::Register { end, record, model, state });
                synced.registered.push(arn);
            }
            return Ok(());
        };
        if let Some(why) = difference(&state, body, package) {
            synced.findings.push(format!("model package {arn}: {why}"));
            return Ok(());
        }
        if asks {
            steps.push(match state.leaf {
                Some(_) => Step::Named(arn.clone()),
                None => Step::Name(arn.clone()),
            });
        }
        match now {
            status if status == last => {}
            status @ (ApprovalStatus::Approved | ApprovalStatus::Rejected) => {
                let (bound, package) = (Box::new(body.clone()), Box::new(package.clone()));
                steps.push(Step::Decide { bound, package, status: status.clone() });
                synced.decided.push((arn, status));
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
