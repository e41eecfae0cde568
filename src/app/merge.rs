//! `merge`: two versions of a dataset, tracked on two branches, into one pointer. By path, against the version
//! that both came from. The files themselves are not needed: manifests say enough.

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::data;
use crate::app::data::DatasetRecord;
use crate::app::data::Listing;
use crate::app::record;
use crate::app::track::pointing;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::ids::CommitId;
use crate::domain::ids::EntryId;
use crate::domain::manifest::Manifest;
use crate::domain::merge;
use crate::domain::merge::Conflict;
use crate::domain::merge::Merged;
use crate::domain::merge::Why;
use crate::domain::path::RepoPath;
use crate::domain::pointer;
use crate::domain::pointer::DatasetKind;
use crate::domain::pointer::Pointer;
use crate::domain::version_map::Content;
use crate::domain::version_map::VersionMap;
use crate::ports::StoreError;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

/// The texts of a pointer in conflict. One that is not there: the file was made, or deleted, on one side.
pub struct Texts {
    /// Path of the pointer.
    pub at: RepoPath,
    pub base: Option<Vec<u8>>,
    pub ours: Option<Vec<u8>>,
    pub theirs: Option<Vec<u8>>,
}

/// What would come of a merge.
#[must_use]
pub struct MergePlan {
    report: MergeReport,
    /// The merged version; `None` if there are conflicts.
    version: Option<Version>,
}

/// A version of a dataset by its contents.
struct Version {
    /// Of a directory.
    manifest: Option<Manifest>,
    /// Every content once.
    contents: Vec<Content>,
    pointer: Pointer,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MergeReport {
    pub path: RepoPath,
    pub pointer: RepoPath,
    /// `merged` or `conflict`.
    pub state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<Blake3Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ours: Option<Blake3Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theirs: Option<Blake3Hash>,
    /// The merged version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blake3: Option<Blake3Hash>,
    pub files: u64,
    pub bytes: u64,
    pub conflicts: Vec<Conflict>,
    /// Contents of the merged version that this store does not hold: they are with the clone that tracked them.
    pub elsewhere: u64,
    /// The `dataset.tracked` entry of the merged version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryId>,
    /// Files of git that this call wrote.
    pub written: Vec<String>,
    /// Commits whose data became known by this call.
    pub recorded: Vec<CommitId>,
}

impl MergePlan {
    pub fn report(&self) -> &MergeReport {
        &self.report
    }

