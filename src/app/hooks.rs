//! `hooks install | uninstall | status`: our block in every hook file, beside what others wrote.

use crate::app::Result;
use crate::app::init::read_or_empty;
use crate::durable;
use crate::git::hooks;
use crate::git::hooks::Hook;
use crate::git::hooks::HookPlan;
use crate::git::hooks::Stripped;
use crate::git::hooks::managers;
use crate::git::hooks::managers::Author;
use crate::git::hooks::managers::ConfigHook;
use crate::git::hooks::managers::LEFTHOOK_LOCAL;
use crate::git::hooks::managers::Owner;
use crate::git::hooks::managers::Place;
use crate::git::repo::Repo;
use crate::ports::StoreError;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HookState {
    /// Our block stands there as it should.
    Installed,
    /// It does not yet; `install` writes it.
    Missing,
    /// It stands there, but not as this version writes it.
    Outdated,
    /// git's configuration calls it (git 2.54).
    ByConfig,
    /// git would call it in more than one way.
    Twice,
    /// It cannot be joined safely.
    LeftAlone,
    /// What `install` and `uninstall` did.
    Added,
    Updated,
    Removed,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HookReport {
    pub name: String,
    pub state: HookState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HooksReport {
    pub directory: PathBuf,
    pub hooks: Vec<HookReport>,
    /// What lefthook's configuration must say, if it has hooks of its own with these names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lefthook: Option<String>,
}

pub struct HooksRequest<'a> {
    /// Absolute path of mlprov.
    pub program: &'a Path,
    /// Names; empty means all that the settings ask for.
    pub only: &'a [String],
    /// Whether the settings ask for checkpoints in commit messages.
    pub trailer: bool,
    /// Also where other repositories look for their hooks.
    pub shared: bool,
}

impl HooksRequest<'_> {
    fn hooks(&self) -> Vec<Hook> {
        let all = hooks::HOOKS.into_iter().chain(Some(hooks::TRAILER_HOOK));
        let wanted = |hook: &Hook| match self.only {
            [] => hook.name != hooks::TRAILER_HOOK.name || self.trailer,
            only => only.iter().any(|name| name == hook.name),
        };
        all.filter(wanted).collect()
    }
}

/// One hook, and what should become of it.
struct Planned {
    hook: Hook,
    file: PathBuf,
    existing: Option<Vec<u8>>,
    act: Act,
}

enum Act {
    Nothing(HookState, Option<String>),
    Write(String),
    /// Through lefthook's local configuration.
    Lefthook,
}

struct Surroundings {
    place: Place,
    root: PathBuf,
    config: Vec<ConfigHook>,
    reads_config: bool,
}

impl Surroundings {
    fn of(repo: &Repo) -> Result<Self> {
        let config = managers::config_hooks(repo.root())?;
        let reads_config =
            !config.is_empty() && managers::git_version(repo.root())? >= managers::CONFIG_HOOKS_SINCE;
        Ok(Surroundings { place: Place::of(repo)?, root: repo.root().to_owned(), config, reads_config })
    }

    /// The configured hook that calls us for an event.
    fn by_config(&self, event: &str) -> Option<&ConfigHook> {
        let ours = |hook: &&ConfigHook| {
            hook.command.contains("mlprov") && hook.events.iter().any(|known| known == event)
        };
        self.config.iter().find(ours)
    }

