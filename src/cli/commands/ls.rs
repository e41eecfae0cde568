use crate::app::AppError;
use crate::app::ls;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::LsArgs;
use crate::cli::compose;
use crate::cli::format;

pub fn run(context: &Context, args: LsArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    if let (true, Some(path)) = (args.manifest, &args.path) {
        let manifest = ls::manifest(&project, &context.cwd, path, args.rev.as_deref())?;
        if context.ui.json {
            context.ui.json("mlprov.manifest/1", &serde_json::json!({ "manifest": manifest }));
        } else {
            context.ui.raw(&manifest);
        }
        return Ok(0);
    }
    let report = ls::ls(&project, &context.cwd, args.path.as_ref(), args.rev.as_deref())?;
    if context.ui.json {
        context.ui.json("mlprov.ls/1", &report);
        return Ok(0);
    }
    let rows: Vec<Vec<String>> = report
        .datasets
        .iter()
        .map(|d| {
            vec![
                format::visible(d.path.as_str()),
                format::files(d.files),
                format::bytes(d.bytes),
                format!("b3:{}", &d.blake3.to_string()[..12]),
                if d.stored { String::new() } else { "not stored here".to_owned() },
            ]
        })
        .collect();
    context.ui.answer(&format::table(&rows));
    if report.datasets.is_empty() {
        context.ui.status("Nothing is tracked.");
        context.ui.hint("mlprov track data/");
    }
    Ok(0)
}