    /// The pointer of the merged version; `None` if there are conflicts.
    pub fn pointer_text(&self) -> Result<Option<String>> {
        Ok(self.version.as_ref().map(|v| v.pointer.to_toml()).transpose()?)
    }
}

/// Finds the conflict that git holds at a pointer, and what would come of it. `path`: the pointer or its data.
pub fn plan(project: &Project, cwd: &Path, path: &Path) -> Result<MergePlan> {
    let path = app::repo_path(&project.repo, cwd, path)?;
    let at = match path.as_str().ends_with(pointer::SUFFIX) {
        true => path,
        false => pointing::pointer_path(&path)?,
    };
    let Some([base, ours, theirs]) = project.repo.conflict(&at)? else {
        return Err(AppError::NoConflict { path: at.to_string() });
    };
    plan_of(project, &Texts { at, base, ours, theirs })
}

/// What would come of three texts. Nothing is written.
pub fn plan_of(project: &Project, texts: &Texts) -> Result<MergePlan> {
    let at = &texts.at;
    let side = |name: &str, text: &Option<Vec<u8>>| read_side(at, name, text.as_deref());
    let base = side("the common version", &texts.base)?;
    let ours = side("our version", &texts.ours)?;
    let theirs = side("their version", &texts.theirs)?;
    let data: RepoPath = at.as_str().strip_suffix(pointer::SUFFIX).unwrap_or(at.as_str()).parse()?;
    let root = |p: &Option<Pointer>| p.as_ref().map(|p| p.blake3);
    let report = MergeReport {
        pointer: at.clone(),
        state: "conflict",
        base: root(&base),
        ours: root(&ours),
        theirs: root(&theirs),
        blake3: None,
        files: 0,
        bytes: 0,
        conflicts: Vec::new(),
        elsewhere: 0,
        entry: None,
        written: Vec::new(),
        recorded: Vec::new(),
        path: data.clone(),
    };
    let whole = |why| vec![Conflict { path: data.name().to_owned(), why }];
    let outcome = match (base, ours, theirs) {
        (_, Some(ours), Some(theirs)) if ours == theirs => Ok(version_of(project, at, ours)?),
        (Some(base), Some(ours), Some(theirs)) if ours == base => Ok(version_of(project, at, theirs)?),
        (Some(base), Some(ours), Some(theirs)) if theirs == base => Ok(version_of(project, at, ours)?),
        (base, Some(ours), Some(theirs)) => merge_versions(project, at, base, ours, theirs)?,
        (_, None, _) => Err(whole(Why::DeletedByUs)),
        (_, _, None) => Err(whole(Why::DeletedByThem)),
    };
    Ok(match outcome {
        Err(conflicts) => MergePlan { report: MergeReport { conflicts, ..report }, version: None },
        Ok(version) => {
            let held = |c: &&Content| !project.store.holds(&c.blake3, c.size);
            let report = MergeReport {
                state: "merged",
                blake3: Some(version.pointer.blake3),
                files: version.pointer.files,
                bytes: version.pointer.bytes,
                elsewhere: version.contents.iter().filter(held).count() as u64,
                ..report
            };
            MergePlan { report, version: Some(version) }
        }
    })
}

fn read_side(at: &RepoPath, name: &str, text: Option<&[u8]>) -> Result<Option<Pointer>> {
    let Some(text) = text else { return Ok(None) };
    let bad = |why: String| AppError::BadPointer { path: at.to_string(), why: format!("{name}: {why}") };
    let text = std::str::from_utf8(text).map_err(|_| bad("is not UTF-8".into()))?;
    let pointer = Pointer::parse(text).map_err(|e| bad(e.why))?;
    // git takes pointers that look alike for one that was renamed; two datasets are never merged into one.
    let data = pointer.data_path(at).map_err(|e| bad(e.to_string()))?;
    crate::git::pointers::check_place(at, &data).map_err(bad)?;
    Ok(Some(pointer))
}

fn merge_versions(
    project: &Project,
    at: &RepoPath,
    base: Option<Pointer>,
    ours: Pointer,
    theirs: Pointer,
) -> Result<std::result::Result<Version, Vec<Conflict>>> {
    let name = ours.path.clone();
    let whole = |why| Ok(Err(vec![Conflict { path: name.clone(), why }]));
    match (ours.kind, theirs.kind) {
        (DatasetKind::Directory, DatasetKind::Directory) => {}
        (DatasetKind::File, DatasetKind::File) if base.is_none() => return whole(Why::BothAdded),
        (DatasetKind::File, DatasetKind::File) | (DatasetKind::Declared, DatasetKind::Declared) => {
            return whole(Why::BothChanged);
        }
        _ => return whole(Why::FileAndDirectory),
    }
    // A file that both sides replaced by a directory has nothing in common with either.
    let base = base.filter(|b| b.kind == DatasetKind::Directory);
    let base = base.map(|base| manifest_of(project, at, &base, "the common version")).transpose()?;
    let (our_files, our_sizes) = files_of(project, at, &ours, "our version")?;
    let (their_files, their_sizes) = files_of(project, at, &theirs, "their version")?;
    let manifest = match merge::three_way(base.as_ref(), &our_files, &their_files)? {
        Merged::Clean(manifest) => manifest,
        Merged::Conflicts(conflicts) => return Ok(Err(conflicts)),
        Merged::Nothing => return whole(Why::NothingLeft),
    };
    let mut sizes = our_sizes;
    sizes.extend(their_sizes);
    Ok(Ok(directory(manifest, name, &sizes)?))
}

/// A version that one side has already.
fn version_of(project: &Project, at: &RepoPath, pointer: Pointer) -> Result<Version> {
    if pointer.kind != DatasetKind::Directory {
        let contents = vec![Content { blake3: pointer.blake3, size: pointer.bytes }];
        return Ok(Version { manifest: None, contents, pointer });
    }
    let (manifest, sizes) = files_of(project, at, &pointer, "the merged version")?;
    directory(manifest, pointer.path, &sizes)
}

type Sizes = BTreeMap<Blake3Hash, u64>;

fn directory(manifest: Manifest, path: String, sizes: &Sizes) -> Result<Version> {
    let mut contents = BTreeMap::new();
    let mut bytes = 0;
    for entry in manifest.entries() {
        let size = size_of(sizes, &entry.blake3)?;
        contents.insert(entry.blake3, size);
        bytes += size;
    }
    let (blake3, files) = (manifest.root(), manifest.entries().len() as u64);
    let pointer = Pointer { path, kind: DatasetKind::Directory, blake3, files, bytes };
    let contents = contents.into_iter().map(|(blake3, size)| Content { blake3, size }).collect();
    Ok(Version { manifest: Some(manifest), contents, pointer })
}

fn size_of(sizes: &Sizes, content: &Blake3Hash) -> Result<u64> {
    let missing = || ParseError::new("version map", "does not name a content", content.to_string());
    Ok(*sizes.get(content).ok_or_else(missing)?)
}

/// Manifest of a version, from this store or a log that another clone published.
fn manifest_of(project: &Project, at: &RepoPath, pointer: &Pointer, side: &'static str) -> Result<Manifest> {
    let root = &pointer.blake3;
    let unknown = || AppError::UnknownManifest { path: at.to_string(), side, root: *root };
    let bytes = match data::read_object(&*project.store, root) {
        Err(AppError::Store(StoreError::Missing { .. })) => {
            project.published_object(root)?.ok_or_else(unknown)?
        }
        read => read?,
    };
    let text = String::from_utf8(bytes)
        .map_err(|_| ParseError::new("manifest", "is not UTF-8", root.to_string()))?;
    Ok(Manifest::parse(&text)?)
}

/// Manifest of a version, and the size of each content.
fn files_of(
    project: &Project,
    at: &RepoPath,
    pointer: &Pointer,
    side: &'static str,
) -> Result<(Manifest, Sizes)> {
    let manifest = manifest_of(project, at, pointer, side)?;
    let unknown = || AppError::UnknownManifest { path: at.to_string(), side, root: pointer.blake3 };
    let mut sizes = Sizes::new();
    if let Some(known) = project.dataset_anywhere(&pointer.blake3)? {
        match known.version_map.as_ref().map(|map| project.read_ref_text(map)) {
            None | Some(Err(AppError::Store(StoreError::Missing { .. }))) => {}
            Some(Ok(text)) => {
                sizes.extend(VersionMap::parse(&text)?.lines().iter().map(|l| (l.blake3, l.size)))
            }
            Some(Err(e)) => return Err(e),
        }
    }
    // What lies here has its own size.
    for entry in manifest.entries() {
        if let Entry::Vacant(free) = sizes.entry(entry.blake3) {
            free.insert(project.store.locate(&entry.blake3)?.ok_or_else(unknown)?.size);
        }
    }
    let mut bytes = 0;
    for entry in manifest.entries() {
        bytes += size_of(&sizes, &entry.blake3)?;
    }
    if manifest.entries().len() as u64 != pointer.files || bytes != pointer.bytes {
        let why = format!("{side} has other sizes than its manifest and version map");
        return Err(AppError::BadPointer { path: at.to_string(), why });
    }
    Ok((manifest, sizes))
}

/// Stores and records the merged version: bytes durable → entry. No pointer is written. Nothing happens if
/// there are conflicts.
pub fn store(project: &Project, plan: MergePlan) -> Result<(MergeReport, Option<DatasetRecord>)> {
    let MergePlan { mut report, version } = plan;
    let Some(version) = version else { return Ok((report, None)) };
    if let Some(record) = project.dataset(&version.pointer.blake3)? {
        return Ok((report, Some(record)));
    }
    if version.pointer.kind == DatasetKind::Declared {
        let (path, root) = (report.path.to_string(), version.pointer.blake3);
        return Err(AppError::UnknownManifest { path, side: "the merged version", root });
    }
    let signer = project.ready()?;
    let objects = project.store.batch(false)?;
    let sizes: Sizes = version.contents.iter().map(|c| (c.blake3, c.size)).collect();
    let file = |path: &str, blake3: &Blake3Hash| -> Result<(String, Content)> {
        Ok((path.to_owned(), Content { blake3: *blake3, size: size_of(&sizes, blake3)? }))
    };
    let files = match &version.manifest {
        Some(manifest) => {
            manifest.entries().iter().map(|e| file(&e.path, &e.blake3)).collect::<Result<_>>()?
        }
        None => vec![file(&version.pointer.path, &version.pointer.blake3)?],
    };
    let listing = Listing::of(version.pointer.kind, files);
    let known = data::describe(&listing, None, &*project.store, &*objects)?;
    let _kept = objects.commit()?;
    if known.version_map.is_none() {
        project.stage(&report.path, &known, None, true)?;
        return Ok((report, Some(known)));
    }

    let mut body = project.draft(Kind::DatasetTracked, &*signer);
    body.inputs = List::Inline(vec![known.artefact(&report.path, "dataset")]);
    let root = |root: Option<Blake3Hash>| root.map_or("nothing".to_owned(), |r| r.to_string());
    let (base, ours, theirs) = (root(report.base), root(report.ours), root(report.theirs));
    body.notes.push(format!("merged by path: {ours} and {theirs}, since {base}"));
    let receipts = project.append(vec![record::seal(body, &*signer)?])?;
    report.entry = receipts.first().map(|r| r.id);
    project.remember_dataset(&known)?;
    Ok((report, Some(known)))
}

/// Stores, records, and writes the pointer into the work tree.
pub fn carry_out(project: &Project, plan: MergePlan) -> Result<MergeReport> {
    let (mut report, known) = store(project, plan)?;
    if let Some(known) = known {
        pointing::write_pointer(project, &report.path, &known, &mut report.written)?;
        report.recorded = commit::finish_waiting(project, &*project.signer()?)?;
    }
    Ok(report)
}
