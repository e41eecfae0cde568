//! Integers, decimals, floats and timestamps of text. No digit is lost: they are hashed.

use crate::qldb::ion::IonError;
use crate::qldb::ion::Result;
use crate::qldb::ion::binary::magnitude;
use crate::qldb::ion::scalar::Timestamp;
use crate::qldb::ion::scalar::days_of;
use crate::qldb::ion::scalar::push_int;
use crate::qldb::ion::scalar::push_var_int;
use crate::qldb::ion::write::Writer;

/// The cost of turning them into bytes grows with their square.
const MAX_DIGITS: usize = 20_000;

const BAD: IonError = IonError::Malformed("a number is none");
const BAD_TIME: IonError = IonError::Malformed("a timestamp is none");

/// Bytes of the number or timestamp that is next.
pub fn length(text: &[u8]) -> usize {
    let sign = usize::from(text.first() == Some(&b'-'));
    let mut before = 0;
    let belongs = |byte: &&u8| {
        let sign = matches!(**byte, b'+' | b'-');
        // The sign of an exponent, and the dashes of a date or offset.
        let is = match sign {
            true => matches!(before, b'e' | b'E' | b'd' | b'D') || is_date(text) && **byte != before,
            false => {
                byte.is_ascii_alphanumeric()
                    || matches!(**byte, b'.' | b'_')
                    || **byte == b':' && is_date(text)
            }
        };
        before = **byte;
        is
    };
    sign + text[sign..].iter().take_while(belongs).count()
}

/// Four digits, then a dash or a T: no number is like that.
fn is_date(text: &[u8]) -> bool {
    let year = text.get(..4).is_some_and(|year| year.iter().all(u8::is_ascii_digit));
    year && matches!(text.get(4), Some(b'-' | b'T'))
}

/// Writes the value that `token` is.
pub fn write(token: &[u8], writer: &mut Writer, scratch: &mut Vec<u8>) -> Result<()> {
    scratch.clear();
    if is_date(token) {
        timestamp(token)?.write(scratch);
        writer.scalar(6, scratch);
        return Ok(());
    }
    let (negative, digits) = match token.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, token),
    };
    let based = match digits {
        [b'0', b'x' | b'X', rest @ ..] => Some((16, rest)),
        [b'0', b'b' | b'B', rest @ ..] => Some((2, rest)),
        _ => None,
    };
    if let Some((base, digits)) = based {
        return int(&bytes_of(&plain(digits, base)?, base)?, negative, writer);
    }
    let whole = digits.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count();
    let (whole, rest) = digits.split_at(whole);
    let whole = plain(whole, 10)?;
    if whole.len() > 1 && whole[0] == b'0' {
        return Err(IonError::Malformed("a number begins with zeros"));
    }
    if rest.is_empty() {
        return int(&bytes_of(&whole, 10)?, negative, writer);
    }
    let (part, rest) = match rest.strip_prefix(b".") {
        None => (Vec::new(), rest),
        Some(rest) => {
            let part = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count();
            let (part, rest) = rest.split_at(part);
            (if part.is_empty() { Vec::new() } else { plain(part, 10)? }, rest)
        }
    };
    match rest.split_first() {
        Some((b'e' | b'E', exponent)) => {
            self::exponent(exponent)?;
            let sign = if negative { "-" } else { "" };
            let text = [sign.as_bytes(), &whole, b".", &part, b"e", exponent].concat();
            let value: Option<f64> = std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok());
            writer.scalar(4, &value.ok_or(BAD)?.to_be_bytes());
        }
        Some((b'd' | b'D', exponent)) => {
            decimal(&whole, &part, self::exponent(exponent)?, negative, scratch)?;
            writer.scalar(5, scratch);
        }
        None => {
            decimal(&whole, &part, 0, negative, scratch)?;
            writer.scalar(5, scratch);
        }
        Some(_) => return Err(BAD),
    }
    Ok(())
}

/// Digits without the underscores between them.
fn plain(digits: &[u8], base: u32) -> Result<Vec<u8>> {
    if digits.len() > 2 * MAX_DIGITS {
        return Err(LONG);
    }
    let sound = |byte: u8| char::from(byte).is_digit(base);
    let apart = digits.split(|byte| *byte == b'_');
    if digits.is_empty() || apart.clone().any(|some| some.is_empty() || !some.iter().all(|byte| sound(*byte)))
    {
        return Err(BAD);
    }
    Ok(apart.flatten().copied().collect())
}

const LONG: IonError = IonError::Unsupported("a number has more than 20000 digits");

/// Big-endian, no zeros in front.
fn bytes_of(digits: &[u8], base: u32) -> Result<Vec<u8>> {
    let value = |digits: &[u8]| digits.iter().fold(0u64, |n, byte| n * u64::from(base) + digit(*byte));
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    let digits = &digits[zeros..];
    if digits.len() > MAX_DIGITS {
        return Err(LONG);
    }
    // So many digits of any base fit 32 bits.
    const AT_ONCE: usize = 8;
    let mut limbs: Vec<u32> = Vec::new();
    let (first, rest) = digits.split_at(digits.len() % AT_ONCE);
    for some in std::iter::once(first).chain(rest.chunks(AT_ONCE)) {
        let mut carry = value(some);
        let factor = u64::from(base).pow(some.len() as u32);
        for limb in &mut limbs {
            let n = u64::from(*limb) * factor + carry;
            (*limb, carry) = (n as u32, n >> 32);
        }
        if carry > 0 {
            limbs.push(carry as u32); // factor and value are at most 2^32, so what is carried is below that
        }
    }
    let bytes: Vec<u8> = limbs.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
    Ok(magnitude(&bytes).to_vec())
}

