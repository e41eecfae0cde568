//! A declared dataset, looked at again: whether each version is there, as it was listed.

use super::listing::AT_ONCE;
use super::listing::objects_in;
use super::read::hash_of;
use crate::app::Project;
use crate::app::Result;
use crate::domain::declared::DeclaredHeader;
use crate::domain::declared::DeclaredObject;
use crate::domain::entry::ObjectRef;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use crate::ports::source::Source;
use rayon::prelude::*;
use std::io;

#[derive(Default)]
pub struct Checked {
    pub objects: u64,
    /// Of which no version was declared: they can be overwritten.
    pub mutable: u64,
    /// Whose bytes were read and hashed again.
    pub hashed: u64,
    /// By path.
    pub gone: Tally,
    /// Path, and what was found.
    pub altered: Tally,
    /// Why some could not be asked about.
    pub unreachable: Tally,
}

/// How many there are, and the first of them.
#[derive(Default)]
pub struct Tally {
    pub count: u64,
    pub first: String,
}

impl Tally {
    fn add(&mut self, what: impl FnOnce() -> String) {
        if self.count == 0 {
            self.first = what();
        }
        self.count += 1;
    }
}

/// Objects whose lines are read before they are asked about: there may be millions.
const TOGETHER: usize = 4096;

enum Found {
    Same { hashed: bool },
    Gone,
    Altered(String),
    Unreachable(String),
}

/// `count`: how many objects it has, as the entry says. `deep`: bytes that the record has hashes of are read.
pub fn check(
    project: &Project,
    manifest: &ObjectRef,
    count: u64,
    deep: bool,
    progress: &dyn Progress,
) -> Result<Checked> {
    let text = project.read_ref_text(manifest)?;
    let (header, mut objects) = objects_in(&text)?;
    let source = project.sources.open(&header.bucket)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).build();
    let pool = pool.map_err(|e| StoreError::io("start", "threads", io::Error::other(e)))?;
    let look = |object: &DeclaredObject| {
        let found = look(&*source, &header, object, deep);
        progress.advance(1, 0);
        found
    };
    let mut checked = Checked::default();
    progress.begin("verify", Some(count), None);
    let looked = (|| -> Result<()> {
        loop {
            let some: Vec<DeclaredObject> =
                objects.by_ref().take(TOGETHER).collect::<std::result::Result<_, _>>()?;
            if some.is_empty() {
                return Ok(());
            }
            let found: Vec<Found> = pool.install(|| some.par_iter().map(look).collect());
            some.into_iter().zip(found).for_each(|(object, found)| checked.take(object, found));
        }
    })();
    progress.end();
    looked.map(|()| checked)
}

impl Checked {
    fn take(&mut self, object: DeclaredObject, found: Found) {
        self.objects += 1;
        self.mutable += u64::from(object.version_id.is_none());
        match found {
            Found::Same { hashed } => self.hashed += u64::from(hashed),
            Found::Gone => self.gone.add(|| object.path),
            Found::Altered(why) => self.altered.add(|| format!("{}: {why}", object.path)),
            Found::Unreachable(why) => self.unreachable.add(|| why),
        }
    }
}

fn look(source: &dyn Source, header: &DeclaredHeader, object: &DeclaredObject, deep: bool) -> Found {
    let key = format!("{}{}", header.prefix, object.path);
    let (state, etag) = match source.state(&key, object.version_id.as_ref().map(|id| id.as_str())) {
        Ok(found) => found,
        Err(StoreError::Missing { .. }) => return Found::Gone,
        Err(e) => return Found::Unreachable(e.to_string()),
    };
    if state.size != object.size {
        return Found::Altered(format!("declared {} bytes, it has {}", object.size, state.size));
    }
    if etag != object.etag {
        return Found::Altered(format!("declared ETag {}, it has {etag}", object.etag));
    }
    if object.checksum.is_some() && state.checksum.is_some() && state.checksum != object.checksum {
        return Found::Altered("it has another checksum".to_owned());
    }
    let Some(recorded) = object.blake3.filter(|_| deep) else { return Found::Same { hashed: false } };
    match hash_of(source, &header.prefix, object) {
        Ok(hash) if hash == recorded => Found::Same { hashed: true },
        Ok(hash) => Found::Altered(format!("recorded {recorded}, its bytes have {hash}")),
        Err(e) => Found::Unreachable(e.to_string()),
    }
}
