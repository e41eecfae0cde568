//! What a statement reads, and what it comes to. Where rows are kept is another's business.

use super::ast::Comparison;
use super::ast::Expression;
use super::ast::Items;
use super::ast::Path;
use super::ast::Relation;
use super::ast::Select;
use super::ast::Source;
use super::ast::Step;
use super::value;
use super::value::Maybe;
use ion_rs::Element;
use ion_rs::List;
use ion_rs::Struct;
use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

/// Rows that a join may come to: it is held in memory.
const MOST_ROWS: usize = 1_000_000;
/// Combinations of rows that it may look at for them: others wait meanwhile.
const MOST_LOOKED_AT: u64 = 5_000_000;

/// Why a statement that can be read cannot be carried out.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

pub type Result<T> = std::result::Result<T, Refused>;

fn refused<T>(why: impl Into<String>) -> Result<T> {
    Err(Refused(why.into()))
}

/// One document, as a source gives it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Of its document.
    pub id: Arc<str>,
    pub value: Arc<Element>,
}

/// What narrows a source before its rows are read: of a row that the statement takes, this holds.
#[derive(Clone, PartialEq, Debug)]
pub enum Narrowed {
    /// Its document's id is one of these.
    Ids(Vec<Element>),
    /// A field of the row is one of these.
    Field(String, Vec<Element>),
}

/// Gives rows. It may give more than was narrowed to, never fewer.
pub trait Rows {
    fn rows(&self, source: &Source, narrowed: &[Narrowed], scope: &Scope<'_>) -> Result<Vec<Row>>;
}

/// The values of `?`, and of what names stand for.
pub struct Scope<'a> {
    parameters: &'a [Element],
    names: Vec<(&'a str, Cow<'a, Element>)>,
    /// Rows whose fields are meant by a name alone.
    rows: Vec<&'a Element>,
}

impl<'a> Scope<'a> {
    pub fn new(parameters: &'a [Element]) -> Self {
        Scope { parameters, names: Vec::new(), rows: Vec::new() }
    }

    /// With a row of a source in it.
    pub fn add(&mut self, source: &'a Source, row: &'a Row) {
        if let Some(name) = source.name() {
            self.names.push((name, Cow::Borrowed(&*row.value)));
        }
        if let Some(by) = &source.by {
            self.names.push((by, Cow::Owned(Element::string(&*row.id))));
        }
        self.rows.push(&row.value);
    }

    pub fn value<'e>(&'e self, expression: &'e Expression) -> Result<Maybe<'e>> {
        Ok(match expression {
            Expression::Parameter(n) => match self.parameters.get(*n) {
                Some(value) => Some(Cow::Borrowed(value)),
                None => return refused(format!("there is no parameter for the {}. ?", n + 1)),
            },
            Expression::Literal(value) => Some(Cow::Borrowed(value)),
            Expression::Struct(fields) => {
                let mut built = Struct::builder();
                for (name, field) in fields {
                    if let Some(value) = self.value(field)? {
                        built = built.with_field(name.as_str(), value.into_owned());
                    }
                }
                Some(Cow::Owned(built.build().into()))
            }
            Expression::List(items) => {
                let mut all = Vec::new();
                for item in items {
                    all.extend(self.value(item)?.map(Cow::into_owned));
                }
                Some(Cow::Owned(List::from(all).into()))
            }
            Expression::Path(path) => self.path(path).map(Cow::Borrowed),
            Expression::CountAll => {
                return refused("COUNT(*) counts the rows of a SELECT, and stands nowhere else");
            }
            Expression::Compare(how, left, right) => value::of_truth(self.compare(*how, left, right)?),
            Expression::In(looked_for, all) => {
                let looked_for = self.value(looked_for)?;
                let (mut found, mut unknown) = (false, false);
                for item in all {
                    let item = self.value(item)?;
                    match looked_for.as_ref().zip(item.as_ref()).and_then(|(a, b)| value::equal(a, b)) {
                        Some(true) => found = true,
                        Some(false) => {}
                        None => unknown = true,
                    }
                }
                value::of_truth(if found { Some(true) } else { Some(false).filter(|_| !unknown) })
            }
            Expression::IsNull(of) => value::of_truth(Some(value::is_null(&self.value(of)?))),
            Expression::IsMissing(of) => value::of_truth(Some(self.value(of)?.is_none())),
            Expression::Not(of) => value::of_truth(value::truth(&self.value(of)?).map(|is| !is)),
            Expression::And(left, right) => {
                let left = value::truth(&self.value(left)?);
                let right = if left == Some(false) { Some(false) } else { value::truth(&self.value(right)?) };
                value::of_truth(match (left, right) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (Some(true), Some(true)) => Some(true),
                    _ => None,
                })
            }
            Expression::Or(left, right) => {
                let left = value::truth(&self.value(left)?);
                let right = if left == Some(true) { Some(true) } else { value::truth(&self.value(right)?) };
                value::of_truth(match (left, right) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                })
            }
        })
    }

    fn compare(&self, how: Comparison, left: &Expression, right: &Expression) -> Result<Option<bool>> {
        let (left, right) = (self.value(left)?, self.value(right)?);
        let Some((left, right)) = left.as_ref().zip(right.as_ref()) else { return Ok(None) };
        if left.is_null() || right.is_null() {
            return Ok(None);
        }
        let order = || value::order(left, right);
        Ok(match how {
            Comparison::Equal => value::equal(left, right),
            Comparison::NotEqual => value::equal(left, right).map(|is| !is),
            Comparison::Less => order().map(Ordering::is_lt),
            Comparison::LessOrEqual => order().map(Ordering::is_le),
            Comparison::Greater => order().map(Ordering::is_gt),
            Comparison::GreaterOrEqual => order().map(Ordering::is_ge),
        })
    }

    /// Whether the condition holds; unknown is no.
    pub fn holds(&self, condition: Option<&Expression>) -> Result<bool> {
        match condition {
            None => Ok(true),
            Some(condition) => Ok(value::truth(&self.value(condition)?) == Some(true)),
        }
    }

    fn path(&self, path: &Path) -> Option<&Element> {
        // The innermost of that name first.
        let named = self.names.iter().rev().find(|(name, _)| *name == path.root);
        let mut at: &Element = match named {
            Some((_, value)) => value,
            None => self.rows.iter().find_map(|row| row.as_struct()?.get(path.root.as_str()))?,
        };
        for step in &path.steps {
            at = match step {
                Step::Field(name) => at.as_struct()?.get(name.as_str())?,
                Step::Index(n) => at.as_sequence()?.get(usize::try_from(*n).ok()?)?,
            };
        }
        Some(at)
    }
}

