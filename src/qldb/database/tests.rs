use super::block;
use super::block::Tip;
use super::*;
use crate::qldb::hash::Hash;
use ion_rs::v1_0::Binary;
use std::cell::Cell;

/// A journal in memory.
struct Ledger {
    database: Database,
    tip: Tip,
    blocks: Vec<Vec<u8>>,
    drawn: Cell<u128>,
}

impl Ledger {
    fn new() -> Self {
        let tip = Tip { strand: ids::of(1), sequence: 0, hash: None };
        Ledger { database: Database::default(), tip, blocks: Vec::new(), drawn: Cell::new(1_000) }
    }

    fn draw(&self) -> u128 {
        self.drawn.set(self.drawn.get() + 1);
        self.drawn.get()
    }

    fn begin(&self) -> Transaction {
        Transaction::new(ids::of(self.draw()))
    }

    fn ask(
        &self,
        transaction: &mut Transaction,
        text: &str,
        parameters: &[&str],
    ) -> Result<Vec<Element>, Failure> {
        let parameters = parameters.iter().map(|ion| Parameter::read(ion.as_bytes()).unwrap()).collect();
        transaction.execute(&self.database, text, parameters, self.now(), &|| self.draw())
    }

    /// A second later with each block.
    fn now(&self) -> Timestamp {
        let n = self.tip.sequence;
        Timestamp::with_ymd(2026, 11, 1)
            .with_hms((n / 3600) as u32, (n / 60 % 60) as u32, (n % 60) as u32)
            .with_offset(0)
            .build()
            .unwrap()
    }

    fn commit(&mut self, transaction: Transaction) -> Result<(), Failure> {
        let digest = transaction.digest();
        let committed = transaction.commit(&self.database, &digest.0)?;
        if committed.writes.is_empty() {
            return Ok(());
        }
        let version_of = |table: &str, id: &str| self.database.version_of(table, id);
        let block = block::build(&self.tip, &committed, &self.now(), &version_of).unwrap();
        self.tip =
            Tip { strand: self.tip.strand.clone(), sequence: self.tip.sequence + 1, hash: Some(block.hash) };
        self.blocks.push(block.bytes);
        self.database.apply(block.revisions);
        Ok(())
    }

    fn done(&mut self, text: &str, parameters: &[&str]) -> Vec<Element> {
        let mut transaction = self.begin();
        let rows = self.ask(&mut transaction, text, parameters).unwrap_or_else(|e| panic!("{text}: {e}"));
        self.commit(transaction).unwrap();
        rows
    }

    fn values(&mut self, text: &str, parameters: &[&str]) -> Vec<String> {
        let mut all: Vec<String> = self.done(text, parameters).iter().map(ToString::to_string).collect();
        all.sort();
        all
    }

    fn refused(&mut self, text: &str, parameters: &[&str]) -> String {
        let mut transaction = self.begin();
        self.ask(&mut transaction, text, parameters).unwrap_err().to_string()
    }
}

/// A table with an index on `k`, and three documents.
fn vehicles() -> Ledger {
    let mut ledger = Ledger::new();
    ledger.done("CREATE TABLE T", &[]);
    ledger.done("CREATE INDEX ON T (k)", &[]);
    ledger.done("INSERT INTO T <<?, ?, {'k': 3, 'v': 'c'}>>", &["{k: 1, v: \"a\"}", "{k: 2, v: \"b\"}"]);
    ledger
}

#[test]
fn what_is_written_is_read_by_later_ones_and_by_itself() {
    let mut ledger = vehicles();
    assert_eq!(ledger.values("SELECT VALUE v FROM T WHERE k = 2", &[]), ["\"b\""]);
    let mut transaction = ledger.begin();
    ledger.ask(&mut transaction, "UPDATE T SET v = ?, w.x = 1 WHERE k = 2", &["9"]).unwrap_err();
    ledger.ask(&mut transaction, "UPDATE T AS t SET t.v = ?, w = 1 WHERE k = 2", &["9"]).unwrap();
    ledger.ask(&mut transaction, "DELETE FROM T WHERE k = 3", &[]).unwrap();
    let inserted = ledger.ask(&mut transaction, "INSERT INTO T VALUE {'k': 4}", &[]).unwrap();
    let id = inserted[0].as_struct().unwrap().get("documentId").unwrap().as_text().unwrap().to_owned();
    let seen = ledger.ask(&mut transaction, "SELECT VALUE k FROM T WHERE k > 1", &[]).unwrap();
    assert_eq!(seen.len(), 2);
    assert_eq!(
        ledger
            .ask(&mut transaction, "SELECT * FROM T BY i WHERE i = ?", &[&format!("\"{id}\"")])
            .unwrap()
            .len(),
        1
    );
    // Nobody else sees it before it is committed, nor is it committed for itself.
    assert_eq!(ledger.values("SELECT VALUE v FROM T WHERE k = 2", &[]), ["\"b\""]);
    assert_eq!(ledger.ask(&mut transaction, "SELECT * FROM _ql_committed_T", &[]).unwrap().len(), 3);
    ledger.commit(transaction).unwrap();
    assert_eq!(ledger.values("SELECT VALUE [k, v, w] FROM T", &[]), ["[1, \"a\"]", "[2, 9, 1]", "[4]"]);
    let history = "SELECT VALUE h.metadata.version FROM history(T) AS h WHERE h.data.k = 2";
    assert_eq!(ledger.values(history, &[]), ["0", "1"]);
    let deleted = "SELECT VALUE h.metadata.version FROM history(T) AS h WHERE h.data IS MISSING";
    assert_eq!(ledger.values(deleted, &[]), ["1"]);
    let early = "SELECT VALUE h.data.k FROM history(T, `2026-11-01T00:00:02Z`, `2026-11-01T00:00:02Z`) AS h";
    assert_eq!(ledger.values(early, &[]), ["1", "2", "3"]);
}

