//! `demo`: the whole story in a throw-away project, told with the real commands on real data. At the end
//! it tampers, and shows that each change is caught. Its exit code is 0 only if that is so.

use crate::app::AppError;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::DemoArgs;
use crate::cli::ui;
use crate::cli::ui::paint;
use crate::config::Link;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Kind;
use crate::ledger::batch;
use crate::ledger::batch::Batch;
use crate::ledger::batch::SealedEntry;
use crate::ledger::envelope::Envelope;
use crate::ledger::frame;
use crate::ledger::frame::Header;
use crate::ports::StoreError;
use crate::stores::local::objects::LocalStore;
use serde::Serialize;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Instant;

const FILES: [(&str, &str); 5] = [
    ("train.py", include_str!("../../../templates/demo/train.py")),
    ("params.json", include_str!("../../../templates/demo/params.json")),
    ("data/train.csv", include_str!("../../../templates/demo/data/train.csv")),
    ("data/test.csv", include_str!("../../../templates/demo/data/test.csv")),
    ("data/SOURCE.md", include_str!("../../../templates/demo/data/SOURCE.md")),
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DemoReport {
    project: PathBuf,
    kept: bool,
    /// Exit code of `verify` before anything was changed.
    verified: i32,
    tampering: Vec<Tampering>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tampering {
    what: &'static str,
    /// Exit code of `verify` while the change was there.
    exit_code: i32,
    caught: bool,
    /// The links that were not intact.
    findings: Vec<String>,
    /// Exit code of `verify` after the change was taken back.
    after: i32,
}

pub fn run(context: &Context, args: DemoArgs) -> Result<Exit, AppError> {
    let begun = Instant::now();
    for (program, flag, why) in
        [("git", "--version", "commits"), ("python3", "--version", "the training script")]
    {
        if Command::new(program).arg(flag).output().is_err() {
            return Err(AppError::NoProgram { program, why });
        }
    }
    let (dir, kept) = match &args.keep {
        Some(dir) => (context.cwd.join(dir), true),
        None => (std::env::temp_dir().join(format!("mlprov-demo-{}", std::process::id())), false),
    };
    if fs::read_dir(&dir).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(AppError::NotEmpty { path: dir });
    }
    let stage = Stage::new(context, dir)?;
    let report = story(&stage, kept)?;
    let ok = report.verified == 0 && report.tampering.iter().all(|t| t.caught && t.after == 0);
    if context.ui.json {
        context.ui.json("mlprov.demo/1", &report);
    } else {
        let caught = report.tampering.iter().filter(|t| t.caught).count();
        let verdict = format!("{caught} of {} changes were caught", report.tampering.len());
        let style = if ok { ui::GREEN } else { ui::RED };
        stage.say(&format!("\n{} in {:.1} s", paint(style, verdict), begun.elapsed().as_secs_f32()));
        stage.farewell(kept);
    }
    if !kept {
        let _ = fs::remove_dir_all(&stage.dir); // a temporary directory: the system clears it otherwise
    }
    Ok(if ok { 0 } else { 1 })
}

fn story(stage: &Stage<'_>, kept: bool) -> Result<DemoReport, AppError> {
    stage.chapter(
        "A repository with real data and a training script",
        "Fisher's Iris measurements (150 flowers, UCI, CC BY 4.0) and 80 lines of Python that train a classifier.\n\
         `init` makes a ledger, a store, your keys and git hooks. Nothing leaves this directory.",
    );
    stage.git(&["init", "-q", "-b", "main"])?;
    for (path, text) in FILES {
        stage.write(path, text.as_bytes())?;
    }
    stage.mlprov(&["init", "--yes", "--name", "iris-demo"])?;

    stage.chapter(
        "Track the data",
        "Every file is hashed with BLAKE3 and stored as an immutable version. Git gets one small pointer.",
    );
    stage.mlprov(&["track", "data"])?;
    stage.show("cat data.mlprov", &stage.project.join("data.mlprov"))?;

    stage.chapter(
        "Commit",
        "The hook binds the commit, its tree and the data versions that the tree points to, in one signed entry.",
    );
    stage.git(&["add", "-A"])?;
    stage.git(&["commit", "-q", "-m", "Train a classifier on Iris"])?;
    stage.mlprov(&["log"])?;

    stage.chapter(
        "Train",
        "One entry binds code, data, parameters, metrics, the model file and its package ARN: all of it, or nothing.",
    );
    let train = ["run", "-n", "baseline", "-d", "data", "-p", "params.json", "-m", "metrics.json"];
    let model = ["--model", "model.json", "--model-group", "iris", "--", "python3", "train.py"];
    stage.mlprov(&[&train[..], &model[..]].concat())?;

    stage.chapter(
        "Verify",
        "Every link of the binding is checked again: ledger, signatures, git objects, every stored byte.",
    );
    let verified = stage.mlprov(&["verify", "latest"])?;

    let tampering = vec![tamper_data(stage)?, tamper_ledger(stage)?, tamper_metric(stage)?];
    Ok(DemoReport { project: stage.project.clone(), kept, verified, tampering })
}

fn tamper_data(stage: &Stage<'_>) -> Result<Tampering, AppError> {
    stage.chapter(
        "Tampering 1: one byte of the training data",
        "Somebody changes one measurement in the stored version. Its size and name stay as they were.",
    );
    let train = Blake3Hash::of(FILES[2].1.as_bytes());
    let object = LocalStore::new(&stage.own.join("store"), Link::default()).file(&train);
    let mut bytes = stage.read(&object)?;
    // The first digit of the first measurement.
    let at = bytes.iter().position(|b| *b == b'\n').map_or(0, |line| line + 1);
    bytes[at] = if bytes[at] == b'9' { b'1' } else { b'9' };
    stage.tampered("a data byte", &object, &bytes)
}

fn tamper_ledger(stage: &Stage<'_>) -> Result<Tampering, AppError> {
    stage.chapter(
        "Tampering 2: one byte of the ledger",
        "One bit of the journal flips, as on a failing disk.",
    );
    let journal = stage.own.join("ledger").join("journal");
    let mut bytes = stage.read(&journal)?;
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    stage.tampered("a ledger byte", &journal, &bytes)
}

fn tamper_metric(stage: &Stage<'_>) -> Result<Tampering, AppError> {
    stage.chapter(
        "Tampering 3: a better metric",
        "Somebody who knows the format raises the accuracy in the ledger entry and repairs every checksum.",
    );
    let journal = stage.own.join("ledger").join("journal");
    let forged = forge_metric(&stage.read(&journal)?)?;
    stage.tampered("a metric", &journal, &forged)
}

/// The journal with `accuracy` raised to 0.999999 in its last entry, in valid frames.
fn forge_metric(journal: &[u8]) -> Result<Vec<u8>, AppError> {
    let mut offset = Header::length(journal)?;
    loop {
        let length = frame::FRAME_HEAD + frame::body_length(&journal[offset..])?;
        let decoded = frame::decode(&journal[offset..offset + length])?;
        let (_, bytes) = decoded.entries[0];
        let (envelope, body) = batch::open(bytes)?;
        if body.kind != Kind::RunFinished {
            offset += length;
            continue;
        }
        let metric = body.metrics.inline().iter().find(|m| m.name == "accuracy");
        let value = metric.map(|m| m.value.clone()).unwrap_or_default();
        let payload = String::from_utf8_lossy(&envelope.payload)
            .replace(&format!("\"value\":\"{value}\""), "\"value\":\"0.999999\"");
        let forged = Envelope { payload: payload.into_bytes(), ..envelope };
        let (entry, _) = SealedEntry::parse(forged.to_bytes())?;
        let Some(batch) = Batch::new(vec![entry]) else { return Ok(journal.to_vec()) };
        return Ok([&journal[..offset], &frame::encode(&decoded.before, &batch)].concat());
    }
}

/// Where the story is played.
struct Stage<'a> {
    context: &'a Context,
    dir: PathBuf,
    project: PathBuf,
    home: PathBuf,
    own: PathBuf,
    program: PathBuf,
    chapter: std::cell::Cell<u32>,
}

