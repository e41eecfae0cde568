//! Scalars in the one form that Ion Hash knows: the shortest of Ion's binary form.

use super::IonError;
use super::Kind;
use super::Result;
use super::binary::Value;
use super::binary::magnitude;
use super::binary::var_int;
use super::binary::var_uint;

pub const NOT_UTF8: IonError = IonError::Malformed("a text is not UTF-8");

/// A moment, as precise as it was written. Fields are those of UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timestamp {
    /// Minutes east of Greenwich; `None`: unknown (`-00:00`, or only a date).
    pub offset: Option<i16>,
    pub year: u16,
    pub month: Option<u8>,
    pub day: Option<u8>,
    /// Hour and minute.
    pub time: Option<(u8, u8)>,
    pub second: Option<u8>,
    /// Digits after the point, and their value.
    pub fraction: Option<(u8, u128)>,
}

const BAD_TIME: IonError = IonError::Malformed("a timestamp is none");
const FINE_TIME: IonError =
    IonError::Unsupported("a timestamp has more than 38 digits after the point of its seconds");

pub fn days_of(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Timestamp {
    /// Whether each field is in its range.
    pub fn is_sound(&self) -> bool {
        let day = |day: u8| day >= 1 && day <= days_of(self.year, self.month.unwrap_or(1));
        (1..=9999).contains(&self.year)
            && self.month.is_none_or(|month| (1..=12).contains(&month))
            && self.day.is_none_or(day)
            && self.time.is_none_or(|(hour, minute)| hour < 24 && minute < 60)
            && self.second.is_none_or(|second| second < 60)
            && self.offset.is_none_or(|offset| offset.abs() < 24 * 60)
            && self.fraction.is_none_or(|(digits, value)| digits <= 38 && value < 10u128.pow(digits.into()))
    }

    pub fn read(body: &[u8]) -> Result<Self> {
        fn small(bytes: &mut &[u8]) -> Result<Option<u8>> {
            if bytes.is_empty() {
                return Ok(None);
            }
            u8::try_from(var_uint(bytes)?).map(Some).map_err(|_| BAD_TIME)
        }
        let rest = &mut { body };
        let (west, offset) = var_int(rest)?;
        let offset = i16::try_from(offset).map_err(|_| BAD_TIME)?;
        let offset = match (west, offset) {
            (true, 0) => None,
            (true, minutes) => Some(-minutes),
            (false, minutes) => Some(minutes),
        };
        let year = u16::try_from(var_uint(rest)?).map_err(|_| BAD_TIME)?;
        let (month, day) = (small(rest)?, small(rest)?);
        let time = match (small(rest)?, small(rest)?) {
            (Some(hour), Some(minute)) => Some((hour, minute)),
            (None, _) => None,
            (Some(_), None) => return Err(BAD_TIME),
        };
        let second = small(rest)?;
        let fraction = if rest.is_empty() { None } else { fraction(rest)? };
        // Of a date alone nobody can say where it was.
        let offset = offset.filter(|_| time.is_some());
        let read = Timestamp { offset, year, month, day, time, second, fraction };
        read.is_sound().then_some(read).ok_or(BAD_TIME)
    }

    /// The representation: fields as VarUInts, the fraction as a decimal.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self.offset {
            None => out.push(0xC0),
            Some(offset) => push_var_int(out, offset < 0, u64::from(offset.unsigned_abs())),
        }
        push_var_uint(out, u64::from(self.year));
        let time = self.time.map(|(hour, minute)| [hour, minute]);
        let fields = self.month.iter().chain(&self.day).chain(time.iter().flatten()).chain(&self.second);
        out.extend(fields.map(|field| field | 0x80)); // each is below 64
        if let Some((digits, value)) = self.fraction {
            push_var_int(out, true, u64::from(digits));
            push_int(out, false, magnitude(&value.to_be_bytes()));
        }
    }
}

