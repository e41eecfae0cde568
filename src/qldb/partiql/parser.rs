//! Words to statements, by recursive descent of a bounded depth.

use super::Invalid;
use super::ast::Expression;
use super::ast::Items;
use super::ast::Path;
use super::ast::Relation;
use super::ast::Select;
use super::ast::Source;
use super::ast::Statement;
use super::ast::Step;
use super::ast::Values;
use super::lexer;
use super::lexer::Token;

/// What names a table of committed documents.
const COMMITTED: &str = "_ql_committed_";
/// Words that no name is unless it is quoted.
const RESERVED: [&str; 31] = [
    "and", "as", "between", "by", "create", "delete", "drop", "exists", "false", "from", "group", "having",
    "in", "index", "insert", "into", "is", "like", "limit", "missing", "not", "null", "on", "or", "order",
    "remove", "select", "set", "true", "update", "where",
];

/// A statement, and how many `?` it has.
pub fn parse(text: &str) -> Result<(Statement, usize), Invalid> {
    let tokens = lexer::tokens(text)?;
    let mut parser = Parser { tokens, next: 0, end: text.len(), parameters: 0, depth: 0 };
    let statement = parser.statement()?;
    match parser.peek() {
        None => Ok((statement, parser.parameters)),
        Some(_) => Err(parser.unexpected("the end of the statement")),
    }
}

pub(super) struct Parser {
    tokens: Vec<(usize, Token)>,
    pub(super) next: usize,
    end: usize,
    pub(super) parameters: usize,
    pub(super) depth: usize,
}

impl Parser {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    pub(super) fn take(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.next += usize::from(token.is_some());
        token
    }

