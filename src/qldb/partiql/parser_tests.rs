use super::super::ast::Comparison;
use super::*;
use ion_rs::Element;

fn ok(text: &str) -> Statement {
    parse(text).unwrap_or_else(|e| panic!("{text}: {e}")).0
}

fn path(text: &str) -> Expression {
    let mut names = text.split('.').map(str::to_owned);
    Expression::Path(Path { root: names.next().unwrap(), steps: names.map(Step::Field).collect() })
}

#[test]
fn what_the_drivers_send_is_understood() {
    assert_eq!(ok("create table Vehicle"), Statement::CreateTable { name: "Vehicle".into() });
    assert_eq!(ok("DROP TABLE \"select\""), Statement::DropTable { name: "select".into() });
    let index = Statement::CreateIndex { table: "T".into(), field: "VIN".into() };
    assert_eq!(ok("CREATE INDEX ON T (VIN)"), index);
    assert_eq!(ok("create index on \"T\" (\"VIN\")"), index);
    let names = "SELECT VALUE name FROM information_schema.user_tables WHERE status = 'ACTIVE'";
    let Statement::Select(select) = ok(names) else { panic!() };
    assert_eq!(select.items, Items::Value(path("name")));
    assert_eq!(select.from[0].relation, Relation::UserTables);
    let active = Box::new(Expression::Literal(Element::string("ACTIVE")));
    assert_eq!(select.filter, Some(Expression::Compare(Comparison::Equal, Box::new(path("status")), active)));
    let (insert, parameters) = parse("INSERT INTO T <<?, ?, {'a': ?}>>").unwrap();
    assert_eq!(parameters, 3);
    let Statement::Insert { values: Values::Many(values), .. } = insert else { panic!() };
    assert_eq!(values[1], Expression::Parameter(1));
    assert_eq!(values[2], Expression::Struct(vec![("a".into(), Expression::Parameter(2))]));
    let history =
        "SELECT h.metadata.id FROM history(T, `2019-06-05T00:00:00Z`) AS h WHERE h.metadata.id IN (?, 'x')";
    let Statement::Select(select) = ok(history) else { panic!() };
    assert!(
        matches!(&select.from[0].relation, Relation::History { table, from: Some(_), to: None } if table == "T")
    );
    assert!(matches!(&select.filter, Some(Expression::In(_, all)) if all.len() == 2));
    let Statement::Select(select) = ok("SELECT * FROM _ql_committed_T BY id, U AS u, V v WHERE id = ?")
    else {
        panic!()
    };
    let sources: Vec<_> = select.from.iter().map(|s| (s.alias.as_deref(), s.by.as_deref())).collect();
    assert_eq!(sources, [(None, Some("id")), (Some("u"), None), (Some("v"), None)]);
    assert_eq!(select.from[0].relation, Relation::Committed("T".into()));
    let Statement::Update { set, filter, .. } =
        ok("UPDATE T AS t SET t.a[0].b = ?, c = 1.50 WHERE NOT a IS NULL")
    else {
        panic!()
    };
    assert_eq!(set[0].0.steps, [Step::Field("a".into()), Step::Index(0), Step::Field("b".into())]);
    assert_eq!(set[1].1, Expression::Literal(Element::read_one(b"1.50").unwrap()));
    assert!(matches!(filter, Some(Expression::Not(_))));
    assert_eq!(ok("DELETE FROM T"), ok("delete  from T -- all of it\n"));
    let Statement::Select(select) = ok("SELECT COUNT(*) AS n, 'it''s' FROM T /* x */") else { panic!() };
    let Items::Named(items) = select.items else { panic!() };
    assert_eq!(items[0], (Some("n".into()), Expression::CountAll));
    assert_eq!(items[1].1, Expression::Literal(Element::string("it's")));
}

#[test]
fn numbers_keep_their_digits() {
    let literal = |text: &str| match ok(&format!("SELECT VALUE {text} FROM T")) {
        Statement::Select(select) => match select.items {
            Items::Value(Expression::Literal(value)) => value.to_string(),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    for (text, ion) in [
        ("1", "1"),
        ("-007", "-7"),
        ("0", "0"),
        ("1.50", "1.50"),
        ("00.5", "0.5"),
        ("1e3", "1d3"),
        ("`1e0`", "1e0"),
    ] {
        assert_eq!(literal(text), Element::read_one(ion.as_bytes()).unwrap().to_string(), "{text}");
    }
}

#[test]
fn everything_else_is_refused_with_its_place() {
    for (text, at, why) in [
        ("", 1, "it ends where SELECT"),
        ("EXPLAIN SELECT", 1, "EXPLAIN stands where SELECT"),
        ("SELECT * FROM T WHERE a LIKE 'x'", 25, "LIKE stands where the end"),
        ("SELECT sum(a) FROM T", 11, "sum is no function"),
        ("SELECT * FROM T; DROP TABLE T", 16, "';' means nothing"),
        ("INSERT INTO T 'x", 15, "has no end"),
        ("SELECT `1 2` FROM T", 8, "between the backticks"),
        ("CREATE INDEX ON T (a.b)", 21, "one field"),
        ("SELECT * FROM select", 15, "select stands where the name of a table"),
    ] {
        let refused = parse(text).unwrap_err();
        assert!(refused.at == at && refused.why.contains(why), "{text}: {refused}");
    }
    let deep = format!("SELECT VALUE {}1{} FROM T", "(".repeat(5_000), ")".repeat(5_000));
    assert!(parse(&deep).unwrap_err().why.contains("too deep"));
    let deep = format!("SELECT * FROM T WHERE {} a", "NOT ".repeat(5_000));
    assert!(parse(&deep).unwrap_err().why.contains("too deep"));
}
