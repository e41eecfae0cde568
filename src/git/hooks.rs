//! The hook shims: a marked block in each hook file, written by temp and rename.

use crate::git::GitError;
use std::path::Path;

/// Hooks by which commits come into being or leave the clone.
pub const HOOKS: [(&str, &str); 5] = [
    ("post-commit", include_str!("../../hooks/post-commit")),
    ("post-merge", include_str!("../../hooks/post-merge")),
    ("post-rewrite", include_str!("../../hooks/post-rewrite")),
    ("post-applypatch", include_str!("../../hooks/post-applypatch")),
    ("pre-push", include_str!("../../hooks/pre-push")),
];

/// Installed only where the project's settings ask for checkpoints in commit messages.
pub const TRAILER_HOOK: (&str, &str) = ("commit-msg", include_str!("../../hooks/commit-msg"));

pub(super) const BEGIN: &str = "# >>> mlprov >>>";
pub(super) const END: &str = "# <<< mlprov <<<";
/// Hooks that read their standard input, which a second reader would find empty.
const READS_STDIN: [&str; 2] = ["post-rewrite", "pre-push"];

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

/// `existing`: the file's bytes, if it is there. `program`: absolute path of mlprov.
pub fn plan(name: &str, shim: &str, existing: Option<&[u8]>, program: &Path) -> Result<HookPlan, GitError> {
    let shim = shim.replace("@MLPROV@", &quotable(program));
    let block = || -> &str {
        let from = shim.find(BEGIN).unwrap_or(0);
        let to = shim.find(END).map_or(shim.len(), |at| at + END.len());
        &shim[from..to]
    };
    let Some(existing) = existing else { return Ok(HookPlan::Write(shim)) };
    let Ok(text) = std::str::from_utf8(existing) else {
        return Ok(HookPlan::LeftAlone("it is not a shell script"));
    };
    if let (Some(from), Some(to)) = (text.find(BEGIN), text.find(END)) {
        let updated = format!("{}{}{}", &text[..from], block(), &text[to + END.len()..]);
        return Ok(if updated == text { HookPlan::Unchanged } else { HookPlan::Write(updated) });
    }
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let interpreter = first.strip_prefix("#!").map(str::trim).unwrap_or("");
    let shell = interpreter
        .split_whitespace()
        .any(|word| matches!(word.rsplit('/').next().unwrap_or(""), "sh" | "bash" | "dash" | "zsh" | "ksh"));
    if !shell {
        return Ok(HookPlan::LeftAlone("it is not a shell script"));
    }
    if READS_STDIN.contains(&name) {
        return Ok(HookPlan::LeftAlone("it may read the standard input that mlprov needs too"));
    }
    Ok(HookPlan::Write(format!("{first}\n{}\n{rest}", block())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shim(name: &str) -> &'static str {
        HOOKS.iter().find(|(n, _)| *n == name).unwrap().1
    }

    #[test]
    fn every_shim_is_short_posix_sh_with_a_marked_block() {
        for (name, text) in HOOKS.into_iter().chain([TRAILER_HOOK]) {
            assert!(text.lines().count() <= 10, "{name}");
            assert!(text.starts_with("#!/bin/sh\n# >>> mlprov >>>\n"), "{name}");
            assert!(text.ends_with("# <<< mlprov <<<\n"), "{name}");
            assert!(text.contains(&format!("hook {name} \"$@\"")), "{name}");
        }
    }

    #[test]
    fn installing_twice_changes_nothing_and_an_update_replaces_the_block() {
        let at = Path::new("/opt/ml prov's/mlprov");
        let HookPlan::Write(first) = plan("post-commit", shim("post-commit"), None, at).unwrap() else {
            panic!()
        };
        assert!(first.contains(r"'/opt/ml prov'\''s/mlprov'"));
        assert_eq!(
            plan("post-commit", shim("post-commit"), Some(first.as_bytes()), at).unwrap(),
            HookPlan::Unchanged
        );
        let moved =
            plan("post-commit", shim("post-commit"), Some(first.as_bytes()), Path::new("/usr/bin/mlprov"));
        let HookPlan::Write(moved) = moved.unwrap() else { panic!() };
        assert!(moved.contains("'/usr/bin/mlprov'") && !moved.contains("/opt/"));
    }

    #[test]
    fn what_others_wrote_stays() {
        let at = Path::new("/usr/bin/mlprov");
        let theirs = "#!/usr/bin/env bash\necho theirs\nexit 0\n";
        let HookPlan::Write(both) =
            plan("post-commit", shim("post-commit"), Some(theirs.as_bytes()), at).unwrap()
        else {
            panic!()
        };
        assert!(both.starts_with("#!/usr/bin/env bash\n# >>> mlprov >>>\n"));
        assert!(both.ends_with("echo theirs\nexit 0\n"));
        let python = b"#!/usr/bin/env python3\nprint(1)\n";
        assert!(matches!(
            plan("post-commit", shim("post-commit"), Some(python), at).unwrap(),
            HookPlan::LeftAlone(_)
        ));
        let push = plan("pre-push", shim("pre-push"), Some(theirs.as_bytes()), at).unwrap();
        assert!(matches!(push, HookPlan::LeftAlone(_)));
    }
}
