//! The commit chain: a ledger in an object store. Each batch is one immutable object, named by where it begins.
//!
//! ```text
//! commit/<start, 20 digits>[.<void objects before it>]
//!
//! mlprov commit v1
//! log <log id>
//! start <entries before it>
//! root <base64 of the RFC 6962 root over them>
//! count <entries in it>
//! digest <SHA-256 of what follows the empty line, hexadecimal>
//! writer <key id>
//! signature <base64 of the DER signature over all lines above>
//!
//! entries, each a big-endian u16 length and bytes, as in an entry bundle of tlog-tiles
//! ```
//! An object that breaks a rule of its own version is *void*: every reader skips it alike, and the batch after it is
//! named with the number of void objects before it. So nobody who may write to the store can stop the log.

mod inbox;
mod object;

pub use inbox::Waiting;

use crate::domain::digest::Blake3Hash;
use crate::domain::digest::KeyId;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::ids::EntryId;
use crate::domain::ids::LogId;
use crate::ledger::batch::Batch;
use crate::ledger::batch::SealedEntry;
use crate::ledger::batch::open;
use crate::ledger::frame::Header;
use crate::ledger::tile;
use crate::ledger::tree::Frontier;
use crate::ledger::writers::Standing;
use crate::ledger::writers::Writers;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use object::Lines;
use object::entries;
use object::hex;
use object::split;
use object::version;
use sha2::Digest;
use sha2::Sha256;

/// Bytes of one object. A larger one is void.
pub const MAX_OBJECT: usize = 16 << 20;
const COMMIT: &str = "mlprov commit v1";

/// Name of the object that begins at `start`, after as many void ones there.
pub fn commit_name(start: u64, voids: u64) -> String {
    match voids {
        0 => format!("commit/{start:020}"),
        k => format!("commit/{start:020}.{k}"),
    }
}

/// Where a name says that an object begins, and how many void ones lie before it.
pub fn parse_commit_name(name: &str) -> Option<(u64, u64)> {
    let rest = name.strip_prefix("commit/")?;
    let (start, voids) = rest.split_once('.').unwrap_or((rest, "0"));
    let parsed = (start.parse().ok()?, voids.parse().ok()?);
    (commit_name(parsed.0, parsed.1) == name).then_some(parsed)
}

/// What the next object must continue.
#[derive(Clone, Debug)]
pub struct Position {
    pub header: Header,
    pub tree: Frontier,
    /// Who may write, after all entries so far.
    pub writers: Writers,
    /// Where the log goes on, as its last `ledger.moved` says; see [`moved_to`].
    pub moved: Option<Blake3Hash>,
}

/// If the entry at `index` says that this very log goes on in another place: which one, as the digest that it gives. Only
/// an admin of the log can move it.
pub fn moved_to(log: LogId, index: u64, body: &Body, writers: &Writers) -> Option<Blake3Hash> {
    let to = body.ledger.as_ref().filter(|to| body.kind == Kind::LedgerMoved && to.log == log)?;
    to.place.filter(|_| to.size == index && writers.is_admin(&body.actor.writer))
}

impl Position {
    pub fn beginning(header: Header) -> Self {
        Position { header, tree: Frontier::default(), writers: Writers::default(), moved: None }
    }

    fn push(&mut self, entry: &SealedEntry) -> Result<(), String> {
        let index = self.tree.size();
        let Ok((envelope, body)) = open(entry.bytes()) else { return Err("it is no entry".to_owned()) };
        if body.project != self.header.project {
            return Err("it is of another project".to_owned());
        }
        // The first entry admits its own signer.
        match self.writers.judge(index, &envelope, &body) {
            Standing::Admitted => {}
            _ if index == 0 => {}
            Standing::Stranger => {
                return Err(format!("the log does not admit its writer {}", envelope.key_id.short()));
            }
            other => return Err(format!("{}: {other}", envelope.key_id.short())),
        }
        self.writers.follow(index, &self.header.project, &envelope, &body);
        if index == 0 && self.writers.judge(index, &envelope, &body) != Standing::Admitted {
            return Err("it does not admit its own writer".to_owned());
        }
        self.tree.push(entry.leaf());
        self.moved = moved_to(self.header.log, index, &body, &self.writers).or(self.moved);
        Ok(())
    }

