//! `qldb serve`.

use crate::app::AppError;
use crate::cli::Context;
use crate::cli::Exit;
use crate::cli::args::ServeArgs;
use crate::cli::format::bytes;
use crate::domain::ParseError;
use crate::ports::StoreError;
use crate::ports::clock::Clock;
use crate::server::Server;
use crate::server::ServerError;
use crate::server::http;
use crate::server::ledger::Surroundings;
use crate::server::session::Limits;
use crate::server::signature::Keys;
use crate::stores::local::clock::SystemClock;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The machine's clock and its random numbers.
struct Machine;

impl Surroundings for Machine {
    fn milliseconds(&self) -> i64 {
        SystemClock.now().unix_micros() / 1_000
    }

    fn draw(&self) -> u128 {
        Uuid::new_v4().as_u128()
    }
}

pub fn run(context: &Context, args: &ServeArgs) -> Result<Exit, AppError> {
    let keys = match &args.access_keys {
        Some(file) => read_keys(&context.cwd.join(file))?,
        None if args.listen.ip().is_loopback() => Keys::new(),
        None => {
            let why = "can be reached from elsewhere, where only signed requests may be answered: name --access-keys FILE";
            return Err(ParseError::new("--listen", why, args.listen.to_string()).into());
        }
    };
    let limits = Limits {
        transaction: Duration::from_secs(args.transaction_timeout),
        session: Duration::from_secs(args.session_timeout),
        ..Limits::default()
    };
    let dir = context.cwd.join(&args.dir);
    let server = Server::open(dir.clone(), limits, keys, Arc::new(Machine)).map_err(|e| failed(&dir, e))?;
    for (path, size) in server.set_aside() {
        context.ui.warning(format!(
            "the end of a journal was not written to its end, as after a crash: {} are in {}",
            bytes(size),
            path.display()
        ));
    }
    let ready = |address| match context.ui.json {
        true => context
            .ui
            .json("mlprov.qldb-serve/1", &serde_json::json!({ "endpoint": format!("http://{address}") })),
        false => context.ui.answer(&format!("QLDB at http://{address}, ledgers in {}\n", dir.display())),
    };
    http::serve(Arc::new(server), args.listen, ready)
        .map_err(|e| StoreError::io("listen on", args.listen, e))?;
    Ok(0)
}

fn failed(dir: &Path, e: ServerError) -> AppError {
    let what = format!("{}", dir.display());
    match e {
        ServerError::Durable(e) => e.into(),
        e => StoreError::Unfit { what, why: e.to_string() }.into(),
    }
}

fn read_keys(path: &Path) -> Result<Keys, AppError> {
    let text = std::fs::read(path).map_err(|e| StoreError::io("read", path.display(), e))?;
    let bad = |why: &str| ParseError::new("--access-keys", why, path.display().to_string());
    // What is in it is secret: no error shows it.
    let keys: Keys =
        serde_json::from_slice(&text).map_err(|_| bad("is not JSON {\"ACCESS KEY\": \"SECRET\"}"))?;
    match keys.is_empty() {
        true => Err(bad("has no keys").into()),
        false => Ok(keys),
    }
}
