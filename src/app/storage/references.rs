//! What refers to contents of the store. Found out generously: any 64 hexadecimal digits in an entry, a manifest or a
//! pointer may name a content, whatever the field is called. What cannot be read is said, and then nothing may be
//! removed.

use crate::app::Project;
use crate::app::Result;
use crate::app::ls;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::ObjectRef;
use crate::domain::ids::LogId;
use crate::ledger::batch;
use crate::ledger::envelope::Envelope;
use crate::ports::StoreError;
use crate::ports::log_reader::LogReader;
use std::collections::HashSet;
use std::io::Read;
use std::ops::ControlFlow;

/// Every pointer holds this, also one in conflict, or of another version.
const POINTER: &str = "mlprov.pointer/";
/// No pointer is longer (bytes), not even two of them in conflict.
const LONGEST_POINTER: usize = 64 << 10;

#[derive(Default)]
pub struct References {
    /// Named by entries of any log that can be read here, or by what these name.
    pub log: HashSet<Blake3Hash>,
    /// Named by pointers that git holds, or that lie in a work tree.
    pub pointers: HashSet<Blake3Hash>,
    /// Named by the settings of this clone and the model registry.
    pub own: HashSet<Blake3Hash>,
    /// What could not be found out.
    pub unknown: Vec<String>,
    /// Manifests and version maps that were read.
    read: HashSet<Blake3Hash>,
}

impl References {
    pub fn find(project: &Project) -> Result<Self> {
        let mut found = References::default();
        found.of_log(project, &*project.ledger, true)?;
        // Also this clone's own log, as it was published: it may have been longer.
        for log in project.accepted_logs()? {
            found.of_log(project, &log, false)?;
        }
        found.of_pointers(project)?;
        found.of_clone(project)?;
        found.of_outbox(project)?;
        Ok(found)
    }

    pub fn has(&self, content: &Blake3Hash) -> bool {
        self.log.contains(content) || self.pointers.contains(content) || self.own.contains(content)
    }

    /// `own`: its objects must be here.
    fn of_log(&mut self, project: &Project, log: &dyn LogReader, own: bool) -> Result<()> {
        let id = log.log();
        let mut bodies = Vec::new();
        let read = log.read(0, &mut |stored| {
            match batch::open(stored.bytes) {
                Ok((envelope, body)) => {
                    self.log.extend(named_in(&envelope.payload));
                    bodies.push((stored.index, body));
                }
                // Of a newer version, perhaps: what it names is kept, but not what that names in turn.
                Err(e) => {
                    if let Ok(envelope) = Envelope::parse(stored.bytes) {
                        self.log.extend(named_in(&envelope.payload));
                    }
                    if own {
                        self.unknown.push(format!("entry {} of the log cannot be read: {e}", stored.index));
                    }
                }
            }
            ControlFlow::Continue(())
        });
        match read {
            // A log of others counts as far as it can be read.
            Err(StoreError::Corrupt { .. }) if !own => {}
            read => read?,
        }
        for (index, body) in bodies {
            self.of_body(project, &body, (id, index), own);
        }
        Ok(())
    }

    fn of_body(&mut self, project: &Project, body: &Body, at: (LogId, u64), own: bool) {
        for list in [&body.inputs, &body.outputs, &body.config_files] {
            match project.list(list) {
                Ok(artefacts) => artefacts.iter().for_each(|a| self.of_artefact(project, a, at, own)),
                Err(e) if own => self.unknown.push(format!("a list of entry {}: {e}", at.1)),
                Err(_) => {}
            }
        }
    }

    fn of_artefact(&mut self, project: &Project, artefact: &Artefact, (_, index): (LogId, u64), own: bool) {
        self.log.insert(artefact.digest.blake3);
        let objects: Vec<&ObjectRef> = artefact.manifest.iter().chain(&artefact.version_map).collect();
        self.log.extend(objects.iter().map(|object| object.digest.blake3));
        // The manifest, or else the version map: both name every content.
        if artefact.manifest.is_none() || objects.iter().any(|o| self.read.contains(&o.digest.blake3)) {
            return;
        }
        for object in &objects {
            if let Ok(bytes) = project.read_ref(object) {
                self.log.extend(named_in(&bytes));
                self.read.insert(object.digest.blake3);
                return;
            }
        }
        if own {
            let name = &artefact.name;
            self.unknown
                .push(format!("neither manifest nor version map of {name} (entry {index}) can be read"));
        }
    }

