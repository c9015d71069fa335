//! An artifact's bytes.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    blink_fuzz::artifact::check(input);
});