    /// Goes on by a batch whose entries are all admitted; as it was if one is not.
    pub fn extend(&mut self, batch: &Batch) -> Result<(), String> {
        let mut after = self.clone();
        for (n, entry) in batch.entries().iter().enumerate() {
            after.push(entry).map_err(|why| format!("entry {n}: {why}"))?;
        }
        *self = after;
        Ok(())
    }
}

/// The object that commits a batch. `sign`: over the bytes that it is given, with the key `writer`.
pub fn encode<E>(
    at: &Position,
    batch: &Batch,
    writer: &KeyId,
    sign: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, E> {
    let mut body = Vec::new();
    for entry in batch.entries() {
        // A batch holds no entry that is too long.
        let _ = tile::push_entry(&mut body, entry.bytes());
    }
    let log = at.header.log;
    let (start, root) = (at.tree.size(), BASE64.encode(at.tree.root().0));
    let (count, digest) = (batch.entries().len(), hex(&Sha256::digest(&body)));
    let lines = format!(
        "{COMMIT}\nlog {log}\nstart {start}\nroot {root}\ncount {count}\ndigest {digest}\nwriter {writer}\n"
    );
    let signature = BASE64.encode(sign(lines.as_bytes())?);
    let mut object = format!("{lines}signature {signature}\n\n").into_bytes();
    object.extend_from_slice(&body);
    Ok(object)
}

/// What an object is, at its place.
#[derive(Debug)]
pub enum Judged {
    /// And where the chain stands after it.
    Commit(Batch, Box<Position>),
    /// Why it counts for nothing, for everybody.
    Void(String),
    /// Of a version that this one cannot judge: stop here.
    Newer(String),
}

/// Judges an object that lies where the chain goes on. `known`: whether an entry is in the log already. What is good is
/// not yet part of `at`.
pub fn judge(object: &[u8], at: &Position, known: impl Fn(&EntryId) -> bool) -> Judged {
    match version(object, COMMIT) {
        Ok(()) => {}
        Err(Some(newer)) => return Judged::Newer(newer),
        Err(None) => return Judged::Void("it is no commit".to_owned()),
    }
    match parse(object, at, known) {
        Ok((batch, after)) => Judged::Commit(batch, Box::new(after)),
        Err(why) => Judged::Void(why),
    }
}

fn parse(
    object: &[u8],
    at: &Position,
    known: impl Fn(&EntryId) -> bool,
) -> Result<(Batch, Position), String> {
    if object.len() > MAX_OBJECT {
        return Err(format!("{} bytes are more than {MAX_OBJECT}", object.len()));
    }
    let (head, body) = split(object)?;
    let (signed, signature) = head.split_at(head.rfind("signature ").ok_or("it is not signed")?);
    let mut lines = Lines::new(head);
    lines.exactly(COMMIT)?;
    if lines.value::<LogId>("log")? != at.header.log {
        return Err("it is of another log".to_owned());
    }
    if lines.value::<u64>("start")? != at.tree.size() {
        return Err("it says that it begins elsewhere".to_owned());
    }
    if lines.hash("root")? != at.tree.root() {
        return Err("it continues another log".to_owned());
    }
    let count = lines.value::<u64>("count")?;
    if lines.text("digest")? != hex(&Sha256::digest(body)) {
        return Err("its entries are not those that were signed".to_owned());
    }
    let writer = lines.value::<KeyId>("writer")?;
    let _ = lines.text("signature")?;
    lines.end()?;
    let batch = entries(body, count)?;
    if let Some(twice) = batch.entries().iter().find(|entry| known(entry.id())) {
        return Err(format!("entry {} is in the log already", twice.id().short()));
    }
    let mut after = at.clone();
    after.extend(&batch)?;
    // Of the first batch: whom its first entry admits.
    let writers = if at.tree.size() == 0 { &after.writers } else { &at.writers };
    let signature = signature.strip_prefix("signature ").and_then(|text| text.strip_suffix('\n'));
    let signature = signature.and_then(|text| BASE64.decode(text).ok()).unwrap_or_default();
    let key = writers.key(&writer).filter(|_| writers.may_write(&writer));
    if !key.is_some_and(|key| key.verify(signed.as_bytes(), &signature)) {
        return Err("no admitted writer signed it".to_owned());
    }
    // What was read is what a writer of this version writes, byte for byte.
    match encode(at, &batch, &writer, |_| Ok::<_, ()>(signature)) {
        Ok(again) if again == object => Ok((batch, after)),
        _ => Err("it is not in the one form that a commit has".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::ledger::envelope;
    use crate::ledger::envelope::Envelope;
    use crate::ledger::envelope::WriterKey;
    use p256::ecdsa::Signature;
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer;

    fn key(n: u8) -> (SigningKey, WriterKey) {
        let private = SigningKey::from_slice(&[n; 32]).unwrap();
        let public = WriterKey::new(*private.verifying_key()).unwrap();
        (private, public)
    }

    fn sign(by: u8, message: &[u8]) -> Vec<u8> {
        let signature: Signature = key(by).0.sign(message);
        signature.normalize_s().to_der().as_bytes().to_vec()
    }

    fn header() -> Header {
        let (project, log) = ("9f0c2c55-70d3-4a0e-8f9a-0d0a3b6c1a01", "9f0c2c55-70d3-4a0e-8f9a-0d0a3b6c1a02");
        Header::new(project.parse().unwrap(), log.parse().unwrap())
    }

    /// By writer `by`; `admits` makes it an admission.
    fn entry(by: u8, number: i64, admits: Option<u8>) -> SealedEntry {
        let id = key(by).1.id();
        let kind = if admits.is_some() { "writer.admitted" } else { "annotation" };
        let mut body = serde_json::json!({
            "project": header().project, "kind": kind, "time": Timestamp::from_unix_micros(number),
            "id": EntryId::of_unreadable(&[0; 32]), "producer": {"name": "t", "version": "0"}, "actor": {"writer": id},
        });
        if let Some(other) = admits {
            let public = key(other).1;
            body["writer"] = serde_json::json!({"keyId": public.id(), "publicKey": public.to_base64(), "admin": other == 1});
        }
        let mut body: crate::domain::entry::Body = serde_json::from_value(body).unwrap();
        body.id = body.derived_id().unwrap();
        let payload = body.to_payload().unwrap();
        let signature = sign(by, &envelope::pae(&payload));
        SealedEntry::parse(Envelope { payload, key_id: id, signature }.to_bytes()).unwrap().0
    }

    fn batch(entries: &[SealedEntry]) -> Batch {
        Batch::new(entries.to_vec()).unwrap()
    }

    fn object(at: &Position, by: u8, batch: &Batch) -> Vec<u8> {
        encode(at, batch, &key(by).1.id(), |message| Ok::<_, ()>(sign(by, message))).unwrap()
    }

    /// A log that writer 1 founded and to which it admitted writer 2.
    fn founded() -> Position {
        let mut at = Position::beginning(header());
        at.extend(&batch(&[entry(1, 1, Some(1)), entry(1, 2, Some(2))])).unwrap();
        at
    }

    fn why_void(object: &[u8], at: &Position) -> String {
        match judge(object, at, |_| false) {
            Judged::Void(why) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_writer_writes_is_what_a_reader_reads() {
        let start = Position::beginning(header());
        let founding = batch(&[entry(1, 1, Some(1)), entry(1, 2, Some(2))]);
        for (at, by, batch) in [
            (start, 1, founding),
            (founded(), 2, batch(&[entry(2, 3, None), entry(1, 4, None), entry(2, 5, None)])),
        ] {
            match judge(&object(&at, by, &batch), &at, |_| false) {
                Judged::Commit(read, after) => {
                    let mut at = at.clone();
                    at.extend(&batch).unwrap();
                    assert_eq!((read, after.tree), (batch, at.tree));
                }
                other => panic!("{other:?}"),
            }
        }
        for (start, voids, name) in
            [(0, 0, "commit/00000000000000000000"), (12, 3, "commit/00000000000000000012.3")]
        {
            assert_eq!(commit_name(start, voids), name);
            assert_eq!(parse_commit_name(name), Some((start, voids)));
        }
        for name in
            ["commit/12", "commit/00000000000000000012.0", "commit/00000000000000000012.03", "inbox/x"]
        {
            assert_eq!(parse_commit_name(name), None, "{name}");
        }
        // Names sort as the chain goes.
        let names = [(8, 0), (9, 0), (9, 1), (10, 0)].map(|(start, voids)| commit_name(start, voids));
        assert!(names.is_sorted());
    }

    #[test]
    fn every_rule_that_is_broken_makes_it_void() {
        let at = founded();
        let one = batch(&[entry(2, 3, None)]);
        let good = object(&at, 2, &one);
        let mut other = at.clone();
        other.tree.push(one.entries()[0].leaf());
        let mut same_size = Position::beginning(header());
        same_size.extend(&batch(&[entry(1, 1, Some(1)), entry(1, 9, Some(2))])).unwrap();
        assert_eq!(why_void(&object(&other, 2, &one), &at), "it says that it begins elsewhere");
        assert_eq!(why_void(&object(&same_size, 2, &one), &at), "it continues another log");
        let mut elsewhere = at.clone();
        elsewhere.header =
            Header::new(at.header.project, "9f0c2c55-70d3-4a0e-8f9a-0d0a3b6c1a03".parse().unwrap());
        assert_eq!(why_void(&object(&elsewhere, 2, &one), &at), "it is of another log");
        assert_eq!(why_void(&object(&at, 3, &one), &at), "no admitted writer signed it");
        let by_stranger = why_void(&object(&at, 2, &batch(&[entry(3, 3, None)])), &at);
        assert!(by_stranger.contains("does not admit its writer"), "{by_stranger}");
        let founder = Position::beginning(header());
        assert!(why_void(&object(&founder, 2, &one), &founder).contains("does not admit its own writer"));
        match judge(&good, &at, |_| true) {
            Judged::Void(why) => assert!(why.contains("is in the log already"), "{why}"),
            other => panic!("{other:?}"),
        }
        // Every byte counts.
        for n in 0..good.len() {
            let mut bent = good.clone();
            bent[n] ^= 1;
            assert!(!matches!(judge(&bent, &at, |_| false), Judged::Commit(..)), "byte {n}");
            assert!(!matches!(judge(&good[..n], &at, |_| false), Judged::Commit(..)), "cut at {n}");
        }
        let longer = [&good[..], b"x"].concat();
        assert!(matches!(judge(&longer, &at, |_| false), Judged::Void(_)));
        assert!(matches!(judge(b"", &at, |_| false), Judged::Void(_)));
        let newer = [b"mlprov commit v2\n", &good[17..]].concat();
        assert!(matches!(judge(&newer, &at, |_| false), Judged::Newer(_)));
        assert!(matches!(judge(b"mlprov commit v0\n\n", &at, |_| false), Judged::Void(_)));
        assert!(why_void(&vec![b'\n'; MAX_OBJECT + 1], &at).contains("no commit"));
    }

    #[test]
    fn what_waits_in_the_inbox_reads_back() {
        let waiting = Waiting { base: 7, batch: batch(&[entry(2, 3, None), entry(2, 4, None)]) };
        let log = header().log;
        let object = waiting.encode(log);
        assert_eq!(Waiting::parse(&object, log).unwrap(), waiting);
        assert_eq!(waiting.name(), format!("inbox/{}", waiting.batch.entries()[0].id()));
        assert!(Waiting::parse(&object, LogId::draw()).is_err());
        assert!(Waiting::parse(&object[..object.len() - 1], log).is_err());
        assert!(Waiting::parse(b"", log).is_err());
        let twice =
            [&object[..], &object[object.len() - waiting.batch.entries()[1].bytes().len() - 2..]].concat();
        assert!(Waiting::parse(&twice, log).is_err());
    }
}
