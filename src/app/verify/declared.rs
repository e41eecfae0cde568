//! Data that is declared: only its versions are known.

use super::Findings;
use super::Level;
use super::Verdict;
use super::data::finding_of;
use crate::app::AppError;
use crate::app::Project;
use crate::app::Result;
use crate::app::declare;
use crate::domain::entry::Artefact;
use crate::ports::StoreError;
use crate::ports::progress::Progress;

/// Of data that is declared, only whether its versions are there as they were.
pub fn check(
    project: &Project,
    link: &'static str,
    artefact: &Artefact,
    findings: &mut Findings,
    progress: &dyn Progress,
) -> Result<()> {
    let Some(manifest) = &artefact.manifest else { return Ok(()) }; // then it is not declared
    let name = &artefact.name;
    let deep = findings.level == Level::Deep;
    let checked = match declare::check(project, manifest, artefact.file_count, deep, progress) {
        Ok(checked) => checked,
        Err(AppError::Store(e @ StoreError::NotAgreed { .. })) => {
            findings.add(link, name, Verdict::Unreachable, e.to_string());
            findings.hint("mlprov init   # asks once for this clone");
            return Ok(());
        }
        Err(e) => return finding_of(link, name, e, findings),
    };
    let mut bad = checked.mutable > 0;
    for (verdict, what, tally) in [
        (Verdict::Missing, "are gone", &checked.gone),
        (Verdict::Altered, "are not as declared", &checked.altered),
        (Verdict::Unreachable, "could not be asked about", &checked.unreachable),
    ] {
        if tally.count > 0 {
            bad = true;
            let detail = format!("{} of the objects {what}, the first: {}", tally.count, tally.first);
            findings.add(link, name, verdict, detail);
        }
    }
    if checked.mutable > 0 {
        let detail = format!(
            "{} of the objects have no versions: what is there now need not be what was used",
            checked.mutable
        );
        findings.add(link, name, Verdict::Unknown, detail);
    }
    if !bad {
        let n = checked.objects;
        findings.believed |= checked.hashed < n;
        let detail = match checked.hashed {
            0 => format!("declared: S3 has each of {n} versions, with its size and ETag; no byte was read"),
            hashed => format!(
                "declared: S3 has each of {n} versions; the bytes of {hashed} were read and hashed again"
            ),
        };
        findings.add(link, name, Verdict::Intact, detail);
    }
    Ok(())
}
