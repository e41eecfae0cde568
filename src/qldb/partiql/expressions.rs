//! Expressions: what binds least first, each level made of those below it.

use super::Invalid;
use super::ast::Comparison;
use super::ast::Expression;
use super::lexer::Token;
use super::parser::Parser;
use crate::qldb::document;
use ion_rs::Element;
use ion_rs::IonType;

/// How deep expressions may lie in each other.
const MAX_DEPTH: usize = 100;

impl Parser {
    /// Runs something one deeper.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Result<T, Invalid>) -> Result<T, Invalid> {
        if self.depth == MAX_DEPTH {
            return Err(self.error("expressions lie too deep in each other"));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    pub(super) fn expression(&mut self) -> Result<Expression, Invalid> {
        self.deeper(Self::or)
    }

    fn or(&mut self) -> Result<Expression, Invalid> {
        let mut left = self.and()?;
        while self.word("or") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, Invalid> {
        let mut left = self.not()?;
        while self.word("and") {
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Expression, Invalid> {
        match self.word("not") {
            true => Ok(Expression::Not(Box::new(self.deeper(Self::not)?))),
            false => self.comparison(),
        }
    }

    fn comparison(&mut self) -> Result<Expression, Invalid> {
        let left = self.operand()?;
        let comparison = match self.peek() {
            Some(Token::Sign("=")) => Comparison::Equal,
            Some(Token::Sign("<>" | "!=")) => Comparison::NotEqual,
            Some(Token::Sign("<")) => Comparison::Less,
            Some(Token::Sign("<=")) => Comparison::LessOrEqual,
            Some(Token::Sign(">")) => Comparison::Greater,
            Some(Token::Sign(">=")) => Comparison::GreaterOrEqual,
            _ => return self.test(left),
        };
        self.next += 1;
        Ok(Expression::Compare(comparison, Box::new(left), Box::new(self.operand()?)))
    }

    /// `IS [NOT] NULL`, `[NOT] IN (…)`, `BETWEEN`, or nothing.
    fn test(&mut self, left: Expression) -> Result<Expression, Invalid> {
        if self.word("is") {
            let not = self.word("not");
            let test = match () {
                () if self.word("null") => Expression::IsNull(Box::new(left)),
                () if self.word("missing") => Expression::IsMissing(Box::new(left)),
                () => return Err(self.unexpected("NULL or MISSING")),
            };
            return Ok(if not { Expression::Not(Box::new(test)) } else { test });
        }
        let not = self.word("not");
        if self.word("in") {
            let closing = match () {
                () if self.sign("(") => ")",
                () if self.sign("[") => "]",
                () if self.sign("<<") => ">>",
                () => return Err(self.unexpected("a list")),
            };
            let test = Expression::In(Box::new(left), self.list(closing)?);
            return Ok(if not { Expression::Not(Box::new(test)) } else { test });
        }
        if self.word("between") {
            let low = self.operand()?;
            self.expect_word("and")?;
            let high = self.operand()?;
            let at_least =
                Expression::Compare(Comparison::GreaterOrEqual, Box::new(left.clone()), Box::new(low));
            let at_most = Expression::Compare(Comparison::LessOrEqual, Box::new(left), Box::new(high));
            let test = Expression::And(Box::new(at_least), Box::new(at_most));
            return Ok(if not { Expression::Not(Box::new(test)) } else { test });
        }
        match not {
            true => Err(self.unexpected("IN or BETWEEN")),
            false => Ok(left),
        }
    }

    /// Up to the sign that ends it.
    pub(super) fn list(&mut self, closing: &str) -> Result<Vec<Expression>, Invalid> {
        let mut all = Vec::new();
        if self.sign(closing) {
            return Ok(all);
        }
        loop {
            all.push(self.expression()?);
            if self.sign(closing) {
                return Ok(all);
            }
            self.expect_sign(",")?;
        }
    }

    fn operand(&mut self) -> Result<Expression, Invalid> {
        match self.peek() {
            Some(Token::Parameter) => {
                self.next += 1;
                self.parameters += 1;
                Ok(Expression::Parameter(self.parameters - 1))
            }
            Some(Token::Text(text)) => {
                let literal = Element::string(text.as_str());
                self.next += 1;
                Ok(Expression::Literal(literal))
            }
            Some(Token::Number(digits)) => {
                let literal = self.number(&digits.clone())?;
                self.next += 1;
                Ok(Expression::Literal(literal))
            }
            Some(Token::Ion(text)) => {
                let literal = document::read(text.as_bytes());
                let (literal, _) = literal.map_err(|e| self.error(format!("between the backticks: {e}")))?;
                self.next += 1;
                Ok(Expression::Literal(literal))
            }
            Some(Token::Sign("-")) => {
                self.next += 1;
                match self.peek() {
                    Some(Token::Number(digits)) => {
                        let literal = self.number(&format!("-{digits}"))?;
                        self.next += 1;
                        Ok(Expression::Literal(literal))
                    }
                    _ => Err(self.unexpected("a number")),
                }
            }
            Some(Token::Sign("(")) => {
                self.next += 1;
                let inner = self.expression()?;
                self.expect_sign(")")?;
                Ok(inner)
            }
            Some(Token::Sign("[")) => {
                self.next += 1;
                Ok(Expression::List(self.list("]")?))
            }
            Some(Token::Sign("{")) => {
                self.next += 1;
                self.deeper(Self::fields)
            }
            Some(Token::Word(_)) => self.named(),
            Some(Token::Quoted(_)) => self.path().map(Expression::Path),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn named(&mut self) -> Result<Expression, Invalid> {
        match () {
            () if self.word("true") => Ok(Expression::Literal(Element::from(true))),
            () if self.word("false") => Ok(Expression::Literal(Element::from(false))),
            () if self.word("null") => Ok(Expression::Literal(Element::null(IonType::Null))),
            () => {
                let path = self.path()?;
                match self.peek() {
                    Some(Token::Sign("("))
                        if path.steps.is_empty() && path.root.eq_ignore_ascii_case("count") =>
                    {
                        self.next += 1;
                        self.expect_sign("*")?;
                        self.expect_sign(")")?;
                        Ok(Expression::CountAll)
                    }
                    Some(Token::Sign("(")) => {
                        Err(self.error(format!("{} is no function that is known here", path.root)))
                    }
                    _ => Ok(Expression::Path(path)),
                }
            }
        }
    }

    fn fields(&mut self) -> Result<Expression, Invalid> {
        let mut fields = Vec::new();
        if self.sign("}") {
            return Ok(Expression::Struct(fields));
        }
        loop {
            let name = match self.take() {
                Some(Token::Text(name) | Token::Quoted(name)) => name,
                other => {
                    self.next -= usize::from(other.is_some());
                    return Err(self.unexpected("the name of a field in quotes"));
                }
            };
            self.expect_sign(":")?;
            fields.push((name, self.expression()?));
            if self.sign("}") {
                return Ok(Expression::Struct(fields));
            }
            self.expect_sign(",")?;
        }
    }

    /// PartiQL's numbers are exact: an exponent makes a decimal, too.
    fn number(&self, digits: &str) -> Result<Element, Invalid> {
        // Ion writes no zeros before others.
        let (sign, digits) = match digits.strip_prefix('-') {
            Some(rest) => ("-", rest),
            None => ("", digits),
        };
        let trimmed = digits.trim_start_matches('0');
        let plain = match trimmed.chars().next() {
            Some('0'..='9') => trimmed.to_owned(),
            _ => format!("0{trimmed}"),
        };
        let ion = format!("{sign}{}", plain.replace(['e', 'E'], "d"));
        Element::read_one(ion.as_bytes()).map_err(|_| self.error("this number is too large"))
    }
}
