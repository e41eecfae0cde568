use crate::app::AppError;
use crate::app::show;
use crate::app::show::ShowReport;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::ShowArgs;
use crate::cli::compose;
use crate::cli::format::visible;
use crate::cli::hints;
use crate::cli::ui;
use serde_json::Value;

pub fn run(context: &Context, args: ShowArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let report = show::show(&project, &context.cwd, &args.id)?;
    if context.ui.json {
        context.ui.json("mlprov.show/1", &report);
        return Ok(0);
    }
    context.ui.answer(&text(&report));
    context.ui.hint(format!("mlprov verify {}   # checks all of it", hints::quote(&args.id)));
    Ok(0)
}

fn text(report: &ShowReport) -> String {
    let mut out = format!("{}\n", report.target);
    for entry in &report.entries {
        let body = &entry.statement["predicate"];
        let kind = body["kind"].as_str().unwrap_or("unknown");
        let of = if entry.log == report.log { String::new() } else { format!(" of log {}", entry.log) };
        let at = match entry.index {
            Some(index) => format!("index {index}{of}"),
            None => "waits for the shared ledger; `mlprov sync`".to_owned(),
        };
        out.push_str(&format!("\n{} ({at})\n", ui::paint(ui::BOLD, kind)));
        out.push_str(&format!("  entry      {}\n  leaf hash  {}\n", entry.id, entry.leaf_hash));
        tree(body, 1, &mut out);
        if !entry.unknown_fields.is_empty() {
            out.push_str(&format!("  not known to this version: {}\n", entry.unknown_fields.join(", ")));
        }
    }
    out
}

/// The signed fields, indented; short objects on one line.
fn tree(value: &Value, depth: usize, out: &mut String) {
    let pad = "  ".repeat(depth);
    let Some(map) = value.as_object() else { return };
    for (key, value) in map {
        let key = &visible(key);
        if depth == 1 && matches!(key.as_str(), "kind" | "id") {
            continue;
        }
        match value {
            Value::Object(_) => {
                out.push_str(&format!("{pad}{key}\n"));
                tree(value, depth + 1, out);
            }
            Value::Array(items) if items.iter().any(Value::is_object) => {
                out.push_str(&format!("{pad}{key}\n"));
                for item in items {
                    match (item["name"].as_str(), item["value"].as_str()) {
                        (Some(name), Some(value)) => {
                            out.push_str(&format!("{pad}  {} = {}\n", visible(name), visible(value)));
                        }
                        _ => {
                            let name = item["name"].as_str().unwrap_or("-");
                            out.push_str(&format!("{pad}  {}\n", visible(name)));
                            tree(item, depth + 2, out);
                        }
                    }
                }
            }
            Value::Array(items) => {
                let words: Vec<String> = items.iter().map(scalar).collect();
                out.push_str(&format!("{pad}{key:10} {}\n", words.join(" ")));
            }
            scalar_value => out.push_str(&format!("{pad}{key:10} {}\n", scalar(scalar_value))),
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => visible(text),
        other => other.to_string(),
    }
}
