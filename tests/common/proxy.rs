//! An HTTP proxy in front of a server that answers one of the requests badly.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::Shutdown;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The connection ends before the server hears of it.
    NeverSent,
    /// The server does it; the connection ends before anybody hears of that.
    AnswerLost,
    /// `503 SlowDown`, and the server hears nothing.
    SlowDown,
    /// The server does it, and `500 InternalError` comes back.
    DoneButError,
    /// Half of the answer.
    CutShort,
    /// The server hears nothing, and the client neither, until it goes away: it can be killed just here.
    Held,
    /// The same, once the server has done it.
    DoneAndHeld,
    /// The caller may not, in the words of the service that is asked.
    Denied,
    /// Too many requests, in the words of the service that is asked.
    Throttled,
}

impl Fault {
    pub const ALL: [Fault; 5] =
        [Fault::NeverSent, Fault::AnswerLost, Fault::SlowDown, Fault::DoneButError, Fault::CutShort];
}

/// What takes the place of a request.
pub enum Instead {
    /// This is asked: a head, with its empty line.
    Ask(String),
    /// Nobody is asked, and this is the answer.
    Answer(String),
}

/// Makes a server that is not as it should be: of the head of a request, and of that of its answer.
#[derive(Clone, Copy)]
pub struct Disguise {
    pub request: fn(&str) -> Instead,
    pub answer: fn(&str) -> String,
}

impl Default for Disguise {
    fn default() -> Self {
        Disguise { request: |head| Instead::Ask(head.to_owned()), answer: str::to_owned }
    }
}

/// A head without the lines of these headers.
pub fn without(head: &str, names: &[&str]) -> String {
    let is_one = |line: &str| {
        line.split_once(':').is_some_and(|(key, _)| names.iter().any(|name| key.eq_ignore_ascii_case(name)))
    };
    head.split_inclusive("\r\n").filter(|line| !is_one(line)).collect()
}

/// Sees the head and the body of a request on its way to the server, and says what the body is to be.
pub type Meddler = dyn Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync;

#[derive(Default)]
struct State {
    disguise: Disguise,
    meddler: Option<Arc<Meddler>>,
    forger: Option<Arc<Meddler>>,
    /// Which request from now on is answered so; and those after it, too, if it is for ever.
    fault: Option<(usize, Fault, bool)>,
    /// Method and a part of the first line, and the error that such a request gets.
    refusal: Option<(String, String, String)>,
    seen: Vec<String>,
    heads: Vec<String>,
}

/// Requests go through it to `upstream`; their host stays that of the proxy, so signatures hold.
pub struct Proxy {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    pub fn new(upstream: &str) -> Self {
        let upstream = upstream.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        // It ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (upstream, state) = (upstream.clone(), shared.clone());
                std::thread::spawn(move || {
                    let _ = serve(stream, &upstream, &state); // the client went away
                });
            }
        });
        Proxy { url, state }
    }

    /// Answers the `n`th request (from 1) badly; with `on` all that follow as well. Forgets what it has seen.
    pub fn break_request(&self, n: usize, fault: Fault, on: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { fault: Some((n, fault, on)), ..State::default() };
    }

    /// From now on it is another server.
    pub fn disguise(&self, disguise: Disguise) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { disguise, ..State::default() };
    }

    /// From now on each body goes through this. It may take its time, and do something else meanwhile.
    pub fn meddle(&self, meddler: impl Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync + 'static) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { meddler: Some(Arc::new(meddler)), ..State::default() };
    }

    /// From now on the body of each answer goes through this, which sees the head of the request.
    pub fn forge(&self, forger: impl Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync + 'static) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = State { forger: Some(Arc::new(forger)), ..State::default() };
    }

    /// From now on requests of this method with this in their first line get this error, and the server hears nothing.
    pub fn answer_instead(&self, method: &str, word: &str, status: &str, code: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let body = match method.starts_with("HEAD") {
            true => String::new(),
            false => {
                format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>")
            }
        };
        let head = format!("Content-Type: application/xml\r\nContent-Length: {}", body.len());
        let answer = format!("HTTP/1.1 {status}\r\n{head}\r\n\r\n{body}");
        *state = State { refusal: Some((method.to_owned(), word.to_owned(), answer)), ..State::default() };
    }

    /// The heads of the requests seen since the last call of `mend`, with their lines.
    pub fn heads(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).heads.clone()
    }

    /// How many requests have come.
    pub fn count(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).seen.len()
    }

    /// From now on everything passes. Returns the requests seen since the last call: method and path.
    pub fn mend(&self) -> Vec<String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *state).seen
    }
}

/// Head and body of a message.
fn message(from: &mut impl BufRead, has_body: bool) -> std::io::Result<Option<(String, Vec<u8>)>> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        head.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let mut body = Vec::new();
    if !has_body {
        return Ok(Some((head, body)));
    }
    if header("transfer-encoding").is_some_and(|how| how.eq_ignore_ascii_case("chunked")) {
        loop {
            let mut line = String::new();
            from.read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim().split(';').next().unwrap_or(""), 16).unwrap_or(0);
            let mut chunk = vec![0; length + 2];
            from.read_exact(&mut chunk)?;
            body.extend_from_slice(line.as_bytes());
            body.extend_from_slice(&chunk);
            if length == 0 {
                break;
            }
        }
    } else {
        let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        body = vec![0; length];
        from.read_exact(&mut body)?;
    }
    Ok(Some((head, body)))
}

