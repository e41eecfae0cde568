//! How a run ends, and what is kept of it.

use super::RunReport;
use super::active;
use super::child;
use super::child::Ended;
use super::logged::Logged;
use super::output::Printed;
use super::outputs::Made;
use super::outputs::Outputs;
use super::outputs::brief;
use super::prepare::Prepared;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::capsule;
use crate::app::data;
use crate::app::data::staged;
use crate::app::query::LogEntry;
use crate::app::record;
use crate::domain::entry::Body;
use crate::domain::entry::Digests;
use crate::domain::entry::Environment;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::RunStatus;
use crate::domain::entry::TreeState;
use crate::domain::redact;
use crate::domain::time::Timestamp;
use crate::ledger::batch;
use crate::ledger::batch::SealedEntry;
use crate::ledger::hash;
use crate::ledger::hash::TreeHash;
use crate::ports::progress::Progress;
use crate::ports::signer::EntrySigner;
use crate::worktree::scan;

/// What the command said of its run.
pub(super) fn keep_logged(project: &Project, logged: Logged, prepared: &mut Prepared, outputs: &mut Outputs) {
    if logged.is_empty() {
        return;
    }
    let kept = (|| {
        let objects = project.store.batch(false)?;
        logged.tell(project, prepared, outputs, &*objects)?;
        prepared.kept.push(objects.commit()?);
        for (path, record) in prepared.staged.drain(..) {
            project.stage(&path, &record, None, false)?;
        }
        Ok::<(), AppError>(())
    })();
    if let Err(e) = kept {
        outputs.lack(format!("what the command logged could not be kept: {}", brief(&e)));
    }
}

/// What the command printed, and what was around it.
pub(super) fn keep_evidence(
    project: &Project,
    prepared: &mut Prepared,
    printed: Option<Printed>,
    around: Option<(Environment, Option<Vec<u8>>)>,
) -> Result<()> {
    let (environment, packages) = around.unzip();
    prepared.environment = environment;
    let objects = project.store.batch(false)?;
    if let Some(packages) = packages.flatten() {
        prepared.evidence.insert("packages".to_owned(), record::put_object(&packages, &*objects)?);
    }
    if let Some(printed) = printed.filter(|printed| !printed.tail.is_empty()) {
        if printed.omitted > 0 {
            prepared.notes.push(format!("output: the first {} bytes are not kept", printed.omitted));
        }
        let (text, secrets) = redact::redact(&String::from_utf8_lossy(&printed.tail));
        prepared.notes.extend(secrets.iter().map(|s| format!("output: {} redacted", s.name())));
        prepared.evidence.insert("output".to_owned(), record::put_object(text.as_bytes(), &*objects)?);
    }
    prepared.kept.push(objects.commit()?);
    Ok(())
}

/// Closes the runs whose mlprov was killed on this machine: nobody knows how they ended.
pub(super) fn close_killed(project: &Project, signer: &dyn EntrySigner) -> Result<Vec<String>> {
    active::clear(project, |runs| {
        let entries = project.entries()?;
        // Also what waits for a ledger that is shared.
        let waiting = project.outbox().entries()?;
        let waiting = waiting.iter().flat_map(|(_, entries)| entries);
        let waiting: Vec<Body> =
            waiting.filter_map(|entry| batch::open(entry.bytes()).ok()).map(|(_, body)| body).collect();
        let drafts: Vec<Body> = project.outbox().drafts()?.into_iter().map(|(_, body)| body).collect();
        let bodies: Vec<&Body> =
            entries.iter().filter_map(LogEntry::body).chain(&waiting).chain(&drafts).collect();
        let of = |body: &Body, kind: Kind| {
            Some(body).filter(|b| b.kind == kind).and_then(|b| b.run.as_ref()).map(|run| run.id)
        };
        let mut closed = Vec::new();
        for id in runs {
            let ended = bodies.iter().any(|body| of(body, Kind::RunFinished) == Some(*id));
            let start = bodies.iter().find(|body| of(body, Kind::RunStarted) == Some(*id));
            let Some(start) = start.filter(|_| !ended) else { continue };
            closed.push(unknown_end(project, signer, start, "nobody saw its end: it was killed")?);
        }
        if !closed.is_empty() {
            project.append(closed)?;
        }
        Ok(())
    })
}

