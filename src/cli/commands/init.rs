use crate::app::AppError;
use crate::app::hooks::HookReport;
use crate::app::hooks::HookState;
use crate::app::infra::names_account;
use crate::app::init;
use crate::app::init::InitPlan;
use crate::app::init::InitReport;
use crate::app::init::NewPlaces;
use crate::app::init::Site;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::InitArgs;
use crate::cli::commands::hooks::tell_left_alone;
use crate::cli::commands::infra;
use crate::cli::compose;
use crate::cli::format::count;
use crate::cli::format::visible;
use crate::cli::ui;
use crate::config::AwsTable;
use crate::config::Elsewhere;
use crate::config::Link;
use crate::config::S3Place;
use crate::config::SharedLedger;
use crate::config::SharedRegistry;
use crate::config::SharedStore;
use crate::git::repo::Repo;
use crate::infra::description::Whose;
use crate::infra::description::bucket_name;
use crate::infra::description::group_name;
use crate::ports::account::Account;
use crate::ports::provision::Remote;
use crate::ports::provision::Shared;
use crate::stores::aws::account::AwsAccount;
use crate::stores::aws::caller;
use crate::stores::aws::runtime::Endpoint;
use crate::stores::aws::s3::data::place::StorePlace;
use crate::stores::aws::s3::provision::SharedPlaces;
use crate::stores::local::clock::SystemClock;
use dialoguer::Confirm;
use dialoguer::Input;

pub fn run(context: &Context, args: InitArgs) -> Result<Exit, AppError> {
    let repo = Repo::open(&context.cwd, false)?;
    let dirs = compose::user_dirs()?;
    let places = compose::local_places(&repo, &dirs, Link::default());
    let store = places.store();
    let shared = |shared: &SharedLedger| -> Box<dyn Shared> {
        Box::new(SharedPlaces {
            local: places.clone(),
            shared: shared.clone(),
            hasty: false,
            arriving: false,
        })
    };
    let own = places.common.clone();
    let bucket = |store: &SharedStore| -> Box<dyn Remote> { Box::new(StorePlace::new(store, &own)) };
    let site = Site {
        repo: &repo,
        dirs: &dirs,
        provision: &places,
        shared: &shared,
        bucket: &bucket,
        caller: &caller::arn,
        store: &store,
        clock: &SystemClock,
    };
    let plan = init::plan(&site)?;
    let Some(name) = ask(context, &args, &plan)? else {
        context.ui.status("Nothing was changed.");
        return Ok(1);
    };
    if args.name.is_some() && !matches!(plan, InitPlan::Make { .. }) {
        context.ui.warning("--name was left aside: the project has a name already (.mlprov/config.toml)");
    }
    let program = match args.no_hooks {
        true => None,
        false => compose::own_program(),
    };
    let mut new = NewPlaces {
        ledger: args.ledger.clone(),
        store: args.store.clone(),
        sagemaker: args.registry.as_deref() == Some("sagemaker"),
        region: args.region.clone(),
        endpoint: args.endpoint_url.clone(),
        owner: None,
        log_key: args.log_key.clone(),
        aws: None,
        project: None,
        whose: None,
    };
    if args.aws {
        let InitPlan::Make { suggested_name, project: None } = &plan else {
            context.ui.hint("mlprov infra apply   # makes the buckets of a project that is there");
            return Err(AppError::AlreadySo { what: "this is a project".to_owned() });
        };
        let name = name.as_deref().unwrap_or(suggested_name);
        match in_aws(context, &args, &repo, name, &mut new)? {
            Outcome::Made => {}
            Outcome::Shown => return Ok(0),
            Outcome::Refused => return Ok(1),
        }
    }
    let report = init::carry_out(&site, &plan, name.as_deref(), &new, program.as_deref())?;
    agree_to_sources(context, &args)?;
    agree_to_registry(context, &args, &plan)?;
    if context.ui.json {
        context.ui.json("mlprov.init/1", &report);
        return Ok(0);
    }
    context.ui.answer(&text(&report));
    if let Some(hooks) = &report.hooks {
        tell_left_alone(context, hooks);
    }
    for probe in &report.wanting {
        context.ui.warning(format!("the bucket: {}: {}", probe.property.name(), visible(&probe.found)));
    }
    if !report.wanting.is_empty() {
        context.ui.hint("mlprov doctor --remote   # looks at the bucket again, and says what to do");
    }
    if !report.admitted {
        context
            .ui
            .hint("mlprov key request   # prints your key, for an admin of the log: mlprov key admit KEY");
    }
    if matches!(plan, InitPlan::Make { .. }) {
        context.ui.hint("git add .mlprov && git commit -m 'Record provenance with mlprov'");
    }
    Ok(0)
}

