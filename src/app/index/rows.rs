//! What an entry can be found by.

use crate::app::Project;
use crate::app::query::LogEntry;
use crate::domain::entry::Artefact;
use crate::domain::entry::Body;
use crate::domain::entry::List;
use crate::domain::ids::CommitId;
use crate::domain::ids::RunId;
use crate::ports::index::Row;
use crate::ports::index::Term;
use serde::de::DeserializeOwned;

impl Project {
    /// An entry that cannot be read is found by its id alone. A list that is gone makes the row incomplete.
    pub(super) fn row_of(&self, entry: &LogEntry) -> Row {
        let mut row = Row { index: entry.index, terms: Vec::new(), directories: Vec::new(), complete: true };
        let id = entry.id;
        row.terms.push(Term::Entry(id));
        row.terms.extend(Term::digits_of(&id.to_string()));
        if let Some(body) = entry.body() {
            of_body(body, &mut row.terms);
            self.of_lists(body, &mut row);
        }
        row.terms.sort_unstable();
        row.terms.dedup();
        row
    }

    fn of_lists(&self, body: &Body, row: &mut Row) {
        for artefact in self.read_list(&body.config_files, row) {
            row.terms.push(Term::Content(artefact.digest.blake3));
        }
        for artefact in self.read_list(&body.inputs, row) {
            of_dataset(&artefact, row);
            if body.run.is_some() {
                row.terms.push(Term::Input(artefact.name));
            }
        }
        for artefact in self.read_list(&body.outputs, row) {
            of_dataset(&artefact, row);
        }
        for p in self.read_list(&body.parameters, row) {
            row.terms.push(Term::Parameter { name: p.name.clone(), value: None });
            row.terms.push(Term::Parameter { name: p.name, value: Some(p.value) });
        }
        for m in self.read_list(&body.metrics, row) {
            row.terms.push(Term::Metric { name: m.name.clone(), value: None });
            row.terms.push(Term::Metric { name: m.name, value: Some(m.value) });
        }
    }

    fn read_list<T: DeserializeOwned + Clone>(&self, list: &List<T>, row: &mut Row) -> Vec<T> {
        self.list(list).unwrap_or_else(|_| {
            row.complete = false;
            Vec::new()
        })
    }
}

fn of_dataset(artefact: &Artefact, row: &mut Row) {
    let root = artefact.digest.blake3;
    row.terms.extend([Term::DataRoot(root), Term::Content(root)]);
    if let Some(manifest) = &artefact.manifest {
        // The same as the root, in every entry that mlprov writes.
        row.terms.push(Term::DataRoot(manifest.digest.blake3));
        row.directories.push(manifest.digest.blake3);
    }
}

fn of_body(body: &Body, terms: &mut Vec<Term>) {
    terms.push(Term::Kind(body.kind.clone()));
    if let Some(run) = &body.run {
        of_run(&run.id, terms);
        terms.extend(run.group.clone().map(Term::Sweep));
    }
    if let Some(source) = &body.source {
        of_commit(&source.commit, terms);
        terms.push(Term::Tree(source.tree.clone()));
        terms.extend(source.run_tree.clone().map(Term::Tree));
    }
    if let Some(package) = &body.model_package {
        terms.push(Term::ModelPackage(package.arn.clone()));
        terms.push(Term::ModelGroup(package.group_name.clone()));
        terms.push(Term::Content(package.digest.blake3));
    }
    let Some(target) = &body.target else { return };
    if let Some(run) = &target.run {
        of_run(run, terms);
    }
    if let Some(commit) = &target.commit {
        of_commit(commit, terms);
    }
    if let Some(arn) = &target.model_package {
        terms.push(Term::ModelPackage(arn.clone()));
        terms.push(Term::ModelGroup(arn.group().to_owned()));
    }
}

fn of_run(id: &RunId, terms: &mut Vec<Term>) {
    terms.push(Term::Run(*id));
    terms.extend(Term::digits_of(&id.to_string()));
}

fn of_commit(id: &CommitId, terms: &mut Vec<Term>) {
    terms.push(Term::Commit(id.clone()));
    terms.extend(Term::first_digits_of(id.as_str()));
}
