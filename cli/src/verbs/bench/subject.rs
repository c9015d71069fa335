//! What is measured, as it is typed: the artifact, its inputs, and how it starts. `bench ARTIFACT`, `bench ab` and its
//! agents share it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use blink_benches::ask::GuestRun;
use blink_benches::peer::Peer;
use blink_benches::setup::{Plan, Starts};
use blink_runtime::sandbox::Sandbox;
use blink_runtime::{GuestRequest, Level, Model, StartMode, thread_count};

use super::WrongUse;
use crate::program;
use crate::tensor_files::read_inputs;
use crate::verbs::run::Prepack;

/// What is measured.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SubjectArgs {
    /// The artifact.
    // Absent only where a verb follows instead.
    #[arg(value_name = "ARTIFACT", required = true)]
    artifact: Option<PathBuf>,
    /// Which of the artifact's models, where it has several.
    #[arg(long, value_name = "NAME")]
    pub(crate) model: Option<String>,
    /// What a run is given, as for `run` [default: what the artifact's golden run was given].
    #[arg(short, long, value_name = "[NAME=]FILE")]
    pub(crate) input: Vec<String>,
    /// Measure the artifact's guest: each run gets this file on stdin, and answers on stdout. Peers get it too.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model", "input"])]
    pub(crate) stdin: Option<PathBuf>,
    /// Threads of a run, for every way [default: what the CPU quota allows].
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Whether weights are packed at start [default: as the compiler recorded].
    #[arg(long, value_enum)]
    pub(crate) prepack: Option<Prepack>,
    /// How workers start, in order; budgets mean the first [default: snapshot where one can be made, and normal].
    #[arg(long, value_enum, value_delimiter = ',', value_name = "START,...")]
    pub(crate) start: Vec<StartArg>,
    /// The walls around workers: strict, standard or off [default: standard].
    #[arg(long, value_name = "strict | standard | off")]
    pub(crate) sandbox: Option<Sandbox>,
    /// At which levels of checking they are made, in order, each a way of its own [default: code].
    #[arg(long, value_delimiter = ',', value_name = "LEVEL,...")]
    pub(crate) verify: Vec<Level>,
    /// Arguments of the guest.
    #[arg(last = true, value_name = "ARGS", requires = "stdin")]
    pub(crate) arguments: Vec<String>,
}

/// A start that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum StartArg {
    /// From a snapshot, which the bench makes for itself.
    Snapshot,
    /// As every start without a snapshot.
    Normal,
}

impl SubjectArgs {
    /// The artifact.
    pub(crate) fn artifact(&self) -> &Path {
        self.artifact.as_deref().unwrap_or(Path::new(""))
    }

    /// What is to be made ready, with files in `directory`.
    pub(crate) fn plan(
        &self,
        peers: Vec<Peer>,
        from_disk: bool,
        is_bare: bool,
        directory: &Path,
    ) -> anyhow::Result<Plan> {
        let inputs = if self.input.is_empty() {
            None
        } else {
            let model = Model::open_named(self.artifact(), self.model.as_deref())?;
            let inputs = read_inputs(&self.input, &model.record().inputs)?;
            let views: Vec<_> = inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();
            model.check_inputs(&views)?;
            Some(inputs)
        };
        Ok(Plan {
            program: program::path()?,
            artifact: self.artifact().to_owned(),
            model: self.model.clone(),
            inputs,
            guest: self.guest(),
            threads: thread_count(self.threads)?,
            prepack: self.prepack.map(Prepack::is_on),
            starts: self.starts()?,
            sandbox: self.sandbox.unwrap_or_default(),
            levels: if self.verify.is_empty() { vec![Level::default()] } else { self.verify.clone() },
            peers,
            device: None,
            resident: None,
            strict_placement: false,
            from_disk,
            is_bare,
            directory: directory.to_owned(),
        })
    }

    /// What the guest is given, where that is what is measured.
    fn guest(&self) -> Option<GuestRun> {
        let request = GuestRequest { arguments: self.arguments.clone(), ..GuestRequest::default() };
        self.stdin.clone().map(|stdin| GuestRun { request, stdin })
    }

    /// What was typed, for another process; the arguments of a guest are the last.
    pub(crate) fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec![self.artifact().into()];
        let mut option = |name: &str, value: &str| words.extend([name.into(), value.into()]);
        if let Some(model) = &self.model {
            option("--model", model);
        }
        for input in &self.input {
            option("--input", input);
        }
        if let Some(threads) = self.threads {
            option("--threads", &threads.to_string());
        }
        if let Some(prepack) = self.prepack {
            option("--prepack", if prepack.is_on() { "on" } else { "off" });
        }
        if let Some(sandbox) = self.sandbox {
            option("--sandbox", sandbox.name());
        }
        for start in &self.start {
            option("--start", if *start == StartArg::Snapshot { "snapshot" } else { "normal" });
        }
        for level in &self.verify {
            option("--verify", level.name());
        }
        if let Some(stdin) = &self.stdin {
            words.extend(["--stdin".into(), stdin.into()]);
            words.push("--".into());
            words.extend(self.arguments.iter().map(OsString::from));
        }
        words
    }

    fn starts(&self) -> Result<Starts, WrongUse> {
        let mode = |start: &StartArg| match start {
            StartArg::Snapshot => StartMode::Snapshot,
            StartArg::Normal => StartMode::Normal,
        };
        let modes: Vec<_> = self.start.iter().map(mode).collect();
        match modes[..] {
            [] => Ok(Starts::Any),
            [_] => Ok(Starts::These(modes)),
            [first, second] if first != second => Ok(Starts::These(modes)),
            _ => Err(WrongUse("--start names one start twice, expected each once")),
        }
    }
}
