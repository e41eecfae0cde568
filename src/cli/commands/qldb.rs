mod serve;

use crate::app::AppError;
use crate::app::qldb::export;
use crate::app::qldb::export::Against;
use crate::app::qldb::export::ExportReport;
use crate::app::qldb::export::Input;
use crate::app::qldb::export::Verdict;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::QldbArgs;
use crate::cli::args::QldbCommand;
use crate::cli::args::VerifyExportArgs;
use crate::cli::format::bytes;
use crate::cli::format::count;
use crate::cli::format::visible;
use crate::cli::ui;
use crate::domain::ParseError;
use crate::ports::StoreError;
use crate::qldb::ion::stream::Format;
use crate::qldb::journal::Means;
use crate::qldb::journal::Reach;
use crate::qldb::target;
use crate::qldb::target::Digest;
use std::path::Path;

pub fn run(context: &Context, args: QldbArgs) -> Result<Exit, AppError> {
    match args.command {
        QldbCommand::VerifyExport(args) => verify_export(context, &args),
        QldbCommand::Serve(args) => serve::run(context, &args),
    }
}

fn verify_export(context: &Context, args: &VerifyExportArgs) -> Result<Exit, AppError> {
    let digest = args.digest.as_deref().map(|digest| read_digest(context, digest)).transpose()?;
    let proof = match &args.proof {
        None => None,
        Some(file) => {
            let bad = |why| ParseError::new("--proof", why, file.display().to_string());
            Some(target::proof(&read(&context.cwd.join(file))?).map_err(bad)?)
        }
    };
    let report = export::verify(input(context, args)?, Against { digest, proof }, &context.ui.progress())?;
    match context.ui.json {
        true => context.ui.json("mlprov.qldb-verify-export/1", &report),
        false => context.ui.answer(&text(&report)),
    }
    Ok(report.exit_code)
}

fn input(context: &Context, args: &VerifyExportArgs) -> Result<Input<'static>, AppError> {
    let is_stream = |path: &Path| path == Path::new("-");
    if let [one] = &args.paths[..]
        && is_stream(one)
    {
        return Ok(Input::Stream(Box::new(std::io::stdin().lock())));
    }
    for path in &args.paths {
        let shown = path.display().to_string();
        if is_stream(path) {
            return Err(ParseError::new("PATH", "standard input cannot be one of many", shown).into());
        }
        if shown.starts_with("s3://") {
            let why = "lies in a bucket: `aws s3 cp --recursive` brings it here, or pipe its files to -";
            return Err(ParseError::new("PATH", why, shown).into());
        }
    }
    Ok(Input::Places(args.paths.iter().map(|path| context.cwd.join(path)).collect()))
}

fn read(path: &Path) -> Result<Vec<u8>, AppError> {
    Ok(std::fs::read(path).map_err(|e| StoreError::io("read", path.display(), e))?)
}

/// Base64, or else a file.
fn read_digest(context: &Context, given: &str) -> Result<Digest, AppError> {
    if let Ok(hash) = given.parse() {
        return Ok(Digest { hash, tip: None });
    }
    let path = context.cwd.join(given);
    let bad = |why: String| ParseError::new("--digest", why, given);
    if !path.exists() {
        return Err(bad("is neither base64 of 32 bytes nor a file".to_owned()).into());
    }
    Ok(target::digest(&read(&path)?).map_err(bad)?)
}

