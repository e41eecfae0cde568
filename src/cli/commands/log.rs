use crate::app::AppError;
use crate::app::Project;
use crate::app::history;
use crate::app::history::ValueChange;
use crate::app::log;
use crate::app::log::LogRequest;
use crate::app::runs as app_runs;
use crate::app::runs::RunRow;
use crate::app::runs::RunsRequest;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::LogArgs;
use crate::cli::compose;
use crate::cli::format;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

pub fn run(context: &Context, args: LogArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    if let Some(file) = &args.config {
        return config(context, &project, file, args.key.as_deref(), args.limit);
    }
    let by_runs = args.filter.is_some()
        || [&args.dataset, &args.commit, &args.model, &args.sweep, &args.sort]
            .into_iter()
            .any(Option::is_some);
    if by_runs || args.table || args.csv {
        return runs(context, &project, args);
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
    report.queued.iter().for_each(|queued| context.ui.status(format::queued(queued)));
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

fn runs(context: &Context, project: &Project, args: LogArgs) -> Result<Exit, AppError> {
    let mut shown: Vec<String> = args.filter.iter().flat_map(|f| f.fields().map(str::to_owned)).collect();
    shown.extend(args.sort.as_ref().map(|field| field.trim_start_matches('-').to_owned()));
    let request = RunsRequest {
        filter: args.filter.unwrap_or_default(),
        dataset: args.dataset,
        commit: args.commit,
        model: args.model,
        sweep: args.sweep,
        sort: args.sort,
        limit: args.limit,
    };
    let report = app_runs::runs(project, &request)?;
    if context.ui.json {
        context.ui.json("mlprov.log-runs/1", &report);
        return Ok(0);
    }
    let columns = match (args.table, args.csv) {
        (true, _) => columns(&report.runs, true),
        (_, true) => columns(&report.runs, false),
        _ => {
            shown.retain(|field| field.contains('.'));
            shown.dedup();
            shown
        }
    };
    let value = |row: &RunRow, field: &str| row.field(field).unwrap_or_default();
    if args.csv {
        let mut out = csv::Writer::from_writer(Vec::new());
        let fixed = ["run", "name", "status", "time", "commit", "sweep"];
        let head = fixed.iter().map(|f| (*f).to_owned()).chain(columns.iter().cloned());
        let rows = report.runs.iter().map(|row| {
            let fixed = fixed[1..].iter().map(|field| value(row, field));
            let all = [row.run.to_string()].into_iter().chain(fixed);
            all.chain(columns.iter().map(|field| value(row, field))).collect::<Vec<String>>()
        });
        for row in [head.collect::<Vec<String>>()].into_iter().chain(rows) {
            // Into memory: it cannot fail.
            let _ = out.write_record(&row);
        }
        let bytes = out.into_inner().unwrap_or_default();
        context.ui.answer(&String::from_utf8_lossy(&bytes));
        return Ok(0);
    }
    let head = ["run", "time", "commit", "status", "name"]
        .map(str::to_owned)
        .into_iter()
        .chain(columns.iter().cloned());
    let mut rows = vec![head.collect::<Vec<String>>()];
    for row in &report.runs {
        let mut cells = vec![
            row.run.short(),
            row.time.to_seconds(),
            row.commit.as_ref().map(|c| c.short().to_owned()).unwrap_or_default(),
            row.status.to_string(),
            format::visible(row.name.as_deref().unwrap_or("")),
        ];
        cells.extend(columns.iter().map(|field| format::visible(&value(row, field))));
        rows.push(cells);
    }
    match report.runs.is_empty() {
        true => context.ui.answer("No run that is recorded here matches.\n"),
        false => context.ui.answer(&format::table(&rows)),
    }
    Ok(0)
}

/// Parameters (those that differ, or all) and metrics of these runs, by field.
fn columns(runs: &[RunRow], only_different: bool) -> Vec<String> {
    let mut params: BTreeMap<&str, BTreeSet<Option<&str>>> = BTreeMap::new();
    let names: BTreeSet<&str> = runs.iter().flat_map(|run| run.params.keys().map(String::as_str)).collect();
    for name in names {
        params.insert(name, runs.iter().map(|run| run.params.get(name).map(String::as_str)).collect());
    }
    let wanted = params.into_iter().filter(|(_, values)| !only_different || values.len() > 1);
    let metrics: BTreeSet<&String> = runs.iter().flat_map(|run| run.metrics.keys()).collect();
    let params = wanted.map(|(name, _)| format!("params.{name}"));
    params.chain(metrics.into_iter().map(|name| format!("metrics.{name}"))).collect()
}