/// What came of the resources in AWS.
enum Outcome {
    Made,
    /// Only the plan was wanted.
    Shown,
    /// The user said no, or the server did not keep what it was told.
    Refused,
}

/// Makes what the project is to lie in. `new`: then says where.
fn in_aws(
    context: &Context,
    args: &InitArgs,
    repo: &Repo,
    name: &str,
    new: &mut NewPlaces,
) -> Result<Outcome, AppError> {
    let endpoint = Endpoint { region: new.region.clone(), url: new.endpoint.clone(), hasty: false };
    let account = AwsAccount::connect(&endpoint, None)?;
    // Other clones must look for it in the same region, whatever their own settings say.
    new.region = Some(account.region());
    let place = match new.ledger.clone().or(new.store.clone()) {
        Some(place) => place,
        None => {
            let id = account.id()?;
            let bucket = bucket_name(name, &id, &account.region());
            new.owner = Some(id);
            S3Place { bucket, prefix: String::new() }
        }
    };
    new.ledger.get_or_insert_with(|| place.clone());
    new.store.get_or_insert(place);
    let (kms_key, trail, retention_days) = (args.kms_key.clone(), args.trail, args.retention_days);
    let object_lock = args.object_lock || retention_days.is_some();
    let codecommit = args.codecommit.clone().map(|given| given.unwrap_or_else(|| group_name(name)));
    let aws = AwsTable {
        kms_key,
        object_lock,
        trail,
        codecommit,
        iam: args.iam,
        retention_days,
        ..AwsTable::default()
    };
    if names_account(&aws) || new.log_key.is_some() {
        let id = match &new.owner {
            Some(id) => id.clone(),
            None => account.id()?,
        };
        // Settings that others can go by without asking.
        new.owner = Some(id.clone());
        new.whose = Some(Whose { account: id, region: account.region() });
    }
    if let Some(days) = retention_days {
        let days = count(days.into(), "day");
        context.ui.warning(format!("what is stored cannot be deleted for {days}, by nobody at all"));
    }
    new.aws = Some(aws);
    new.project = Some(init::coming_project(repo, !args.plan)?);
    let (description, sites) = new.describe(name)?;
    let registry = SharedRegistry { region: new.region.clone(), endpoint: None };
    let wanted = infra::wanted(&description, &sites, &registry)?;
    let plan = infra::whole_plan(repo, &wanted, None)?;
    if args.plan {
        infra::show_plan(context, &plan);
        return Ok(Outcome::Shown);
    }
    if !infra::agreed(context, &plan, args.yes, "mlprov init --aws --yes")? {
        return Ok(Outcome::Refused);
    }
    let report = infra::apply(context, &wanted, &plan.resources)?;
    infra::tell(context, &report);
    infra::connect(context, repo, &wanted)?;
    Ok(if report.remaining.is_empty() { Outcome::Made } else { Outcome::Refused })
}

