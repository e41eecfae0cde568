//! Who may write to a log, as the log itself says. Effect is by index, never by time.

use crate::domain::digest::KeyId;
use crate::domain::entry::Body;
use crate::domain::entry::Kind;
use crate::domain::ids::ProjectId;
use crate::ledger::envelope::Envelope;
use crate::ledger::envelope::WriterKey;
use std::collections::BTreeMap;

/// The writers admitted so far, while a log is read from its beginning.
#[derive(Clone, Debug, Default)]
pub struct Writers {
    admitted: BTreeMap<KeyId, Admitted>,
    /// Between the two entries of a rotation.
    successor: Option<Successor>,
}

/// A key that an admitted one named as its successor, and that has not spoken yet.
#[derive(Clone, Debug)]
struct Successor {
    key: WriterKey,
    old: KeyId,
    /// Of the entry that named it. The very next one must be the successor's own.
    index: u64,
}

#[derive(Clone, Debug)]
struct Admitted {
    key: WriterKey,
    admin: bool,
    revoked: bool,
}

/// What an entry's signature is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    Admitted,
    /// The signature does not hold.
    Forged,
    /// The key was never admitted here.
    Stranger,
    Revoked,
}

impl Writers {
    /// Judges the entry at `index` by what stood before it.
    pub fn judge(&self, index: u64, envelope: &Envelope, body: &Body) -> Standing {
        match self.admitted.get(&envelope.key_id) {
            None if self.succeeds(index, envelope, body) => Standing::Admitted,
            None => Standing::Stranger,
            Some(a) if !envelope.is_signed_by(&a.key) => Standing::Forged,
            Some(a) if a.revoked => Standing::Revoked,
            Some(_) => Standing::Admitted,
        }
    }

    /// Whether this is the second entry of a rotation: the new key, named by the old one just before, names
    /// the old one.
    fn succeeds(&self, index: u64, envelope: &Envelope, body: &Body) -> bool {
        let Some(next) = &self.successor else { return false };
        next.index + 1 == index
            && body.kind == Kind::KeyRotated
            && body.writer.as_ref().is_some_and(|w| w.key_id == next.old)
            && envelope.is_signed_by(&next.key)
    }

    /// Takes note of the entry at `index`, in log order. Only `writer.*` and `key.rotated` change anything:
    /// the first with a signature of an admin, the second as a pair of entries, by the old key and the new one.
    /// The first entry of a log admits its own signer as admin. No later one can take its place, whatever stands
    /// there: else who is asked for the founder would be shown one that nobody can read.
    pub fn follow(&mut self, index: u64, project: &ProjectId, envelope: &Envelope, body: &Body) {
        // Signed for another project: it says nothing here, whoever signed it.
        if body.project != *project {
            return;
        }
        let Some(writer) = &body.writer else { return };
        let Ok(key) = WriterKey::from_base64(&writer.public_key) else { return };
        if key.id() != writer.key_id {
            return;
        }
        if index == 0 {
            let own = body.kind == Kind::WriterAdmitted
                && writer.admin
                && key.id() == envelope.key_id
                && envelope.is_signed_by(&key);
            if own {
                self.admitted.insert(key.id(), Admitted { key, admin: true, revoked: false });
            }
            return;
        }
        if body.kind == Kind::KeyRotated {
            return self.follow_rotation(index, envelope, body, key);
        }
        let by_admin = self.judge(index, envelope, body) == Standing::Admitted
            && self.admitted.get(&envelope.key_id).is_some_and(|a| a.admin);
        if !by_admin {
            return;
        }
        match body.kind {
            Kind::WriterAdmitted => {
                self.admitted.insert(key.id(), Admitted { key, admin: writer.admin, revoked: false });
            }
            Kind::WriterRevoked => {
                if let Some(a) = self.admitted.get_mut(&key.id()) {
                    a.revoked = true;
                }
            }
            _ => {}
        }
    }

    fn follow_rotation(&mut self, index: u64, envelope: &Envelope, body: &Body, named: WriterKey) {
        if self.succeeds(index, envelope, body) {
            let Some(next) = self.successor.take() else { return };
            // The right goes over as it is: a writer cannot make himself an admin in this way.
            let admin = self.admitted.get_mut(&next.old).is_some_and(|old| {
                old.revoked = true;
                old.admin
            });
            self.admitted.insert(next.key.id(), Admitted { key: next.key, admin, revoked: false });
        } else if self.judge(index, envelope, body) == Standing::Admitted
            && !self.admitted.contains_key(&named.id())
        {
            self.successor = Some(Successor { key: named, old: envelope.key_id, index });
        }
    }