    fn here(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    pub(super) fn error(&self, why: impl Into<String>) -> Invalid {
        Invalid::at(self.here(), why)
    }

    pub(super) fn unexpected(&self, wanted: &str) -> Invalid {
        let found = match self.peek() {
            None => "it ends".to_owned(),
            Some(Token::Word(word)) => format!("{word} stands"),
            Some(Token::Sign(sign)) => format!("{sign} stands"),
            Some(Token::Quoted(_)) => "a quoted name stands".to_owned(),
            Some(Token::Parameter) => "? stands".to_owned(),
            Some(_) => "a literal stands".to_owned(),
        };
        self.error(format!("{found} where {wanted} should be, as far as this server understands PartiQL"))
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    pub(super) fn word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        self.next += usize::from(is);
        is
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Result<(), Invalid> {
        match self.word(word) {
            true => Ok(()),
            false => Err(self.unexpected(&word.to_ascii_uppercase())),
        }
    }

    pub(super) fn sign(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.next += usize::from(is);
        is
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> Result<(), Invalid> {
        match self.sign(sign) {
            true => Ok(()),
            false => Err(self.unexpected(sign)),
        }
    }

    fn name(&mut self, what: &str) -> Result<String, Invalid> {
        match self.peek() {
            Some(Token::Quoted(_)) => {}
            Some(Token::Word(word)) if !is_reserved(word) => {}
            _ => return Err(self.unexpected(what)),
        }
        match self.take() {
            Some(Token::Quoted(name) | Token::Word(name)) => Ok(name),
            _ => Err(self.unexpected(what)),
        }
    }

    fn statement(&mut self) -> Result<Statement, Invalid> {
        match () {
            () if self.word("select") => Ok(Statement::Select(Box::new(self.select()?))),
            () if self.word("insert") => self.insert(),
            () if self.word("create") => self.create(),
            () if self.word("drop") => {
                self.expect_word("table")?;
                Ok(Statement::DropTable { name: self.name("the name of a table")? })
            }
            () if self.word("update") => {
                let target = self.source()?;
                self.expect_word("set")?;
                let mut set = Vec::new();
                loop {
                    let path = self.path()?;
                    self.expect_sign("=")?;
                    set.push((path, self.expression()?));
                    if !self.sign(",") {
                        break;
                    }
                }
                Ok(Statement::Update { target, set, filter: self.filter()? })
            }
            () if self.word("delete") => {
                self.expect_word("from")?;
                let target = self.source()?;
                Ok(Statement::Delete { target, filter: self.filter()? })
            }
            () => Err(self.unexpected("SELECT, INSERT, UPDATE, DELETE, CREATE or DROP")),
        }
    }

    fn create(&mut self) -> Result<Statement, Invalid> {
        if self.word("table") {
            return Ok(Statement::CreateTable { name: self.name("the name of a table")? });
        }
        self.expect_word("index")?;
        self.expect_word("on")?;
        let table = self.name("the name of a table")?;
        self.expect_sign("(")?;
        let field = self.name("the name of a field")?;
        if matches!(self.peek(), Some(Token::Sign("." | ","))) {
            return Err(self.error("an index is on one field of the document itself"));
        }
        self.expect_sign(")")?;
        Ok(Statement::CreateIndex { table, field })
    }

    fn insert(&mut self) -> Result<Statement, Invalid> {
        self.expect_word("into")?;
        let table = self.name("the name of a table")?;
        let values = match () {
            () if self.word("value") => Values::One(self.expression()?),
            () if self.word("values") => {
                let mut all = Vec::new();
                loop {
                    let enclosed = self.sign("(");
                    all.push(self.expression()?);
                    if enclosed {
                        self.expect_sign(")")?;
                    }
                    if !self.sign(",") {
                        break Values::Many(all);
                    }
                }
            }
            () if self.sign("<<") => Values::Many(self.list(">>")?),
            () => Values::One(self.expression()?),
        };
        Ok(Statement::Insert { table, values })
    }

    fn select(&mut self) -> Result<Select, Invalid> {
        let items = match () {
            () if self.sign("*") => Items::All,
            () if self.word("value") => Items::Value(self.expression()?),
            () => {
                let mut named = Vec::new();
                loop {
                    let item = self.expression()?;
                    let name = match self.word("as") {
                        true => Some(self.name("a name")?),
                        false => None,
                    };
                    named.push((name, item));
                    if !self.sign(",") {
                        break Items::Named(named);
                    }
                }
            }
        };
        self.expect_word("from")?;
        let mut from = vec![self.source()?];
        while self.sign(",") {
            from.push(self.source()?);
        }
        Ok(Select { items, from, filter: self.filter()? })
    }

    fn filter(&mut self) -> Result<Option<Expression>, Invalid> {
        match self.word("where") {
            true => self.expression().map(Some),
            false => Ok(None),
        }
    }

    fn source(&mut self) -> Result<Source, Invalid> {
        let quoted = matches!(self.peek(), Some(Token::Quoted(_)));
        let name = self.name("the name of a table")?;
        let relation = match () {
            () if !quoted && name.eq_ignore_ascii_case("history") && self.sign("(") => self.history()?,
            () if name == "information_schema" && self.sign(".") => {
                self.expect_word("user_tables")?;
                Relation::UserTables
            }
            () => match name.strip_prefix(COMMITTED) {
                Some(table) => Relation::Committed(table.to_owned()),
                None => Relation::Table(name),
            },
        };
        let alias = match () {
            () if self.word("as") => Some(self.name("a name")?),
            // Without AS a name may follow at once.
            () if matches!(self.peek(), Some(Token::Quoted(_))) => Some(self.name("a name")?),
            () if matches!(self.peek(), Some(Token::Word(word)) if !is_reserved(word)) => {
                Some(self.name("a name")?)
            }
            () => None,
        };
        let by = match self.word("by") {
            true => Some(self.name("a name")?),
            false => None,
        };
        Ok(Source { relation, alias, by })
    }

    fn history(&mut self) -> Result<Relation, Invalid> {
        let table = self.name("the name of a table")?;
        let from = if self.sign(",") { Some(self.expression()?) } else { None };
        let to = if from.is_some() && self.sign(",") { Some(self.expression()?) } else { None };
        self.expect_sign(")")?;
        Ok(Relation::History { table, from, to })
    }

    pub(super) fn path(&mut self) -> Result<Path, Invalid> {
        let root = self.name("the name of a field")?;
        let mut steps = Vec::new();
        loop {
            if self.sign(".") {
                // Behind a point any word is a name.
                match self.take() {
                    Some(Token::Word(name) | Token::Quoted(name)) => steps.push(Step::Field(name)),
                    _ => {
                        self.next -= 1;
                        return Err(self.unexpected("the name of a field"));
                    }
                }
            } else if self.sign("[") {
                let step = match self.peek() {
                    Some(Token::Text(name)) => Step::Field(name.clone()),
                    Some(Token::Number(digits)) => {
                        Step::Index(digits.parse().map_err(|_| self.error("this is no index"))?)
                    }
                    _ => return Err(self.unexpected("an index or the name of a field")),
                };
                self.next += 1;
                self.expect_sign("]")?;
                steps.push(step);
            } else {
                return Ok(Path { root, steps });
            }
        }
    }
}

fn is_reserved(word: &str) -> bool {
    RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(word))
}

#[cfg(test)]
#[path = "parser_tests.rs"]
mod tests;
