//! What the fuzzer begins with and what it has found, checked without it: a bug that was found once stays found.
//!
//! Inputs are files of `fuzz/seeds/TARGET/` and `fuzz/regressions/TARGET/`; what must hold of them is in `fuzz/laws/`.

mod files;
mod laws;
