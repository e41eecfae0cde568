use crate::app::AppError;
use crate::app::hooks;
use crate::app::hooks::HookReport;
use crate::app::hooks::HookState;
use crate::app::hooks::HooksReport;
use crate::app::hooks::HooksRequest;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::HooksArgs;
use crate::cli::args::HooksCommand;
use crate::cli::compose;
use crate::cli::format;
use crate::config::Config;
use crate::git::repo::Repo;
use crate::ports::StoreError;
use std::path::Path;

pub fn run(context: &Context, args: HooksArgs) -> Result<Exit, AppError> {
    let repo = Repo::open(&context.cwd, false)?;
    // Only a project has something to record.
    let (config, _) = Config::load(repo.root())?;
    let program = compose::own_program()
        .ok_or_else(|| StoreError::Missing { what: "the path of this program".to_owned() })?;
    let only = match &args.command {
        HooksCommand::Install { hooks } | HooksCommand::Uninstall { hooks } => hooks.clone(),
        HooksCommand::Status => Vec::new(),
    };
    let trailer = config.hooks.checkpoint_trailer;
    let request = HooksRequest { program: &program, only: &only, trailer, shared: true };
    let (schema, report) = match args.command {
        HooksCommand::Install { .. } => ("mlprov.hooks-install/1", hooks::install(&repo, &request)?),
        HooksCommand::Uninstall { .. } => ("mlprov.hooks-uninstall/1", hooks::uninstall(&repo, &only)?),
        HooksCommand::Status => ("mlprov.hooks-status/1", hooks::status(&repo, &request)?),
    };
    let wanting =
        |h: &&HookReport| matches!(h.state, HookState::Missing | HookState::Outdated | HookState::Twice);
    let wanting = report.hooks.iter().filter(wanting).count();
    if context.ui.json {
        context.ui.json(schema, &report);
    } else {
        context.ui.answer(&text(repo.root(), &report));
        tell_left_alone(context, &report);
        if wanting > 0 {
            context.ui.hint("mlprov hooks install");
        }
    }
    Ok(Exit::from(wanting > 0))
}

/// What a person must do for hooks that were left alone.
pub fn tell_left_alone(context: &Context, report: &HooksReport) {
    for hook in report.hooks.iter().filter(|h| h.state == HookState::LeftAlone) {
        if report.lefthook.is_some() && hook.why.as_deref() == Some("by lefthook") {
            continue;
        }
        let why = hook.why.as_deref().unwrap_or("");
        context.ui.warning(format!("the hook {} was left alone: {why}", hook.name));
        context.ui.hint(format!("call this in it yourself: mlprov hook {} \"$@\"", hook.name));
    }
    if let Some(snippet) = &report.lefthook {
        context.ui.warning(format!(
            "lefthook runs hooks of these names, and its local configuration has its own; put this there:\n{snippet}"
        ));
    }
}

fn text(root: &Path, report: &HooksReport) -> String {
    if report.hooks.is_empty() {
        return "No hook calls mlprov.\n".to_owned();
    }
    let row = |h: &HookReport| {
        let word = match h.state {
            HookState::Installed => "installed",
            HookState::ByConfig => "by config",
            HookState::Added => "added",
            HookState::Updated => "updated",
            HookState::Removed => "removed",
            HookState::Missing => "missing",
            HookState::Outdated => "outdated",
            HookState::Twice => "twice",
            HookState::LeftAlone => "left alone",
        };
        let file = h.file.as_ref().map(|f| f.strip_prefix(root).unwrap_or(f).display().to_string());
        let why = h.why.as_ref().map(|why| format!("({why})")).unwrap_or_default();
        vec![word.to_owned(), h.name.clone(), format::visible(&file.unwrap_or_default()), why]
    };
    format::table(&report.hooks.iter().map(row).collect::<Vec<_>>())
}
