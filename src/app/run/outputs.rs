//! What a command made: stored as versions, its metrics read, its model registered. Nothing that goes wrong
//! here may keep the run's end from being recorded: it becomes a note, and the run is not complete.

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::model;
use crate::app::model::artefact::Wanted;
use crate::app::record;
use crate::app::run::RunRequest;
use crate::app::run::files;
use crate::domain::arn;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Metric;
use crate::domain::entry::ModelPackage;
use crate::domain::entry::Run;
use crate::domain::entry::Source;
use crate::domain::ids::RunId;
use crate::domain::package::Image;
use crate::domain::path::RepoPath;
use crate::domain::time::Timestamp;
use crate::ports::StoreError;
use crate::ports::object_store::Kept;
use crate::ports::progress::Progress;
use crate::worktree::scan;
use serde::Deserialize;
use serde::Serialize;
use std::path::PathBuf;

/// One declared output, as it lay there before the command started.
#[derive(Serialize, Deserialize)]
pub struct Declared {
    pub path: RepoPath,
    role: String,
    /// See [`Scanned::fingerprint`].
    before: Option<Blake3Hash>,
    /// Declared while the command ran, which began then (nanoseconds since the Unix epoch).
    #[serde(default)]
    since: Option<i64>,
}

/// Paths that the command will write, known to be sound.
#[derive(Default, Serialize, Deserialize)]
pub struct Outputs {
    pub declared: Vec<Declared>,
    /// Model file and group.
    model: Option<(RepoPath, String)>,
    /// What runs the model.
    #[serde(default)]
    image: Option<Image>,
    /// What the command itself said.
    #[serde(skip)]
    logged: Vec<Metric>,
    #[serde(skip)]
    lacks: Vec<String>,
}

/// What became of them.
#[derive(Default)]
pub struct Made {
    pub stored: Vec<Artefact>,
    pub metrics: Vec<Metric>,
    /// Something declared is not there, or could not be stored or read.
    pub incomplete: bool,
    pub notes: Vec<String>,
    /// Until the run's end is recorded.
    kept: Vec<Kept>,
}

impl Made {
    fn lacks(&mut self, note: String) {
        self.incomplete = true;
        self.notes.push(note);
    }
}

