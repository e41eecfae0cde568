use crate::app::AppError;
use crate::app::run;
use crate::app::run::RunReport;
use crate::app::run::RunRequest;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::RunArgs;
use crate::cli::compose;
use crate::cli::format::visible;
use crate::cli::ui;
use crate::domain::entry::RunStatus;

pub fn run(context: &Context, args: RunArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let request = RunRequest {
        name: args.name,
        inputs: args.inputs,
        outputs: args.outputs,
        metrics: args.metrics,
        params: args.params,
        set: args.set,
        requirements: args.requirements,
        sweep: args.sweep,
        rehash: args.rehash,
        parents: Vec::new(),
        keep_output: !args.no_log,
        model: args.model.zip(args.model_group),
        require_clean: args.require_clean,
        stdout_is_ours: context.ui.json,
        command: args.command,
    };
    let report = run::run(&project, &context.cwd, &request, &context.ui.progress())?;
    // The command's own output stands on stdout; ours goes beside it, unless it was asked for.
    if context.ui.json {
        context.ui.json("mlprov.run/1", &report);
    } else {
        context.ui.status(text(&report).trim_end());
    }
    Ok(u8::try_from(report.exit_code).unwrap_or(1))
}

fn text(report: &RunReport) -> String {
    let status = match &report.status {
        RunStatus::Complete => ui::paint(ui::GREEN, "COMPLETE"),
        other => ui::paint(ui::RED, other),
    };
    let mut out = format!("Run {} {status}", ui::paint(ui::BOLD, &report.short));
    if let Some(signal) = &report.signal {
        out.push_str(&format!(" ({signal})"));
    }
    out.push_str(&format!(", recorded at index {}\n", report.index));
    out.push_str(&format!("  commit   {} ({})\n", &report.commit[..10], report.state));
    for (what, items) in [("inputs ", &report.inputs), ("outputs", &report.outputs)] {
        if !items.is_empty() {
            out.push_str(&format!("  {what}  {}\n", visible(&items.join(", "))));
        }
    }
    if !report.metrics.is_empty() {
        let metrics: Vec<String> = report.metrics.iter().map(|(k, v)| format!("{k}={v}")).collect();
        out.push_str(&format!("  metrics  {}\n", visible(&metrics.join(" "))));
    }
    if let Some(arn) = &report.model_package {
        out.push_str(&format!("  model    {arn}\n"));
    }
    for note in &report.notes {
        out.push_str(&format!("  note     {}\n", visible(note)));
    }
    out
}
