//! The settings of a project whose ledger or store goes elsewhere: what says where, and nothing else, is changed.

use super::BucketSite;
use super::Config;
use super::ConfigError;
use super::Elsewhere;
use std::path::Path;
use toml_edit::DocumentMut;
use toml_edit::Table;
use toml_edit::Value;

impl Config {
    /// The text of the settings, with the places of `to` in it. `path`: where the text was read.
    pub fn moved(path: &Path, text: &str, to: &Elsewhere) -> Result<String, ConfigError> {
        let invalid = |why: String| ConfigError::Invalid { path: path.to_owned(), why };
        let mut document: DocumentMut =
            text.parse().map_err(|e: toml_edit::TomlError| invalid(e.to_string()))?;
        let mut table = |name: &str| {
            let item = document.as_table_mut().get_mut(name);
            item.and_then(|item| item.as_table_mut().cloned())
                .ok_or_else(|| invalid(format!("has no [{name}]")))
        };
        let ledger = to.ledger.as_ref().map(|to| -> Result<Table, ConfigError> {
            let mut ledger = table("ledger")?;
            let what = "     # one log for all clones, in a bucket; who may write to it, the log itself says";
            place(&mut ledger, &to.site, what);
            set(&mut ledger, "log", Some(&to.log.to_string()), "");
            set(&mut ledger, "vkey", Some(&to.vkey), "        # the key that signs its checkpoints");
            Ok(ledger)
        });
        let store = to.store.as_ref().map(|to| -> Result<Table, ConfigError> {
            let mut store = table("store")?;
            place(&mut store, &to.site, "     # data versions are object versions of a versioned bucket");
            Ok(store)
        });
        for (name, table) in [("ledger", ledger), ("store", store)] {
            if let Some(table) = table {
                document.insert(name, toml_edit::Item::Table(table?));
            }
        }
        let text = document.to_string();
        Config::parse(path, &text)?;
        Ok(text)
    }

    /// The text of the settings, with `iam = true` in `[aws]`.
    pub fn with_iam(path: &Path, text: &str) -> Result<String, ConfigError> {
        let invalid = |why: String| ConfigError::Invalid { path: path.to_owned(), why };
        let mut document: DocumentMut =
            text.parse().map_err(|e: toml_edit::TomlError| invalid(e.to_string()))?;
        let aws = document.entry("aws").or_insert_with(toml_edit::table);
        let aws = aws.as_table_mut().ok_or_else(|| invalid("has no [aws]".to_owned()))?;
        aws.insert("iam", toml_edit::value(true));
        let text = document.to_string();
        Config::parse(path, &text)?;
        Ok(text)
    }

    /// The text of the settings as they would be if each clone had a ledger and a store of its own.
    pub fn embedded_again(path: &Path, text: &str) -> Result<String, ConfigError> {
        let invalid = |why: String| ConfigError::Invalid { path: path.to_owned(), why };
        let mut document: DocumentMut =
            text.parse().map_err(|e: toml_edit::TomlError| invalid(e.to_string()))?;
        for name in ["ledger", "store"] {
            let item = document.as_table_mut().get_mut(name);
            let table = item.and_then(|item| item.as_table_mut());
            let table = table.ok_or_else(|| invalid(format!("has no [{name}]")))?;
            for key in ["url", "region", "endpoint", "owner", "log", "vkey", "kms_key", "cache_max"] {
                table.remove(key);
            }
            set(table, "backend", Some("local"), "");
        }
        // Of a log of its own each clone has the key.
        if let Some(keys) = document.as_table_mut().get_mut("keys").and_then(|item| item.as_table_mut()) {
            keys.remove("kms_key");
            set(keys, "checkpoint", Some("file"), "");
        }
        let text = document.to_string();
        Config::parse(path, &text)?;
        Ok(text)
    }
}

fn place(table: &mut Table, site: &BucketSite, what: &str) {
    set(table, "backend", Some("s3"), what);
    set(table, "url", Some(&site.place.to_string()), "");
    set(table, "region", site.region.as_deref(), "");
    set(table, "endpoint", site.endpoint.as_deref(), "");
    set(table, "owner", site.owner.as_deref(), "");
}

fn set(table: &mut Table, name: &str, value: Option<&str>, comment: &str) {
    let Some(value) = value else {
        table.remove(name);
        return;
    };
    let mut value = Value::from(value);
    value.decor_mut().set_prefix(" ");
    value.decor_mut().set_suffix(comment);
    table.insert(name, toml_edit::Item::Value(value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Lock;
    use crate::config::SharedLedger;
    use crate::config::SharedStore;
    use crate::domain::ids::LogId;
    use crate::domain::ids::ProjectId;

    fn site(url: &str, endpoint: Option<&str>) -> BucketSite {
        let endpoint = endpoint.map(str::to_owned);
        BucketSite { place: url.parse().unwrap(), region: None, endpoint, owner: None }
    }

    #[test]
    fn what_moves_is_changed_and_everything_else_stays() {
        let path = Path::new("config.toml");
        let embedded =
            Config::embedded_text(&ProjectId::draw(), "shop") + "\n[run] # ours\nuntracked_file = 7\n";
        let embedded = embedded.replace("[store]\n", "[store]\nlink = \"copy\" # mine\n");
        let ledger = SharedLedger {
            site: site("s3://abc/team", Some("http://here")),
            log: LogId::draw(),
            vkey: "x".into(),
            kms_key: None,
            lock: Lock::default(),
        };
        let store = SharedStore::new(site("s3://def/team", None));
        let to = Elsewhere { ledger: Some(ledger), store: Some(store) };
        let team = Config::moved(path, &embedded, &to).unwrap();
        let config = Config::parse(path, &team).unwrap();
        assert_eq!(config.elsewhere(), to);
        assert!(team.contains("link = \"copy\" # mine") && team.contains("[run] # ours"), "{team}");
        assert!(team.starts_with("# mlprov: what this project records"), "{team}");
        assert!(!team.contains("below the git directory\nbackend"), "{team}");
        // From there to another place: what belonged to the one before goes.
        let owned = team.replace("[ledger]\n", "[ledger]\nowner = \"123456789012\"\n");
        let ledger = SharedLedger { site: site("s3://abc/other", None), ..to.ledger.clone().unwrap() };
        let next = Elsewhere { ledger: Some(ledger), store: None };
        let other = Config::moved(path, &owned, &next).unwrap();
        let config = Config::parse(path, &other).unwrap();
        assert_eq!(config.elsewhere(), Elsewhere { store: to.store, ..next });
        // And back: as it was for each clone.
        let kms = "checkpoint = \"kms\"\nkms_key = \"alias/team\"\n";
        let file = other.lines().find(|line| line.starts_with("checkpoint = \"file\"")).unwrap();
        let other = other.replace(&format!("{file}\n"), kms).replace("[store]\n", "[store]\ncache_max = 5\n");
        assert!(Config::parse(path, &other).unwrap().shared_ledger().unwrap().kms_key.is_some());
        let back = Config::embedded_again(path, &other).unwrap();
        let config = Config::parse(path, &back).unwrap();
        assert_eq!(config.elsewhere(), Elsewhere::default());
        assert!(back.contains("link = \"copy\" # mine") && back.contains("[run] # ours"), "{back}");
    }
}
