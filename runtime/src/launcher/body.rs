//! [`Body`]: what a worker lives in: a process of its own, or the resident worker of a device, where it is one model of
//! many.

use std::fmt;
use std::io::Read;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use super::child::{Child, Ended, Process};
use super::resident::Resident;

/// How long the model in a resident worker may take to be gone, and the worker to be known to have ended.
const PATIENCE: Duration = Duration::from_secs(1);

/// What may be ended from any thread.
pub(super) trait End: Send + Sync + fmt::Debug {
    /// Ends it, unless it has ended.
    fn end(&self);
}

impl End for Process {
    fn end(&self) {
        self.kill();
    }
}

/// The socket of a model in a resident worker. Closed, it ends the model, whatever it does.
#[derive(Debug)]
struct Line(UnixStream);

impl End for Line {
    fn end(&self) {
        // It fails where the model is gone, which is as well.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// What a worker lives in.
#[derive(Debug)]
pub(super) enum Body {
    Process(Child),
    Tenant { resident: Arc<Resident>, line: Arc<dyn End> },
}

impl Body {
    /// A model in `resident`, at the other end of `socket`.
    pub(super) fn tenant(resident: Arc<Resident>, socket: &UnixStream) -> std::io::Result<Body> {
        Ok(Body::Tenant { resident, line: Arc::new(Line(socket.try_clone()?)) })
    }

    /// What ends it from any thread.
    pub(super) fn end(&self) -> Arc<dyn End> {
        match self {
            Body::Process(child) => Arc::clone(child.process()) as Arc<dyn End>,
            Body::Tenant { line, .. } => Arc::clone(line),
        }
    }

    /// The id of the process.
    pub(super) fn pid(&self) -> u32 {
        match self {
            Body::Process(child) => child.pid(),
            Body::Tenant { resident, .. } => resident.pid(),
        }
    }

    /// The id of a process that is this worker's alone and has not been waited for.
    pub(super) fn own_pid(&self) -> Option<u32> {
        match self {
            Body::Process(child) if !child.is_gone() => Some(child.pid()),
            _ => None,
        }
    }

    /// It was heard to have lost its device: its resident worker is ending, and takes no more models.
    pub(super) fn lose_device(&self) {
        if let Body::Tenant { resident, .. } = self {
            resident.give_up();
        }
    }

    /// It was heard to be gone: how did it end? A process that is still there is killed.
    pub(super) fn gone(&mut self) -> Ended {
        match self {
            Body::Process(child) => child.wait(PATIENCE),
            // Where the resident worker lives, it is this model that has ended.
            Body::Tenant { resident, .. } => resident.has_ended(PATIENCE / 4).unwrap_or(Ended::Unknown),
        }
    }

    /// Ends it at once.
    pub(super) fn kill(&mut self) -> Ended {
        match self {
            Body::Process(child) => child.kill(),
            Body::Tenant { line, .. } => {
                line.end();
                Ended::Code(0)
            }
        }
    }

    /// Lets go of it: one that waits ends by itself, and what it held is free when this returns. A process at work is
    /// killed; a model at work in a resident worker is stopped, and not waited for where that takes long.
    pub(super) fn finish(&mut self, socket: &UnixStream, is_idle: bool) -> Ended {
        match self {
            Body::Process(child) => {
                // It fails where the worker is gone, which is as well.
                let _ = socket.shutdown(Shutdown::Both);
                if is_idle { child.wait(PATIENCE) } else { child.kill() }
            }
            Body::Tenant { .. } => {
                let _ = socket.shutdown(Shutdown::Write);
                let _ = socket.set_read_timeout(Some(PATIENCE));
                // That it closes its end is what is waited for; what it may say before that is for nobody.
                let (mut rest, mut bytes) = (socket, [0; 256]);
                while rest.read(&mut bytes).is_ok_and(|read| read > 0) {}
                self.kill()
            }
        }
    }
}
