//! Calls of wasi-nn, by the interface of modules.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    blink_fuzz::calls::check_module(input);
});
