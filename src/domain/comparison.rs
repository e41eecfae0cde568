//! Comparing recorded values, which are decimal text.

use std::cmp::Ordering;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Relation {
    Equal,
    Unequal,
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// As people write them; longer ones first.
pub const SIGNS: [(&str, Relation); 7] = [
    (">=", Relation::AtLeast),
    ("<=", Relation::AtMost),
    ("!=", Relation::Unequal),
    ("==", Relation::Equal),
    ("=", Relation::Equal),
    (">", Relation::Above),
    ("<", Relation::Below),
];

impl Relation {
    pub fn sign(self) -> &'static str {
        SIGNS.iter().find(|(_, relation)| *relation == self).map_or("", |(sign, _)| sign)
    }

    pub fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Relation::Equal => a == b,
            Relation::Unequal => a != b,
            Relation::Above => a > b,
            Relation::AtLeast => a >= b,
            Relation::Below => a < b,
            Relation::AtMost => a <= b,
        }
    }
}

/// The number that a text means; none for NaN, which compares with nothing.
pub fn number(text: &str) -> Option<f64> {
    match text {
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        text => text.parse::<f64>().ok().filter(|n| !n.is_nan()),
    }
}

/// Numbers by their size, then everything else as text.
pub fn order(a: &str, b: &str) -> Ordering {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_numbers() {
        let mut values = ["10", "9", "x", "1e-3", "NaN", "-Infinity"];
        values.sort_by(|a, b| order(a, b));
        assert_eq!(values, ["-Infinity", "1e-3", "9", "10", "NaN", "x"]);
    }
}
