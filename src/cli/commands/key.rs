use crate::app::AppError;
use crate::app::keys;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::KeyArgs;
use crate::cli::args::KeyCommand;
use crate::cli::compose;

pub fn run(context: &Context, args: KeyArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let ui = &context.ui;
    match args.command {
        KeyCommand::Show { vkey } => {
            let report = keys::show(&project)?;
            if ui.json {
                ui.json("mlprov.key/1", &report);
            } else if vkey {
                ui.answer(&format!("{}\n", report.vkey));
            } else {
                let pinned = if report.pinned { "pinned by you" } else { "not pinned by you" };
                ui.answer(&format!(
                    "writer  {}\n        {}\nlog     {} ({pinned})\n        {}\n",
                    report.writer, report.writer_public_key, report.log, report.vkey
                ));
            }
        }
        KeyCommand::Trust { vkey } => {
            let report = keys::trust(&project, &vkey)?;
            if ui.json {
                ui.json("mlprov.key-trust/1", &report);
            } else {
                let what = if report.added { "is trusted from now on" } else { "was trusted already" };
                ui.answer(&format!("{} {what}\n", report.vkey));
            }
        }
    }
    Ok(0)
}
