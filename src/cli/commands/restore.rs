use crate::app::AppError;
use crate::app::restore;
use crate::app::restore::RestoreReport;
use crate::app::restore::RestoreRequest;
use crate::app::restore::RestoredDataset;
use crate::app::restore::Wanted;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::RestoreArgs;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::hints;
use crate::domain::path::RepoPath;

/// Names of one kind that are listed for people.
const SHOWN: usize = 20;

pub fn run(context: &Context, args: RestoreArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let version = match (args.rev, args.run) {
        (Some(rev), _) => Wanted::Rev(rev),
        (None, Some(run)) => Wanted::Run(run),
        (None, None) => Wanted::Pointers,
    };
    let request = RestoreRequest { paths: args.paths, version, to: args.to, force: args.force };
    let progress = context.ui.progress();
    let plan = restore::plan(&project, &context.cwd, &request, &progress)?;
    let (schema, report) = match args.dry_run {
        true => ("mlprov.restore-plan/1", plan.describe()?),
        false => ("mlprov.restore/1", restore::carry_out(&project, plan, &progress)?),
    };
    if context.ui.json {
        context.ui.json(schema, &report);
        return Ok(0);
    }
    tell(context, &report, args.dry_run);
    Ok(0)
}

pub(super) fn tell(context: &Context, report: &RestoreReport, dry_run: bool) {
    context.ui.answer(&text(report, dry_run));
    if report.datasets.is_empty() {
        context.ui.status("Nothing is tracked.");
    }
    let others: Vec<String> = report
        .datasets
        .iter()
        .filter(|d| d.pointer.is_some())
        .map(|d| hints::place(d.path.as_str(), context.at_root()))
        .collect();
    if !others.is_empty() && !dry_run {
        context.ui.hint(format!("mlprov restore {}   # back to what the pointer names", others.join(" ")));
    }
}

fn text(report: &RestoreReport, dry_run: bool) -> String {
    let mut rows = Vec::new();
    for d in &report.datasets {
        let verb = match (d.written, dry_run) {
            (0, _) if d.removed.is_empty() => "unchanged",
            (_, true) => "would restore",
            (_, false) => "restored",
        };
        let written = format!("{} written", format::files(d.written));
        let kept = if d.unchanged > 0 { format!("{} unchanged", d.unchanged) } else { String::new() };
        let path = format::visible(d.path.as_str());
        rows.push(vec![verb.to_owned(), path, written, format::bytes(d.bytes), kept]);
    }
    let mut out = format::table(&rows);
    report.datasets.iter().for_each(|d| details(d, dry_run, &mut out));
    out
}

fn details(d: &RestoredDataset, dry_run: bool, out: &mut String) {
    let would = if dry_run { "would be " } else { "" };
    let lists = [
        (format!("{would}replaced"), &d.replaced),
        (format!("{would}removed"), &d.removed),
        ("not of this version, left as it is".to_owned(), &d.extra),
    ];
    for (what, paths) in lists {
        names(&what, paths, out);
    }
    if let Some(pointer) = &d.pointer {
        let path = format::visible(d.path.as_str());
        out.push_str(&format!("  {path}.mlprov names another version (b3:{})\n", &pointer.to_string()[..12]));
    }
}

fn names(what: &str, paths: &[RepoPath], out: &mut String) {
    for path in paths.iter().take(SHOWN) {
        out.push_str(&format!("  {what}: {}\n", format::visible(path.as_str())));
    }
    if paths.len() > SHOWN {
        out.push_str(&format!("  {what}: {} more\n", paths.len() - SHOWN));
    }
}