fn text(report: &ExportReport) -> String {
    let form = match report.format {
        Some(Format::IonText) => "Ion text",
        Some(Format::IonBinary) => "Ion binary",
        None => "nothing",
    };
    let mut out = format!("{} of {form}, {}\n", count(report.files, "file"), bytes(report.bytes));
    if let (Some(strand), Some(first), Some(last)) =
        (&report.strand_id, report.first_block, report.last_block)
    {
        out.push_str(&format!("strand {}, blocks {first} to {last}\n", visible(strand)));
    }
    let mut line = |style, verdict: &str, what: String| {
        out.push_str(&format!("  {} {what}\n", ui::paint(style, format!("{verdict:10}"))));
    };
    if report.verdict != Verdict::Failed && report.found.blocks > 0 {
        proven(report, &mut line);
    }
    for fault in &report.faults {
        let at = fault.sequence_no.map(|n| format!("block {n}: ")).unwrap_or_default();
        let file = fault.file.as_ref().map(|file| format!(" ({})", visible(file))).unwrap_or_default();
        line(ui::RED, "altered", format!("{at}{}{file}", visible(&fault.what)));
    }
    let more = report.fault_count - report.faults.len() as u64;
    if more > 0 {
        line(ui::RED, "altered", format!("and {more} more"));
    }
    for why in &report.unchecked {
        line(ui::YELLOW, "unknown", why.clone());
    }
    let conclusion = match (report.verdict, &report.reach) {
        (Verdict::Failed, _) => ui::paint(ui::RED, "FAILED: see above, first the first"),
        (Verdict::Incomplete, _) => ui::paint(ui::YELLOW, "incomplete: not all of it could be checked"),
        (Verdict::Verified, Reach::Covers { last, .. }) if Some(*last) == report.last_block => {
            ui::paint(ui::GREEN, "verified: all blocks are under the digest")
        }
        (Verdict::Verified, Reach::Covers { last, .. }) => {
            ui::paint(ui::GREEN, format!("verified: the blocks up to {last} are under the digest"))
        }
        (Verdict::Verified, _) => ui::paint(
            ui::GREEN,
            "sound in itself; no digest was given, so nothing shows that it is QLDB's own journal",
        ),
    };
    out.push_str(&format!("{conclusion}\n"));
    out
}

/// What holds, and what the hashes do not tell.
fn proven(report: &ExportReport, line: &mut impl FnMut(anstyle::Style, &str, String)) {
    let found = &report.found;
    line(
        ui::GREEN,
        "intact",
        format!("chain: {}, none missing, each names the one before", count(found.blocks, "block")),
    );
    line(ui::GREEN, "intact", format!("revisions: {} hashed from metadata and data", found.revisions));
    let mut inferred = |n: u64, what: &str| {
        if n > 0 {
            line(
                ui::GREEN,
                "intact",
                format!("revisions: {n} {what}, by a rule that no published data confirms"),
            );
        }
    };
    inferred(found.redacted_revisions, "redacted");
    inferred(found.deleted_revisions, "without data (deleted)");
    if let Reach::Covers { last, by } = &report.reach {
        let how = match by {
            Means::Root => "the root over all blocks from 0 on",
            Means::BlockProof => "the proof of that block",
            Means::RevisionProof => "the proof of a revision in that block",
        };
        line(ui::GREEN, "intact", format!("digest: reached at block {last}, by {how}"));
        let behind = report.last_block.unwrap_or(*last) - last;
        if behind > 0 {
            line(
                ui::YELLOW,
                "unknown",
                format!("digest: {} behind that are under no digest", count(behind, "block")),
            );
        }
    }
    let mut unknown = |n: u64, what: String| {
        if n > 0 {
            line(ui::YELLOW, "opaque", what);
        }
    };
    unknown(
        found.opaque_entries,
        format!(
            "{} of {} entries are hashes of what the export does not show",
            found.opaque_entries, found.entries
        ),
    );
    unknown(
        found.system_revisions,
        format!("{} of the system: only a hash", count(found.system_revisions, "revision")),
    );
    unknown(
        found.statements_with_parameters,
        format!(
            "{} of {} statements have a digest that is not of their text alone: parameters are not in the journal",
            found.statements_with_parameters, found.statements
        ),
    );
    unknown(
        found.blocks_without_transaction_info,
        format!("{} without transactionInfo", count(found.blocks_without_transaction_info, "block")),
    );
}
