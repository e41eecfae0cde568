//! What a metric must reach: declared before a run begins, judged when it has ended.

use crate::domain::ParseError;
use crate::domain::comparison::Relation;
use crate::domain::comparison::SIGNS;
use crate::domain::comparison::number;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use std::fmt;
use std::str::FromStr;

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
        let numbers = number(value).zip(number(&self.threshold));
        numbers.is_some_and(|(value, threshold)| self.relation.holds(value, threshold))
    }

    /// Judges all values of its metric: one that meets it, else the one that does not, if there is any at all.
    pub fn judge<'v>(
        &self,
        values: impl Iterator<Item = (&'v str, &'v str)>,
    ) -> Result<&'v str, Option<&'v str>> {
        let mut met = Err(None);
        for (_, value) in values.filter(|(name, _)| *name == self.metric) {
            match self.is_met_by(value) {
                true => met = Ok(value),
                false => return Err(Some(value)),
            }
        }
        met
    }
}

impl FromStr for Requirement {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = |why: &str| ParseError::new("requirement", why, text);
        // One `=` would look like a value that is set.
        let signs = SIGNS.iter().filter(|(sign, _)| *sign != "=");
        let found = signs.filter_map(|(sign, relation)| Some((text.find(sign)?, sign, *relation)));
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
        write!(f, "{} {} {}", self.metric, self.relation.sign(), self.threshold)
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
        let need: Requirement = "acc >= 0.9".parse().unwrap();
        let judge = |values: &[&'static str]| need.judge(values.iter().map(|value| ("acc", *value)));
        assert_eq!((judge(&["0.95"]), judge(&["0.95", "0.5"])), (Ok("0.95"), Err(Some("0.5"))));
        assert_eq!((judge(&[]), need.judge([("loss", "1")].into_iter())), (Err(None), Err(None)));
        assert_eq!("a.b  >=  1e3".parse::<Requirement>().unwrap().to_string(), "a.b >= 1e3");
        for bad in ["acc", ">= 1", "acc >=", "acc >= high", "acc = 1", "acc >= NaN"] {
            assert!(bad.parse::<Requirement>().is_err(), "{bad}");
        }
    }
}
