//! Errors as components have them: resources with a code and words, which count as held like all else.

use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, LinkerInstance, Lower, Resource, ResourceTable};

use super::State;
use super::budget::Held;
use super::component::{Parts, push, resource};
use super::failure::{Code, Error, Failure};

/// An error that a guest has been told.
pub(super) struct Told {
    code: ErrorCode,
    words: String,
    _held: Held,
}

/// The interface's codes, in its order. A run that is out of time ends, so nothing is ever told of a timeout.
#[derive(Clone, Copy, Debug, ComponentType, Lower)]
#[component(enum)]
#[repr(u8)]
#[allow(dead_code, reason = "the interface's codes are all of the enum's type")]
enum ErrorCode {
    #[component(name = "invalid-argument")]
    InvalidArgument,
    #[component(name = "invalid-encoding")]
    InvalidEncoding,
    #[component(name = "timeout")]
    Timeout,
    #[component(name = "runtime-error")]
    RuntimeError,
    #[component(name = "unsupported-operation")]
    UnsupportedOperation,
    #[component(name = "too-large")]
    TooLarge,
    #[component(name = "not-found")]
    NotFound,
    #[component(name = "security")]
    Security,
    #[component(name = "unknown")]
    Unknown,
}

impl From<Code> for ErrorCode {
    fn from(code: Code) -> ErrorCode {
        match code {
            Code::InvalidArgument => ErrorCode::InvalidArgument,
            Code::InvalidEncoding => ErrorCode::InvalidEncoding,
            Code::RuntimeError => ErrorCode::RuntimeError,
            Code::UnsupportedOperation => ErrorCode::UnsupportedOperation,
            Code::TooLarge => ErrorCode::TooLarge,
            Code::NotFound => ErrorCode::NotFound,
            Code::Security => ErrorCode::Security,
            // Components bring a memory, or they do not link.
            Code::MissingMemory => ErrorCode::Unknown,
        }
    }
}

/// Defines the interface.
pub(super) fn add<T: Send + 'static>(instance: &mut LinkerInstance<'_, T>, parts: Parts<T>) -> wasmtime::Result<()> {
    resource::<T, Told>(instance, "error", parts)?;
    instance.func_wrap(
        "[method]error.code",
        move |mut store: StoreContextMut<'_, T>, (error,): (Resource<Told>,)| {
            Ok((parts(store.data_mut()).1.get(&error)?.code,))
        },
    )?;
    instance.func_wrap("[method]error.data", move |mut store: StoreContextMut<'_, T>, (error,): (Resource<Told>,)| {
        Ok((parts(store.data_mut()).1.get(&error)?.words.clone(),))
    })
}

/// What a call returns.
pub(super) fn answer<R>(
    state: &State,
    table: &mut ResourceTable,
    result: Result<R, Failure>,
) -> wasmtime::Result<(Result<R, Resource<Told>>,)> {
    match result {
        Ok(value) => Ok((Ok(value),)),
        Err(Failure::End(end)) => Err(end),
        Err(Failure::Error(Error { code, words })) => {
            let held = state.runs.budget.hold(1, words.len())?;
            let told = Told { code: code.into(), words, _held: held };
            Ok((Err(push(table, &state.runs.budget, told)?),))
        }
    }
}
