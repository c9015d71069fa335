//! How the server runs: flags, variables and `blink.toml`, as one value.
//!
//! | file | what it holds |
//! |---|---|
//! | `settings.rs` | [`Config`]: what is meant |
//! | `partial.rs` | [`Partial`]: what one source says |
//! | `keys.rs` | the name of every setting |
//! | `values.rs` | how a value is written |
//! | `file.rs`, `variables.rs` | the two sources beside the command line |
//! | `resolve.rs` | from all sources to one value |
//!
//! A name that is not known, or a value that is not of its form, is an error before anything is started.

mod error;
mod file;
mod keys;
mod partial;
mod resolve;
mod settings;
pub mod values;
mod variables;

pub use error::ConfigError;
pub(crate) use keys::nearest;
pub use partial::{Partial, PartialModel};
pub use resolve::{Resolved, resolve};
pub use settings::{Address, Batching, Config, LogFormat, ModelSettings, Warm};
pub use values::{OrNone, ValueError};
