use crate::app::AppError;
use crate::app::declare;
use crate::app::declare::DeclareOptions;
use crate::app::track;
use crate::app::track::TrackOptions;
use crate::app::track::TrackReport;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::TrackArgs;
use crate::cli::compose;
use crate::cli::format;
use crate::cli::format::visible;
use crate::cli::hints;
use crate::cli::ui;
use crate::domain::ParseError;
use crate::domain::path::RepoPath;
use crate::domain::pointer::DatasetKind;

pub fn run(context: &Context, args: TrackArgs) -> Result<Exit, AppError> {
    let project = compose::open(&context.cwd, false)?;
    if let Some(jobs) = args.jobs {
        // The pool is made once per process; a second attempt cannot happen here.
        let _ = rayon::ThreadPoolBuilder::new().num_threads(jobs).build_global();
    }
    let progress = context.ui.progress();
    let place = args.paths.iter().find_map(|path| declare::place_in(path)).transpose()?;
    if place.is_some() || args.at.is_some() {
        let (Some(place), Some(at), [_]) = (place, &args.at, &args.paths[..]) else {
            let why =
                "what lies in S3 is tracked as `mlprov track s3://BUCKET/PREFIX --as PATH`, one at a time";
            return Err(ParseError::new("arguments", why, "").into());
        };
        let options = DeclareOptions {
            deep: args.deep,
            copy: args.copy,
            allow_mutable: args.allow_mutable,
            checksums: args.checksums,
        };
        let report = declare::track(&project, &context.cwd, &place, at, &options, &progress)?;
        return Ok(tell(context, &report));
    }
    let options = TrackOptions {
        repair: args.repair,
        append: args.append,
        no_upload: args.no_upload,
        globs: args.globs,
    };
    let plan = track::plan(&project, &context.cwd, &args.paths, &options, &progress)?;
    if args.dry_run {
        let report = plan.describe();
        if context.ui.json {
            context.ui.json("mlprov.track-plan/1", &report);
            return Ok(0);
        }
        let rows = report
            .datasets
            .iter()
            .map(|d| vec![format::visible(d.path.as_str()), format::files(d.files), format::bytes(d.bytes)]);
        context.ui.answer(&format!("Would track\n{}", format::table(&rows.collect::<Vec<_>>())));
        report.datasets.iter().for_each(|d| warn_of_collisions(context, &d.path, &d.collisions));
        return Ok(0);
    }
    let report = track::carry_out(&project, plan, &progress)?;
    Ok(tell(context, &report))
}

fn tell(context: &Context, report: &TrackReport) -> Exit {
    if context.ui.json {
        context.ui.json("mlprov.track/1", report);
        return 0;
    }
    context.ui.answer(&text(report));
    for d in &report.datasets {
        warn_of_collisions(context, &d.path, &d.collisions);
        if let Some(why) = &d.replaced {
            let pointer = format::visible(d.pointer.as_str());
            context
                .ui
                .warning(format!("the pointer {pointer} could not be used, and was written again: {why}"));
        }
    }
    if report.datasets.iter().any(|d| d.entry.is_none()) {
        let why = visible(report.waits.as_deref().unwrap_or("the store was not reached"));
        context.ui.warning(format!("not uploaded, and so not recorded yet: {why}"));
        context.ui.hint("mlprov sync   # uploads what waits, and records it");
    }
    if !report.written.is_empty() {
        let at_root = context.at_root();
        let files: Vec<String> = report.written.iter().map(|f| hints::place(f, at_root)).collect();
        let force = if report.ignored { "-f " } else { "" };
        context.ui.hint(format!("git add {force}{}", files.join(" ")));
    }
    0
}

/// So many groups of names are shown.
const SHOWN: usize = 5;

fn warn_of_collisions(context: &Context, dataset: &RepoPath, groups: &[Vec<String>]) {
    if groups.is_empty() {
        return;
    }
    let group = |names: &Vec<String>| {
        let names = names.iter().map(|name| format::visible(&format!("{dataset}/{name}")));
        format!("  {}", names.collect::<Vec<_>>().join("  "))
    };
    let mut lines: Vec<String> = groups.iter().take(SHOWN).map(group).collect();
    if groups.len() > SHOWN {
        lines.push(format!("  and {} more", groups.len() - SHOWN));
    }
    context.ui.warning(format!(
        "names that differ only in case or Unicode form are one name on macOS and Windows, where this dataset cannot be \
         restored whole:\n{}",
        lines.join("\n")
    ));
}

fn text(report: &TrackReport) -> String {
    let mut rows = Vec::new();
    for d in &report.datasets {
        rows.push(vec![
            d.state.to_owned(),
            format::visible(d.path.as_str()),
            format::files(d.files),
            format::bytes(d.bytes),
            match d.kind {
                DatasetKind::Declared => format!("declared {}", &d.blake3.to_string()[..12]),
                _ => format!("b3:{}", &d.blake3.to_string()[..12]),
            },
            match &d.entry {
                Some(entry) => format!("{} ({})", entry.short(), format::at(d.index)),
                None => ui::paint(ui::YELLOW, "waits in this clone"),
            },
        ]);
    }
    let mut out = format::table(&rows);
    for commit in &report.recorded {
        out.push_str(&format!(
            "{} commit {}, which waited for this data\n",
            ui::paint(ui::GREEN, "recorded"),
            commit.short()
        ));
    }
    out
}
