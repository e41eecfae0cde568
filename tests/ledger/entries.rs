//! Entries to append, signed by a key of the test's own.

use mlprov::app::record;
use mlprov::domain::entry::Body;
use mlprov::domain::entry::Kind;
use mlprov::domain::entry::Writer;
use mlprov::domain::ids::EntryId;
use mlprov::domain::ids::LogId;
use mlprov::domain::ids::ProjectId;
use mlprov::domain::time::Timestamp;
use mlprov::ledger::batch::Batch;
use mlprov::ledger::batch::SealedEntry;
use mlprov::ledger::envelope;
use mlprov::ledger::envelope::Envelope;
use mlprov::ledger::frame::Header;
use mlprov::ports::log_reader::StoredEntry;
use mlprov::ports::provision::Ledger;
use mlprov::ports::signer::EntrySigner;
use mlprov::stores::local::keys::LogKeyFile;
use mlprov::stores::local::keys::WriterKeyFile;
use std::ops::ControlFlow;
use std::path::Path;

pub struct Keys {
    pub project: ProjectId,
    pub writer: WriterKeyFile,
    pub log: LogKeyFile,
    pub header: Header,
    _dir: tempfile::TempDir,
}

impl Keys {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let project = ProjectId::draw();
        let header = Header::new(project, LogId::draw());
        let (writer, _) = WriterKeyFile::open_or_create(&dir.path().join("writer.pem")).unwrap();
        let log = LogKeyFile::open_or_create(&dir.path().join("log.pem"), &header.origin).unwrap();
        Keys { project, writer, log, header, _dir: dir }
    }

    /// Entry number `n`: the same number gives the same bytes.
    pub fn entry(&self, n: u64) -> SealedEntry {
        self.noted(n, "")
    }

    /// The same fact about another thing: the id of `n`, another payload.
    pub fn noted(&self, n: u64, cwd: &str) -> SealedEntry {
        let time = Timestamp::from_unix_micros(n as i64);
        let writer = self.writer.public().id();
        let id = EntryId::derive(&self.project, "annotation", time.as_str(), &writer);
        let mut value = serde_json::json!({
            "project": self.project, "kind": "annotation", "id": id, "time": time,
            "producer": {"name": "test", "version": "0"}, "actor": {"writer": writer},
        });
        if !cwd.is_empty() {
            value["target"] = serde_json::json!({ "commit": cwd });
        }
        let body: Body = serde_json::from_value(value).unwrap();
        let payload = body.to_payload().unwrap();
        let signature = self.writer.sign(&envelope::pae(&payload)).unwrap();
        let bytes = Envelope { payload, key_id: writer, signature }.to_bytes();
        SealedEntry::parse(bytes).unwrap().0
    }

    /// The entry that a log begins with: its writer admits himself.
    pub fn founding(&self) -> SealedEntry {
        let mut body =
            record::draft(self.project, Kind::WriterAdmitted, Timestamp::from_unix_micros(0), &self.writer);
        let public = self.writer.public();
        body.writer = Some(Writer { key_id: public.id(), public_key: public.to_base64(), admin: true });
        record::seal(body, &self.writer).unwrap()
    }

    /// The writer's key, for another thread.
    pub fn writer_again(&self) -> impl Fn() -> WriterKeyFile + Send + Sync + use<> {
        let place = self._dir.path().join("writer.pem");
        move || WriterKeyFile::open(&place).unwrap().unwrap()
    }

    pub fn batch(&self, range: std::ops::Range<u64>) -> Batch {
        Batch::new(range.map(|n| self.entry(n)).collect()).unwrap()
    }

    pub fn local(&self, dir: &Path) -> Box<dyn Ledger> {
        Box::new(mlprov::stores::local::journal::LocalLedger::create(dir, &self.header).unwrap())
    }
}

/// Everything in a ledger, by its public way of reading; its tree is derived again and compared with the head.
pub fn audited(ledger: &dyn Ledger) -> Vec<EntryId> {
    let mut ids = Vec::new();
    let mut tree = mlprov::ledger::tree::Frontier::default();
    let mut trees = vec![tree.clone()];
    let mut visit = |stored: StoredEntry<'_>| {
        assert_eq!(stored.index, ids.len() as u64, "no gap");
        let (entry, _) = SealedEntry::parse(stored.bytes.to_vec()).unwrap();
        assert_eq!(*entry.id(), stored.id);
        tree.push(entry.leaf());
        trees.push(tree.clone());
        ids.push(stored.id);
        ControlFlow::Continue(())
    };
    ledger.read(0, &mut visit).unwrap();
    assert_eq!(ledger.head().unwrap(), tree, "the head is the tree over the entries");
    for size in (0..trees.len()).step_by(trees.len() / 16 + 1) {
        assert_eq!(ledger.tree_at(size as u64).unwrap().as_ref(), Some(&trees[size]), "at size {size}");
    }
    assert_eq!(ledger.tree_at(trees.len() as u64).unwrap(), None, "larger than the log");
    for (index, id) in ids.iter().enumerate() {
        let first = ids.iter().position(|other| other == id).unwrap();
        assert_eq!(ledger.find(id).unwrap(), Some(first as u64), "entry {index}");
    }
    ids
}
