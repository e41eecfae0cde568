use super::super::ast::Statement;
use super::super::parse;
use super::*;

struct Tables(Vec<(&'static str, Vec<Row>)>);

impl Rows for Tables {
    fn rows(&self, source: &Source, _: &[Narrowed], _: &Scope<'_>) -> Result<Vec<Row>> {
        let Relation::Table(name) = &source.relation else { return refused("only tables") };
        let table = self.0.iter().find(|(table, _)| table == name);
        table.map(|(_, rows)| rows.clone()).ok_or_else(|| Refused(format!("No such table {name}")))
    }
}

fn row(id: &str, ion: &str) -> Row {
    Row { id: id.into(), value: Arc::new(Element::read_one(ion).unwrap()) }
}

fn tables() -> Tables {
    let t = vec![
        row("d1", "{a: 1, b: \"x\", c: [10, 20], s: {n: 5}}"),
        row("d2", "{a: 2.0, b: y::'z', n: null.int}"),
        row("d3", "{a: 3e0, b: \"x\"}"),
    ];
    Tables(vec![("T", t), ("U", vec![row("u1", "{k: 1}"), row("u2", "{k: 2}")]), ("E", Vec::new())])
}

fn asked(text: &str, parameters: &[&str]) -> Result<Vec<String>> {
    let (statement, _) = parse(text).unwrap();
    let Statement::Select(statement) = statement else { panic!("{text}") };
    let parameters: Vec<Element> = parameters.iter().map(|ion| Element::read_one(ion).unwrap()).collect();
    let rows = select(&statement, &parameters, &tables())?;
    Ok(rows.iter().map(ToString::to_string).collect())
}

#[test]
fn rows_are_chosen_and_shaped_as_asked() {
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("SELECT VALUE a FROM T", &[], &["1", "2.0", "3e0"]),
        ("SELECT VALUE a FROM T WHERE b = ?", &["\"x\""], &["1", "3e0"]),
        ("SELECT VALUE b FROM T WHERE a = ?", &["2"], &["y::z"]),
        ("SELECT VALUE a FROM T WHERE a IN (3, ?)", &["1d0"], &["1", "3e0"]),
        ("SELECT VALUE t.a FROM T AS t WHERE t.a > 1 AND NOT t.a >= 3", &[], &["2.0"]),
        ("SELECT VALUE a FROM T WHERE a BETWEEN 2 AND 3", &[], &["2.0", "3e0"]),
        ("SELECT VALUE id FROM T BY id WHERE id = 'd3'", &[], &["\"d3\""]),
        ("SELECT VALUE a FROM T WHERE n IS NULL", &[], &["1", "2.0", "3e0"]),
        ("SELECT VALUE a FROM T WHERE n IS MISSING", &[], &["1", "3e0"]),
        ("SELECT VALUE a FROM T WHERE n = ?", &["null"], &[]),
        ("SELECT VALUE a FROM T WHERE NOT n = 1", &[], &[]),
        ("SELECT VALUE c[1] FROM T", &[], &["20"]),
        ("SELECT s.n, c[0], a AS x FROM T WHERE a = 1", &[], &["{n: 5, _2: 10, x: 1}"]),
        ("SELECT * FROM T WHERE a = 3", &[], &["{a: 3e0, b: \"x\"}"]),
        ("SELECT COUNT(*) FROM T, U", &[], &["{_1: 6}"]),
        ("SELECT COUNT(*) AS n FROM E", &[], &["{n: 0}"]),
        ("SELECT VALUE u.k FROM T t, U u WHERE t.a = u.k", &[], &["1", "2"]),
        ("SELECT VALUE [a, ?] FROM T WHERE a = 1", &["q"], &["[1, q]"]),
        ("SELECT VALUE 1 FROM T, E", &[], &[]),
    ];
    for (text, parameters, wanted) in cases {
        let found = asked(text, parameters).unwrap();
        let plain = |ion: &str| Element::read_one(ion).unwrap();
        let same = found.len() == wanted.len()
            && found.iter().zip(*wanted).all(|(found, wanted)| plain(found) == plain(wanted));
        assert!(same, "{text}: {found:?}");
    }
    let many = format!("SELECT COUNT(*) FROM T{}", ", T".repeat(20));
    assert!(asked(&many, &[]).unwrap_err().0.contains("combinations of rows"));
    assert!(asked("SELECT * FROM X", &[]).unwrap_err().0.contains("No such table"));
    assert!(asked("SELECT COUNT(*), a FROM T", &[]).is_err());
    assert!(asked("SELECT * FROM T WHERE a = ?", &[]).unwrap_err().0.contains("no parameter"));
}

#[test]
fn a_condition_narrows_only_as_far_as_it_binds_every_row() {
    let narrowed = |text: &str| {
        let (Statement::Select(statement), _) = parse(text).unwrap() else { panic!("{text}") };
        let parameters = [Element::from(7)];
        let scope = Scope::new(&parameters);
        let alone = statement.from.len() == 1;
        super::narrowed(statement.filter.as_ref(), &statement.from[0], alone, &scope).unwrap()
    };
    let field = |name: &str| vec![Narrowed::Field(name.to_owned(), vec![Element::from(7)])];
    assert_eq!(narrowed("SELECT * FROM T WHERE a = ?"), field("a"));
    assert_eq!(narrowed("SELECT * FROM T WHERE ? = T.a AND b > 1"), field("a"));
    assert_eq!(narrowed("SELECT * FROM T AS t, U AS u WHERE t.a = 7 AND u.b = 7 AND c = 7"), field("a"));
    assert_eq!(narrowed("SELECT * FROM T WHERE a = ? OR b = 1"), []);
    assert_eq!(narrowed("SELECT * FROM T WHERE NOT a = ?"), []);
    assert_eq!(narrowed("SELECT * FROM T WHERE a.b = ?"), []);
    assert_eq!(narrowed("SELECT * FROM _ql_committed_T WHERE data.a = ?"), field("a"));
    assert_eq!(narrowed("SELECT * FROM history(T) AS h WHERE h.data.a = ?"), []);
    let ids = vec![Narrowed::Ids(vec![Element::from(7)])];
    assert_eq!(narrowed("SELECT * FROM T BY id WHERE id = ?"), ids);
    assert_eq!(narrowed("SELECT * FROM history(T) AS h WHERE h.metadata.id IN (?)"), ids);
    assert_eq!(narrowed("SELECT * FROM _ql_committed_T AS c WHERE c.metadata.id = ?"), ids);
}

#[test]
fn keys_are_the_same_for_what_is_equal() {
    let all = [
        "1",
        "1.0",
        "1e0",
        "10d-1",
        "100",
        "1d2",
        "-1",
        "0",
        "-0d5",
        "0e0",
        "\"a\"",
        "a",
        "x::\"a\"",
        "true",
        "false",
        "nan",
        "+inf",
        "[1]",
        "[1.0]",
        "{a: 1}",
        "2020-01-01T00:00:00Z",
        "2020-01-01T01:00:00+01:00",
        "{{\"a\"}}",
        "{{YQ==}}",
    ];
    let all: Vec<Element> = all.iter().map(|ion| Element::read_one(ion).unwrap()).collect();
    for a in &all {
        assert_eq!(value::equal(a, a), Some(true), "{a}");
        for b in &all {
            let equal = value::equal(a, b);
            assert_eq!(equal, value::equal(b, a), "{a} {b}");
            if equal == Some(true) {
                assert_eq!(value::key(a), value::key(b), "{a} {b}");
            }
        }
    }
    assert_eq!(value::equal(&all[0], &all[1]), Some(true));
    assert_eq!(value::equal(&all[20], &all[21]), Some(true));
    assert_eq!(value::equal(&all[10], &all[11]), Some(false));
}

#[test]
fn a_part_is_replaced_and_the_rest_stays() {
    let document = Element::read_one("t::{a: {b: [1, 2]}, c: 3}").unwrap();
    let set = |steps: &[Step], to: &str| with(&document, steps, &Element::read_one(to).unwrap());
    let field = |name: &str| Step::Field(name.to_owned());
    let read = |ion: &str| Element::read_one(ion).unwrap();
    assert_eq!(set(&[field("c")], "x::4").unwrap(), read("t::{a: {b: [1, 2]}, c: x::4}"));
    assert_eq!(set(&[field("d")], "5").unwrap(), read("t::{a: {b: [1, 2]}, c: 3, d: 5}"));
    let deep = [field("a"), field("b"), Step::Index(1)];
    assert_eq!(set(&deep, "9").unwrap(), read("t::{a: {b: [1, 9]}, c: 3}"));
    assert!(set(&[field("x"), field("y")], "1").is_err());
    assert!(set(&[field("a"), field("b"), Step::Index(2)], "1").is_err());
    assert!(set(&[field("c"), field("y")], "1").is_err());
}
