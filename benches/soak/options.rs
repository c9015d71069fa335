//! What can be asked of the soak: `cargo bench -p blink-benches --bench soak -- --seconds 60`.

use clap::Parser;

/// Soaks a server.
#[derive(Debug, Parser)]
#[command(name = "soak")]
pub(crate) struct Options {
    /// How long, in seconds; the first third warms up and is not judged.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(30..))]
    pub(crate) seconds: u64,
    /// Clients that ask one request after the other.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=64))]
    pub(crate) clients: u64,
    /// Bytes an hour that the process leaks which must be found out; 0: none, and then it must not be.
    #[arg(long, value_name = "BYTES", default_value_t = 32 << 20)]
    pub(crate) leak: u64,
    /// Be the process that leaks.
    #[arg(long, value_name = "BYTES", hide = true)]
    pub(crate) leaking: Option<u64>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}
