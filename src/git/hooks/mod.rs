//! The hook shims: a marked block in each hook file, written by temp and rename.

pub mod managers;

use std::path::Path;
use std::path::PathBuf;

/// A hook of ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hook {
    pub name: &'static str,
    /// The whole file, where there is no other hook.
    shim: &'static str,
    /// Above the hook of somebody else, who needs the standard input as well.
    chained: Option<&'static str>,
}

macro_rules! shim {
    ($name:literal) => {
        include_str!(concat!("../../../hooks/", $name))
    };
}

/// Hooks by which commits come into being or leave the clone.
pub const HOOKS: [Hook; 5] = [
    Hook { name: "post-commit", shim: shim!("post-commit"), chained: None },
    Hook { name: "post-merge", shim: shim!("post-merge"), chained: None },
    Hook { name: "post-rewrite", shim: shim!("post-rewrite"), chained: Some(shim!("chained/post-rewrite")) },
    Hook { name: "post-applypatch", shim: shim!("post-applypatch"), chained: None },
    Hook { name: "pre-push", shim: shim!("pre-push"), chained: Some(shim!("chained/pre-push")) },
];

/// Installed only where the project's settings ask for checkpoints in commit messages.
pub const TRAILER_HOOK: Hook = Hook { name: "commit-msg", shim: shim!("commit-msg"), chained: None };

pub(super) const BEGIN: &str = "# >>> mlprov >>>";
pub(super) const END: &str = "# <<< mlprov <<<";

fn reads_stdin(hook: &str) -> bool {
    HOOKS.iter().any(|known| known.name == hook && known.chained.is_some())
}

/// What should become of one hook file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HookPlan {
    /// Our block stands there as it should.
    Unchanged,
    /// Write this text.
    Write(String),
    /// Somebody else's hook that we cannot join safely: the reason.
    LeftAlone(&'static str),
}

/// A path that can stand between single quotes in sh.
pub(super) fn quotable(program: &Path) -> String {
    // Single quotes end at the next single quote; '\'' continues.
    program.to_string_lossy().replace('\'', r"'\''")
}

/// From the first character of our block to the last one.
fn span(text: &str) -> Option<(usize, usize)> {
    let from = text.find(BEGIN)?;
    let to = from + text[from..].find(END)? + END.len();
    Some((from, to))
}

pub fn has_block(text: &str) -> bool {
    span(text).is_some()
}

/// The program that our block in a hook file calls first, if it names one.
pub fn program_in(text: &str) -> Option<PathBuf> {
    let (from, to) = span(text)?;
    let named = text[from..to].lines().find_map(|line| line.strip_prefix("m='")?.strip_suffix('\''))?;
    (!named.is_empty()).then(|| PathBuf::from(named.replace(r"'\''", "'")))
}

/// A file without our block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stripped {
    /// There was none in it.
    Untouched,
    /// Nothing else was in it.
    Nothing,
    Rest(String),
}

pub fn strip(text: &str) -> Stripped {
    let Some((from, to)) = span(text) else { return Stripped::Untouched };
    let rest = format!("{}{}", &text[..from], text[to..].strip_prefix('\n').unwrap_or(&text[to..]));
    if does_nothing(&rest) { Stripped::Nothing } else { Stripped::Rest(rest) }
}

fn does_nothing(script: &str) -> bool {
    script.lines().enumerate().all(|(n, line)| line.trim().is_empty() || n == 0 && line.starts_with("#!"))
}

