//! The session API (`qldb-session`, 2019-07-11): one operation, SendCommand, with one command in it.

use super::ledger::Ledger;
use super::ledger::LedgerError;
use super::ledger::Surroundings;
use crate::qldb::database::Failure;
use crate::qldb::database::Parameter;
use crate::qldb::database::Transaction;
use crate::qldb::database::ids;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ion_rs::Element;
use ion_rs::v1_0::Binary;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

/// Values of a page.
const PAGE: usize = 200;
/// Bytes of a parameter, as Ion binary and as text (shape ValueHolder).
const BINARY: usize = 131_072;
const TEXT: usize = 1_048_576;

/// How long things last, and how many there may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub transaction: Duration,
    pub session: Duration,
    pub sessions: usize,
}

impl Default for Limits {
    /// Those of the service: 30 seconds, 13 to 17 minutes, 1,500 sessions of each ledger in most regions.
    fn default() -> Self {
        Limits {
            transaction: Duration::from_secs(30),
            session: Duration::from_secs(15 * 60),
            sessions: 1_500,
        }
    }
}

/// Exceptions of the API, by their names; drivers go by these and by some of the texts.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("{0}")]
    BadRequest(String),
    #[error("{0}")]
    InvalidSession(String),
    #[error("Optimistic concurrency control failure")]
    OccConflict,
    #[error("{0}")]
    LimitExceeded(String),
    /// Nobody knows what became of it.
    #[error("{0}")]
    Internal(String),
}

impl Refusal {
    pub fn status(&self) -> u16 {
        match self {
            Refusal::Internal(_) => 500,
            _ => 400,
        }
    }

    pub fn exception(&self) -> &'static str {
        match self {
            Refusal::BadRequest(_) => "BadRequestException",
            Refusal::InvalidSession(_) => "InvalidSessionException",
            Refusal::OccConflict => "OccConflictException",
            Refusal::LimitExceeded(_) => "LimitExceededException",
            Refusal::Internal(_) => "InternalServerException",
        }
    }

    /// As it is answered.
    pub fn body(&self) -> Value {
        let mut body = json!({ "__type": self.exception(), "Message": self.to_string() });
        match self {
            Refusal::InvalidSession(_) => body["Code"] = json!("400"),
            Refusal::BadRequest(_) => body["Code"] = json!("412"),
            _ => {}
        }
        body
    }
}

impl From<LedgerError> for Refusal {
    fn from(e: LedgerError) -> Self {
        match e {
            LedgerError::Failure(Failure::Bad(why)) => Refusal::BadRequest(why),
            LedgerError::Failure(Failure::Limit(why)) => Refusal::BadRequest(why),
            LedgerError::Failure(Failure::Conflict) => Refusal::OccConflict,
            other => Refusal::Internal(other.to_string()),
        }
    }
}

