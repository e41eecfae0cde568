//! What an expression comes to, and how two of them compare.

use ion_rs::Decimal;
use ion_rs::Element;
use ion_rs::IonType;
use ion_rs::Value as Ion;
use std::borrow::Cow;
use std::cmp::Ordering;

/// A value, or that there is none (PartiQL's MISSING).
pub type Maybe<'a> = Option<Cow<'a, Element>>;

/// Whether two values are the same to `=`; `None`: one of them is null. Numbers by what they are worth, texts by their
/// characters, whatever they are annotated with; of the same kind otherwise.
pub fn equal(a: &Element, b: &Element) -> Option<bool> {
    if a.is_null() || b.is_null() {
        return None;
    }
    Some(match (a.value(), b.value()) {
        (Ion::Float(x), Ion::Float(y)) => x == y || x.is_nan() && y.is_nan(),
        (Ion::Symbol(x), Ion::Symbol(y)) => x.text() == y.text(),
        (Ion::Struct(x), Ion::Struct(y)) => x == y,
        (Ion::List(_), Ion::List(_)) | (Ion::SExp(_), Ion::SExp(_)) => {
            let (x, y) = (a.as_sequence(), b.as_sequence());
            let all = |(x, y): (&Element, &Element)| x == y || equal(x, y) == Some(true);
            x.zip(y).is_some_and(|(x, y)| x.len() == y.len() && x.iter().zip(y.iter()).all(all))
        }
        _ => match order(a, b) {
            Some(order) => order == Ordering::Equal,
            None => a.value() == b.value(),
        },
    })
}

/// Which comes first; `None`: they cannot be compared.
pub fn order(a: &Element, b: &Element) -> Option<Ordering> {
    match (a.value(), b.value()) {
        (Ion::Float(x), Ion::Float(y)) => x.partial_cmp(y),
        (Ion::Timestamp(x), Ion::Timestamp(y)) => Some(x.cmp(y)),
        (Ion::Bool(x), Ion::Bool(y)) => Some(x.cmp(y)),
        (Ion::String(x), Ion::String(y)) => Some(x.text().cmp(y.text())),
        (Ion::Symbol(x), Ion::Symbol(y)) => Some(x.text()?.cmp(y.text()?)),
        (Ion::Float(_), _) | (_, Ion::Float(_)) => {
            let (x, y) = (exact(a)?, exact(b)?);
            Some(x.cmp(&y))
        }
        _ => Some(exact(a)?.cmp(&exact(b)?)),
    }
}

/// A number as a decimal; `None`: it is none, or not finite.
fn exact(value: &Element) -> Option<Decimal> {
    match value.value() {
        Ion::Int(int) => Some(Decimal::from(int.clone())),
        Ion::Decimal(decimal) => Some(decimal.clone()),
        Ion::Float(float) => Decimal::try_from(*float).ok(),
        _ => None,
    }
}

/// A key by which equal values are found: the same for values that [`equal`] takes for the same.
pub fn key(value: &Element) -> Option<String> {
    if value.is_null() {
        return None;
    }
    Some(match value.value() {
        Ion::Int(_) | Ion::Decimal(_) => number_key(&exact(value)?),
        Ion::Float(float) => match Decimal::try_from(*float) {
            Ok(decimal) => number_key(&decimal),
            Err(_) => format!("f{float}"),
        },
        Ion::String(text) => format!("s{}", text.text()),
        Ion::Symbol(symbol) => format!("y{}", symbol.text()?),
        Ion::Bool(is) => format!("b{is}"),
        // Others are few, and compared one by one.
        _ => format!("t{:?}", value.ion_type()),
    })
}

/// Digits without zeros at their end, and the exponent.
fn number_key(decimal: &Decimal) -> String {
    if decimal.is_zero() {
        return "n0".to_owned();
    }
    let coefficient = decimal.coefficient().to_string();
    let trimmed = coefficient.trim_end_matches('0');
    let zeros = (coefficient.len() - trimmed.len()) as i64;
    format!("n{trimmed}e{}", decimal.exponent() + zeros)
}

/// What is not there, or is null.
pub fn is_null(value: &Maybe<'_>) -> bool {
    value.as_ref().is_none_or(|value| value.is_null())
}

/// As a condition: what is no truth value is unknown.
pub fn truth(value: &Maybe<'_>) -> Option<bool> {
    value.as_ref().and_then(|value| value.as_bool())
}

/// Back from one: unknown is null.
pub fn of_truth<'a>(truth: Option<bool>) -> Maybe<'a> {
    Some(Cow::Owned(match truth {
        Some(is) => Element::from(is),
        None => Element::null(IonType::Bool),
    }))
}
