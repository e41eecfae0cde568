//! The object that a package points to: a model under a key of its own, in the form that SageMaker deploys.

use super::wrap;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::record;
use crate::domain::ParseError;
use crate::domain::declared::DeclaredHeader;
use crate::domain::declared::DeclaredObject;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Digests;
use crate::domain::entry::Source;
use crate::domain::ids::RunId;
use crate::domain::manifest::Manifest;
use crate::domain::package::ArtefactForm;
use crate::domain::package::Image;
use crate::domain::package::PackageArtefact;
use crate::domain::version_map::Content;
use crate::ports::StoreError;
use crate::ports::model_registry::NewPackage;
use crate::ports::model_registry::PackageRecord;
use crate::ports::object_store::Copied;
use crate::ports::object_store::ObjectStore;
use crate::ports::object_store::Placing;
use std::io::Read;

/// A model that is to be registered.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub group: &'a str,
    pub run: &'a RunId,
    pub model: &'a Artefact,
    pub source: Option<&'a Source>,
    pub image: Option<&'a Image>,
}

impl Project {
    /// Whether packages point to objects: the registry is not in the clone, and neither are the data.
    pub fn has_artefacts(&self) -> bool {
        self.registry.place().is_some() && self.store.scheme() == "s3"
    }

    /// Fails unless an image can be given to a package.
    pub fn check_image(&self, image: Option<&Image>) -> Result<()> {
        match image {
            Some(image) if !self.has_artefacts() => {
                let why = "an image is for packages in SageMaker with data in S3".to_owned();
                Err(StoreError::Unfit { what: image.to_string(), why }.into())
            }
            _ => Ok(()),
        }
    }

    /// Artefact, then package. What an earlier call did is found, and not done again.
    pub fn make_package(&self, wanted: &Wanted<'_>) -> Result<PackageRecord> {
        let Wanted { group, run, model, source, image } = *wanted;
        self.check_image(image)?;
        if let Some(known) = self.registry.of_run(group, run)? {
            let differs = |why| AppError::PackageDiffers { arn: known.arn.to_string(), why };
            if (&known.model, known.digest) != (&model.name, model.digest) {
                return Err(differs(format!("it is registered already, with {} as its model", known.model)));
            }
            return match self.artefact_differs(&known, model)? {
                Some(why) => Err(differs(why)),
                None => Ok(known),
            };
        }
        let artefact = if self.has_artefacts() { Some(self.put_artefact(group, run, model)?) } else { None };
        Ok(self.registry.register(&NewPackage {
            project: &self.config.project.id,
            group,
            run,
            model,
            artefact: artefact.as_ref(),
            image,
            source,
            created: &self.clock.now(),
        })?)
    }

    /// What a model's artefact would be, and where.
    pub fn planned_artefact(
        &self,
        group: &str,
        run: &RunId,
        model: &Artefact,
    ) -> Option<(String, ArtefactForm)> {
        let site = self.config.shared_store().filter(|_| self.has_artefacts())?.site;
        let (place, form) = place_of(group, run, model);
        Some((format!("s3://{}/{}{place}", site.place.bucket, site.place.prefix), form))
    }

    /// Why what a package says of its artefact is not so; `None`: it is. Whoever may write to the registry can write
    /// mlprov's properties, too: before an entry repeats them, the artefact is looked at, and made if it is gone.
    pub fn artefact_differs(&self, record: &PackageRecord, model: &Artefact) -> Result<Option<String>> {
        let planned = self.planned_artefact(&record.group_name, &record.run, model);
        let (said, uri) = match (&record.artefact, planned) {
            (Some(said), Some((uri, _))) => (said, uri),
            (Some(said), None) => {
                return Ok(Some(format!("it points to {}, and this project has no such places", said.uri)));
            }
            (None, _) => return Ok(None),
        };
        if said.uri != uri {
            return Ok(Some(format!("its artefact is {}, and the run's model belongs to {uri}", said.uri)));
        }
        self.learn_places(model)?;
        let made = self.put_artefact(&record.group_name, &record.run, model)?;
        let same = PackageArtefact { etag: said.etag.clone(), ..made } == *said;
        Ok((!same).then(|| format!("what it says of {uri} is not what is there")))
    }

