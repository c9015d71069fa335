//! An inference request with elements in binary.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    blink_fuzz::oip::check_binary(input);
});
