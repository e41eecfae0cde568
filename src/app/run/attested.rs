//! Inputs of a run where there is no repository: data that its launcher attested, here or not.

use super::RunRequest;
use super::prepare::Lay;
use super::source::Used;
use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::capsule::Launch;
use crate::app::data;
use crate::app::declare;
use crate::domain::entry::Artefact;
use crate::domain::path::RepoPath;
use crate::ports::progress::Progress;
use crate::worktree::scan;
use std::path::Path;

impl Launch {
    /// The code, as the launcher saw it.
    pub(super) fn used(&self) -> Used {
        Used { source: self.source.clone(), evidence: self.body.evidence.clone() }
    }
}

/// Without `-d`, all that was attested. With `-d [NAME=]PATH`, what lies there is read, and must be one of them.
pub(super) fn inputs(
    project: &Project,
    launch: &Launch,
    cwd: &Path,
    request: &RunRequest,
    progress: &dyn Progress,
) -> Result<Vec<(Artefact, Option<Lay>)>> {
    let attested = project.list(&launch.body.inputs)?;
    let named: Vec<_> = request.inputs.iter().filter(|typed| declare::place_in(typed).is_none()).collect();
    if named.is_empty() {
        return Ok(attested.into_iter().map(|artefact| (artefact, None)).collect());
    }
    let mut inputs = Vec::new();
    for typed in named {
        let is_named = |text: &str| attested.iter().any(|artefact| artefact.name.as_str() == text);
        let text = typed.to_string_lossy();
        let (name, place) = match text.split_once('=').filter(|(name, _)| is_named(name)) {
            Some((name, place)) => (Some(name), Path::new(place)),
            None => (None, typed.as_path()),
        };
        let place: RepoPath = app::repo_path(&project.repo, cwd, place)?;
        let scanned = scan::scan(project.repo.root(), &place)?;
        let fingerprint = scanned.fingerprint();
        let root = data::hash(scanned, &[], progress)?.root()?;
        let same = |artefact: &&Artefact| {
            artefact.digest.blake3 == root && name.is_none_or(|name| artefact.name.as_str() == name)
        };
        let Some(artefact) = attested.iter().find(same) else {
            let path = project.repo.root().join(place.as_str());
            let what = name.map_or_else(|| "one of the datasets".to_owned(), |name| format!("the {name}"));
            let why = format!("it is not {what} that the capsule names (its root is {root})");
            return Err(AppError::RunFile { what: "input", path, why });
        };
        let observed = Some("bytes".to_owned());
        inputs.push((Artefact { observed, ..artefact.clone() }, Some(Lay { place, fingerprint })));
    }
    Ok(inputs)
}
