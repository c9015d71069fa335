//! Accepting connections, and ending them in good order.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Semaphore, watch};
use tracing::{debug, warn};

use super::patience::Patient;
use super::route;
use crate::grpc;
use crate::listen::Listener;
use crate::state::State;

/// How long to wait after a connection could not be accepted: descriptors may come free.
const PAUSE: Duration = Duration::from_millis(20);
/// The most that is read from a connection at once, in bytes, and the longest head. A body that comes in one piece is not
/// copied.
const READ: usize = 1 << 20;
/// Requests that one HTTP/2 connection may have open.
const STREAMS: u32 = 256;

/// Accepts on `listener` until `closing` says so; a connection then ends with the request that it is at.
pub async fn accept(
    state: Arc<State>,
    grpc: grpc::Service,
    listener: Listener,
    room: Arc<Semaphore>,
    mut closing: watch::Receiver<bool>,
) {
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closed(&mut closing) => return,
        };
        match accepted {
            Ok(stream) => {
                let (state, grpc, closing) = (Arc::clone(&state), grpc.clone(), closing.clone());
                tokio::spawn(async move {
                    serve(state, grpc, stream, closing).await;
                    drop(place);
                });
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                warn!(%error, "connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Waits until no more connections are taken.
async fn closed(closing: &mut watch::Receiver<bool>) {
    // Without a sender the server is gone, which is as good.
    let _ = closing.wait_for(|closing| *closing).await;
}

/// The client went before it was accepted.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

async fn serve(
    state: Arc<State>,
    grpc: grpc::Service,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    mut closing: watch::Receiver<bool>,
) {
    let kept = Arc::clone(&state);
    let _counted = kept.readiness.connection();
    let patience = state.config.client_timeout;
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(READ);
    // Whoever opens a stream for each of its requests may have as many as it is allowed to, and no more.
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .keep_alive_interval(Some(Duration::from_secs(20)))
        .keep_alive_timeout(patience);
    let service = service_fn(move |request| {
        let answer = route::answer(Arc::clone(&state), grpc.clone(), request);
        async move { Ok::<_, std::convert::Infallible>(answer.await) }
    });
    let stream = TokioIo::new(Patient::new(stream, patience));
    let connection = builder.serve_connection(stream, service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closed(&mut closing) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(error, "connection broke off");
    }
}
