//! An inference request in JSON.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    blink_fuzz::oip::check_json(input);
});
