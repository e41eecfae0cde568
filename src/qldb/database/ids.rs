//! Ids as the service made them: 128 bits in base 62, 22 characters (QLDB Developer Guide, "Unique IDs").

use std::sync::Arc;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
pub const LENGTH: usize = 22;

pub fn of(mut number: u128) -> Arc<str> {
    let mut out = [b'0'; LENGTH];
    for byte in out.iter_mut().rev() {
        *byte = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    out.iter().map(|byte| char::from(*byte)).collect::<String>().into()
}

pub fn is_id(text: &str) -> bool {
    text.len() == LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_one_id() {
        assert_eq!(&*of(0), "0".repeat(22));
        assert_eq!(&*of(61), format!("{}z", "0".repeat(21)));
        assert_eq!(&*of(62), format!("{}10", "0".repeat(20)));
        assert!(is_id(&of(u128::MAX)) && !is_id("x") && !is_id(&"-".repeat(22)));
    }
}
