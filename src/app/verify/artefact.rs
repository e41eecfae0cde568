//! What a package points to: the object that is current at its URI, and the image that runs it.

use super::Findings;
use super::Level;
use super::Verdict;
use super::data::finding_of;
use crate::app::Project;
use crate::app::Result;
use crate::app::declare::listing::objects_in;
use crate::app::model::artefact::same_wrap;
use crate::app::model::measure;
use crate::domain::ParseError;
use crate::domain::declared::DeclaredObject;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::ModelPackage;
use crate::domain::manifest::Manifest;
use crate::domain::package::ArtefactForm;
use crate::domain::package::PackageArtefact;
use crate::ports::StoreError;
use crate::ports::source::Current;
use crate::ports::source::Listed;
use crate::ports::source::Source;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::BTreeMap;

const LINK: &str = "artefact";

type Found = std::result::Result<String, (Verdict, String)>;

pub fn check(project: &Project, body: &Body, package: &ModelPackage, findings: &mut Findings) -> Result<()> {
    check_image(package, findings);
    let Some(artefact) = &package.artefact else { return Ok(()) };
    let subject = &package.arn;
    let outputs = project.list(&body.outputs).unwrap_or_default();
    let model = outputs.iter().find(|o| o.name == package.model && o.digest == package.digest);
    let (bucket, key) = match artefact.place() {
        Ok(place) => place,
        Err(e) => return finding_of(LINK, subject, e.into(), findings),
    };
    let source = match project.sources.open(bucket) {
        Ok(source) => source,
        Err(e) => {
            findings.add(LINK, subject, Verdict::Unreachable, e.to_string());
            if let StoreError::NotAgreed { .. } = e {
                findings.hint("mlprov init   # asks once for this clone");
            }
            return Ok(());
        }
    };
    let deep = findings.level == Level::Deep;
    let found = match artefact.form {
        ArtefactForm::Directory => match check_directory(project, &*source, artefact, model, deep) {
            Ok(found) => found,
            Err(e) => return finding_of(LINK, subject, e, findings),
        },
        _ => check_object(&*source, key, package, artefact, deep),
    };
    match found {
        Ok(detail) => {
            findings.believed |= !deep;
            findings.add(LINK, subject, Verdict::Intact, detail);
        }
        Err((verdict, why)) => {
            findings.add(LINK, subject, verdict, why);
            return Ok(());
        }
    }
    if let (ArtefactForm::Wrapped, true, Some(model)) = (artefact.form, deep, model) {
        match same_wrap(project, model, artefact) {
            Ok(true) => {}
            Ok(false) => findings.add(LINK, subject, Verdict::Altered, "it does not hold the run's model"),
            Err(e) => return finding_of(LINK, subject, e, findings),
        }
    }
    Ok(())
}

fn check_image(package: &ModelPackage, findings: &mut Findings) {
    let Some(image) = &package.image else { return };
    if package.image_digest.is_none() {
        let tag = format!("what the tag of the image {image} means by now");
        if !findings.not_checked.contains(&tag) {
            findings.not_checked.push(tag);
        }
    }
}

fn answer(e: &StoreError) -> (Verdict, String) {
    match e {
        StoreError::Missing { what } => (Verdict::Missing, format!("nothing is current at {what}")),
        e => (Verdict::Unreachable, e.to_string()),
    }
}

fn altered(why: impl Into<String>) -> (Verdict, String) {
    (Verdict::Altered, why.into())
}

