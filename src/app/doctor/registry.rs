//! Model packages: what the registry and the ledger do not say alike, as `sync` would find it.

use super::Check;
use super::Remedy;
use crate::app::Project;
use crate::app::Result;
use crate::ports::probe::State;

const NAME: &str = "model packages";

/// `remote`: a registry that is not in the clone is asked.
pub(super) fn all(project: &Project, remote: bool) -> Vec<Check> {
    match project.registry.place() {
        Some(place) if !project.registry.is_agreed() => {
            let found = format!("nobody has agreed yet that this clone uses {place}");
            vec![Check::fact(NAME, State::Warning, found).helped_by(Remedy::Init)]
        }
        Some(place) if !remote => {
            vec![Check::ok(NAME, format!("in {place}, which `doctor --remote` asks"))]
        }
        place => match look(project, place.as_deref()) {
            Ok(checks) => checks,
            Err(e) => vec![Check::failed(NAME, State::Problem, e)],
        },
    }
}

fn look(project: &Project, place: Option<&str>) -> Result<Vec<Check>> {
    if place.is_none() && project.registry.groups()?.is_empty() {
        return Ok(Vec::new()); // many projects have none
    }
    let found = project.look_at_models()?;
    if let Some(why) = &found.unreachable {
        return Ok(vec![Check::fact(NAME, State::NotChecked, why.clone())]);
    }
    let mut checks: Vec<Check> =
        found.findings.iter().map(|why| Check::fact(NAME, State::Problem, why.clone())).collect();
    let first = |arns: &mut dyn Iterator<Item = String>| arns.next().unwrap_or_default();
    let kinds = [
        (
            found.registered.len(),
            "registered, and no entry binds them",
            first(&mut found.registered.iter().map(ToString::to_string)),
        ),
        (
            found.decided.len(),
            "decided about in the registry, which no entry tells",
            first(&mut found.decided.iter().map(|(arn, _)| arn.to_string())),
        ),
        (
            found.written_back.len(),
            "do not name the entry that binds them",
            first(&mut found.written_back.iter().map(ToString::to_string)),
        ),
    ];
    for (n, what, first) in kinds.into_iter().filter(|(n, ..)| *n > 0) {
        let said = format!("{what}: {n}, as {first}");
        checks.push(Check::fact(NAME, State::Warning, said).helped_by(Remedy::Sync));
    }
    if checks.is_empty() {
        let place = place.map_or_else(|| "in this clone".to_owned(), |place| format!("in {place}"));
        checks.push(Check::ok(NAME, format!("{place}: the ledger tells of all of them")));
    }
    Ok(checks)
}
