//! [`Server`]: a `blink serve` of a test's own, on ports of its own. It must live until the test ends it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http::{Http, PATIENCE, Reply};
use crate::support::home::Home;

/// A running server.
pub(crate) struct Server {
    child: Child,
    said: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    has_ended: bool,
}

/// A worker, as the server tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Worker {
    /// 0: it has no process yet.
    pub(crate) pid: u32,
    /// starting, idle, busy or ending.
    pub(crate) state: String,
}

/// Looks until `found` has something, which it must within [`PATIENCE`].
pub(crate) fn wait<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal to a process.
pub(crate) fn signal(name: &str, pid: u32) {
    assert!(pid > 1, "a worker that has no process yet");
    let status = Command::new("kill").args([name, &pid.to_string()]).status().expect("kill starts");
    assert!(status.success(), "kill {name} {pid}: {status}");
}

impl Server {
    /// `blink serve models` with these words too, in a home whose folder has a directory of that name; ready.
    pub(crate) fn start(home: &Home, words: &str) -> Server {
        let line = format!("serve models --http 127.0.0.1:0 --grpc 127.0.0.1:0 --warm never {words}");
        let server = Server::spawn(home.blink(&line).into_command());
        server.ready();
        server
    }

    /// Any command that serves; it may not be ready.
    pub(crate) fn spawn(mut command: Command) -> Server {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Server::of(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// One that was started with a pipe for its stderr.
    pub(crate) fn of(mut child: Child) -> Server {
        let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
        let said = Arc::new(Mutex::new(String::new()));
        let shared = Arc::clone(&said);
        let reader = thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                *shared.lock().expect("nobody panics with it") += &(line + "\n");
            }
        });
        Server { child, said, reader: Some(reader), has_ended: false }
    }

    /// Waits until it says that it is ready.
    pub(crate) fn ready(&self) {
        self.says("ready: ");
    }

    /// Waits until it has written a line with `words`, and gives what follows them there.
    pub(crate) fn says(&self, words: &str) -> String {
        let mut ended = false;
        wait(&format!("a line with '{words}'"), || {
            let said = self.said();
            let found = said.lines().find_map(|line| Some(line.split_once(words)?.1.to_owned()));
            assert!(found.is_some() || !ended, "it ended without '{words}': {said}");
            // What it wrote last is read after its end.
            ended = self.reader.as_ref().is_none_or(JoinHandle::is_finished);
            found
        })
    }

    /// All it has written to stderr.
    pub(crate) fn said(&self) -> String {
        self.said.lock().expect("nobody panics with it").clone()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it speaks HTTP first.
    pub(crate) fn http(&self) -> SocketAddr {
        self.address("listening on http://")
    }

    /// Where gRPC clients come.
    pub(crate) fn grpc(&self) -> SocketAddr {
        self.address("listening on grpc://")
    }

    fn address(&self, words: &str) -> SocketAddr {
        let said = self.says(words);
        said.trim().parse().unwrap_or_else(|error| panic!("{words}{said}: {error}"))
    }

    /// A connection.
    pub(crate) fn connect(&self) -> Http {
        Http::to(self.http())
    }

    /// GET.
    pub(crate) fn get(&self, path: &str) -> Reply {
        self.connect().request("GET", path, &[], b"")
    }

    /// POST.
    pub(crate) fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Reply {
        self.connect().request("POST", path, &[], body.as_ref())
    }

    /// POST to a model.
    pub(crate) fn infer(&self, model: &str, body: impl AsRef<[u8]>) -> Reply {
        self.post(&format!("/v2/models/{model}/infer"), body)
    }

    /// Sends these requests to a model all at once, each on a thread of its own; the answers in their order.
    pub(crate) fn at_once(&self, model: &str, bodies: Vec<String>) -> Vec<Reply> {
        let (address, path) = (self.http(), format!("/v2/models/{model}/infer"));
        let ask = |body: String| {
            let path = path.clone();
            thread::spawn(move || Http::to(address).request("POST", &path, &[], body.as_bytes()))
        };
        let asked: Vec<_> = bodies.into_iter().map(ask).collect();
        asked.into_iter().map(|thread| thread.join().expect("an answer")).collect()
    }

    /// What it tells its page.
    pub(crate) fn state(&self) -> Value {
        self.get("/blink/v1/state").ok().json()
    }

    /// What it tells of a model.
    pub(crate) fn model(&self, name: &str) -> Value {
        let state = self.state();
        let models = state["models"].as_array().unwrap_or_else(|| panic!("no models: {state}"));
        let found = models.iter().find(|model| model["name"] == name);
        found.unwrap_or_else(|| panic!("no model {name}: {state}")).clone()
    }

    /// The workers of a model.
    pub(crate) fn workers(&self, model: &str) -> Vec<Worker> {
        let model = self.model(model);
        let workers = model["workers"].as_array().unwrap_or_else(|| panic!("no workers: {model}"));
        let worker = |worker: &Value| Worker {
            pid: worker["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok()).expect("a process id"),
            state: worker["state"].as_str().expect("a word").to_lowercase(),
        };
        workers.iter().map(worker).collect()
    }

    /// A worker of the model that is at work, waited for.
    pub(crate) fn busy(&self, model: &str) -> Worker {
        // One is "starting" until its first answer.
        let is_at_work = |worker: &Worker| worker.state == "busy" || (worker.state == "starting" && worker.pid != 0);
        wait("a worker at work", || self.workers(model).into_iter().find(is_at_work))
    }

    /// Waits until the model has no workers.
    pub(crate) fn asleep(&self, model: &str) {
        wait("a model without workers", || self.workers(model).is_empty().then_some(()));
    }

    /// What it counts: each line of its metrics by name and labels.
    pub(crate) fn metrics(&self) -> BTreeMap<String, f64> {
        let reply = self.get("/metrics").ok();
        let lines = reply.text().lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let pair = |line: &str| {
            let (name, value) = line.rsplit_once(' ')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        lines.map(|line| pair(line).unwrap_or_else(|| panic!("no metric: {line}"))).collect()
    }

    /// The sum of a metric's lines that have all these labels, each as `name="value"`.
    pub(crate) fn metric(&self, name: &str, labels: &[&str]) -> f64 {
        let is_it = |key: &str| {
            key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
                && labels.iter().all(|label| key.contains(label))
        };
        self.metrics().iter().filter(|(key, _)| is_it(key)).map(|(_, value)| value).sum()
    }

    /// Waits for its end; what it said.
    pub(crate) fn wait(self) -> (ExitStatus, String) {
        let (status, said) = self.wait_in_trouble();
        assert!(!said.contains("panicked"), "{said}");
        (status, said)
    }

    /// The same where its workers may have said anything by its stderr.
    pub(crate) fn wait_in_trouble(mut self) -> (ExitStatus, String) {
        let status = wait("its end", || self.child.try_wait().expect("a child"));
        self.has_ended = true;
        if let Some(reader) = self.reader.take() {
            reader.join().expect("it does not panic");
        }
        (status, self.said())
    }

    /// Whether it has ended by itself, or is about to: whether nobody listens any more.
    #[allow(dead_code, reason = "asked in `tests/faults`")]
    pub(crate) fn has_gone(&mut self) -> bool {
        let address = self.http();
        // Its last thread may have some way to go.
        let is_alive = || {
            (0..5).all(|_| {
                thread::sleep(Duration::from_millis(2));
                std::net::TcpStream::connect(address).is_ok()
            })
        };
        if is_alive() {
            return false;
        }
        wait("its end", || self.child.try_wait().expect("a child"));
        true
    }

    /// What one said that has ended by itself.
    #[allow(dead_code, reason = "asked in `tests/faults`")]
    pub(crate) fn gone(&mut self) -> String {
        self.has_ended = true;
        if let Some(reader) = self.reader.take() {
            reader.join().expect("it does not panic");
        }
        self.said()
    }

    /// Tells it to end, which it must do in good order.
    pub(crate) fn end(self) -> String {
        signal("-TERM", self.pid());
        let (status, said) = self.wait();
        assert_eq!(status.code(), Some(0), "{status} {:?}: {said}", status.signal());
        said
    }
}

impl Drop for Server {
    /// A server that a test has not ended must still be there, and may not have panicked.
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let ended = self.child.try_wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        if !thread::panicking() {
            let said = self.said();
            assert!(matches!(ended, Ok(None)), "the server has ended by itself: {ended:?}: {said}");
            assert!(!said.contains("panicked"), "{said}");
        } else {
            eprintln!("the server said: {}", self.said());
        }
    }
}
