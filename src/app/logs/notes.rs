//! Checkpoints in git notes: who has fetched them finds a log that was rolled back or rewritten since.
//!
//! `refs/notes/mlprov/<log id>`, one line per checkpoint (base64 of the signed note) on the commit that was
//! HEAD: notes of two clones then merge line by line. A line is a claim; only a pinned key makes it count.

use super::INCOMING;
use super::NOTES;
use crate::app::Project;
use crate::app::Result;
use crate::app::init::read_or_empty;
use crate::domain::ids::CommitId;
use crate::domain::ids::LogId;
use crate::ledger::checkpoint::Checkpoint;
use crate::ledger::note::Note;
use crate::ports::log_reader::LogReader;
use crate::trust::pins;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::BTreeSet;
use std::fmt;

/// Commit trailer that names a checkpoint, in the same form as a line of a note.
pub const TRAILER: &str = "Mlprov-Checkpoint";

/// Where a checkpoint was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// Beside the log itself.
    Published,
    /// The largest that this user's `verify` saw before.
    Seen,
    /// Demanded by the rules of this call.
    Required,
    /// In a git note on this object.
    Note(String),
    /// In the message of this commit.
    Trailer(CommitId),
    /// In the log as a remote has it.
    Remote(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Published => f.write_str("published"),
            Place::Seen => f.write_str("seen before"),
            Place::Required => f.write_str("required"),
            Place::Note(object) => write!(f, "git note on {}", object.get(..10).unwrap_or(object)),
            Place::Trailer(commit) => write!(f, "message of commit {}", commit.short()),
            Place::Remote(name) => f.write_str(name),
        }
    }
}

/// A signed checkpoint that is known here. Not believed yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownNote {
    pub place: Place,
    pub note: String,
}

impl Place {
    /// Whoever may push can write what he likes there: only what a pinned key signed says something.
    pub fn is_public(&self) -> bool {
        matches!(self, Place::Note(_) | Place::Trailer(_) | Place::Remote(_))
    }
}

impl KnownNote {
    /// What it claims, whoever signed it.
    pub fn claim(&self) -> Option<Checkpoint> {
        claim(&self.note)
    }
}

/// What a note claims, whoever signed it.
pub fn claim(note: &str) -> Option<Checkpoint> {
    Note::parse(note).and_then(|n| Checkpoint::parse_text(n.text())).ok()
}

impl Project {
    /// Every checkpoint of a log that is known here. Those of git notes and remotes are there once, and only if
    /// they claim to be of this log.
    pub fn known_notes(&self, log: &dyn LogReader) -> Result<Vec<KnownNote>> {
        let (id, origin) = (log.log(), &log.header().origin);
        let mut out = Vec::new();
        out.extend(log.latest()?.map(|note| KnownNote { place: Place::Published, note }));
        let seen = read_or_empty(&pins::seen_file(&self.state_dir(), id))?;
        if !seen.is_empty() {
            out.push(KnownNote { place: Place::Seen, note: seen });
        }
        let required = self.pins()?.checkpoints().to_vec();
        out.extend(required.into_iter().map(|note| KnownNote { place: Place::Required, note }));
        let mut known: BTreeSet<String> = out.iter().map(|n| n.note.clone()).collect();
        let remote = self.accepted_logs()?.into_iter().filter(|l| l.log() == id);
        let remote = remote.filter_map(|l| Some((Place::Remote(l.place().to_owned()), l.latest().ok()??)));
        let remote: Vec<_> = remote.collect();
        let noted = self.noted(&id)?.into_iter().map(|(object, note)| (Place::Note(object), note));
        let trailers = match self.config.hooks.checkpoint_trailer {
            true => self.repo.trailers(TRAILER)?,
            false => Vec::new(),
        };
        let trailers =
            trailers.into_iter().filter_map(|(commit, line)| Some((Place::Trailer(commit), decode(&line)?)));
        for (place, note) in remote.into_iter().chain(noted).chain(trailers) {
            if claim(&note).is_some_and(|c| c.origin == *origin) && known.insert(note.clone()) {
                out.push(KnownNote { place, note });
            }
        }
        Ok(out)
    }

    /// Checkpoints of a log in git notes, ours and fetched ones: the object noted on, and the note.
    fn noted(&self, log: &LogId) -> Result<Vec<(String, String)>> {
        let fetched = self.repo.refs_below(INCOMING)?.into_iter().map(|(name, _)| name);
        let fetched = fetched.filter(|name| name.ends_with(&format!("/notes/{log}")));
        let refs = fetched.map(|name| format!("{INCOMING}{name}"));
        let mut out = Vec::new();
        for name in std::iter::once(format!("{NOTES}{log}")).chain(refs) {
            for (object, text) in self.repo.notes(&name)? {
                out.extend(text.lines().filter_map(decode).map(|note| (object.clone(), note)));
            }
        }
        Ok(out)
    }

    /// Notes a checkpoint on a commit, unless it is noted somewhere already. True: it was not.
    pub fn note_checkpoint(&self, log: &LogId, commit: &CommitId, note: &str) -> Result<bool> {
        let name = format!("{NOTES}{log}");
        let line = encode(note);
        let notes = self.repo.notes(&name)?;
        if notes.iter().any(|(_, text)| text.lines().any(|l| l == line)) {
            return Ok(false);
        }
        let here = notes.into_iter().find(|(object, _)| object == commit.as_str());
        let mut lines: BTreeSet<String> =
            here.iter().flat_map(|(_, text)| text.lines()).map(str::to_owned).collect();
        lines.insert(line);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.repo.write_note(&name, commit, &text)?;
        Ok(true)
    }
}

/// A checkpoint as one line.
pub fn encode(note: &str) -> String {
    BASE64.encode(note)
}

fn decode(line: &str) -> Option<String> {
    String::from_utf8(BASE64.decode(line.trim()).ok()?).ok()
}
