use crate::app::AppError;
use crate::app::Project;
use crate::app::capsule;
use crate::app::run;
use crate::app::run::RunReport;
use crate::app::run::RunRequest;
use crate::app::run::apart;
use crate::app::run::apart::Ending;
use crate::app::run::worktree;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::RunArgs;
use crate::cli::args::RunCommand;
use crate::cli::args::RunFlags;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::format::visible;
use crate::cli::ui;
use crate::domain::entry::RunStatus;
use crate::ports::progress::Progress;
use std::ffi::OsString;

pub fn run(context: &Context, args: RunArgs) -> Result<Exit, AppError> {
    let progress = context.ui.progress();
    let (capsule, root) = match &args.apart {
        None => (&args.flags.source, &args.flags.root),
        Some(RunCommand::Begin(begin)) => (&begin.flags.source, &begin.flags.root),
        Some(RunCommand::End(end)) => (&end.source, &end.root),
    };
    let project = match capsule {
        Some(file) => {
            let root = root.as_ref().map_or_else(|| context.cwd.clone(), |root| context.cwd.join(root));
            let ends = matches!(args.apart, Some(RunCommand::End(_)));
            compose::open_capsule(&context.cwd.join(file), &root, !ends)?
        }
        None => compose::open(&context.cwd, false)?,
    };
    let mut report = match args.apart {
        None => {
            let request = request(context, args.flags, args.command);
            match args.worktree {
                false => run::run(&project, &context.cwd, &request, &progress)?,
                true => in_own_tree(context, &project, &request, &progress)?,
            }
        }
        Some(RunCommand::Begin(begin)) => {
            let request = RunRequest { process: begin.pid, ..request(context, begin.flags, Vec::new()) };
            let begun = apart::begin(&project, &context.cwd, &request, &progress)?;
            match context.ui.json {
                true => context.ui.json("mlprov.run-begin/1", &begun),
                false => context.ui.answer(&format!("{}\n", begun.run)),
            }
            return Ok(0);
        }
        Some(RunCommand::End(end)) => {
            let status = end.status.map(RunStatus::from);
            let ending = Ending { status, exit_code: end.exit_code };
            let mut report = apart::end(&project, &context.cwd, &end.id, &ending, &progress)?;
            // That it failed is no news to who says so.
            if !ending.is_good() {
                report.exit_code = 0;
            }
            report
        }
    };
    if project.launch.is_some() && report.index.is_none() {
        report.index = capsule::deliver_end(&project, &report, &progress)?;
    }
    // The command's own output stands on stdout; ours goes beside it, unless it was asked for.
    if context.ui.json {
        context.ui.json("mlprov.run/1", &report);
    } else {
        context.ui.status(text(&report).trim_end());
    }
    Ok(u8::try_from(report.exit_code).unwrap_or(1))
}

/// What it makes is in the store when the work tree goes.
fn in_own_tree(
    context: &Context,
    project: &Project,
    request: &RunRequest,
    progress: &dyn Progress,
) -> Result<RunReport, AppError> {
    let own = worktree::lay_out(project, &context.cwd, request)?;
    let report = run::run(&compose::open(&own.cwd, false)?, &own.cwd, &own.request, progress)?;
    if !report.outputs.is_empty() {
        context.ui.hint(format!(
            "mlprov restore --run {}   # brings what it made into this work tree",
            report.short
        ));
    }
    Ok(report)
}

fn request(context: &Context, flags: RunFlags, command: Vec<OsString>) -> RunRequest {
    RunRequest {
        name: flags.name,
        inputs: flags.inputs,
        outputs: flags.outputs,
        metrics: flags.metrics,
        params: flags.params,
        set: flags.set,
        requirements: flags.requirements,
        sweep: flags.sweep,
        rehash: flags.rehash,
        parents: Vec::new(),
        keep_output: !flags.no_log,
        model: flags.model.zip(flags.model_group),
        image: flags.image,
        require_clean: flags.require_clean,
        process: None,
        stdout_is_ours: context.ui.json,
        command,
    }
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
    match report.index {
        Some(index) => out.push_str(&format!(", recorded at index {index}\n")),
        None => out.push_str(", recorded here; it waits for the ledger (mlprov sync)\n"),
    }
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
        let how = if report.deployable == Some(false) { format::NOT_DEPLOYABLE } else { "" };
        out.push_str(&format!("  model    {arn}{how}\n"));
    }
    for note in &report.notes {
        out.push_str(&format!("  note     {}\n", visible(note)));
    }
    out
}
