//! The same guest with 256 pieces of ballast; see the library.

use guest_bytes::ballast;

fn main() -> std::process::ExitCode {
    guest_bytes::main(ballast!(0 1 2 3).as_flattened())
}
