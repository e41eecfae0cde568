//! What has to be in the new place before anybody is sent there: found out from what the log says, and from what waits to
//! be said.

use super::Left;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::storage::references;
use crate::config::Config;
use crate::config::S3Place;
use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::Blake3Hash;
use crate::domain::digest::Sha256Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::ObjectRef;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::domain::version_map::Located;
use crate::domain::version_map::VersionMap;
use crate::ledger::batch;
use crate::ledger::envelope::Envelope;
use crate::ports::StoreError;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// A dataset, or a file that a run read or made, by what it holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Root {
    /// Path and role under which the log names it first.
    pub name: RepoPath,
    pub role: String,
    pub kind: DatasetKind,
    pub blake3: Blake3Hash,
    /// Of a single file.
    pub sha256: Option<Sha256Hash>,
    pub files: u64,
    pub bytes: u64,
    /// Version maps that the log gives, the newest first.
    pub maps: Vec<ObjectRef>,
    /// Where it goes in the store, if not to its path: a model.
    pub room: Option<String>,
    /// Model packages made of it.
    pub packages: Vec<ModelPackageArn>,
}

/// Where a log and its data are looked at.
pub struct Needs {
    /// Entries that were looked at.
    pub size: u64,
    /// Those that are not in the new place, by the log's own word.
    pub roots: Vec<Root>,
    /// Objects of the record that something names. Not all of them need be there: some were left out with good reason.
    pub objects: BTreeSet<Blake3Hash>,
    pub left: Vec<Left>,
}

#[derive(Default)]
struct Found {
    roots: BTreeMap<Blake3Hash, Root>,
    /// As the log names them first.
    order: Vec<Blake3Hash>,
    objects: BTreeSet<Blake3Hash>,
}

impl Needs {
    /// `after`: the settings of the project as it will be.
    pub fn of(source: &Project, after: &Config) -> Result<Self> {
        let mut found = Found::default();
        let (mut size, mut bodies) = (0, Vec::new());
        source.ledger.read(0, &mut |stored| {
            size = stored.index + 1;
            match batch::open(stored.bytes) {
                Ok((envelope, body)) => {
                    if matches!(body.kind, Kind::Other(_)) {
                        found.unknown(source, &envelope.payload);
                    }
                    bodies.push(body);
                }
                Err(_) => {
                    if let Ok(envelope) = Envelope::parse(stored.bytes) {
                        found.unknown(source, &envelope.payload);
                    }
                }
            }
            ControlFlow::Continue(())
        })?;
        for (_, entries) in source.outbox().entries()? {
            bodies.extend(entries.iter().filter_map(|entry| Some(batch::open(entry.bytes()).ok()?.1)));
        }
        bodies.extend(source.outbox().drafts()?.into_iter().map(|(_, body)| body));
        let mut needs = Needs { size, roots: Vec::new(), objects: BTreeSet::new(), left: Vec::new() };
        let Some(place) = after.shared_store().map(|store| store.site.place) else {
            return Ok(needs); // every clone keeps its own data
        };
        for body in &bodies {
            found.body(source, body)?;
        }
        for blake3 in &found.order {
            let Some(root) = found.roots.remove(blake3) else { continue };
            match root.is_in(source, &place) {
                Ok(true) => {}
                Ok(false) => needs.roots.push(root),
                Err(e) => needs.left.push(root.left(e)?),
            }
        }
        needs.objects = found.objects;
        Ok(needs)
    }
}

impl Found {
    /// Of a newer version: whatever it names, and lies here.
    fn unknown(&mut self, source: &Project, payload: &[u8]) {
        for named in references::named_in(payload) {
            if source.store.locate(&named).ok().flatten().is_some_and(|l| l.version_id.content().is_some()) {
                self.objects.insert(named);
            }
        }
    }

