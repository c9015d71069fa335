//! [`Exporter`]: a bounded queue, and the thread that empties it to the collector.
//!
//! A batch goes when it is full or a second old. Nothing is sent twice: what a collector does not take is dropped,
//! counted, and said once until it takes spans again.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc as blocking};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{info, warn};

use super::OtlpError;
use super::endpoint::Endpoint;
use super::payload;
use super::span::Span;

/// Groups of spans that wait, at most; a request or a start is one.
const WAITING: usize = 2048;
/// Spans of a batch, at least, that is not a second old.
const BATCH: usize = 512;
/// How old a batch may get.
const AGE: Duration = Duration::from_secs(1);
/// How long a collector may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read.
const ANSWER: usize = 64 << 10;

static EXPORTER: OnceLock<Exporter> = OnceLock::new();

/// What sends spans, from where they are made.
#[derive(Debug)]
pub(super) struct Exporter {
    queue: mpsc::Sender<Message>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Spans(Vec<Span>),
    /// Send what there is, then say so.
    Finish(blocking::Sender<()>),
}

/// Begins, once a process.
pub(super) fn begin(endpoint: &str) -> Result<(), OtlpError> {
    let exporter = Exporter::start(Endpoint::parse(endpoint)?)?;
    EXPORTER.set(exporter).map_err(|_| OtlpError::Begun)
}

/// The exporter, once begun.
pub(super) fn begun() -> Option<&'static Exporter> {
    EXPORTER.get()
}

impl Exporter {
    /// A thread that sends to `endpoint`, until the value goes.
    pub(super) fn start(endpoint: Endpoint) -> Result<Exporter, OtlpError> {
        let (queue, waiting) = mpsc::channel(WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let failed = |error: io::Error| OtlpError::Thread(error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let sender = Sender { endpoint, connection: None, dropped: Arc::clone(&dropped), was_refused: false };
        let work = move || runtime.block_on(sender.run(waiting));
        std::thread::Builder::new().name("spans".into()).spawn(work).map_err(failed)?;
        Ok(Exporter { queue, dropped })
    }

    /// Queues spans that belong together; where there is no room they are dropped.
    pub(super) fn send(&self, spans: Vec<Span>) {
        let count = spans.len() as u64;
        if self.queue.try_send(Message::Spans(spans)).is_err() {
            self.dropped.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// Spans that were dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Sends what waits; returns then, or after `patience`.
    pub(super) fn finish(&self, patience: Duration) {
        let (done, wait) = blocking::channel();
        if self.queue.try_send(Message::Finish(done)).is_ok() {
            let _ = wait.recv_timeout(patience);
        }
    }
}

/// The thread's side.
struct Sender {
    endpoint: Endpoint,
    connection: Option<SendRequest<Full<Bytes>>>,
    dropped: Arc<AtomicU64>,
    /// The last batch was not taken, which has been said.
    was_refused: bool,
}

impl Sender {
    async fn run(mut self, mut waiting: mpsc::Receiver<Message>) {
        while let Some(first) = waiting.recv().await {
            let (mut batch, mut finished) = (Vec::new(), Vec::new());
            let until = Instant::now() + AGE;
            let mut next = Some(first);
            while let Some(message) = next.take() {
                match message {
                    Message::Spans(spans) => batch.extend(spans),
                    Message::Finish(done) => finished.push(done),
                }
                if batch.len() < BATCH && finished.is_empty() {
                    next = timeout_at(until, waiting.recv()).await.ok().flatten();
                }
            }
            if !batch.is_empty() {
                self.export(&batch).await;
            }
            finished.into_iter().for_each(|done| _ = done.send(()));
        }
    }

    async fn export(&mut self, spans: &[Span]) {
        let count = spans.len() as u64;
        let body = Bytes::from(payload::encode(spans));
        let answer = timeout(PATIENCE, self.post(body)).await.unwrap_or_else(|_| Err("it does not answer".into()));
        match answer {
            Ok(answer) => {
                if std::mem::take(&mut self.was_refused) {
                    info!("collector takes spans again");
                }
                self.dropped.fetch_add(payload::rejected(&answer).min(count), Ordering::Relaxed);
            }
            Err(why) => {
                self.connection = None;
                self.dropped.fetch_add(count, Ordering::Relaxed);
                if !std::mem::replace(&mut self.was_refused, true) {
                    let collector = &self.endpoint.authority;
                    warn!(collector, why, spans = count, "collector takes no spans: they are dropped until it does");
                }
            }
        }
    }

    async fn post(&mut self, body: Bytes) -> Result<Bytes, String> {
        let mut open = self.connection.take();
        if let Some(connection) = &mut open
            && connection.ready().await.is_err()
        {
            open = None;
        }
        let connection = match open {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let connection = self.connection.insert(connection);
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.endpoint.path)
            .header(HOST, &self.endpoint.authority)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .map_err(|error| error.to_string())?;
        let response = connection.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status();
        let answer = Limited::new(response.into_body(), ANSWER).collect().await.map_err(|error| error.to_string())?;
        match status.is_success() {
            true => Ok(answer.to_bytes()),
            false => Err(format!("it answers {status}")),
        }
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let address = (self.endpoint.host.as_str(), self.endpoint.port);
        let stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        Ok(sender)
    }
}
