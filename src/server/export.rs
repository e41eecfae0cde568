//! ExportJournalToS3, into a directory in the place of a bucket: the layout, the manifests and the blocks of the service's exports
//! ("Journal export output in QLDB"). `qldb verify-export` reads it.

use super::Server;
use super::control::Refusal;
use super::control::Result;
use super::control::internal;
use super::ledger::Ledger;
use crate::durable;
use crate::qldb::database::ids;
use ion_rs::Element;
use ion_rs::List;
use ion_rs::Struct;
use ion_rs::Timestamp;
use ion_rs::v1_0::Text;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use serde_json::json;
use std::path::Path;
use std::path::PathBuf;

/// Where buckets are directories.
const BUCKETS: &str = "exports";
/// Blocks of one data object.
const BLOCKS: usize = 1_000;

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Asked {
    /// Seconds since 1970.
    inclusive_start_time: f64,
    exclusive_end_time: f64,
    role_arn: String,
    #[serde(rename = "S3ExportConfiguration")]
    s3: S3,
    output_format: Option<Format>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct S3 {
    bucket: String,
    prefix: String,
    #[serde(default)]
    encryption_configuration: Option<Value>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Format {
    IonText,
    IonBinary,
    Json,
}

/// Names of S3 that are names of directories as well.
fn is_plain(bucket: &str, prefix: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let part = |part: &str| !part.is_empty() && part != "." && part != ".." && part.chars().all(plain);
    part(bucket) && prefix.split('/').filter(|name| !name.is_empty()).all(part)
}

/// All of it is there when this returns.
pub fn export(server: &Server, ledger: &Ledger, asked: Asked) -> Result<Value> {
    let format = asked.output_format.unwrap_or(Format::IonText);
    let bad = |why: &str| Err(Refusal::InvalidParameter(why.to_owned()));
    if format == Format::Json {
        return bad(
            "OutputFormat: exports to JSON cannot be verified, and are not made here: ION_TEXT or ION_BINARY",
        );
    }
    let S3 { bucket, prefix, .. } = &asked.s3;
    if !is_plain(bucket, prefix) {
        return bad(
            "S3ExportConfiguration: bucket and prefix become directories here: letters, digits and -._",
        );
    }
    let id = ids::of(server.surroundings.draw());
    let dir = server.dir.join(BUCKETS).join(bucket);
    // A prefix is no directory: the last part may be the beginning of a name.
    let at = |name: &str| dir.join(format!("{prefix}{name}"));
    let started = Struct::builder()
        .with_field("ledgerName", ledger.name.as_str())
        .with_field("exportId", &*id)
        .with_field("inclusiveStartTime", time(asked.inclusive_start_time)?)
        .with_field("exclusiveEndTime", time(asked.exclusive_end_time)?)
        .with_field("bucket", bucket.as_str())
        .with_field("prefix", prefix.as_str())
        .with_field("outputFormat", if format == Format::IonText { "ION_TEXT" } else { "ION_BINARY" })
        .build();
    write(&at(&format!("{id}.started.manifest")), text(&started.into())?.as_bytes())?;

    let (from, to) = (time(asked.inclusive_start_time)?, time(asked.exclusive_end_time)?);
    let (strand, hashes) = ledger.hashes();
    let mut keys: Vec<Element> = Vec::new();
    let mut open: Option<File> = None;
    for sequence in 0..hashes.len() as u64 {
        let bytes = ledger.block(sequence).map_err(internal)?;
        let block = Element::read_one(&bytes).map_err(internal)?;
        let when = block.as_struct().and_then(|fields| fields.get("blockTimestamp")?.as_timestamp());
        let when = when.ok_or_else(|| internal("a block has no blockTimestamp"))?;
        if when < from || when >= to {
            continue;
        }
        let hour = format!("{:04}/{:02}/{:02}/{:02}", when.year(), when.month(), when.day(), when.hour());
        let goes_on = open.as_ref().is_some_and(|file| file.hour == hour && file.count < BLOCKS);
        if !goes_on && let Some(done) = open.take() {
            keys.push(done.close(&strand, prefix, &at)?);
        }
        let file = open.get_or_insert_with(|| File {
            hour,
            first: sequence,
            last: sequence,
            count: 0,
            bytes: Vec::new(),
        });
        match format {
            Format::IonText => file.bytes.extend(text(&block)?.bytes().chain([b'\n'])),
            _ => file.bytes.extend(bytes),
        }
        (file.last, file.count) = (sequence, file.count + 1);
    }
    if let Some(done) = open {
        keys.push(done.close(&strand, prefix, &at)?);
    }
    let completed = Struct::builder().with_field("keys", List::from(keys)).build();
    write(&at(&format!("{id}.{strand}.completed.manifest")), text(&completed.into())?.as_bytes())?;
    let told = json!({ "name": ledger.name, "created": server.seconds(), "asked": asked });
    write(&about(&server.dir, &id), told.to_string().as_bytes())?;
    Ok(json!({ "ExportId": &*id }))
}

fn about(dir: &Path, id: &str) -> PathBuf {
    dir.join(BUCKETS).join(format!(".{id}.json"))
}

/// What was asked for.
pub fn describe(server: &Server, ledger: &str, id: &str) -> Result<Value> {
    let unknown = || Refusal::NotFound(format!("there is no export {id} of ledger {ledger}"));
    if !ids::is_id(id) {
        return Err(unknown());
    }
    let bytes = std::fs::read(about(&server.dir, id)).map_err(|_| unknown())?;
    let told: Value = serde_json::from_slice(&bytes).map_err(internal)?;
    if told["name"] != ledger {
        return Err(unknown());
    }
    let mut description = told["asked"].clone();
    description["LedgerName"] = told["name"].clone();
    description["ExportId"] = json!(id);
    description["ExportCreationTime"] = told["created"].clone();
    description["Status"] = json!("COMPLETED");
    Ok(json!({ "ExportDescription": description }))
}

/// One data object.
struct File {
    hour: String,
    first: u64,
    last: u64,
    count: usize,
    bytes: Vec<u8>,
}

impl File {
    /// Writes it, and returns its key.
    fn close(self, strand: &str, prefix: &str, at: &dyn Fn(&str) -> PathBuf) -> Result<Element> {
        let name = format!("{}/{strand}.{}-{}.ion", self.hour, self.first, self.last);
        write(&at(&name), &self.bytes)?;
        Ok(Element::string(format!("{prefix}{name}")))
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        durable::create_dir_all(parent).map_err(internal)?;
    }
    durable::replace(path, bytes, 0o600).map_err(internal)
}

fn text(value: &Element) -> Result<String> {
    value.encode_as(Text).map(|text| text.trim_end().to_owned()).map_err(internal)
}

fn time(seconds: f64) -> Result<Timestamp> {
    let bad = || Refusal::InvalidParameter("a time is no time".to_owned());
    if !(0.0..=253_402_300_799.0).contains(&seconds) {
        return Err(bad());
    }
    super::time_of((seconds * 1_000.0) as i64).ok_or_else(bad)
}