impl Outputs {
    pub fn plan(project: &Project, cwd: &std::path::Path, request: &RunRequest) -> Result<Self> {
        let path = |p: &PathBuf| app::repo_path(&project.repo, cwd, p);
        project.check_image(request.image.as_ref())?;
        let mut files: Vec<(RepoPath, &'static str)> = Vec::new();
        let model = match &request.model {
            Some((file, group)) => {
                arn::check_group(group)?;
                let file = path(file)?;
                files.push((file.clone(), "model"));
                Some((file, group.clone()))
            }
            None => None,
        };
        for metric in &request.metrics {
            files.push((path(metric)?, "metrics"));
        }
        for output in &request.outputs {
            files.push((path(output)?, "output"));
        }
        let mut declared: Vec<Declared> = Vec::new();
        for (path, role) in files {
            if !declared.iter().any(|d| d.path == path) {
                // Whatever lies there now is not made by this run.
                let before = scan::scan(project.repo.root(), &path).ok().map(|scanned| scanned.fingerprint());
                declared.push(Declared { path, role: role.to_owned(), before, since: None });
            }
        }
        Ok(Outputs { declared, model, image: request.image.clone(), logged: Vec::new(), lacks: Vec::new() })
    }

    /// Metrics that the command said itself.
    pub fn log(&mut self, metrics: impl Iterator<Item = Metric>) {
        self.logged.extend(metrics);
    }

    /// An output of a command that began at `since`, as the command itself said.
    pub fn declare_late(&mut self, path: RepoPath, role: &str, since: &Timestamp) {
        if !self.declared.iter().any(|d| d.path == path) {
            let since = Some(since.unix_micros().saturating_mul(1_000));
            self.declared.push(Declared { path, role: role.to_owned(), before: None, since });
        }
    }

    /// The model that the command said it makes.
    pub fn set_model(&mut self, file: RepoPath, group: String) {
        match (&self.model, arn::check_group(&group)) {
            (Some(known), _) if *known != (file.clone(), group.clone()) => {
                self.lack(format!("model {file}: the run makes another one already"));
            }
            (_, Err(e)) => self.lack(format!("model {file}: {e}")),
            _ => self.model = Some((file, group)),
        }
    }

    /// Something that was to be recorded, and cannot be.
    pub fn lack(&mut self, note: String) {
        self.lacks.push(note);
    }

    pub fn paths(&self) -> Vec<RepoPath> {
        self.declared.iter().map(|d| d.path.clone()).collect()
    }

    /// Stores what the command made, and reads its metrics.
    pub fn store(&self, project: &Project, run: &RunId, progress: &dyn Progress) -> Made {
        let stored = project.or_staged(|| {
            let mut made = Made::default();
            let stored = self.store_files(project, run, progress, &mut made)?;
            Ok((made, stored))
        });
        let mut made = match stored {
            Ok((made, stored)) => Made { stored, ..made },
            Err(e) => {
                let mut made = Made::default();
                made.lacks(format!("outputs: {}", brief(&e)));
                made
            }
        };
        self.read_metrics(project, &mut made);
        self.lacks.iter().cloned().for_each(|note| made.lacks(note));
        made
    }

    fn store_files(
        &self,
        project: &Project,
        run: &RunId,
        progress: &dyn Progress,
        made: &mut Made,
    ) -> Result<Vec<Artefact>> {
        let objects = project.store.batch(false)?;
        // SageMaker names a model by its key alone, so that is used once. The files of a directory keep their places; what
        // is registered is a copy of them.
        let is_file = |file: &RepoPath| project.repo.root().join(file.as_str()).is_file();
        let room = self.model.as_ref().filter(|(file, _)| is_file(file));
        let room = room.map(|(_, group)| format!("models/{group}/{run}/"));
        let models = room.as_ref().map(|room| project.store.batch_in(room)).transpose()?;
        let (mut stored, mut waiting) = (Vec::new(), Vec::new());
        for Declared { path, role, before, since } in &self.declared {
            let is_model = self.model.as_ref().is_some_and(|(file, _)| file == path);
            let objects = models.as_ref().filter(|_| is_model).unwrap_or(&objects);
            let mut put = || -> Result<Artefact> {
                let scanned = scan::scan(project.repo.root(), path)?;
                let old = since.is_some_and(|since| scanned.files.iter().all(|f| f.stat.ctime < since));
                let unchanged = old || before.is_some_and(|before| before == scanned.fingerprint());
                let for_others = role == "model" || role == "metrics";
                let hashed = data::put(scanned, &**objects, for_others, progress)?;
                let record = data::describe(&hashed, hashed.sha256, &*project.store, &**objects)?;
                let mut artefact = record.artefact(path, role);
                artefact.observed = Some(if unchanged { "unchanged" } else { "after" }.to_owned());
                if record.version_map.is_none() {
                    waiting.push((path.clone(), record, room.as_deref().filter(|_| is_model)));
                }
                Ok(artefact)
            };
            match put() {
                Ok(artefact) => stored.push(artefact),
                // All of it once more, and kept here.
                Err(e @ AppError::Store(StoreError::Io { .. }))
                    if project.store.readers().is_some() && project.store.waits().is_none() =>
                {
                    return Err(e);
                }
                Err(e) => made.lacks(format!("output {path}: {}", brief(&e))),
            }
        }
        made.kept.push(objects.commit()?);
        if let Some(models) = models {
            made.kept.push(models.commit()?);
        }
        for (path, record, room) in &waiting {
            project.stage(path, record, *room, false)?;
        }
        for artefact in stored.iter().filter(|a| a.observed.as_deref() == Some("unchanged")) {
            made.notes.push(format!("output {}: the command did not write it", artefact.name));
            // An old model, or old metrics, must not pass for this run's.
            made.incomplete |= artefact.role == "model" || artefact.role == "metrics";
        }
        Ok(stored)
    }

    fn read_metrics(&self, project: &Project, made: &mut Made) {
        let fresh = |a: &&Artefact| a.role == "metrics" && a.observed.as_deref() == Some("after");
        for artefact in made.stored.clone().iter().filter(fresh) {
            // From the stored version, so that the values are those of the digest beside them.
            let read = data::read_object(&*project.store, &artefact.digest.blake3).and_then(|bytes| {
                files::read_pairs("metrics", &project.repo.root().join(artefact.name.as_str()), &bytes)
            });
            match read {
                Ok(pairs) => made.metrics.extend(pairs.into_iter().map(|(name, value)| Metric {
                    name,
                    value,
                    source: Some(artefact.name.clone()),
                })),
                Err(e) => made.lacks(format!("metrics {}: {}", artefact.name, brief(&e))),
            }
        }
        made.metrics.extend(self.logged.iter().cloned());
        if made.metrics.len() > record::MAX_METRICS {
            let (found, allowed) = (made.metrics.len(), record::MAX_METRICS);
            made.lacks(format!(
                "metrics: {found} values, and the record allows {allowed}; only the files are kept"
            ));
            made.metrics.clear();
        }
    }

    /// Registers the model of a complete run. Before the entry that names it, so that the entry is never ahead
    /// of the registry. One that is out of reach costs no run: the model can be registered later.
    pub fn register(
        &self,
        project: &Project,
        run: &Run,
        source: &Source,
        made: &mut Made,
    ) -> Option<ModelPackage> {
        let (file, group) = self.model.as_ref()?;
        let artefact = made.stored.iter().find(|a| a.name == *file)?.clone();
        let far = project.registry.place();
        if far.is_some() && artefact.version_map.is_none() {
            made.notes.push(format!("model {file}: not registered yet: it waits for the store"));
            return None;
        }
        let (source, image) = (Some(source), self.image.as_ref());
        let wanted = Wanted { group, run: &run.id, model: &artefact, source, image };
        match model::of_ending_run(project, &wanted) {
            Ok(package) => Some(package),
            Err(e) if far.is_some() => {
                made.notes.push(format!("model {file}: not registered: {}", brief(&e)));
                None
            }
            Err(e) => {
                made.lacks(format!("model {file}: it could not be registered: {}", brief(&e)));
                None
            }
        }
    }
}

/// Why, without the absolute paths that have no place in a record.
pub fn brief(e: &AppError) -> String {
    match e {
        AppError::Scan(scan) => scan.problems[0].kind.to_string(),
        AppError::RunFile { why, .. } | AppError::PackageDiffers { why, .. } => why.clone(),
        AppError::Store(StoreError::Io { op, source, .. }) => format!("{op}: {source}"),
        AppError::Durable(e) => format!("{}: {}", e.op, e.source),
        AppError::Store(StoreError::Corrupt { why, .. }) => why.clone(),
        AppError::Store(StoreError::Missing { .. }) => "it was not stored".to_owned(),
        AppError::Store(StoreError::Unfit { why, .. }) => why.clone(),
        _ => "it could not be stored".to_owned(),
    }
}
