//! The resident worker of a device: it takes the device's context once, and starts models in itself as launchers ask for
//! them, each on a thread of its own with a socket of its own, where it answers as every worker does.
//!
//! A new context takes longer than a whole start is to take, so it outlives the models. What is lost with it is lost for
//! all of them: a worker whose device is lost ends, and its launcher starts another one.

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use super::alone::when_alone;
use super::line::Line;
use super::process::{self, Given};
use super::serve::{Server, Switch};
use super::start::Opened;
use crate::channel::{self, Arguments, Failure, FailureClass, RESIDENT_VERB, SharedMemory, control};
use crate::engine::cuda::DeviceHost;
use crate::library::{Library, Origin};
use crate::timeline::{Timeline, now};

/// The exit code of a worker whose device was lost.
pub(crate) const LOST: i32 = 70;

/// What a resident worker is started with: `device-process ORDINAL LIBRARY MEMORY`, of which the last may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResidentArguments {
    /// Number of the device.
    pub(crate) ordinal: u32,
    /// ONNX Runtime, built for CUDA.
    pub(crate) library: PathBuf,
    /// Most bytes of device memory that it may hold; `None`: most of what is free.
    pub(crate) memory: Option<u64>,
}

impl ResidentArguments {
    pub(crate) fn to_words(&self) -> Vec<OsString> {
        let memory = self.memory.map_or_else(String::new, |bytes| bytes.to_string());
        vec![RESIDENT_VERB.into(), self.ordinal.to_string().into(), self.library.clone().into(), memory.into()]
    }

    pub(crate) fn parse(words: impl Iterator<Item = OsString>) -> Option<ResidentArguments> {
        let words: Vec<OsString> = words.collect();
        let [ordinal, library, memory] = &words[..] else { return None };
        let memory = memory.to_str()?;
        Some(ResidentArguments {
            ordinal: ordinal.to_str()?.parse().ok()?,
            library: library.into(),
            memory: if memory.is_empty() { None } else { Some(memory.parse().ok()?) },
        })
    }
}

/// Is the resident worker of a device until its launcher is gone, then ends the process.
pub(super) fn enter() -> ! {
    let entered = now();
    let Some(arguments) = ResidentArguments::parse(env::args_os().skip(2)) else { process::refuse() };
    let Some(Given { socket, .. }) = process::adopt(false) else { process::refuse() };
    // A driver that hangs does not keep the process. Without this, the end is noticed before the next model.
    if let Ok(socket) = socket.try_clone() {
        when_alone(socket, || process::end());
    }
    let mut timeline = Timeline::begin(Some(entered), entered);
    let library = Library { path: arguments.library.clone(), origin: Origin::Environment };
    let host = DeviceHost::start(&library, arguments.ordinal, arguments.memory, &mut timeline);
    let device = match &host {
        Ok(host) => Ok(host.gpu.name().to_owned()),
        Err(error) => {
            let Failure { class, message } = Failure::of(error);
            // Whatever ONNX Runtime calls it: there is no such device to be had.
            let class = if class == FailureClass::EngineLoad { class } else { FailureClass::Device };
            Err((class as u32, message))
        }
    };
    let greeting = control::Greeting { device, phases: timeline.recorded() };
    if let (Ok(()), Ok(host)) = (control::greet(&socket, &greeting), host) {
        while let Ok(Some((arguments, descriptors))) = control::receive_start(&socket) {
            let received = now();
            let Some(tenant) = Tenant::new(arguments, descriptors) else { break };
            // Where there is no thread to be had, the model's socket closes: to its launcher it has ended.
            let _ = thread::Builder::new().name("blink-model".into()).spawn(move || tenant.live(host, received));
        }
    }
    process::end()
}

/// One model of the worker.
struct Tenant {
    arguments: Arguments,
    socket: UnixStream,
    memory: SharedMemory,
    artifact: Option<File>,
}

impl Tenant {
    /// `None` where the descriptors are not those that a launcher sends.
    fn new(arguments: Arguments, descriptors: Vec<OwnedFd>) -> Option<Tenant> {
        let mut descriptors = descriptors.into_iter();
        let (socket, memory) = (descriptors.next()?, SharedMemory::of(descriptors.next()?));
        let artifact = descriptors.next().map(File::from);
        if artifact.is_some() != arguments.held {
            return None;
        }
        Some(Tenant { arguments, socket: socket.into(), memory, artifact })
    }

    /// Starts the model, answers for it until its launcher lets go of it, and stops it.
    fn live(self, host: &'static DeviceHost, received: u64) {
        let mut timeline = Timeline::begin(Some(received), received);
        // Its memory is free before its launcher hears that it has ended: this is dropped last.
        let Ok(_hang_up) = self.socket.try_clone().map(HangUp) else { return };
        let opened = Opened::open(&self.arguments, self.artifact, Some(host), &mut timeline);
        // No walls stand around a device's worker: what its driver needs is not known here (`docs/security.md`).
        let started = opened.and_then(|opened| opened.start(&self.arguments, &mut timeline));
        let switch = Arc::new(Switch::default());
        let mut server = Server::new(self.socket, self.memory, started, timeline).with_switch(Arc::clone(&switch));
        // Its first run too can be stopped: other models live in this process, which cannot end for it.
        when_alone(Arc::clone(&server.line), move || switch.stop());
        server.serve(|_| ());
        if let Server { started: Ok(started), .. } = server {
            started.leave_device(self.arguments.on_device.discard);
        }
    }
}

/// Closes a model's socket, whatever becomes of the model: who watches the line holds it, too, until it is closed.
struct HangUp(UnixStream);

impl Drop for HangUp {
    fn drop(&mut self) {
        // It fails where the launcher is gone, which is as well.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Ends the process where `failure` says that its device is lost: nothing here can go on.
pub(super) fn end_if_lost(failure: &Failure, line: &Line) {
    if failure.class == FailureClass::DeviceLost {
        let place = channel::write_text(&mut line.memory(), 0, &failure.message).unwrap_or_default();
        let _ = channel::send(&line.socket, channel::Packet::Failed(failure.class as u32, place));
        process::end_with(LOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read_as_written() {
        let arguments = ResidentArguments { ordinal: 3, library: "/l b".into(), memory: Some(1 << 40) };
        for arguments in [arguments.clone(), ResidentArguments { memory: None, ..arguments }] {
            let words = arguments.to_words();
            assert_eq!(words[0], RESIDENT_VERB);
            assert_eq!(ResidentArguments::parse(words.into_iter().skip(1)), Some(arguments));
        }
        for words in [&["x", "l", ""][..], &["0", "l"], &["0", "l", "-1"], &["0", "l", "1", "2"]] {
            assert_eq!(ResidentArguments::parse(words.iter().map(OsString::from)), None, "{words:?}");
        }
    }
}
