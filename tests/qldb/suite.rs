//! The Ion Hash test suite (amazon-ion/ion-hash-test c2e3655), with the identity hasher and MD5. `ion-rs` reads the suite's file and what
//! it expects, our code only the values under test; they are given as text and as binary.

use ion_rs::AnyEncoding;
use ion_rs::Element;
use ion_rs::ElementReader;
use ion_rs::Reader;
use ion_rs::v1_0;
use md5::Digest as _;
use mlprov::qldb::ion::stream::Stream;
use mlprov::qldb::ion_hash::Digester;
use mlprov::qldb::ion_hash::IonHasher;

/// The message itself, and every one of them.
#[derive(Default)]
struct Identity(Vec<Vec<u8>>);

impl Digester for Identity {
    type Output = Vec<u8>;

    fn digest(&mut self, message: &[u8]) -> Vec<u8> {
        self.0.push(message.to_owned());
        message.to_owned()
    }
}

#[derive(Default)]
struct Md5(Vec<Vec<u8>>);

impl Digester for Md5 {
    type Output = Vec<u8>;

    fn digest(&mut self, message: &[u8]) -> Vec<u8> {
        let digest = md5::Md5::digest(message).to_vec();
        self.0.push(digest.clone());
        digest
    }
}

fn bytes(of: &Element) -> Vec<u8> {
    of.as_sequence().unwrap().iter().map(|byte| u8::try_from(byte.as_i64().unwrap()).unwrap()).collect()
}

/// `digest::` of all hashes in their order, or only the last one.
fn expected(of: &Element) -> (Vec<Vec<u8>>, Option<Vec<u8>>) {
    let named = |name: &str| {
        let all = of.as_sequence().unwrap().iter().filter(|item| item.annotations().contains(name));
        all.map(bytes).collect::<Vec<_>>()
    };
    (named("digest"), named("final_digest").pop())
}

fn check(name: &str, form: &str, found: &[Vec<u8>], expect: &Element) {
    let (all, last) = expected(expect);
    match last {
        Some(last) => assert_eq!(found.last(), Some(&last), "{name} as {form}"),
        None => assert_eq!(found, all, "{name} as {form}"),
    }
}

/// Of the first value; `Err`: of the field `ion` of a case of the whole suite.
fn digests<D: Digester + Default>(
    of: Result<&[u8], usize>,
    take: impl Fn(D) -> Vec<Vec<u8>>,
    name: &str,
) -> Vec<Vec<u8>> {
    let mut stream = Stream::new(of.unwrap_or(SUITE.as_bytes()));
    for _ in 0..=of.err().unwrap_or_default() {
        assert!(stream.advance().unwrap_or_else(|e| panic!("{name}: {e}")), "{name}");
    }
    let mut value = stream.value().unwrap();
    if of.is_err() {
        let named = |id| stream.symbols().text(id).unwrap() == Some("ion");
        value = value.fields().unwrap().map(Result::unwrap).find(|(id, _)| named(*id)).unwrap().1;
    }
    let mut hasher = IonHasher::new(D::default());
    hasher.hash(&value, stream.symbols()).unwrap_or_else(|e| panic!("{name}: {e}"));
    take(hasher.digester)
}

const SUITE: &str = include_str!("vectors/ion_hash_tests.ion");

#[test]
fn the_ion_hash_suite_holds() {
    let (mut cases, mut hashes) = (0, 0);
    for case in Reader::new(AnyEncoding, SUITE.as_bytes()).unwrap().elements() {
        let case = case.unwrap();
        let test = case.as_struct().unwrap();
        let name = case.annotations().iter().next().and_then(|name| name.text()).unwrap_or("");
        let mut forms: Vec<(&str, Result<Vec<u8>, usize>)> = Vec::new();
        if let Some(value) = test.get("ion") {
            forms.push(("text of the suite", Err(cases)));
            forms.push(("text of ion-rs", Ok(value.to_string().into_bytes())));
            forms.push(("binary of ion-rs", Ok(value.encode_as(v1_0::Binary).unwrap())));
        }
        if let Some(binary) = test.get("10n") {
            forms.push(("binary of the suite", Ok([vec![0xE0, 1, 0, 0xEA], bytes(binary)].concat())));
        }
        assert!(!forms.is_empty());
        let expect = test.get("expect").unwrap().as_struct().unwrap();
        for (form, of) in &forms {
            let name = format!("case {cases} {name} {:?}", test.get("ion"));
            let of = of.as_deref().map_err(|n| *n);
            if let Some(expect) = expect.get("identity") {
                check(&name, form, &digests(of, |hasher: Identity| hasher.0, &name), expect);
                hashes += 1;
            }
            if let Some(expect) = expect.get("md5") {
                check(&name, form, &digests(of, |hasher: Md5| hasher.0, &name), expect);
                hashes += 1;
            }
        }
        cases += 1;
    }
    // What was passed over would pass.
    assert_eq!((cases, hashes), (CASES, HASHES));
}

const CASES: usize = 167;
const HASHES: usize = 497;
