//! A tensor as nested JSON lists.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    blink_fuzz::json::check(input);
});
