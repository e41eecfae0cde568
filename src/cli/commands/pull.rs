use super::restore as restore_command;
use super::sync as sync_command;
use crate::app::AppError;
use crate::app::restore;
use crate::app::restore::RestoreRequest;
use crate::app::restore::Wanted;
use crate::app::sync;
use crate::app::sync::SyncRequest;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::PullArgs;
use crate::cli::compose;

/// What others recorded, then the data that the pointers name. Of a log with findings nothing is taken over, and no data.
pub fn run(context: &Context, args: PullArgs) -> Result<Exit, AppError> {
    let project = compose::open_patiently(&context.cwd)?;
    let progress = context.ui.progress();
    let request = SyncRequest { remote: args.remote, fetch_only: true, ..SyncRequest::default() };
    let synced = sync::sync(&project, &request, &progress)?;
    let restored = match synced.exit_code {
        0 => {
            let (paths, version) = (args.paths, Wanted::Pointers);
            let request = RestoreRequest { paths, version, to: None, force: args.force };
            let plan = restore::plan(&project, &context.cwd, &request, &progress)?;
            Some(restore::carry_out(&project, plan, &progress)?)
        }
        _ => None,
    };
    if context.ui.json {
        let report = serde_json::json!({ "sync": synced, "restore": restored });
        context.ui.json("mlprov.pull/1", &report);
        return Ok(synced.exit_code);
    }
    sync_command::tell(context, &synced);
    if let Some(restored) = &restored {
        restore_command::tell(context, restored, false);
    }
    Ok(synced.exit_code)
}
