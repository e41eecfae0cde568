//! `infra destroy`: shows what goes, asks, and tells what went.

use crate::app::AppError;
use crate::app::Result;
use crate::app::destroy;
use crate::app::destroy::Choices;
use crate::app::destroy::DestroyPlan;
use crate::app::destroy::DestroyReport;
use crate::app::infra::Wanted;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::format::count;
use crate::cli::format::visible;
use crate::config::Config;
use crate::infra::description::Description;
use crate::ports::account::Deletion;
use crate::ports::account::Name;
use dialoguer::Confirm;
use dialoguer::Input;

/// What the user said on the command line.
pub struct Asked {
    pub including_data: bool,
    pub yes: bool,
    pub confirm: Option<String>,
}

pub fn run(
    context: &Context,
    description: &Description,
    wanted: &[Wanted],
    config: &Config,
    asked: &Asked,
) -> Result<Exit> {
    let choices = Choices { protected: config.aws.deletion_protection, including_data: asked.including_data };
    let plan = destroy::plan(wanted, choices)?;
    let asks = match asked.including_data {
        true => asked.confirm.is_none(),
        false => !asked.yes,
    };
    context.ui.plan(plan_text(&plan).trim_end(), asks && plan.going() > 0);
    if plan.going() > 0 && !agreed(context, &config.project.name, &plan, asked)? {
        context.ui.status("Nothing was deleted.");
        return Ok(1);
    }
    let tell = |name: &Name, gone: u64| {
        let gone = count(gone, "version");
        context.ui.status(format!("{}: {gone} deleted", visible(&name.to_string())));
    };
    let report = destroy::carry_out(wanted, &plan, choices, &|bucket| description.holdings(bucket), &tell)?;
    match context.ui.json {
        true => context.ui.json("mlprov.infra/1", &report),
        false => context.ui.answer(&text(&report)),
    }
    let kept = |outcome: &Deletion| matches!(outcome, Deletion::Kept(_));
    Ok(u8::from(report.resources.iter().any(|one| kept(&one.outcome))))
}

/// Data goes only if somebody says whose.
fn agreed(context: &Context, name: &str, plan: &DestroyPlan, asked: &Asked) -> Result<bool> {
    if asked.including_data {
        let given = match &asked.confirm {
            Some(given) => given.clone(),
            None if context.ui.can_ask() => {
                let prompt = "This cannot be undone. The project's name, to delete its ledger and data";
                let Ok(given) = Input::<String>::new().with_prompt(prompt).interact_text() else {
                    return Ok(false);
                };
                given
            }
            None => {
                let question = "the project's name, to delete its ledger and data?".to_owned();
                let command = "mlprov infra destroy --including-data --confirm NAME";
                return Err(AppError::NeedsAnswer { question, command });
            }
        };
        return match given == name {
            true => Ok(true),
            false => Err(AppError::NotConfirmed { given, name: name.to_owned() }),
        };
    }
    let question = format!("Delete {}?", count(plan.going() as u64, "resource"));
    match asked.yes {
        true => Ok(true),
        false if !context.ui.can_ask() => {
            Err(AppError::NeedsAnswer { question, command: "mlprov infra destroy --yes" })
        }
        false => Ok(Confirm::new().with_prompt(question).default(false).interact().unwrap_or(false)),
    }
}

fn plan_text(plan: &DestroyPlan) -> String {
    let line = |fate: &destroy::Fate| {
        let note = fate.note.map(|note| format!(": {note}")).unwrap_or_default();
        let mark = if fate.goes { "-" } else { " " };
        format!("{mark} {}{note}\n", visible(&fate.resource.to_string()))
    };
    let lines: String = plan.resources.iter().map(line).collect();
    let whose = plan.account.as_ref().map(|id| format!("account {id}, ")).unwrap_or_default();
    let place = if lines.is_empty() { String::new() } else { format!("{whose}region {}\n", plan.region) };
    match plan.going() {
        0 => format!("{place}{lines}Nothing to delete.\n"),
        n => format!("{place}{lines}{} to delete\n", count(n as u64, "resource")),
    }
}

fn text(report: &DestroyReport) -> String {
    let line = |one: &destroy::Destroyed| {
        let versions =
            one.versions.map(|n| format!(" ({} deleted)", count(n, "version"))).unwrap_or_default();
        let outcome = match &one.outcome {
            Deletion::Gone => "gone".to_owned(),
            Deletion::Scheduled(Some(when)) => format!("goes at {}", when.to_seconds()),
            Deletion::Scheduled(None) => "goes later".to_owned(),
            Deletion::Kept(why) => format!("stays: {}", visible(why)),
        };
        format!("{}: {outcome}{versions}\n", visible(&one.resource.to_string()))
    };
    report.resources.iter().map(line).collect()
}
