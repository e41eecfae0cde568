//! `.mlprovignore`: what is no data, in the syntax of gitignore(5). A file of that name counts for its directory and
//! all below it, from the repository's root on.

use ignore::Match;
use ignore::gitignore::Gitignore;
use ignore::gitignore::GitignoreBuilder;
use std::path::Path;
use std::sync::Arc;

/// The rules that count in a directory, the nearest last.
#[derive(Clone, Default)]
pub struct Rules {
    files: Vec<Arc<Gitignore>>,
}

impl Rules {
    pub const FILE: &str = ".mlprovignore";

    /// Those of `root` and of the directories between it and `place`.
    pub fn above(root: &Path, place: &Path) -> Self {
        let mut above: Vec<&Path> =
            place.ancestors().skip(1).take_while(|dir| dir.starts_with(root)).collect();
        above.reverse();
        above.into_iter().fold(Rules::default(), |rules, dir| rules.with(dir, dir.join(Self::FILE).is_file()))
    }

    /// With those of `dir`, if it has any.
    pub fn with(&self, dir: &Path, has_file: bool) -> Self {
        let mut rules = self.clone();
        if has_file {
            let mut builder = GitignoreBuilder::new(dir);
            // A line that is no pattern is left out, as git does.
            let _ = builder.add(dir.join(Self::FILE));
            if let Ok(file) = builder.build() {
                rules.files.push(Arc::new(file));
            }
        }
        rules
    }

    /// Whether a path is left out: the nearest file that says something about it decides.
    pub fn leaves_out(&self, path: &Path, is_dir: bool) -> bool {
        for file in self.files.iter().rev() {
            match file.matched(path, is_dir) {
                Match::None => {}
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
            }
        }
        false
    }
}
