//! How the answer to one term is stored: all its hits in one row, with a checksum over them and the key. A row
//! that is there and whole is the whole answer; so a row that was lost or bent can hide nothing silently.

use crate::ports::index::Term;

/// A place in a log, by the number that this file gave to the log.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    pub log: u64,
    pub index: u64,
}

/// In the place of a log's number: what follows are numbers of directories.
pub const DIRECTORIES: u64 = 0;

/// Rows are found by the first 64 bits of a hash. If two terms ever share one, each gets the other's hits too,
/// and its reader sorts them out.
pub fn key(term: &Term) -> i64 {
    let mut bytes = Vec::with_capacity(64);
    let mut part = |part: &[u8]| {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part);
    };
    let mut named = |what: &[u8], name: &str, value: &Option<String>| {
        part(what);
        part(name.as_bytes());
        value.iter().for_each(|v| part(v.as_bytes()));
    };
    let none = &None;
    match term {
        Term::Entry(id) => named(b"entry", &id.to_string(), none),
        Term::Run(id) => named(b"run", &id.to_string(), none),
        Term::Commit(id) => named(b"commit", id.as_str(), none),
        Term::Digits(digits) => named(b"digits", digits, none),
        Term::Tree(id) => named(b"tree", id.as_str(), none),
        Term::DataRoot(root) => named(b"root", &root.to_string(), none),
        Term::Content(content) => named(b"content", &content.to_string(), none),
        Term::ModelPackage(arn) => named(b"package", arn.as_str(), none),
        Term::ModelGroup(name) => named(b"group", name, none),
        Term::Sweep(name) => named(b"sweep", name, none),
        Term::Input(name) => named(b"input", name.as_str(), none),
        Term::Parameter { name, value } => named(b"parameter", name, value),
        Term::Metric { name, value } => named(b"metric", name, value),
        Term::Kind(kind) => named(b"kind", kind.as_str(), none),
    }
    let mut first = [0u8; 8];
    first.copy_from_slice(&blake3::hash(&bytes).as_bytes()[..8]);
    i64::from_le_bytes(first)
}

pub fn checksum(parts: &[&[u8]]) -> u32 {
    parts.iter().fold(0, |sum, part| crc32c::crc32c_append(sum, part))
}

/// `u32 crc32c of key and rest | (log, count, first index, distances)…`, numbers as LEB128. Sorts the places.
pub fn encode(key: i64, places: &mut Vec<Place>) -> Vec<u8> {
    places.sort_unstable();
    places.dedup();
    let mut out = vec![0; 4];
    for group in places.chunk_by(|a, b| a.log == b.log) {
        push(&mut out, group[0].log);
        push(&mut out, group.len() as u64);
        let mut last = 0;
        for place in group {
            push(&mut out, place.index - last);
            last = place.index;
        }
    }
    let sum = checksum(&[&key.to_le_bytes(), &out[4..]]);
    out[..4].copy_from_slice(&sum.to_le_bytes());
    out
}

/// `None`: not what [`encode`] wrote for this key.
pub fn decode(key: i64, bytes: &[u8]) -> Option<Vec<Place>> {
    let (sum, mut rest) = bytes.split_at_checked(4)?;
    if checksum(&[&key.to_le_bytes(), rest]).to_le_bytes() != sum {
        return None;
    }
    let mut places = Vec::new();
    while !rest.is_empty() {
        let log = pull(&mut rest)?;
        let mut index = 0u64;
        for _ in 0..pull(&mut rest)? {
            index = index.checked_add(pull(&mut rest)?)?;
            places.push(Place { log, index });
        }
    }
    Some(places)
}

/// Leaves whose numbers stand in one row: what an entry adds is written anew with so many at most.
pub const CHUNK: u64 = 1024;

/// Where the numbers of a parameter or metric stand: its key, the number of a log, and leaf / [`CHUNK`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Column {
    pub key: i64,
    pub log: u64,
    pub chunk: u64,
}

/// A leaf and a value there; NaN if the value is no number. Every leaf that has the name has one, so that what was lost
/// is noticed.
pub type Number = (u64, f64);

fn column_sum(column: Column, rest: &[u8]) -> [u8; 4] {
    let Column { key, log, chunk } = column;
    checksum(&[&key.to_le_bytes(), &log.to_le_bytes(), &chunk.to_le_bytes(), rest]).to_le_bytes()
}