    fn put_artefact(&self, group: &str, run: &RunId, model: &Artefact) -> Result<PackageArtefact> {
        let (place, form) = place_of(group, run, model);
        if form == ArtefactForm::Directory {
            return self.put_directory(&place, model);
        }
        let content = Content { blake3: model.digest.blake3, size: model.size };
        let store = &*self.store;
        let read = || open(store, &content.blake3);
        if form == ArtefactForm::Archive {
            let digest = match model.digest.sha256 {
                Some(_) => model.digest,
                None => measured(wrap::measure(read()?))?.1,
            };
            let placed = self.store.place(&place, &Placing { content, read: &read })?;
            return Ok(artefact(placed, form, digest, content.size));
        }
        let read = || wrap::wrap(model.name.name(), &content, read()?);
        let (wrapped, digest) = measured(wrap::measure(read()?))?;
        let placed = self.store.place(&place, &Placing { content: wrapped, read: &read })?;
        Ok(artefact(placed, form, digest, wrapped.size))
    }

    /// Where the files of a model are.
    pub fn learn_places(&self, model: &Artefact) -> Result<()> {
        if let Some(map) = &model.version_map {
            self.learn(map, false)?;
        }
        // They may have been moved since.
        match self.dataset(&model.digest.blake3)?.and_then(|known| known.version_map) {
            Some(now) => self.learn(&now, true),
            None => Ok(()),
        }
    }

    /// Each file below the prefix, and the list of their versions.
    fn put_directory(&self, prefix: &str, model: &Artefact) -> Result<PackageArtefact> {
        let Some(manifest) = &model.manifest else { return Err(lost(&model.digest.blake3).into()) };
        let manifest = Manifest::parse(&self.read_ref_text(manifest)?)?;
        let store = &*self.store;
        let mut lines = String::new();
        let mut header = None;
        for file in manifest.entries() {
            let size = self.store.find(&file.blake3)?.ok_or_else(|| lost(&file.blake3))?.0;
            let content = Content { blake3: file.blake3, size };
            let read = || open(store, &content.blake3);
            let placed =
                self.store.place(&format!("{prefix}{}", file.path), &Placing { content, read: &read })?;
            if header.is_none() {
                let before = placed.key.len() - file.path.len();
                header = Some(DeclaredHeader::new(&placed.bucket, &placed.key[..before]));
            }
            let object = DeclaredObject {
                path: file.path.clone(),
                size,
                version_id: Some(placed.version_id),
                etag: placed.etag,
                checksum: placed.checksum,
                blake3: Some(file.blake3),
            };
            lines.push_str(&object.to_line()?);
        }
        let Some(header) = header else {
            return Err(ParseError::new("model", "is a directory without files", model.name.as_str()).into());
        };
        let text = header.to_line()? + &lines;
        let batch = self.store.batch(false)?;
        let list = record::put_object(text.as_bytes(), &*batch)?;
        let _kept = batch.commit()?;
        Ok(PackageArtefact {
            uri: header.place(),
            form: ArtefactForm::Directory,
            digest: list.digest,
            size: model.size,
            version_id: None,
            checksum: None,
            etag: None,
            manifest: Some(list),
        })
    }
}

/// Below the store's root. Never used for anything else: SageMaker names a model by its key alone.
fn place_of(group: &str, run: &RunId, model: &Artefact) -> (String, ArtefactForm) {
    let name = model.name.name();
    let (name, form) = match () {
        () if model.manifest.is_some() => (format!("{name}/"), ArtefactForm::Directory),
        () if name.ends_with(".tar.gz") => (name.to_owned(), ArtefactForm::Archive),
        () => (wrap::NAME.to_owned(), ArtefactForm::Wrapped),
    };
    (format!("models/{group}/{run}/{name}"), form)
}

fn open(
    store: &dyn ObjectStore,
    content: &Blake3Hash,
) -> std::result::Result<Box<dyn Read + Send>, StoreError> {
    store.open(&store.locate(content)?.ok_or_else(|| lost(content))?)
}

/// Whether an artefact is the wrap of a model's stored bytes.
pub fn same_wrap(project: &Project, model: &Artefact, artefact: &PackageArtefact) -> Result<bool> {
    project.learn_places(model)?;
    let content = Content { blake3: model.digest.blake3, size: model.size };
    let archive = wrap::wrap(model.name.name(), &content, open(&*project.store, &content.blake3)?)?;
    Ok(measured(wrap::measure(archive))?.1 == artefact.digest)
}

fn lost(content: &Blake3Hash) -> StoreError {
    StoreError::Missing { what: format!("a version of {content}") }
}

fn measured(measured: std::io::Result<(Content, Digests)>) -> Result<(Content, Digests)> {
    Ok(measured.map_err(|e| StoreError::io("read", "the model", e))?)
}

fn artefact(placed: Copied, form: ArtefactForm, digest: Digests, size: u64) -> PackageArtefact {
    PackageArtefact {
        uri: format!("s3://{}/{}", placed.bucket, placed.key),
        form,
        digest,
        size,
        version_id: Some(placed.version_id),
        checksum: placed.checksum,
        etag: None,
        manifest: None,
    }
}
