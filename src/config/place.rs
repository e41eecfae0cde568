//! `s3://bucket/prefix`

use crate::domain::ParseError;
use serde::Deserialize;
use serde::Deserializer;
use std::fmt;
use std::str::FromStr;

/// A bucket, and what the names of all objects in it begin with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct S3Place {
    pub bucket: String,
    /// Empty, or with a `/` at its end.
    pub prefix: String,
}

impl FromStr for S3Place {
    type Err = ParseError;

    /// Bucket names by the rules of Amazon S3 ("General purpose bucket naming rules"); prefixes of printable ASCII without
    /// empty, `.` or `..` parts.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = |why: &str| ParseError::new("S3 URL", why, text);
        let rest = text.strip_prefix("s3://").ok_or_else(|| bad("does not begin with s3://"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let whole = (3..=63).contains(&bucket.len())
            && bucket.chars().all(|c| plain(c) || c == '-' || c == '.')
            && bucket.starts_with(plain)
            && bucket.ends_with(plain)
            && !bucket.contains("..");
        if !whole {
            return Err(bad("names no bucket"));
        }
        let prefix = prefix.trim_end_matches('/');
        let part = |part: &str| {
            !matches!(part, "" | "." | "..")
                && part.chars().all(|c| c.is_ascii_graphic() && !"\\\"'<>^`{|}%#~[]".contains(c))
        };
        if !prefix.is_empty() && !prefix.split('/').all(part) {
            return Err(bad("has a prefix that is no path"));
        }
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Ok(S3Place { bucket: bucket.to_owned(), prefix })
    }
}

impl fmt::Display for S3Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)
    }
}

impl<'de> Deserialize<'de> for S3Place {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_read_back() {
        for (text, shown) in [
            ("s3://abc", "s3://abc/"),
            ("s3://a-b.c/team/x/", "s3://a-b.c/team/x/"),
            ("s3://abc/t", "s3://abc/t/"),
        ] {
            let place: S3Place = text.parse().unwrap();
            assert_eq!(place.to_string(), shown);
            assert_eq!(shown.parse::<S3Place>().unwrap(), place);
        }
        for bad in [
            "abc",
            "s3://",
            "s3://ab",
            "s3://Abc",
            "s3://-abc",
            "s3://a..b",
            "s3://abc//x",
            "s3://abc/../x",
            "s3://abc/a b",
            "s3://abc/\"",
        ] {
            assert!(bad.parse::<S3Place>().is_err(), "{bad}");
        }
    }
}