    /// Everyone ever admitted: key, admin, revoked.
    pub fn list(&self) -> Vec<(WriterKey, bool, bool)> {
        self.admitted.values().map(|a| (a.key.clone(), a.admin, a.revoked)).collect()
    }

    /// Whether the key may write now.
    pub fn may_write(&self, id: &KeyId) -> bool {
        self.admitted.get(id).is_some_and(|a| !a.revoked)
    }

    /// Whether the key may admit and revoke others now, and move the log.
    pub fn is_admin(&self, id: &KeyId) -> bool {
        self.admitted.get(id).is_some_and(|a| a.admin && !a.revoked)
    }

    pub fn key(&self, id: &KeyId) -> Option<&WriterKey> {
        self.admitted.get(id).map(|a| &a.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::ledger::envelope;
    use p256::ecdsa::Signature;
    use p256::ecdsa::SigningKey;
    use p256::ecdsa::signature::Signer;

    /// What one entry says, and who signs it.
    #[derive(Clone)]
    struct Says {
        index: u64,
        /// Whose name stands under it, and whose key signed.
        name: u8,
        key: u8,
        kind: Kind,
        about: u8,
        /// Whose id stands beside the key.
        id: u8,
        admin: bool,
        project: ProjectId,
    }

    fn key(seed: u8) -> WriterKey {
        WriterKey::new(*SigningKey::from_slice(&[seed; 32]).unwrap().verifying_key()).unwrap()
    }

    impl Says {
        fn entry(&self) -> (Envelope, Body) {
            let payload = self.index.to_be_bytes().to_vec();
            let private = SigningKey::from_slice(&[self.key; 32]).unwrap();
            let signature: Signature = private.sign(&envelope::pae(&payload));
            let signature = signature.normalize_s().to_der().as_bytes().to_vec();
            let signer = key(self.name).id();
            let time = Timestamp::from_unix_micros(0);
            let body = serde_json::json!({
                "project": self.project, "kind": self.kind, "time": time,
                "id": crate::domain::ids::EntryId::of_unreadable(&[self.index as u8; 32]),
                "producer": {"name": "t", "version": "0"}, "actor": {"writer": signer},
                "writer": {"keyId": key(self.id).id(), "publicKey": key(self.about).to_base64(), "admin": self.admin},
            });
            (Envelope { payload, key_id: signer, signature }, serde_json::from_value(body).unwrap())
        }
    }

    /// Key 1 founded the log.
    struct Log {
        project: ProjectId,
        writers: Writers,
        next: u64,
    }

    impl Log {
        fn new() -> Self {
            let mut log = Log { project: ProjectId::draw(), writers: Writers::default(), next: 0 };
            log.says(1, Kind::WriterAdmitted, 1, true);
            log
        }

        fn draft(&self, by: u8, kind: Kind, about: u8, admin: bool) -> Says {
            let (index, project) = (self.next, self.project);
            Says { index, name: by, key: by, kind, about, id: about, admin, project }
        }

        fn follow(&mut self, says: &Says) {
            let (envelope, body) = says.entry();
            self.writers.follow(says.index, &self.project, &envelope, &body);
            self.next = says.index + 1;
        }

        fn says(&mut self, by: u8, kind: Kind, about: u8, admin: bool) {
            self.follow(&self.draft(by, kind, about, admin));
        }

        /// Seeds of those who may write, and of the admins among them.
        fn right(&self) -> (Vec<u8>, Vec<u8>) {
            let list = self.writers.list();
            let is = |seed: &u8, admin: bool| {
                list.iter().any(|(k, a, revoked)| *k == key(*seed) && !revoked && (*a || !admin))
            };
            ((1..9).filter(|s| is(s, false)).collect(), (1..9).filter(|s| is(s, true)).collect())
        }
    }

    #[test]
    fn a_log_is_founded_by_one_form_of_one_entry() {
        let founded = |change: &dyn Fn(&mut Says)| {
            let mut log = Log { next: 0, writers: Writers::default(), project: ProjectId::draw() };
            let mut says = log.draft(1, Kind::WriterAdmitted, 1, true);
            change(&mut says);
            log.follow(&says);
            // Whatever it was, nobody founds the log after it.
            log.says(2, Kind::WriterAdmitted, 2, true);
            log.right().1
        };
        assert_eq!(founded(&|_| {}), [1]);
        let changes: [&dyn Fn(&mut Says); 8] = [
            &|s| s.index = 1,
            &|s| s.kind = Kind::WriterRevoked,
            &|s| s.admin = false,
            &|s| s.key = 3,
            &|s| (s.about, s.id) = (3, 3),
            &|s| s.id = 3,
            &|s| s.about = 3,
            &|s| s.project = ProjectId::draw(),
        ];
        for (n, change) in changes.iter().enumerate() {
            assert_eq!(founded(change), [0u8; 0], "change {n}");
        }
    }

    #[test]
    fn only_an_admin_who_still_is_one_admits_and_revokes() {
        let mut log = Log::new();
        log.says(1, Kind::WriterAdmitted, 2, false);
        log.says(1, Kind::WriterAdmitted, 3, true);
        assert_eq!(log.right(), (vec![1, 2, 3], vec![1, 3]));
        let changes: [&dyn Fn(&mut Says); 4] =
            [&|s| (s.name, s.key) = (2, 2), &|s| (s.name, s.key) = (5, 5), &|s| s.key = 2, &|s| {
                s.project = ProjectId::draw()
            }];
        for (n, change) in changes.iter().enumerate() {
            for (kind, about) in [(Kind::WriterAdmitted, 4), (Kind::WriterRevoked, 3)] {
                let mut says = log.draft(1, kind, about, true);
                change(&mut says);
                log.follow(&says);
                assert_eq!(log.right(), (vec![1, 2, 3], vec![1, 3]), "change {n}");
            }
        }
        log.says(1, Kind::WriterRevoked, 3, true);
        log.says(3, Kind::WriterAdmitted, 4, true);
        log.says(3, Kind::WriterAdmitted, 3, true);
        assert_eq!(log.right(), (vec![1, 2], vec![1]));
        // Who is not admitted, or is no more, has no standing; nor has a signature of another key.
        let judge = |says: &Says| {
            let (envelope, body) = says.entry();
            log.writers.judge(says.index, &envelope, &body)
        };
        let says = |by: u8| log.draft(by, Kind::Annotation, by, false);
        assert_eq!(judge(&says(2)), Standing::Admitted);
        assert_eq!(judge(&says(3)), Standing::Revoked);
        assert_eq!(judge(&says(5)), Standing::Stranger);
        assert_eq!(judge(&Says { key: 1, ..says(2) }), Standing::Forged);
    }

    #[test]
    fn a_rotation_is_two_entries_in_a_row_by_both_keys() {
        let after = |half: &dyn Fn(&mut Says), other: &dyn Fn(&mut Says)| {
            let mut log = Log::new();
            log.says(1, Kind::WriterAdmitted, 2, false);
            log.says(1, Kind::WriterAdmitted, 3, false);
            log.says(1, Kind::WriterRevoked, 3, false);
            for (by, named, change) in [(1, 4, half), (4, 1, other)] {
                let mut says = log.draft(by, Kind::KeyRotated, named, false);
                change(&mut says);
                log.follow(&says);
            }
            log.right()
        };
        let as_it_is = |_: &mut Says| {};
        assert_eq!(after(&as_it_is, &as_it_is), (vec![2, 4], vec![4]));
        let nobody = (vec![1, 2], vec![1]);
        // The second half: too late, by another key, about another one, of another kind or project.
        let changes: [&dyn Fn(&mut Says); 5] = [
            &|s| s.index += 1,
            &|s| s.key = 5,
            &|s| (s.about, s.id) = (2, 2),
            &|s| s.kind = Kind::Annotation,
            &|s| s.project = ProjectId::draw(),
        ];
        for (n, change) in changes.iter().enumerate() {
            assert_eq!(after(&as_it_is, change), nobody, "change {n}");
        }
        // The first half: by a stranger, forged, or naming a key that the log knows: it has a right already, or
        // none any more.
        assert_eq!(after(&|s| (s.name, s.key) = (5, 5), &|s| (s.about, s.id) = (5, 5)), nobody);
        assert_eq!(after(&|s| s.key = 4, &as_it_is), nobody);
        for known in [2, 3] {
            let first = move |s: &mut Says| (s.about, s.id) = (known, known);
            assert_eq!(after(&first, &move |s| (s.name, s.key) = (known, known)), nobody, "key {known}");
        }
        // A writer who names himself an admin stays a writer.
        let by_writer = |s: &mut Says| (s.name, s.key, s.admin) = (2, 2, true);
        let second = |s: &mut Says| (s.about, s.id, s.admin) = (2, 2, true);
        assert_eq!(after(&by_writer, &second), (vec![1, 4], vec![1]));
    }
}
