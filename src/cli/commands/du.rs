use crate::app::AppError;
use crate::app::storage::du;
use crate::app::storage::du::DuReport;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::format::count;
use crate::cli::ui;

pub fn run(context: &Context) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let report = du::du(&project)?;
    if context.ui.json {
        context.ui.json("mlprov.du/1", &report);
        return Ok(0);
    }
    context.ui.answer(&text(&report));
    Ok(0)
}

fn text(report: &DuReport) -> String {
    let rows = report.datasets.iter().map(|d| {
        let place = match (d.in_head, d.in_work_tree) {
            (true, true) => "",
            (true, false) => "HEAD only",
            _ => "work tree only",
        };
        let missing = match d.missing {
            None => "its manifest is not here".to_owned(),
            Some(0) => String::new(),
            Some(n) => format!("{} not here", count(n, "content")),
        };
        let stored = format!("{} stored", format::bytes(d.stored.bytes));
        let name = format::visible(d.path.as_str());
        vec![name, format::files(d.files), format::bytes(d.bytes), stored, place.to_owned(), missing]
    });
    let mut out = format::table(&rows.collect::<Vec<_>>());
    let line = |what: &str, n: u64, word: &str, bytes: u64| {
        vec![what.to_owned(), count(n, word), format::bytes(bytes)]
    };
    let (store, objects, free) = (&report.store, &report.objects, &report.unreferenced);
    out.push_str(&format::table(&[
        line("Store", store.contents, "content", store.bytes),
        line("  objects", objects.contents, "file", objects.bytes),
        line("  packs", report.packs, "file", report.pack_bytes),
        line("  nothing refers to", free.contents, "content", free.bytes),
    ]));
    for why in &report.unknown {
        out.push_str(&format!("{} {}\n", ui::paint(ui::YELLOW, "unknown"), format::visible(why)));
    }
    out
}
