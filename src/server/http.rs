//! Requests to answers: HTTP/1.1 on a listener, each request on a thread that may wait.

use super::Server;
use http_body_util::BodyExt;
use http_body_util::Full;
use http_body_util::Limited;
use hyper::Request;
use hyper::Response;
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Bytes of a request: 40 parameters of 1 MiB would be more than a transaction may write.
const LARGEST: usize = 16 << 20;

/// A request, read to its end.
pub struct Asked {
    pub method: String,
    /// Path and query, as they were sent.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// What is sent back.
pub struct Answer {
    pub status: u16,
    pub content_type: &'static str,
    /// Of an error: `x-amzn-errortype`.
    pub error: Option<&'static str>,
    pub body: Vec<u8>,
}

/// Binds, tells the address, and serves until the process ends: what was acknowledged is on the disk at any time.
pub fn serve(server: Arc<Server>, listen: SocketAddr, ready: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async move {
        let listener = TcpListener::bind(listen).await?;
        ready(listener.local_addr()?);
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Of one connection; the next may do.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            let _ = stream.set_nodelay(true); // only slower without
            let server = server.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(server.clone(), request));
                let connection = hyper::server::conn::http1::Builder::new();
                // Who goes away is nobody's business.
                let _ = connection.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

async fn answer(
    server: Arc<Server>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let body = match Limited::new(body, LARGEST).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => {
            return Ok(response(Answer::refused(413, "BadRequestException", "the request is too large")));
        }
    };
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let asked = Asked { method: head.method.to_string(), target, headers, body };
    // It may wait for the disk.
    let answered = tokio::task::spawn_blocking(move || server.answer(&asked)).await;
    Ok(response(
        answered.unwrap_or_else(|_| Answer::refused(500, "InternalServerException", "the request failed")),
    ))
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = hyper::StatusCode::from_u16(answer.status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert("content-type", hyper::header::HeaderValue::from_static(answer.content_type));
    if let Some(error) = answer.error {
        headers.insert("x-amzn-errortype", hyper::header::HeaderValue::from_static(error));
    }
    response
}

impl Answer {
    pub fn json(content_type: &'static str, body: &serde_json::Value) -> Self {
        Answer { status: 200, content_type, error: None, body: body.to_string().into_bytes() }
    }

    pub fn refused(status: u16, error: &'static str, why: &str) -> Self {
        let body = serde_json::json!({ "__type": error, "Message": why });
        let content_type = "application/x-amz-json-1.0";
        Answer { status, content_type, error: Some(error), body: body.to_string().into_bytes() }
    }
}
