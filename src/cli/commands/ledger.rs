use crate::app::AppError;
use crate::app::ledger::adopt;
use crate::app::ledger::audit;
use crate::app::ledger::audit::AuditReport;
use crate::app::ledger::export;
use crate::app::ledger::proofs;
use crate::app::ledger::status;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::LedgerArgs;
use crate::cli::args::LedgerCommand;
use crate::cli::compose;
use crate::cli::format::visible;
use crate::cli::ui;
use crate::ports::StoreError;

pub fn run(context: &Context, args: LedgerArgs) -> Result<Exit, AppError> {
    let project = compose::open_own_log(&context.cwd)?;
    let ui = &context.ui;
    match args.command {
        LedgerCommand::Status => {
            let report = status::status(&project)?;
            if ui.json {
                ui.json("mlprov.ledger-status/1", &report);
                return Ok(0);
            }
            let vkey = report.vkey.as_deref().unwrap_or("(the key is not here)");
            ui.answer(&format!(
                "log        {}\norigin     {}\nentries    {}, of which {} are published\nroot       {}\nkey        {vkey}\n",
                report.log, report.origin, report.size, report.published, report.root
            ));
        }
        LedgerCommand::Checkpoint { publish } => {
            let note = match publish {
                true => status::publish(&project)?,
                false => status::checkpoint(&project)?,
            };
            if ui.json {
                ui.json("mlprov.ledger-checkpoint/1", &serde_json::json!({ "checkpoint": note }));
            } else {
                ui.raw(&note);
            }
        }
        LedgerCommand::Prove { id, output } => {
            let report = proofs::prove(&project, &context.cwd, &id)?;
            match &output {
                Some(file) => {
                    let place = context.cwd.join(file);
                    std::fs::write(&place, &report.proof)
                        .map_err(|e| StoreError::io("write", place.display(), e))?;
                    ui.status(format!(
                        "entry {} (index {}) is proved in {}",
                        report.entry,
                        report.index,
                        file.display()
                    ));
                }
                None if !ui.json => ui.raw(&report.proof),
                None => {}
            }
            if ui.json {
                ui.json("mlprov.ledger-proof/1", &report);
            }
        }
        LedgerCommand::CheckProof { file, trust } => {
            let project = compose::with_trust(project, &context.cwd, &trust)?;
            let place = context.cwd.join(&file);
            let text =
                std::fs::read_to_string(&place).map_err(|e| StoreError::io("read", place.display(), e))?;
            let report = proofs::check(&text, &project.pins()?)?;
            if ui.json {
                ui.json("mlprov.ledger-check-proof/1", &report);
            } else {
                ui.answer(&format!(
                    "{} entry {} ({}) is entry {} of {} in {}\n",
                    ui::paint(ui::GREEN, "proved:"),
                    report.entry,
                    report.kind,
                    report.index,
                    report.size,
                    report.origin
                ));
                ui.status(
                    "Not checked: the writer's signature, data, code. That is what `mlprov verify` does.",
                );
            }
        }
        LedgerCommand::Audit { from_dir, structure_only, remote, versions, trust } => {
            let project = compose::with_trust(project, &context.cwd, &trust)?;
            let progress = ui.progress();
            let report = match from_dir {
                None if remote => audit::audit_remote(&project, structure_only, versions, &progress)?,
                None => audit::audit(&project, structure_only, &progress)?,
                Some(dir) => {
                    let (id, dir) = (project.config.project.id, context.cwd.join(dir));
                    audit::audit_dir(id, &dir, &project.pins()?, structure_only, &progress)?
                }
            };
            if ui.json {
                ui.json("mlprov.ledger-audit/1", &report);
            } else {
                ui.answer(&audit_text(&report));
            }
            return Ok(report.exit_code);
        }
        LedgerCommand::Export { dir } => {
            let report = export::export(&project, &context.cwd.join(dir), &ui.progress())?;
            if ui.json {
                ui.json("mlprov.ledger-export/1", &report);
            } else {
                ui.answer(&format!(
                    "{} entries, root {}, in {}\n",
                    report.size,
                    report.root,
                    report.dir.display()
                ));
            }
        }
        LedgerCommand::Adopt => {
            let report = adopt::adopt(&project)?;
            if ui.json {
                ui.json("mlprov.ledger-adopt/1", &report);
            } else {
                ui.answer(&format!(
                    "Log {} goes on as {}, with {} entries\n  the old one is kept in {}\n",
                    report.predecessor, report.log, report.entries, report.kept
                ));
            }
        }
        LedgerCommand::Reindex => {
            let report = status::reindex(&project)?;
            if ui.json {
                ui.json("mlprov.ledger-reindex/1", &report);
            } else {
                ui.answer(&format!("{} entries, root {}\n", report.size, report.root));
                if let Some(indexed) = report.indexed {
                    ui.status(format!("the query index covers {indexed} entries"));
                }
            }
        }
    }
    Ok(0)
}

fn audit_text(report: &AuditReport) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let place = finding.index.map_or_else(String::new, |i| format!(" {i}"));
        out.push_str(&format!(
            "{} {}{place}: {}\n",
            ui::paint(ui::RED, "finding"),
            finding.what,
            finding.detail
        ));
    }
    if report.finding_count > report.findings.len() as u64 {
        out.push_str(&format!("and {} more\n", report.finding_count - report.findings.len() as u64));
    }
    if let Some(remote) = &report.remote {
        for remark in &remote.remarks {
            out.push_str(&format!("remark {}: {}\n", visible(&remark.what), visible(&remark.detail)));
        }
        out.push_str(&format!("bucket: {} entries in {} objects\n", remote.size, remote.objects));
    }
    let style = match report.exit_code {
        0 => ui::GREEN,
        1 => ui::RED,
        _ => ui::YELLOW,
    };
    out.push_str(&format!(
        "{}: {} entries, root {}, {} signatures checked, {} checkpoints agree, {} findings\n",
        ui::paint(style, report.result),
        report.size,
        report.root,
        report.signatures,
        report.checkpoints,
        report.finding_count
    ));
    out
}
