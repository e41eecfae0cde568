//! Tags of services that set and take away each by itself.

use crate::ports::account::Parts;
use crate::ports::account::is_ours;

/// What is to be set, and which of ours are to go; tags of others stay.
pub fn changes(found: &Parts, wanted: &Parts) -> (Vec<(String, String)>, Vec<String>) {
    let differs = |(key, value): &(&String, &serde_json::Value)| found.get(*key) != Some(*value);
    let pair = |(key, value): (&String, &serde_json::Value)| {
        (key.clone(), value.as_str().unwrap_or_default().to_owned())
    };
    let set = wanted.iter().filter(differs).map(pair).collect();
    let gone = found.keys().filter(|key| is_ours(key) && !wanted.contains_key(*key)).cloned().collect();
    (set, gone)
}