impl Relation {
    /// Whether its rows are revisions: a document with its metadata.
    pub fn is_committed(&self) -> bool {
        matches!(self, Relation::Committed(_) | Relation::History { .. })
    }
}

impl Source {
    /// What its rows are called.
    pub fn name(&self) -> Option<&str> {
        self.alias.as_deref().or(match &self.relation {
            Relation::Table(name) => Some(name),
            _ => None,
        })
    }
}

/// The rows of a SELECT, in the order of their sources.
pub fn select(select: &Select, parameters: &[Element], rows: &dyn Rows) -> Result<Vec<Element>> {
    let scope = Scope::new(parameters);
    let mut sources = Vec::new();
    for source in &select.from {
        let narrowed = narrowed(select.filter.as_ref(), source, select.from.len() == 1, &scope)?;
        sources.push((source, rows.rows(source, &narrowed, &scope)?));
    }
    let counts = |item: &Expression| *item == Expression::CountAll;
    if let Items::Named(items) = &select.items
        && items.iter().any(|(_, item)| counts(item))
    {
        let [(name, _)] = &items[..] else {
            return refused("COUNT(*) is the only thing that its SELECT can ask for");
        };
        let mut count = 0u64;
        each(&sources, select, parameters, &mut |_| {
            count += 1;
            Ok(())
        })?;
        let name = name.as_deref().unwrap_or("_1");
        let count = Struct::builder().with_field(name, i64::try_from(count).unwrap_or(i64::MAX)).build();
        return Ok(vec![count.into()]);
    }
    let mut out = Vec::new();
    each(&sources, select, parameters, &mut |scope| {
        if out.len() == MOST_ROWS {
            return refused(format!("the result has more than {MOST_ROWS} rows"));
        }
        out.extend(item(&select.items, scope)?);
        Ok(())
    })?;
    Ok(out)
}

