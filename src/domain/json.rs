//! JSON as the record allows it: strict on the way in (I-JSON, RFC 7493, without floats), canonical on
//! the way out (RFC 8785).

use crate::domain::ParseError;
use serde::de;
use serde_json::Map;
use serde_json::Value;
use std::fmt;

/// 2^53 − 1, the largest integer that every JSON reader keeps exactly (RFC 7493 §2.2).
pub const MAX_INTEGER: u64 = (1 << 53) - 1;

struct Strict(Value);

impl<'de> de::Deserialize<'de> for Strict {
    fn deserialize<D: de::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> de::Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("I-JSON without floats")
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Bool(v))
    }
    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Value, E> {
        if v > MAX_INTEGER {
            return Err(E::custom("an integer beyond 2^53-1"));
        }
        Ok(Value::from(v))
    }
    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Value, E> {
        if v.unsigned_abs() > MAX_INTEGER {
            return Err(E::custom("an integer beyond -(2^53-1)"));
        }
        Ok(Value::from(v))
    }
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Value, E> {
        Err(E::custom("a number that is not a plain integer"))
    }
    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::String(v.to_owned()))
    }
    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::String(v))
    }
    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut out = Vec::new();
        while let Some(Strict(v)) = seq.next_element()? {
            out.push(v);
        }
        Ok(Value::Array(out))
    }
    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut out = Map::new();
        while let Some((key, Strict(v))) = map.next_entry::<String, Strict>()? {
            if out.insert(key.clone(), v).is_some() {
                return Err(de::Error::custom(format!("duplicate key {key:?}")));
            }
        }
        Ok(Value::Object(out))
    }
}

/// Parses one JSON text. Refused: duplicate keys, floats, integers beyond ±(2^53−1), a BOM, text that is
/// not UTF-8, anything after the value.
pub fn parse_strict(bytes: &[u8]) -> Result<Value, ParseError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| ParseError::new("JSON", "not UTF-8", String::from_utf8_lossy(bytes)))?;
    let Strict(value) =
        serde_json::from_str(text).map_err(|e| ParseError::new("JSON", e.to_string(), text))?;
    Ok(value)
}

/// RFC 8785 bytes of a value that [`parse_strict`] would accept. Keys must be ASCII: there, order by
/// UTF-16 unit and order by byte are the same.
pub fn canonical(value: &Value) -> Result<Vec<u8>, ParseError> {
    let mut out = Vec::new();
    write_canonical(value, &mut out)?;
    Ok(out)
}

fn write_canonical(value: &Value, out: &mut Vec<u8>) -> Result<(), ParseError> {
    match value {
        Value::Number(n) => {
            let fits = n.as_u64().is_some_and(|v| v <= MAX_INTEGER)
                || n.as_i64().is_some_and(|v| v.unsigned_abs() <= MAX_INTEGER);
            if !fits {
                return Err(ParseError::new(
                    "JSON",
                    "a number that the record does not allow",
                    n.to_string(),
                ));
            }
            out.extend_from_slice(n.to_string().as_bytes());
        }
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write_canonical(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            out.push(b'{');
            for (i, key) in keys.into_iter().enumerate() {
                if !key.is_ascii() {
                    return Err(ParseError::new("JSON", "a key that is not ASCII", key));
                }
                if i > 0 {
                    out.push(b',');
                }
                write_scalar(&Value::String(key.clone()), out);
                out.push(b':');
                write_canonical(&map[key], out)?;
            }
            out.push(b'}');
        }
        scalar => write_scalar(scalar, out),
    }
    Ok(())
}

// serde_json escapes strings exactly as RFC 8785 §3.2.2.2 asks: \b \f \n \r \t, \u00xx in lower case.
fn write_scalar(value: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(value.to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_readers_disagree_about_is_refused() {
        for bad in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":{"b":1,"b":1}}"#,
            "1.0",
            "1e3",
            "-0",
            "9007199254740992",
            "-9007199254740992",
            "99999999999999999999999",
            "\u{feff}{}",
            "{} {}",
            "NaN",
            "{\"a\":\"\u{1}\"}",
        ] {
            assert!(parse_strict(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parse_strict(b"{\"a\":\"\xff\"}").is_err());
        assert!(parse_strict(b"[9007199254740991,-9007199254740991]").is_ok());
    }

    #[test]
    fn canonical_form_is_that_of_rfc_8785() {
        let v =
            parse_strict(br#" {"b":[1, 2],"a":"\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"\/","":null} "#)
                .unwrap();
        let text = String::from_utf8(canonical(&v).unwrap()).unwrap();
        // The string is the sample of RFC 8785 §3.2.2.
        assert_eq!(text, "{\"\":null,\"a\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\",\"b\":[1,2]}");
        assert_eq!(parse_strict(text.as_bytes()).unwrap(), v);
    }

    #[test]
    fn keys_that_sort_differently_elsewhere_are_refused() {
        assert!(canonical(&serde_json::json!({"é": 1})).is_err());
    }
}
