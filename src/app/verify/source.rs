//! Code: the commit, its tree, and the pointers in it.

use super::Findings;
use super::Verdict;
use crate::app::Project;
use crate::app::Result;
use crate::domain::digest::Blake3Hash;
use crate::domain::entry::Body;
use crate::domain::entry::Digests;
use crate::domain::entry::Kind;
use crate::domain::ids::TreeId;
use crate::domain::path::RepoPath;
use crate::git::GitError;
use std::collections::BTreeMap;

/// Every directory and file of the tree is read and hashed again.
fn code(project: &Project, tree: &TreeId, findings: &mut Findings) {
    let subject = tree.short();
    match project.repo.read_whole_tree(tree) {
        Ok(read) => {
            let submodules = match read.submodules {
                0 => String::new(),
                n => format!("; {n} submodules are not in this repository and were not read"),
            };
            let detail =
                format!("{} files, {} bytes read and hashed again{submodules}", read.files, read.bytes);
            findings.add("code", subject, Verdict::Intact, detail);
        }
        Err(e @ GitError::NotFound { .. }) if project.repo.is_partial() => {
            findings.add(
                "code",
                subject,
                Verdict::Unreachable,
                format!("{e}; this is a shallow or partial clone"),
            );
            findings.hint("git fetch --unshallow --refetch");
        }
        Err(GitError::NotFound { what }) => {
            findings.add("code", subject, Verdict::Missing, format!("{what} is not in the repository"));
        }
        Err(e) => findings.add("code", subject, Verdict::Altered, e.to_string()),
    }
}

pub fn check(project: &Project, body: &Body, findings: &mut Findings) -> Result<()> {
    let Some(source) = &body.source else { return Ok(()) };
    let subject = source.commit.short().to_owned();
    let commit = match project.repo.commit(&source.commit) {
        Ok(Some(commit)) => commit,
        Ok(None) if let Some(same) = project.repo.commit_with_tree(&source.tree)? => {
            // Squashed, rebased or amended since: the same files all the same.
            let detail = format!(
                "the repository does not hold it any more; commit {} has the same tree {}",
                same.short(),
                source.tree.short()
            );
            findings.add("commit", &subject, Verdict::Intact, detail);
            return tree(project, body, &source.tree, findings);
        }
        Ok(None) if project.repo.is_partial() => {
            let detail = "this is a shallow or partial clone that does not hold it";
            findings.add("commit", subject, Verdict::Unreachable, detail);
            findings.hint("git fetch --unshallow --refetch");
            return Ok(());
        }
        Ok(None) => {
            findings.add("commit", subject, Verdict::Missing, "the repository does not hold it");
            findings.hint(format!("git fetch origin {}", source.commit));
            return Ok(());
        }
        // An object is hashed again when it is read.
        Err(GitError::Library { source: e, .. }) => {
            findings.add("commit", subject, Verdict::Altered, e.message().to_owned());
            return Ok(());
        }
        Err(GitError::BadObject { why, .. }) => {
            findings.add("commit", subject, Verdict::Altered, why);
            return Ok(());
        }
        Err(e) => return Err(e.into()),
    };
    if commit.tree != source.tree {
        let detail = format!("the entry says tree {}, the commit says {}", source.tree, commit.tree);
        findings.add("commit", subject, Verdict::Altered, detail);
        return Ok(());
    }
    findings.add(
        "commit",
        &subject,
        Verdict::Intact,
        format!("in the repository, with tree {}", commit.tree.short()),
    );
    tree(project, body, &commit.tree, findings)
}

/// The files of the tree, and the pointers among them.
fn tree(project: &Project, body: &Body, tree: &TreeId, findings: &mut Findings) -> Result<()> {
    code(project, tree, findings);
    // A fresh walk: the cache of the hook is never believed here.
    let pointers =
        project.repo.pointer_blobs(tree).and_then(|blobs| project.repo.read_pointers(tree, &blobs));
    let pointers = match pointers {
        Ok(pointers) => pointers,
        Err(e) => {
            findings.add("tree", tree.short(), Verdict::Altered, e.to_string());
            return Ok(());
        }
    };
    let inputs = match project.list(&body.inputs) {
        Ok(inputs) => inputs,
        Err(_) => return Ok(()), // reported with the data
    };
    let pointed: BTreeMap<RepoPath, Blake3Hash> =
        pointers.into_iter().map(|p| (p.data, p.pointer.blake3)).collect();
    if body.kind == Kind::CommitRecorded {
        let recorded: BTreeMap<RepoPath, Blake3Hash> =
            inputs.iter().map(|a| (a.name.clone(), a.digest.blake3)).collect();
        if recorded == pointed {
            let detail = format!("its {} data pointers are those of the entry", pointed.len());
            findings.add("tree", tree.short(), Verdict::Intact, detail);
        } else {
            let odd = recorded.keys().chain(pointed.keys()).find(|k| recorded.get(*k) != pointed.get(*k));
            let odd = odd.map_or_else(String::new, ToString::to_string);
            let detail =
                format!("the pointers in the tree are not those of the entry (first difference: {odd})");
            findings.add("tree", tree.short(), Verdict::Altered, detail);
        }
        return configs(project, body, tree, findings);
    }
    // A run may read data that differs from the commit's: that is recorded, not wrong. But it must be said.
    for input in &inputs {
        match pointed.get(&input.name) {
            Some(root) if *root != input.digest.blake3 => {
                let detail = "the run read another version than the commit points to; the version read is the one recorded";
                findings.add("tree", &input.name, Verdict::Intact, detail);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Configuration files that the entry names, against those of the tree. Which files are named is up to the settings of
/// whoever recorded the commit.
fn configs(project: &Project, body: &Body, tree: &TreeId, findings: &mut Findings) -> Result<()> {
    let Ok(configs) = project.list(&body.config_files) else {
        findings.add("config", "the list itself", Verdict::Missing, "it cannot be read");
        return Ok(());
    };
    let mut sound = 0;
    for config in &configs {
        match project.repo.file_in(tree, config.name.as_str()) {
            Ok(Some(bytes)) if Digests::both_of(&bytes) == config.digest => sound += 1,
            Ok(Some(_)) => {
                let detail = "the commit holds another content than the entry says";
                findings.add("config", &config.name, Verdict::Altered, detail);
            }
            Ok(None) => {
                findings.add("config", &config.name, Verdict::Altered, "the commit does not hold it");
            }
            Err(e) => findings.add("config", &config.name, Verdict::Missing, e.to_string()),
        }
    }
    if sound > 0 {
        let detail = match sound {
            1 => "the configuration file is that of the entry".to_owned(),
            n => format!("{n} configuration files are those of the entry"),
        };
        findings.add("config", tree.short(), Verdict::Intact, detail);
    }
    Ok(())
}
