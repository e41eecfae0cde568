//! Parameters and metrics out of the files that people keep them in.

use crate::app::AppError;
use crate::app::Result;
use serde::Deserialize;
use serde::de;
use std::fmt;
use std::path::Path;

/// Any document, with numbers as decimal text.
enum Tree {
    Scalar(String),
    /// A number, a boolean or null: stands without quotes in a list.
    Plain(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: de::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        d.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> de::Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a document")
    }
    fn visit_unit<E>(self) -> std::result::Result<Tree, E> {
        Ok(Tree::Plain("null".into()))
    }
    fn visit_none<E>(self) -> std::result::Result<Tree, E> {
        Ok(Tree::Plain("null".into()))
    }
    fn visit_some<D: de::Deserializer<'de>>(self, d: D) -> std::result::Result<Tree, D::Error> {
        Tree::deserialize(d)
    }
    fn visit_bool<E>(self, v: bool) -> std::result::Result<Tree, E> {
        Ok(Tree::Plain(v.to_string()))
    }
    fn visit_i64<E>(self, v: i64) -> std::result::Result<Tree, E> {
        Ok(Tree::Plain(v.to_string()))
    }
    fn visit_u64<E>(self, v: u64) -> std::result::Result<Tree, E> {
        Ok(Tree::Plain(v.to_string()))
    }
    fn visit_f64<E>(self, v: f64) -> std::result::Result<Tree, E> {
        Ok(Tree::Plain(decimal(v)))
    }
    fn visit_str<E>(self, v: &str) -> std::result::Result<Tree, E> {
        Ok(Tree::Scalar(v.to_owned()))
    }
    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Tree, A::Error> {
        let mut out = Vec::new();
        while let Some(item) = seq.next_element()? {
            out.push(item);
        }
        Ok(Tree::List(out))
    }
    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> std::result::Result<Tree, A::Error> {
        let mut out: Vec<(String, Tree)> = Vec::new();
        while let Some((Key(key), value)) = map.next_entry::<Key, Tree>()? {
            if out.iter().any(|(k, _)| *k == key) {
                return Err(de::Error::custom(format!("the key {key:?} stands there twice")));
            }
            out.push((key, value));
        }
        // TOML's date-times come as a map with one private key.
        if let [(key, Tree::Scalar(text))] = &out[..]
            && key.starts_with("$__toml_private")
        {
            return Ok(Tree::Scalar(text.clone()));
        }
        Ok(Tree::Map(out))
    }
}

/// YAML allows numbers and booleans as keys.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: de::Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        match Tree::deserialize(d)? {
            Tree::Scalar(text) | Tree::Plain(text) => Ok(Key(text)),
            _ => Err(de::Error::custom("a key that is not a scalar")),
        }
    }
}

/// Shortest decimal text that reads back as the same number.
pub fn decimal(v: f64) -> String {
    match v {
        v if v.is_nan() => "NaN".into(),
        v if v.is_infinite() => if v > 0.0 { "Infinity" } else { "-Infinity" }.into(),
        v => {
            let text = format!("{v:?}");
            text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
        }
    }
}

/// Reads a JSON, YAML or TOML file as (dotted name, value) pairs, sorted by name. Lists stay together as
/// JSON-like text.
pub fn read_pairs(what: &'static str, path: &Path, bytes: &[u8]) -> Result<Vec<(String, String)>> {
    let bad = |why: String| AppError::RunFile { what, path: path.to_owned(), why };
    let text = std::str::from_utf8(bytes).map_err(|_| bad("it is not UTF-8".into()))?;
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    let tree: Tree = match extension.as_str() {
        "json" => serde_json::from_str(&quote_special_numbers(text)).map_err(|e| bad(e.to_string()))?,
        "toml" => toml::from_str(text).map_err(|e| bad(e.message().to_owned()))?,
        "yaml" | "yml" => serde_saphyr::from_str(text).map_err(|e| bad(e.to_string()))?,
        _ => return Err(bad("its name ends neither with .json nor .yaml, .yml or .toml".into())),
    };
    let Tree::Map(_) = &tree else { return Err(bad("it does not hold names and values".into())) };
    let mut out = Vec::new();
    flatten("", &tree, &mut out);
    // By name, because not every format keeps the order of the file.
    out.sort();
    if let Some(pair) = out.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(bad(format!("the name {:?} stands there twice", pair[0].0)));
    }
    Ok(out)
}

