use crate::app::AppError;
use crate::app::verify;
use crate::app::verify::Level;
use crate::app::verify::Verdict;
use crate::app::verify::VerifyReport;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::VerifyArgs;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::ui;

pub fn run(context: &Context, args: VerifyArgs) -> Result<Exit, AppError> {
    let project = compose::with_trust(compose::open(&context.cwd, false)?, &context.cwd, &args.trust)?;
    let level = if args.deep { Level::Deep } else { Level::Default };
    let reports = verify::verify(&project, &context.cwd, &args.ids, level, &context.ui.progress())?;
    // Precedence 1 > 4 > 3 > 0.
    let exits: Vec<u8> = reports.iter().map(|r| r.exit_code).collect();
    let exit = [1, 4, 3].into_iter().find(|e| exits.contains(e)).unwrap_or(0);
    if context.ui.json {
        context.ui.json("mlprov.verify/1", &serde_json::json!({ "exitCode": exit, "reports": reports }));
        return Ok(exit);
    }
    for report in &reports {
        context.ui.answer(&text(report));
        for hint in report.links.iter().filter_map(|l| l.hint.as_deref()) {
            context.ui.hint(hint);
        }
    }
    Ok(exit)
}

fn text(report: &VerifyReport) -> String {
    let mut out = format!("{}\n", report.target);
    for link in &report.links {
        let style = match link.verdict {
            Verdict::Intact => ui::GREEN,
            v if v.exit() == 1 => ui::RED,
            _ => ui::YELLOW,
        };
        let verdict = ui::paint(style, format!("{:11}", link.verdict.to_string()));
        let subject = format::visible(&link.subject);
        let what = if subject.is_empty() { link.link.to_owned() } else { format!("{} {subject}", link.link) };
        out.push_str(&format!("  {verdict} {what}: {}\n", format::visible(&link.detail)));
    }
    let bad = report.links.iter().filter(|l| l.verdict != Verdict::Intact).count();
    let total = report.links.len();
    let conclusion = match report.exit_code {
        0 => ui::paint(ui::GREEN, format!("verified: all {total} links are intact")),
        1 => ui::paint(ui::RED, format!("FAILED: {bad} of {total} links are not intact")),
        _ => ui::paint(ui::YELLOW, format!("incomplete: {bad} of {total} links could not be confirmed")),
    };
    out.push_str(&format!("{conclusion} (level: {})\n", report.level));
    out.push_str(&format!("Not checked: {}\n", report.not_checked.join("; ")));
    out
}
