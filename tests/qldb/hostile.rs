//! The Ion reading path and whoever means harm: nothing panics, hangs, or is taken for something else. The numbers of inputs are
//! small here; `MLPROV_EVERY=1` tries a million.

use super::journal;
use super::journal::Plan;
use super::journal::Random;
use ion_rs::Element;
use ion_rs::v1_0;
use mlprov::qldb::ion::stream::Stream;
use mlprov::qldb::ion_hash::IonHasher;
use mlprov::qldb::ion_hash::Sha256;
use mlprov::qldb::journal::Journal;
use std::time::Duration;
use std::time::Instant;

pub fn inputs(few: u64) -> u64 {
    if std::env::var("MLPROV_EVERY").is_ok_and(|every| every == "1") { 1_000_000 } else { few }
}

/// Every value of it, hashed; or why not.
fn hashes(bytes: &[u8]) -> Result<Vec<[u8; 32]>, String> {
    let mut stream = Stream::new(bytes);
    let mut hasher = IonHasher::new(Sha256);
    let mut all = Vec::new();
    while stream.advance().map_err(|e| e.to_string())? {
        let value = stream.value().map_err(|e| e.to_string())?;
        all.push(hasher.sha256(&value, stream.symbols()).map_err(|e| e.to_string())?.0);
    }
    Ok(all)
}

/// Also as blocks.
fn take(bytes: &[u8]) {
    let _ = hashes(bytes);
    let mut stream = Stream::new(bytes);
    let mut journal: Journal = Journal::new(None, None);
    while let Ok(true) = stream.advance() {
        let Ok(value) = stream.value() else { break };
        if journal.take(&value, stream.symbols()).is_err() {
            break;
        }
    }
}

#[test]
fn random_values_hash_as_ion_rs_hashes_them_in_text_and_binary() {
    let mut random = Random(1);
    let mut refused = 0;
    let all = inputs(20_000);
    for n in 0..all {
        let text = journal::value(&mut random, 4);
        let element = Element::read_one(&text).unwrap_or_else(|e| panic!("{n}: {text}: {e}"));
        let expected: [u8; 32] = ion_rs::ion_hash::sha256(&element).unwrap().into();
        assert_eq!(hashes(text.as_bytes()), Ok(vec![expected]), "{n}: {text}");
        // It does not write all that it reads.
        match element.encode_as(v1_0::Binary) {
            Ok(binary) => assert_eq!(hashes(&binary), Ok(vec![expected]), "{n}: {text}"),
            Err(_) => refused += 1,
        }
    }
    assert!(refused * 10 < all, "{refused}");
}

#[test]
fn no_input_makes_it_panic_or_hang() {
    let blocks = journal::make(Plan { seed: 5, blocks: 2, wild: true });
    let sound = [journal::to_text(&blocks), journal::to_binary(&blocks)];
    let mut random = Random(2);
    let letters = b"{}[]()'\"\\:,./*-+_0123456789abcdefnulltrue$ion \n\rTZxdeE=@\xE0\x01\x00\xEA\xC3\xBC";
    for n in 0..inputs(20_000) {
        let bytes: Vec<u8> = match n % 4 {
            0 => (0..random.below(60)).map(|_| *random.pick(letters)).collect(),
            1 => {
                let marker = [0xE0, 1, 0, 0xEA].into_iter();
                marker.chain((0..random.below(60)).map(|_| random.next() as u8)).collect()
            }
            // A sound one, with some bytes changed, cut out or doubled.
            _ => {
                let mut bytes = sound[n as usize % 2].clone();
                for _ in 0..1 + random.below(4) {
                    let at = random.below(bytes.len() as u64) as usize;
                    let to = (at + random.below(40) as usize).min(bytes.len());
                    match random.below(4) {
                        0 => bytes[at] ^= 1 << random.below(8),
                        1 => bytes[at] = *random.pick(letters),
                        2 => drop(bytes.drain(at..to)),
                        _ => {
                            let doubled = bytes[at..to].to_vec();
                            bytes.splice(at..at, doubled);
                        }
                    }
                }
                bytes
            }
        };
        let begun = Instant::now();
        take(&bytes);
        // A guard against hanging: it takes less than a millisecond.
        assert!(begun.elapsed() < Duration::from_secs(10), "{n}: {bytes:?}");
    }
}

/// As short as it can be, so deep as asked.
fn nested(depth: usize) -> Vec<u8> {
    let mut value = vec![0xB0];
    for _ in 1..depth {
        let mut outer = vec![0xBE];
        let length = value.len();
        let groups = (64 - (length as u64 | 1).leading_zeros()).div_ceil(7);
        outer.extend((1..groups).rev().map(|group| (length >> (7 * group)) as u8 & 0x7F));
        outer.push(length as u8 | 0x80);
        outer.append(&mut value);
        value = outer;
    }
    [vec![0xE0, 1, 0, 0xEA], value].concat()
}

