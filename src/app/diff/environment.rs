//! What of two environments could make another result.

use super::ValueDifference;
use super::values;
use crate::app::Project;
use crate::app::Result;
use crate::domain::entry::Body;
use crate::domain::entry::Environment;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// `name==version` of each Python package; `None` if they were not looked at.
pub type Packages = Option<BTreeSet<String>>;

/// As the evidence `packages` has it: JSON.
pub fn packages(json: &[u8]) -> Packages {
    serde_json::from_slice(json).ok()
}

pub fn recorded_packages(project: &Project, body: &Body) -> Result<Packages> {
    let json = body.evidence.get("packages").map(|object| project.read_ref(object)).transpose()?;
    Ok(json.and_then(|json| packages(&json)))
}

pub fn environment(project: &Project, a: &Body, b: &Body) -> Result<Vec<ValueDifference>> {
    let [a_packages, b_packages] = [recorded_packages(project, a)?, recorded_packages(project, b)?];
    Ok(between((a.environment.as_ref(), &a_packages), (b.environment.as_ref(), &b_packages)))
}

/// A run that has not ended has no environment yet.
pub fn between(
    a: (Option<&Environment>, &Packages),
    b: (Option<&Environment>, &Packages),
) -> Vec<ValueDifference> {
    // Package by package only where both lists are there.
    let both = a.1.is_some() && b.1.is_some();
    values::differences(&facts(a.0, a.1, both), &facts(b.0, b.1, both))
}

fn facts(environment: Option<&Environment>, packages: &Packages, each_package: bool) -> values::Values {
    let mut facts = BTreeMap::new();
    let Some(environment) = environment else { return facts };
    let mut add = |name: String, value: String| {
        if !value.is_empty() {
            facts.insert((name, None), value);
        }
    };
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    add("os".to_owned(), environment.os.clone());
    add("arch".to_owned(), environment.arch.clone());
    add("cpu".to_owned(), text(&environment.cpu));
    add("cpus".to_owned(), environment.cpus.to_string());
    add("gpus".to_owned(), environment.gpus.join(", "));
    add("gpu driver".to_owned(), text(&environment.gpu_driver));
    add("container".to_owned(), text(&environment.container));
    for (name, value) in &environment.variables {
        add(format!("${name}"), value.clone());
    }
    for (name, digest) in &environment.lock_files {
        add(name.clone(), format!("b3:{digest}"));
    }
    for package in packages.iter().flatten().filter(|_| each_package) {
        if let Some((name, version)) = package.split_once("==") {
            add(format!("package {name}"), version.to_owned());
        }
    }
    if !each_package {
        add("packages".to_owned(), packages.as_ref().map(|p| p.len().to_string()).unwrap_or_default());
    }
    facts
}
