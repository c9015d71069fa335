//! An HTTP request answered by a guest: one instance, one exchange on a socket, and it is over.
//!
//! | file | what it holds |
//! |---|---|
//! | `exchange.rs` | the connection: one request read from it, its answer written to it |
//! | `body.rs` | the answer's body, counted against the run's limit |
//! | `interrupt.rs` | what ends a run from the connection's side: its limit, or that nobody listens any more |
//! | `outgoing.rs` | requests of the guest's own, all of which are refused |
//!
//! The connection is served by a thread of its own, so that what a guest has written leaves while it computes, and that
//! it is noticed when nobody listens any more. Where the guest fails before its answer has begun, the socket is closed
//! without one; later the answer is broken off, so that nobody takes a part for the whole.

mod body;
mod exchange;
mod interrupt;
mod outgoing;

use std::cell::OnceCell;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::{Builder, Runtime};
use wasmtime::Store;
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;

use crate::host::{ComponentWasi, Host};
use crate::report::Ended;
use crate::run::{Outcome, Run, refused};
use crate::waiting::on_a_kept_runtime;
use exchange::{Asked, Exchange};
use interrupt::Interrupt;
pub(crate) use outgoing::Outgoing;

thread_local! {
    /// Made at the first request of a thread, never before a worker is parked: it has a thread and descriptors.
    static RUNTIME: OnceCell<Runtime> = const { OnceCell::new() };
}

/// Reads one request from `socket`, has the guest answer it, and closes the socket.
pub(crate) fn serve(
    run: &Run<'_>,
    proxy: &ProxyPre<Host<ComponentWasi>>,
    store: Store<Host<ComponentWasi>>,
    socket: OwnedFd,
) -> Outcome {
    let watched = match run.watch() {
        Ok(watched) => watched,
        Err(why) => return refused(why),
    };
    let make = || Builder::new_multi_thread().worker_threads(1).thread_name("http").enable_all().build();
    let outcome = RUNTIME.with(|kept| on_a_kept_runtime(kept, make, answer(run, proxy, store, socket)));
    drop(watched);
    outcome.unwrap_or_else(refused)
}

async fn answer(
    run: &Run<'_>,
    proxy: &ProxyPre<Host<ComponentWasi>>,
    mut store: Store<Host<ComponentWasi>>,
    socket: OwnedFd,
) -> Outcome {
    let interrupt = Interrupt::new(&run.guest.engine, run.cancel);
    let mut exchange = match Exchange::begin(socket, &run.written, &interrupt) {
        Ok(exchange) => exchange,
        Err(error) => return refused(format!("socket of an HTTP request cannot be used: {error}")),
    };
    let mut instantiated = None;
    let handled = interrupt.unless(handle(proxy, &mut store, &mut exchange, &mut instantiated));
    let handled = run.in_time(handled).await;

    let used = run.used(&store, instantiated);
    let host = store.data();
    let refusal = host.nn.last_error().or(host.wasi.outgoing.refused()).map(str::to_owned);
    let ended = match handled {
        Ok(None) => {
            // What the guest has not finished ends with it.
            drop(store);
            run.in_time(exchange.finish()).await.map_or_else(|error| run.ended(Err(error)), |()| Ended::Exit(0))
        }
        Ok(Some(ended)) => ended,
        Err(error) => run.ended(Err(error)),
    };
    exchange.close().await;
    // A limit of the answer cancels the run, and so do those who go; which it was, only they know.
    (interrupt.why().unwrap_or(ended), used, refusal)
}

/// Has a new instance handle the request that comes; gives how the run ended where it was not begun, or gave no answer.
async fn handle(
    proxy: &ProxyPre<Host<ComponentWasi>>,
    store: &mut Store<Host<ComponentWasi>>,
    exchange: &mut Exchange,
    instantiated: &mut Option<Instant>,
) -> wasmtime::Result<Option<Ended>> {
    let Some(Asked { request, answer }) = exchange.asked().await else { return Ok(Some(Ended::Abandoned)) };
    let incoming = match store.data_mut().http().new_incoming_request(Scheme::Http, request) {
        Ok(incoming) => incoming,
        Err(error) => return Ok(Some(Ended::Refused(format!("guest cannot be given the request: {error}")))),
    };
    let given = Arc::clone(&exchange.given);
    let out =
        store.data_mut().http().new_response_outparam_from_callback(move |response| given.set(answer, response))?;
    let instance = proxy.instantiate_async(&mut *store).await?;
    *instantiated = Some(Instant::now());
    instance.wasi_http_incoming_handler().call_handle(&mut *store, incoming, out).await?;
    Ok(exchange.given.missing().map(|message| Ended::Trap { message, backtrace: Vec::new() }))
}
