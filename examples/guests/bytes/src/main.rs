//! The guest as it is; see the library.

fn main() -> std::process::ExitCode {
    guest_bytes::main(&[])
}
