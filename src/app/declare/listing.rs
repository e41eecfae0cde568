//! A bucket's objects, a page at a time, into a file: ten million of them need no more memory than a thousand, and an
//! interruption does not begin anew.

use super::DeclareOptions;
use super::listing_file;
use crate::app::Result;
use crate::config::S3Place;
use crate::domain::ParseError;
use crate::domain::declared::DeclaredHeader;
use crate::domain::declared::DeclaredObject;
use crate::durable;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use crate::ports::source::Listed;
use crate::ports::source::Mark;
use crate::ports::source::Source;
use rayon::prelude::*;
use serde::Deserialize;
use serde::Serialize;
use std::fmt;
use std::fs;
use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Objects that are asked about at the same time.
pub const AT_ONCE: usize = 32;
/// A listing that was interrupted longer ago begins anew: what it has may no longer be current.
const OLD: Duration = Duration::from_secs(24 * 3600);

/// `s3://bucket/prefix`, or one object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub bucket: String,
    pub prefix: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

impl FromStr for Place {
    type Err = ParseError;
    fn from_str(text: &str) -> std::result::Result<Self, ParseError> {
        let rest = text.strip_prefix("s3://").unwrap_or_default();
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        // The rules for the names of buckets.
        format!("s3://{bucket}").parse::<S3Place>()?;
        Ok(Place { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

/// How far a listing came.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Progressed {
    /// Where the next page begins; `None` before the first one.
    next: Option<Mark>,
    /// All pages are there.
    done: bool,
    /// Bytes of the file that count.
    length: u64,
    objects: u64,
    bytes: u64,
    mutable: u64,
    checksums: bool,
}

/// A complete listing.
pub struct Listing {
    file: PathBuf,
    header: DeclaredHeader,
    pub prefix: String,
    pub objects: u64,
    pub bytes: u64,
    /// Objects that can be overwritten.
    pub mutable: u64,
}

pub fn list(
    source: &dyn Source,
    place: &Place,
    dir: &Path,
    options: &DeclareOptions,
    progress: &dyn Progress,
) -> Result<Listing> {
    // As a directory first; `s3://bucket/file.csv` may be one object.
    let below = match place.prefix.as_str() {
        "" => String::new(),
        prefix => format!("{}/", prefix.trim_end_matches('/')),
    };
    let listing = list_below(source, place, &below, None, dir, options, progress)?;
    if listing.objects > 0 || below.is_empty() {
        return Ok(listing);
    }
    let above = place.prefix.rsplit_once('/').map_or(String::new(), |(above, _)| format!("{above}/"));
    list_below(source, place, &above, Some(&place.prefix), dir, options, progress)
}

/// `only`: one key, and no other.
fn list_below(
    source: &dyn Source,
    place: &Place,
    prefix: &str,
    only: Option<&str>,
    dir: &Path,
    options: &DeclareOptions,
    progress: &dyn Progress,
) -> Result<Listing> {
    let header = DeclaredHeader::new(&place.bucket, prefix);
    let file = listing_file(dir, place);
    let mark = file.with_extension("mark");
    let failed = |e: io::Error| StoreError::io("write", file.display(), e);
    durable::create_dir_all(dir)?;
    let known = durable::read_derived(&mark).and_then(|b| serde_json::from_slice::<Progressed>(&b).ok());
    let length = fs::metadata(&file).map(|meta| meta.len()).unwrap_or(0);
    let fresh = fs::metadata(&mark).and_then(|meta| meta.modified()).ok().and_then(|at| at.elapsed().ok());
    let fresh = fresh.is_some_and(|age| age < OLD);
    let usable =
        |known: &Progressed| only.is_none() && known.length <= length && known.checksums == options.checksums;
    let mut now = known.filter(|known| fresh && usable(known)).unwrap_or_default();
    now.checksums = options.checksums;
    let mut out =
        fs::OpenOptions::new().create(true).truncate(false).write(true).open(&file).map_err(failed)?;
    out.set_len(now.length).map_err(failed)?;
    io::Seek::seek(&mut out, io::SeekFrom::End(0)).map_err(failed)?;
    progress.begin("list", None, None);
    progress.advance(now.objects, now.bytes);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(AT_ONCE).build();
    let pool = pool.map_err(|e| StoreError::io("start", "threads", io::Error::other(e)))?;
    let mut last = String::new();
    let listed = (|| -> Result<()> {
        while !now.done {
            let page = source.page(only.unwrap_or(prefix), now.next.as_ref())?;
            let wanted = page.objects.into_iter().filter(|object| {
                // Consoles make such objects to show an empty directory.
                let directory = object.key.ends_with('/') && object.size == 0;
                !directory && only.is_none_or(|only| object.key == only)
            });
            let wanted: Vec<Listed> = wanted.collect();
            let line = |object: &Listed| line_of(source, object, prefix, options.checksums);
            let lines = pool.install(|| wanted.par_iter().map(line).collect::<Result<Vec<String>>>())?;
            let mut text = String::new();
            for (object, line) in wanted.iter().zip(&lines) {
                if object.key.as_bytes() <= last.as_bytes() {
                    let why = "its listing is not sorted by key".to_owned();
                    return Err(StoreError::Unfit { what: place.to_string(), why }.into());
                }
                last.clone_from(&object.key);
                text.push_str(line);
                now.objects += 1;
                now.bytes += object.size;
                now.mutable += u64::from(object.version_id.is_none());
                progress.advance(1, object.size);
            }
            out.write_all(text.as_bytes()).map_err(failed)?;
            now.length += text.len() as u64;
            (now.done, now.next) = (page.next.is_none(), page.next);
            let json = serde_json::to_vec(&now).unwrap_or_default();
            durable::write_derived(&mark, &json)?;
        }
        Ok(())
    })();
    progress.end();
    listed?;
    let Progressed { objects, bytes, mutable, .. } = now;
    Ok(Listing { file, header, prefix: prefix.to_owned(), objects, bytes, mutable })
}

fn line_of(source: &dyn Source, object: &Listed, prefix: &str, with_checksum: bool) -> Result<String> {
    let version_id = object.version_id.as_deref().map(str::parse).transpose()?;
    let checksum = match with_checksum {
        true => source.state(&object.key, object.version_id.as_deref())?.0.checksum,
        false => None,
    };
    let path = object.key.strip_prefix(prefix).unwrap_or(&object.key).to_owned();
    let (size, etag) = (object.size, object.etag.clone());
    Ok(DeclaredObject { path, size, version_id, etag, checksum, blake3: None }.to_line()?)
}

impl Listing {
    /// The same objects elsewhere, where each has a version. `file`: with their lines.
    pub fn moved(&self, file: PathBuf, header: DeclaredHeader) -> Self {
        let prefix = header.prefix.clone();
        Listing { file, header, prefix, objects: self.objects, bytes: self.bytes, mutable: 0 }
    }

    /// Where its lines are.
    pub fn file(&self) -> &Path {
        &self.file
    }

    pub fn header(&self) -> &DeclaredHeader {
        &self.header
    }

    /// The exact bytes of the declared manifest.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self.header.to_line().map_err(io::Error::other)?.as_bytes())?;
        io::copy(&mut File::open(&self.file)?, out).map(|_| ())
    }

    pub fn objects(&self) -> Result<impl Iterator<Item = Result<DeclaredObject>>> {
        let file = File::open(&self.file).map_err(|e| StoreError::io("read", self.file.display(), e))?;
        let what = self.file.display().to_string();
        Ok(BufReader::new(file).lines().map(move |line| {
            let line = line.map_err(|e| StoreError::io("read", &what, e))?;
            Ok(DeclaredObject::parse(&line)?)
        }))
    }

    /// It is an object of the store by now.
    pub fn forget(&self) {
        let _ = fs::remove_file(&self.file); // the next listing begins anew, or goes on from here
        let _ = fs::remove_file(self.file.with_extension("mark"));
    }
}

/// Header and objects of a declared manifest.
pub fn objects_in(
    text: &str,
) -> Result<(DeclaredHeader, impl Iterator<Item = std::result::Result<DeclaredObject, ParseError>>)> {
    let mut lines = text.lines();
    let header = DeclaredHeader::parse(lines.next().unwrap_or_default())?;
    Ok((header, lines.map(DeclaredObject::parse)))
}
