//! The project's settings (`.mlprov/config.toml`, committed) and the user's own directories.

mod aws;
mod moved;
mod place;
mod shared;

use crate::domain::ids::LogId;
use crate::domain::ids::ProjectId;
pub use aws::AwsTable;
pub use place::S3Place;
use serde::Deserialize;
pub use shared::BucketSite;
pub use shared::Elsewhere;
pub use shared::Lock;
pub use shared::SharedLedger;
pub use shared::SharedRegistry;
pub use shared::SharedStore;
use std::io;
use std::path::Path;
use std::path::PathBuf;

/// Where the settings lie, relative to the work tree's root.
pub const CONFIG_FILE: &str = ".mlprov/config.toml";
const SCHEMA: &str = "mlprov.config/1";

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is none: the repository is not a project yet.
    #[error("no {CONFIG_FILE} in {}", root.display())]
    NotInitialised { root: PathBuf },
    #[error("{}: {why}", path.display())]
    Invalid { path: PathBuf, why: String },
    /// Written for a newer mlprov.
    #[error("{}: schema {found:?} is newer than this mlprov ({SCHEMA})", path.display())]
    Newer { path: PathBuf, found: String },
    #[error("read {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// Neither the XDG variables nor HOME say where the user's own files are.
    #[error("neither {variable} nor HOME is set")]
    NoHome { variable: &'static str },
}

/// Where model packages are registered. All but `backend` belong to `sagemaker`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryTable {
    pub backend: String,
    #[serde(default)]
    pub region: Option<String>,
    /// Of a server that is not AWS.
    #[serde(default)]
    pub endpoint: Option<String>,
}

/// How the embedded store takes over the bytes of large files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// Shared blocks where the file system has them, else a copy.
    #[default]
    Auto,
    /// Shared blocks, or an error.
    Reflink,
    /// One file under two names. It becomes read-only: who changed it would change what is stored.
    Hardlink,
    Copy,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreTable {
    pub backend: String,
    #[serde(default)]
    pub link: Link,
    /// So many bytes are made durable at once. What was made durable before an interruption is not read again.
    #[serde(default = "batch")]
    pub batch: u64,
    /// `s3://bucket/prefix`. It and all that follows belong to `s3`.
    #[serde(default)]
    pub url: Option<S3Place>,
    #[serde(default)]
    pub region: Option<String>,
    #[serde(default)]
    pub endpoint: Option<String>,
    /// AWS account that the bucket must belong to: 12 digits.
    #[serde(default)]
    pub owner: Option<String>,
    /// Key (ARN, id or alias) that S3 encrypts new objects with (SSE-KMS).
    #[serde(default)]
    pub kms_key: Option<String>,
    /// So many bytes of what is stored in the bucket may also be kept in the clone, see `mlprov prune`.
    #[serde(default)]
    pub cache_max: Option<u64>,
}

fn batch() -> u64 {
    8 << 30
}

