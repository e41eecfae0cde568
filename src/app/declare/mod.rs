//! `track s3://…`: data that lies in a bucket already is recorded as it is, by the versions of its objects. Nothing is
//! downloaded, and so nothing is known of the bytes, unless they are asked for.

mod check;
mod copy;
pub mod listing;
mod read;

pub use check::check;
pub use listing::Place;

use crate::app;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::commit;
use crate::app::data::DatasetRecord;
use crate::app::init::read_or_empty;
use crate::app::record;
use crate::app::track::TrackReport;
use crate::app::track::Tracked;
use crate::app::track::pointing;
use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Kind;
use crate::domain::entry::List;
use crate::domain::entry::Location;
use crate::domain::entry::ObjectRef;
use crate::domain::manifest::ManifestEntry;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;
use crate::domain::pointer::Pointer;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use std::path::Path;
use std::path::PathBuf;

#[derive(Clone, Debug, Default)]
pub struct DeclareOptions {
    /// Every byte is read once, so that the record says what they are.
    pub deep: bool,
    /// Everything is copied into the project's own store, and the copies are recorded.
    pub copy: bool,
    /// Also objects of which the bucket keeps no versions.
    pub allow_mutable: bool,
    /// S3 is asked for the checksum of each object.
    pub checksums: bool,
}

/// What a listing came to, as an object of the store.
pub struct Declared {
    pub record: DatasetRecord,
    /// The manifest of the bytes, if they were read.
    pub bytes: Option<ObjectRef>,
}

/// Makes a dataset at `path` of what lies in a bucket. The user named the place, which is the agreement to ask it.
pub fn track(
    project: &Project,
    cwd: &Path,
    place: &Place,
    path: &Path,
    options: &DeclareOptions,
    progress: &dyn Progress,
) -> Result<TrackReport> {
    let signer = project.ready()?;
    let data = app::repo_path(&project.repo, cwd, path)?;
    if let Some(outer) = pointing::enclosing_dataset(project.repo.root(), &data) {
        return Err(AppError::InsideDataset { path: data.to_string(), dataset: outer.to_string() });
    }
    if let Some(first) = project.repo.first_tracked_below(&data)? {
        return Err(AppError::TrackedByGit { path: data.to_string(), first });
    }
    project.sources.agree(&place.bucket)?;
    let Declared { record, bytes } = declare(project, place, &data, options, progress)?;
    let mut body = project.draft(Kind::DatasetTracked, &*signer);
    body.inputs = List::Inline(vec![record.artefact(&data, "dataset")]);
    if let Some(bytes) = bytes {
        body.evidence.insert(BYTES.to_owned(), bytes);
    }
    let receipts = project.append(vec![record::seal(body, &*signer)?])?;
    project.remember_dataset(&record)?;
    let mut report = TrackReport::default();
    let at = pointing::pointer_path(&data)?;
    let before = read_or_empty(&project.repo.root().join(at.as_str()))?;
    let state = pointing::write_pointer(project, &data, &record, &mut report.written)?;
    report.ignored |= project.repo.is_ignored(&at);
    let receipt = receipts.first();
    report.datasets.push(Tracked {
        pointer: at,
        path: data,
        kind: record.kind,
        blake3: record.root(),
        files: record.files,
        bytes: record.bytes,
        replaced: Pointer::parse(&before).err().filter(|_| !before.is_empty()).map(|e| e.why),
        state,
        collisions: Vec::new(),
        entry: receipt.map(|receipt| receipt.id),
        index: receipt.and_then(|receipt| receipt.index),
    });
    report.recorded = commit::finish_waiting(project, &*signer)?;
    Ok(report)
}

/// Evidence of a declared dataset whose bytes were read: their manifest, which `b3sum --check` accepts.
pub const BYTES: &str = "manifestOfBytes";

