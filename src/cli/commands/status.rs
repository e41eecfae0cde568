use crate::app::AppError;
use crate::app::run::active::News;
use crate::app::status;
use crate::app::status::OpenRun;
use crate::app::status::StatusReport;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::StatusArgs;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::hints;
use crate::cli::ui;

pub fn run(context: &Context, args: StatusArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let report = status::status(&project, &context.cwd, &args.paths, &context.ui.progress())?;
    if context.ui.json {
        context.ui.json("mlprov.status/1", &report);
        return Ok(0);
    }
    context.ui.answer(&text(&report));
    for dataset in report.datasets.iter().filter(|d| matches!(d.state, "modified" | "bad pointer")) {
        let (path, at_root) = (dataset.path.as_str(), context.at_root());
        let in_conflict = dataset.detail.as_ref().filter(|why| why.contains("conflict markers"));
        context.ui.hint(match in_conflict {
            Some(why) => hints::pointer_hint(path, why, at_root),
            None => {
                let data = hints::place(path.trim_end_matches(".mlprov"), at_root);
                format!("mlprov track {data}   # records what is there now")
            }
        });
    }
    if !report.unsent.datasets.is_empty() {
        context.ui.hint("mlprov sync   # uploads what waits, and records it");
    } else if !report.queued.is_empty() {
        context.ui.hint("mlprov sync   # brings what waits to the ledger");
    }
    if report.head.is_some() && !report.head_recorded && !report.waiting.iter().any(|w| !w.data.is_empty()) {
        context.ui.hint(hints::RECORD_HEAD);
    }
    Ok(0)
}

fn text(report: &StatusReport) -> String {
    let branch = report.branch.as_deref().map_or("detached HEAD", |b| b.trim_start_matches("refs/heads/"));
    let head = match &report.head {
        None => "no commit yet".to_owned(),
        Some(id) if report.head_recorded => format!("{} is recorded", id.short()),
        Some(id) => ui::paint(ui::YELLOW, format!("{} is not recorded", id.short())),
    };
    let mut out = format!(
        "Project {}, {}: {head}; {} in the log\n",
        format::visible(&report.name),
        format::visible(branch),
        format::count(report.log_size, "entry")
    );
    let rows: Vec<Vec<String>> = report
        .datasets
        .iter()
        .map(|d| {
            let stored = if d.stored { "" } else { "not stored here" };
            let detail = format::visible(d.detail.as_deref().unwrap_or_default());
            vec![format!("  {}", d.state), format::visible(d.path.as_str()), stored.to_owned(), detail]
        })
        .collect();
    out.push_str(&format::table(&rows));
    for waiting in &report.waiting {
        out.push_str(&format!("  {}\n", format::waiting(waiting)));
    }
    for queued in &report.queued {
        out.push_str(&format!("  {}\n", format::queued(queued)));
    }
    for dataset in &report.unsent.datasets {
        let waits = ui::paint(ui::YELLOW, "is stored in this clone only");
        out.push_str(&format!(
            "  {} {waits}, and waits for `mlprov sync`\n",
            format::visible(dataset.as_str())
        ));
    }
    for run in &report.unsent.runs {
        out.push_str(&format!("  the end of run {} waits for its data\n", run.short()));
    }
    for run in &report.open_runs {
        out.push_str(&format!("  no end recorded: run {}: {}\n", run.run.short(), news(run)));
    }
    if report.is_clean() && report.open_runs.is_empty() {
        out.push_str("Everything is recorded.\n");
    }
    out
}

fn news(run: &OpenRun) -> String {
    let since = &run.since;
    match &run.news {
        News::GoesOn { pid: Some(pid) } => format!("goes on (process {pid}), since {since}"),
        News::GoesOn { pid: None } => {
            format!("begun {since}, goes on until `mlprov run end {}`", run.run.short())
        }
        News::Killed => "its mlprov was killed; the next run closes it as UNKNOWN".to_owned(),
        News::None { host: Some(host) } => format!("no news since {since}, from {}", format::visible(host)),
        News::None { host: None } => format!("no news since {since}"),
    }
}
