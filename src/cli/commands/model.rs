use crate::app::AppError;
use crate::app::model;
use crate::app::model::BindOptions;
use crate::app::model::DecisionReport;
use crate::app::model::ListReport;
use crate::app::model::RegisterPlan;
use crate::app::model::RegisterReport;
use crate::app::model::RegisterRequest;
use crate::app::model::ShowReport;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::BindArgs;
use crate::cli::args::DecisionArgs;
use crate::cli::args::ModelArgs;
use crate::cli::args::ModelCommand;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::format::visible;
use crate::cli::ui;
use crate::domain::approval::ApprovalStatus;
use crate::domain::approval::Judged;

pub fn run(context: &Context, args: ModelArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let ui = &context.ui;
    match args.command {
        ModelCommand::List { group } => {
            let report = model::list(&project, group.as_deref())?;
            match ui.json {
                true => ui.json("mlprov.model-list/1", &report),
                false => ui.answer(&table(&report)),
            }
        }
        ModelCommand::Show { id } => {
            let report = model::show(&project, &id)?;
            match ui.json {
                true => ui.json("mlprov.model/1", &report),
                false => ui.answer(&text(&report)),
            }
        }
        ModelCommand::Register { file, model_group, run, image, dry_run } => {
            let (cwd, progress) = (&context.cwd, ui.progress());
            let (file, image) = (&file, image.as_ref());
            let request = RegisterRequest { cwd, file, group: &model_group, word: &run, image };
            match dry_run {
                false => registered(context, &model::register(&project, &request, &progress)?),
                true => planned(context, &model::plan(&project, &request, &progress)?),
            }
        }
        ModelCommand::Approve(args) => decide(context, &project, &args, &ApprovalStatus::Approved)?,
        ModelCommand::Reject(args) => decide(context, &project, &args, &ApprovalStatus::Rejected)?,
    }
    Ok(0)
}

/// `bind`.
pub fn bind(context: &Context, args: &BindArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let options = BindOptions { not_from_run: args.artefact_not_from_run, no_write_back: args.no_write_back };
    let arn = args.model_package.parse()?;
    let report = model::bind(&project, &context.cwd, &args.id, &arn, options)?;
    registered(context, &report);
    Ok(0)
}

fn planned(context: &Context, plan: &RegisterPlan) {
    if context.ui.json {
        return context.ui.json("mlprov.model-register/1", plan);
    }
    let what = match (&plan.arn, plan.already) {
        (Some(arn), true) => format!("{arn} is bound already to"),
        (Some(arn), false) => format!("would bind {arn} to"),
        (None, _) => format!("would register a package in {}, and bind it to", plan.group_name),
    };
    let how = if plan.deployable == Some(false) { format::NOT_DEPLOYABLE } else { "" };
    let (run, model) = (plan.run.short(), visible(plan.model.as_str()));
    let mut out = format!("{what} run {run}: {model}{how}\n");
    if let Some((uri, form)) = &plan.artefact {
        out.push_str(&format!("  artefact {} ({})\n", visible(uri), form.as_str()));
    }
    if let Some(image) = &plan.image {
        out.push_str(&format!("  image    {}\n", visible(image.as_str())));
    }
    context.ui.answer(&out);
}

fn registered(context: &Context, report: &RegisterReport) {
    if context.ui.json {
        return context.ui.json("mlprov.model-register/1", report);
    }
    let was = if report.already { "was bound already" } else { "bound" };
    let (run, model) = (report.run.short(), visible(report.model.as_str()));
    let (status, at) = (&report.approval_status, format::at(report.index));
    let made = if report.made_by_run { "" } else { ", NOT an output of the run" };
    let how = if report.deployable == Some(false) { format::NOT_DEPLOYABLE } else { "" };
    let mut out = format!("{}\n  {was} to run {run}: {model}{made}, {status} ({at}){how}\n", report.arn);
    if let Some(artefact) = &report.artefact {
        let version = artefact.version_id.as_ref().map(|id| format!(" (version {id})")).unwrap_or_default();
        out.push_str(&format!("  artefact {}{version}\n", visible(&artefact.uri)));
    }
    if let Some(image) = &report.image {
        out.push_str(&format!("  image    {}\n", visible(image)));
    }
    context.ui.answer(&out);
    if report.written_back == Some(false) {
        context.ui.warning("the package does not name its entry yet: `mlprov sync` writes that".to_owned());
    }
}

fn decide(
    context: &Context,
    project: &crate::app::Project,
    args: &DecisionArgs,
    status: &ApprovalStatus,
) -> Result<(), AppError> {
    let report: DecisionReport = model::decide(project, &args.id, status, &args.notes)?;
    if context.ui.json {
        context.ui.json("mlprov.model-decision/1", &report);
        return Ok(());
    }
    let name = report.name.as_deref().unwrap_or(report.arn.as_str());
    let already = if report.already { " already" } else { "" };
    let at = format::at(report.index);
    context.ui.answer(&format!("{name} is {}{already} ({at})\n", report.approval_status));
    context.ui.answer(&requirements(&report.requirements));
    Ok(())
}

fn requirements(judged: &[Judged]) -> String {
    let line = |judged: &Judged| {
        let met = if judged.met { "met" } else { "NOT met" };
        let value = judged.value.as_deref().unwrap_or("not there");
        format!("  {met}: {} (it is {})\n", judged.requirement, visible(value))
    };
    judged.iter().map(line).collect()
}

fn table(report: &ListReport) -> String {
    if report.packages.is_empty() {
        return "no model packages\n".to_owned();
    }
    let row = |p: &model::PackageReport| {
        let name = p.name.clone().unwrap_or_else(|| p.group_name.clone());
        let status = match (&p.approval_status, &p.recorded_status) {
            (None, _) => "not in the registry".to_owned(),
            (Some(now), None) => format!("{now}, not recorded"),
            (Some(now), Some(recorded)) if now != recorded => format!("{now}, recorded as {recorded}"),
            (Some(now), _) => now.to_string(),
        };
        vec![name, status, p.run.short(), visible(p.model.as_str()), p.arn.to_string()]
    };
    format::table(&report.packages.iter().map(row).collect::<Vec<_>>())
}

fn text(report: &ShowReport) -> String {
    let package = &report.package;
    let name = package.name.as_deref().unwrap_or(&package.group_name);
    let mut out = format!("{} {}\n", ui::paint(ui::BOLD, name), package.arn);
    let status = package.approval_status.as_ref().map_or("not in the registry", ApprovalStatus::as_str);
    out.push_str(&format!("  status   {status}\n  run      {}\n", package.run.short()));
    if let Some(commit) = &report.commit {
        out.push_str(&format!("  commit   {commit}\n"));
    }
    for (path, digest) in &report.inputs {
        out.push_str(&format!("  input    {} b3:{}\n", visible(path.as_str()), digest.blake3));
    }
    let (model, blake3) = (visible(package.model.as_str()), package.digest.blake3);
    out.push_str(&format!("  model    {model} b3:{blake3}\n  bound    {}\n", format::at(package.index)));
    for decision in &report.decisions {
        let meaning = decision.meaning.as_ref().map(|m| format!("{m}, ")).unwrap_or_default();
        let (kind, time) = (&decision.kind, decision.time.to_seconds());
        let (writer, at) = (decision.writer.short(), format::at(decision.index));
        out.push_str(&format!("{kind} by {writer} at {time} ({meaning}{at})\n"));
        out.push_str(&requirements(&decision.requirements));
        decision.notes.iter().for_each(|note| out.push_str(&format!("  note: {}\n", visible(note))));
    }
    out
}