#[test]
fn depth_is_bounded_in_text_and_binary() {
    for open in ["[", "(", "{a:", "a::[", "{a:b::("] {
        let close: String = open
            .chars()
            .rev()
            .filter_map(|c| match c {
                '[' => Some(']'),
                '(' => Some(')'),
                '{' => Some('}'),
                _ => None,
            })
            .collect();
        let per = close.len();
        for (depth, fits) in [(500 / per - 1, true), (501, false), (200_000, false)] {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let found = hashes(text.as_bytes());
            assert_eq!(found.is_ok(), fits, "{open} {depth}: {found:?}");
            if !fits {
                assert!(found.unwrap_err().contains("500 deep"), "{open} {depth}");
            }
        }
        // Nothing closes it.
        assert!(hashes(open.repeat(1_000_000).as_bytes()).is_err());
    }
    assert!(hashes(&nested(499)).is_ok());
    for depth in [501, 3000] {
        assert!(hashes(&nested(depth)).unwrap_err().contains("500 deep"), "{depth}");
    }
}

#[test]
fn what_is_beyond_us_is_said_and_what_is_only_large_is_not() {
    for (text, why) in [
        ("$ion_1_1 1", "another version"),
        ("$10", "beyond the symbol table"),
        ("$ion_symbol_table::{imports:[{name:\"x\",version:1,max_id:9}]} $10", "shared symbol table"),
        ("2020-01-01T00:00:00.000000000000000000000000000000000000001Z", "38 digits"),
        ("0001-01-01T00:00+00:01", "no year of 1 to 9999"),
        ("1d2000000000000000000", "60 bits"),
        ("2019-02-29", "a timestamp is none"),
        ("{{aGVsbG8}}", "base64"),
        ("\"\\ud83d\"", "surrogate"),
        ("01", "begins with zeros"),
        ("1__0", "a number is none"),
        ("{a 1}", "colon"),
        ("[1 2]", "comma"),
        ("null.x", "no type"),
        ("'''a", "does not end"),
    ] {
        let found = hashes(text.as_bytes());
        assert!(found.as_ref().is_err_and(|e| e.contains(why)), "{text}: {found:?}");
    }
    let digits = "9".repeat(20_001);
    assert!(hashes(digits.as_bytes()).unwrap_err().contains("20000 digits"));
    for text in ["$0", "{$0:1}", "$0::1", &digits[1..], "-170141183460469231731687303715884105729"] {
        assert!(hashes(text.as_bytes()).is_ok(), "{text}");
    }
    let binary = |rest: &[u8]| hashes(&[&[0xE0, 1, 0, 0xEA], rest].concat());
    for (rest, why) in [
        (&[0xF0][..], "type 15"),
        (&[0x31, 0x00], "minus zero"),
        (&[0x11 + 1], "neither true nor false"),
        (&[0x43, 0, 0, 0], "neither 0, 4 nor 8"),
        (&[0xD1, 0x80], "sorted struct is empty"),
        (&[0xE3, 0x81, 0x84], "ends within"),
        (&[0xE3, 0x81, 0x84, 0x00], "padding"),
        (&[0x82, 0xC3, 0x28], "UTF-8"),
        (&[0x71, 0x0A], "beyond the symbol table"),
        (&[0x8E, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0x7F, 0xFF], "64 bits"),
        (&[0x8E, 0x7F, 0x7F, 0x7F, 0xFF], "64 MiB"),
        (&[0xE0, 0x01, 0x01, 0xEA], "another version"),
    ] {
        let found = binary(rest);
        assert!(found.as_ref().is_err_and(|e| e.contains(why)), "{rest:?}: {found:?}");
    }
    // Padding is nothing, at the top, in lists and in structs.
    assert_eq!(binary(&[0x00, 0x02, 1, 2]), Ok(vec![]));
    assert_eq!(binary(&[0xB3, 0x00, 0x21, 0x01]), hashes(b"[1]"));
    assert_eq!(binary(&[0xD4, 0x84, 0x00, 0x84, 0x20]), hashes(b"{name:0}"));
}

#[test]
fn text_arrives_in_pieces_as_it_does_at_once() {
    struct Slow<'a>(&'a [u8]);
    impl std::io::Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            let one = self.0.len().min(into.len()).min(1);
            into[..one].copy_from_slice(&self.0[..one]);
            self.0 = &self.0[one..];
            Ok(one)
        }
    }
    let tricky = br#"/* { */ {a:"}\"]", 'b}\'':'''}]''', c:{{aa//}}, d:{{"}}"}}, e:{{'''}}'''}}, f:''} // }
        [ {}, '''x''' /*]*/ ] $ion_1_0 $ion_symbol_table::{symbols:["s"]} ( $10 + - a/b ) 1 2 'last'"#;
    let text =
        [&tricky[..], &journal::to_text(&journal::make(Plan { seed: 9, blocks: 5, wild: true }))].concat();
    let expected = hashes(&text).unwrap();
    assert_eq!(expected.len(), 6 + 5);
    let mut stream = Stream::new(Slow(&text));
    let mut hasher = IonHasher::new(Sha256);
    let mut found = Vec::new();
    while stream.advance().unwrap() {
        found.push(hasher.sha256(&stream.value().unwrap(), stream.symbols()).unwrap().0);
    }
    assert_eq!(found, expected);
}
