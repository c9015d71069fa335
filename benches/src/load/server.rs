//! [`Server`]: a process that answers one request at a time, and whose every answer is checked.

use super::LoadError;
use super::peer::{Patience, PeerServer};
use super::worker::WorkerServer;
use crate::way::{Launch, Way};

/// A process that has answered once and waits for the next request. Dropped, it is ended.
pub struct Server(Kind);

enum Kind {
    Worker(Box<WorkerServer>),
    Peer(PeerServer),
}

impl Server {
    /// Starts `way` and has it answer once. `patience` is for peers: a worker that dies is noticed at once.
    pub fn start(way: &Way, patience: Patience) -> Result<Server, LoadError> {
        Ok(Server(match &way.launch {
            Launch::Worker(launch) => Kind::Worker(Box::new(WorkerServer::start(&way.name, launch)?)),
            Launch::Process(launch) => Kind::Peer(PeerServer::start(&way.name, launch, patience)?),
        }))
    }

    /// Asks it once: when the answer was there, in nanoseconds of [`blink_runtime::timeline::now`]. What follows that
    /// moment, the comparison with the first answer, is in nobody's latency.
    pub fn ask(&mut self) -> Result<u64, LoadError> {
        match &mut self.0 {
            Kind::Worker(worker) => worker.ask(),
            Kind::Peer(peer) => peer.ask(),
        }
    }

    /// Milliseconds from just before its spawn to its first answer.
    pub fn first_ms(&self) -> f64 {
        match &self.0 {
            Kind::Worker(worker) => worker.first_ms,
            Kind::Peer(peer) => peer.first_ms,
        }
    }

    /// The id of its process, where that is its own: models on a device share one.
    pub fn own_pid(&self) -> Option<u32> {
        match &self.0 {
            Kind::Worker(worker) => worker.is_alone().then(|| worker.pid()),
            Kind::Peer(peer) => Some(peer.pid()),
        }
    }

    /// The id of its process.
    pub fn pid(&self) -> u32 {
        match &self.0 {
            Kind::Worker(worker) => worker.pid(),
            Kind::Peer(peer) => peer.pid(),
        }
    }
}
