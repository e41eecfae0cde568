//! How an export lies in its bucket: `<prefix>yyyy/mm/dd/hh/<strand>.<first>-<last>.ion`, and two manifests beside.
//!
//! Source: AWS's guide, "Journal export output in QLDB".

use super::ion::binary::Value;
use super::ion::stream::Stream;
use super::ion::stream::StreamError;
use std::io::Read;

/// What the name of a data object says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataName {
    pub strand: String,
    pub first: u64,
    pub last: u64,
}

impl DataName {
    /// Of the last part of a path or key; `None`: it is not so named.
    pub fn parse(name: &str) -> Option<Self> {
        let (strand, range) = name.strip_suffix(".ion")?.split_once('.')?;
        let (first, last) = range.split_once('-')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        };
        let named = DataName { strand: strand.to_owned(), first: number(first)?, last: number(last)? };
        (named.first <= named.last && !named.strand.is_empty()).then_some(named)
    }
}

/// What a file of an export is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Role {
    Data(DataName),
    /// Data whose name says nothing of what it holds.
    UnnamedData,
    /// Written when the export was asked for.
    Started,
    /// Written when all data was.
    Completed,
    /// Data of an export to JSON.
    Json,
    Other,
}

pub fn role(name: &str) -> Role {
    match name {
        _ if name.ends_with(".started.manifest") => Role::Started,
        _ if name.ends_with(".completed.manifest") => Role::Completed,
        _ if name.ends_with(".json") => Role::Json,
        _ if name.ends_with(".ion") => DataName::parse(name).map_or(Role::UnnamedData, Role::Data),
        _ => Role::Other,
    }
}

/// What a manifest says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Manifest {
    /// In the order of their blocks; of a completed one.
    pub keys: Vec<String>,
    /// `ION_TEXT`, `ION_BINARY` or `JSON`; of one that was started, if the exporter wrote it.
    pub output_format: Option<String>,
}

/// Why a manifest cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error("it is no struct with the fields of a manifest")]
    Fields,
}

/// Ion text or binary (or JSON, which is Ion text as well).
pub fn manifest(source: impl Read) -> Result<Manifest, ManifestError> {
    let mut stream = Stream::new(source);
    if !stream.advance()? {
        return Err(ManifestError::Fields);
    }
    let value = stream.value()?;
    let mut read = Manifest::default();
    let ion = |error| StreamError::Ion { at: 0, error };
    for field in value.fields().ok_or(ManifestError::Fields)? {
        let (name, value) = field.map_err(ion)?;
        match stream.symbols().text(name).map_err(ion)? {
            Some("keys") => {
                let text = |item: Result<Value<'_>, _>| {
                    item.map_err(ion)?.text().map(str::to_owned).ok_or(ManifestError::Fields)
                };
                let keys = value.list().ok_or(ManifestError::Fields)?.map(text);
                read.keys = keys.collect::<Result<_, _>>()?;
            }
            Some("outputFormat") => read.output_format = value.text().map(str::to_owned),
            _ => {}
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_in_them() {
        let named = DataName { strand: "JdxjkR9bSYB5jMHWcI464T".into(), first: 1, last: 4 };
        assert_eq!(DataName::parse("JdxjkR9bSYB5jMHWcI464T.1-4.ion"), Some(named.clone()));
        assert_eq!(role("JdxjkR9bSYB5jMHWcI464T.1-4.ion"), Role::Data(named));
        for bad in ["a.4-1.ion", "a.1-4.json", "a.1.ion", ".1-2.ion", "a.-1-2.ion", "a.+1-2.ion", "a.1-.ion"]
        {
            assert_eq!(DataName::parse(bad), None, "{bad}");
        }
        assert_eq!(role("x.ion"), Role::UnnamedData);
        assert_eq!(role("8UyXulxccYLAsbN1aon7e4.started.manifest"), Role::Started);
        assert_eq!(role("8UyXulxccYLAsbN1aon7e4.JdxjkR9bSYB5jMHWcI464T.completed.manifest"), Role::Completed);
    }

    #[test]
    fn manifests_are_read() {
        let text = "{keys:[\"a/2019/04/15/22/S.1-4.ion\",'''b''' '''c''',]}";
        let read = manifest(text.as_bytes()).unwrap();
        assert_eq!(read.keys, ["a/2019/04/15/22/S.1-4.ion", "bc"]);
        let read = manifest(&b"{ledgerName:\"l\",outputFormat:\"JSON\"}"[..]).unwrap();
        assert_eq!(read.output_format.as_deref(), Some("JSON"));
        for bad in ["", "[]", "{keys:1}", "{keys:[1]}", "{keys:["] {
            assert!(manifest(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
