//! What a command says of its run while it runs: a line of JSON each in `logged.jsonl` of its MLPROV_RUN_DIR.
//! `docs/runs.md` has the lines; the Python package writes them.

use super::files;
use super::outputs::Outputs;
use super::prepare::Prepared;
use crate::app;
use crate::app::Project;
use crate::app::Result;
use crate::app::data;
use crate::app::record;
use crate::app::record::MAX_PARAMETERS;
use crate::domain::entry::Metric;
use crate::domain::entry::Parameter;
use crate::domain::redact;
use crate::ports::object_store::PutBatch;
use crate::ports::progress::Silent;
use crate::worktree::scan;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;

/// Role of the history of all metrics among the evidence.
pub const HISTORY: &str = "metrics";
pub const FILE: &str = "logged.jsonl";
/// Bytes of all values of all metrics that are kept; what is beyond is left out, and said.
const MAX_HISTORY: usize = 16 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
enum Line {
    Metric { name: String, value: serde_json::Value, step: Option<i64> },
    Param { name: String, value: serde_json::Value },
    Output { path: PathBuf },
    Metrics { path: PathBuf },
    Model { path: PathBuf, group: String },
    Notebook { path: PathBuf },
    ExternalId { name: String, value: String },
    Interpreter { path: PathBuf },
    Note { text: String },
}

/// All that was said, the last word on each thing.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Logged {
    metrics: BTreeMap<String, String>,
    params: BTreeMap<String, String>,
    /// Path and role.
    outputs: Vec<(PathBuf, &'static str)>,
    model: Option<(PathBuf, String)>,
    notebook: Option<PathBuf>,
    external_ids: BTreeMap<String, String>,
    /// Python that ran; it knows its packages.
    pub(super) interpreter: Option<PathBuf>,
    notes: Vec<String>,
    /// Every value of every metric; the last of each name is the one that counts.
    history: Vec<u8>,
    left_out: u64,
    /// What was said and cannot be recorded.
    lost: Vec<String>,
}

