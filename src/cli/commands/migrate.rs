use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::migrate;
use crate::app::migrate::Left;
use crate::app::migrate::MigratePlan;
use crate::app::migrate::MigrateReport;
use crate::app::migrate::Request;
use crate::app::migrate::State;
use crate::app::migrate::Workshop;
use crate::app::migrate::import;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::MigrateArgs;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::format::count;
use crate::cli::format::visible;
use crate::config::Config;
use crate::config::Link;
use crate::git::repo::Repo;
use crate::ledger::frame::Header;
use crate::ports::log_reader::LogReader;
use crate::ports::probe;
use crate::ports::probe::Property;
use crate::ports::probe::Purpose;
use crate::ports::provision::Provision;
use crate::ports::provision::Remote;
use crate::stores::aws::s3::data::S3Store;
use crate::stores::aws::s3::data::place::StorePlace;
use crate::stores::aws::s3::provision::SharedPlaces;
use crate::stores::local::journal::LocalLedger;
use crate::stores::local::provision::LocalPlaces;
use dialoguer::Confirm;
use std::path::Path;
use std::path::PathBuf;

/// Named in text; `--json` has all.
const NAMED: usize = 20;

pub fn run(context: &Context, args: MigrateArgs) -> Result<Exit> {
    let MigrateArgs { ledger, store, region, endpoint_url: endpoint, plan, yes } = args;
    let request = Request { ledger, store, region, endpoint };
    let edge = Edge { cwd: context.cwd.clone() };
    let own = edge.own_log()?;
    // Of a log that is not here any more nothing goes on.
    let stale = |state: &State| {
        state.import.is_some() && own.as_ref().is_some_and(|own| state.import != Some(own.log()))
    };
    let begun = migrate::pending(&edge.repo()?, &request)?.filter(|state| !stale(state));
    let resumes = begun.is_some();
    let state = match begun {
        Some(state) => state,
        None => match own.filter(|_| request.is_empty()) {
            Some(own) => {
                import::refuse_mirror(own.is_elsewhere(), &own.journal_file().display().to_string())?;
                migrate::draft_import(&edge.repo()?, own.header())?
            }
            None => migrate::draft(&edge.reopen()?, &request)?,
        },
    };
    let planned = migrate::plan(&edge.source(&state)?, &state, resumes)?;
    if plan {
        match context.ui.json {
            true => context.ui.json("mlprov.migrate/1", &planned),
            false => context.ui.answer(&plan_text(&planned)),
        }
        return Ok(0);
    }
    if !resumes || state.changed {
        // What is asked for is known to be good for it.
        for remote in edge.remotes(&state, true)?.iter().filter(|_| state.import.is_none()) {
            let purpose = remote.purpose();
            let place = match purpose {
                Purpose::Ledger => &planned.to.ledger,
                Purpose::Store => &planned.to.store,
            };
            let found = remote.probe(&Property::asked_by_init(purpose))?;
            for lack in probe::demand(place, found, purpose)? {
                let what = visible(&lack.found);
                context.ui.warning(format!("{place}: {}: {what}", lack.property.name()));
            }
        }
        if !yes {
            let question = visible(&question(&planned));
            if !context.ui.can_ask() {
                return Err(AppError::NeedsAnswer { question, command: "mlprov migrate … --yes" });
            }
            context.ui.status(plan_text(&planned).trim_end());
            if !Confirm::new().with_prompt(question).default(true).interact().unwrap_or(false) {
                context.ui.status("Nothing was changed.");
                return Ok(1);
            }
        }
    }
    let imports = state.import;
    let report = migrate::carry_out(&edge, state, &context.ui.progress())?;
    if context.ui.json {
        context.ui.json("mlprov.migrate/1", &report);
        return Ok(0);
    }
    context.ui.answer(&text(&report));
    if let Some(own) = imports {
        context.ui.status(format!("The log of this clone is kept as it was: ledger-{own}"));
        return Ok(0);
    }
    context.ui.hint(
        "git add .mlprov && git commit -m 'Move the ledger' && git push   # other clones: git pull, mlprov init",
    );
    Ok(0)
}

/// Puts old and new places together.
struct Edge {
    cwd: PathBuf,
}

impl Edge {
    fn repo(&self) -> Result<Repo> {
        Ok(Repo::open(&self.cwd, false)?)
    }

    /// Where this clone keeps its things: its own, and those of the new places.
    fn places(&self, config: &Config, apart: &Path) -> Result<(LocalPlaces, LocalPlaces)> {
        let own = compose::local_places(&self.repo()?, &compose::user_dirs()?, config.store.link);
        let new = LocalPlaces { common: apart.to_owned(), ..own.clone() };
        Ok((own, new))
    }
}

impl Edge {
    /// The log of this clone, if it is not the one that the settings name.
    fn own_log(&self) -> Result<Option<LocalLedger>> {
        let repo = self.repo()?;
        let Some(shared) = Config::load(repo.root())?.0.shared_ledger() else { return Ok(None) };
        let places = compose::local_places(&repo, &compose::user_dirs()?, Link::default());
        Ok(places.open_ledger()?.filter(|own| own.log() != shared.log))
    }
}

impl Workshop for Edge {
    fn source(&self, state: &State) -> Result<Project> {
        let text = state.before_text().as_bytes();
        compose::open_by(self.repo()?, (state.before()?, text), None, false)
    }

