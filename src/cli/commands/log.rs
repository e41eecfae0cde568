use crate::app::AppError;
use crate::app::log;
use crate::app::log::LogRequest;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::LogArgs;
use crate::cli::compose;
use crate::cli::format;

pub fn run(context: &Context, args: LogArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let report = log::log(&project, &LogRequest { kind: args.kind, limit: args.limit })?;
    if context.ui.json {
        context.ui.json("mlprov.log/1", &report);
        return Ok(0);
    }
    let rows: Vec<Vec<String>> = report
        .entries
        .iter()
        .map(|e| {
            let id = e.run.map_or_else(|| e.id.short(), |r| r.short());
            let what = match (&e.name, &e.status) {
                (Some(name), Some(status)) => format!("{name} {status}"),
                (None, Some(status)) => status.clone(),
                _ => String::new(),
            };
            let of = if e.log == report.log { String::new() } else { format!("(log {})", e.log.tail()) };
            vec![
                id,
                e.time.as_ref().map(crate::domain::time::Timestamp::to_seconds).unwrap_or_default(),
                e.kind.clone(),
                e.commit.as_ref().map(|c| c.short().to_owned()).unwrap_or_default(),
                format::visible([what, e.summary.clone(), of].join(" ").trim()),
            ]
        })
        .collect();
    context.ui.answer(&format::table(&rows));
    // Not part of the log: so not part of the answer.
    report.waiting.iter().for_each(|waiting| context.ui.status(format::waiting(waiting)));
    Ok(0)
}
