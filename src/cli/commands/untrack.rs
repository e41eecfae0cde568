use crate::app::AppError;
use crate::app::untrack;
use crate::app::untrack::UntrackReport;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::UntrackArgs;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::hints;

pub fn run(context: &Context, args: UntrackArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let plan = untrack::plan(&project, &context.cwd, &args.paths)?;
    let (schema, report) = match args.dry_run {
        true => ("mlprov.untrack-plan/1", plan),
        false => ("mlprov.untrack/1", untrack::carry_out(&project, plan)?),
    };
    if context.ui.json {
        context.ui.json(schema, &report);
        return Ok(0);
    }
    let verb = if args.dry_run { "would remove" } else { "removed" };
    let rows = report.datasets.iter().map(|d| {
        let line = d.ignore_file.as_ref().map(|f| format!("and its line in {}", format::visible(f)));
        vec![verb.to_owned(), format::visible(d.pointer.as_str()), line.unwrap_or_default()]
    });
    context.ui.answer(&format::table(&rows.collect::<Vec<_>>()));
    if !args.dry_run
        && let Some(hint) = hint(&report, context.at_root())
    {
        context.ui.hint(hint);
    }
    Ok(0)
}

/// Tells git the same.
fn hint(report: &UntrackReport, at_root: bool) -> Option<String> {
    let place = |path: &str| hints::place(path, at_root);
    let pointers = report.datasets.iter().filter(|d| d.in_git).map(|d| place(d.pointer.as_str()));
    let pointers: Vec<String> = pointers.collect();
    let mut ignores: Vec<String> =
        report.datasets.iter().filter_map(|d| d.ignore_file.as_deref()).map(place).collect();
    ignores.dedup();
    let mut steps = Vec::new();
    if !pointers.is_empty() {
        steps.push(format!("git rm --cached {}", pointers.join(" ")));
    }
    if !ignores.is_empty() {
        steps.push(format!("git add {}", ignores.join(" ")));
    }
    (!steps.is_empty()).then(|| steps.join(" && "))
}