impl Logged {
    /// A run that said nothing has no such file.
    pub(super) fn read(dir: &Path) -> Self {
        let mut logged = Logged::default();
        let place = dir.join(FILE);
        let file = match File::open(&place) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return logged,
            Err(e) => {
                logged.lost.push(format!("{FILE} could not be read: {e}"));
                return logged;
            }
        };
        for (n, line) in BufReader::new(file).split(b'\n').enumerate() {
            let read = line.map_err(|e| e.to_string()).and_then(|line| {
                if line.trim_ascii().is_empty() {
                    return Ok(());
                }
                logged.take(serde_json::from_slice(&line).map_err(|e| e.to_string())?)
            });
            if let Err(why) = read {
                logged.lost.push(format!("{FILE}, line {}: {why}", n + 1));
            }
        }
        if logged.left_out > 0 {
            logged.notes.push(format!("metrics: {} values are left out of their history", logged.left_out));
            for (name, value) in &logged.metrics {
                logged.history.extend(history_line(name, value, None));
            }
        }
        logged
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Logged::default()
    }

    fn take(&mut self, line: Line) -> std::result::Result<(), String> {
        match line {
            Line::Metric { name, value, step } => {
                let (name, value) = (named(name)?, number(&value)?);
                match self.history.len() < MAX_HISTORY {
                    true => self.history.extend(history_line(&name, &value, step)),
                    false => self.left_out += 1,
                }
                self.metrics.insert(name, value);
            }
            Line::Param { name, value } => {
                for (name, value) in files::pairs_of(&named(name)?, value) {
                    if let Some(before) = self.params.insert(name.clone(), value.clone())
                        && before != value
                    {
                        self.notes.push(format!("parameter {name} was logged with several values"));
                    }
                }
            }
            Line::Output { path } => self.outputs.push((path, "output")),
            Line::Metrics { path } => self.outputs.push((path, "metrics")),
            Line::Model { path, group } => {
                if self.model.as_ref().is_some_and(|model| *model != (path.clone(), group.clone())) {
                    return Err("a run makes one model, and this is another".to_owned());
                }
                self.outputs.push((path.clone(), "model"));
                self.model = Some((path, group));
            }
            Line::Notebook { path } => self.notebook = Some(path),
            Line::ExternalId { name, value } => _ = self.external_ids.insert(named(name)?, value),
            Line::Interpreter { path } => self.interpreter = Some(path),
            Line::Note { text } => self.notes.push(text),
        }
        Ok(())
    }

    /// Adds it to what is known of the run.
    pub(super) fn tell(
        self,
        project: &Project,
        prepared: &mut Prepared,
        outputs: &mut Outputs,
        objects: &dyn PutBatch,
    ) -> Result<()> {
        for text in self.notes {
            prepared.notes.push(redact::redact(&text).0);
        }
        for text in self.lost {
            outputs.lack(text);
        }
        let metrics = self.metrics.into_iter();
        outputs.log(metrics.map(|(name, value)| Metric { name, value, source: None }));
        let known = |p: &Parameter, name: &str, value: &str| p.name == name && p.value == value;
        for (name, value) in self.params {
            let (value, secrets) = redact::redact_value(&name, &value);
            prepared.notes.extend(secrets.iter().map(|s| format!("parameter {name}: {} redacted", s.name())));
            if prepared.parameters.iter().any(|p| known(p, &name, &value)) {
                continue;
            }
            if prepared.parameters.len() == MAX_PARAMETERS {
                outputs.lack(format!("parameter {name}: the record allows no more than {MAX_PARAMETERS}"));
                break;
            }
            prepared.parameters.push(Parameter { name, value, source: None });
        }
        let (root, repo) = (project.repo.root(), &project.repo);
        let cwd = root.join(&prepared.run.cwd);
        for (path, role) in self.outputs {
            match app::repo_path(repo, &cwd, &path) {
                Ok(path) => outputs.declare_late(path, role, &prepared.run.started_on),
                Err(_) => outputs.lack(format!("{role}: it lies outside of the repository")),
            }
        }
        if let Some((path, group)) = self.model {
            // One outside of the repository is said above.
            if let Ok(path) = app::repo_path(repo, &cwd, &path) {
                outputs.set_model(path, group);
            }
        }
        for (name, value) in self.external_ids {
            _ = prepared.run.external_ids.insert(name, redact::redact(&value).0);
        }
        if let Some(notebook) = self.notebook {
            match app::repo_path(repo, &cwd, &notebook) {
                // As it was saved last: what ran is in the tree, as it was saved when the run began.
                Ok(path) => {
                    if !prepared.config_files.iter().any(|file| file.name == path) {
                        let hashed = data::put(scan::scan(root, &path)?, objects, true, &Silent)?;
                        let record = data::describe(&hashed, hashed.sha256, &*project.store, objects)?;
                        if record.version_map.is_none() {
                            prepared.staged.push((path.clone(), record.clone()));
                        }
                        prepared.config_files.push(record.artefact(&path, "notebook"));
                    }
                }
                Err(_) => prepared
                    .notes
                    .push("the notebook lies outside of the repository: it is not recorded".to_owned()),
            }
        }
        if !self.history.is_empty() {
            prepared.evidence.insert(HISTORY.to_owned(), record::put_object(&self.history, objects)?);
        }
        Ok(())
    }
}

/// One value of a metric in the history.
fn history_line(name: &str, value: &str, step: Option<i64>) -> Vec<u8> {
    let mut line = serde_json::json!({"name": name, "value": value});
    if let Some(step) = step {
        line["step"] = step.into();
    }
    format!("{line}\n").into_bytes()
}

/// The last value of each metric in a history; `None` if it is none.
pub fn last_values(history: &[u8]) -> Option<BTreeMap<String, String>> {
    let mut last = BTreeMap::new();
    for line in history.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line: serde_json::Value = serde_json::from_slice(line).ok()?;
        last.insert(line["name"].as_str()?.to_owned(), line["value"].as_str()?.to_owned());
    }
    Some(last)
}

fn named(name: String) -> std::result::Result<String, String> {
    match name.is_empty() || name.chars().any(char::is_control) {
        true => Err(format!("{name:?} is no name")),
        false => Ok(redact::redact(&name).0),
    }
}

/// A metric's value as the record has it.
fn number(value: &serde_json::Value) -> std::result::Result<String, String> {
    let text = match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        other => return Err(format!("{other} is no number")),
    };
    files::decimal_text(&text).ok_or_else(|| format!("{text:?} is no number"))
}
