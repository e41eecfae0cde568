use crate::app::AppError;
use crate::app::Result;
use crate::app::infra;
use crate::app::infra::ApplyReport;
use crate::app::infra::ShowReport;
use crate::app::infra::Wanted;
use crate::app::remote;
use crate::app::remote::Connected;
use crate::app::remote::GitRemote;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::InfraArgs;
use crate::cli::args::InfraCommand;
use crate::cli::args::InfraFormat;
use crate::cli::commands::destroy;
use crate::cli::commands::destroy::Asked;
use crate::cli::compose;
use crate::cli::format::count;
use crate::cli::format::visible;
use crate::cli::ui;
use crate::config::BucketSite;
use crate::config::Config;
use crate::config::Link;
use crate::config::SharedRegistry;
use crate::git::repo::Repo;
use crate::infra::description::Description;
use crate::infra::description::Whose;
use crate::infra::export;
use crate::infra::export::Format;
use crate::infra::plan::Change;
use crate::infra::plan::Difference;
use crate::infra::plan::Plan;
use crate::infra::plan::Step;
use crate::infra::roles;
use crate::infra::roles::Role;
use crate::ports::StoreError;
use crate::ports::account::Account;
use crate::ports::account::Kind;
use crate::ports::account::Request;
use crate::ports::provision::Remote;
use crate::stores::aws::account::AwsAccount;
use crate::stores::aws::runtime::Endpoint;
use crate::stores::aws::s3::data::place::StorePlace;
use dialoguer::Confirm;
use serde::Serialize;
use serde_json::Value;
use std::rc::Rc;

pub fn run(context: &Context, args: InfraArgs) -> Result<Exit> {
    // What is only printed asks nobody.
    let asks = !matches!(args.command, InfraCommand::Export { .. } | InfraCommand::Show { policy: Some(_) });
    let iam = matches!(args.command, InfraCommand::Apply { iam: true, .. });
    let Described { settings, description, sites, registry } = of_project(context, asks, iam)?;
    match args.command {
        InfraCommand::Plan { exit_code } => {
            let wanted = wanted(&description, &sites, &registry)?;
            let plan = whole_plan(&Repo::open(&context.cwd, false)?, &wanted, None)?;
            show_plan(context, &plan);
            // What only this clone has not is no drift of the account.
            Ok(if exit_code && !plan.resources.is_empty() { 1 } else { 0 })
        }
        InfraCommand::Apply { yes, .. } => {
            let wanted = wanted(&description, &sites, &registry)?;
            let repo = Repo::open(&context.cwd, false)?;
            let keeps_iam = Some("iam = true").filter(|_| iam && !settings.aws.iam);
            let plan = whole_plan(&repo, &wanted, keeps_iam)?;
            if !agreed(context, &plan, yes, "mlprov infra apply --yes")? {
                return Ok(1);
            }
            if keeps_iam.is_some() {
                // First: what was made can be found again, also by `destroy`.
                infra::keep_iam(&repo)?;
            }
            let report = apply(context, &wanted, &plan.resources)?;
            tell(context, &report);
            // What was made is told whatever comes of the rest.
            if context.ui.json {
                context.ui.json("mlprov.infra/1", &report);
            }
            connect(context, &repo, &wanted)?;
            Ok(if report.remaining.is_empty() { 0 } else { 1 })
        }
        InfraCommand::Destroy { including_data, yes, confirm } => {
            let wanted = wanted(&description, &sites, &registry)?;
            let asked = Asked { including_data, yes, confirm };
            destroy::run(context, &description, &wanted, &settings, &asked)
        }
        InfraCommand::Export { format } => {
            let format = match format {
                InfraFormat::Terraform => Format::Terraform,
                InfraFormat::CloudFormation => Format::CloudFormation,
                InfraFormat::Pulumi => Format::Pulumi,
            };
            context.ui.raw(&export::text(&description, format));
            Ok(0)
        }
        InfraCommand::Show { policy: Some(role) } => {
            let policy = roles::policy(&description, role.into());
            context.ui.raw(&format!("{policy:#}\n"));
            Ok(0)
        }
        InfraCommand::Show { policy: None } => {
            let report = infra::show(&wanted(&description, &sites, &registry)?)?;
            match context.ui.json {
                true => context.ui.json("mlprov.infra/1", &report),
                false => context.ui.answer(&show_text(&report)),
            }
            Ok(0)
        }
    }
}