#[test]
fn whoever_read_what_another_changed_does_not_commit() {
    let cases = [
        // What A reads, what B does meanwhile, whether A commits.
        ("SELECT VALUE v FROM T", "UPDATE T SET v = 'x' WHERE k = 1", false),
        ("SELECT VALUE v FROM T", "INSERT INTO T VALUE {'k': 9}", false),
        ("SELECT VALUE v FROM T WHERE v = 'a'", "UPDATE T SET v = 'x' WHERE k = 2", false),
        ("SELECT VALUE v FROM T WHERE k = 1", "UPDATE T SET v = 'x' WHERE k = 2", true),
        ("SELECT VALUE v FROM T WHERE k = 1", "UPDATE T SET v = 'x' WHERE k = 1", false),
        ("SELECT VALUE v FROM T WHERE k = 7", "INSERT INTO T VALUE {'k': 7}", false),
        ("SELECT VALUE v FROM T WHERE k = 7", "INSERT INTO T VALUE {'k': 8}", true),
        ("SELECT VALUE v FROM T WHERE k = 7", "UPDATE T SET k = 7.0 WHERE k = 1", false),
        ("UPDATE T SET v = 'y' WHERE k = 1", "DELETE FROM T WHERE k = 1", false),
        ("INSERT INTO T VALUE {'k': 5}", "INSERT INTO T VALUE {'k': 5}", true),
        ("INSERT INTO T VALUE {'k': 5}", "DROP TABLE T", false),
        ("SELECT COUNT(*) FROM history(T)", "DELETE FROM T WHERE k = 1", false),
        ("CREATE TABLE U", "CREATE TABLE U", false),
    ];
    for (reads, does, commits) in cases {
        let mut ledger = vehicles();
        let mut a = ledger.begin();
        ledger.ask(&mut a, reads, &[]).unwrap();
        ledger.done(does, &[]);
        let done = ledger.commit(a);
        assert_eq!(done.is_ok(), commits, "{reads} | {does}: {done:?}");
        assert!(commits || done == Err(Failure::Conflict));
    }
}

#[test]
fn tables_and_indexes_are_described_in_a_table() {
    let mut ledger = vehicles();
    let names = "SELECT VALUE name FROM information_schema.user_tables WHERE status = 'ACTIVE'";
    assert_eq!(ledger.values(names, &[]), ["\"T\""]);
    let index = "SELECT VALUE indexes[0].expr FROM information_schema.user_tables WHERE name = 'T'";
    assert_eq!(ledger.values(index, &[]), ["\"[k]\""]);
    assert!(ledger.refused("CREATE TABLE T", &[]).contains("Table with name: USER.T already exists"));
    assert!(ledger.refused("CREATE INDEX ON T (k)", &[]).contains("already exists"));
    assert!(ledger.refused("SELECT * FROM Nothing", &[]).contains("No such variable named 'Nothing'"));
    assert!(ledger.refused("INSERT INTO Nothing ?", &["{}"]).contains("No such variable named 'Nothing'"));
    assert!(ledger.refused("CREATE TABLE \"a b\"", &[]).contains("no name of a table"));
    ledger.done("DROP TABLE T", &[]);
    assert!(ledger.values(names, &[]).is_empty());
    assert!(ledger.refused("SELECT * FROM T", &[]).contains("No such variable"));
    ledger.done("CREATE TABLE T", &[]);
    assert!(ledger.values("SELECT * FROM T", &[]).is_empty(), "another table of the same name");
    for n in 1..20 {
        ledger.done(&format!("CREATE TABLE t{n}"), &[]);
    }
    assert!(ledger.refused("CREATE TABLE t20", &[]).contains("20 active tables"));
}

