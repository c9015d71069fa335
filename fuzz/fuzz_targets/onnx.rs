//! An ONNX model.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    blink_fuzz::onnx::check(input);
});
