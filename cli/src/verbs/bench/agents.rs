//! [`Agents`]: two builds of blink that make starts when they are asked.

use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use blink_benches::measure::Launches;
use blink_benches::measurement::{Kind, Run, State};

use super::WrongAnswer;
use super::agent::{Ask, PROTOCOL, Ready, Told};
use super::subject::SubjectArgs;

/// Why a build did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AgentError {
    /// It said so itself, with the exit code that its failure calls for.
    #[error("{name}: {message}")]
    Failed { name: &'static str, code: u8, message: String },
    /// It is no program.
    #[error("{name} ({path}) cannot be started: {source}", path = path.display())]
    Spawn { name: &'static str, path: PathBuf, source: io::Error },
    /// It is no blink, or an old one.
    #[error(
        "{name} ({path}) ended before it was ready: expected a build of blink with `bench ab`",
        path = path.display()
    )]
    Ended { name: &'static str, path: PathBuf },
    /// It speaks otherwise.
    #[error(
        "{name} ({path}) speaks another protocol: found {found}, expected {PROTOCOL}; compare builds that are closer",
        path = path.display()
    )]
    Protocol { name: &'static str, path: PathBuf, found: String },
}

/// Both builds.
pub(super) struct Agents(pub(super) [Agent; 2]);

/// One build that is ready.
pub(super) struct Agent {
    line: Line,
    pub(super) ready: Ready,
}

/// A process that is asked, and answers.
struct Line {
    name: &'static str,
    path: PathBuf,
    child: Child,
    asks: Option<ChildStdin>,
    told: BufReader<ChildStdout>,
}

impl Agent {
    /// The build at `path`, once it has made `subject` ready.
    pub(super) fn start(
        name: &'static str,
        path: &Path,
        subject: &SubjectArgs,
        from_disk: bool,
    ) -> Result<Agent, AgentError> {
        let mut command = Command::new(path);
        command.args(["bench", "agent"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        if from_disk {
            command.arg("--from-disk");
        }
        command.args(subject.words());
        let failed = |source| AgentError::Spawn { name, path: path.to_owned(), source };
        let mut child = command.spawn().map_err(failed)?;
        let asks = child.stdin.take();
        let told = child.stdout.take().ok_or_else(|| failed(io::ErrorKind::BrokenPipe.into()))?;
        let mut line = Line { name, path: path.to_owned(), child, asks, told: BufReader::new(told) };
        match line.hear()? {
            Told::Ready(ready) if ready.protocol == PROTOCOL => Ok(Agent { line, ready: *ready }),
            Told::Ready(ready) => Err(line.speaks(&ready.protocol.to_string())),
            other => Err(line.speaks(&format!("{other:?}"))),
        }
    }
}

impl Line {
    fn ask(&mut self, ask: &Ask) -> Result<Told, AgentError> {
        let ended = || AgentError::Ended { name: self.name, path: self.path.clone() };
        let mut line = serde_json::to_vec(ask).map_err(|_| ended())?;
        line.push(b'\n');
        let asks = self.asks.as_mut().ok_or_else(ended)?;
        asks.write_all(&line).and_then(|()| asks.flush()).map_err(|_| ended())?;
        self.hear()
    }

    fn hear(&mut self) -> Result<Told, AgentError> {
        let mut line = String::new();
        match self.told.read_line(&mut line) {
            Ok(count) if count > 0 => {}
            _ => return Err(AgentError::Ended { name: self.name, path: self.path.clone() }),
        }
        match serde_json::from_str(&line) {
            Ok(Told::Failed { code, message }) => Err(AgentError::Failed { name: self.name, code, message }),
            Ok(told) => Ok(told),
            Err(_) => Err(self.speaks(line.trim())),
        }
    }

    fn speaks(&self, found: &str) -> AgentError {
        let found = found.chars().take(80).collect();
        AgentError::Protocol { name: self.name, path: self.path.clone(), found }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // Its stdin closed, it removes its files and ends.
        self.asks = None;
        let _ = self.child.wait();
    }
}

impl Launches for Agents {
    type Error = AgentError;

    fn ways(&self) -> Vec<(String, Kind, Option<f64>)> {
        let of = |agent: &Agent| {
            let alone = agent.ready.ways.len() == 1;
            let name = agent.line.name;
            let named = |way: &String| if alone { name.to_owned() } else { format!("{name}-{way}") };
            agent.ready.ways.iter().map(named).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).map(|name| (name, Kind::Worker, Some(0.0))).collect()
    }

    fn takes(&self, _: usize, _: State) -> bool {
        true
    }

    fn start(&mut self, way: usize, state: State) -> Result<Run, AgentError> {
        let (line, way) = self.whose(way);
        match line.ask(&Ask::Start { way, state })? {
            Told::Run(run) => Ok(*run),
            other => Err(line.speaks(&format!("{other:?}"))),
        }
    }

    fn warm(&mut self, way: usize, runs: usize) -> Result<Vec<f64>, AgentError> {
        let (line, way) = self.whose(way);
        match line.ask(&Ask::Warm { way, runs })? {
            Told::Warm(times) => Ok(times),
            other => Err(line.speaks(&format!("{other:?}"))),
        }
    }
}

impl Agents {
    /// Whether both give the same answer, bit for bit.
    pub(super) fn agree(&self) -> Result<(), WrongAnswer> {
        let [base, new] = self.0.each_ref().map(|agent| &agent.ready.answers.digest);
        if base == new {
            return Ok(());
        }
        Err(WrongAnswer(format!("the builds give different answers: digest {base} of base, {new} of new")))
    }

    /// Has both end; what they had made ready.
    pub(super) fn end(self) -> [Ready; 2] {
        self.0.map(|Agent { line, ready }| {
            drop(line);
            ready
        })
    }

    /// The build of a way, and the way's place among its own.
    fn whose(&mut self, way: usize) -> (&mut Line, usize) {
        let [base, new] = &mut self.0;
        let first = base.ready.ways.len();
        if way < first { (&mut base.line, way) } else { (&mut new.line, way - first) }
    }
}
