//! Makes journals and exports of them, with `ion-rs` and a few lines of its own: nothing of what is tested is used here.

use ion_rs::Element;
use ion_rs::ElementReader;
use ion_rs::ion_hash;
use ion_rs::v1_0;
use sha2::Digest;
use std::fmt::Write;

pub type Hash = [u8; 32];

/// Splitmix64: the same numbers each time.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }

    pub fn id(&mut self) -> String {
        const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        (0..22).map(|_| char::from(*self.pick(DIGITS))).collect()
    }
}

pub fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub fn blob(bytes: &[u8]) -> String {
    format!("{{{{{}}}}}", base64(bytes))
}

pub fn ion_hash(text: &str) -> Hash {
    let element = Element::read_one(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    ion_hash::sha256(&element).unwrap().into()
}

/// Not by `ion-rs`, which writes control characters that it does not read.
pub fn quoted(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\x{:02x}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

/// As the drivers' `joinHashesPairwise`: a comparison from the last byte on, signed.
pub fn dot(a: &Hash, b: &Hash) -> Hash {
    let differ = (0..32).rev().find(|i| a[*i] != b[*i]);
    let (first, second) = match differ {
        Some(i) if (a[i] as i8) > (b[i] as i8) => (b, a),
        _ => (a, b),
    };
    sha2::Sha256::new().chain_update(first).chain_update(second).finalize().into()
}

pub fn root(leaves: &[Hash]) -> Hash {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = level.chunks(2).map(|pair| if let [a, b] = pair { dot(a, b) } else { pair[0] }).collect();
    }
    level[0]
}

/// The hashes beside the way from a leaf to the root.
pub fn path(leaves: &[Hash], mut at: usize) -> Vec<Hash> {
    let mut level = leaves.to_vec();
    let mut path = Vec::new();
    while level.len() > 1 {
        path.extend(level.get(at ^ 1));
        level = level.chunks(2).map(|pair| if let [a, b] = pair { dot(a, b) } else { pair[0] }).collect();
        at /= 2;
    }
    path
}

/// Names and values, these as Ion text.
#[derive(Clone)]
pub struct Struct(pub Vec<(String, String)>);

impl Struct {
    pub fn of(fields: &[(&str, String)]) -> Self {
        Struct(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
    }

    pub fn get(&self, name: &str) -> &str {
        &self.0.iter().find(|field| field.0 == name).unwrap().1
    }

    pub fn set(&mut self, name: &str, value: String) {
        self.0.iter_mut().find(|field| field.0 == name).unwrap().1 = value;
    }

    pub fn push(&mut self, name: &str, value: String) {
        self.0.push((name.to_owned(), value));
    }

    pub fn remove(&mut self, name: &str) -> String {
        let at = self.0.iter().position(|field| field.0 == name).unwrap();
        self.0.remove(at).1
    }

    pub fn text(&self) -> String {
        let mut out = String::from("{");
        for (name, value) in &self.0 {
            let _ = write!(out, "{name}:{value},");
        }
        out.push('}');
        out
    }
}

#[derive(Clone)]
pub struct Block {
    /// All but the revisions.
    pub head: Struct,
    pub revisions: Vec<Struct>,
    pub hash: Hash,
}

impl Block {
    pub fn text(&self) -> String {
        let mut all = self.head.clone();
        if !self.revisions.is_empty() {
            let list: Vec<String> = self.revisions.iter().map(Struct::text).collect();
            all.push("revisions", format!("[{}]", list.join(",")));
        }
        all.text()
    }
}

/// What is written in a journal.
#[derive(Clone, Copy)]
pub struct Plan {
    pub seed: u64,
    pub blocks: u64,
    /// Every sort of value, not only such as documents mostly have.
    pub wild: bool,
}

pub struct Journal {
    random: Random,
    pub strand: String,
    previous: Option<Hash>,
    next: u64,
    wild: bool,
}

impl Journal {
    pub fn new(seed: u64, wild: bool) -> Self {
        let mut random = Random(seed);
        Journal { strand: random.id(), random, previous: None, next: 0, wild }
    }

    /// The next block: up to four revisions, of which some are redacted, deleted or the system's; some blocks have no
    /// transactionInfo, some no revisions.
    pub fn block(&mut self) -> Block {
        let random = &mut self.random;
        let number = self.next;
        let address = format!("{{strandId:\"{}\",sequenceNo:{number}}}", self.strand);
        let transaction = random.id();
        let mut documents = String::new();
        let count = if self.wild { random.below(5) } else { 1 + random.below(2) };
        let mut revisions = Vec::new();
        let mut hashes = Vec::new();
        for _ in 0..count {
            let document = random.id();
            let _ = write!(
                documents,
                "'{document}':{{tableName:\"Car\",tableId:\"{}\",statements:[0]}},",
                random.id()
            );
            let second = random.below(60);
            let metadata = format!(
                "{{id:\"{document}\",version:{},txTime:2019-09-16T19:37:{second:02}.{:03}Z,txId:\"{transaction}\"}}",
                random.below(9),
                random.below(1000)
            );
            let data = if self.wild { document_of(random, 3) } else { car(random) };
            let (of_metadata, of_data) = (ion_hash(&metadata), ion_hash(&data));
            let mut revision = Struct::of(&[("blockAddress", address.clone())]);
            let hash = match if self.wild { random.below(8) } else { 7 } {
                0 => random_hash(random),
                1 => of_metadata,
                _ => dot(&of_metadata, &of_data),
            };
            revision.push("hash", blob(&hash));
            if hash == of_metadata {
                revision.push("metadata", metadata);
            } else if hash == dot(&of_metadata, &of_data) {
                match self.wild && random.below(6) == 0 {
                    true => revision.push("dataHash", blob(&of_data)),
                    false => revision.push("data", data),
                }
                revision.push("metadata", metadata);
            } else {
                revision.remove("blockAddress");
            }
            revisions.push(revision);
            hashes.push(hash);
        }
        let statement = "INSERT INTO Car ?";
        let text_hash = ion_hash(&quoted(statement));
        let digest = match random.below(2) {
            0 => text_hash,
            _ => dot(&text_hash, &random_hash(random)), // with a parameter
        };
        let info = format!(
            "{{statements:[{{statement:{},startTime:2019-09-16T19:37:05.302Z,statementDigest:{}}}],documents:{{{documents}}}}}",
            quoted(statement),
            blob(&digest)
        );
        let mut entries = vec![random_hash(random)];
        if !hashes.is_empty() {
            entries.push(root(&hashes));
        }
        entries.push(random_hash(random));
        entries.push(ion_hash(&info));
        let entries_hash = root(&entries);
        let hash = self.previous.map_or(entries_hash, |previous| dot(&entries_hash, &previous));
        let list: Vec<String> = entries.iter().map(|entry| blob(entry)).collect();
        let mut head = Struct::of(&[
            ("blockAddress", address),
            ("transactionId", quoted(&transaction)),
            ("blockTimestamp", "2019-09-16T19:37:05.360Z".to_owned()),
            ("blockHash", blob(&hash)),
            ("entriesHash", blob(&entries_hash)),
            ("previousBlockHash", self.previous.map_or("{{}}".to_owned(), |hash| blob(&hash))),
            ("entriesHashList", format!("[{}]", list.join(","))),
        ]);
        if !self.wild || number % 7 != 3 {
            head.push("transactionInfo", info);
        }
        self.previous = Some(hash);
        self.next += 1;
        Block { head, revisions, hash }
    }

    pub fn blocks(&mut self, n: u64) -> Vec<Block> {
        (0..n).map(|_| self.block()).collect()
    }
}

pub fn make(plan: Plan) -> Vec<Block> {
    Journal::new(plan.seed, plan.wild).blocks(plan.blocks)
}

pub fn random_hash(random: &mut Random) -> Hash {
    sha2::Sha256::digest(random.next().to_be_bytes()).into()
}

/// As the vehicle registrations of AWS's tutorial.
fn car(random: &mut Random) -> String {
    format!(
        "{{VIN:\"{}\",LicensePlateNumber:\"LEWISR{}LL\",State:\"WA\",PendingPenaltyTicketAmount:{}.25,ValidFromDate:2017-08-{:02},\
         ValidToDate:2020-05-11,Owners:{{PrimaryOwner:{{PersonId:\"{}\"}},SecondaryOwners:[{{PersonId:\"{}\"}}]}},City:\"Everett\",\
         Mileage:{},Notes:\"changed hands, was washed, and was seen by {}\"}}",
        random.id(),
        random.below(1000),
        random.below(500),
        1 + random.below(28),
        random.id(),
        random.id(),
        random.below(200_000),
        random.id()
    )
}

fn document_of(random: &mut Random, depth: u32) -> String {
    let fields: Vec<String> = (0..random.below(6)).map(|_| field(random, depth)).collect();
    format!("{{{}}}", fields.join(","))
}

fn field(random: &mut Random, depth: u32) -> String {
    format!("{}:{}", symbol(random), value(random, depth))
}

fn symbol(random: &mut Random) -> String {
    (*random.pick(&[
        "a",
        "b",
        "name",
        "'two words'",
        "_x",
        "$y",
        "'$10'",
        "'null'",
        "''",
        "'ü→'",
        "'\\x0b\\x0c\\x0e'",
    ]))
    .to_owned()
}

/// Any value, as Ion text.
pub fn value(random: &mut Random, depth: u32) -> String {
    let annotations: String =
        (0..random.below(8).saturating_sub(5)).map(|_| format!("{}::", symbol(random))).collect();
    let sorts = if depth == 0 { 18 } else { 21 };
    let plain = match random.below(sorts) {
        0 => "null".to_owned(),
        1 => (*random.pick(&[
            "null.bool",
            "null.int",
            "null.float",
            "null.decimal",
            "null.timestamp",
            "null.symbol",
        ]))
        .to_owned(),
        2 => (*random.pick(&[
            "null.string",
            "null.clob",
            "null.blob",
            "null.list",
            "null.sexp",
            "null.struct",
        ]))
        .to_owned(),
        3 => (*random.pick(&["true", "false"])).to_owned(),
        4 => format!("{}", random.next() as i64 >> random.below(64)),
        5 => format!("-{}{:020}", 1 + random.below(9), random.next()),
        6 => format!("0x{:x}", random.next() >> random.below(64)),
        7 => format!("{:e}", f64::from_bits(random.next() & 0x7FEF_FFFF_FFFF_FFFF)),
        8 => (*random.pick(&["0e0", "-0e0", "nan", "+inf", "-inf", "1e0", "5e-324"])).to_owned(),
        9 => {
            format!("{}{}.{}", if random.below(2) == 0 { "-" } else { "" }, random.below(1000), random.next())
        }
        10 => format!("{}d{}", random.below(1 << 40), random.below(600) as i64 - 300),
        11 => {
            (*random.pick(&["0d0", "-0d0", "0d-1", "0.00", "-0.0", "90.25", "90.250", "9025d-2"])).to_owned()
        }
        12 => timestamp(random),
        13 => symbol(random),
        14 | 15 => {
            let words = ["", "hello", "\u{b}\u{c}\u{e}", "a \"quote\"\n", "\u{1F600} ü", "0123456789", "\\"];
            let text: String = (0..random.below(4)).map(|_| *random.pick(&words)).collect();
            quoted(&text)
        }
        16 => format!("{{{{\"{}\"}}}}", "clob \\x0b\\xff ".repeat(random.below(4) as usize)),
        17 => {
            let bytes: Vec<u8> = (0..random.below(80)).map(|_| random.next() as u8 % 32).collect();
            blob(&bytes)
        }
        18 => format!("[{}]", list(random, depth - 1, ",")),
        19 => format!("({})", list(random, depth - 1, " ")),
        _ => document_of(random, depth - 1),
    };
    annotations + &plain
}

fn list(random: &mut Random, depth: u32, between: &str) -> String {
    let items: Vec<String> = (0..random.below(5)).map(|_| value(random, depth)).collect();
    items.join(between)
}

fn timestamp(random: &mut Random) -> String {
    let (year, month, day) = (2 + random.below(9900), 1 + random.below(12), 1 + random.below(28));
    let (hour, minute, second) = (random.below(24), random.below(60), random.below(60));
    let offset = match random.below(5) {
        0 => "Z".to_owned(),
        1 => "-00:00".to_owned(),
        2 => "+00:00".to_owned(),
        3 => format!("+{:02}:{:02}", random.below(24), random.below(60)),
        _ => format!("-{:02}:{:02}", random.below(24), random.below(60)),
    };
    match random.below(6) {
        0 => format!("{year:04}T"),
        1 => format!("{year:04}-{month:02}T"),
        2 => format!("{year:04}-{month:02}-{day:02}"),
        3 => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}{offset}"),
        4 => format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{offset}"),
        _ => {
            let digits = random.below(1_000_000_000_000).to_string();
            let digits = "0".repeat(random.below(4) as usize) + &digits;
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{digits}{offset}")
        }
    }
}

/// Data files are text that follows text.
pub fn to_text(blocks: &[Block]) -> Vec<u8> {
    blocks.iter().map(|block| block.text() + "\n").collect::<String>().into_bytes()
}

/// As `ion-rs` writes it: one symbol table that grows.
pub fn to_binary(blocks: &[Block]) -> Vec<u8> {
    binary_of(&to_text(blocks))
}

pub fn binary_of(text: &[u8]) -> Vec<u8> {
    let mut writer = ion_rs::Writer::new(v1_0::Binary, Vec::new()).unwrap();
    for (n, block) in ion_rs::Reader::new(ion_rs::AnyEncoding, text).unwrap().elements().enumerate() {
        writer.write(block.unwrap()).unwrap();
        if n % 3 == 2 {
            writer.flush().unwrap();
        }
    }
    writer.close().unwrap()
}
