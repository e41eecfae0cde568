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
        "csv" if what == "metrics" => last_values(text).map_err(bad)?,
        _ => return Err(bad("its name ends neither with .json nor .yaml, .yml or .toml".into())),
    };
    let Tree::Map(items) = &tree else { return Err(bad("it does not hold names and values".into())) };
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    flatten("", &tree, &mut out);
    // By name, because not every format keeps the order of the file.
    out.sort();
    if let Some(pair) = out.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(bad(format!("the name {:?} stands there twice", pair[0].0)));
    }
    Ok(out)
}

/// What training loops write line by line: the first line names the columns, and the last value of each counts.
fn last_values(text: &str) -> std::result::Result<Tree, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let names = reader.headers().map_err(|e| e.to_string())?.clone();
    let mut last: Vec<Option<String>> = vec![None; names.len()];
    for row in reader.records() {
        for (value, last) in row.map_err(|e| e.to_string())?.iter().zip(&mut last) {
            if !value.is_empty() {
                *last = Some(
                    value
                        .parse::<f64>()
                        .map_or_else(|_| value.to_owned(), |number| decimal_of(value, number)),
                );
            }
        }
    }
    let values =
        names.iter().zip(last).filter_map(|(name, value)| Some((name.to_owned(), Tree::Scalar(value?))));
    Ok(Tree::Map(values.collect()))
}

/// A value under a name, flat as in [`read_pairs`].
pub fn pairs_of(name: &str, value: serde_json::Value) -> Vec<(String, String)> {
    let mut out = Vec::new();
    if let Ok(tree) = Tree::deserialize(value) {
        flatten(name, &tree, &mut out);
    }
    out
}

/// Decimal text of a number, or of what Python writes for what is none; `None` for anything else.
pub fn decimal_text(text: &str) -> Option<String> {
    Some(decimal_of(text, text.parse().ok()?))
}

/// Whole numbers stay as they are, however long.
fn decimal_of(text: &str, number: f64) -> String {
    if text.parse::<i128>().is_ok() { text.to_owned() } else { decimal(number) }
}

/// The file with other values for some of its parameters; everything else says what it said. A name that is not there
/// already is refused: it would be a slip of the pen more often than not.
pub fn with_values(path: &Path, bytes: &[u8], values: &[(String, String)]) -> Result<Vec<u8>> {
    let bad = |why: String| AppError::RunFile { what: "parameters", path: path.to_owned(), why };
    let before = read_pairs("parameters", path, bytes)?;
    for (name, _) in values {
        if !before.iter().any(|(known, _)| known == name) {
            return Err(bad(format!("it has no parameter {name:?}")));
        }
    }
    let text = std::str::from_utf8(bytes).map_err(|_| bad("it is not UTF-8".into()))?;
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    let cannot = || bad("its values cannot be changed by -S".into());
    let written = match extension.as_str() {
        "json" => {
            let mut document: serde_json::Value =
                serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
            for (name, value) in values {
                *json_at(&mut document, name).ok_or_else(cannot)? =
                    serde_json::from_str(value).unwrap_or_else(|_| value.as_str().into());
            }
            format!("{document:#}\n")
        }
        "toml" => {
            let mut document: toml_edit::DocumentMut =
                text.parse().map_err(|e: toml_edit::TomlError| bad(e.to_string()))?;
            for (name, value) in values {
                let value = value.parse().unwrap_or_else(|_| toml_edit::Value::from(value.as_str()));
                *toml_at(document.as_item_mut(), name).ok_or_else(cannot)? = toml_edit::Item::Value(value);
            }
            document.to_string()
        }
        _ => {
            let document: yaml_edit::Document =
                text.parse().map_err(|e: yaml_edit::YamlError| bad(e.to_string()))?;
            for (name, value) in values {
                let mapping = document.as_mapping().ok_or_else(cannot)?;
                if !set_yaml(&mapping, name, value) {
                    return Err(cannot());
                }
            }
            document.to_string()
        }
    };
    // Whatever the editor did: only these values may be others.
    let after = read_pairs("parameters", path, written.as_bytes())?;
    let others = |pairs: &[(String, String)]| -> Vec<(String, String)> {
        pairs.iter().filter(|(name, _)| !values.iter().any(|(set, _)| set == name)).cloned().collect()
    };
    if others(&after) != others(&before) || after.len() != before.len() {
        return Err(cannot());
    }
    Ok(written.into_bytes())
}

/// A name may hold dots itself, or be a path of names.
fn json_at<'v>(value: &'v mut serde_json::Value, name: &str) -> Option<&'v mut serde_json::Value> {
    if value.get(name).is_some() {
        return value.get_mut(name);
    }
    let (first, rest) = name.split_once('.')?;
    json_at(value.get_mut(first)?, rest)
}