    fn of_pointers(&mut self, project: &Project) -> Result<()> {
        if project.repo.is_partial() {
            let why = "this is a shallow or partial clone: commits elsewhere may point to data here";
            self.unknown.push(why.to_owned());
        }
        let mut texts = project.repo.blobs_with(POINTER, LONGEST_POINTER)?;
        for root in project.repo.work_trees() {
            for place in ls::pointer_files(&root)? {
                let read = std::fs::read(&place);
                texts.push(read.map_err(|e| StoreError::io("read", place.display(), e))?);
            }
        }
        let roots: HashSet<Blake3Hash> = texts.iter().flat_map(|text| named_in(text)).collect();
        for root in roots {
            self.pointers.insert(root);
            // A manifest that only a pointer names: all that it lists belongs to it.
            if !self.read.contains(&root)
                && let Some(bytes) = read_manifest(project, &root)?
            {
                self.pointers.extend(named_in(&bytes));
            }
        }
        Ok(())
    }

    /// What waits to be uploaded or recorded.
    fn of_outbox(&mut self, project: &Project) -> Result<()> {
        let outbox = project.outbox();
        let at = (project.ledger.log(), u64::MAX);
        for (_, body) in outbox.drafts()? {
            self.of_body(project, &body, at, true);
            self.own.extend(named_in(&serde_json::to_vec(&body).unwrap_or_default()));
        }
        for entry in outbox.entries()?.iter().flat_map(|(_, entries)| entries) {
            let (envelope, body) = batch::open(entry.bytes())?;
            self.log.extend(named_in(&envelope.payload));
            self.of_body(project, &body, at, true);
        }
        for (_, staged) in outbox.staged()? {
            self.own.insert(staged.blake3);
            if let Some(bytes) = read_manifest(project, &staged.blake3)? {
                self.own.extend(named_in(&bytes));
            }
        }
        Ok(())
    }

    fn of_clone(&mut self, project: &Project) -> Result<()> {
        let actor = std::fs::read(project.own_dir().join("actor")).unwrap_or_default();
        self.own.extend(named_in(&actor));
        // Elsewhere a package is no more than what an entry says of it, and nobody need be asked.
        let groups = match project.registry.place() {
            None => project.registry.groups()?,
            Some(_) => Vec::new(),
        };
        for group in groups {
            self.own.extend(project.registry.list(&group)?.iter().map(|package| package.digest.blake3));
        }
        Ok(())
    }
}

/// The bytes of a stored object, if it begins as a manifest does.
pub fn read_manifest(project: &Project, object: &Blake3Hash) -> Result<Option<Vec<u8>>> {
    let Some(located) = project.store.locate(object)? else { return Ok(None) };
    let failed = |e| StoreError::io("read", project.store.describe(&located.blake3), e);
    let mut reader = project.store.open(&located)?;
    let mut bytes = Vec::new();
    reader.by_ref().take(67).read_to_end(&mut bytes).map_err(failed)?;
    let line = bytes.strip_prefix(b"\\").unwrap_or(&bytes);
    let is_manifest = line.get(64..66) == Some(b"  ") && named_in(&line[..64]).next().is_some();
    if is_manifest {
        reader.read_to_end(&mut bytes).map_err(failed)?;
    }
    Ok(is_manifest.then_some(bytes))
}

/// Every run of exactly 64 hexadecimal digits.
pub fn named_in(text: &[u8]) -> impl Iterator<Item = Blake3Hash> {
    let is_hex = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let runs = text.split(move |b| !is_hex(b)).filter(|run| run.len() == 64);
    runs.filter_map(|run| std::str::from_utf8(run).ok()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_is_found_in_whatever_text_names_it() {
        let hash = Blake3Hash::of(b"x");
        for text in [
            format!("{hash}  a\n"),
            format!("\\{hash}  a"),
            format!("{{\"v\":\"b3:{hash}\"}}"),
            hash.to_string(),
        ] {
            assert_eq!(named_in(text.as_bytes()).collect::<Vec<_>>(), [hash], "{text}");
        }
        for text in [format!("{hash}0"), hash.to_string()[1..].to_owned(), String::new()] {
            assert_eq!(named_in(text.as_bytes()).count(), 0, "{text}");
        }
    }
}
