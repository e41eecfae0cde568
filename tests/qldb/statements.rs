//! Statements of whoever means harm: nothing panics or hangs, and what is refused changes nothing. The number is small here;
//! `MLPROV_EVERY=1` tries a million.

use crate::hostile::inputs;
use crate::journal;
use crate::journal::Random;
use ion_rs::Timestamp;
use mlprov::qldb::database::Database;
use mlprov::qldb::database::Parameter;
use mlprov::qldb::database::Transaction;
use mlprov::qldb::database::block;
use mlprov::qldb::database::block::Tip;
use mlprov::qldb::database::ids;
use std::cell::Cell;
use std::time::Duration;
use std::time::Instant;

/// Words that a statement may have, in any order.
const WORDS: [&str; 62] = [
    "SELECT",
    "VALUE",
    "*",
    "FROM",
    "T",
    "U",
    "WHERE",
    "n",
    "v",
    "=",
    "<>",
    "<",
    ">=",
    "AND",
    "OR",
    "NOT",
    "IN",
    "(",
    ")",
    "[",
    "]",
    "<<",
    ">>",
    "{",
    "}",
    "'a'",
    ":",
    ",",
    ".",
    "?",
    "1",
    "1.50",
    "-",
    "1e400",
    "`a::[1, {b: 2}]`",
    "`",
    "'",
    "\"v\"",
    "NULL",
    "MISSING",
    "IS",
    "BETWEEN",
    "AS",
    "BY",
    "id",
    "COUNT",
    "history",
    "_ql_committed_T",
    "information_schema",
    "user_tables",
    "metadata",
    "data",
    "INSERT",
    "INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE",
    "DROP",
    "TABLE",
    "CREATE",
    "INDEX",
];

const WHOLE: [&str; 9] = [
    "SELECT * FROM T WHERE n = ?",
    "SELECT VALUE [t.v, u.n] FROM T AS t, U AS u BY id WHERE t.n = u.n AND id <> 'x'",
    "SELECT h.metadata.version, h.data.v FROM history(T, `2026-01-01T`) AS h WHERE h.metadata.id IN (?, 'x')",
    "SELECT COUNT(*) AS c FROM _ql_committed_T WHERE data.n BETWEEN 1 AND 3",
    "INSERT INTO T <<?, {'n': 1, 'v': [1, `x`]}>>",
    "UPDATE T AS t SET t.v[0].x = ?, w = {'y': t.n} WHERE NOT n IS MISSING OR v IS NULL",
    "DELETE FROM T WHERE n >= 2",
    "CREATE INDEX ON U (n)",
    "DROP TABLE U",
];

fn statement(random: &mut Random) -> String {
    let word = |random: &mut Random| WORDS[random.below(WORDS.len() as u64) as usize].to_owned();
    match random.below(3) {
        0 => (0..=random.below(24)).map(|_| word(random)).collect::<Vec<_>>().join(" "),
        // Words of a sound one in the place of others, doubled, or gone.
        1 => {
            let whole = WHOLE[random.below(WHOLE.len() as u64) as usize];
            let mut words: Vec<String> = whole.split(' ').map(str::to_owned).collect();
            for _ in 0..random.below(3) {
                let at = random.below(words.len() as u64) as usize;
                match random.below(3) {
                    0 => words[at] = word(random),
                    1 => words.insert(at, word(random)),
                    _ if words.len() > 1 => _ = words.remove(at),
                    _ => {}
                }
            }
            words.join(" ")
        }
        // Characters of one, changed.
        _ => {
            let whole = WHOLE[random.below(WHOLE.len() as u64) as usize];
            let mut letters: Vec<char> = whole.chars().collect();
            for _ in 0..random.below(3) {
                let at = random.below(letters.len() as u64) as usize;
                letters[at] = ['\'', '"', '`', '(', ')', '?', '\u{0}', 'é', ' ', '9', '.', '-']
                    [random.below(12) as usize];
            }
            letters.into_iter().collect()
        }
    }
}

#[test]
fn no_statement_panics_hangs_or_changes_what_it_is_refused_for() {
    let drawn = Cell::new(0);
    let draw = || {
        drawn.set(drawn.get() + 1);
        drawn.get()
    };
    let now = || Timestamp::with_ymd(2026, 11, 1).build().unwrap();
    let mut database = Database::default();
    let mut tip = Tip { strand: ids::of(1), sequence: 0, hash: None };
    let mut setup = Transaction::new(ids::of(draw()));
    for text in ["CREATE TABLE T", "CREATE TABLE U", "CREATE INDEX ON T (n)"] {
        setup.execute(&database, text, Vec::new(), now(), &draw).unwrap();
    }
    for n in 0..5 {
        let document =
            Parameter::read(format!("{{n: {n}, v: [{{x: {n}}}, b::null], s: \"t\"}}").as_bytes()).unwrap();
        setup.execute(&database, "INSERT INTO T ?", vec![document], now(), &draw).unwrap();
    }
    setup.execute(&database, "INSERT INTO U VALUE {'n': 1}", Vec::new(), now(), &draw).unwrap();
    let digest = setup.digest();
    let committed = setup.commit(&database, &digest.0).unwrap();
    let made = block::build(&tip, &committed, &now(), &|_, _| None).unwrap();
    (tip.sequence, tip.hash) = (1, Some(made.hash));
    database.apply(made.revisions);

    let mut random = Random(7);
    let (mut taken, mut refused) = (0u64, 0u64);
    for n in 0..inputs(20_000) {
        let text = statement(&mut random);
        let wanted = text.matches('?').count() as u64;
        let count = if random.below(8) == 0 { random.below(4) } else { wanted };
        let parameters =
            (0..count).map(|_| Parameter::read(journal::value(&mut random, 2).as_bytes()).unwrap());
        let parameters: Vec<Parameter> = parameters.collect();
        let mut transaction = Transaction::new(ids::of(draw()));
        let before = transaction.digest();
        let began = Instant::now();
        match transaction.execute(&database, &text, parameters, now(), &draw) {
            Ok(_) => {
                taken += 1;
                let digest = transaction.digest();
                let committed = transaction.commit(&database, &digest.0).unwrap();
                // Whatever it did can be journaled, and is read again as what it was.
                let version_of = |table: &str, id: &str| database.version_of(table, id);
                let made = block::build(&tip, &committed, &now(), &version_of)
                    .unwrap_or_else(|e| panic!("{n}: {text}: {e}"));
                block::check(&made.bytes, tip.hash.as_ref()).unwrap_or_else(|e| panic!("{n}: {text}: {e}"));
                let again = block::read(&made.bytes).unwrap_or_else(|e| panic!("{n}: {text}: {e}"));
                assert_eq!(
                    (again.hash, again.revisions.len()),
                    (made.hash, made.revisions.len()),
                    "{n}: {text}"
                );
            }
            Err(_) => {
                refused += 1;
                assert_eq!(transaction.digest(), before, "{n}: {text}");
                let left = transaction.commit(&database, &before.0).unwrap();
                assert!(left.writes.is_empty() && left.executed.is_empty(), "{n}: {text}");
            }
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{n}: {text}");
    }
    assert!(taken > 500 && refused > 500, "{taken} {refused}");
}