/// `u32 crc32c of column and rest | (u64 leaf, f64)…`, little-endian. Sorts the numbers.
pub fn encode_numbers(column: Column, numbers: &mut Vec<Number>) -> Vec<u8> {
    numbers.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    numbers.dedup_by_key(|(leaf, value)| (*leaf, value.to_bits()));
    let mut out = vec![0; 4];
    for (leaf, value) in numbers {
        out.extend_from_slice(&leaf.to_le_bytes());
        out.extend_from_slice(&value.to_le_bytes());
    }
    let sum = column_sum(column, &out[4..]);
    out[..4].copy_from_slice(&sum);
    out
}

/// `None`: not what [`encode_numbers`] wrote for this column.
pub fn decode_numbers(column: Column, bytes: &[u8]) -> Option<Vec<Number>> {
    let (sum, rest) = bytes.split_at_checked(4)?;
    let (pairs, left) = rest.as_chunks::<16>();
    if column_sum(column, rest) != sum || !left.is_empty() {
        return None;
    }
    let half = |pair: &[u8; 16], from: usize| -> [u8; 8] { std::array::from_fn(|n| pair[from + n]) };
    Some(pairs.iter().map(|p| (u64::from_le_bytes(half(p, 0)), f64::from_le_bytes(half(p, 8)))).collect())
}

fn push(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn pull(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_sorted_and_once() {
        let place = |log, index| Place { log, index };
        let mut places = vec![place(2, 5), place(1, u64::MAX), place(1, 0), place(2, 5), place(1, 200)];
        let bytes = encode(7, &mut places);
        assert_eq!(places, [place(1, 0), place(1, 200), place(1, u64::MAX), place(2, 5)]);
        assert_eq!(decode(7, &bytes), Some(places));
    }

    #[test]
    fn one_flipped_bit_or_another_key_is_noticed() {
        let bytes = encode(7, &mut vec![Place { log: 1, index: 300 }, Place { log: 3, index: 1 }]);
        assert_eq!(decode(8, &bytes), None);
        for at in 0..bytes.len() * 8 {
            let mut bent = bytes.clone();
            bent[at / 8] ^= 1 << (at % 8);
            assert_eq!(decode(7, &bent), None, "bit {at}");
        }
        assert_eq!(decode(7, &bytes[..bytes.len() - 1]), None);
        assert_eq!(decode(7, &[]), None);
    }

    #[test]
    fn numbers_come_back_and_belong_to_their_column() {
        let column = Column { key: 7, log: 1, chunk: 2 };
        let mut numbers = vec![(2050, 0.5), (2049, f64::NAN), (2050, -1.0), (2050, 0.5)];
        let bytes = encode_numbers(column, &mut numbers);
        let found = decode_numbers(column, &bytes).unwrap();
        assert_eq!(found[1..], [(2050, -1.0), (2050, 0.5)]);
        assert!(found[0].0 == 2049 && found[0].1.is_nan());
        for other in [Column { key: 8, ..column }, Column { log: 2, ..column }, Column { chunk: 3, ..column }]
        {
            assert_eq!(decode_numbers(other, &bytes), None);
        }
        for at in 0..bytes.len() * 8 {
            let mut bent = bytes.clone();
            bent[at / 8] ^= 1 << (at % 8);
            assert_eq!(decode_numbers(column, &bent), None, "bit {at}");
        }
        assert_eq!(decode_numbers(column, &bytes[..20]), None);
        assert_eq!(decode_numbers(column, &[]), None);
    }

    #[test]
    fn terms_of_other_sorts_and_parts_have_other_keys() {
        let parameter = |name: &str, value: Option<&str>| Term::Parameter {
            name: name.into(),
            value: value.map(str::to_owned),
        };
        let terms = [
            parameter("a", Some("b")),
            parameter("ab", Some("")),
            parameter("ab", None),
            Term::Metric { name: "ab".into(), value: None },
            Term::ModelGroup("ab".into()),
            Term::Sweep("ab".into()),
            Term::Input("ab".parse().unwrap()),
            Term::Digits("ab".into()),
        ];
        let keys: std::collections::BTreeSet<i64> = terms.iter().map(key).collect();
        assert_eq!(keys.len(), terms.len());
    }
}