/// Where the ledger is kept. All but `backend` belong to `s3`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerTable {
    pub backend: String,
    /// `s3://bucket/prefix`
    #[serde(default)]
    pub url: Option<S3Place>,
    /// Of the bucket, if the caller's own settings are not to decide.
    #[serde(default)]
    pub region: Option<String>,
    /// Of a server that is not AWS.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// AWS account that the bucket must belong to: 12 digits.
    #[serde(default)]
    pub owner: Option<String>,
    /// The one log of all clones.
    #[serde(default)]
    pub log: Option<LogId>,
    /// Its verifier key.
    #[serde(default)]
    pub vkey: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectTable {
    pub id: ProjectId,
    pub name: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysTable {
    /// Who signs entries: `file`.
    pub writer: String,
    /// Who signs checkpoints: `file` or `kms`.
    pub checkpoint: String,
    /// Key (ARN, id or alias) of `kms`.
    #[serde(default)]
    pub kms_key: Option<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HooksTable {
    /// Whether each commit message names the ledger's checkpoint before it.
    #[serde(default)]
    pub checkpoint_trailer: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunTable {
    /// Untracked files above this size (bytes) are named in a run's record, not stored.
    pub untracked_file: u64,
    /// As many bytes of untracked files are stored with one run.
    pub untracked_together: u64,
}

impl Default for RunTable {
    fn default() -> Self {
        RunTable { untracked_file: 1 << 20, untracked_together: 50 << 20 }
    }
}

#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigTable {
    /// Files whose every version is bound by the entries of commits and runs: patterns of paths below the root.
    pub paths: Vec<String>,
}

impl Default for ConfigTable {
    fn default() -> Self {
        ConfigTable { paths: vec!["params.*".to_owned(), "configs/**".to_owned()] }
    }
}

/// `.mlprov/config.toml`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub schema: String,
    pub project: ProjectTable,
    pub ledger: LedgerTable,
    pub store: StoreTable,
    pub registry: RegistryTable,
    pub keys: KeysTable,
    #[serde(default)]
    pub hooks: HooksTable,
    #[serde(default)]
    pub run: RunTable,
    #[serde(default)]
    pub config: ConfigTable,
    #[serde(default)]
    pub aws: AwsTable,
}

impl Config {
    /// The commented text that `init` writes for an embedded project.
    pub fn embedded_text(id: &ProjectId, name: &str) -> String {
        let name = toml::Value::from(name);
        format!(
            r#"# mlprov: what this project records, and where. Commit this file; it holds no secrets.
schema = "{SCHEMA}"

[project]
id = "{id}"        # stays the same wherever the project moves; every entry names it
name = {name}

[ledger]
backend = "local"  # the clone's own log, below the git directory

[store]
backend = "local"  # data versions, below the git directory

[registry]
backend = "local"  # model packages: arn:mlprov:local:<project id>::model-package/NAME/<run id>

[keys]
writer = "file"      # entries are signed by the user's ECDSA P-256 key file
checkpoint = "file"  # checkpoints are signed by the clone's Ed25519 key file

[hooks]
checkpoint_trailer = false  # true, then `mlprov init`: each commit message names the checkpoint before it
"#
        )
    }

    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let invalid = |why: String| ConfigError::Invalid { path: path.to_owned(), why };
        #[derive(Deserialize)]
        struct Probe {
            schema: Option<String>,
        }
        // The schema first: a newer file may have tables that would only look like mistakes here.
        let probe: Probe = toml::from_str(text).map_err(|e| invalid(one_line(&e, text)))?;
        match probe.schema.as_deref() {
            None => return Err(invalid("has no `schema`".into())),
            Some(SCHEMA) => {}
            Some(other) => match other.strip_prefix("mlprov.config/").and_then(|v| v.parse::<u32>().ok()) {
                Some(version) if version > 1 => {
                    return Err(ConfigError::Newer { path: path.to_owned(), found: other.to_owned() });
                }
                _ => return Err(invalid(format!("schema {other:?} is not one of mlprov's"))),
            },
        }
        let config: Config = toml::from_str(text).map_err(|e| invalid(one_line(&e, text)))?;
        config.check_backends().map_err(invalid)?;
        if config.keys.writer != "file" {
            let value = &config.keys.writer;
            return Err(invalid(format!(
                "[keys] writer {value:?} is not known to this version (it knows: file)"
            )));
        }
        Ok(config)
    }

    /// Reads the project's settings; `root` is the work tree's root.
    pub fn load(root: &Path) -> Result<(Self, Vec<u8>), ConfigError> {
        let path = root.join(CONFIG_FILE);
        // A clone brings this file: a link to a device, say, must not be followed.
        let regular = std::fs::symlink_metadata(&path).map_or(true, |m| m.is_file() && m.len() <= 1 << 20);
        if !regular {
            let why = "is not a regular file of at most 1 MiB".into();
            return Err(ConfigError::Invalid { path, why });
        }
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(ConfigError::NotInitialised { root: root.to_owned() });
            }
            Err(source) => return Err(ConfigError::Io { path, source }),
        };
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| ConfigError::Invalid { path: path.clone(), why: "is not UTF-8".into() })?;
        Ok((Self::parse(&path, text)?, bytes))
    }
}