fn flatten(name: &str, tree: &Tree, out: &mut Vec<(String, String)>) {
    match tree {
        Tree::Map(items) if !items.is_empty() => {
            for (key, value) in items {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                flatten(&name, value, out);
            }
        }
        Tree::Scalar(text) => out.push((name.to_owned(), text.clone())),
        other => out.push((name.to_owned(), json_of(other))),
    }
}

fn json_of(tree: &Tree) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    match tree {
        Tree::Plain(text) => text.clone(),
        Tree::Scalar(text) => quoted(text),
        Tree::List(items) => format!("[{}]", items.iter().map(json_of).collect::<Vec<_>>().join(",")),
        Tree::Map(items) => {
            let pairs = items.iter().map(|(k, v)| format!("{}:{}", quoted(k), json_of(v)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
        }
    }
}

/// Python writes NaN and Infinity into JSON as bare words, which JSON does not know.
fn quote_special_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c: char| {
                let stop = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                stop
            });
            let length = end.map_or(rest.len(), |e| e + 2);
            out.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        match ["NaN", "-Infinity", "Infinity"].iter().find(|word| rest.starts_with(**word)) {
            Some(word) => {
                out.push_str(&format!("\"{word}\""));
                rest = &rest[word.len()..];
            }
            None => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(name: &str, text: &str) -> Vec<(String, String)> {
        read_pairs("metrics", Path::new(name), text.as_bytes()).unwrap()
    }

    fn want(items: &[(&str, &str)]) -> Vec<(String, String)> {
        items.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn numbers_keep_their_shortest_form() {
        let json = r#"{"acc": 0.1, "n": 3, "tiny": 1e-7, "nan": NaN, "inf": [-Infinity, 1.0], "s": "a \" NaN", "b": {"c": true, "d": null}}"#;
        let expected = want(&[
            ("acc", "0.1"),
            ("b.c", "true"),
            ("b.d", "null"),
            ("inf", "[\"-Infinity\",1]"),
            ("n", "3"),
            ("nan", "NaN"),
            ("s", "a \" NaN"),
            ("tiny", "1e-7"),
        ]);
        assert_eq!(pairs("m.json", json), expected);
    }

    #[test]
    fn every_digit_is_kept_and_lists_are_json() {
        assert_eq!(pairs("m.json", r#"{"a": 0.9666666666666667}"#), want(&[("a", "0.9666666666666667")]));
        let json = r#"{"l": [{"a": "b"}, "c,d", 1, true, null], "e": {}, "n": []}"#;
        let list = r#"[{"a":"b"},"c,d",1,true,null]"#;
        assert_eq!(pairs("m.json", json), want(&[("e", "{}"), ("l", list), ("n", "[]")]));
    }

    #[test]
    fn yaml_and_toml_are_read_alike() {
        let expected = want(&[("layers", "[64,32]"), ("lr", "0.01"), ("opt.name", "adam")]);
        assert_eq!(pairs("p.yaml", "lr: 0.01\nlayers: [64, 32]\nopt:\n  name: adam\n"), expected);
        assert_eq!(pairs("p.toml", "lr = 0.01\nlayers = [64, 32]\n[opt]\nname = \"adam\"\n"), expected);
        assert_eq!(pairs("p.toml", "d = 2026-11-20\n"), want(&[("d", "2026-11-20")]));
    }

    #[test]
    fn what_is_no_table_of_names_is_refused() {
        for (name, text) in [
            ("m.json", "[1]"),
            ("m.json", "{"),
            ("m.csv", "a,b"),
            ("m.json", r#"{"a":1,"a":2}"#),
            ("m.json", r#"{"a.b":1,"a":{"b":2}}"#),
        ] {
            assert!(read_pairs("metrics", Path::new(name), text.as_bytes()).is_err(), "{text}");
        }
    }
}
