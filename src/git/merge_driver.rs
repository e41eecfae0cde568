//! How git calls mlprov to merge pointers: an attribute in the clone's own `info/attributes`, and a merge driver
//! in the clone's settings. Nothing of it is committed, so a clone without mlprov merges as it always did.

use crate::git::hooks::BEGIN;
use crate::git::hooks::END;
use crate::git::hooks::quotable;
use std::path::Path;

/// For git's messages.
pub const NAME: &str = "datasets by path (mlprov)";
const PATTERN: &str = "*.mlprov merge=mlprov";

/// The command line, as git gives it to sh. git fills in base, ours, theirs and the path (gitattributes(5)).
pub fn command(program: &Path) -> String {
    format!("'{}' merge-driver %O %A %B %P", quotable(program).replace('%', "%%"))
}

/// The text of `info/attributes` with our block; `None` if it stands there already. What others wrote comes later,
/// so that it counts (the last line that matches wins).
pub fn attributes(existing: &str) -> Option<String> {
    let block = format!("{BEGIN}\n{PATTERN}\n{END}");
    let updated = match (existing.find(BEGIN), existing.find(END)) {
        (Some(from), Some(to)) if from < to => {
            format!("{}{block}{}", &existing[..from], &existing[to + END.len()..])
        }
        _ => format!("{block}\n{existing}"),
    };
    (updated != existing).then_some(updated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_written_once_before_what_others_wrote() {
        let first = attributes("*.png binary\n").unwrap();
        assert!(first.ends_with("# <<< mlprov <<<\n*.png binary\n"), "{first}");
        assert_eq!(attributes(&first), None);
        let older = first.replace(PATTERN, "*.mlprov merge=old");
        assert_eq!(attributes(&older).unwrap(), first);
        assert_eq!(attributes("").unwrap().lines().count(), 3);
    }

    #[test]
    fn odd_paths_reach_the_shell_and_git_as_they_are() {
        let line = command(Path::new("/opt/100% ml's/mlprov"));
        assert_eq!(line, r"'/opt/100%% ml'\''s/mlprov' merge-driver %O %A %B %P");
    }
}
