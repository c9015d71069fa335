//! `blink bench agent`, hidden: one build's half of `blink bench ab`. It makes the artifact ready with its own launcher,
//! says so, and then makes each start that it is asked for. It is asked and answers in lines of JSON.

use std::io::{BufRead, Write, stdin, stdout};

use anyhow::ensure;
use blink_benches::measure::Launches;
use blink_benches::measurement::{Answers, Run, State, Subject};
use blink_benches::setup::Setup;
use serde::{Deserialize, Serialize};

use super::subject::SubjectArgs;
use crate::exit;
use crate::verbs::scratch::Scratch;

/// The version of what is spoken.
pub(super) const PROTOCOL: u32 = 1;

/// Make the starts that `bench ab` asks for.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AgentArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    /// Whether starts from the disk will be asked for.
    #[arg(long)]
    from_disk: bool,
}

/// What an agent is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Ask {
    /// One start.
    Start { way: usize, state: State },
    /// One launch, and later runs.
    Warm { way: usize, runs: usize },
}

/// What it answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Told {
    /// Before it is asked anything.
    Ready(Box<Ready>),
    /// One start.
    Run(Box<Run>),
    /// Milliseconds of later runs.
    Warm(Vec<f64>),
    /// Why not; the agent ends. `code` is the exit code that this calls for.
    Failed { code: u8, message: String },
}

/// What was made ready.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Ready {
    /// [`PROTOCOL`].
    pub(super) protocol: u32,
    /// Names of the ways.
    pub(super) ways: Vec<String>,
    pub(super) subject: Subject,
    pub(super) answers: Answers,
    pub(super) prepack: bool,
    pub(super) left_out: Vec<String>,
}

/// Answers until nobody asks any more.
pub(crate) fn run(args: &AgentArgs) -> anyhow::Result<()> {
    let scratch = Scratch::new(None)?;
    match scratch.settle(serve(args, &scratch)) {
        Ok(()) => Ok(()),
        // The other side tells it.
        Err(error) => say(&Told::Failed { code: exit::code(&error), message: exit::line(&error) }),
    }
}

fn serve(args: &AgentArgs, scratch: &Scratch) -> anyhow::Result<()> {
    let plan = args.subject.plan(Vec::new(), args.from_disk, false, scratch.path())?;
    let mut setup = Setup::make(&plan, |_| ())?;
    say(&Told::Ready(Box::new(Ready {
        protocol: PROTOCOL,
        ways: setup.ways.iter().map(|way| way.name.clone()).collect(),
        subject: setup.subject.clone(),
        answers: setup.answers.clone(),
        prepack: setup.prepack,
        left_out: setup.left_out.clone(),
    })))?;
    for line in stdin().lock().lines() {
        let ask: Ask = serde_json::from_str(&line?)?;
        let (Ask::Start { way, .. } | Ask::Warm { way, .. }) = ask;
        ensure!(way < setup.ways.len(), "way {way} was asked for, expected one below {}", setup.ways.len());
        let told = match ask {
            Ask::Start { way, state } => Told::Run(Box::new(setup.start(way, state)?)),
            Ask::Warm { way, runs } => Told::Warm(setup.warm(way, runs)?),
        };
        say(&told)?;
    }
    Ok(())
}

fn say(told: &Told) -> anyhow::Result<()> {
    let mut line = serde_json::to_vec(told)?;
    line.push(b'\n');
    let mut out = stdout().lock();
    out.write_all(&line)?;
    Ok(out.flush()?)
}
