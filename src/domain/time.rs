//! A moment as the record writes it. A local clock is a claim; order comes from the log.

use crate::domain::ParseError;
use std::fmt;
use std::str::FromStr;

/// RFC 3339, UTC, exactly six digits of a second: `2026-11-20T04:56:26.123456Z`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(transparent)]
pub struct Timestamp(String);

impl Timestamp {
    /// `micros`: microseconds since the Unix epoch.
    pub fn from_unix_micros(micros: i64) -> Self {
        let moment = jiff::Timestamp::from_microsecond(micros).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Timestamp(format!("{moment:.6}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `2026-11-20 04:56:26`, for tables.
    pub fn to_seconds(&self) -> String {
        self.0[..19].replace('T', " ")
    }

    /// Microseconds since the Unix epoch.
    pub fn unix_micros(&self) -> i64 {
        self.0.parse::<jiff::Timestamp>().map_or(0, |t| t.as_microsecond())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = |why: &str| ParseError::new("time", why, text);
        let moment: jiff::Timestamp = text.parse().map_err(|_| bad("not RFC 3339"))?;
        let canonical = format!("{moment:.6}");
        if canonical != text {
            return Err(bad("not UTC with six digits of a second"));
        }
        Ok(Timestamp(canonical))
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_has_one_spelling() {
        let t = Timestamp::from_unix_micros(1_795_150_586_000_007);
        assert_eq!(t.as_str(), "2026-11-20T04:56:26.000007Z");
        assert_eq!(t.as_str().parse::<Timestamp>().unwrap(), t);
        assert_eq!(t.unix_micros(), 1_795_150_586_000_007);
        assert!("2026-11-20T04:56:26Z".parse::<Timestamp>().is_err());
        assert!("2026-11-20T05:56:26.000007+01:00".parse::<Timestamp>().is_err());
    }
}
