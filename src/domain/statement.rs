//! A body as an in-toto Statement v1: its subjects, its id, and the exact bytes that are signed.

use crate::domain::ParseError;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::Digests;
use crate::domain::entry::Kind;
use crate::domain::entry::RunStatus;
use crate::domain::ids::EntryId;
use crate::domain::json;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// in-toto Statement v1, `_type`.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// in-toto Statement v1, `predicateType`: names this record; it need not resolve.
pub const PREDICATE_TYPE: &str = "https://mlprov.dev/entry/v1";

/// An in-toto ResourceDescriptor, as far as subjects use it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Subject {
    pub name: String,
    pub digest: BTreeMap<String, String>,
}

impl Subject {
    fn new(name: &str, digests: &[(&str, String)]) -> Self {
        let digest = digests.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
        Subject { name: name.to_owned(), digest }
    }

    fn of_digests(name: &str, digests: &Digests) -> Self {
        let mut subject = Subject::new(name, &[("blake3", digests.blake3.to_string())]);
        if let Some(sha256) = digests.sha256 {
            subject.digest.insert("sha256".to_owned(), sha256.to_string());
        }
        subject
    }

    fn of_artefact(a: &Artefact) -> Self {
        Subject::of_digests(a.name.as_str(), &a.digest)
    }
}

impl Body {
    /// What the entry is about, as `docs/record.md` fixes it per kind; with project, kind and writer it
    /// derives the id. `None`: a field that the kind needs is missing, or the kind is of a newer version.
    pub fn natural_key(&self) -> Option<String> {
        let target = self.target.as_ref();
        match self.kind {
            Kind::DatasetTracked | Kind::DataRelocated => {
                let [dataset] = self.inputs.inline() else { return None };
                let versions = match (&dataset.version_map, dataset.observed.as_deref()) {
                    (Some(map), _) => map.digest.blake3.to_string(),
                    (None, Some("declared")) => "declared".to_owned(),
                    (None, _) => return None,
                };
                Some(format!("{}:{versions}", dataset.digest.blake3))
            }
            Kind::CommitRecorded => Some(self.source.as_ref()?.commit.to_string()),
            Kind::CommitSuperseded => {
                Some(format!("{}:{}", target?.commit.as_ref()?, self.source.as_ref()?.commit))
            }
            // That nobody saw a run's end is another fact than its end.
            Kind::RunFinished if self.run.as_ref()?.status == RunStatus::Unknown => {
                Some(format!("{}:UNKNOWN", self.run.as_ref()?.id))
            }
            Kind::RunDelegated => {
                let delegation = self.delegation.as_ref()?;
                Some(format!("{}:{}", delegation.run, delegation.not_after))
            }
            Kind::RunStarted | Kind::RunFinished => Some(self.run.as_ref()?.id.to_string()),
            Kind::ModelRegistered => Some(self.model_package.as_ref()?.arn.to_string()),
            // These may happen again to the same thing: approved, rejected, approved.
            Kind::ModelApproved | Kind::ModelRejected => {
                Some(format!("{}:{}", target?.model_package.as_ref()?, self.time))
            }
            Kind::WriterAdmitted | Kind::WriterRevoked | Kind::KeyRotated => {
                Some(format!("{}:{}", self.writer.as_ref()?.key_id, self.time))
            }
            Kind::LedgerMoved => {
                let ledger = self.ledger.as_ref()?;
                Some(format!("{}:{}", ledger.log, ledger.size))
            }
            // Of the log that came, at the size that it had.
            Kind::Imported if let Some(ledger) = &self.ledger => {
                Some(format!("{}:{}", ledger.log, ledger.size))
            }
            Kind::VerificationResult
            | Kind::Imported
            | Kind::Annotation
            | Kind::Correction
            | Kind::Redaction => Some(self.time.to_string()),
            Kind::Other(_) => None,
        }
    }

