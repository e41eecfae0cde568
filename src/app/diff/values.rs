//! Parameters and metrics of two runs.

use crate::app::Project;
use crate::app::Result;
use crate::domain::entry::Body;
use crate::domain::path::RepoPath;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ValueDifference {
    pub name: String,
    /// The file that it was read from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<RepoPath>,
    /// Absent where the run has no such value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<String>,
}

pub(super) type Values = BTreeMap<(String, Option<RepoPath>), String>;

pub fn parameters(project: &Project, a: &Body, b: &Body) -> Result<Vec<ValueDifference>> {
    let values = |body: &Body| -> Result<Values> {
        Ok(project.list(&body.parameters)?.into_iter().map(|p| ((p.name, p.source), p.value)).collect())
    };
    Ok(differences(&values(a)?, &values(b)?))
}

pub fn metrics(project: &Project, a: &Body, b: &Body) -> Result<Vec<ValueDifference>> {
    let values = |body: &Body| -> Result<Values> {
        Ok(project.list(&body.metrics)?.into_iter().map(|m| ((m.name, m.source), m.value)).collect())
    };
    Ok(differences(&values(a)?, &values(b)?))
}

pub(super) fn differences(a: &Values, b: &Values) -> Vec<ValueDifference> {
    let keys: BTreeSet<_> = a.keys().chain(b.keys()).collect();
    let differ = keys.into_iter().filter(|key| a.get(key) != b.get(key));
    let difference = |key: &(String, Option<RepoPath>)| ValueDifference {
        name: key.0.clone(),
        source: key.1.clone(),
        a: a.get(key).cloned(),
        b: b.get(key).cloned(),
    };
    differ.map(difference).collect()
}