#[test]
fn limits_are_those_of_the_service() {
    let mut ledger = vehicles();
    let many = |n: usize| vec!["{}"; n];
    let insert = |n: usize| format!("INSERT INTO T <<{}>>", vec!["?"; n].join(", "));
    ledger.done(&insert(40), &many(40));
    assert!(ledger.refused(&insert(41), &many(41)).contains("40 documents"));
    let document = |bytes: usize| format!("{{x: \"{}\"}}", "a".repeat(bytes));
    ledger.done("INSERT INTO T ?", &[&document((128 << 10) - 40)]);
    assert!(ledger.refused("INSERT INTO T ?", &[&document(128 << 10)]).contains("131072"));
    assert!(ledger.refused("INSERT INTO T ?", &["1"]).contains("a document is a struct"));
    assert!(ledger.refused("INSERT INTO T ?", &["null.struct"]).contains("a document is a struct"));
    assert!(ledger.refused("INSERT INTO T ?", &[]).contains("1 parameters, and 0"));
    assert!(ledger.refused(&"x".repeat(100_001), &[]).contains("100000 characters"));
    assert!(
        Parameter::read(b"1 2").is_err() && Parameter::read(b"").is_err() && Parameter::read(b"{").is_err()
    );
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert!(Parameter::read(deep.as_bytes()).is_err());
}

#[test]
fn a_transaction_goes_on_after_a_statement_that_was_refused() {
    let mut ledger = vehicles();
    let mut transaction = ledger.begin();
    let digest = transaction.digest();
    assert!(ledger.ask(&mut transaction, "INSERT INTO T <<{}, 1>>", &[]).is_err());
    assert_eq!(transaction.digest(), digest);
    ledger.ask(&mut transaction, "INSERT INTO T VALUE {'k': 4}", &[]).unwrap();
    assert_ne!(transaction.digest(), digest);
    ledger.commit(transaction).unwrap();
    assert_eq!(ledger.values("SELECT VALUE k FROM T", &[]), ["1", "2", "3", "4"]);
    let wrong = ledger.begin();
    let refused = wrong.commit(&ledger.database, &[0; 32]);
    assert!(matches!(refused, Err(Failure::Bad(why)) if why.contains("commit digest")));
}

/// Types that Ion has, and nulls of each, with and without annotations.
#[test]
fn every_value_is_stored_as_it_was_and_found_by_itself() {
    let values = [
        "true",
        "5",
        "-170141183460469231731687303715884105728",
        "1.50",
        "-0d3",
        "2e0",
        "nan",
        "2026-11-01T00:00:00.000-00:00",
        "2026T",
        "\"text\"",
        "symbol",
        "'two words'",
        "{{\"clob\"}}",
        "{{YmxvYg==}}",
        "[1, [2]]",
        "(a b)",
        "{x: 1, x: 2}",
    ];
    for value in values {
        for annotated in [value.to_owned(), format!("a::b::{value}")] {
            let mut ledger = vehicles();
            ledger.done("CREATE INDEX ON T (c)", &[]);
            ledger.done("UPDATE T SET c = ? WHERE k = 1", &[&annotated]);
            let found = ledger.done("SELECT VALUE c FROM T WHERE c = ?", &[&annotated]);
            let wanted = Element::read_one(&annotated).unwrap();
            let bytes = |value: &Element| value.encode_as(Binary).unwrap();
            assert_eq!(found.iter().map(bytes).collect::<Vec<_>>(), [bytes(&wanted)], "{annotated}");
        }
    }
    for null in ["null", "null.int", "null.string", "a::null.struct", "null.timestamp"] {
        let mut ledger = vehicles();
        ledger.done("UPDATE T SET v = ? WHERE k = 1", &[null]);
        let found = ledger.done("SELECT VALUE v FROM T WHERE v IS NULL", &[]);
        assert_eq!(found, [Element::read_one(null).unwrap()]);
        assert!(ledger.done("SELECT VALUE v FROM T WHERE v = ?", &[null]).is_empty());
    }
}

#[test]
fn a_journal_makes_the_same_database_again() {
    let mut ledger = vehicles();
    ledger.done("UPDATE T SET v = `x::2026-01-01T` WHERE k = 2", &[]);
    ledger.done("DELETE FROM T WHERE k = 3", &[]);
    let mut again = Ledger::new();
    for bytes in &ledger.blocks {
        let block = block::read(bytes).unwrap();
        again.tip = Tip { strand: ids::of(1), sequence: block.sequence + 1, hash: Some(block.hash) };
        again.database.apply(block.revisions);
    }
    assert_eq!(again.tip, ledger.tip);
    for text in [
        "SELECT * FROM T",
        "SELECT VALUE v FROM T WHERE k = 2",
        "SELECT * FROM _ql_committed_T",
        "SELECT * FROM history(T) AS h",
        "SELECT * FROM information_schema.user_tables",
    ] {
        assert_eq!(ledger.values(text, &[]), again.values(text, &[]), "{text}");
    }
    assert_eq!(again.blocks.len(), 0, "reading leaves no block");
    let last: Hash = ledger.tip.hash.unwrap();
    assert_ne!(last.0, [0; 32]);
}
