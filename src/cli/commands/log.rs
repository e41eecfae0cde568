use crate::app::AppError;
use crate::app::Project;
use crate::app::history;
use crate::app::history::ValueChange;
use crate::app::log;
use crate::app::log::LogRequest;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::LogArgs;
use crate::cli::compose;
use crate::cli::format;
use std::path::Path;

pub fn run(context: &Context, args: LogArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    if let Some(file) = &args.config {
        return config(context, &project, file, args.key.as_deref(), args.limit);
    }
    let report = log::log(&project, &LogRequest { kind: args.kind, limit: args.limit })?;
    if context.ui.json {
        context.ui.json("mlprov.log/1", &report);
        return Ok(0);
    }
    let rows: Vec<Vec<String>> = report
        .entries
        .iter()
        .map(|e| {
            let id = e.run.map_or_else(|| e.id.short(), |r| r.short());
            let what = match (&e.name, &e.status) {
                (Some(name), Some(status)) => format!("{name} {status}"),
                (None, Some(status)) => status.clone(),
                _ => String::new(),
            };
            let of = if e.log == report.log { String::new() } else { format!("(log {})", e.log.tail()) };
            vec![
                id,
                e.time.as_ref().map(crate::domain::time::Timestamp::to_seconds).unwrap_or_default(),
                e.kind.clone(),
                e.commit.as_ref().map(|c| c.short().to_owned()).unwrap_or_default(),
                format::visible([what, e.summary.clone(), of].join(" ").trim()),
            ]
        })
        .collect();
    context.ui.answer(&format::table(&rows));
    // Not part of the log: so not part of the answer.
    report.waiting.iter().for_each(|waiting| context.ui.status(format::waiting(waiting)));
    Ok(0)
}

/// So many values of one change are shown.
const SHOWN: usize = 6;

fn config(
    context: &Context,
    project: &Project,
    file: &Path,
    key: Option<&str>,
    limit: Option<usize>,
) -> Result<Exit, AppError> {
    let mut report = history::of_config(project, &context.cwd, file, key)?;
    report.changes.truncate(limit.unwrap_or(usize::MAX));
    if context.ui.json {
        context.ui.json("mlprov.log-config/1", &report);
        return Ok(0);
    }
    if report.changes.is_empty() && report.own_values.is_empty() {
        let path = format::visible(report.path.as_str());
        context.ui.answer(&format!("No commit or run that is recorded here changed {path}.\n"));
        context.ui.hint("see `paths` in the [config] table of .mlprov/config.toml: which files are recorded");
        return Ok(0);
    }
    let mut rows = Vec::new();
    for change in &report.changes {
        let runs: Vec<String> = change.runs.iter().map(|run| run.short()).collect();
        rows.push(vec![
            change.time.to_seconds(),
            change.commit.short().to_owned(),
            format::visible(change.committer.as_deref().unwrap_or("?")),
            if change.blake3.is_none() { "removed".to_owned() } else { values(&change.values) },
            runs.join(" "),
        ]);
    }
    for own in &report.own_values {
        rows.push(vec![
            "for one run".to_owned(),
            String::new(),
            String::new(),
            values(&own.values),
            own.run.short(),
        ]);
    }
    context.ui.answer(&format::table(&rows));
    Ok(0)
}

fn values(changes: &[ValueChange]) -> String {
    let none = || "(none)".to_owned();
    let one = |change: &ValueChange| {
        let (before, after) =
            (change.before.clone().unwrap_or_else(none), change.after.clone().unwrap_or_else(none));
        format!("{}: {before} -> {after}", change.name)
    };
    let mut shown: Vec<String> = changes.iter().take(SHOWN).map(one).collect();
    if changes.len() > SHOWN {
        shown.push(format!("and {} more", changes.len() - SHOWN));
    }
    format::visible(&if shown.is_empty() { "other content".to_owned() } else { shown.join(", ") })
}