/// What a project asks of an account, and where that is.
struct Described {
    /// As they are written.
    settings: Config,
    description: Description,
    sites: Vec<BucketSite>,
    registry: SharedRegistry,
}

/// By the settings, if the user of this clone agreed to where they lead.
fn of_project(context: &Context, asks: bool, iam: bool) -> Result<Described> {
    let repo = Repo::open(&context.cwd, false)?;
    let (mut config, _) = Config::load(repo.root())?;
    let settings = config.clone();
    config.aws.iam |= iam;
    let places = compose::local_places(&repo, &compose::user_dirs()?, Link::default());
    let elsewhere = config.elsewhere();
    let registry = config.sagemaker();
    let ledger = compose::shared_places(&places, &config, false);
    let site = elsewhere.ledger.map(|ledger| ledger.site);
    let site = site.or(elsewhere.store.as_ref().map(|store| store.site.clone()));
    let store = elsewhere.store.map(|store| (StorePlace::new(&store, &places.common), store.site.place));
    let not_agreed = |what: String| Err(StoreError::NotAgreed { what }.into());
    match (ledger, store) {
        (Some(ledger), _) if !ledger.is_agreed() => not_agreed(ledger.shared.site.place.to_string()),
        (_, Some((store, place))) if !store.is_agreed() => not_agreed(place.to_string()),
        _ if registry.is_some() && !compose::open(&context.cwd, false)?.registry.is_agreed() => {
            not_agreed("SageMaker".to_owned())
        }
        _ => {
            // The policy of the log's key names it, too; where nobody may be asked it is left out.
            let named = infra::names_account(&config.aws) || config.keys.kms_key.is_some();
            let whose = match site.filter(|_| named) {
                Some(site) => whose(&site, asks)?,
                None => None,
            };
            let (description, sites) = infra::describe(&config, whose.as_ref())?;
            Ok(Described { settings, description, sites, registry: registry.unwrap_or_default() })
        }
    }
}

/// `None`: the settings do not say whose account it is, and nobody may be asked.
fn whose(site: &BucketSite, asks: bool) -> Result<Option<Whose>> {
    let account = account_at(site)?;
    let id = match &site.owner {
        Some(id) => id.clone(),
        None if asks => account.id()?,
        None => return Ok(None),
    };
    Ok(Some(Whose { account: id, region: account.region() }))
}

/// Each resource with its account. Of one place there is one.
pub fn wanted(
    description: &Description,
    sites: &[BucketSite],
    registry: &SharedRegistry,
) -> Result<Vec<Wanted>> {
    let mut accounts: Vec<Rc<AwsAccount>> = Vec::new();
    for site in sites {
        accounts.push(Rc::new(account_at(site)?));
    }
    // Beside buckets at AWS there is no other account for it than theirs.
    let beside = sites.first().filter(|site| registry.endpoint.is_none() && site.endpoint.is_none());
    let mut all = Vec::new();
    for resource in description.resources() {
        if resource.name.kind == Kind::ModelPackageGroup {
            let SharedRegistry { region, endpoint: url } = registry.clone();
            let owner = beside.and_then(|site| site.owner.clone());
            let account = AwsAccount::connect(&Endpoint { region, url, hasty: false }, owner)?;
            all.push(Wanted { resource, account: Rc::new(account) });
            continue;
        }
        let at = |site: &BucketSite| site.place.bucket == resource.name.name;
        // The key is where the ledger is, and that comes first.
        let at = sites.iter().position(at).unwrap_or(0);
        let Some(account) = accounts.get(at).cloned() else { continue };
        all.push(Wanted { resource, account });
    }
    Ok(all)
}

