//! `--where`: conditions on the facts of a run, joined by `and`.

use crate::domain::ParseError;
use crate::domain::comparison::Relation;
use crate::domain::comparison::SIGNS;
use crate::domain::comparison::number;
use std::str::FromStr;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    pub field: String,
    relation: Relation,
    pub value: String,
}

/// All of its conditions must hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    conditions: Vec<Condition>,
}

impl Condition {
    /// The number that values are compared with.
    pub fn number(&self) -> Option<f64> {
        number(&self.value)
    }

    /// Whether few runs can be expected to meet it: some value is asked for, not any other than one.
    pub fn selects(&self) -> bool {
        self.relation != Relation::Unequal
    }

    /// Whether a number meets it.
    pub fn holds_for(&self, found: f64) -> bool {
        self.number().is_some_and(|value| self.relation.holds(found, value))
    }

    fn holds(&self, found: &str) -> bool {
        match (number(found).zip(number(&self.value)), self.relation) {
            (Some((found, value)), relation) => relation.holds(found, value),
            (None, Relation::Equal) => found == self.value,
            (None, Relation::Unequal) => found != self.value,
            // Text has no order that somebody could mean.
            (None, _) => false,
        }
    }
}

impl Filter {
    /// `value` gives a field's value; one that a run does not have meets no condition.
    pub fn matches<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> bool {
        self.conditions.iter().all(|c| value(&c.field).is_some_and(|found| c.holds(found)))
    }

    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.conditions.iter().map(|c| c.field.as_str())
    }
}

/// Words and signs; what stands between quotes is one word.
fn words(text: &str) -> Result<Vec<String>, ParseError> {
    let bad = |why: &str| ParseError::new("--where", why, text);
    let mut out = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if first == '\'' || first == '"' {
            let end = rest[1..].find(first).ok_or_else(|| bad("has a quote without its end"))?;
            out.push(rest[1..=end].to_owned());
            rest = &rest[end + 2..];
        } else if let Some((sign, _)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            out.push((*sign).to_owned());
            rest = &rest[sign.len()..];
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || "<>=!'\"".contains(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(bad("is not FIELD = VALUE"));
            }
            out.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(out)
}

impl FromStr for Filter {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bad = |why: &str| ParseError::new("--where", why, text);
        let words = words(text)?;
        let mut conditions = Vec::new();
        for condition in words.split(|word| word.eq_ignore_ascii_case("and")) {
            let [field, sign, value] = condition else {
                return Err(bad("is not FIELD = VALUE, or several of them with `and` between"));
            };
            let relation = SIGNS.iter().find(|(known, _)| known == sign);
            let (_, relation) =
                relation.ok_or_else(|| bad("has no = != > >= < <= between field and value"))?;
            check_field(field).map_err(|why| bad(&why))?;
            conditions.push(Condition { field: field.clone(), relation: *relation, value: value.clone() });
        }
        Ok(Filter { conditions })
    }
}

/// Fields of a run by themselves.
pub const FIELDS: [&str; 5] = ["status", "name", "sweep", "commit", "time"];

/// A field that `--where` and `--sort` know.
pub fn check_field(field: &str) -> Result<(), String> {
    let below =
        ["metrics.", "params."].iter().any(|prefix| field.len() > prefix.len() && field.starts_with(prefix));
    match below || FIELDS.contains(&field) {
        true => Ok(()),
        false => Err(format!(
            "knows no field {field:?}; there are metrics.NAME, params.NAME, {}",
            FIELDS.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(filter: &str) -> bool {
        let filter: Filter = filter.parse().unwrap();
        filter.matches(|field| match field {
            "metrics.acc" => Some("0.93"),
            "params.lr" => Some("1e-2"),
            "params.opt.name" => Some("adam w"),
            "metrics.nan" => Some("NaN"),
            "status" => Some("COMPLETE"),
            _ => None,
        })
    }

    #[test]
    fn conditions_hold_or_not() {
        assert!(matches("metrics.acc > 0.9 and params.lr = 0.01"));
        assert!(matches("metrics.acc>=0.93 AND status==COMPLETE"));
        assert!(matches("params.opt.name = 'adam w'") && !matches("params.opt.name = adam"));
        assert!(!matches("metrics.acc < 0.9") && !matches("metrics.acc != 0.930"));
        assert!(matches("status != FAIL") && !matches("name != x"), "what is not there meets nothing");
        assert!(!matches("metrics.nan > 0") && !matches("metrics.nan < 0") && matches("metrics.nan = NaN"));
        assert!(!matches("status > A"), "text has no order");
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for bad in [
            "",
            "acc > 1",
            "metrics.acc",
            "metrics.acc > ",
            "metrics.acc > 1 or status = FAIL",
            "metrics. = 1",
            "status = 'x",
            "metrics.acc >> 1",
        ] {
            assert!(bad.parse::<Filter>().is_err(), "{bad}");
        }
    }
}