    fn plan(&self, hook: Hook, request: &HooksRequest<'_>) -> Result<Planned> {
        let mut file = self.place.dir.join(hook.name);
        let nothing = |state, why: &str| Act::Nothing(state, Some(why.to_owned()));
        let mut existing = read(&file)?;
        let text = existing.as_deref().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        let has_block = hooks::has_block(&text);
        if let Some(configured) = self.by_config(hook.name).filter(|_| self.reads_config) {
            let act = match has_block {
                true => nothing(
                    HookState::Twice,
                    &format!("git's configuration calls it as well (hook.{})", configured.name),
                ),
                false => nothing(HookState::ByConfig, &format!("hook.{}", configured.name)),
            };
            return Ok(Planned { hook, file, existing, act });
        }
        if self.place.owner == Owner::Shared && !request.shared && !has_block {
            let why = "core.hooksPath points to a directory that other repositories may use";
            return Ok(Planned { hook, file, existing, act: nothing(HookState::LeftAlone, why) });
        }
        if is_link(&file) {
            let act = nothing(HookState::LeftAlone, "it is a link to a file elsewhere");
            return Ok(Planned { hook, file, existing, act });
        }
        match managers::author(&text) {
            // It does not hand on what git says to post-rewrite; there our block must come before it.
            Author::PreCommit if hook.name != "post-rewrite" && !has_block => {
                file.set_file_name(format!("{}.legacy", hook.name));
                existing = read(&file)?;
            }
            Author::Lefthook => return Ok(Planned { hook, file, existing, act: Act::Lefthook }),
            Author::Somebody if existing.is_none() && managers::lefthook_runs(&self.root, hook.name) => {
                return Ok(Planned { hook, file, existing, act: Act::Lefthook });
            }
            Author::PreCommit | Author::Somebody => {}
        }
        let is_husky = self.place.owner == Owner::Husky;
        let disabled = !is_husky && fs::metadata(&file).is_ok_and(|m| m.permissions().mode() & 0o111 == 0);
        if existing.is_some() && disabled {
            let act = nothing(HookState::LeftAlone, "it is switched off (not executable)");
            return Ok(Planned { hook, file, existing, act });
        }
        let program = self.place.owner.names_program().then_some(request.program);
        let act = match hook.plan(existing.as_deref(), program, is_husky) {
            HookPlan::Unchanged => Act::Nothing(HookState::Installed, None),
            HookPlan::LeftAlone(why) => nothing(HookState::LeftAlone, why),
            HookPlan::Write(text) => Act::Write(text),
        };
        Ok(Planned { hook, file, existing, act })
    }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(StoreError::io("read", path.display(), e).into()),
    }
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink())
}

/// A file that is there keeps its mode.
fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(dir) = path.parent() {
        durable::create_dir_all(dir)?;
    }
    let mode = fs::metadata(path).map_or(0o755, |m| m.permissions().mode() & 0o777);
    Ok(durable::replace(path, text.as_bytes(), mode)?)
}

pub fn install(repo: &Repo, request: &HooksRequest<'_>) -> Result<HooksReport> {
    let around = Surroundings::of(repo)?;
    let planned = request.hooks().into_iter().map(|hook| around.plan(hook, request));
    let planned = planned.collect::<Result<Vec<Planned>>>()?;
    let lefthook = Lefthook::plan(repo.root(), &planned, request.program)?;
    let mut reports = Vec::new();
    for Planned { hook, file, existing, act } in planned {
        let has_block = existing.is_some_and(|bytes| hooks::has_block(&String::from_utf8_lossy(&bytes)));
        let (state, why, file) = match act {
            Act::Nothing(state, why) => (state, why, file),
            Act::Write(text) => {
                write(&file, &text)?;
                (if has_block { HookState::Updated } else { HookState::Added }, None, file)
            }
            Act::Lefthook => lefthook.report(has_block),
        };
        reports.push(HookReport { name: hook.name.to_owned(), state, file: Some(file), why });
    }
    lefthook.write(repo)?;
    Ok(HooksReport { directory: around.place.dir, hooks: reports, lefthook: lefthook.snippet() })
}

pub fn status(repo: &Repo, request: &HooksRequest<'_>) -> Result<HooksReport> {
    let around = Surroundings::of(repo)?;
    let planned = request.hooks().into_iter().map(|hook| around.plan(hook, request));
    let planned = planned.collect::<Result<Vec<Planned>>>()?;
    let lefthook = Lefthook::plan(repo.root(), &planned, request.program)?;
    let mut reports = Vec::new();
    for Planned { hook, file, existing, act } in planned {
        let has_block = existing.is_some_and(|bytes| hooks::has_block(&String::from_utf8_lossy(&bytes)));
        let (state, mut why, file) = match act {
            Act::Nothing(state, why) => (state, why, file),
            Act::Write(_) if has_block => (HookState::Outdated, None, file),
            Act::Write(_) => (HookState::Missing, None, file),
            Act::Lefthook => match lefthook.report(has_block) {
                (HookState::Added, why, file) => (HookState::Missing, why, file),
                (HookState::Updated, why, file) => (HookState::Outdated, why, file),
                told => told,
            },
        };
        if let Some(configured) = around.by_config(hook.name).filter(|_| !around.reads_config) {
            let (major, minor) = managers::CONFIG_HOOKS_SINCE;
            why = Some(format!("hook.{} is read by git {major}.{minor} or later only", configured.name));
        }
        reports.push(HookReport { name: hook.name.to_owned(), state, file: Some(file), why });
    }
    Ok(HooksReport { directory: around.place.dir, hooks: reports, lefthook: lefthook.snippet() })
}