    fn target(&self, state: &State) -> Result<Project> {
        let (before, after) = (state.before()?, state.after()?);
        let mut project = self.source(state)?;
        let (own, new) = self.places(&after, &state.apart())?;
        let project_id = after.project.id;
        if let Some(shared) = after.shared_ledger().filter(|_| state.moves_ledger().unwrap_or(false)) {
            let arriving = state.import.is_none();
            let places = SharedPlaces { local: new.clone(), shared, hasty: false, arriving };
            // It opens what is there.
            project.ledger = places.create_ledger(&Header::new(project_id, places.shared.log))?;
            project.keys = Box::new(places);
        }
        if let Some(shared) = after.shared_store().filter(|_| state.moves_store().unwrap_or(false)) {
            let from = before.shared_store().map(|store| store.site);
            let root = project.repo.root().to_owned();
            let store = S3Store::new(own.store(), &shared, &new.common, &root, false);
            project.store = Box::new(store.beside(from));
        }
        project.config_digest = crate::domain::entry::Digests::both_of(state.after_text().as_bytes());
        project.config = after;
        Ok(project)
    }

    fn remotes(&self, state: &State, apart: bool) -> Result<Vec<Box<dyn Remote>>> {
        let after = state.after()?;
        let (own, new) = self.places(&after, &state.apart())?;
        let local = if apart { new } else { own };
        let mut all: Vec<Box<dyn Remote>> = Vec::new();
        let asked = state.import.is_some() || state.moves_store().unwrap_or(false);
        if let Some(store) = after.shared_store().filter(|_| asked) {
            all.push(Box::new(StorePlace::new(&store, &local.common)));
        }
        if let Some(shared) = after.shared_ledger().filter(|_| state.moves_ledger().unwrap_or(false)) {
            let arriving = apart && state.import.is_none();
            all.push(Box::new(SharedPlaces { local, shared, hasty: false, arriving }));
        }
        Ok(all)
    }

    fn has_followed(&self, state: &State) -> Result<bool> {
        let (own, _) = self.places(&state.after()?, &state.apart())?;
        let shared = state.after()?.shared_ledger().map(|shared| shared.log);
        Ok(own.open_ledger()?.is_some_and(|ledger| Some(ledger.log()) == shared))
    }

    fn follow(&self, state: &State) -> Result<()> {
        let (own, new) = self.places(&state.after()?, &state.apart())?;
        if let Some(log) = state.import {
            own.replace_by_mirror(log, &new.ledger_dir())?;
        }
        Ok(())
    }

    fn reopen(&self) -> Result<Project> {
        compose::open_patiently(&self.cwd)
    }
}

fn question(plan: &MigratePlan) -> String {
    let mut what = Vec::new();
    if let Some(log) = &plan.into {
        what.push(format!("the entries of this clone's own log into log {log} in {}", plan.to.ledger));
    } else if plan.from.ledger != plan.to.ledger {
        what.push(format!("the ledger to {}", plan.to.ledger));
    }
    if plan.from.store != plan.to.store {
        what.push(format!("the data to {}", plan.to.store));
    }
    format!("Move {}?", what.join(" and "))
}

fn plan_text(plan: &MigratePlan) -> String {
    let mut rows = vec![
        vec!["ledger".to_owned(), plan.from.ledger.clone(), "to".to_owned(), plan.to.ledger.clone()],
        vec!["data".to_owned(), plan.from.store.clone(), "to".to_owned(), plan.to.store.clone()],
    ];
    for row in rows.iter_mut().filter(|row| row[1] == row[3]) {
        (row[2], row[3]) = ("stays".to_owned(), String::new());
    }
    let mut out = format::table(&rows);
    if plan.resumes {
        out.push_str("It was begun before, and goes on.\n");
    }
    if plan.entries > 0 {
        out.push_str(&format!("{} byte for byte\n", count(plan.entries, "entry")));
    }
    if let Some(log) = &plan.into {
        out.push_str(&format!(
            "  into log {log}, whose checkpoints {} signs; those about this log alone become evidence\n",
            plan.vkey
        ));
    }
    let amount = |amount: &migrate::Amount| {
        format!("{}, {}", count(amount.contents, "content"), format::bytes(amount.bytes))
    };
    if plan.datasets > 0 {
        out.push_str(&format!("{} with versions elsewhere from then on\n", count(plan.datasets, "dataset")));
        out.push_str(&format!("  to upload  {}\n", amount(&plan.upload)));
        out.push_str(&format!("  to copy    {}\n", amount(&plan.copy)));
    }
    if plan.objects > 0 {
        out.push_str(&format!("{} of the record\n", count(plan.objects, "object")));
    }
    for what in &plan.stays {
        out.push_str(&format!("stays: {what}\n"));
    }
    out.push_str(&left_text(&plan.left));
    out
}

fn left_text(left: &[Left]) -> String {
    let mut out = String::new();
    for left in left.iter().take(NAMED) {
        out.push_str(&format!("left behind: {} ({})\n", visible(&left.what), visible(&left.why)));
    }
    if left.len() > NAMED {
        out.push_str(&format!("and {} more (--json lists all)\n", left.len() - NAMED));
    }
    out
}

fn text(report: &MigrateReport) -> String {
    let mut out = String::new();
    if let Some(ledger) = &report.ledger {
        out.push_str(&format!("The log {} goes on in {ledger}\n", report.log));
        out.push_str(&format!("  {}, root {}\n", count(report.size, "entry"), report.root));
    }
    if let Some(store) = &report.store {
        out.push_str(&format!("The data is in {store}\n"));
    }
    if let Some(imported) = report.imported {
        out.push_str(&format!("  {} of this clone's own log are in it\n", count(imported, "entry")));
    }
    if report.relocated > 0 {
        out.push_str(&format!("  {} in their new place\n", count(report.relocated, "dataset")));
    }
    if report.ledger.is_none() && report.store.is_none() && report.relocated == 0 {
        out.push_str("Everything was there; nothing was changed.\n");
    }
    out.push_str(&left_text(&report.left));
    out
}
