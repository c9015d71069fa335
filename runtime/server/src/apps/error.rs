//! [`AppError`]: why an app has no answer. Its words go to clients: what the guest itself said is not among them.

use blink_runtime::{GuestEnded, Limit};
use http::{Response, StatusCode};

use crate::error::RequestError;
use crate::front::Body;
use crate::model::Model;
use crate::rest;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AppError {
    /// As for a model.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// 502.
    #[error("app '{app}' ended with exit code {code}")]
    Exit { app: String, code: i32 },
    /// 502: it ended well, and said nothing.
    #[error("app '{app}' gave no answer")]
    Silent { app: String },
    /// 500.
    #[error("app '{app}' failed")]
    Trap { app: String },
    /// 504 for time, else 507.
    #[error("app '{app}' went past its limit '{}' of {allowed}", limit.name())]
    Limit { app: String, limit: Limit, allowed: u64 },
    /// 500: it was not begun.
    #[error("app '{app}' cannot be run on this server, whose log says why")]
    Refused { app: String },
}

impl AppError {
    /// What the end of a guest means for whoever waits for its answer; `None` where it ended well.
    pub(super) fn of(app: &Model, ended: &GuestEnded) -> Option<AppError> {
        let app = app.name.clone();
        match ended {
            GuestEnded::Exit(0) => None,
            GuestEnded::Exit(code) => Some(AppError::Exit { app, code: *code }),
            GuestEnded::Trap { .. } => Some(AppError::Trap { app }),
            GuestEnded::Limit(past) => Some(AppError::Limit { app, limit: past.limit, allowed: past.allowed }),
            GuestEnded::Abandoned => Some(RequestError::Cancelled.into()),
            GuestEnded::Refused(_) => Some(AppError::Refused { app }),
        }
    }

    /// The kind's name that it is counted by: the nearest of a model's.
    pub(super) fn name(&self) -> &'static str {
        match self {
            AppError::Request(error) => error.name(),
            AppError::Limit { limit: Limit::Time, .. } => "deadline",
            _ => "failed",
        }
    }

    /// As an answer of its own code.
    pub(super) fn into_response(self) -> Response<Body> {
        let status = match &self {
            AppError::Request(error) => return rest::refuse(error, None),
            AppError::Exit { .. } | AppError::Silent { .. } => StatusCode::BAD_GATEWAY,
            AppError::Limit { limit: Limit::Time, .. } => StatusCode::GATEWAY_TIMEOUT,
            AppError::Limit { .. } => StatusCode::INSUFFICIENT_STORAGE,
            AppError::Trap { .. } | AppError::Refused { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        };
        rest::refuse(&RequestError::Failed(self.to_string()), Some(status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_code_and_no_more_words_than_it_should() {
        let app = || "a".to_owned();
        for (error, code, name) in [
            (AppError::Exit { app: app(), code: 3 }, 502, "failed"),
            (AppError::Silent { app: app() }, 502, "failed"),
            (AppError::Trap { app: app() }, 500, "failed"),
            (AppError::Limit { app: app(), limit: Limit::Time, allowed: 5 }, 504, "deadline"),
            (AppError::Limit { app: app(), limit: Limit::Memory, allowed: 5 }, 507, "failed"),
            (AppError::Refused { app: app() }, 500, "failed"),
            (RequestError::TooLarge { limit: 5 }.into(), 413, "too_large"),
        ] {
            assert_eq!(error.name(), name);
            assert_eq!(error.into_response().status().as_u16(), code);
        }
    }
}
