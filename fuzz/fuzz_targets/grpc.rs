//! An inference request over gRPC.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    blink_fuzz::grpc::check(input);
});