/// Takes our block out of every file where it may be.
pub fn uninstall(repo: &Repo, only: &[String]) -> Result<HooksReport> {
    let place = Place::of(repo)?;
    let dirs: BTreeSet<PathBuf> =
        [place.dir.clone(), repo.common_dir().join("hooks"), repo.root().join(".husky")].into();
    let mut reports = Vec::new();
    let all = hooks::HOOKS.into_iter().chain(Some(hooks::TRAILER_HOOK));
    for hook in all.filter(|h| only.is_empty() || only.iter().any(|name| name == h.name)) {
        for dir in &dirs {
            for name in [hook.name.to_owned(), format!("{}.legacy", hook.name)] {
                let file = dir.join(name);
                let Some(bytes) = read(&file)?.filter(|_| !is_link(&file)) else { continue };
                let Ok(text) = String::from_utf8(bytes) else { continue };
                match hooks::strip(&text) {
                    Stripped::Untouched => continue,
                    Stripped::Nothing => durable::remove(&file)?,
                    Stripped::Rest(rest) => write(&file, &rest)?,
                }
                let name = hook.name.to_owned();
                reports.push(HookReport { name, state: HookState::Removed, file: Some(file), why: None });
            }
        }
    }
    let local = repo.root().join(LEFTHOOK_LOCAL);
    let text = read_or_empty(&local)?;
    if only.is_empty() && hooks::has_block(&text) && !is_link(&local) {
        match hooks::strip(&text) {
            Stripped::Rest(rest) => durable::replace(&local, rest.as_bytes(), 0o644)?,
            _ => durable::remove(&local)?,
        }
        let name = "lefthook".to_owned();
        reports.push(HookReport { name, state: HookState::Removed, file: Some(local), why: None });
    }
    Ok(HooksReport { directory: place.dir, hooks: reports, lefthook: None })
}

/// What lefthook's local configuration should say.
struct Lefthook {
    file: PathBuf,
    hooks: Vec<&'static str>,
    before: String,
    /// `None`: it has hooks of its own with these names.
    after: Option<String>,
    snippet: String,
}

impl Lefthook {
    fn plan(root: &Path, planned: &[Planned], program: &Path) -> Result<Self> {
        let file = root.join(LEFTHOOK_LOCAL);
        let before = if is_link(&file) { String::new() } else { read_or_empty(&file)? };
        let ours = planned.iter().filter(|p| matches!(p.act, Act::Lefthook));
        let hooks: Vec<&'static str> = ours.map(|p| p.hook.name).collect();
        let after = match is_link(&file) {
            true => None,
            false => managers::lefthook_with(&before, &hooks, program),
        };
        let snippet = managers::lefthook_block(&hooks, program);
        Ok(Lefthook { file, hooks, before, after, snippet })
    }

    fn report(&self, block_in_hook: bool) -> (HookState, Option<String>, PathBuf) {
        let why = Some("by lefthook".to_owned());
        let state = match &self.after {
            _ if block_in_hook => HookState::Twice,
            None => HookState::LeftAlone,
            Some(after) if *after == self.before => HookState::Installed,
            Some(_) if hooks::has_block(&self.before) => HookState::Updated,
            Some(_) => HookState::Added,
        };
        (state, why, self.file.clone())
    }

    fn write(&self, repo: &Repo) -> Result<()> {
        let Some(after) =
            self.after.as_ref().filter(|after| !self.hooks.is_empty() && **after != self.before)
        else {
            return Ok(());
        };
        if self.before.is_empty() {
            exclude(repo)?;
        }
        Ok(durable::replace(&self.file, after.as_bytes(), 0o644)?)
    }

    /// To be pasted, where it cannot be written.
    fn snippet(&self) -> Option<String> {
        (self.after.is_none() && !self.hooks.is_empty()).then(|| self.snippet.clone())
    }
}

/// lefthook's local configuration is this clone's own: git need not see it.
fn exclude(repo: &Repo) -> Result<()> {
    let file = repo.common_dir().join("info").join("exclude");
    let text = read_or_empty(&file)?;
    let line = format!("/{LEFTHOOK_LOCAL}");
    if text.lines().any(|known| known == line) || repo.is_ignored(&LEFTHOOK_LOCAL.parse()?) {
        return Ok(());
    }
    durable::create_dir_all(&repo.common_dir().join("info"))?;
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Ok(durable::replace(&file, format!("{text}{gap}{line}\n").as_bytes(), 0o644)?)
}