    /// The id that the fields derive; see [`Body::natural_key`].
    pub fn derived_id(&self) -> Option<EntryId> {
        let key = self.natural_key()?;
        Some(EntryId::derive(&self.project, self.kind.as_str(), &key, &self.actor.writer))
    }

    /// The in-toto subjects that `docs/record.md` fixes for each kind. Never empty.
    pub fn subjects(&self) -> Vec<Subject> {
        let mut out = Vec::new();
        match self.kind {
            Kind::DatasetTracked | Kind::DataRelocated => {
                out.extend(self.inputs.inline().iter().map(Subject::of_artefact))
            }
            Kind::RunFinished => {
                out.extend(self.outputs.inline().iter().map(Subject::of_artefact));
                if let Some(list) = self.outputs.stored() {
                    // Too many to name each: the list of them is named, and the model by itself.
                    out.push(Subject::of_digests("outputs", &list.digest));
                    out.extend(
                        self.model_package.iter().map(|p| Subject::of_digests(p.model.as_str(), &p.digest)),
                    );
                }
            }
            Kind::ModelRegistered => {
                let package = self.model_package.iter();
                out.extend(package.map(|p| Subject::of_digests(p.arn.as_str(), &p.digest)));
            }
            Kind::WriterAdmitted | Kind::WriterRevoked | Kind::KeyRotated | Kind::RunDelegated => {
                if let Some(writer) = &self.writer {
                    out.push(Subject::new("writer", &[("sha256", writer.key_id.to_string())]));
                }
            }
            _ => {}
        }
        // A run without outputs, a commit, and what is about a commit: the commit itself.
        if out.is_empty()
            && let Some(source) = &self.source
        {
            let commit = ("gitCommit", source.commit.to_string());
            out.push(Subject::new("commit", &[commit]));
        }
        if out.is_empty() {
            // in-toto wants at least one subject; the project is what every entry is about.
            let id = Blake3Hash::of(self.project.as_bytes()).to_string();
            out.push(Subject::new("project", &[("blake3", id)]));
        }
        out
    }

    /// The exact payload bytes to be signed: canonical JSON (RFC 8785) of the statement.
    pub fn to_payload(&self) -> Result<Vec<u8>, ParseError> {
        let bad = |e: serde_json::Error| ParseError::new("entry", e.to_string(), self.id.to_string());
        let statement = serde_json::json!({
            "_type": STATEMENT_TYPE,
            "predicateType": PREDICATE_TYPE,
            "subject": serde_json::to_value(self.subjects()).map_err(bad)?,
            "predicate": serde_json::to_value(self).map_err(bad)?,
        });
        json::canonical(&statement)
    }

    /// Reads a payload strictly. The id must be the one that its own fields derive.
    pub fn from_payload(bytes: &[u8]) -> Result<Self, ParseError> {
        let value = json::parse_strict(bytes)?;
        let bad = |why: &str| ParseError::new("entry", why, value.to_string());
        if value["_type"] != STATEMENT_TYPE {
            return Err(bad("not an in-toto Statement v1"));
        }
        if value["predicateType"] != PREDICATE_TYPE {
            return Err(bad("its predicateType is not known to this version"));
        }
        let body: Body =
            serde_json::from_value(value["predicate"].clone()).map_err(|e| bad(&e.to_string()))?;
        // Kinds of a newer version have ids and subjects that this one cannot derive.
        if !matches!(body.kind, Kind::Other(_)) {
            if body.derived_id() != Some(body.id) {
                return Err(bad("its id is not the one that its fields derive"));
            }
            if value["subject"] != serde_json::to_value(body.subjects()).unwrap_or_default() {
                return Err(bad("its subjects are not those of its fields"));
            }
        }
        Ok(body)
    }
}

