//! What a metric must reach: declared before a run begins, judged when it has ended.

use crate::domain::ParseError;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use std::fmt;
use std::str::FromStr;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Relation {
    AtLeast,
    AtMost,
    Above,
    Below,
    Equal,
    Unequal,
}

/// Longer ones first: `>=` begins with `>`.
const SIGNS: [(&str, Relation); 6] = [
    (">=", Relation::AtLeast),
    ("<=", Relation::AtMost),
    ("==", Relation::Equal),
    ("!=", Relation::Unequal),
    (">", Relation::Above),
    ("<", Relation::Below),
];

/// `metric RELATION number`, as in `acc >= 0.9`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    pub metric: String,
    relation: Relation,
    /// Decimal text, as it was written.
    threshold: String,
}

impl Requirement {
    /// Whether a value (decimal text) meets it. What is no number meets nothing, and neither does NaN.
    pub fn is_met_by(&self, value: &str) -> bool {
        let number = |text: &str| match text {
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            text => text.parse::<f64>().ok().filter(|n| !n.is_nan()),
        };
        let (Some(value), Some(threshold)) = (number(value), number(&self.threshold)) else { return false };
        match self.relation {
            Relation::AtLeast => value >= threshold,
            Relation::AtMost => value <= threshold,
            Relation::Above => value > threshold,
            Relation::Below => value < threshold,
            Relation::Equal => value == threshold,
            Relation::Unequal => value != threshold,
        }
    }
}

impl FromStr for Requirement {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = |why: &str| ParseError::new("requirement", why, text);
        let found = SIGNS.iter().filter_map(|(sign, relation)| Some((text.find(sign)?, sign, *relation)));
        // The first sign, and at one place the longer one.
        let (at, sign, relation) = found
            .min_by_key(|(at, sign, _)| (*at, 9 - sign.len()))
            .ok_or_else(|| bad("is not METRIC >= NUMBER"))?;
        let (metric, threshold) = (text[..at].trim(), text[at + sign.len()..].trim());
        if metric.is_empty() || !threshold.parse::<f64>().is_ok_and(f64::is_finite) {
            return Err(bad("is not METRIC >= NUMBER"));
        }
        Ok(Requirement { metric: metric.to_owned(), relation, threshold: threshold.to_owned() })
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = SIGNS.iter().find(|(_, relation)| *relation == self.relation).map_or("", |(sign, _)| sign);
        write!(f, "{} {sign} {}", self.metric, self.threshold)
    }
}

impl Serialize for Requirement {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Requirement {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_met_and_what_is_not() {
        let met = |text: &str, value: &str| text.parse::<Requirement>().unwrap().is_met_by(value);
        assert!(met("acc >= 0.9", "0.9") && met("acc>=0.9", "1") && !met("acc >= 0.9", "0.8999"));
        assert!(met("loss < 0.1", "1e-7") && !met("loss < 0.1", "0.1") && met("loss <= 0.1", "0.1"));
        assert!(met("n == 3", "3") && met("n != 3", "4") && !met("n != 3", "NaN"));
        assert!(met("x > -1", "Infinity") && !met("x > -1", "-Infinity") && !met("x > -1", "many"));
        assert_eq!("a.b  >=  1e3".parse::<Requirement>().unwrap().to_string(), "a.b >= 1e3");
        for bad in ["acc", ">= 1", "acc >=", "acc >= high", "acc = 1", "acc >= NaN"] {
            assert!(bad.parse::<Requirement>().is_err(), "{bad}");
        }
    }
}
