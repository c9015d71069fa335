//! [`Signals`]: how the server is told to end, or to look at its models again.

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

use super::bind::ListenError;

/// What a signal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP: look at the models again.
    Reload,
    /// SIGTERM or SIGINT: end. The second one: end now.
    End,
}

/// The signals of this process. From the first value on they end it no more by themselves.
#[derive(Debug)]
pub struct Signals {
    terminate: Stream,
    interrupt: Stream,
    hang_up: Stream,
}

impl Signals {
    /// Hears signals from now on. To be called within the runtime.
    pub fn new() -> Result<Signals, ListenError> {
        let hear = |kind| signal(kind).map_err(ListenError::Signals);
        Ok(Signals {
            terminate: hear(SignalKind::terminate())?,
            interrupt: hear(SignalKind::interrupt())?,
            hang_up: hear(SignalKind::hangup())?,
        })
    }

    /// The next one. Nothing is lost when this future is dropped.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::End,
            _ = self.interrupt.recv() => Signal::End,
            _ = self.hang_up.recv() => Signal::Reload,
        }
    }
}
