//! How the server runs: flags, variables and `blink.toml`, as one value.

mod settings;

pub use settings::{Address, Batching, Config, LogFormat, ModelSettings, Warm};
