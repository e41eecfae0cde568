use crate::app::AppError;
use crate::app::Project;
use crate::app::cloudtrail;
use crate::app::cloudtrail::AuditReport;
use crate::app::cloudtrail::Trail;
use crate::app::verify::Verdict;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::AuditArgs;
use crate::cli::args::AuditCommand;
use crate::cli::compose;
use crate::cli::format::count;
use crate::cli::format::visible;
use crate::cli::ui;
use crate::config::S3Place;
use crate::domain::ParseError;
use crate::domain::time::Timestamp;
use crate::evidence::cloudtrail::digest;
use crate::evidence::cloudtrail::digest::PublicKey;
use crate::infra::description::Whose;
use crate::infra::description::trail_bucket_name;
use crate::ports::StoreError;
use crate::stores::aws::witness;
use std::collections::BTreeSet;

pub fn run(context: &Context, args: AuditArgs) -> Result<Exit, AppError> {
    let AuditCommand::Cloudtrail(args) = args.command;
    let project = compose::open_patiently(&context.cwd)?;
    let place: S3Place = match &args.bucket {
        Some(bucket) => bucket.parse()?,
        None => own_trail(&project)?,
    };
    let since = args.since.as_deref().map(moment).transpose()?;
    let mut keys = Vec::new();
    for file in &args.public_keys {
        let path = context.cwd.join(file);
        let read = std::fs::read(&path).map_err(|e| StoreError::io("read", path.display(), e))?;
        let bad = |why: String| ParseError::new("--public-keys", why, path.display().to_string());
        keys.extend(digest::public_keys(&read).map_err(bad)?);
    }
    // Whoever names a bucket agrees to it.
    project.sources.agree(&place.bucket)?;
    let source = project.sources.open(&place.bucket)?;
    let near = project.config.shared_store().map(|store| store.site);
    let near = near.or_else(|| project.config.shared_ledger().map(|ledger| ledger.site));
    let ask = |region: &str, between: (&Timestamp, &Timestamp)| -> Result<Vec<PublicKey>, AppError> {
        if !keys.is_empty() {
            return Ok(keys.clone());
        }
        let told = witness::public_keys(near.as_ref(), region, between)?;
        Ok(told.into_iter().map(|(fingerprint, der)| PublicKey::new(fingerprint, &der)).collect())
    };
    let trail = Trail { source: &*source, bucket: &place.bucket, prefix: &place.prefix, since, keys: &ask };
    let report = cloudtrail::audit(&project, &context.cwd, &args.id, &trail, &context.ui.progress())?;
    match context.ui.json {
        true => context.ui.json("mlprov.audit-cloudtrail/1", &report),
        false => context.ui.answer(&text(&report)),
    }
    let hints: BTreeSet<&str> = report.links.iter().filter_map(|link| link.hint.as_deref()).collect();
    for hint in hints {
        context.ui.hint(hint);
    }
    Ok(report.exit_code)
}

/// The bucket of the trail that `infra` makes.
fn own_trail(project: &Project) -> Result<S3Place, AppError> {
    let needed = || ParseError::new("--bucket", "is needed: the settings name no trail", "");
    let aws = &project.config.aws;
    let sites = project.config.elsewhere();
    let site = sites.store.map(|store| store.site).or(sites.ledger.map(|ledger| ledger.site));
    let whose = site.and_then(|site| Some(Whose { account: site.owner?, region: site.region? }));
    let name = match (&aws.trail_bucket, whose) {
        (Some(bucket), _) => bucket.clone(),
        (None, Some(whose)) if aws.trail => trail_bucket_name(project.config.aws_name(), &whose),
        _ => return Err(needed().into()),
    };
    Ok(format!("s3://{name}").parse()?)
}

/// RFC 3339, with or without parts of a second.
fn moment(text: &str) -> Result<Timestamp, AppError> {
    let bad = || ParseError::new("--since", "is no time like 2026-11-20T00:00:00Z", text);
    let moment: jiff::Timestamp = text.parse().map_err(|_| bad())?;
    Ok(Timestamp::from_unix_micros(moment.as_microsecond()))
}

fn text(report: &AuditReport) -> String {
    let mut out = format!(
        "{}\n{} in s3://{}, from {} to {}\n",
        report.target,
        count(report.events, "event"),
        report.bucket,
        report.since.to_seconds(),
        report.until.to_seconds(),
    );
    // Many versions are told by their number: --json has each.
    for one in report.versions.iter().take(20) {
        let name = visible(&format!("s3://{}/{}", one.version.bucket, one.version.key));
        match &one.put {
            Some(put) => {
                let doubt = if put.validated { "" } else { " (not validated)" };
                out.push_str(&format!("  {} {name} by {}{doubt}\n", put.time, visible(&put.who)));
            }
            None => out.push_str(&format!("  {:20} {name}: no event found\n", "")),
        }
    }
    if report.versions.len() > 20 {
        out.push_str(&format!("  and {} more (--json)\n", report.versions.len() - 20));
    }
    for seen in &report.others {
        let refused = seen.error.as_ref().map(|e| format!(" (refused: {})", visible(e))).unwrap_or_default();
        let (subject, who) = (visible(&seen.subject), visible(&seen.who));
        out.push_str(&format!("  {} {} {subject} by {who}{refused}\n", seen.time, seen.event));
    }
    for link in &report.links {
        let style = match link.verdict {
            Verdict::Intact => ui::GREEN,
            v if v.exit() == 1 => ui::RED,
            _ => ui::YELLOW,
        };
        let verdict = ui::paint(style, format!("{:11}", link.verdict.to_string()));
        let what = format!("{} {}", link.link, visible(&link.subject));
        out.push_str(&format!("  {verdict} {}: {}\n", what.trim_end(), visible(&link.detail)));
    }
    let conclusion = match report.exit_code {
        0 => ui::paint(ui::GREEN, "witnessed: CloudTrail saw each of them"),
        1 => ui::paint(ui::RED, "FAILED: see above"),
        _ => ui::paint(ui::YELLOW, "incomplete: CloudTrail cannot say all of it"),
    };
    out.push_str(&format!("{conclusion}\n"));
    out
}