type Result<T> = std::result::Result<T, Refusal>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Command {
    session_token: Option<String>,
    start_session: Option<StartSession>,
    start_transaction: Option<Value>,
    execute_statement: Option<ExecuteStatement>,
    fetch_page: Option<FetchPage>,
    commit_transaction: Option<CommitTransaction>,
    abort_transaction: Option<Value>,
    end_session: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StartSession {
    ledger_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ExecuteStatement {
    transaction_id: String,
    statement: String,
    #[serde(default)]
    parameters: Vec<Holder>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Holder {
    ion_binary: Option<String>,
    ion_text: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FetchPage {
    transaction_id: String,
    next_page_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CommitTransaction {
    transaction_id: String,
    commit_digest: String,
}

/// Whether a transaction is on, and since when.
struct Open {
    transaction: Transaction,
    since: Instant,
    /// What was not given yet, by token.
    pages: HashMap<String, VecDeque<Element>>,
}

struct Session {
    ledger: Arc<Ledger>,
    since: Instant,
    open: Option<Open>,
}

/// Every session of the server.
pub struct Sessions {
    all: Mutex<HashMap<String, Arc<Mutex<Session>>>>,
    limits: Limits,
    surroundings: Arc<dyn Surroundings>,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sessions {
    pub fn new(limits: Limits, surroundings: Arc<dyn Surroundings>) -> Self {
        Sessions { all: Mutex::default(), limits, surroundings }
    }

    /// `ledger`: by its name, if there is such a one and it may be used.
    pub fn send(&self, body: &[u8], ledger: &dyn Fn(&str) -> Option<Arc<Ledger>>) -> Result<Value> {
        let began = Instant::now();
        let bad = |why: String| Refusal::BadRequest(why);
        let command: Command =
            serde_json::from_slice(body).map_err(|e| bad(format!("the request is no command: {e}")))?;
        let mut answer = self.carry_out(command, ledger)?;
        let taken = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        if let Some(result) = answer.as_object_mut().and_then(|all| all.values_mut().next()) {
            result["TimingInformation"] = json!({ "ProcessingTimeMilliseconds": taken });
        }
        Ok(answer)
    }

    fn carry_out(&self, command: Command, ledger: &dyn Fn(&str) -> Option<Arc<Ledger>>) -> Result<Value> {
        let Command {
            session_token,
            start_session,
            start_transaction,
            execute_statement,
            fetch_page,
            commit_transaction,
            abort_transaction,
            end_session,
        } = command;
        let named = [
            start_session.is_some(),
            start_transaction.is_some(),
            execute_statement.is_some(),
            fetch_page.is_some(),
            commit_transaction.is_some(),
            abort_transaction.is_some(),
            end_session.is_some(),
        ];
        if named.iter().filter(|is| **is).count() != 1 {
            return Err(Refusal::BadRequest("a request has exactly one command".to_owned()));
        }
        if let Some(StartSession { ledger_name }) = start_session {
            return self.start(&ledger_name, ledger);
        }
        let Some(token) = session_token else {
            return Err(Refusal::BadRequest("the command needs a SessionToken".to_owned()));
        };
        if end_session.is_some() {
            // Whoever ended it before has what he wanted.
            lock(&self.all).remove(&token);
            return Ok(json!({ "EndSession": {} }));
        }
        let session = self.session(&token)?;
        // Only now: others' sessions are not to wait for what this one does.
        let mut session = lock(&session);
        if session.since.elapsed() > self.limits.session {
            lock(&self.all).remove(&token);
            return Err(Refusal::InvalidSession(format!("Session {token} has expired")));
        }
        let expired = session.open.as_ref().filter(|open| open.since.elapsed() > self.limits.transaction);
        if let Some(open) = expired {
            // The service dropped the session as well.
            let why = format!("Transaction {} has expired", open.transaction.id());
            session.open = None;
            lock(&self.all).remove(&token);
            return Err(Refusal::InvalidSession(why));
        }
        match (start_transaction, execute_statement, fetch_page, commit_transaction) {
            (Some(_), ..) => {
                if session.open.is_some() {
                    return Err(Refusal::BadRequest("the session has an open transaction".to_owned()));
                }
                let transaction = session.ledger.begin();
                let id = transaction.id().to_string();
                session.open = Some(Open { transaction, since: Instant::now(), pages: HashMap::new() });
                Ok(json!({ "StartTransaction": { "TransactionId": id } }))
            }
            (_, Some(execute), ..) => self.execute(&mut session, execute),
            (_, _, Some(FetchPage { transaction_id, next_page_token }), _) => {
                let open = open(&mut session, &transaction_id)?;
                let Some(rest) = open.pages.remove(&next_page_token) else {
                    return Err(Refusal::BadRequest("there is no page of this token".to_owned()));
                };
                let page = self.page(open, rest)?;
                Ok(json!({ "FetchPage": { "Page": page, "ConsumedIOs": ios(0, 0) } }))
            }
            (_, _, _, Some(CommitTransaction { transaction_id, commit_digest })) => {
                open(&mut session, &transaction_id)?;
                let digest = BASE64.decode(&commit_digest);
                let digest =
                    digest.map_err(|_| Refusal::BadRequest("CommitDigest is no base64".to_owned()))?;
                // Whatever comes of it, it is over.
                let Some(Open { transaction, .. }) = session.open.take() else {
                    return Err(Refusal::BadRequest("there is no open transaction".to_owned()));
                };
                session.ledger.commit(transaction, &digest)?;
                let told = json!({ "TransactionId": transaction_id, "CommitDigest": commit_digest, "ConsumedIOs": ios(0, 0) });
                Ok(json!({ "CommitTransaction": told }))
            }
            _ => {
                session.open = None;
                Ok(json!({ "AbortTransaction": {} }))
            }
        }
    }

    fn start(&self, name: &str, ledger: &dyn Fn(&str) -> Option<Arc<Ledger>>) -> Result<Value> {
        let Some(ledger) = ledger(name) else {
            return Err(Refusal::BadRequest(format!("The Ledger with name {name} is not found")));
        };
        let mut all = lock(&self.all);
        all.retain(|_, session| {
            session.try_lock().map_or(true, |session| session.since.elapsed() <= self.limits.session)
        });
        let here = all
            .values()
            .filter(|session| session.try_lock().map_or(true, |s| Arc::ptr_eq(&s.ledger, &ledger)));
        if here.count() >= self.limits.sessions {
            return Err(Refusal::LimitExceeded(format!(
                "Maximum number of sessions ({}) for ledger {name}",
                self.limits.sessions
            )));
        }
        // Nobody can guess another's session by his own.
        let token = format!("{}{}", ids::of(self.surroundings.draw()), ids::of(self.surroundings.draw()));
        let session = Session { ledger, since: Instant::now(), open: None };
        all.insert(token.clone(), Arc::new(Mutex::new(session)));
        Ok(json!({ "StartSession": { "SessionToken": token } }))
    }

    fn session(&self, token: &str) -> Result<Arc<Mutex<Session>>> {
        let session = lock(&self.all).get(token).cloned();
        session.ok_or_else(|| Refusal::InvalidSession("No such session".to_owned()))
    }

    fn execute(&self, session: &mut Session, execute: ExecuteStatement) -> Result<Value> {
        let ExecuteStatement { transaction_id, statement, parameters } = execute;
        let ledger = session.ledger.clone();
        let open = open(session, &transaction_id)?;
        let mut values = Vec::new();
        for holder in parameters {
            let most = if holder.ion_binary.is_some() { BINARY } else { TEXT };
            let bytes = match (holder.ion_binary, holder.ion_text) {
                (Some(binary), None) => {
                    let bytes = BASE64.decode(binary);
                    bytes.map_err(|_| Refusal::BadRequest("IonBinary is no base64".to_owned()))?
                }
                (None, Some(text)) => text.into_bytes(),
                _ => return Err(Refusal::BadRequest("a parameter is IonBinary or IonText".to_owned())),
            };
            if bytes.len() > most {
                return Err(Refusal::BadRequest(format!("a parameter has {most} bytes at most")));
            }
            values.push(Parameter::read(&bytes).map_err(LedgerError::from)?);
        }
        let rows = ledger.execute(&mut open.transaction, &statement, values)?;
        let page = self.page(open, rows.into())?;
        Ok(json!({ "ExecuteStatement": { "FirstPage": page, "ConsumedIOs": ios(0, 0) } }))
    }

    /// The first of these rows; the rest waits for whoever asks by the token.
    fn page(&self, open: &mut Open, mut rows: VecDeque<Element>) -> Result<Value> {
        let rest = rows.split_off(rows.len().min(PAGE));
        let mut values = Vec::new();
        for row in rows {
            let bytes = row.encode_as(Binary).map_err(|e| Refusal::Internal(e.to_string()))?;
            values.push(json!({ "IonBinary": BASE64.encode(bytes) }));
        }
        let mut page = json!({ "Values": values });
        if !rest.is_empty() {
            let token = ids::of(self.surroundings.draw()).to_string();
            page["NextPageToken"] = json!(token);
            open.pages.insert(token, rest);
        }
        Ok(page)
    }
}

/// The session's transaction, if it is this one.
fn open<'s>(session: &'s mut Session, id: &str) -> Result<&'s mut Open> {
    match &mut session.open {
        Some(open) if **open.transaction.id() == *id => Ok(open),
        _ => Err(Refusal::BadRequest(format!("Transaction {id} is not open in this session"))),
    }
}

/// Requests to the storage that the service would have charged: none are counted here.
fn ios(read: u64, write: u64) -> Value {
    json!({ "ReadIOs": read, "WriteIOs": write })
}
