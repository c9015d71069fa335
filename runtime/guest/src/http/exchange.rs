//! [`Exchange`]: a connection on which one request comes and one answer goes.

use std::future::pending;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;

use super::body::Counted;
use super::interrupt::Interrupt;
use crate::report::Ended;
use crate::stdio::Written;

/// Largest head of a request, in bytes.
const HEAD: usize = 64 << 10;

/// A request, and where its answer goes.
pub(super) struct Asked {
    pub(super) request: Request<Incoming>,
    pub(super) answer: oneshot::Sender<Response<WasiBody>>,
}

/// What the guest has given as its answer's head.
#[derive(Default)]
pub(super) struct Given(Mutex<Option<Result<(), ErrorCode>>>);

impl Given {
    /// The guest gives `response`, or the error that it has in place of one.
    pub(super) fn set(
        &self,
        answer: oneshot::Sender<Response<WasiBody>>,
        response: Result<Response<WasiBody>, ErrorCode>,
    ) {
        // Where nobody waits for it any more, the run is being ended.
        let given = response.map(|response| _ = answer.send(response));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(given);
    }

    /// Why there is no answer of a guest that has returned; `None` where there is one.
    pub(super) fn missing(&self) -> Option<String> {
        match &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(Ok(())) => None,
            Some(Err(code)) => Some(format!("it gave an error as its answer: {code:?}")),
            None => Some("it returned without an answer (response-outparam.set)".into()),
        }
    }
}

/// A connection that is being served.
pub(super) struct Exchange {
    asked: Option<oneshot::Receiver<Asked>>,
    pub(super) given: Arc<Given>,
    /// `None` once it has ended.
    connection: Option<JoinHandle<Result<(), Broken>>>,
}

/// Why a connection has ended before its answer was complete.
enum Broken {
    /// By the guest: its body is not what it had announced.
    Body,
    /// By the other side.
    Abandoned,
}

impl Exchange {
    /// Serves `socket` on another thread: the answer's body counts as `written`.
    pub(super) fn begin(socket: OwnedFd, written: &Arc<Written>, interrupt: &Arc<Interrupt>) -> io::Result<Exchange> {
        let stream = StdStream::from(socket);
        stream.set_nonblocking(true)?;
        let stream = UnixStream::from_std(stream)?;
        let (ask, asked) = oneshot::channel();
        let connection = tokio::spawn(serve(stream, ask, Arc::clone(written), Arc::clone(interrupt)));
        Ok(Exchange { asked: Some(asked), given: Arc::default(), connection: Some(connection) })
    }

    /// The request; `None` where none comes, or it came before.
    pub(super) async fn asked(&mut self) -> Option<Asked> {
        self.asked.take()?.await.ok()
    }

    /// Waits until the answer is written.
    pub(super) async fn finish(&mut self) -> wasmtime::Result<()> {
        let Some(connection) = &mut self.connection else { return Ok(()) };
        let ended = connection.await;
        self.connection = None;
        match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Broken::Body)) => Err(wasmtime::Error::msg("its answer's body is not as long as it had announced")),
            // Told by the interrupt.
            Ok(Err(Broken::Abandoned)) | Err(_) => {
                Err(wasmtime::Error::msg("nobody listened to the end of its answer"))
            }
        }
    }

    /// Closes the connection: what of an answer is not written then is broken off.
    pub(super) async fn close(self) {
        if let Some(connection) = self.connection {
            connection.abort();
            // Aborted, or ended before.
            let _ = connection.await;
        }
    }
}

/// Reads one request from `stream`, hands it to `ask`, and writes the answer.
async fn serve(
    stream: UnixStream,
    ask: oneshot::Sender<Asked>,
    written: Arc<Written>,
    interrupt: Arc<Interrupt>,
) -> Result<(), Broken> {
    let ask = Mutex::new(Some(ask));
    let service = service_fn(|request| {
        let (answer, answered) = oneshot::channel();
        let ask = ask.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Who asks in vain is gone, and the exchange with them.
        if let Some(ask) = ask {
            drop(ask.send(Asked { request, answer }));
        }
        let (written, interrupt) = (Arc::clone(&written), Arc::clone(&interrupt));
        async move {
            match answered.await {
                Ok(response) => {
                    let counted = |body| Counted { body, written, interrupt };
                    Ok::<_, std::convert::Infallible>(response.map(counted))
                }
                // Without an answer the connection is closed by whoever has none.
                Err(_) => pending().await,
            }
        }
    });
    let mut http = http1::Builder::new();
    http.keep_alive(false).max_buf_size(HEAD).auto_date_header(false);
    match http.serve_connection(TokioIo::new(stream), service).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_user() => Err(Broken::Body),
        Err(_) => {
            interrupt.end(Ended::Abandoned);
            Err(Broken::Abandoned)
        }
    }
}
