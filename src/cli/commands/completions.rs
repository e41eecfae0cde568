use crate::app::AppError;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args;
use crate::cli::args::CompletionsArgs;

pub fn run(context: &Context, args: CompletionsArgs) -> Result<Exit, AppError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut args::command(), "mlprov", &mut script);
    if context.ui.json {
        let script = String::from_utf8_lossy(&script);
        context.ui.json("mlprov.completions/1", &serde_json::json!({ "script": script }));
        return Ok(0);
    }
    context.ui.raw(&String::from_utf8_lossy(&script));
    Ok(0)
}
