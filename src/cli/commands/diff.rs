use crate::app::AppError;
use crate::app::diff;
use crate::app::diff::CodeDifference;
use crate::app::diff::Count;
use crate::app::diff::DatasetDifference;
use crate::app::diff::DiffReport;
use crate::app::diff::DiffRequest;
use crate::app::diff::FileDifference;
use crate::app::diff::State;
use crate::app::diff::ValueDifference;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::DiffArgs;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::ui;

/// Files of a dataset that are listed without `--all`.
const SHOWN: usize = 50;

pub fn run(context: &Context, args: DiffArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let request = DiffRequest { a: args.a, b: args.b, paths: args.paths };
    let report = diff::diff(&project, &context.cwd, &request, &context.ui.progress())?;
    let exit = u8::from(args.exit_code && !report.is_empty());
    if context.ui.json {
        context.ui.json("mlprov.diff/1", &report);
        return Ok(exit);
    }
    context.ui.answer(&text(&report, if args.all { usize::MAX } else { SHOWN }));
    for what in report.code.iter().flat_map(|code| &code.not_checked) {
        context.ui.status(format!("not compared: {}", format::visible(what)));
    }
    report.waiting.iter().for_each(|waiting| context.ui.status(format::waiting(waiting)));
    Ok(exit)
}

fn text(report: &DiffReport, shown: usize) -> String {
    let mut out = String::new();
    if let Some([a, b]) = report.commits.as_ref().filter(|[a, b]| a != b) {
        out.push_str(&format!("commit  {} -> {}\n", short(a), short(b)));
    }
    out.push_str(&report.code.as_ref().map(|difference| code(difference, shown)).unwrap_or_default());
    for d in &report.datasets {
        out.push_str(&summary(d));
        d.files.iter().take(shown).for_each(|file| out.push_str(&line(file)));
        if d.files.len() > shown {
            out.push_str(&format!("  and {} more (--all lists them)\n", d.files.len() - shown));
        }
    }
    out.push_str(&values("parameters", &report.parameters));
    out.push_str(&values("metrics", &report.metrics));
    out.push_str(&values("environment", &report.environment));
    if out.is_empty() {
        out.push_str(&format!("no difference between {} and {}\n", report.a, report.b));
    }
    out
}

fn code(code: &CodeDifference, shown: usize) -> String {
    let mut out = String::new();
    if let Some(why) = &code.not_compared {
        out.push_str(&format!("{}: not compared: {}\n", ui::paint(ui::BOLD, "code"), format::visible(why)));
    }
    if !code.files.is_empty() {
        out.push_str(&format!("{}:\n", ui::paint(ui::BOLD, "code")));
        for file in code.files.iter().take(shown) {
            let (style, verb) = verb(file.state);
            out.push_str(&format!("  {} {}\n", ui::paint(style, verb), format::visible(&file.path)));
        }
        if code.files.len() > shown {
            out.push_str(&format!("  and {} more (--all lists them)\n", code.files.len() - shown));
        }
    }
    out
}

fn verb(state: State) -> (anstyle::Style, &'static str) {
    match state {
        State::Added => (ui::GREEN, "added  "),
        State::Removed => (ui::RED, "removed"),
        State::Renamed => (ui::YELLOW, "renamed"),
        State::Changed => (ui::YELLOW, "changed"),
    }
}

fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

fn summary(d: &DatasetDifference) -> String {
    let part = |what: &str, count: Count| {
        (count.files > 0).then(|| format!("{} {what} ({})", count.files, format::bytes(count.bytes)))
    };
    let parts = [
        part("added", d.added),
        part("removed", d.removed),
        part("changed", d.changed),
        part("renamed", d.renamed),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    let path = format::visible(d.path.as_str());
    format!("{}: {}\n", ui::paint(ui::BOLD, path), parts.join(", "))
}

fn line(file: &FileDifference) -> String {
    let size = |bytes: Option<u64>| bytes.map_or_else(|| "size unknown".to_owned(), format::bytes);
    let path = format::visible(file.path.as_str());
    let (style, verb) = verb(file.state);
    let what = match (file.state, &file.from) {
        (State::Added, _) => format!("{path}  {}", size(file.b_bytes)),
        (State::Removed, _) => format!("{path}  {}", size(file.a_bytes)),
        (State::Renamed, Some(from)) => format!("{path}  (was {})", format::visible(from.as_str())),
        _ => format!("{path}  {} -> {}", size(file.a_bytes), size(file.b_bytes)),
    };
    format!("  {} {what}\n", ui::paint(style, verb))
}

fn values(what: &str, differences: &[ValueDifference]) -> String {
    if differences.is_empty() {
        return String::new();
    }
    let cell = |value: &Option<String>| value.as_deref().map_or_else(|| "-".to_owned(), format::visible);
    let rows = differences.iter().map(|d| {
        let source = d.source.as_ref().map(|s| format!("({})", format::visible(s.as_str())));
        let change = format!("{} -> {}", cell(&d.a), cell(&d.b));
        vec![format!("  {}", format::visible(&d.name)), change, source.unwrap_or_default()]
    });
    format!("{}:\n{}", ui::paint(ui::BOLD, what), format::table(&rows.collect::<Vec<_>>()))
}
