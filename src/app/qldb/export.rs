//! `qldb verify-export`: whether a journal export is one chain of sound blocks, and how far a digest covers it.

use super::files;
use super::files::DataFile;
use crate::app::AppError;
use crate::app::Result;
use crate::ports::StoreError;
use crate::ports::progress::Progress;
use crate::qldb::block::Tally;
use crate::qldb::ion::stream::Format;
use crate::qldb::ion::stream::Stream;
use crate::qldb::ion::stream::StreamError;
use crate::qldb::journal::Journal;
use crate::qldb::journal::Reach;
use crate::qldb::journal::Trouble;
use crate::qldb::target::Digest;
use crate::qldb::target::Proof;
use serde::Serialize;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

/// Where the blocks come from.
pub enum Input<'a> {
    /// Directories, data files, manifests.
    Places(Vec<PathBuf>),
    /// Data files one behind the other.
    Stream(Box<dyn Read + 'a>),
}

/// What it is held against.
#[derive(Default)]
pub struct Against {
    pub digest: Option<Digest>,
    /// Of no use without a digest.
    pub proof: Option<Proof>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Verified,
    Failed,
    Incomplete,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultLine {
    /// Number of the block where it was found.
    pub sequence_no: Option<u64>,
    pub file: Option<String>,
    pub what: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportReport {
    pub format: Option<Format>,
    /// The completed manifest that named the files.
    pub manifest: Option<String>,
    pub files: u64,
    pub bytes: u64,
    pub strand_id: Option<String>,
    pub first_block: Option<u64>,
    pub last_block: Option<u64>,
    pub found: Tally,
    /// Base64.
    pub digest: Option<String>,
    pub reach: Reach,
    /// The first ones, in the order of the journal.
    pub faults: Vec<FaultLine>,
    pub fault_count: u64,
    /// What could not be checked, and why.
    pub unchecked: Vec<String>,
    pub verdict: Verdict,
    pub exit_code: u8,
}

/// Reads everything once, in the memory of one block.
pub fn verify(input: Input<'_>, against: Against, progress: &dyn Progress) -> Result<ExportReport> {
    let digest = against.digest.as_ref().map(|digest| digest.hash.to_string());
    let mut journal: Journal = Journal::new(against.digest, against.proof);
    let mut read = ReadSoFar { format: None, files: 0, bytes: 0 };
    let mut unchecked = Vec::new();
    let mut manifest = None;
    match input {
        Input::Stream(source) => {
            progress.begin("verify", None, None);
            read.blocks(source, "the stream", &mut journal, progress)?;
        }
        Input::Places(places) => {
            let found = files::find(&places)?;
            let bytes = found.data.iter().map(|file| file.bytes).sum();
            progress.begin("verify", Some(found.data.len() as u64), Some(bytes));
            for file in found.data {
                read.file(file, &mut journal, progress)?;
            }
            found.missing.into_iter().for_each(|key| journal.fault(None, Trouble::FileMissing(key)));
            found.extra.into_iter().for_each(|name| journal.fault(None, Trouble::FileExtra(name)));
            manifest = found.completed.into_iter().next();
            if manifest.is_none() && !found.started.is_empty() {
                unchecked.push(
                    "there is a started manifest and no completed one: files may be missing at the end"
                        .to_owned(),
                );
            }
        }
    }
    progress.end();
    let reach = journal.reached();
    unchecked.extend(open_questions(&journal, &reach));
    let verdict = match () {
        () if journal.fault_count > 0 || reach == Reach::Differs => Verdict::Failed,
        () if !unchecked.is_empty() => Verdict::Incomplete,
        () => Verdict::Verified,
    };
    let line = |fault: &crate::qldb::journal::Fault| FaultLine {
        sequence_no: fault.sequence,
        file: fault.file.clone(),
        what: fault.trouble.to_string(),
    };
    Ok(ExportReport {
        format: read.format,
        manifest,
        files: read.files,
        bytes: read.bytes,
        strand_id: journal.strand().map(str::to_owned),
        first_block: journal.first(),
        last_block: journal.last(),
        found: journal.tally,
        digest,
        reach,
        faults: journal.faults.iter().map(line).collect(),
        fault_count: journal.fault_count,
        unchecked,
        verdict,
        exit_code: match verdict {
            Verdict::Verified => 0,
            Verdict::Failed => 1,
            Verdict::Incomplete => 3,
        },
    })
}

/// What nobody can say of these blocks.
fn open_questions(journal: &Journal, reach: &Reach) -> Vec<String> {
    let mut open = Vec::new();
    if journal.tally.blocks == 0 && journal.fault_count == 0 {
        open.push("there is no block in it: nothing was verified".to_owned());
        return open;
    }
    let unexplained = journal.tally.unexplained_revisions;
    if unexplained > 0 {
        open.push(format!(
            "{unexplained} revisions have no data, and a hash that does not follow from their metadata alone"
        ));
    }
    if journal.tally.unknown_fields > 0 {
        open.push(format!("{} fields of blocks or revisions are unknown here", journal.tally.unknown_fields));
    }
    match reach {
        Reach::NeedsProof => open.push(
            "the digest cannot be computed: the export does not begin at block 0; a proof of one of its blocks is needed"
                .to_owned(),
        ),
        Reach::Beyond { block } => {
            open.push(format!("the digest cannot be reached: block {block} is not in the export"));
        }
        Reach::Broken | Reach::NotAsked | Reach::Covers { .. } | Reach::Differs => {}
    }
    open
}

struct ReadSoFar {
    format: Option<Format>,
    files: u64,
    bytes: u64,
}

impl ReadSoFar {
    fn file(&mut self, file: DataFile, journal: &mut Journal, progress: &dyn Progress) -> Result<()> {
        let shown = file.path.display();
        let open = File::open(&file.path).map_err(|e| StoreError::io("read", &shown, e))?;
        journal.begin_file(file.shown, file.name);
        self.blocks(open, &shown.to_string(), journal, progress)?;
        journal.end_file();
        Ok(())
    }

    /// Whatever is no Ion is a fault of the export; what cannot be read at all, an error of ours.
    fn blocks(
        &mut self,
        source: impl Read,
        place: &str,
        journal: &mut Journal,
        progress: &dyn Progress,
    ) -> Result<()> {
        const OFTEN: u64 = 1 << 20;
        let mut stream = Stream::new(source);
        let mut told = 0;
        let end = loop {
            match stream.advance() {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(e) => break Err(e),
            }
            let value = match stream.value() {
                Ok(value) => value,
                Err(e) => break Err(e),
            };
            if journal.take(&value, stream.symbols()).is_err() {
                return Err(AppError::JsonExport { place: place.to_owned() });
            }
            if stream.passed() - told > OFTEN {
                progress.advance(0, stream.passed() - told);
                told = stream.passed();
            }
        };
        progress.advance(1, stream.passed() - told);
        self.format = self.format.or(stream.format());
        self.files += 1;
        self.bytes += stream.passed();
        match end {
            Ok(()) => Ok(()),
            Err(StreamError::Read(e)) => Err(StoreError::io("read", place, e).into()),
            Err(e) => {
                let next = journal.last().map(|last| last + 1);
                journal.fault(next, Trouble::Unreadable(e.to_string()));
                Ok(())
            }
        }
    }
}
