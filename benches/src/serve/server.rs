//! [`Server`]: `blink serve` as a process of its own, with a cache of its own, on ports that were free.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use blink_runtime::library::{self, LibraryError};

use super::{ClientError, Http, get};

/// How long a server may take to be ready, and to end.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often it is asked whether a model sleeps.
const LOOK: Duration = Duration::from_millis(10);

/// Why there is no server, or why it does not do what it should.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ServerError {
    #[error(transparent)]
    Library(#[from] LibraryError),
    #[error("server could not be started: {0}")]
    Spawn(std::io::Error),
    #[error("server was not ready within {} s; it wrote: {said}", PATIENCE.as_secs())]
    Late { said: String },
    #[error("server ended before it was ready; it wrote: {said}")]
    Ended { said: String },
    #[error("server ended with {0}, expected success")]
    Failed(ExitStatus),
    #[error("server did not end within {} s", PATIENCE.as_secs())]
    Stays,
    #[error("model '{model}': {what}, after {} s", PATIENCE.as_secs())]
    Model { model: String, what: &'static str },
    #[error("server's description of itself lacks {0}")]
    Lacks(&'static str),
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// A running server. It is killed where it is dropped without having been ended.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Where it speaks HTTP.
    pub http: SocketAddr,
    /// Where it speaks gRPC.
    pub grpc: SocketAddr,
    asked: Http,
}

impl Server {
    /// Starts `blink` with `serve` and these arguments, and waits until it is ready. Snapshots are kept in `cache`.
    pub fn start(blink: &Path, arguments: &[OsString], cache: &Path) -> Result<Server, ServerError> {
        let mut command = Command::new(blink);
        command.args(["serve", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]).args(arguments);
        command.env(library::CACHE_VARIABLE, cache).env(library::LIBRARY_VARIABLE, library::find()?.path);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(ServerError::Spawn)?;
        let lines = lines(&mut child);
        match listening(&lines).and_then(|(http, grpc)| Ok((http, grpc, Http::open(http)?))) {
            Ok((http, grpc, asked)) => Ok(Server { child, http, grpc, asked }),
            Err(error) => {
                // The first error is the one to tell.
                let _ = child.kill().and_then(|()| child.wait());
                Err(error)
            }
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it says of itself and its models.
    pub fn state(&mut self) -> Result<serde_json::Value, ServerError> {
        self.json("/blink/v1/state")
    }

    /// What it says of one model and its workers.
    pub fn model(&mut self, model: &str) -> Result<serde_json::Value, ServerError> {
        let state = self.state()?;
        let found = state["models"].as_array().and_then(|all| all.iter().find(|found| found["name"] == model));
        found.cloned().ok_or(ServerError::Lacks("a model"))
    }

    /// How many requests `model` has run, and the nanoseconds that its workers took for them.
    pub fn infer_ns(&mut self, model: &str) -> Result<(u64, u64), ServerError> {
        let stats = self.json(&format!("/v2/models/{model}/stats"))?;
        let infer = &stats["model_stats"][0]["inference_stats"]["compute_infer"];
        let (count, ns) = (infer["count"].as_u64(), infer["ns"].as_u64());
        count.zip(ns).ok_or(ServerError::Lacks("statistics of a model"))
    }

    /// Processes of the workers of `model`.
    pub fn workers(&mut self, model: &str) -> Result<Vec<u32>, ServerError> {
        let model = self.model(model)?;
        let workers = model["workers"].as_array().ok_or(ServerError::Lacks("workers"))?;
        let pid = |worker: &serde_json::Value| worker["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
        workers.iter().map(|worker| pid(worker).ok_or(ServerError::Lacks("a worker's process"))).collect()
    }

    /// How workers of `model` were started so far, by kind of start.
    pub fn starts(&mut self, model: &str) -> Result<Vec<(String, u64)>, ServerError> {
        let model = self.model(model)?;
        let starts = model["counts"]["starts"].as_object().ok_or(ServerError::Lacks("starts"))?;
        Ok(starts.iter().filter_map(|(kind, count)| Some((kind.clone(), count.as_u64()?))).collect())
    }

    /// Waits until `model` has no worker.
    pub fn wait_asleep(&mut self, model: &str) -> Result<(), ServerError> {
        let begun = Instant::now();
        while !self.workers(model)?.is_empty() {
            if begun.elapsed() > PATIENCE {
                return Err(ServerError::Model { model: model.to_owned(), what: "its workers do not end" });
            }
            std::thread::sleep(LOOK);
        }
        Ok(())
    }

    /// Tells it to end, and waits until it has.
    pub fn end(mut self) -> Result<(), ServerError> {
        let pid = i32::try_from(self.pid()).ok().and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM)
                .map_err(|error| ServerError::Spawn(error.into()))?;
        }
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            match self.child.try_wait().map_err(ServerError::Spawn)? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(ServerError::Failed(status)),
                None => std::thread::sleep(LOOK),
            }
        }
        Err(ServerError::Stays)
    }

    fn json(&mut self, path: &str) -> Result<serde_json::Value, ServerError> {
        let reply = self.asked.ask(&get(path))?;
        serde_json::from_slice(reply.body).map_err(|_| ClientError::Form("it is no JSON").into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // There is nobody to tell.
            let _ = self.child.kill().and_then(|()| self.child.wait());
        }
    }
}

/// The lines that the server writes, read for as long as it lives so that it never waits for us.
fn lines(child: &mut Child) -> Receiver<String> {
    let (sender, receiver) = channel();
    if let Some(stderr) = child.stderr.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                // Whoever has found what it looked for listens no more.
                let _ = sender.send(line);
            }
        });
    }
    receiver
}

