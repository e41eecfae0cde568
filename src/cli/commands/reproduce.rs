use crate::app::AppError;
use crate::app::reproduce;
use crate::app::reproduce::Compared;
use crate::app::reproduce::Difference;
use crate::app::reproduce::LaidOut;
use crate::app::run;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::ReproduceArgs;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::hints::quote;
use crate::domain::entry::RunStatus;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    #[serde(flatten)]
    laid_out: &'a LaidOut,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<&'a Compared>,
}

pub fn run(context: &Context, args: ReproduceArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let progress = context.ui.progress();
    let laid_out = reproduce::lay_out(&project, &context.cwd, &args.id, &args.to, &progress)?;
    let compared = match args.execute {
        false => None,
        true => {
            let mut request = reproduce::request(&project, &context.cwd, &laid_out)?;
            request.stdout_is_ours = true;
            let there = laid_out.directory.join(&laid_out.cwd);
            let again = run::run(&compose::open(&there, false)?, &there, &request, &progress)?;
            Some(reproduce::compare(&project, &context.cwd, laid_out.run, again)?)
        }
    };
    if context.ui.json {
        context.ui.json("mlprov.reproduce/1", &Report { laid_out: &laid_out, compared: compared.as_ref() });
    } else {
        context.ui.answer(&text(&laid_out));
        if let Some(compared) = &compared {
            context.ui.answer(&comparison(compared));
        }
        if args.execute {
            context.ui.hint(format!("git worktree remove --force {}", quote(&args.to.display().to_string())));
        }
    }
    let same = |c: &Compared| c.different.is_empty() && c.again.status == RunStatus::Complete;
    Ok(Exit::from(!compared.as_ref().is_none_or(same)))
}

fn text(laid: &LaidOut) -> String {
    let code = if laid.patched { "with what differed from it" } else { "as it is" };
    let mut out =
        format!("Run {} in {}\n", laid.run.short(), format::visible(&laid.directory.display().to_string()));
    out.push_str(&format!("  commit   {} ({code})\n", &laid.commit[..10]));
    let inputs: Vec<&str> = laid.inputs.iter().map(|path| path.as_str()).collect();
    if !inputs.is_empty() {
        out.push_str(&format!("  inputs   {}\n", format::visible(&inputs.join(", "))));
    }
    for difference in &laid.environment {
        out.push_str(&format!("  other    {}\n", line(difference)));
    }
    let words: Vec<String> = laid.command.iter().map(|word| quote(word)).collect();
    let there = laid.directory.join(&laid.cwd);
    let there = if laid.cwd == "." { laid.directory.clone() } else { there };
    out.push_str(&format!(
        "  command  cd {} && {}\n",
        quote(&there.display().to_string()),
        format::visible(&words.join(" "))
    ));
    out
}

fn comparison(compared: &Compared) -> String {
    let mut out = format!("Run again as {} {}\n", compared.again.short, compared.again.status);
    for name in &compared.same {
        out.push_str(&format!("  same       {}\n", format::visible(name)));
    }
    for difference in &compared.different {
        out.push_str(&format!("  different  {}\n", line(difference)));
    }
    out
}

fn line(d: &Difference) -> String {
    let value = |text: &str| if text.is_empty() { "(none)".to_owned() } else { text.to_owned() };
    format::visible(&format!("{}: {} -> {}", d.what, value(&d.recorded), value(&d.found)))
}