/// `None`: the user said no. `Some(None)`: nothing was asked.
fn ask(context: &Context, args: &InitArgs, plan: &InitPlan) -> Result<Option<Option<String>>, AppError> {
    let needs = |question: String| AppError::NeedsAnswer { question, command: "mlprov init --yes" };
    match plan {
        InitPlan::Repair { elsewhere, .. } if *elsewhere == Elsewhere::default() => Ok(Some(None)),
        InitPlan::Repair { elsewhere, .. } => {
            confirm(context, args, format!("The project's settings have changed: use {}?", terms(elsewhere)))
        }
        InitPlan::Make { suggested_name, .. } => {
            if args.yes || args.plan || args.name.is_some() {
                return Ok(Some(args.name.clone()));
            }
            if !context.ui.can_ask() {
                return Err(needs("what should the project be called?".into()));
            }
            let answer = Input::<String>::new()
                .with_prompt("Name of the project")
                .default(suggested_name.clone())
                .interact_text();
            Ok(answer.ok().map(Some))
        }
        InitPlan::Join { project, name, elsewhere } => {
            let with = match (&elsewhere.ledger, &elsewhere.store) {
                (None, None) => "with a log of this clone's own?".to_owned(),
                (None, Some(_)) => format!("with {}, and a log of this clone's own?", terms(elsewhere)),
                (Some(ledger), _) => {
                    format!("with {}, and trust its log's key {}?", terms(elsewhere), ledger.vkey)
                }
            };
            confirm(context, args, format!("Join project {name:?} ({project}) {with}"))
        }
    }
}

/// Declared datasets name buckets that nobody asked yet. What the user does not agree to is not checked.
fn agree_to_sources(context: &Context, args: &InitArgs) -> Result<(), AppError> {
    let project = compose::open(&context.cwd, false)?;
    let unknown = project.unknown_sources()?;
    if unknown.is_empty() {
        return Ok(());
    }
    let places: Vec<String> = unknown.iter().map(|bucket| format!("s3://{bucket}")).collect();
    let question = format!("Data or models lie in {}: may this clone ask there?", places.join(", "));
    if confirm(context, args, question)?.is_some() {
        for bucket in unknown {
            project.sources.agree(&bucket)?;
        }
    }
    Ok(())
}

/// Whoever named it for a new project has agreed.
fn agree_to_registry(context: &Context, args: &InitArgs, plan: &InitPlan) -> Result<(), AppError> {
    let project = compose::open(&context.cwd, false)?;
    let Some(place) = project.registry.place().filter(|_| !project.registry.is_agreed()) else {
        return Ok(());
    };
    let named = matches!(plan, InitPlan::Make { .. }) && args.registry.is_some();
    let question = format!("Model packages are registered in {place}: may this clone ask there?");
    if named || confirm(context, args, question)?.is_some() {
        project.registry.agree()?;
    }
    Ok(())
}

/// Where requests would go.
fn terms(elsewhere: &Elsewhere) -> String {
    let ledger = elsewhere.ledger.iter().map(|ledger| format!("its ledger in {}", ledger.site.describe()));
    let store = elsewhere.store.iter().map(|store| format!("its data in {}", store.site.describe()));
    ledger.chain(store).collect::<Vec<_>>().join(" and ")
}

fn confirm(context: &Context, args: &InitArgs, question: String) -> Result<Option<Option<String>>, AppError> {
    if args.yes {
        return Ok(Some(None));
    }
    let question = visible(&question);
    if !context.ui.can_ask() {
        return Err(AppError::NeedsAnswer { question, command: "mlprov init --yes" });
    }
    let agreed = Confirm::new().with_prompt(question).default(true).interact().unwrap_or(false);
    Ok(agreed.then_some(None))
}

fn text(report: &InitReport) -> String {
    let mut out = format!(
        "Project {} ({})\n",
        ui::paint(ui::BOLD, crate::cli::format::visible(&report.name)),
        report.project
    );
    out.push_str(&format!("  log     {}\n", report.log));
    if let Some(ledger) = &report.ledger {
        out.push_str(&format!("  ledger  {ledger}\n"));
    }
    if let Some(store) = &report.store {
        out.push_str(&format!("  store   {store}\n"));
    }
    let standing = if report.admitted { "" } else { " (not admitted to the log yet)" };
    out.push_str(&format!("  writer  {}{standing}\n", report.writer.short()));
    let written = |h: &&HookReport| matches!(h.state, HookState::Added | HookState::Updated);
    let hooks = report.hooks.iter().flat_map(|r| &r.hooks).filter(written).count();
    for made in &report.made {
        out.push_str(&format!("  made    {made}\n"));
    }
    if hooks > 0 {
        out.push_str(&format!("  made    {}\n", count(hooks as u64, "git hook")));
    }
    if report.made.is_empty() && hooks == 0 {
        out.push_str("  Everything was there; nothing was changed.\n");
    }
    out
}