impl<'a> Stage<'a> {
    fn new(context: &'a Context, dir: PathBuf) -> Result<Self, AppError> {
        let (project, home) = (dir.join("project"), dir.join("home"));
        for path in [&project, &home] {
            fs::create_dir_all(path).map_err(|e| failed("create", path, e))?;
        }
        let program = std::env::current_exe().map_err(|e| failed("find", Path::new("mlprov"), e))?;
        let own = project.join(".git").join("mlprov");
        Ok(Stage { context, dir, project, home, own, program, chapter: 0.into() })
    }

    fn say(&self, text: &str) {
        if !self.context.ui.json {
            self.context.ui.answer(&format!("{text}\n"));
        }
    }

    fn chapter(&self, title: &str, text: &str) {
        self.chapter.set(self.chapter.get() + 1);
        self.say(&format!("\n{}", paint(ui::BOLD, format!("{}. {title}", self.chapter.get()))));
        for line in text.lines() {
            self.say(&format!("   {}", line.trim()));
        }
    }

    fn command(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.project);
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("GIT_")
                || name_text.starts_with("MLPROV_")
                || name_text.starts_with("XDG_")
            {
                command.env_remove(name);
            }
        }
        // The story must not depend on, or touch, anything of the user's.
        command.env("HOME", &self.home).env("GIT_CONFIG_NOSYSTEM", "1").env("PYTHONDONTWRITEBYTECODE", "1");
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "Demo")
                .env(format!("GIT_{role}_EMAIL"), "demo@example.org");
        }
        command
    }

    fn play(&self, shown: &str, mut command: Command) -> Result<(i32, String), AppError> {
        self.say(&format!("\n   $ {shown}"));
        let out = command.output().map_err(|e| failed("run", Path::new(shown), e))?;
        let stdout = String::from_utf8_lossy(&out.stdout).into_owned();
        for line in stdout.lines().chain(String::from_utf8_lossy(&out.stderr).lines()) {
            self.say(&format!("   {line}"));
        }
        Ok((out.status.code().unwrap_or(128), stdout))
    }

    fn git(&self, args: &[&str]) -> Result<(), AppError> {
        let (code, _) = self.play(&format!("git {}", words(args)), self.command(Path::new("git"), args))?;
        if code == 0 { Ok(()) } else { Err(AppError::NoProgram { program: "git", why: "commits" }) }
    }

    fn mlprov(&self, args: &[&str]) -> Result<i32, AppError> {
        let all = [&[self.context.ui.color_flag()], args].concat();
        let (code, _) = self.play(&format!("mlprov {}", words(args)), self.command(&self.program, &all))?;
        Ok(code)
    }

    fn show(&self, shown: &str, path: &Path) -> Result<(), AppError> {
        self.say(&format!("\n   $ {shown}"));
        for line in String::from_utf8_lossy(&self.read(path)?).lines() {
            self.say(&format!("   {line}"));
        }
        Ok(())
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, AppError> {
        fs::read(path).map_err(|e| failed("read", path, e))
    }

    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), AppError> {
        let place = self.project.join(path);
        let dir = place.parent().unwrap_or(&self.project);
        fs::create_dir_all(dir)
            .and_then(|()| fs::write(&place, bytes))
            .map_err(|e| failed("write", &place, e))
    }

    /// Writes the change, verifies, takes it back, verifies again.
    fn tampered(&self, what: &'static str, path: &Path, bytes: &[u8]) -> Result<Tampering, AppError> {
        let original = self.read(path)?;
        let mode = fs::metadata(path).map_err(|e| failed("read", path, e))?.permissions();
        fs::set_permissions(path, fs::Permissions::from_mode(0o644))
            .and_then(|()| fs::write(path, bytes))
            .map_err(|e| failed("write", path, e))?;
        let (exit_code, findings) = self.findings()?;
        self.say("\n   $ mlprov verify latest");
        for finding in &findings {
            self.say(&format!("   {}", paint(ui::RED, finding)));
        }
        fs::write(path, &original)
            .and_then(|()| fs::set_permissions(path, mode))
            .map_err(|e| failed("write", path, e))?;
        let (after, _) = self.findings()?;
        let caught = exit_code == 1 && !findings.is_empty();
        let verdict = if caught { paint(ui::GREEN, "caught") } else { paint(ui::RED, "NOT CAUGHT") };
        self.say(&format!("   {verdict}: exit code {exit_code}; with the byte put back: exit code {after}"));
        Ok(Tampering { what, exit_code, caught, findings, after })
    }

    /// What `verify --json` finds not to be intact.
    fn findings(&self) -> Result<(i32, Vec<String>), AppError> {
        let out = self.command(&self.program, &["--json", "verify", "latest"]).output();
        let out = out.map_err(|e| failed("run", &self.program, e))?;
        let json: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
        let links = json["reports"][0]["links"].as_array().cloned().unwrap_or_default();
        let text = |l: &serde_json::Value| {
            let field = |name: &str| l[name].as_str().unwrap_or("").to_owned();
            format!("{:8} {} {}: {}", field("verdict"), field("link"), field("subject"), field("detail"))
        };
        let bad = links.iter().filter(|l| l["verdict"] != "intact").map(text).collect();
        Ok((out.status.code().unwrap_or(128), bad))
    }

    fn farewell(&self, kept: bool) {
        let (project, home) = (self.project.display(), self.home.display());
        if kept {
            self.say(&format!("The project lies in {project}; look around with:"));
            self.say(&format!("   cd {project} && HOME={home} {} log", self.program.display()));
        } else {
            self.say("The project was removed; `mlprov demo --keep DIR` leaves it in DIR.");
        }
    }
}

fn failed(op: &'static str, path: &Path, e: io::Error) -> AppError {
    StoreError::io(op, path.display(), e).into()
}

/// As one would type it.
fn words(args: &[&str]) -> String {
    let quoted = args.iter().map(|a| if a.contains(' ') { format!("'{a}'") } else { (*a).to_owned() });
    quoted.collect::<Vec<_>>().join(" ")
}
