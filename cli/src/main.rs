//! The `blink` binary.
fn main() {}
