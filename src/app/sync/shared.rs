//! `sync` of a ledger that all clones share: what waits goes there, what others committed comes here.

use super::FetchedLog;
use super::PublishedReport;
use super::SyncReport;
use super::SyncRequest;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::commit::keep;
use crate::app::commit::reconcile;
use crate::app::commit::reconcile::Reconciled;
use crate::app::data::staged::Uploaded;
use crate::app::model::Synced;
use crate::app::storage::cache;
use crate::ports::StoreError;
use crate::ports::progress::Progress;

pub fn sync(project: &Project, request: &SyncRequest, progress: &dyn Progress) -> Result<SyncReport> {
    let place =
        project.config.shared_ledger().map(|shared| shared.site.place.to_string()).unwrap_or_default();
    let log = project.ledger.log();
    let waiting = commit::queued(project)?.len() as u64;
    let mut report = SyncReport {
        remote: place,
        dry_run: request.dry_run,
        uploaded: Uploaded::default(),
        recorded: Vec::new(),
        models: Synced::default(),
        late: Vec::new(),
        skipped: Vec::new(),
        published: None,
        fetched: Vec::new(),
        findings: Vec::new(),
        exit_code: 0,
    };
    if request.dry_run {
        let size = project.ledger.head()?.size() + waiting;
        let published = PublishedReport { log, size, new: waiting, left_out: Vec::new(), noted: 0 };
        report.published = Some(published).filter(|_| !request.fetch_only);
        if !request.fetch_only {
            report.models = project.look_at_models()?;
            report.findings.append(&mut report.models.findings);
            report.exit_code = u8::from(!report.findings.is_empty());
        }
        return Ok(report);
    }
    let new = project.ledger.fetch()?;
    if !request.fetch_only {
        let signer = project.signer()?;
        let since = request.since.as_ref().map(|rev| reconcile::since(project, rev)).transpose()?;
        report.uploaded = project.upload_staged(&*signer, progress)?;
        report.recorded = commit::finish_waiting(project, &*signer)?;
        let Reconciled { late, skipped } = reconcile::everything(project, request.all, since)?;
        (report.late, report.skipped) = (late, skipped);
        report.models = project.sync_models(&*signer)?;
        report.findings.append(&mut report.models.findings);
        keep::tidy(project)?;
        if !project.deliver()?.is_empty() && report.models.unreachable.is_none() {
            project.write_all_back(&mut report.models)?;
        }
        project.outbox().tidy();
        cache::trim(project)?;
        // Also what others committed and could not sign.
        project.publish()?;
        let left = commit::queued(project)?.len() as u64;
        let delivered =
            (waiting + report.recorded.len() as u64 + report.late.len() as u64).saturating_sub(left);
        let size = project.ledger.head()?.size();
        report.published =
            Some(PublishedReport { log, size, new: delivered, left_out: Vec::new(), noted: 0 });
    }
    project.ledger.fetch()?;
    report.exit_code = u8::from(!report.findings.is_empty());
    // A log that was rolled back or rewritten is a finding, not an error of this call.
    match project.ledger.check() {
        Ok(()) => {}
        Err(StoreError::Inconsistent { why }) => {
            report.findings.push(why);
            report.exit_code = 1;
        }
        Err(e) => return Err(e.into()),
    }
    let header = project.ledger.header();
    let vkey = project.config.shared_ledger().map(|shared| shared.vkey);
    let trusted = vkey.as_ref().and_then(|vkey| vkey.parse().ok());
    let trusted = trusted.is_some_and(|vkey| project.pins().is_ok_and(|pins| pins.logs().contains(&vkey)));
    report.fetched.push(FetchedLog {
        log: header.log,
        size: project.ledger.head()?.size(),
        new,
        state: if new > 0 { "changed" } else { "unchanged" },
        trusted,
        vkey,
    });
    Ok(report)
}
