//! [`Arguments`]: a worker's command line, written by the launcher and read by the worker.
//!
//! `worker-process ARTIFACT HELD LIBRARY CODE MODEL THREADS PREPACK PIN DEVICE STRICT RUNS DISCARD SANDBOX MODE`, all
//! of them always there. It is a conversation between two builds of the same source, so it is positions, not options.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use blink_artifact::manifest::DeviceRuns;

use super::VERB;
use crate::device::Device;
use crate::instance::{DeviceOptions, StartOptions};
use crate::sandbox::Sandbox;

/// What a worker is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The artifact.
    pub(crate) artifact: PathBuf,
    /// Whether it comes open, as descriptor [`super::ARTIFACT`]. The path is then what messages call it.
    pub(crate) held: bool,
    /// ONNX Runtime; `None` for the one that the worker finds.
    pub(crate) library: Option<PathBuf>,
    /// Where native code of guests is kept; `None` where there is no such directory.
    pub(crate) code: Option<PathBuf>,
    /// Which of its models; `None` for its only one, or for all where there is a guest.
    pub(crate) model: Option<String>,
    /// Threads of a run, already decided.
    pub(crate) threads: usize,
    /// As in [`StartOptions`].
    pub(crate) prepack: Option<bool>,
    /// As in [`StartOptions`].
    pub(crate) pin: bool,
    /// Where the model is to run; `None`: where its artifact is for, which must be the CPU.
    pub(crate) device: Option<Device>,
    /// How it runs on a device.
    pub(crate) on_device: DeviceOptions,
    /// The walls of a worker that is to be written down. One that serves is told on its socket ([`super::Orders`]).
    pub(crate) sandbox: Sandbox,
    /// What the worker is for.
    pub(crate) mode: Mode,
}

/// What a worker is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It starts, and answers until the socket is closed.
    Serve,
    /// It starts, warms up and parks, to be written down. Those restored from it serve.
    Park,
    /// It parks without a model: whether that works here is the question.
    Probe,
}

impl Mode {
    const ALL: [(Mode, &str); 3] = [(Mode::Serve, "serve"), (Mode::Park, "park"), (Mode::Probe, "probe")];
}

impl Arguments {
    /// The whole command line after the program's name.
    pub(crate) fn to_words(&self) -> Vec<OsString> {
        let switch = |on: bool| if on { "on" } else { "off" };
        let mode = Mode::ALL[self.mode as usize].1;
        vec![
            VERB.into(),
            self.artifact.clone().into(),
            switch(self.held).into(),
            self.library.clone().unwrap_or_default().into(),
            self.code.clone().unwrap_or_default().into(),
            self.model.as_deref().unwrap_or_default().into(),
            self.threads.to_string().into(),
            self.prepack.map_or("-", switch).into(),
            switch(self.pin).into(),
            self.device.map_or_else(|| "-".into(), |device| device.to_string()).into(),
            switch(self.on_device.strict).into(),
            self.on_device.runs.map_or("-", DeviceRuns::name).into(),
            switch(self.on_device.discard).into(),
            self.sandbox.name().into(),
            mode.into(),
        ]
    }

    /// Takes apart what [`Arguments::to_words`] wrote, the verb left out; `None` where somebody else wrote it.
    pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Option<Arguments> {
        let words: Vec<OsString> = words.collect();
        let [artifact, held, library, code, model, threads, prepack, pin, device, strict, runs, discard, sandbox, mode] =
            &words[..]
        else {
            return None;
        };
        let prepack = if prepack == "-" { None } else { Some(switch(prepack)?) };
        let device = if device == "-" { None } else { Some(device.to_str()?.parse().ok()?) };
        let named = |name: &OsString| DeviceRuns::ALL.into_iter().find(|runs| name == runs.name());
        let runs = if runs == "-" { None } else { Some(named(runs)?) };
        let model = model.to_str()?;
        Some(Arguments {
            artifact: artifact.into(),
            held: switch(held)?,
            library: path(library),
            code: path(code),
            model: Some(model.to_owned()).filter(|model| !model.is_empty()),
            threads: threads.to_str()?.parse().ok()?,
            prepack,
            pin: switch(pin)?,
            device,
            on_device: DeviceOptions { strict: switch(strict)?, runs, discard: switch(discard)? },
            sandbox: sandbox.to_str()?.parse().ok()?,
            mode: Mode::ALL.iter().find(|(_, name)| mode == name)?.0,
        })
    }

    /// The part of them that shapes the start.
    pub(crate) fn options(&self) -> StartOptions {
        StartOptions { threads: Some(self.threads), prepack: self.prepack, pin: self.pin }
    }
}

fn path(word: &OsStr) -> Option<PathBuf> {
    (!word.is_empty()).then(|| word.into())
}

fn switch(word: &OsStr) -> Option<bool> {
    match word.to_str()? {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    fn arguments() -> Arguments {
        let artifact = OsString::from_vec(b"/a b/\xff.blink".to_vec()).into();
        Arguments {
            artifact,
            held: true,
            library: None,
            code: None,
            model: None,
            threads: 2,
            prepack: None,
            pin: true,
            device: None,
            on_device: DeviceOptions::default(),
            sandbox: Sandbox::Standard,
            mode: Mode::Serve,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let named = Arguments {
            held: false,
            library: Some("/l".into()),
            code: Some("/c".into()),
            model: Some("m n".into()),
            prepack: Some(false),
            pin: false,
            device: Some(Device::Cuda(3)),
            on_device: DeviceOptions { strict: true, runs: Some(DeviceRuns::Graph), discard: true },
            sandbox: Sandbox::Off,
            ..arguments()
        };
        for arguments in [arguments(), named, Arguments { prepack: Some(true), mode: Mode::Park, ..arguments() }] {
            let words = arguments.to_words();
            assert_eq!(words[0], VERB);
            assert_eq!(Arguments::parse(words.into_iter().skip(1)), Some(arguments));
        }
    }

    #[test]
    fn other_words_are_refused() {
        let words: Vec<OsString> = arguments().to_words().into_iter().skip(1).collect();
        for at in [1].into_iter().chain(5..words.len()) {
            let mut other = words.clone();
            other[at] = "other".into();
            assert_eq!(Arguments::parse(other.into_iter()), None, "word {at}");
        }
        assert_eq!(Arguments::parse(words[1..].iter().cloned()), None);
        assert_eq!(Arguments::parse(words.iter().cloned().chain(["more".into()])), None);
        assert_eq!(Arguments::parse([].into_iter()), None);
    }
}
