use crate::app::AppError;
use crate::app::storage::prune;
use crate::app::storage::prune::Leftover;
use crate::app::storage::prune::PruneReport;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::PruneArgs;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::format::count;
use crate::cli::ui;

/// Named in text; `--json` has all.
const NAMED: usize = 50;

pub fn run(context: &Context, args: PruneArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let report = match args.force {
        true => prune::carry_out(&project)?,
        false => prune::look(&project)?,
    };
    let exit = if report.unknown.is_empty() { 0 } else { 3 };
    if context.ui.json {
        context.ui.json("mlprov.prune/1", &report);
        return Ok(exit);
    }
    context.ui.answer(&text(&report));
    if exit == 0 && !args.force && report.removable.contents + report.cached.contents > 0 {
        context.ui.hint("mlprov prune --force   # removes them");
    }
    Ok(exit)
}

fn text(report: &PruneReport) -> String {
    let mut out = String::new();
    for why in &report.unknown {
        out.push_str(&format!("{} {}\n", ui::paint(ui::YELLOW, "unknown"), format::visible(why)));
    }
    let (removable, stuck): (Vec<&Leftover>, Vec<&Leftover>) =
        report.leftovers.iter().partition(|leftover| leftover.removable);
    let verb = if report.removed { "removed" } else { "would remove" };
    let row = |l: &&Leftover| {
        let pack = l.pack.as_ref().map_or(String::new(), |p| format!(" (pack {p})"));
        vec![
            format!("  b3:{}", &l.blake3.to_string()[..12]),
            format::bytes(l.size),
            l.path.as_deref().map_or("-".to_owned(), format::visible),
            format!("{}{pack}", l.why),
        ]
    };
    let mut list = |verb: &str, amount: &prune::Amount, all: &[&Leftover]| {
        if all.is_empty() {
            return;
        }
        let (what, bytes) = (count(amount.contents, "content"), format::bytes(amount.bytes));
        out.push_str(&format!("{verb} {what}, {bytes}\n"));
        out.push_str(&format::table(&all.iter().take(NAMED).map(row).collect::<Vec<_>>()));
        if all.len() > NAMED {
            out.push_str(&format!("  and {} more (--json lists all)\n", all.len() - NAMED));
        }
    };
    let verb = if report.unknown.is_empty() { verb } else { "not removed, for what is unknown:" };
    list(verb, &report.removable, &removable);
    list("not removable:", &report.stuck, &stuck);
    if report.leftovers.is_empty() {
        out.push_str("Nothing to remove: everything stored is referred to.\n");
    }
    if report.cached.contents > 0 {
        let (what, bytes) = (count(report.cached.contents, "content"), format::bytes(report.cached.bytes));
        let verb = if report.removed { "removed" } else { "would remove" };
        out.push_str(&format!("{verb} {what}, {bytes}, from this clone: the bucket has them as well\n"));
    }
    let kept = [
        (&report.kept_by_log, "named by entries of a log"),
        (&report.kept_by_pointers, "named by pointers only"),
        (&report.kept_by_clone, "named by the registry or this clone only"),
    ];
    for (amount, by) in kept.into_iter().filter(|(amount, _)| amount.contents > 0) {
        let (what, bytes) = (count(amount.contents, "content"), format::bytes(amount.bytes));
        out.push_str(&format!("kept {what}, {bytes}: {by}\n"));
    }
    out
}