/// Lists what lies there, for a dataset at `path`, and stores the list. Its bytes are durable when it returns, and no entry names it yet.
pub fn declare(
    project: &Project,
    place: &Place,
    path: &RepoPath,
    options: &DeclareOptions,
    progress: &dyn Progress,
) -> Result<Declared> {
    let source = project.sources.open(&place.bucket)?;
    let dir = project.own_dir().join("cache");
    let listing = listing::list(&*source, place, &dir, options, progress)?;
    if listing.objects == 0 {
        return Err(StoreError::Missing { what: format!("any object at {place}") }.into());
    }
    let (source, listing) = match options.copy {
        true => {
            let copied = copy::copy(project, listing, path, progress)?;
            let bucket = copied.header().bucket.clone();
            project.sources.agree(&bucket)?;
            (project.sources.open(&bucket)?, copied)
        }
        false => (source, listing),
    };
    if listing.mutable > 0 && !options.allow_mutable {
        return Err(AppError::Mutable { place: place.to_string(), objects: listing.mutable });
    }
    let objects = project.store.batch(false)?;
    let (manifest, bytes) = match options.deep {
        false => (record::put_stream(&*objects, &mut |out| listing.write(out))?, None),
        true => {
            let (manifest, bytes) = read::read_all(&*source, &listing, &*objects, progress)?;
            (manifest, Some(bytes))
        }
    };
    let _kept = objects.commit()?;
    listing.forget();
    let location = Location {
        scheme: "s3".to_owned(),
        bucket: Some(listing.header().bucket.clone()),
        key: Some(listing.prefix.clone()),
        version_id: None,
    };
    let record = DatasetRecord {
        kind: DatasetKind::Declared,
        digest: manifest.digest,
        files: listing.objects,
        bytes: listing.bytes,
        manifest: Some(manifest),
        version_map: None,
        location: Some(location),
    };
    Ok(Declared { record, bytes })
}

/// `s3://…` as somebody typed it where paths are expected.
pub fn place_in(typed: &Path) -> Option<std::result::Result<Place, ParseError>> {
    let text = typed.to_str()?;
    text.starts_with("s3://").then(|| text.parse())
}

/// Name of a declared input that has no pointer.
pub fn name_of(place: &Place) -> Result<RepoPath> {
    Ok(format!("s3/{}/{}", place.bucket, place.prefix.trim_end_matches('/')).trim_end_matches('/').parse()?)
}

impl Project {
    /// The record of a declared dataset that lies in the work tree as a pointer.
    pub fn declared_at(&self, path: &RepoPath) -> Result<Option<DatasetRecord>> {
        let at = pointing::pointer_path(path)?;
        let text = read_or_empty(&self.repo.root().join(at.as_str()))?;
        let Some(pointer) = Pointer::parse(&text).ok().filter(|p| p.kind == DatasetKind::Declared) else {
            return Ok(None);
        };
        self.dataset_anywhere(&pointer.blake3)
    }

    /// The objects of a declared dataset, for comparisons: each by what identifies its version.
    pub fn declared_files(&self, root: &Blake3Hash) -> Result<Vec<ManifestEntry>> {
        let text = crate::app::data::read_text(&*self.store, root)?;
        let mut files = Vec::new();
        for object in listing::objects_in(&text)?.1 {
            let object = object?;
            files.push(ManifestEntry { blake3: object.identity()?, path: object.path });
        }
        Ok(files)
    }

    /// Buckets of declared datasets in the work tree that the user has not agreed to yet.
    pub fn unknown_sources(&self) -> Result<Vec<String>> {
        let mut found: Vec<String> = Vec::new();
        for placed in crate::app::ls::pointers(self, None)? {
            if placed.pointer.kind != DatasetKind::Declared {
                continue;
            }
            let known = self.dataset_anywhere(&placed.pointer.blake3)?;
            let bucket = known.and_then(|known| known.location).and_then(|location| location.bucket);
            found.extend(bucket.filter(|bucket| !self.sources.is_agreed(bucket)));
        }
        // And what packages point to that something else made.
        for entry in if self.registry.place().is_some() { self.all_entries()? } else { Vec::new() } {
            let package = entry.body().and_then(|body| body.model_package.as_ref());
            let artefact = package.and_then(|package| package.artefact.as_ref());
            let bucket = artefact.and_then(|artefact| artefact.place().ok()).map(|(bucket, _)| bucket);
            found.extend(bucket.filter(|bucket| !self.sources.is_agreed(bucket)).map(str::to_owned));
        }
        found.sort();
        found.dedup();
        Ok(found)
    }
}

/// Where a listing that goes on is kept.
fn listing_file(dir: &Path, place: &Place) -> PathBuf {
    let name = Blake3Hash::of(place.to_string().as_bytes()).to_string();
    dir.join(format!("listing-{}", &name[..16]))
}