fn digit(byte: u8) -> u64 {
    char::from(byte).to_digit(16).unwrap_or_default().into()
}

fn int(bytes: &[u8], negative: bool, writer: &mut Writer) -> Result<()> {
    let code = if negative && !bytes.is_empty() { 3 } else { 2 };
    writer.scalar(code, bytes);
    Ok(())
}

/// With its sign.
fn exponent(text: &[u8]) -> Result<i64> {
    let digits = text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(BAD);
    }
    let value = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
    let fits = value.filter(|n| n.unsigned_abs() < 1 << 60);
    fits.ok_or(IonError::Unsupported("an exponent has more than 60 bits"))
}

fn decimal(whole: &[u8], part: &[u8], exponent: i64, negative: bool, out: &mut Vec<u8>) -> Result<()> {
    let coefficient = bytes_of(&[whole, part].concat(), 10)?;
    let exponent = exponent - part.len() as i64;
    if exponent == 0 && coefficient.is_empty() && !negative {
        return Ok(());
    }
    push_var_int(out, exponent < 0, exponent.unsigned_abs());
    push_int(out, negative, &coefficient);
    Ok(())
}

/// `2007T`, `2007-02T`, `2007-02-23`, `2007-02-23T12:14Z`, `2007-02-23T12:14:33.079-08:00`.
fn timestamp(token: &[u8]) -> Result<Timestamp> {
    let number = |from: usize, to: usize| -> Result<u16> {
        let digits = token.get(from..to).ok_or(BAD_TIME)?;
        let add = |n: u16, byte: &u8| byte.is_ascii_digit().then(|| n * 10 + u16::from(byte - b'0'));
        digits.iter().try_fold(0, add).ok_or(BAD_TIME)
    };
    let small = |from: usize| number(from, from + 2).map(|n| n as u8); // two digits
    let is = |at: usize, byte: u8| token.get(at) == Some(&byte);
    let mut time = Timestamp {
        offset: None,
        year: number(0, 4)?,
        month: None,
        day: None,
        time: None,
        second: None,
        fraction: None,
    };
    let sound = |time: Timestamp| time.is_sound().then_some(time).ok_or(BAD_TIME);
    if is(4, b'T') {
        return if token.len() == 5 { sound(time) } else { Err(BAD_TIME) };
    }
    time.month = Some(small(5)?);
    if is(7, b'T') {
        return if token.len() == 8 { sound(time) } else { Err(BAD_TIME) };
    }
    if !is(7, b'-') {
        return Err(BAD_TIME);
    }
    time.day = Some(small(8)?);
    if token.len() == 10 || token.len() == 11 && is(10, b'T') {
        return sound(time);
    }
    if !is(10, b'T') || !is(13, b':') {
        return Err(BAD_TIME);
    }
    time.time = Some((small(11)?, small(14)?));
    let mut at = 16;
    if is(16, b':') {
        time.second = Some(small(17)?);
        at = 19;
        if is(19, b'.') {
            let digits = token[20..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            at = 20 + digits;
            if digits == 0 {
                return Err(BAD_TIME);
            }
            if digits > 38 {
                return Err(IonError::Unsupported("a timestamp has more than 38 digits after the point"));
            }
            let value = token[20..at].iter().fold(0u128, |n, byte| n * 10 + u128::from(byte - b'0'));
            time.fraction = Some((digits as u8, value));
        }
    }
    let time = sound(time)?;
    if is(at, b'Z') {
        let utc = Timestamp { offset: Some(0), ..time };
        return if token.len() == at + 1 { Ok(utc) } else { Err(BAD_TIME) };
    }
    let west = is(at, b'-');
    if !(west || is(at, b'+')) || !is(at + 3, b':') || token.len() != at + 6 {
        return Err(BAD_TIME);
    }
    let (hours, minutes) = (small(at + 1)?, small(at + 4)?);
    if hours > 23 || minutes > 59 {
        return Err(BAD_TIME);
    }
    let offset = i16::from(hours) * 60 + i16::from(minutes);
    match (west, offset) {
        (true, 0) => Ok(time), // nobody knows where
        (true, offset) => to_utc(time, -offset),
        (false, offset) => to_utc(time, offset),
    }
}

/// From fields of local time; less than a day is moved.
fn to_utc(mut local: Timestamp, offset: i16) -> Result<Timestamp> {
    let (hour, minute) = local.time.unwrap_or_default();
    let minutes = i16::from(hour) * 60 + i16::from(minute) - offset;
    let (mut month, mut day) = (local.month.unwrap_or(1), local.day.unwrap_or(1));
    if minutes < 0 && day > 1 {
        day -= 1;
    } else if minutes < 0 {
        (local.year, month) = if month == 1 { (local.year - 1, 12) } else { (local.year, month - 1) };
        day = days_of(local.year, month);
    } else if minutes >= 24 * 60 && day < days_of(local.year, month) {
        day += 1;
    } else if minutes >= 24 * 60 {
        (local.year, month) = if month == 12 { (local.year + 1, 1) } else { (local.year, month + 1) };
        day = 1;
    }
    let minutes = minutes.rem_euclid(24 * 60);
    (local.month, local.day) = (Some(month), Some(day));
    local.time = Some(((minutes / 60) as u8, (minutes % 60) as u8)); // below 24 and 60
    local.offset = Some(offset);
    local
        .is_sound()
        .then_some(local)
        .ok_or(IonError::Unsupported("a timestamp lies in no year of 1 to 9999 in UTC"))
}