/// Calls `then` for each combination of rows of which the condition holds.
fn each(
    sources: &[(&Source, Vec<Row>)],
    select: &Select,
    parameters: &[Element],
    then: &mut dyn FnMut(&Scope<'_>) -> Result<()>,
) -> Result<()> {
    if sources.iter().any(|(_, rows)| rows.is_empty()) {
        return Ok(());
    }
    let combinations = sources.iter().map(|(_, rows)| rows.len() as u64).fold(1u64, u64::saturating_mul);
    if combinations > MOST_LOOKED_AT {
        return refused(format!("{combinations} combinations of rows are more than {MOST_LOOKED_AT}"));
    }
    // As an odometer: the last source turns fastest.
    let mut at = vec![0; sources.len()];
    loop {
        let mut scope = Scope::new(parameters);
        for ((source, rows), n) in sources.iter().zip(&at) {
            scope.add(source, &rows[*n]);
        }
        if scope.holds(select.filter.as_ref())? {
            then(&scope)?;
        }
        let Some(turned) = (0..at.len()).rev().find(|i| at[*i] + 1 < sources[*i].1.len()) else {
            return Ok(());
        };
        at[turned] += 1;
        at[turned + 1..].fill(0);
    }
}

/// `None`: `VALUE` of what is not there.
fn item(items: &Items, scope: &Scope<'_>) -> Result<Option<Element>> {
    match items {
        Items::Value(of) => Ok(scope.value(of)?.map(Cow::into_owned)),
        Items::All => {
            let mut built = Struct::builder();
            for (n, row) in scope.rows.iter().enumerate() {
                match row.as_struct() {
                    Some(fields) => {
                        for (name, value) in fields.fields() {
                            built = built.with_field(name.clone(), value.clone());
                        }
                    }
                    None => built = built.with_field(format!("_{}", n + 1), (*row).clone()),
                }
            }
            Ok(Some(built.build().into()))
        }
        Items::Named(items) => {
            let mut built = Struct::builder();
            for (n, (name, item)) in items.iter().enumerate() {
                let Some(value) = scope.value(item)? else { continue };
                let name = match (name, item) {
                    (Some(name), _) => name.clone(),
                    (None, Expression::Path(path)) => match path.steps.last() {
                        Some(Step::Field(name)) => name.clone(),
                        None => path.root.clone(),
                        Some(Step::Index(_)) => format!("_{}", n + 1),
                    },
                    (None, _) => format!("_{}", n + 1),
                };
                built = built.with_field(name, value.into_owned());
            }
            Ok(Some(built.build().into()))
        }
    }
}

/// What the condition says of the rows of one source, as far as it says it of every row that it takes. `alone`: a name
/// without more is a field of this source.
pub fn narrowed(
    condition: Option<&Expression>,
    source: &Source,
    alone: bool,
    scope: &Scope<'_>,
) -> Result<Vec<Narrowed>> {
    let mut all = Vec::new();
    let mut open: Vec<&Expression> = condition.into_iter().collect();
    while let Some(condition) = open.pop() {
        let (place, values) = match condition {
            Expression::And(left, right) => {
                open.extend([&**left, &**right]);
                continue;
            }
            Expression::Compare(Comparison::Equal, left, right) => match (&**left, &**right) {
                (Expression::Path(path), value) | (value, Expression::Path(path)) if is_constant(value) => {
                    (path, vec![value])
                }
                _ => continue,
            },
            Expression::In(looked_for, values) if values.iter().all(is_constant) => match &**looked_for {
                Expression::Path(path) => (path, values.iter().collect()),
                _ => continue,
            },
            _ => continue,
        };
        let is_id = source.by.as_ref() == Some(&place.root) && place.steps.is_empty();
        let below = below(source, place, alone);
        // Of a committed row the document lies below `data`.
        let document = match &below[..] {
            [id, rest @ ..] if source.relation.is_committed() => match (*id, rest) {
                ("data", [field]) => Some(*field),
                _ => None,
            },
            [field] => Some(*field),
            _ => None,
        };
        let is_id = is_id || source.relation.is_committed() && below == ["metadata", "id"];
        let mut constants = Vec::new();
        for value in values {
            constants.extend(scope.value(value)?.map(Cow::into_owned));
        }
        match () {
            () if is_id => all.push(Narrowed::Ids(constants)),
            // History has rows that the index knows no more.
            () if matches!(source.relation, Relation::History { .. }) => {}
            () => all.extend(document.map(|field| Narrowed::Field(field.to_owned(), constants))),
        }
    }
    Ok(all)
}

/// The names on the way from a row of this source; empty: it is no way from there, or not by names alone.
fn below<'p>(source: &Source, path: &'p Path, alone: bool) -> Vec<&'p str> {
    let steps: Option<Vec<&str>> = path
        .steps
        .iter()
        .map(|step| match step {
            Step::Field(name) => Some(name.as_str()),
            Step::Index(_) => None,
        })
        .collect();
    match steps {
        Some(steps) if source.name() == Some(&path.root) => steps,
        Some(steps) if alone => std::iter::once(path.root.as_str()).chain(steps).collect(),
        _ => Vec::new(),
    }
}

fn is_constant(expression: &Expression) -> bool {
    matches!(expression, Expression::Parameter(_) | Expression::Literal(_))
}

/// The document with a value in the place of another. What lies on the way must be there.
pub fn with(document: &Element, steps: &[Step], to: &Element) -> Result<Element> {
    let Some((step, rest)) = steps.split_first() else { return Ok(to.clone()) };
    let built: Element = match step {
        Step::Field(name) => {
            let Some(fields) = document.as_struct() else {
                return refused(format!("{name} is no field of a struct"));
            };
            let mut built = Struct::builder();
            let mut done = false;
            for (field, value) in fields.fields() {
                let is_it = !done && field.text() == Some(name);
                done |= is_it;
                let value = if is_it { with(value, rest, to)? } else { value.clone() };
                built = built.with_field(field.clone(), value);
            }
            if !done {
                if !rest.is_empty() {
                    return refused(format!("there is no {name} to set something in"));
                }
                built = built.with_field(name.as_str(), to.clone());
            }
            built.build().into()
        }
        Step::Index(n) => {
            let Some(items) = document.as_list() else { return refused("only items of a list can be set") };
            let mut all: Vec<Element> = items.iter().cloned().collect();
            let Some(item) = usize::try_from(*n).ok().and_then(|n| all.get_mut(n)) else {
                return refused(format!("the list has no item {n}"));
            };
            *item = with(item, rest, to)?;
            List::from(all).into()
        }
    };
    let annotations: Vec<_> = document.annotations().iter().cloned().collect();
    Ok(built.with_annotations(annotations))
}

#[cfg(test)]
#[path = "eval_tests.rs"]
mod tests;
