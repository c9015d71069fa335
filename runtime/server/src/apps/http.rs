//! A guest that answers HTTP requests: the request is passed on over a socket, one end of which is the guest's, and its
//! answer passed back as it comes.

use std::io;
use std::os::unix::net::UnixStream as StdStream;
use std::time::Duration;

use blink_runtime::GuestCall;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use super::download::{Download, Tied};
use super::error::AppError;
use super::file::Memory;
use super::run::Run;
use super::upload::Upload;
use super::{Call, forward};
use crate::error::RequestError;
use crate::front::Body;

/// How long a head that was sent may take to be read once its guest has ended.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) async fn answer(call: &Call<'_>, request: Request<Incoming>) -> Result<Response<Body>, AppError> {
    let config = &call.state.config;
    let (head, body) = request.into_parts();
    let (upload, broken) = Upload::new(body, config.max_body, config.client_timeout)?;
    let forwarded = forward::request(call, head, upload)?;

    let (here, there) = pair().map_err(|_| no_socket())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(here)).await.map_err(|_| no_socket())?;
    // How it ends, the sender and the body tell.
    let connection = Tied::to(tokio::spawn(async move { _ = connection.await }));
    let said = Memory::new()?;
    let streams = [there.into(), said.stream()?, said.stream()?];
    let (run, asked) = (Run::of(call), call.request(GuestCall::Http, Vec::new()));
    let mut run = Tied::to(tokio::spawn(async move { run.run(asked, streams, &said).await }));

    let mut sending = Box::pin(sender.send_request(forwarded));
    let (response, ended) = tokio::select! {
        biased;
        response = &mut sending => (response.ok(), None),
        ended = &mut run => match ended {
            // It was not begun, or its worker died: what it may have said is not whole.
            Some(Ok(Err(error @ AppError::Request(_)))) => return Err(broken.get().cloned().map_or(error, Into::into)),
            // A head may be on its way.
            ended => (tokio::time::timeout(PATIENCE, sending).await.ok().and_then(Result::ok), Some(ended)),
        },
    };
    if let Some(response) = response {
        let (mut head, body) = response.into_parts();
        forward::strip(&mut head.headers);
        head.version = http::Version::default();
        head.extensions.clear();
        return Ok(Response::from_parts(head, Body::new(Download::new(body, run, connection))));
    }
    if let Some(error) = broken.get() {
        return Err(error.clone().into());
    }
    let app = || call.app.name.clone();
    let ended = match ended {
        Some(ended) => ended,
        None => run.await,
    };
    Err(match ended {
        Some(Ok(Err(error))) => error,
        Some(Ok(Ok(_))) | None => AppError::Silent { app: app() },
        Some(Err(lost)) => match lost.try_into_panic() {
            // It is this handler's own.
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => RequestError::Failed(format!("request to '{}' was lost", app())).into(),
        },
    })
}

/// Both ends of a socket, of which this one is used here.
fn pair() -> io::Result<(UnixStream, StdStream)> {
    let (here, there) = StdStream::pair()?;
    here.set_nonblocking(true)?;
    Ok((UnixStream::from_std(here)?, there))
}

fn no_socket() -> RequestError {
    RequestError::Unavailable("server has no descriptors for the request now; come again".into())
}
