//! [`Served`]: the server's process, with a cache directory of its own.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use blink_runtime::library::{self, CACHE_VARIABLE, LIBRARY_VARIABLE};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::client::Connection;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running server; killed with this value, unless it was ended.
pub(crate) struct Served {
    child: std::sync::Mutex<Child>,
    pid: u32,
    /// Where it speaks HTTP.
    pub(crate) address: SocketAddr,
}

impl Served {
    /// Serves `scratch/models`, and writes what it says to `scratch/server.log`.
    pub(crate) fn start(blink: &Path, scratch: &Path) -> anyhow::Result<Served> {
        let log = scratch.join("server.log");
        let library = library::find().context("ONNX Runtime is not in place: run `blink setup`")?.path;
        let mut command = Command::new(blink);
        command.args(["serve", "models", "--config", "blink.toml", "--http", "127.0.0.1:0", "--grpc", "none"]);
        command.args(["--workers", "0..2", "--idle", "1s", "--poll", "200ms"]);
        command.current_dir(scratch).env(CACHE_VARIABLE, scratch.join("cache")).env(LIBRARY_VARIABLE, library);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
        let child = command.spawn().context("the server could not be started")?;
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut served = Served { pid: child.id(), child: child.into(), address: unknown };
        let began = Instant::now();
        loop {
            let said = fs::read_to_string(&log)?;
            let address = said.lines().find_map(|line| Some(line.split_once("listening on http://")?.1.trim()));
            if let Some(address) = address.filter(|_| said.contains("ready: ")) {
                served.address = address.parse().with_context(|| address.to_owned())?;
                return Ok(served);
            }
            ensure!(served.has_ended()?.is_none() && began.elapsed() < PATIENCE, "the server is not ready: {said}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// The processes of a model's workers that are not about to end. A worker that has none yet is none.
    pub(crate) fn workers(&self, model: &str) -> anyhow::Result<Vec<u32>> {
        let mut connection = Connection::to(self.address)?;
        connection.send("GET", "/blink/v1/state", None, b"")?;
        let state: Value = serde_json::from_slice(&connection.reply()?.body)?;
        let models = state["models"].as_array().context("a state without models")?;
        let found = models.iter().find(|found| found["name"] == model);
        let workers = found.and_then(|found| found["workers"].as_array()).with_context(|| format!("no {model}"))?;
        let live = workers.iter().filter(|worker| worker["state"] != "ending");
        let pid = |worker: &Value| u32::try_from(worker["pid"].as_u64()?).ok().filter(|pid| *pid > 1);
        Ok(live.filter_map(pid).collect())
    }

    /// Tells it to end, which it must do in good order and soon.
    pub(crate) fn end(&self) -> anyhow::Result<()> {
        send(self.pid, Signal::TERM)?;
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            match self.has_ended()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("the server ended with {status}"),
                None => thread::sleep(Duration::from_millis(20)),
            }
        }
        bail!("the server did not end within {} s", PATIENCE.as_secs())
    }

    fn has_ended(&self) -> anyhow::Result<Option<std::process::ExitStatus>> {
        let mut child = self.child.lock().ok().context("a thread of the soak panicked")?;
        Ok(child.try_wait()?)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Nothing is to be done where it has ended.
        if let Ok(child) = self.child.get_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Sends a signal.
pub(crate) fn send(pid: u32, signal: Signal) -> anyhow::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).context("no process id")?;
    kill_process(pid, signal).with_context(|| format!("{signal:?} to {pid:?}"))
}