/// A message with another body.
fn with_length(head: &str, body: Vec<u8>) -> (String, Vec<u8>) {
    let length = format!("\r\nContent-Length: {}\r\n", body.len());
    (without(head, &["content-length"]).replacen("\r\n", &length, 1), body)
}

/// Services whose requests are JSON answer in JSON, and call their errors exceptions.
fn refused(head: &str, status: &str, code: &str) -> String {
    let is_json = head.lines().any(|line| line.to_ascii_lowercase().starts_with("x-amz-target:"));
    let (kind, body) = match is_json {
        true => {
            ("application/x-amz-json-1.1", format!("{{\"__type\":\"{code}Exception\",\"message\":\"no\"}}"))
        }
        false if head.starts_with("HEAD") => ("application/xml", String::new()),
        false if head.starts_with("POST / ") => {
            let error = format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>no</Message></Error>");
            ("text/xml", format!("<ErrorResponse>{error}<RequestId>x</RequestId></ErrorResponse>"))
        }
        false => ("application/xml", format!("<Error><Code>{code}</Code><Message>no</Message></Error>")),
    };
    let status = if is_json { "400 Bad Request" } else { status };
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn serve(client: TcpStream, upstream: &str, state: &Mutex<State>) -> std::io::Result<()> {
    let mut from_client = BufReader::new(client.try_clone()?);
    let mut client = client;
    while let Some((head, body)) = message(&mut from_client, true)? {
        let line = head.lines().next().unwrap_or_default().to_owned();
        let (fault, disguise, refusal, meddler, forger) = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.heads.push(head.clone());
            state.seen.push(line.trim_end_matches(" HTTP/1.1").to_owned());
            let seen = state.seen.len();
            let fault = state.fault.filter(|(n, _, on)| seen == *n || *on && seen > *n);
            let refusal = state.refusal.clone();
            let (meddler, forger) = (state.meddler.clone(), state.forger.clone());
            (fault.map(|(_, fault, _)| fault), state.disguise, refusal, meddler, forger)
        };
        if let Some((_, _, answer)) =
            refusal.filter(|(m, word, _)| line.starts_with(m.as_str()) && line.contains(word))
        {
            client.write_all(answer.as_bytes())?;
            continue;
        }
        let head = match (disguise.request)(&head) {
            Instead::Ask(head) => head,
            Instead::Answer(answer) => {
                client.write_all(answer.as_bytes())?;
                continue;
            }
        };
        let (head, body) = match &meddler {
            None => (head, body),
            Some(meddler) => with_length(&head, meddler(&head, body)),
        };
        let error = |status: &str, code: &str| {
            let xml =
                format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>broken</Message></Error>");
            let body = if line.starts_with("HEAD") { "" } else { &xml };
            format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        match fault {
            Some(Fault::Denied) => {
                client.write_all(refused(&head, "403 Forbidden", "AccessDenied").as_bytes())?;
                continue;
            }
            Some(Fault::Throttled) => {
                client.write_all(refused(&head, "400 Bad Request", "Throttling").as_bytes())?;
                continue;
            }
            Some(Fault::NeverSent) => return client.shutdown(Shutdown::Both),
            Some(Fault::Held) => return from_client.fill_buf().map(|_| ()),
            Some(Fault::SlowDown) => {
                client.write_all(error("503 Slow Down", "SlowDown").as_bytes())?;
                continue;
            }
            _ => {}
        }
        let mut server = TcpStream::connect(upstream)?;
        // One request for each connection to the server: its end is the end of the answer.
        server.write_all(head.as_bytes())?;
        server.write_all(&body)?;
        let no_body = line.starts_with("HEAD");
        let mut from_server = BufReader::new(server);
        let Some((answer, bytes)) = message(&mut from_server, !no_body)? else {
            return client.shutdown(Shutdown::Both);
        };
        let answer = (disguise.answer)(&answer);
        let (answer, bytes) = match &forger {
            None => (answer, bytes),
            Some(forger) => with_length(&answer, forger(&head, bytes)),
        };
        match fault {
            Some(Fault::AnswerLost) => return client.shutdown(Shutdown::Both),
            Some(Fault::DoneAndHeld) => return from_client.fill_buf().map(|_| ()),
            Some(Fault::DoneButError) => {
                client.write_all(error("500 Internal Server Error", "InternalError").as_bytes())?;
            }
            Some(Fault::CutShort) => {
                let whole = [answer.as_bytes(), &bytes].concat();
                client.write_all(&whole[..whole.len() / 2])?;
                return client.shutdown(Shutdown::Both);
            }
            _ => {
                client.write_all(answer.as_bytes())?;
                client.write_all(&bytes)?;
            }
        }
    }
    Ok(())
}
