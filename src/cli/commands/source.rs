use crate::app::AppError;
use crate::app::capsule;
use crate::app::capsule::ExportReport;
use crate::app::capsule::ExportRequest;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::SourceArgs;
use crate::cli::args::SourceCommand;
use crate::cli::compose;
use crate::cli::format::visible;
use crate::cli::ui;

pub fn run(context: &Context, args: SourceArgs) -> Result<Exit, AppError> {
    let project = compose::open_patiently(&context.cwd)?;
    let args = match args.command {
        SourceCommand::Export(args) => args,
        SourceCommand::Extend(args) => {
            let extended = capsule::extend(&project, &context.cwd.join(args.capsule), args.valid_for)?;
            match context.ui.json {
                true => context.ui.json("mlprov.source-extend/1", &extended),
                false => {
                    let (run, until, index) = (extended.run.short(), &extended.not_after, extended.index);
                    context.ui.answer(&format!("Run {run} may be recorded until {until} (index {index})\n"));
                }
            }
            return Ok(0);
        }
    };
    let request = ExportRequest {
        file: context.cwd.join(args.output),
        valid_for: args.valid_for,
        require_clean: args.require_clean,
    };
    let report = capsule::export(&project, &request)?;
    match context.ui.json {
        true => context.ui.json("mlprov.source-export/1", &report),
        false => {
            context.ui.answer(&text(&report));
            let (key, file) = (report.key_file.display(), report.file.display());
            context.ui.hint(format!("MLPROV_WRITER_KEY=\"$(cat {key})\" mlprov run --source {file} -- CMD"));
        }
    }
    Ok(0)
}

fn text(report: &ExportReport) -> String {
    let mut out = format!(
        "Capsule for run {}, delegated at index {}\n  file     {}\n  key      {} (secret)\n  until    {}\n  commit   {} ({})\n",
        ui::paint(ui::BOLD, &report.short),
        report.index,
        visible(&report.file.to_string_lossy()),
        visible(&report.key_file.to_string_lossy()),
        report.not_after,
        &report.commit[..10],
        report.state,
    );
    if !report.inputs.is_empty() {
        out.push_str(&format!("  data     {}\n", visible(&report.inputs.join(", "))));
    }
    for note in &report.notes {
        out.push_str(&format!("  note     {}\n", visible(note)));
    }
    out
}