    fn body(&mut self, source: &Project, body: &Body) -> Result<()> {
        for list in [&body.inputs, &body.outputs, &body.config_files] {
            self.objects.extend(list.stored().map(|object| object.digest.blake3));
            for artefact in list_of(source, list)? {
                self.artefact(body, &artefact);
            }
        }
        self.objects.extend(body.parameters.stored().map(|object| object.digest.blake3));
        self.objects.extend(body.metrics.stored().map(|object| object.digest.blake3));
        let diff = body.source.as_ref().and_then(|source| source.diff.as_ref());
        let command = body.run.as_ref().and_then(|run| run.command_object.as_ref());
        let listed = body.model_package.as_ref().and_then(|package| package.manifest());
        let all = diff.into_iter().chain(command).chain(listed).chain(body.evidence.values());
        self.objects.extend(all.map(|object| object.digest.blake3));
        Ok(())
    }

    fn artefact(&mut self, body: &Body, artefact: &Artefact) {
        let named = artefact.manifest.iter().chain(&artefact.version_map);
        self.objects.extend(named.map(|object| object.digest.blake3));
        // Without one it is of a commit's tree, or declared: it lies where it was before.
        let Some(map) = &artefact.version_map else { return };
        let blake3 = artefact.digest.blake3;
        let root = self.roots.entry(blake3).or_insert_with(|| {
            self.order.push(blake3);
            Root {
                name: artefact.name.clone(),
                role: artefact.role.clone(),
                kind: data::kind_of(artefact),
                blake3,
                sha256: None,
                files: artefact.file_count,
                bytes: artefact.size,
                maps: Vec::new(),
                room: None,
                packages: Vec::new(),
            }
        });
        if root.kind == DatasetKind::File {
            root.sha256 = root.sha256.or(artefact.digest.sha256);
        }
        match root.maps.iter().position(|known| known == map) {
            Some(at) if body.kind == Kind::DataRelocated => root.maps[..=at].rotate_right(1),
            Some(_) => {}
            None if body.kind == Kind::DataRelocated => root.maps.insert(0, map.clone()),
            None => root.maps.push(map.clone()),
        }
        if let (Some(package), Some(run)) = (&body.model_package, &body.run)
            && package.model == artefact.name
            && package.digest.blake3 == blake3
        {
            // The files of a directory could not all lie there under their names alone.
            if root.kind == DatasetKind::File {
                root.room.get_or_insert_with(|| format!("models/{}/{}/", package.group_name, run.id));
            }
            root.packages.push(package.arn.clone());
        }
    }
}

/// A list that is gone names nothing that could be brought; `verify` tells of it.
fn list_of(source: &Project, list: &List<Artefact>) -> Result<Vec<Artefact>> {
    match source.list(list) {
        Err(AppError::Store(StoreError::Missing { .. } | StoreError::Corrupt { .. })) => Ok(Vec::new()),
        read => read,
    }
}

impl Root {
    /// What cannot be had stays; all else is an error.
    pub fn left(&self, e: AppError) -> Result<Left> {
        let why = match e {
            AppError::Store(e @ (StoreError::Missing { .. } | StoreError::Corrupt { .. })) => e.to_string(),
            AppError::Parse(e) => e.to_string(),
            e @ AppError::NoManifest { .. } => e.to_string(),
            e => return Err(e),
        };
        Ok(Left { what: self.name.to_string(), blake3: self.blake3, why })
    }

    fn map(&self, source: &Project, map: &ObjectRef) -> Result<VersionMap> {
        Ok(VersionMap::parse(&source.read_ref_text(map)?)?)
    }

    /// Whether its newest map names versions of this place only.
    fn is_in(&self, source: &Project, place: &S3Place) -> Result<bool> {
        let Some(newest) = self.maps.first() else { return Ok(false) };
        let there = |line: &Located| {
            let key = line.key.as_ref().is_some_and(|key| key.starts_with(&place.prefix));
            key && line.bucket.as_ref() == Some(&place.bucket)
        };
        Ok(self.map(source, newest)?.lines().iter().all(there))
    }

    /// A version of each content, by the newest map that can be read.
    pub fn versions(&self, source: &Project) -> Result<BTreeMap<Blake3Hash, Located>> {
        let mut found = BTreeMap::new();
        for (n, map) in self.maps.iter().enumerate() {
            match self.map(source, map) {
                Ok(map) => map.lines().iter().for_each(|line| {
                    found.entry(line.blake3).or_insert_with(|| line.clone());
                }),
                Err(e) if n == 0 => return Err(e),
                Err(_) => {}
            }
        }
        Ok(found)
    }
}
