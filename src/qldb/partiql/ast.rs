//! What a statement asks for.

use ion_rs::Element;

#[derive(Clone, PartialEq, Debug)]
pub enum Statement {
    CreateTable { name: String },
    DropTable { name: String },
    CreateIndex { table: String, field: String },
    Insert { table: String, values: Values },
    Select(Box<Select>),
    Update { target: Source, set: Vec<(Path, Expression)>, filter: Option<Expression> },
    Delete { target: Source, filter: Option<Expression> },
}

/// What is inserted.
#[derive(Clone, PartialEq, Debug)]
pub enum Values {
    /// `INSERT INTO t ?` and `INSERT INTO t VALUE x`; `INSERT INTO t ?` may be given a list.
    One(Expression),
    /// `INSERT INTO t <<x, …>>` and `INSERT INTO t VALUES (x), …`.
    Many(Vec<Expression>),
}

#[derive(Clone, PartialEq, Debug)]
pub struct Select {
    pub items: Items,
    pub from: Vec<Source>,
    pub filter: Option<Expression>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Items {
    /// `*`
    All,
    /// `VALUE x`
    Value(Expression),
    /// Each with the name that it has in the result.
    Named(Vec<(Option<String>, Expression)>),
}

/// `FROM t [AS x] [BY id]`
#[derive(Clone, PartialEq, Debug)]
pub struct Source {
    pub relation: Relation,
    /// What rows are called in the rest of the statement.
    pub alias: Option<String>,
    /// What their document ids are called.
    pub by: Option<String>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Relation {
    Table(String),
    /// `_ql_committed_t`
    Committed(String),
    /// `history(t[, from[, to]])`
    History {
        table: String,
        from: Option<Expression>,
        to: Option<Expression>,
    },
    /// `information_schema.user_tables`
    UserTables,
}

/// A name, and what lies below it.
#[derive(Clone, PartialEq, Debug)]
pub struct Path {
    pub root: String,
    pub steps: Vec<Step>,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    Field(String),
    Index(u64),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Expression {
    /// The `n`th `?`, from 0.
    Parameter(usize),
    Literal(Element),
    /// `{'a': x, …}`, of which something may be a parameter.
    Struct(Vec<(String, Expression)>),
    List(Vec<Expression>),
    Path(Path),
    /// `COUNT(*)`
    CountAll,
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// What is looked for, where, and whether it is not to be there.
    In(Box<Expression>, Vec<Expression>),
    IsNull(Box<Expression>),
    IsMissing(Box<Expression>),
    Not(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
}
