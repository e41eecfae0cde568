use crate::app::AppError;
use crate::app::keys;
use crate::app::record::Receipt;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::KeyArgs;
use crate::cli::args::KeyCommand;
use crate::cli::compose;
use crate::cli::format;

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
        KeyCommand::List => {
            let writers = keys::list(&project)?;
            if ui.json {
                ui.json("mlprov.key-list/1", &serde_json::json!({ "writers": writers }));
                return Ok(0);
            }
            let rows: Vec<Vec<String>> = writers
                .iter()
                .map(|w| {
                    let right = match (w.revoked, w.admin) {
                        (true, _) => "revoked",
                        (false, true) => "admin",
                        (false, false) => "writer",
                    };
                    let own = if w.own { "(you)" } else { "" };
                    vec![w.key.short(), right.to_owned(), own.to_owned(), w.public_key.clone()]
                })
                .collect();
            ui.answer(&format::table(&rows));
        }
        KeyCommand::Request => {
            let line = keys::request(&project)?;
            if ui.json {
                ui.json("mlprov.key-request/1", &line);
            } else {
                ui.answer(&format!("{}\n", line.public_key));
                ui.hint(format!("an admin of the log runs: mlprov key admit {}", line.public_key));
            }
        }
        KeyCommand::Admit { key, admin } => {
            let receipt = keys::admit(&project, &key, admin)?;
            changed(context, &receipt, "admitted from the next entry on");
        }
        KeyCommand::Revoke { key } => {
            let receipt = keys::revoke(&project, &key)?;
            changed(context, &receipt, "revoked from the next entry on");
        }
        KeyCommand::Rotate => {
            let report = keys::rotate(&project)?;
            if ui.json {
                ui.json("mlprov.key-rotate/1", &report);
            } else {
                let (old, new) = (report.old.short(), report.new.short());
                ui.answer(&format!(
                    "{new} writes to this log from now on ({}); {old} no longer\n",
                    format::at(report.index)
                ));
                ui.status("Back up your keys again. Other logs of yours go on with the key that they know.");
            }
        }
        KeyCommand::Export => {
            let rules = keys::export(&project)?;
            if ui.json {
                ui.json("mlprov.key-export/1", &serde_json::json!({ "rules": rules }));
            } else {
                ui.raw(&rules);
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

fn changed(context: &Context, receipt: &Receipt, what: &str) {
    if context.ui.json {
        context.ui.json("mlprov.key-change/1", receipt);
    } else {
        context.ui.answer(&format!("{what} (entry {}, {})\n", receipt.id.short(), format::at(receipt.index)));
    }
}