/// Fields of the payload that this version does not know, as dotted paths. They were signed and are shown,
/// but nobody here has checked them.
pub fn unknown_fields(payload: &[u8]) -> Result<Vec<String>, ParseError> {
    let value = json::parse_strict(payload)?;
    let body = Body::from_payload(payload)?;
    let known = serde_json::to_value(&body)
        .map_err(|e| ParseError::new("entry", e.to_string(), body.id.to_string()))?;
    let mut out = Vec::new();
    let statement = value.as_object().into_iter().flat_map(|map| map.keys());
    let own = ["_type", "predicateType", "subject", "predicate"];
    out.extend(statement.filter(|k| !own.contains(&k.as_str())).map(|k| format!("statement.{k}")));
    collect_unknown("", &value["predicate"], &known, &mut out);
    Ok(out)
}

fn collect_unknown(at: &str, found: &Value, known: &Value, out: &mut Vec<String>) {
    match (found, known) {
        (Value::Object(f), Value::Object(k)) => {
            for (key, value) in f {
                let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                match k.get(key) {
                    Some(known) => collect_unknown(&path, value, known, out),
                    None => out.push(path),
                }
            }
        }
        (Value::Array(f), Value::Array(k)) => {
            for (i, (value, known)) in f.iter().zip(k).enumerate() {
                collect_unknown(&format!("{at}[{i}]"), value, known, out);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::digest::KeyId;
    use crate::domain::entry::Actor;
    use crate::domain::entry::List;
    use crate::domain::entry::Producer;
    use crate::domain::entry::Source;
    use crate::domain::ids::ProjectId;
    use crate::domain::time::Timestamp;

    pub fn body() -> Body {
        let project: ProjectId = "9f0c2c55-70d3-4a0e-8f9a-0d0a3b6c1a01".parse().unwrap();
        let writer = KeyId([7; 32]);
        let commit = "1".repeat(40);
        Body {
            project,
            kind: Kind::CommitRecorded,
            id: EntryId::derive(&project, "commit.recorded", &commit, &writer),
            time: Timestamp::from_unix_micros(0),
            producer: Producer {
                name: "mlprov".into(),
                version: "0".into(),
                digest: None,
                config_digest: None,
            },
            actor: Actor { writer, disclosure: None, ci: None },
            run: None,
            source: Some(Source {
                vcs: "git".into(),
                object_format: "sha1".into(),
                commit: commit.parse().unwrap(),
                tree: "2".repeat(40).parse().unwrap(),
                reference: None,
                remotes: vec![],
                state: None,
                run_tree: None,
                diff: None,
                flags: vec![],
            }),
            inputs: List::default(),
            outputs: List::default(),
            config_files: List::default(),
            parameters: List::default(),
            metrics: List::default(),
            environment: None,
            evidence: BTreeMap::new(),
            model_package: None,
            model_packages: Vec::new(),
            approval: None,
            writer: None,
            delegation: None,
            target: None,
            ledger: None,
            notes: vec![],
        }
    }

    #[test]
    fn payload_round_trips() {
        let payload = body().to_payload().unwrap();
        assert_eq!(Body::from_payload(&payload).unwrap(), body());
        assert_eq!(unknown_fields(&payload).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn a_body_that_does_not_derive_its_id_is_refused() {
        let text = String::from_utf8(body().to_payload().unwrap()).unwrap();
        let other = "3".repeat(40);
        let moved = text.replace(&"1".repeat(40), &other);
        assert_ne!(moved, text);
        assert!(Body::from_payload(moved.as_bytes()).unwrap_err().why.contains("derive"));
        let subject = text
            .replace(&format!("\"gitCommit\":\"{}\"", "1".repeat(40)), &format!("\"gitCommit\":\"{other}\""));
        assert!(Body::from_payload(subject.as_bytes()).unwrap_err().why.contains("subjects"));
    }

    #[test]
    fn fields_of_a_newer_version_are_kept_and_named() {
        let text = String::from_utf8(body().to_payload().unwrap()).unwrap();
        let newer = text.replace("\"vcs\":", "\"shiny\":1,\"vcs\":");
        assert_eq!(unknown_fields(newer.as_bytes()).unwrap(), vec!["source.shiny"]);
    }
}