pub fn account_at(site: &BucketSite) -> Result<AwsAccount> {
    let endpoint = Endpoint { region: site.region.clone(), url: site.endpoint.clone(), hasty: false };
    Ok(AwsAccount::connect(&endpoint, site.owner.clone())?)
}

/// What is to be done in the account, and here.
#[derive(Serialize)]
pub struct WholePlan {
    #[serde(flatten)]
    pub resources: Plan,
    /// Of this clone.
    #[serde(skip_serializing_if = "Option::is_none")]
    git: Option<GitRemote>,
    /// A line of the project's settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    setting: Option<&'static str>,
}

impl WholePlan {
    pub fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.git.is_none() && self.setting.is_none()
    }
}

pub fn whole_plan(repo: &Repo, wanted: &[Wanted], setting: Option<&'static str>) -> Result<WholePlan> {
    let resources = infra::plan(wanted)?;
    let git = match wanted.iter().any(|one| one.resource.name.kind == Kind::Repository) {
        true => remote::plan(repo, infra::clone_url(wanted)?.as_deref()),
        false => None,
    };
    Ok(WholePlan { resources, git, setting })
}

/// Shows the plan, and asks. `command`: asks nothing.
pub fn agreed(context: &Context, plan: &WholePlan, yes: bool, command: &'static str) -> Result<bool> {
    if plan.is_empty() {
        return Ok(true);
    }
    context.ui.plan(plan_text(plan).trim_end(), !yes);
    if yes {
        return Ok(true);
    }
    // Where nobody can be asked, as in CI, git is told all the same: it is this clone's alone.
    if plan.resources.is_empty() && plan.setting.is_none() && !context.ui.can_ask() {
        return Ok(true);
    }
    let question = format!("Make {}?", changes(plan));
    if !context.ui.can_ask() {
        return Err(AppError::NeedsAnswer { question, command });
    }
    let agreed = Confirm::new().with_prompt(question).default(false).interact().unwrap_or(false);
    if !agreed {
        context.ui.status("Nothing was changed.");
    }
    Ok(agreed)
}

/// Does what the user agreed to.
pub fn apply(context: &Context, wanted: &[Wanted], plan: &Plan) -> Result<ApplyReport> {
    let told = |done: usize, of: usize, step: &Step| {
        context.ui.status(format!("[{}/{of}] {}", done + 1, visible(&step_text(step))));
    };
    infra::apply(wanted, plan, &told)
}

/// What came of it.
pub fn tell(context: &Context, report: &ApplyReport) {
    if !context.ui.json {
        match report.changed.len() as u64 {
            0 => context.ui.answer("Everything is as it shall be; nothing was changed.\n"),
            n => context.ui.answer(&format!("{} made.\n", count(n, "change"))),
        }
    }
    for d in &report.unsupported {
        let why = d.from.as_ref().map(value).unwrap_or_default();
        context.ui.warning(format!("the server has no {}: {}", property(d), visible(&why)));
    }
    for d in &report.remaining {
        context.ui.warning(format!("the server took {} of {}, and did not keep it", property(d), d.resource));
    }
}

/// Makes the repository of CodeCommit, if there is one, a remote of this clone.
pub fn connect(context: &Context, repo: &Repo, wanted: &[Wanted]) -> Result<()> {
    let Some(url) = infra::clone_url(wanted)? else { return Ok(()) };
    match remote::connect(repo, &url)? {
        Connected::Added(name) => context.ui.status(format!("added git remote {name}: {url}")),
        Connected::Known(_) => {}
        Connected::Taken => {
            context.ui.warning("git remotes origin and codecommit are others': none was added");
            context.ui.hint(format!("git remote add NAME {url}"));
        }
    }
    Ok(())
}

pub fn show_plan(context: &Context, plan: &WholePlan) {
    match context.ui.json {
        true => context.ui.json("mlprov.infra/1", plan),
        false => context.ui.answer(&plan_text(plan)),
    }
}

