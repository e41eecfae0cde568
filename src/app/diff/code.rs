//! The code of two runs: the trees that really ran, not the commits.

use super::State;
use crate::app::Project;
use crate::app::Result;
use crate::domain::entry::Body;
use crate::domain::ids::TreeId;
use crate::domain::path::RepoPath;
use crate::domain::pointer;
use crate::durable::staging::ScratchDir;
use crate::git::GitError;
use crate::git::scratch::Scratch;
use serde::Serialize;

#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CodeFile {
    pub state: State,
    pub path: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeDifference {
    /// Sorted by path. Pointers and outputs are left out: what they stand for is compared itself.
    pub files: Vec<CodeFile>,
    /// Why nothing can be said of the files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_compared: Option<String>,
    /// What neither tree holds, e.g. an untracked file that was not stored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_checked: Vec<String>,
}

impl CodeDifference {
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.not_compared.is_none()
    }
}

pub fn code(project: &Project, sides: [(&str, &Body); 2]) -> Result<CodeDifference> {
    let dir = ScratchDir::create(&project.own_dir().join("scratch"))?;
    let scratch = Scratch::new(project.repo.root(), &project.repo.common_dir(), dir.path())?;
    let mut difference = CodeDifference::default();
    let mut trees = Vec::new();
    let mut outputs = Vec::new();
    for (name, body) in sides {
        match tree(project, &scratch, body)? {
            Ok(tree) => trees.push(tree),
            Err(why) => {
                difference.not_compared = Some(format!("{name}: {why}"));
                return Ok(difference);
            }
        }
        outputs.extend(project.list(&body.outputs)?.into_iter().map(|output| output.name));
        let flags = body.source.iter().flat_map(|source| &source.flags);
        difference.not_checked.extend(flags.map(|flag| format!("{name}: {flag}")));
    }
    for (letter, path) in scratch.changed(&trees[0], &trees[1])? {
        let state = match letter {
            'A' => State::Added,
            'D' => State::Removed,
            _ => State::Changed,
        };
        let is_output = path.parse::<RepoPath>().is_ok_and(|path| outputs.iter().any(|o| o.contains(&path)));
        if !is_output && !path.ends_with(pointer::SUFFIX) {
            difference.files.push(CodeFile { state, path });
        }
    }
    Ok(difference)
}

/// The tree that ran: the commit's, or what the patch makes of it. Else why it cannot be had.
fn tree(project: &Project, scratch: &Scratch, body: &Body) -> Result<std::result::Result<TreeId, String>> {
    let Some(source) = &body.source else { return Ok(Err("no commit is recorded".to_owned())) };
    let here = scratch.run("none", &["cat-file", "-e", &format!("{}^{{tree}}", source.tree)], &[]);
    if let Err(e) = here {
        return match e {
            GitError::Program { .. } => {
                Ok(Err(format!("the tree of commit {} is not here", source.commit.short())))
            }
            e => Err(e.into()),
        };
    }
    let Some(ran) = &source.run_tree else { return Ok(Ok(source.tree.clone())) };
    let Some(patch) = &source.diff else { return Ok(Err("it ran other code, and has no patch".to_owned())) };
    let patch = match project.read_ref(patch) {
        Ok(patch) => patch,
        Err(e) => return Ok(Err(format!("its patch cannot be read: {e}"))),
    };
    Ok(match scratch.patched(&source.tree, &patch) {
        Ok(tree) if tree == *ran => Ok(tree),
        Ok(_) => Err("its patch does not give the tree that ran".to_owned()),
        Err(e) => Err(format!("its patch does not apply: {e}")),
    })
}
