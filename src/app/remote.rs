//! A repository of CodeCommit as a remote of this clone. What others set is not touched.

use crate::app::Result;
use crate::app::sync;
use crate::git::repo::Repo;
use crate::ports::StoreError;
use serde::Serialize;

/// As AWS's own documentation has it; git gives it to a shell.
const HELPER: &str = "!aws codecommit credential-helper $@";

/// What was done about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Connected {
    /// A remote of this name was added.
    Added(String),
    /// A remote of this name has this URL already.
    Known(String),
    /// Both names are those of other remotes.
    Taken,
}

/// What the settings of git are to say of the repository.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct GitRemote {
    /// Name of the remote.
    pub remote: String,
    /// `None`: the repository is not there yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its credential helper.
    pub helper: &'static str,
}

/// `url`: where it is cloned from, if it is there. `None`: nothing is to be set, or nothing can be.
pub fn plan(repo: &Repo, url: Option<&str>) -> Option<GitRemote> {
    let known = url.and_then(|url| repo.remote_at(url));
    let keys = url.map(keys).into_iter().flatten();
    if known.is_some() && keys.into_iter().all(|(key, _)| repo.is_set(&key)) {
        return None;
    }
    let remote = known.or_else(|| free_name(repo))?;
    Some(GitRemote { remote, url: url.map(str::to_owned), helper: HELPER })
}

fn free_name(repo: &Repo) -> Option<String> {
    let names = repo.remote_names();
    let free = ["origin", "codecommit"].into_iter().find(|name| !names.iter().any(|taken| taken == name));
    free.map(str::to_owned)
}

/// The helper signs the path of the URL: git tells it only if told so itself.
fn keys(url: &str) -> [(String, &'static str); 2] {
    [(format!("credential.{url}.helper"), HELPER), (format!("credential.{url}.UseHttpPath"), "true")]
}

pub fn connect(repo: &Repo, url: &str) -> Result<Connected> {
    // It comes from a server, and goes into settings of git.
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/:".contains(c);
    if !url.starts_with("https://") || !url.chars().all(plain) {
        let why = "its URL is no plain https:// URL".to_owned();
        return Err(StoreError::Unfit { what: format!("repository {url:?}"), why }.into());
    }
    let connected = match repo.remote_at(url) {
        Some(known) => Connected::Known(known),
        None => {
            let Some(name) = free_name(repo) else { return Ok(Connected::Taken) };
            repo.add_remote(&name, url)?;
            Connected::Added(name)
        }
    };
    for (key, value) in keys(url) {
        repo.set_if_unset(&key, value)?;
    }
    if let Connected::Added(name) = &connected {
        repo.add_fetch_refspec(name, &sync::notes_refspec(name))?;
    }
    Ok(connected)
}
