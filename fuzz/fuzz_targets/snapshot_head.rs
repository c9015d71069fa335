//! The head of a snapshot's image.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    blink_fuzz::snapshot_head::check(input);
});