fn one_line(e: &toml::de::Error, text: &str) -> String {
    let line = e.span().map(|s| text[..s.start].matches('\n').count() + 1);
    match line {
        Some(line) => format!("line {line}: {}", e.message()),
        None => e.message().to_owned(),
    }
}

/// The user's own directories (XDG Base Directory specification), never below a repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserDirs {
    /// `$XDG_CONFIG_HOME/mlprov`: keys.
    pub config: PathBuf,
    /// `$XDG_STATE_HOME/mlprov`: pins and the largest checkpoints seen, one directory per project.
    pub state: PathBuf,
}

impl UserDirs {
    /// `lookup` gives the value of an environment variable.
    pub fn from_env(lookup: impl Fn(&str) -> Option<PathBuf>) -> Result<Self, ConfigError> {
        let base = |variable: &'static str, below_home: &str| {
            // The specification: relative values are to be ignored.
            let set = lookup(variable).filter(|p| p.is_absolute());
            let home = || lookup("HOME").filter(|p| p.is_absolute()).map(|h| h.join(below_home));
            set.or_else(home).map(|p| p.join("mlprov")).ok_or(ConfigError::NoHome { variable })
        };
        Ok(UserDirs {
            config: base("XDG_CONFIG_HOME", ".config")?,
            state: base("XDG_STATE_HOME", ".local/state")?,
        })
    }

    pub fn project_state(&self, project: &ProjectId) -> PathBuf {
        self.state.join(project.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(Path::new("config.toml"), text)
    }

    #[test]
    fn what_init_writes_is_read_back() {
        let id = ProjectId::draw();
        let text = Config::embedded_text(&id, "quo\"ted\nname");
        let config = parse(&text).unwrap();
        assert_eq!((config.project.id, config.project.name.as_str()), (id, "quo\"ted\nname"));
    }

    #[test]
    fn the_registry_may_be_in_sagemaker() {
        let text = Config::embedded_text(&ProjectId::draw(), "x");
        assert_eq!(parse(&text).unwrap().sagemaker(), None);
        let there = parse(&Config::with_sagemaker(&text, Some("eu-west-1"))).unwrap().sagemaker().unwrap();
        assert_eq!((there.region.as_deref(), there.endpoint), (Some("eu-west-1"), None));
    }

    #[test]
    fn newer_unknown_and_broken_settings_are_told_apart() {
        let text = Config::embedded_text(&ProjectId::draw(), "x");
        assert!(matches!(parse(&text.replace("config/1", "config/2")), Err(ConfigError::Newer { .. })));
        let newer_table = text.replace("config/1", "config/9") + "\n[shiny]\nx = 1\n";
        assert!(matches!(parse(&newer_table), Err(ConfigError::Newer { .. })));
        for (from, to, word) in [
            ("config/1", "other/1", "schema"),
            ("backend = \"local\"  # data", "backend = \"s3\"  # data", "[store]"),
            ("backend = \"local\"  # model", "backend = \"s3\"  # model", "it knows: local, sagemaker"),
            ("[registry]", "[registry]\nregion = \"eu-west-1\"", "[registry] region and endpoint belong"),
            ("[keys]", "[keyz]", "keyz"),
            ("name =", "nam =", "nam"),
            ("[project]", "[project", "line 4"),
        ] {
            let error = parse(&text.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn user_directories_follow_xdg() {
        let env = |name: &str| match name {
            "HOME" => Some(PathBuf::from("/home/u")),
            "XDG_STATE_HOME" => Some(PathBuf::from("relative")),
            _ => None,
        };
        let dirs = UserDirs::from_env(env).unwrap();
        assert_eq!(dirs.config, Path::new("/home/u/.config/mlprov"));
        assert_eq!(dirs.state, Path::new("/home/u/.local/state/mlprov"));
        assert!(matches!(UserDirs::from_env(|_| None), Err(ConfigError::NoHome { .. })));
    }
}
