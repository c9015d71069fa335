//! [`FailureClass`]: what kind of failure an error is, the same in every process. A failure crosses the channel as a
//! class and a message, and its caller learns as much as from the error itself.

use std::io;

use blink_artifact::OpenError;

use super::ChannelError;
use crate::engine::EngineError;
use crate::guest::GuestError;
use crate::instance::{RunError, StartError};
use crate::library::LibraryError;
use crate::model::ModelError;

/// Kinds of failure, by what there is to be done about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// The artifact cannot be read.
    Unreadable = 1,
    /// ONNX Runtime was not found.
    Library = 2,
    /// What was found is not the ONNX Runtime that is expected.
    EngineLoad = 3,
    /// ONNX Runtime refused or failed.
    Engine = 4,
    /// The model does not take these inputs.
    Inputs = 5,
    /// A number of threads that cannot be.
    Threads = 6,
    /// The artifact is damaged, or no artifact.
    Damaged = 7,
    /// The artifact was made for other hosts, or for another ONNX Runtime.
    Foreign = 8,
    /// The artifact has no such model.
    NoSuchModel = 9,
    /// What was sent to a worker is not a request.
    Request = 10,
    /// There is no memory for the answer.
    Memory = 11,
    /// The guest cannot be linked, or there is none.
    Guest = 12,
    /// The guest's native code is for another engine or host.
    GuestCode = 13,
    /// There is no such device, its libraries cannot be loaded, or the model is not to run there.
    Device = 14,
    /// There is no room on the device.
    DeviceMemory = 15,
    /// The device was lost, and its worker with it.
    DeviceLost = 16,
    /// The walls that were asked for cannot be raised here.
    Sandbox = 17,
}

impl FailureClass {
    /// Every class.
    pub const ALL: [FailureClass; 17] = [
        FailureClass::Unreadable,
        FailureClass::Library,
        FailureClass::EngineLoad,
        FailureClass::Engine,
        FailureClass::Inputs,
        FailureClass::Threads,
        FailureClass::Damaged,
        FailureClass::Foreign,
        FailureClass::NoSuchModel,
        FailureClass::Request,
        FailureClass::Memory,
        FailureClass::Guest,
        FailureClass::GuestCode,
        FailureClass::Device,
        FailureClass::DeviceMemory,
        FailureClass::DeviceLost,
        FailureClass::Sandbox,
    ];

    /// The class with this number; `None` for numbers of other builds.
    pub(crate) fn from_code(code: u32) -> Option<FailureClass> {
        FailureClass::ALL.into_iter().find(|class| *class as u32 == code)
    }
}

impl From<&OpenError> for FailureClass {
    fn from(error: &OpenError) -> FailureClass {
        match error {
            OpenError::Io { .. } | OpenError::NotAFile { .. } => FailureClass::Unreadable,
            _ => FailureClass::Damaged,
        }
    }
}

impl From<&ModelError> for FailureClass {
    fn from(error: &ModelError) -> FailureClass {
        match error {
            ModelError::Open { source, .. } => source.into(),
            ModelError::Host { .. } | ModelError::OrtVersion { .. } | ModelError::Device { .. } => {
                FailureClass::Foreign
            }
            ModelError::NoSuchModel { .. } | ModelError::Ambiguous { .. } => FailureClass::NoSuchModel,
        }
    }
}

impl From<&LibraryError> for FailureClass {
    fn from(_: &LibraryError) -> FailureClass {
        FailureClass::Library
    }
}

impl From<&EngineError> for FailureClass {
    fn from(error: &EngineError) -> FailureClass {
        match error {
            EngineError::Load { .. } | EngineError::Version { .. } => FailureClass::EngineLoad,
            EngineError::Cuda(error) if error.is_lost() => FailureClass::DeviceLost,
            EngineError::Cuda(error) if error.is_memory() => FailureClass::DeviceMemory,
            EngineError::Cuda(_) | EngineError::Placement { .. } => FailureClass::Device,
            _ => FailureClass::Engine,
        }
    }
}

impl From<&StartError> for FailureClass {
    fn from(error: &StartError) -> FailureClass {
        match error {
            StartError::Library(error) => error.into(),
            StartError::Engine(error) => error.into(),
            StartError::Threads { .. } => FailureClass::Threads,
        }
    }
}

impl From<&RunError> for FailureClass {
    fn from(error: &RunError) -> FailureClass {
        match error {
            RunError::Bind(_) => FailureClass::Inputs,
            RunError::Engine(error) => error.into(),
        }
    }
}

impl From<&GuestError> for FailureClass {
    fn from(error: &GuestError) -> FailureClass {
        match error {
            GuestError::Damaged { .. } => FailureClass::Damaged,
            error if error.wants_code() => FailureClass::GuestCode,
            _ => FailureClass::Guest,
        }
    }
}

impl From<&ChannelError> for FailureClass {
    fn from(_: &ChannelError) -> FailureClass {
        FailureClass::Request
    }
}

/// A failure on its way to the launcher.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// Its kind.
    pub(crate) class: FailureClass,
    /// The error's own words.
    pub(crate) message: String,
}

impl Failure {
    /// `error` as it crosses the channel.
    pub(crate) fn of<E: std::fmt::Display>(error: &E) -> Failure
    where
        for<'a> FailureClass: From<&'a E>,
    {
        Failure { class: error.into(), message: error.to_string() }
    }

    /// There is no memory for an answer.
    pub(crate) fn memory(error: &io::Error) -> Failure {
        Failure { class: FailureClass::Memory, message: format!("answer does not fit in shared memory: {error}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_back() {
        assert!(FailureClass::ALL.iter().all(|class| FailureClass::from_code(*class as u32) == Some(*class)));
        assert_eq!((FailureClass::from_code(0), FailureClass::from_code(u32::MAX)), (None, None));
    }

    #[test]
    fn an_error_keeps_its_words() {
        let failure = Failure::of(&StartError::Threads { found: 0 });
        assert_eq!(failure.class, FailureClass::Threads);
        assert_eq!(failure.message, StartError::Threads { found: 0 }.to_string());
    }
}