impl Hook {
    /// `existing`: the file's bytes, if it is there. `program`: absolute path of mlprov; `None` in a file that others
    /// get as well: they have it elsewhere. `is_shell`: a file without an interpreter is run by sh.
    pub fn plan(&self, existing: Option<&[u8]>, program: Option<&Path>, is_shell: bool) -> HookPlan {
        let fill = |text: &str| text.replace("@MLPROV@", &program.map(quotable).unwrap_or_default());
        let Some(existing) = existing else { return HookPlan::Write(fill(self.shim)) };
        let Ok(text) = std::str::from_utf8(existing) else {
            return HookPlan::LeftAlone("it is not a shell script");
        };
        let alone = does_nothing(text) || strip(text) == Stripped::Nothing;
        let source = fill(if alone { self.shim } else { self.chained.unwrap_or(self.shim) });
        let block = span(&source).map_or("", |(from, to)| &source[from..to]);
        if let Some((from, to)) = span(text) {
            let updated = format!("{}{block}{}", &text[..from], &text[to..]);
            return if updated == text { HookPlan::Unchanged } else { HookPlan::Write(updated) };
        }
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        let is_sh = |word: &str| {
            matches!(word.rsplit('/').next().unwrap_or(""), "sh" | "bash" | "dash" | "zsh" | "ksh")
        };
        match first.strip_prefix("#!") {
            Some(interpreter) if interpreter.split_whitespace().any(is_sh) => {
                HookPlan::Write(format!("{first}\n{block}\n{rest}"))
            }
            None if is_shell => HookPlan::Write(format!("{block}\n{text}")),
            _ => HookPlan::LeftAlone("it is not a shell script"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(name: &str) -> Hook {
        HOOKS.into_iter().find(|h| h.name == name).unwrap()
    }

    fn written(plan: HookPlan) -> String {
        let HookPlan::Write(text) = plan else { panic!("{plan:?}") };
        text
    }

    const AT: &str = "/opt/ml prov's/mlprov";

    #[test]
    fn every_shim_is_short_posix_sh_with_a_marked_block() {
        for hook in HOOKS.into_iter().chain([TRAILER_HOOK]) {
            let name = hook.name;
            assert!(hook.shim.lines().count() <= 10, "{name}");
            assert!(hook.shim.starts_with("#!/bin/sh\n# >>> mlprov >>>\n"), "{name}");
            for text in [Some(hook.shim), hook.chained].into_iter().flatten() {
                assert!(text.ends_with("# <<< mlprov <<<\n"), "{name}");
                assert!(text.contains(&format!("hook {name} \"$@\"")), "{name}");
            }
        }
    }

    #[test]
    fn installing_twice_changes_nothing_and_an_update_replaces_the_block() {
        let hook = hook("post-commit");
        let first = written(hook.plan(None, Some(Path::new(AT)), false));
        assert!(first.contains(r"'/opt/ml prov'\''s/mlprov'"));
        assert_eq!(hook.plan(Some(first.as_bytes()), Some(Path::new(AT)), false), HookPlan::Unchanged);
        assert_eq!(program_in(&first), Some(PathBuf::from(AT)));
        assert_eq!(program_in(&written(hook.plan(None, None, false))), None);
        let moved = written(hook.plan(Some(first.as_bytes()), Some(Path::new("/usr/bin/mlprov")), false));
        assert!(moved.contains("'/usr/bin/mlprov'") && !moved.contains("/opt/"));
    }

    #[test]
    fn what_others_wrote_stays_and_comes_back_as_it_was() {
        let theirs = "#!/usr/bin/env bash\necho theirs\nexit 0\n";
        for hook in HOOKS {
            let both = written(hook.plan(Some(theirs.as_bytes()), Some(Path::new(AT)), false));
            assert!(both.starts_with("#!/usr/bin/env bash\n# >>> mlprov >>>\n"));
            assert!(both.ends_with("echo theirs\nexit 0\n"));
            assert_eq!(hook.plan(Some(both.as_bytes()), Some(Path::new(AT)), false), HookPlan::Unchanged);
            assert_eq!(strip(&both), Stripped::Rest(theirs.to_owned()));
            let python = b"#!/usr/bin/env python3\nprint(1)\n";
            assert!(matches!(hook.plan(Some(python), None, true), HookPlan::LeftAlone(_)));
            // Only where such a file is known to be run by sh.
            assert!(matches!(hook.plan(Some(b"npm test\n"), None, false), HookPlan::LeftAlone(_)));
            let bare = written(hook.plan(Some(b"npm test\n"), None, true));
            assert!(bare.starts_with("# >>> mlprov >>>\nm=''\n"));
            assert_eq!(strip(&bare), Stripped::Rest("npm test\n".to_owned()));
            let own = written(hook.plan(None, None, false));
            assert_eq!(strip(&own), Stripped::Nothing);
        }
        assert_eq!(strip(theirs), Stripped::Untouched);
    }

    #[test]
    fn a_block_that_stands_alone_is_chained_when_somebody_adds_to_the_file() {
        let hook = hook("pre-push");
        let own = written(hook.plan(None, None, false));
        assert!(!own.contains("m_in"));
        let more = format!("{own}make test\n");
        assert!(written(hook.plan(Some(more.as_bytes()), None, false)).contains("m_in"));
    }
}
