//! `diff`: what differs between two versions of the data; of two runs also their code, parameters, metrics and
//! environment.

mod code;
pub mod environment;
mod files;
mod values;

pub use code::CodeDifference;
pub use files::FileDifference;
pub use files::State;
pub use values::ValueDifference;

use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::commit::Waiting;
use crate::app::data;
use crate::app::ls;
use crate::app::select::Part;
use crate::app::select::Selection;
use crate::app::version::DatasetAt;
use crate::app::version::Version;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Body;
use crate::domain::ids::CommitId;
use crate::domain::manifest::ManifestEntry;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::domain::version_map::VersionMap;
use crate::ports::progress::Progress;
use crate::worktree::problem::ProblemKind;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

pub struct DiffRequest {
    /// Commits, tags, branches or runs. HEAD and the files in the work tree stand in for what is not named.
    pub a: Option<String>,
    pub b: Option<String>,
    /// Paths and patterns; none means everything.
    pub paths: Vec<PathBuf>,
}

/// Files, and bytes where all their sizes are known here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Count {
    pub files: u64,
    pub bytes: u64,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DatasetDifference {
    pub path: RepoPath,
    /// What A and B have there; absent where it is none of their datasets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<Blake3Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<Blake3Hash>,
    pub added: Count,
    pub removed: Count,
    /// Bytes as they are in B.
    pub changed: Count,
    pub renamed: Count,
    /// Sorted by path.
    pub files: Vec<FileDifference>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DiffReport {
    pub a: String,
    pub b: String,
    /// Of two runs: the commits that they ran on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commits: Option<[String; 2]>,
    /// Of two runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeDifference>,
    pub datasets: Vec<DatasetDifference>,
    /// Of two runs.
    pub parameters: Vec<ValueDifference>,
    pub metrics: Vec<ValueDifference>,
    /// Of two runs: the machine, allowed variables, lock files and packages.
    pub environment: Vec<ValueDifference>,
    /// Commits among the two that are not recorded yet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Waiting>,
}

impl DiffReport {
    /// Code that could not be compared is no equal code.
    pub fn is_empty(&self) -> bool {
        let values = [&self.parameters, &self.metrics, &self.environment];
        self.datasets.is_empty()
            && values.iter().all(|values| values.is_empty())
            && self.code.as_ref().is_none_or(CodeDifference::is_empty)
    }
}

/// One side of the comparison.
enum Side {
    Version(Version),
    /// The files that lie where the work tree's pointers are.
    Files,
}

impl Side {
    fn commit(&self) -> Option<&CommitId> {
        match self {
            Side::Version(Version::Commit { commit, .. }) => Some(&commit.id),
            _ => None,
        }
    }

    fn describe(&self) -> String {
        match self {
            Side::Version(version) => version.describe(),
            Side::Files => "the work tree".to_owned(),
        }
    }
}

/// A dataset of one side, with its files once they are known.
struct Listed {
    dataset: DatasetAt,
    files: Option<Vec<ManifestEntry>>,
    /// Of the files in the work tree, which need not be stored (bytes).
    sizes: BTreeMap<Blake3Hash, u64>,
}

pub fn diff(
    project: &Project,
    cwd: &Path,
    request: &DiffRequest,
    progress: &dyn Progress,
) -> Result<DiffReport> {
    let a = match &request.a {
        Some(word) => side(project, cwd, word)?,
        None => {
            // Without a commit there is nothing to compare with.
            project.repo.head()?;
            side(project, cwd, "HEAD")?
        }
    };
    let b = match &request.b {
        Some(word) => side(project, cwd, word)?,
        None => Side::Files,
    };
    let selection = Selection::new(project, cwd, &request.paths)?;
    let mut pairs: BTreeMap<RepoPath, [Option<Listed>; 2]> = BTreeMap::new();
    for (n, side) in [&a, &b].into_iter().enumerate() {
        for listed in datasets(project, side, progress)? {
            let pair = pairs.entry(listed.dataset.data.clone()).or_default();
            pair[n] = Some(listed);
        }
    }
    let mut datasets = Vec::new();
    for (path, pair) in pairs {
        let same =
            |a: &Listed, b: &Listed| a.dataset.root == b.dataset.root && a.dataset.kind == b.dataset.kind;
        let same = matches!(&pair, [Some(a), Some(b)] if same(a, b));
        let roots = pair.each_ref().map(|side| side.as_ref().map(|l| l.dataset.root));
        let [a, b] = pair;
        let (a, b) = (read(project, &selection, a, same)?, read(project, &selection, b, same)?);
        let files = if same { Vec::new() } else { files::compare(project, a, b)? };
        if !files.is_empty() {
            datasets.push(summary(path, roots, files));
        }
    }
    selection.all_used(&format!("{} or {}", a.describe(), b.describe()))?;
    let mut report = DiffReport {
        a: a.describe(),
        b: b.describe(),
        commits: None,
        code: None,
        datasets,
        parameters: Vec::new(),
        metrics: Vec::new(),
        environment: Vec::new(),
        waiting: Vec::new(),
    };
    let commits: Vec<&CommitId> = [&a, &b].into_iter().filter_map(Side::commit).collect();
    if !commits.is_empty() {
        report.waiting = commit::waiting(project)?;
        report.waiting.retain(|waiting| commits.contains(&&waiting.commit));
    }
    if let (Side::Version(Version::Run { body: a, .. }), Side::Version(Version::Run { body: b, .. })) =
        (&a, &b)
    {
        report.code = Some(code::code(project, [(&report.a, a), (&report.b, b)])?);
        report.environment = environment::environment(project, a, b)?;
        let commit = |body: &Body| body.source.as_ref().map(|s| s.commit.to_string()).unwrap_or_default();
        report.commits = Some([commit(a), commit(b)]);
        report.parameters = values::parameters(project, a, b)?;
        report.metrics = values::metrics(project, a, b)?;
    }
    Ok(report)
}

/// A run by its ids and `latest`; anything else is a commit first.
fn side(project: &Project, cwd: &Path, word: &str) -> Result<Side> {
    let is_run = word == "latest" || word.starts_with("r-") || word.starts_with("arn:");
    if !is_run && project.repo.resolve(word)?.is_some() {
        return project.commit_version(word).map(Side::Version);
    }
    match project.run_version(cwd, word) {
        Ok(version) => Ok(Side::Version(version)),
        Err(AppError::UnknownId { .. }) if project.repo.resolve(word)?.is_some() => {
            project.commit_version(word).map(Side::Version)
        }
        Err(e) => Err(e),
    }
}

fn datasets(project: &Project, side: &Side, progress: &dyn Progress) -> Result<Vec<Listed>> {
    let of = |dataset| Listed { dataset, files: None, sizes: BTreeMap::new() };
    match side {
        Side::Version(version) => Ok(project.datasets_at(version)?.into_iter().map(of).collect()),
        Side::Files => {
            let mut out = Vec::new();
            for placed in ls::pointers(project, None)? {
                out.extend(lying(project, DatasetAt::of_pointer(&placed), progress)?);
            }
            Ok(out)
        }
    }
}

/// A dataset as its files are now. `None`: none of them is there.
fn lying(project: &Project, pointer: DatasetAt, progress: &dyn Progress) -> Result<Option<Listed>> {
    let nothing = |kind: &ProblemKind| matches!(kind, ProblemKind::Missing | ProblemKind::EmptyDirectory);
    if pointer.kind == DatasetKind::Declared {
        return Ok(Some(Listed { dataset: pointer, files: None, sizes: BTreeMap::new() }));
    }
    let seen = match project.see(&pointer.data, progress) {
        Ok(seen) => seen,
        Err(e) if e.problems.iter().all(|p| nothing(&p.kind)) => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    let kind = seen.scanned.kind;
    if seen.known.root == Some(pointer.root) && kind == pointer.kind {
        return Ok(Some(Listed { dataset: pointer, files: None, sizes: BTreeMap::new() }));
    }
    let hashed = data::hash(seen.scanned, &seen.known.hashes, progress)?;
    let contents = || hashed.scanned.files.iter().zip(&hashed.contents);
    let dataset = DatasetAt {
        kind,
        root: hashed.root()?,
        files: hashed.contents.len() as u64,
        bytes: hashed.contents.iter().map(|c| c.size).sum(),
        version_map: None,
        data: pointer.data,
    };
    let files =
        contents().map(|(f, c)| ManifestEntry { path: f.name.to_string(), blake3: c.blake3 }).collect();
    let sizes = contents().map(|(_, c)| (c.blake3, c.size)).collect();
    Ok(Some(Listed { dataset, files: Some(files), sizes }))
}

/// The files of one side that are asked for; of equal sides only whether a path means something.
fn read(
    project: &Project,
    selection: &Selection,
    listed: Option<Listed>,
    same: bool,
) -> Result<Option<Listed>> {
    let Some(mut listed) = listed else { return Ok(None) };
    let own = listed.files.take();
    let files = |dataset: &DatasetAt| match &own {
        Some(files) => Ok(files.clone()),
        None => project.files_of(dataset),
    };
    listed.files = match selection.of(&listed.dataset, || files(&listed.dataset))? {
        Part::None => return Ok(None),
        Part::Whole if same => None,
        Part::Whole => Some(files(&listed.dataset)?),
        Part::Some(files) => Some(files),
    };
    Ok(Some(listed))
}

impl Listed {
    /// Adds the sizes that the dataset's version map knows, for contents that are not stored here.
    fn add_sizes(&mut self, project: &Project) {
        let record = || project.dataset(&self.dataset.root).ok()??.version_map;
        let map = self.dataset.version_map.clone().or_else(record);
        let text = map.and_then(|map| project.read_ref_text(&map).ok());
        if let Some(map) = text.and_then(|text| VersionMap::parse(&text).ok()) {
            self.sizes.extend(map.lines().iter().map(|l| (l.blake3, l.size)));
        }
    }
}

fn summary(path: RepoPath, [a, b]: [Option<Blake3Hash>; 2], files: Vec<FileDifference>) -> DatasetDifference {
    let count = |state: State| {
        let of = files.iter().filter(|f| f.state == state);
        of.fold(Count::default(), |sum, f| Count {
            files: sum.files + 1,
            bytes: sum.bytes + f.b_bytes.or(f.a_bytes).unwrap_or(0),
        })
    };
    DatasetDifference {
        path,
        a,
        b,
        added: count(State::Added),
        removed: count(State::Removed),
        changed: count(State::Changed),
        renamed: count(State::Renamed),
        files,
    }
}