fn check_object(
    source: &dyn Source,
    key: &str,
    package: &ModelPackage,
    artefact: &PackageArtefact,
    deep: bool,
) -> Found {
    let uri = &artefact.uri;
    let wraps = artefact.form == ArtefactForm::Wrapped;
    if !wraps && artefact.digest.blake3 != package.digest.blake3 {
        return Err(altered("its recorded digest is not that of the model"));
    }
    let Current { version_id, stated, etag } = source.current(key).map_err(|e| answer(&e))?;
    let recorded = artefact.version_id.as_ref().map(|id| id.as_str());
    if version_id.as_deref() != recorded {
        let (now, then) = (version_id.as_deref().unwrap_or("none"), recorded.unwrap_or("none"));
        return Err(altered(format!("version {now} of {uri} is current; recorded is {then}")));
    }
    if stated.size != artefact.size {
        let why = format!("recorded {} bytes, {uri} has {}", artefact.size, stated.size);
        return Err(altered(why));
    }
    if artefact.etag.as_ref().is_some_and(|recorded| *recorded != etag) {
        return Err(altered(format!("{uri} has another ETag than recorded")));
    }
    match (&artefact.checksum, &stated.checksum) {
        (Some(recorded), Some(kept)) if recorded != kept => {
            return Err(altered(format!("recorded {recorded}, {uri} has {kept}")));
        }
        // Of one part, it is that of the bytes themselves.
        (Some(recorded), _) if !recorded.contains('-') => {
            let whole = artefact.digest.sha256.map(|sum| format!("SHA256:{}", BASE64.encode(sum.0)));
            if whole.is_some_and(|whole| whole != *recorded) {
                return Err(altered("its recorded checksum is not that of its SHA-256"));
            }
        }
        _ => {}
    }
    let version = match recorded {
        Some(id) => format!("version {id} is current"),
        None => "without versions".to_owned(),
    };
    let comparable = artefact.checksum.is_some() && stated.checksum.is_some();
    if !deep && (comparable || artefact.etag.is_some()) {
        let by = if comparable { "checksum" } else { "ETag" };
        return Ok(format!("{uri}: {version}, with its size and {by}"));
    }
    let reader = source.read(key, version_id.as_deref(), stated.size).map_err(|e| answer(&e))?;
    let (_, digests) = measure(reader).map_err(|e| (Verdict::Unreachable, format!("{uri}: {e}")))?;
    let sha256 = artefact.digest.sha256.is_none_or(|sum| Some(sum) == digests.sha256);
    if digests.blake3 != artefact.digest.blake3 || !sha256 {
        let (recorded, found) = (artefact.digest.blake3, digests.blake3);
        return Err(altered(format!("recorded {recorded}, {uri} holds {found}")));
    }
    Ok(format!("{uri}: {version}, {} bytes read and hashed again", artefact.size))
}

/// Whoever deploys a prefix gets everything below it: each object must be the recorded one, and there must be no others.
fn check_directory(
    project: &Project,
    source: &dyn Source,
    artefact: &PackageArtefact,
    model: Option<&Artefact>,
    deep: bool,
) -> Result<Found> {
    let uri = &artefact.uri;
    let lost = || ParseError::new("artefact", "its list of objects is not recorded", uri);
    let manifest = artefact.manifest.as_ref().filter(|object| object.digest == artefact.digest);
    let text = project.read_ref_text(manifest.ok_or_else(lost)?)?;
    let (header, objects) = objects_in(&text)?;
    if header.place() != *uri {
        return Ok(Err(altered(format!("its list is of {}", header.place()))));
    }
    let objects: Vec<DeclaredObject> = objects.collect::<std::result::Result<_, _>>()?;
    // It is the run's model, file by file.
    let files = match model.and_then(|model| model.manifest.as_ref()) {
        Some(manifest) => Manifest::parse(&project.read_ref_text(manifest)?)?,
        None => return Ok(Err(altered("its model is not a directory that the run made"))),
    };
    let of_model = files.entries().iter().map(|file| (file.path.as_str(), Some(file.blake3)));
    if !of_model.eq(objects.iter().map(|object| (object.path.as_str(), object.blake3))) {
        return Ok(Err(altered("its objects are not the files of the run's model")));
    }
    let mut current: BTreeMap<String, Listed> = BTreeMap::new();
    let mut from = None;
    loop {
        let page = match source.page(&header.prefix, from.as_ref()) {
            Ok(page) => page,
            Err(e) => return Ok(Err(answer(&e))),
        };
        current.extend(page.objects.into_iter().map(|object| (object.key.clone(), object)));
        match page.next {
            Some(next) => from = Some(next),
            None => break,
        }
    }
    for object in &objects {
        let key = format!("{}{}", header.prefix, object.path);
        let recorded = object.version_id.as_ref().map(|id| id.as_str());
        let Some(now) = current.remove(&key) else {
            return Ok(Err((Verdict::Missing, format!("nothing is current at {uri}{}", object.path))));
        };
        if now.version_id.as_deref() != recorded || now.size != object.size {
            let (now, then) = (now.version_id.unwrap_or_default(), recorded.unwrap_or_default());
            let why = format!("version {now} of {uri}{} is current; recorded is {then}", object.path);
            return Ok(Err(altered(why)));
        }
        if deep {
            let read = source.read(&key, recorded, object.size).map_err(|e| answer(&e)).and_then(|reader| {
                measure(reader).map_err(|e| (Verdict::Unreachable, format!("{uri}{}: {e}", object.path)))
            });
            match read {
                Ok((content, _)) if Some(content.blake3) == object.blake3 => {}
                Ok(_) => return Ok(Err(altered(format!("{uri}{} holds other bytes", object.path)))),
                Err(found) => return Ok(Err(found)),
            }
        }
    }
    if let Some(key) = current.keys().next() {
        let why = format!("{} objects below {uri} are not the model's, as {key}", current.len());
        return Ok(Err(altered(why)));
    }
    let how = if deep { "each read and hashed again" } else { "each in its recorded version, and no other" };
    Ok(Ok(format!("{uri}: {} objects, {how}", objects.len())))
}
