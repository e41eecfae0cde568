//! A repository of CodeCommit as a remote of this clone. What others set is not touched.

use crate::app::Result;
use crate::app::sync;
use crate::git::repo::Repo;
use crate::ports::StoreError;

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
            let names = repo.remote_names();
            let free = |name: &&&str| !names.iter().any(|taken| taken == **name);
            match ["origin", "codecommit"].iter().find(free) {
                None => return Ok(Connected::Taken),
                Some(name) => {
                    repo.add_remote(name, url)?;
                    Connected::Added((*name).to_owned())
                }
            }
        }
    };
    // The helper signs the path of the URL: git tells it only if told so itself.
    repo.set_if_unset(&format!("credential.{url}.helper"), HELPER)?;
    repo.set_if_unset(&format!("credential.{url}.UseHttpPath"), "true")?;
    if let Connected::Added(name) = &connected {
        repo.add_fetch_refspec(name, &sync::notes_refspec(name))?;
    }
    Ok(connected)
}
