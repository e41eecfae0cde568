//! One voice to the terminal: stdout is the answer, everything else is stderr.

use crate::app::AppError;
use crate::cli::args::ColorWhen;
use crate::cli::args::Global;
use crate::cli::hints;
use crate::cli::progress::Bar;
use crate::cli::progress::Shape;
use anstyle::AnsiColor;
use anstyle::Style;
use serde::Serialize;
use std::io;
use std::io::IsTerminal;
use std::io::Write;

pub struct Ui {
    pub json: bool,
    pub quiet: bool,
    pub verbose: bool,
    progress: Shape,
    color: anstream::ColorChoice,
}

pub const BOLD: Style = Style::new().bold();
pub const RED: Style = AnsiColor::Red.on_default().bold();
pub const GREEN: Style = AnsiColor::Green.on_default();
pub const YELLOW: Style = AnsiColor::Yellow.on_default();

/// `text` in a style; the edge strips it where colours are off.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Names come from clones, metrics from anywhere: of the control characters only line feeds, tabs and our own
/// styles (`ESC [ digits m`) reach a terminal.
fn safe(text: &str) -> std::borrow::Cow<'_, str> {
    let harmless = |c: char| !c.is_control() || c == '\n' || c == '\t';
    if text.chars().all(harmless) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let style = rest.strip_prefix("\u{1b}[").and_then(|tail| {
            let end = tail.find(|c: char| !(c.is_ascii_digit() || c == ';'))?;
            tail[end..].starts_with('m').then_some(end + 3)
        });
        let length = style.unwrap_or(c.len_utf8());
        match style.is_some() || harmless(c) {
            true => out.push_str(&rest[..length]),
            false => out.extend(c.escape_default()),
        }
        rest = &rest[length..];
    }
    out.into()
}

impl Ui {
    pub fn new(global: &Global) -> Self {
        let color = match global.color {
            ColorWhen::Auto => anstream::ColorChoice::Auto,
            ColorWhen::Always => anstream::ColorChoice::Always,
            ColorWhen::Never => anstream::ColorChoice::Never,
        };
        let progress = match io::stderr().is_terminal() {
            _ if global.no_progress || global.quiet => Shape::Nothing,
            true => Shape::Bar,
            false => Shape::Lines,
        };
        Ui { json: global.json, quiet: global.quiet, verbose: global.verbose, progress, color }
    }

    /// For hooks: one line now and then, in colour if the terminal and MLPROV_COLOR, NO_COLOR allow it.
    pub fn for_hook() -> Self {
        let set = |name: &str| {
            std::env::var(name).is_ok_and(|v| !matches!(v.as_str(), "" | "0" | "false" | "no" | "off"))
        };
        let color = match std::env::var("MLPROV_COLOR").as_deref() {
            Ok("always") => anstream::ColorChoice::Always,
            Ok("never") => anstream::ColorChoice::Never,
            _ => anstream::ColorChoice::Auto,
        };
        let (quiet, verbose) = (set("MLPROV_QUIET"), set("MLPROV_VERBOSE"));
        Ui { json: false, quiet, verbose, progress: Shape::Nothing, color }
    }

    /// Arguments that make a child mlprov speak as this one does.
    pub fn color_flag(&self) -> &'static str {
        let on = match self.color {
            anstream::ColorChoice::Always | anstream::ColorChoice::AlwaysAnsi => true,
            anstream::ColorChoice::Never => false,
            anstream::ColorChoice::Auto => {
                anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
            }
        };
        if on { "--color=always" } else { "--color=never" }
    }

    /// The answer. A reader that went away is no error of ours.
    pub fn answer(&self, text: &str) {
        let mut out = anstream::AutoStream::new(io::stdout().lock(), self.color);
        let _ = out.write_all(safe(text).as_bytes()).and_then(|()| out.flush());
    }

    /// Bytes that are an answer in themselves: a manifest, a script. Nothing is ever stripped from them.
    pub fn raw(&self, text: &str) {
        Self::print_raw(text);
    }

    pub fn print_raw(text: &str) {
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// The answer as one JSON document: the report's own fields and the schema.
    pub fn json(&self, schema: &str, report: &impl Serialize) {
        let mut value = serde_json::to_value(report).unwrap_or_default();
        if let Some(map) = value.as_object_mut() {
            map.insert("schema".to_owned(), schema.into());
        }
        self.raw(&format!("{value:#}\n"));
    }

    fn err(&self, text: &str) {
        let mut out = anstream::AutoStream::new(io::stderr().lock(), self.color);
        let _ = out.write_all(safe(text).as_bytes()).and_then(|()| out.flush());
    }

    /// What is going on.
    pub fn status(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            self.err(&format!("{text}\n"));
        }
    }

    /// What is going to be done. Of what somebody is asked about nothing is hidden.
    pub fn plan(&self, text: &str, asks: bool) {
        match asks {
            true => self.err(&format!("{text}\n")),
            false => self.status(text),
        }
    }

    /// Something to paste.
    pub fn hint(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            self.err(&format!("{} {text}\n", paint(YELLOW, "Hint:")));
        }
    }

    pub fn warning(&self, text: impl std::fmt::Display) {
        self.err(&format!("{} {text}\n", paint(YELLOW, "Warning:")));
    }

    /// An error, its causes, and what to do. Returns the exit code.
    pub fn failed(&self, e: &AppError, at_root: bool) -> u8 {
        let exit = hints::exit_code(e);
        let message = hints::sentence(e);
        let hint = hints::hint(e, at_root);
        if self.json {
            let mut document = serde_json::json!({
                "schema": "mlprov.error/1",
                "error": message,
                "hint": hint,
                "exitCode": exit,
            });
            if let Some(paths) = hints::paths(e) {
                document["paths"] = paths.into();
            }
            self.raw(&format!("{document:#}\n"));
        }
        self.err(&format!("{} {message}\n", paint(RED, "Error:")));
        if let Some(hint) = hint {
            self.hint(hint);
        }
        exit
    }

    pub fn progress(&self) -> Bar {
        Bar::new(self.progress)
    }

    /// Whether a question can be answered here.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}