fn toml_at<'i>(item: &'i mut toml_edit::Item, name: &str) -> Option<&'i mut toml_edit::Item> {
    if item.get(name).is_some() {
        return item.get_mut(name);
    }
    let (first, rest) = name.split_once('.')?;
    toml_at(item.get_mut(first)?, rest)
}

fn set_yaml(mapping: &yaml_edit::Mapping, name: &str, value: &str) -> bool {
    if mapping.get(name).is_some() {
        // As YAML reads it: a number stays a number.
        let parsed = value.parse::<yaml_edit::Document>().ok();
        let node = parsed.as_ref().and_then(|document| document.as_scalar());
        match node {
            Some(scalar) => mapping.set(name, yaml_edit::YamlNode::Scalar(scalar)),
            None => mapping.set(name, value),
        };
        return true;
    }
    let Some((first, rest)) = name.split_once('.') else { return false };
    mapping.get_mapping(first).is_some_and(|below| set_yaml(&below, rest, value))
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
    fn the_last_value_of_each_column_counts() {
        let csv = "epoch,loss,val_acc\n0,0.5,\n1,2.5e-1,0.9\n2,0.125,\n";
        assert_eq!(pairs("m.csv", csv), want(&[("epoch", "2"), ("loss", "0.125"), ("val_acc", "0.9")]));
        assert_eq!(pairs("m.csv", "a, b\n"), want(&[]));
        assert_eq!(pairs("m.json", "{}"), want(&[]));
        assert!(read_pairs("parameters", Path::new("p.csv"), b"a\n1\n").is_err());
    }

    fn set(name: &str, text: &str, values: &[(&str, &str)]) -> Result<String> {
        with_values(Path::new(name), text.as_bytes(), &want(values))
            .map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn values_are_set_and_all_else_stays() {
        let yaml =
            "# rates\nlr: 0.1  # slow\nopt:\n  name: adam\n  betas: [0.9, 0.99]\nwhen: 2020-01-01\na.b: 1\n";
        let changed = set("p.yaml", yaml, &[("lr", "1e-3"), ("opt.name", "sgd"), ("a.b", "2")]).unwrap();
        for (kept, line) in
            [("lr: 1e-3", "lr"), ("  name: sgd", "name"), ("a.b: 2", "a.b"), ("when: 2020-01-01", "when")]
        {
            assert!(changed.lines().any(|l| l.starts_with(kept)), "{line}: {changed}");
        }
        assert!(changed.contains("# rates") && changed.contains("betas: [0.9, 0.99]"), "{changed}");
        let toml = "# rates\nlr = 0.1\n[opt]\nname = \"adam\"\n";
        let changed = set("p.toml", toml, &[("lr", "0.5"), ("opt.name", "sgd")]).unwrap();
        assert_eq!(changed, "# rates\nlr = 0.5\n[opt]\nname = \"sgd\"\n");
        let json = r#"{"lr": 0.1, "opt": {"name": "adam", "n": 3}, "flag": true}"#;
        let changed = set("p.json", json, &[("lr", "1e-7"), ("opt.name", "sgd"), ("flag", "false")]).unwrap();
        let expected = want(&[("flag", "false"), ("lr", "1e-7"), ("opt.n", "3"), ("opt.name", "sgd")]);
        assert_eq!(read_pairs("parameters", Path::new("p.json"), changed.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn what_is_not_there_is_not_set() {
        for (name, text) in [("p.yaml", "lr: 1\n"), ("p.toml", "lr = 1\n"), ("p.json", "{\"lr\": 1}")] {
            assert!(set(name, text, &[("lrr", "2")]).is_err(), "{name}");
            assert!(set(name, text, &[("lr.x", "2")]).is_err(), "{name}");
        }
        // A map is no value.
        assert!(set("p.yaml", "opt:\n  lr: 1\n", &[("opt", "2")]).is_err());
    }

    #[test]
    fn what_is_no_table_of_names_is_refused() {
        for (name, text) in [
            ("m.json", "[1]"),
            ("m.json", "{"),
            ("m.txt", "a,b"),
            ("m.csv", "a,b\n1\n"),
            ("m.csv", "a,a\n1,2\n"),
            ("m.json", r#"{"a":1,"a":2}"#),
            ("m.json", r#"{"a.b":1,"a":{"b":2}}"#),
        ] {
            assert!(read_pairs("metrics", Path::new(name), text.as_bytes()).is_err(), "{text}");
        }
    }
}