/// That nobody knows how a run ended. An end that somebody saw may still follow, and takes its place.
pub(super) fn unknown_end(
    project: &Project,
    signer: &dyn EntrySigner,
    start: &Body,
    why: &str,
) -> Result<SealedEntry> {
    let mut body = start.clone();
    let draft = project.draft(Kind::RunFinished, signer);
    (body.kind, body.time, body.producer, body.actor) = (draft.kind, draft.time, draft.producer, draft.actor);
    body.notes = vec![why.to_owned()];
    if let Some(run) = &mut body.run {
        run.status = RunStatus::Unknown;
    }
    record::seal(body, signer)
}

/// The same, as whoever ends a run says.
pub(super) fn close_unknown(
    project: &Project,
    signer: &dyn EntrySigner,
    start: &Body,
    prepared: Prepared,
) -> Result<RunReport> {
    let entry = unknown_end(project, signer, start, "whoever ended it does not know how it ended")?;
    let receipts = project.append(vec![entry])?;
    Ok(RunReport {
        run: prepared.id,
        short: prepared.id.short(),
        status: RunStatus::Unknown,
        exit_code: 0,
        signal: None,
        commit: prepared.source.commit.to_string(),
        state: prepared.source.state.unwrap_or(TreeState::Clean),
        inputs: prepared.inputs.iter().map(|a| a.name.to_string()).collect(),
        outputs: Vec::new(),
        metrics: Vec::new(),
        model_package: None,
        deployable: None,
        index: receipts[0].index,
        notes: prepared.notes,
    })
}