/// Where a server listens, once it is ready.
fn listening(lines: &Receiver<String>) -> Result<(SocketAddr, SocketAddr), ServerError> {
    let (begun, mut said) = (Instant::now(), String::new());
    let (mut http, mut grpc) = (None, None);
    loop {
        let line = match lines.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
            Ok(line) => line,
            Err(RecvTimeoutError::Timeout) => return Err(ServerError::Late { said }),
            Err(RecvTimeoutError::Disconnected) => return Err(ServerError::Ended { said }),
        };
        http = http.or_else(|| address(&line, "listening on http://"));
        grpc = grpc.or_else(|| address(&line, "listening on grpc://"));
        if line.contains("ready: ") {
            let both = http.zip(grpc);
            return both.ok_or(ServerError::Lacks("an address in what it wrote"));
        }
        said.push_str(&line);
        said.push('\n');
    }
}

fn address(line: &str, before: &str) -> Option<SocketAddr> {
    let rest = &line[line.find(before)? + before.len()..];
    let is_part = |character: char| character.is_ascii_hexdigit() || ".:[]".contains(character);
    rest[..rest.find(|character| !is_part(character)).unwrap_or(rest.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &[&str]) -> Receiver<String> {
        let (sender, receiver) = channel();
        lines.iter().for_each(|line| sender.send((*line).to_owned()).unwrap());
        receiver
    }

    #[test]
    fn addresses_are_found_in_what_the_server_writes() {
        let ready = "2027-01-31T00:00:00Z  INFO ready: 3 models";
        let lines = said(&["listening on http://127.0.0.1:80", "x listening on grpc://[::1]:9000\"}", ready]);
        let (http, grpc) = listening(&lines).unwrap();
        assert_eq!((http, grpc), ("127.0.0.1:80".parse().unwrap(), "[::1]:9000".parse().unwrap()));
        assert!(matches!(listening(&said(&[ready])), Err(ServerError::Lacks(_))));
        let ended = listening(&said(&["error: no model"]));
        assert!(matches!(ended, Err(ServerError::Ended { said }) if said.contains("no model")));
    }
}
