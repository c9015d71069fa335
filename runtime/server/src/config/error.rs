//! [`ConfigError`]: why a configuration is not one. Each says where it stands: a line of the file, or a variable.

use std::io;
use std::path::PathBuf;

use blink_artifact::signature::TrustError;

use super::values::ValueError;

/// Why there is no configuration. Nothing was started.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ConfigError {
    #[error("{path} cannot be read: {source}", path = path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{path} has more than {limit} bytes, the most a configuration may have", path = path.display())]
    TooLong { path: PathBuf, limit: u64 },
    #[error("{path} line {line}: {message}", path = path.display())]
    Syntax { path: PathBuf, line: usize, message: String },
    #[error(
        "{path} line {line}: {table} has no setting '{found}'{}",
        suggested(suggestion.as_deref()), path = path.display()
    )]
    UnknownKey { path: PathBuf, line: usize, table: String, found: String, suggestion: Option<String> },
    #[error("{path} line {line}: {key} is {found}, expected {expected}", path = path.display())]
    Type { path: PathBuf, line: usize, key: String, found: &'static str, expected: &'static str },
    #[error("{path} line {line}: {key}: {source}", path = path.display())]
    Value { path: PathBuf, line: usize, key: String, source: ValueError },
    #[error("{path} line {line}: '{name}' cannot be a model's name: {rule}", path = path.display())]
    Name { path: PathBuf, line: usize, name: String, rule: &'static str },
    #[error(
        "{path} line {line}: '{name}' is under [models] and under [apps]: an artifact is one of them",
        path = path.display()
    )]
    ModelAndApp { path: PathBuf, line: usize, name: String },
    #[error("variable {name}: {source}")]
    Variable { name: String, source: ValueError },
    #[error("variable {name} is not UTF-8: set it to text")]
    VariableText { name: String },
    #[error("variable PORT is '{found}', expected a port number, 0 to 65535")]
    Port { found: String },
    #[error("no models are named: give artifacts or directories of them, or set `artifacts` in the configuration file")]
    NoModels,
    #[error("batch_wait is set for {whom} and batch is not: batching needs its size too, such as batch = 8")]
    WaitWithoutBatch { whom: String },
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error("otlp is set, and this blink was built without it: build it with `--features otlp`, or unset otlp")]
    NoOtlp,
}

fn suggested(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!(": did you mean '{name}'?")).unwrap_or_default()
}
