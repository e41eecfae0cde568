//! Where in which log an answer stands. Derived from the logs: a hit is a place to look at, never an answer.

use crate::domain::arn::ModelPackageArn;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Kind;
use crate::domain::ids::CommitId;
use crate::domain::ids::EntryId;
use crate::domain::ids::LogId;
use crate::domain::ids::RunId;
use crate::domain::ids::TreeId;
use crate::domain::path::RepoPath;
use crate::ledger::hash::TreeHash;
use crate::ports::StoreError;

/// What entries are looked for by. Each is compared whole; nothing is a pattern.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Term {
    Entry(EntryId),
    Run(RunId),
    Commit(CommitId),
    /// 4 or 8 hex digits, as people shorten ids: see [`Term::digits_of`] and [`Term::of_part`].
    Digits(String),
    Tree(TreeId),
    /// A dataset, by its root: that of a directory is the hash of its manifest, that of a file its content.
    DataRoot(Blake3Hash),
    /// Any content that an entry names itself; what lies in directories is asked for with it, see [`Found`].
    Content(Blake3Hash),
    ModelPackage(ModelPackageArn),
    ModelGroup(String),
    /// What a run is grouped by.
    Sweep(String),
    /// A dataset or file that a run read, by its name.
    Input(RepoPath),
    Parameter {
        name: String,
        value: Option<String>,
    },
    Metric {
        name: String,
        value: Option<String>,
    },
    Kind(Kind),
}

/// What can have a number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Named<'a> {
    Parameter(&'a str),
    Metric(&'a str),
}

impl Named<'_> {
    /// By which its entries are found, with any value or with this one.
    pub fn term(self, value: Option<String>) -> Term {
        match self {
            Named::Parameter(name) => Term::Parameter { name: name.to_owned(), value },
            Named::Metric(name) => Term::Metric { name: name.to_owned(), value },
        }
    }
}

/// Fewer digits are no short id.
const SHORT: usize = 4;
const LONG: usize = 8;

impl Term {
    /// All digits by which an id (run, entry) can be found: any 4 of the last 8, the last 8, the first 4 and 8.
    pub fn digits_of(id: &str) -> Vec<Term> {
        let plain: String = id.chars().filter(|c| *c != '-').collect();
        let mut found = Term::first_digits_of(&plain);
        if let Some(tail) = plain.len().checked_sub(LONG).and_then(|at| plain.get(at..)) {
            found.push(Term::Digits(tail.to_owned()));
            let windows = (0..=LONG - SHORT).filter_map(|at| tail.get(at..at + SHORT));
            found.extend(windows.map(|w| Term::Digits(w.to_owned())));
        }
        found
    }

    /// The first 4 and 8 digits, by which commits are found.
    pub fn first_digits_of(id: &str) -> Vec<Term> {
        [SHORT, LONG].iter().filter_map(|n| id.get(..*n)).map(|d| Term::Digits(d.to_owned())).collect()
    }

    /// The digits by which every id is found that `part` can mean, and some that it cannot: 4 of a part that is
    /// shorter than 8 digits, else 8. `None` for what is too short to mean an id.
    pub fn of_part(part: &str) -> Option<Term> {
        let digits = part.get(..LONG).or(part.get(..SHORT))?;
        Some(Term::Digits(digits.to_owned()))
    }
}

/// A leaf of a log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Hit {
    pub log: LogId,
    pub index: u64,
}

/// How far a log is indexed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Covered {
    pub log: LogId,
    /// Entries.
    pub size: u64,
    /// RFC 6962 root over them. Rows of another tree are worth nothing.
    pub root: TreeHash,
    /// The last of them that is about a run.
    pub latest_run: Option<u64>,
}

/// What is to be known of one entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    pub index: u64,
    pub terms: Vec<Term>,
    /// Roots of the directories that it names, whose files are added apart.
    pub directories: Vec<Blake3Hash>,
    /// False: something that it refers to could not be read, so there may be more terms.
    pub complete: bool,
}

/// All that is known of one term.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// In the order of the logs as they were asked for, then of their entries.
    pub hits: Vec<Hit>,
    /// For [`Term::Content`]: directories that hold a file with this content, by root.
    pub inside: Vec<Blake3Hash>,
}

/// What [`StoreError::Corrupt`] names when the index is meant.
pub const NAME: &str = "query index";

/// Promises:
/// 1. All of it may be deleted at any time, also by another process; then nothing is covered.
/// 2. Rows and how far they reach become true together, or not at all.
/// 3. `Some` from `find` names every entry that was added with the term, of the logs asked about. It may name
///    others too, which the caller must sort out. `None`: the index does not know, or one of the logs is
///    not covered as the caller says; this is never proof that there is nothing.
/// 4. [`StoreError::Corrupt`] means that `clear` and adding again will help. After any other error, the caller
///    does without.
/// 5. Nothing is opened before the first call.
pub trait QueryIndex {
    fn covered(&self, log: LogId) -> Result<Option<Covered>, StoreError>;

    /// Adds what follows the first `from` entries. False, and nothing is added, if the log is not covered
    /// exactly so far: another process was at work.
    fn add(&self, from: u64, rows: &[Row], after: &Covered) -> Result<bool, StoreError>;

    /// Adds what could not be read when the entry was added. The same tree must be covered still.
    fn complete(&self, covered: &Covered, row: &Row) -> Result<(), StoreError>;

    /// Entries that were added incomplete.
    fn incomplete(&self, covered: &Covered) -> Result<Vec<u64>, StoreError>;

    /// Nothing of this log is covered any more.
    fn forget(&self, log: LogId) -> Result<(), StoreError>;

    fn find(&self, term: &Term, logs: &[Covered]) -> Result<Option<Found>, StoreError>;

    /// Every entry that was added with this parameter or metric, and a number as its value for which `holds`.
    /// `None` as for [`QueryIndex::find`].
    fn with_number(
        &self,
        name: &Named,
        holds: &dyn Fn(f64) -> bool,
        logs: &[Covered],
    ) -> Result<Option<Vec<Hit>>, StoreError>;

    /// Directories that rows named, and whose files were not added yet.
    fn unread_directories(&self) -> Result<Vec<Blake3Hash>, StoreError>;

    /// Adds the files of a directory; if one of them is an error, none.
    fn add_directory(
        &self,
        root: &Blake3Hash,
        files: &mut dyn Iterator<Item = Result<Blake3Hash, StoreError>>,
    ) -> Result<(), StoreError>;

    /// Begins again with nothing.
    fn clear(&self) -> Result<(), StoreError>;
}
