//! Policies of resources, statement by statement.

use crate::ports::StoreError;
use crate::ports::account::Parts;
use crate::ports::account::is_ours;
use serde_json::Value;
use serde_json::json;

fn all(policy: &Value) -> Vec<Value> {
    match &policy["Statement"] {
        Value::Array(all) => all.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    }
}

/// By their Sid, which stands not among their fields then. What is no JSON has none.
pub fn of(text: &str) -> Parts {
    let policy: Value = serde_json::from_str(text).unwrap_or_default();
    let named = |(n, mut statement): (usize, Value)| {
        let sid = statement.as_object_mut().and_then(|fields| fields.remove("Sid"));
        let sid = sid.and_then(|sid| sid.as_str().map(str::to_owned)).unwrap_or_else(|| format!("({n})"));
        (sid, statement)
    };
    all(&policy).into_iter().enumerate().map(named).collect()
}

/// A policy with these of ours; what else stands in `text` stays, and stays as it is. `None`: nothing stands in it.
pub fn merged(text: Option<&str>, ours: &Parts, what: &str) -> Result<Option<String>, StoreError> {
    let mut policy = match text {
        None => json!({ "Version": "2012-10-17" }),
        Some(text) => serde_json::from_str(text).map_err(|e| {
            let why = format!("its policy is not JSON: {e}");
            StoreError::Unfit { what: what.to_owned(), why }
        })?,
    };
    let mut statements = all(&policy);
    statements.retain(|statement| !statement["Sid"].as_str().is_some_and(is_ours));
    for (sid, statement) in ours {
        let mut statement = statement.clone();
        statement["Sid"] = json!(sid);
        statements.push(statement);
    }
    // No service takes an empty list.
    if statements.is_empty() {
        return Ok(None);
    }
    policy["Statement"] = Value::Array(statements);
    Ok(Some(policy.to_string()))
}
