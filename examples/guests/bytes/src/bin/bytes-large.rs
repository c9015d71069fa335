//! The same guest with 832 pieces of ballast; see the library.

use guest_bytes::ballast;

fn main() -> std::process::ExitCode {
    guest_bytes::main(ballast!(0 1 2 3 4 5 6 7 8 9 10 11 12).as_flattened())
}
