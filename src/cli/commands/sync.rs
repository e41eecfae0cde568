use crate::app::AppError;
use crate::app::capsule;
use crate::app::sync;
use crate::app::sync::SyncReport;
use crate::app::sync::SyncRequest;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::SyncArgs;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::format::count;
use crate::cli::format::visible;
use crate::cli::hints;
use crate::cli::ui;

pub fn run(context: &Context, args: SyncArgs) -> Result<Exit, AppError> {
    if let Some(file) = &args.source {
        let project = compose::open_capsule(&context.cwd.join(file), &context.cwd, false)?;
        let sent = capsule::send(&project, &context.ui.progress())?;
        match context.ui.json {
            true => context.ui.json("mlprov.sync-source/1", &serde_json::json!({ "sent": sent })),
            false => context.ui.answer(&format!("{} went to the ledger\n", count(sent, "entry"))),
        }
        return Ok(0);
    }
    let project = compose::open_patiently(&context.cwd)?;
    let request = SyncRequest {
        remote: args.remote,
        fetch_only: args.fetch,
        all: args.all,
        since: args.since,
        dry_run: args.dry_run,
    };
    let report = sync::sync(&project, &request, &context.ui.progress())?;
    if context.ui.json {
        context.ui.json("mlprov.sync/1", &report);
        return Ok(report.exit_code);
    }
    tell(context, &report);
    Ok(report.exit_code)
}

pub(super) fn tell(context: &Context, report: &SyncReport) {
    context.ui.answer(&text(report));
    for log in report.fetched.iter().filter(|log| !log.trusted) {
        if let Some(vkey) = &log.vkey {
            let key = hints::quote(vkey);
            context.ui.hint(format!(
                "mlprov key trust {key}   # once the owner of log {} confirms it",
                log.log.tail()
            ));
        }
    }
    if let Some(left_out) = report.published.as_ref().map(|p| p.left_out.len()).filter(|n| *n > 0) {
        let what = count(left_out as u64, "object");
        context.ui.warning(format!(
            "{what} named by entries could not be published (too large, or gone from the store)"
        ));
    }
    if let Some(why) = &report.models.unreachable {
        context.ui.warning(format!("the model registry could not be asked: {why}"));
    }
    for commit in &report.skipped {
        context.ui.warning(format!("commit {commit} holds a pointer that cannot be read; not recorded"));
    }
}

fn text(report: &SyncReport) -> String {
    let mut out = String::new();
    let remote = visible(&report.remote);
    for finding in &report.findings {
        out.push_str(&format!("{} {}\n", ui::paint(ui::RED, "finding"), visible(finding)));
    }
    if !report.uploaded.datasets.is_empty() {
        let (datasets, bytes) = (report.uploaded.datasets.len() as u64, report.uploaded.bytes);
        out.push_str(&format!(
            "uploaded {} that had waited ({})\n",
            count(datasets, "dataset"),
            format::bytes(bytes)
        ));
    }
    if !report.recorded.is_empty() {
        out.push_str(&format!(
            "recorded {} that had waited for data\n",
            count(report.recorded.len() as u64, "commit")
        ));
    }
    let recorded = if report.dry_run { "would record" } else { "recorded" };
    for arn in &report.models.registered {
        out.push_str(&format!("{recorded} model package {arn}, whose registration had been interrupted\n"));
    }
    for arn in &report.models.written_back {
        let now = if report.dry_run { "does not name its entry yet" } else { "names its entry now" };
        out.push_str(&format!("model package {arn} {now}\n"));
    }
    for (arn, status) in &report.models.decided {
        out.push_str(&format!("{recorded} that model package {arn} is {status} in the registry\n"));
    }
    if !report.late.is_empty() {
        out.push_str(&format!(
            "recorded {} that no hook had seen\n",
            count(report.late.len() as u64, "commit")
        ));
    }
    if let Some(published) = &report.published {
        let verb = if report.dry_run { "would publish" } else { "published" };
        out.push_str(&format!(
            "{verb} to {remote}: log {}, {}, {} new\n",
            published.log,
            count(published.size, "entry"),
            published.new
        ));
    }
    for log in &report.fetched {
        let trust = if log.trusted || report.dry_run { "" } else { ", not trusted by you" };
        let news = if log.new > 0 { format!(", {} new", log.new) } else { String::new() };
        let size = count(log.size, "entry");
        out.push_str(&format!("{} from {remote}: log {}, {size}{news}{trust}\n", log.state, log.log));
    }
    if out.is_empty() {
        out.push_str(&format!("nothing to fetch from {remote}\n"));
    }
    out
}