/// `None`: zero without digits says nothing.
fn fraction(rest: &mut &[u8]) -> Result<Option<(u8, u128)>> {
    let (negative, exponent) = var_int(rest)?;
    let (below_zero, digits) = match rest.split_first() {
        None => (false, 0),
        Some((first, digits)) => {
            let digits = if first & 0x7F == 0 { magnitude(digits) } else { digits };
            if digits.len() > 15 {
                return Err(FINE_TIME);
            }
            let add = |n: u128, byte: &u8| n << 8 | u128::from(*byte);
            (first & 0x80 != 0, digits.iter().fold(u128::from(first & 0x7F), add))
        }
    };
    if digits == 0 && (!negative || exponent == 0) {
        return Ok(None);
    }
    if below_zero || !negative || exponent == 0 {
        return Err(BAD_TIME);
    }
    let exponent = u8::try_from(exponent).ok().filter(|exponent| *exponent <= 38);
    Ok(Some((exponent.ok_or(FINE_TIME)?, digits)))
}

pub fn push_var_uint(out: &mut Vec<u8>, n: u64) {
    let bits = 64 - (n | 1).leading_zeros();
    for group in (1..bits.div_ceil(7)).rev() {
        out.push((n >> (7 * group)) as u8 & 0x7F);
    }
    out.push(n as u8 | 0x80);
}

pub fn push_var_int(out: &mut Vec<u8>, negative: bool, n: u64) {
    let sign = u8::from(negative) << 6;
    let bits = 64 - (n | 1).leading_zeros();
    let more = (bits + 1).div_ceil(7) - 1;
    if more == 0 {
        return out.push(n as u8 | sign | 0x80);
    }
    out.push((n >> (7 * more)) as u8 | sign);
    for group in (1..more).rev() {
        out.push((n >> (7 * group)) as u8 & 0x7F);
    }
    out.push(n as u8 | 0x80);
}

/// A sign bit, then the magnitude (no zeros in front); nothing for zero that is not negative.
pub fn push_int(out: &mut Vec<u8>, negative: bool, magnitude: &[u8]) {
    let sign = u8::from(negative) << 7;
    match magnitude.split_first() {
        None if negative => out.push(sign),
        None => {}
        Some((first, _)) if first & 0x80 != 0 => {
            out.push(sign);
            out.extend_from_slice(magnitude);
        }
        Some((first, rest)) => {
            out.push(first | sign);
            out.extend_from_slice(rest);
        }
    }
}

/// The representation of a decimal: exponent and coefficient; nothing for `0d0`.
fn decimal(out: &mut Vec<u8>, mut body: &[u8]) -> Result<()> {
    if body.is_empty() {
        return Ok(());
    }
    let (negative, exponent) = var_int(&mut body)?;
    let (minus, empty) = match body.split_first() {
        None => (false, true),
        Some((first, rest)) => (first & 0x80 != 0, first & 0x7F == 0 && magnitude(rest).is_empty()),
    };
    if exponent == 0 && empty && !minus {
        return Ok(());
    }
    push_var_int(out, negative && exponent != 0, exponent);
    match body.split_first() {
        Some((first, rest)) if first & 0x7F == 0 => push_int(out, minus, magnitude(rest)),
        // No zeros in front: it is as short as it can be.
        _ => out.extend_from_slice(body),
    }
    Ok(())
}

/// Big-endian IEEE 754 of 64 bits; nothing for positive zero, and one spelling of not-a-number.
fn float(out: &mut Vec<u8>, body: &[u8]) {
    let value = match body {
        [] => 0.0,
        [a, b, c, d] => f64::from(f32::from_be_bytes([*a, *b, *c, *d])),
        _ => f64::from_be_bytes(body.try_into().unwrap_or_default()),
    };
    let bits = if value.is_nan() { 0x7FF8_0000_0000_0000 } else { value.to_bits() };
    if bits != 0 {
        out.extend(bits.to_be_bytes());
    }
}

/// The representation of a number or timestamp that is not null.
pub fn represent(value: &Value<'_>, out: &mut Vec<u8>) -> Result<()> {
    match value.kind {
        Kind::Float => float(out, value.body),
        Kind::Decimal => decimal(out, value.body)?,
        Kind::Timestamp => Timestamp::read(value.body)?.write(out),
        _ => {
            let digits = magnitude(value.body);
            if digits.is_empty() && value.code == 3 {
                return Err(IonError::Malformed("an integer is minus zero"));
            }
            out.extend_from_slice(digits);
        }
    }
    Ok(())
}
