//! What clients are told when a worker fails: what happened, in words without paths or addresses. The rest is logged.

use std::time::Duration;

use blink_runtime::{FailureClass, WorkerError};

use crate::error::RequestError;
use crate::integrity;
use crate::model::Model;
use crate::observe::Event;

/// The longest message that is passed on, in bytes.
const MAX_WORDS: usize = 600;

/// When to come again where a device had no room or was lost.
const SOON: Duration = Duration::from_secs(1);

/// Whether a failure of this class is about one request, and says nothing about the start.
pub(super) fn is_about_request(class: FailureClass) -> bool {
    matches!(class, FailureClass::Inputs | FailureClass::Request | FailureClass::Memory)
}

/// The run failed, and its worker lives.
pub(super) fn of_run(model: &Model, error: &WorkerError) -> RequestError {
    match error {
        WorkerError::Failed { class: FailureClass::Inputs, message } => RequestError::Invalid(message.clone()),
        WorkerError::Failed { class: FailureClass::DeviceMemory, message } => no_room(model, message),
        WorkerError::Failed { message, .. } => {
            tracing::warn!("run of model '{}' failed: {message}", model.name);
            RequestError::Failed(format!("run of model '{}' failed: {}", model.name, without_paths(message)))
        }
        WorkerError::Memory { .. } => {
            tracing::error!("run of model '{}' failed: {error}", model.name);
            RequestError::Failed(format!("there was no memory for the inputs of model '{}'", model.name))
        }
        error => {
            tracing::warn!("run of model '{}' failed: {error}", model.name);
            RequestError::Failed(format!("request to '{}' cannot be told to a worker", model.name))
        }
    }
}

/// Whether the worker has failed, or died, of the artifact's file: it was whole when it was opened, and is not now.
pub(super) fn is_of_file(model: &Model, error: &WorkerError) -> bool {
    match error {
        WorkerError::Poisoned { .. } | WorkerError::Failed { class: FailureClass::Damaged, .. } => true,
        // The file is whole again, and another one than was mapped.
        WorkerError::Died { ended, .. } if ended.has_lost_a_page() => !model.integrity.is_unchanged(&model.file),
        _ => model.integrity.is_poisoned(),
    }
}

/// The worker is gone, or is of no use.
pub(super) fn of_death(model: &Model, error: &WorkerError) -> RequestError {
    if is_of_file(model, error) {
        return integrity::poisoned(&model.name);
    }
    if matches!(error, WorkerError::Failed { .. }) {
        return of_start(model);
    }
    // Another model's run has lost the device that both are on: this request may well come again.
    if model.device.is_some() && error.is_lost_device() {
        return of_lost_device(model);
    }
    let how = match error {
        WorkerError::Died { ended, .. } => ended.to_string(),
        _ => "it was not understood".into(),
    };
    RequestError::Failed(format!("worker of '{}' died: {how}", model.name))
}

/// A start or a run found no room on the model's device. It is counted and logged here.
pub(super) fn no_room(model: &Model, message: &str) -> RequestError {
    model.statistics.happened(Event::DeviceFull);
    tracing::warn!("model '{}' finds no room on its device: {message}", model.name);
    let words = format!("model '{}' finds no room on its device now: {}", model.name, without_paths(message));
    RequestError::Later { words, retry_after: SOON }
}

/// The model's device was lost, in its run or in another's.
pub(super) fn of_lost_device(model: &Model) -> RequestError {
    let words = format!("the device of model '{}' was lost, and is being brought up again", model.name);
    RequestError::Later { words, retry_after: SOON }
}

/// Its guest's native code was missing, and has been made.
pub(super) fn of_code_made(model: &Model) -> RequestError {
    let words = format!("'{}' was not ready, and is now", model.name);
    RequestError::Later { words, retry_after: SOON }
}

/// No worker came up.
pub(super) fn of_start(model: &Model) -> RequestError {
    RequestError::Unavailable(format!("'{}' cannot be started; the server's log says why", model.name))
}

/// `message` with every word left out that may be a path or an address, and not longer than a client can use.
pub(super) fn without_paths(message: &str) -> String {
    let is_private = |word: &str| word.contains('/') || word.contains("0x");
    let mut words = String::new();
    for word in message.split_whitespace() {
        if words.len() + word.len() > MAX_WORDS {
            words.push_str(" ...");
            break;
        }
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(if is_private(word) { "[...]" } else { word });
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_addresses_are_left_out() {
        let message = "Load of /srv/models/a.blink failed at 0x7ffe12: \n'/srv/b' is no file";
        assert_eq!(without_paths(message), "Load of [...] failed at [...] [...] is no file");
        assert_eq!(
            without_paths("indices element out of data bounds, idx=9"),
            "indices element out of data bounds, idx=9"
        );
        assert!(without_paths(&"word ".repeat(1000)).len() <= MAX_WORDS + 4);
        assert!(without_paths(&"x".repeat(100_000)).len() <= MAX_WORDS + 4);
    }
}