/// Stores what was made, judges it, and records the end.
pub(super) fn finish(
    project: &Project,
    signer: &dyn EntrySigner,
    prepared: Prepared,
    outputs: Outputs,
    ended: &Ended,
    progress: &dyn Progress,
) -> Result<RunReport> {
    let Prepared {
        id,
        rehash,
        environment,
        mut run,
        source,
        evidence,
        mut inputs,
        scans,
        config_files,
        parameters,
        mut notes,
        ..
    } = prepared;
    let root = project.repo.root();
    for (artefact, before) in inputs.iter_mut().zip(&scans) {
        // Its versions are what they are; that they were used, nobody saw.
        let Some(before) = before else { continue };
        let after = scan::scan(root, &before.place).ok();
        let after = after.filter(|after| before.fingerprint == after.fingerprint());
        let stable = match (after, rehash) {
            (None, _) => false,
            (Some(_), false) => true,
            (Some(after), true) => {
                let root = data::hash(after, &[], progress).and_then(|hashed| hashed.root());
                root.is_ok_and(|root| root == artefact.digest.blake3)
            }
        };
        artefact.stable = Some(stable);
        if !stable {
            notes.push(format!(
                "input {} changed while the command ran, so this run will never verify",
                artefact.name
            ));
        }
    }

    let mut made = outputs.store(project, &id, progress);
    for requirement in &run.requirements {
        let values = made.metrics.iter().map(|m| (m.name.as_str(), m.value.as_str()));
        if let Err(value) = requirement.judge(values) {
            made.incomplete = true;
            made.notes.push(format!("{requirement} was required; it is {}", value.unwrap_or("not there")));
        }
    }
    run.finished_on = Some(project.clock.now());
    let succeeded = *ended == Ended::Exited { code: 0, interrupted: false };
    let package = match succeeded && !made.incomplete {
        true => outputs.register(project, &run, &source, &mut made),
        false => None,
    };
    run.status = match ended {
        Ended::Exited { interrupted: true, .. } | Ended::Signalled { interrupted: true, .. } => {
            RunStatus::Abort
        }
        _ if succeeded && !made.incomplete => RunStatus::Complete,
        _ => RunStatus::Fail,
    };
    match ended {
        Ended::Exited { code, .. } => run.exit_code = Some(*code),
        Ended::Signalled { signal, .. } => run.signal = Some(child::signal_name(*signal)),
        Ended::NotStarted { code, why } => {
            run.exit_code = Some(*code);
            notes.push(format!("the command {:?} could not be started: {why}", run.command[0]));
        }
    }
    let Made { stored, metrics, notes: made_notes, .. } = made;
    notes.extend(made_notes);

    if let Some(package) = &package {
        let _ = project.mark_unwritten(&package.arn); // no reason to lose a run
    }
    let program = std::env::current_exe().and_then(std::fs::read).ok();
    let index = append(project, signer, Kind::RunFinished, |body, _| {
        body.producer.digest = program.as_deref().map(Digests::both_of);
        body.run = Some(run.clone());
        body.source = Some(source.clone());
        body.inputs = List::Inline(inputs.clone());
        body.outputs = List::Inline(stored.clone());
        body.config_files = List::Inline(config_files.clone());
        body.parameters = List::Inline(parameters.clone());
        body.metrics = List::Inline(metrics.clone());
        body.environment.clone_from(&environment);
        body.evidence.clone_from(&evidence);
        body.model_package = package.clone();
        body.notes = notes.clone();
        Ok(())
    })?;
    let index = index.and_then(|(index, _)| index);
    if let Some(package) = &package {
        project.remember_package(package);
    }
    if let Some(package) = package.as_ref().filter(|package| !package.arn.is_local())
        && !project.write_back(&package.arn).unwrap_or(false)
    {
        notes.push("the model package does not name this entry yet: `mlprov sync` writes that".to_owned());
    }

    Ok(RunReport {
        run: id,
        short: id.short(),
        // A run that is not complete never looks like one to who asks the exit code.
        exit_code: match ended.exit_code() {
            0 if run.status != RunStatus::Complete => 1,
            code => code,
        },
        status: run.status,
        signal: run.signal,
        commit: source.commit.to_string(),
        state: source.state.unwrap_or(TreeState::Clean),
        inputs: inputs.iter().map(|a| a.name.to_string()).collect(),
        outputs: stored.iter().map(|a| a.name.to_string()).collect(),
        metrics: metrics.into_iter().map(|m| (m.name, m.value)).collect(),
        deployable: package.as_ref().filter(|p| !p.arn.is_local()).map(|p| p.image.is_some()),
        model_package: package.map(|p| p.arn),
        index,
        notes,
    })
}

/// Drafts, fits, seals and commits one entry. Returns its index and the hash of its leaf; `None`: it waits until its data
/// is where others can have it.
pub(super) fn append(
    project: &Project,
    signer: &dyn EntrySigner,
    kind: Kind,
    fill: impl FnOnce(&mut Body, &Project) -> Result<()>,
) -> Result<Option<(Option<u64>, TreeHash)>> {
    let ends = kind == Kind::RunFinished;
    let mut body = project.draft(kind, signer);
    fill(&mut body, project)?;
    let late = |until: Timestamp| body.time.unix_micros() > until.unix_micros();
    let expired = ends && capsule::valid_until(project)?.is_some_and(late);
    // It is kept, and signed when the log lets it.
    if ends && (expired || staged::has_to_wait(&body)) {
        body.id = body.derived_id().unwrap_or(body.id);
        project.outbox().put_draft(&body)?;
        return Ok(None);
    }
    let objects = project.store.batch(false)?;
    record::fit(&mut body, &*objects)?;
    let _kept = objects.commit()?;
    let entry = record::seal(body, signer)?;
    let leaf = hash::leaf(entry.bytes());
    let receipts = project.append(vec![entry])?;
    Ok(Some((receipts[0].index, leaf)))
}
