use crate::app::AppError;
use crate::app::merge;
use crate::app::merge::MergeReport;
use crate::app::merge::Texts;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::MergeArgs;
use crate::cli::args::MergeDriverArgs;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::hints;
use crate::cli::ui;
use crate::domain::pointer;
use std::path::Path;

pub fn run(context: &Context, args: MergeArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    let plan = merge::plan(&project, &context.cwd, &args.path)?;
    let (schema, report) = match args.dry_run {
        true => ("mlprov.merge-plan/1", plan.report().clone()),
        false => ("mlprov.merge/1", merge::carry_out(&project, plan)?),
    };
    let exit = u8::from(!report.conflicts.is_empty());
    if context.ui.json {
        context.ui.json(schema, &report);
        return Ok(exit);
    }
    context.ui.answer(&text(&report, args.dry_run));
    let place = |path: &str| hints::place(path, context.at_root());
    let at = place(report.pointer.as_str());
    if exit != 0 {
        let data = place(report.path.as_str());
        context.ui.hint(format!(
            "git checkout --ours {at}   # or --theirs; or put the data together by hand, and: mlprov track {data}"
        ));
    } else if !args.dry_run {
        context.ui.hint(format!("git add {at}"));
    }
    Ok(exit)
}

fn text(report: &MergeReport, dry_run: bool) -> String {
    let path = format::visible(report.path.as_str());
    if !report.conflicts.is_empty() {
        let count = format::count(report.conflicts.len() as u64, "conflict");
        let mut out = format!("{} {path}: {count}; nothing was written\n", ui::paint(ui::RED, "conflict"));
        let rows = report.conflicts.iter();
        let rows: Vec<Vec<String>> =
            rows.map(|c| vec![format!("  {}", format::visible(&c.path)), c.why.text().to_owned()]).collect();
        out.push_str(&format::table(&rows));
        return out;
    }
    let verb = if dry_run { "would merge" } else { "merged" };
    let root = report.blake3.map_or(String::new(), |b| format!("  b3:{}", &b.to_string()[..12]));
    let (files, bytes) = (format::files(report.files), format::bytes(report.bytes));
    let mut out = format!("{verb}  {path}  {files}  {bytes}{root}\n");
    if report.elsewhere > 0 {
        let what = format::count(report.elsewhere, "content");
        out.push_str(&format!("  {what} of it not stored here, but with the clone that tracked it\n"));
    }
    for commit in &report.recorded {
        out.push_str(&format!("recorded commit {}, which waited for this data\n", commit.short()));
    }
    out
}

/// What git calls for a pointer that both sides changed (`%O %A %B %P`): the result goes to the second file. Ends
/// with 0 or 1, whatever happens: 1 is a conflict, which git then shows as any other.
pub fn drive(context: &Context, args: &MergeDriverArgs) -> Exit {
    let skip = std::env::var_os("MLPROV_SKIP").is_some_and(|v| !v.is_empty() && v != "0");
    let merged = match skip {
        true => Err("MLPROV_SKIP is set".to_owned()),
        false => merge_files(context, args),
    };
    let place = context.cwd.join(&args.ours);
    let name = args.path.display();
    let why = match merged {
        Ok(text) => match std::fs::write(&place, text) {
            Ok(()) => return 0,
            Err(e) => e.to_string(),
        },
        Err(why) => why,
    };
    context.ui.warning(format!("mlprov: {name} is not merged: {why}"));
    let read = |path: &Path| std::fs::read_to_string(context.cwd.join(path)).unwrap_or_default();
    let unmerged = unmerged(&args.path, &why, &read(&args.ours), &read(&args.theirs));
    let _ = std::fs::write(&place, unmerged); // git says that there is a conflict in any case
    1
}

fn merge_files(context: &Context, args: &MergeDriverArgs) -> Result<String, String> {
    let say = |e: AppError| {
        let hint = hints::hint(&e, true).map_or(String::new(), |h| format!(" (try: {h})"));
        format!("{}{hint}", hints::sentence(&e).lines().next().unwrap_or_default())
    };
    let project = compose::open(&context.cwd, true).map_err(say)?;
    let read = |path: &Path| std::fs::read(context.cwd.join(path)).map_err(|e| e.to_string());
    let at = args.path.to_str().ok_or("its path is not UTF-8")?;
    // git gives an empty file where there is no common version.
    let texts = Texts {
        at: at.parse().map_err(|e: crate::domain::ParseError| e.to_string())?,
        base: Some(read(&args.base)?).filter(|text| !text.is_empty()),
        ours: Some(read(&args.ours)?),
        theirs: Some(read(&args.theirs)?),
    };
    let plan = merge::plan_of(&project, &texts).map_err(say)?;
    let conflicts = &plan.report().conflicts;
    if let Some(first) = conflicts.first() {
        let more = match conflicts.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        return Err(format!("{} is {}{more}", format::visible(&first.path), first.why.text()));
    }
    let text = plan.pointer_text().map_err(say)?.unwrap_or_default();
    let (report, _) = merge::store(&project, plan).map_err(say)?;
    if report.elsewhere > 0 {
        let what = format::count(report.elsewhere, "content");
        context.ui.status(format!("mlprov: {at}: {what} of the merged version not stored here"));
    }
    Ok(text)
}

/// Both versions, as git itself would show a conflict. No command takes it for a pointer.
fn unmerged(path: &Path, why: &str, ours: &str, theirs: &str) -> String {
    let path = path.to_string_lossy();
    let data = hints::quote(path.strip_suffix(pointer::SUFFIX).unwrap_or(&path));
    let why: String = why.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!(
        "# mlprov could not merge this pointer: {why}\n# For more: mlprov merge {data}\n\
         <<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> theirs\n"
    )
}