fn step_text(step: &Step) -> String {
    match &step.request {
        Request::Create(_) => format!("create {}", step.resource),
        Request::Put(aspect, _) => format!("set {} of {}", aspect.name(), step.resource),
    }
}

fn property(d: &Difference) -> String {
    d.property.clone().unwrap_or_else(|| d.resource.to_string())
}

fn value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn changes(plan: &WholePlan) -> String {
    let here = usize::from(plan.git.is_some()) + usize::from(plan.setting.is_some());
    count((plan.resources.changes().count() + here) as u64, "change")
}

fn plan_text(plan: &WholePlan) -> String {
    let mut out = String::new();
    let mut same = 0;
    let mut current = None;
    for d in &plan.resources.differences {
        if current != Some(&d.resource) {
            current = Some(&d.resource);
            let mark = if d.property.is_none() && d.change == Change::Create { "+ " } else { "" };
            out.push_str(&format!(
                "{}\n",
                ui::paint(ui::BOLD, format!("{mark}{}", visible(&d.resource.to_string())))
            ));
        }
        let Some(name) = &d.property else { continue };
        let (from, to) =
            (d.from.as_ref().map(value).unwrap_or_default(), d.to.as_ref().map(value).unwrap_or_default());
        let line = match d.change {
            Change::Same => {
                same += 1;
                continue;
            }
            Change::Create => format!("  {} {name}: {to}", ui::paint(ui::GREEN, "+")),
            Change::Change => format!("  {} {name}: {from} -> {to}", ui::paint(ui::YELLOW, "~")),
            Change::Remove => format!("  {} {name}: {from}", ui::paint(ui::RED, "-")),
            Change::Others => format!("    {name}: not mlprov's, left alone"),
            Change::Unsupported => {
                format!("    {name}: the server has no such thing ({from}), it stays without")
            }
        };
        out.push_str(&line);
        out.push('\n');
    }
    if let Some(GitRemote { remote, url, helper }) = &plan.git {
        let url = url.as_deref().unwrap_or("(the repository's)");
        let title = ui::paint(ui::BOLD, format!("git remote {} of this clone", visible(remote)));
        let plus = ui::paint(ui::GREEN, "+");
        out.push_str(&format!(
            "{title}\n  {plus} URL: {}\n  {plus} credential helper: {helper}\n",
            visible(url)
        ));
    }
    if let Some(setting) = plan.setting {
        let (title, plus) =
            (ui::paint(ui::BOLD, "settings of the project, [aws]"), ui::paint(ui::GREEN, "+"));
        out.push_str(&format!("{title}\n  {plus} {setting}\n"));
    }
    for cost in &plan.resources.costs {
        out.push_str(&format!("This costs money: {cost}\n"));
    }
    match plan.is_empty() {
        true => out.push_str("Nothing to do: everything is as it shall be.\n"),
        false => out.push_str(&format!("{} to make, {} as it shall be\n", changes(plan), same)),
    }
    out
}

fn show_text(report: &ShowReport) -> String {
    let mut out = String::new();
    for shown in &report.resources {
        out.push_str(&format!("{}\n", ui::paint(ui::BOLD, visible(&shown.resource.to_string()))));
        if !shown.exists {
            out.push_str("  is not there\n");
        }
        for (name, is) in &shown.properties {
            out.push_str(&format!("  {name}: {}\n", value(is)));
        }
        for aspect in &shown.unsupported {
            out.push_str(&format!("  {}: the server has no such thing\n", aspect.name()));
        }
    }
    out
}

impl From<crate::cli::args::RoleName> for Role {
    fn from(name: crate::cli::args::RoleName) -> Self {
        use crate::cli::args::RoleName;
        match name {
            RoleName::Reader => Role::Reader,
            RoleName::Writer => Role::Writer,
            RoleName::Publisher => Role::Publisher,
            RoleName::Auditor => Role::Auditor,
        }
    }
}
