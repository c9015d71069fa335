//! What a restored worker and a fresh one are asked. `BLINK` names the program that both are.
#![no_main]

use std::sync::OnceLock;

use blink_fuzz::restored::Subject;

static SUBJECT: OnceLock<Subject> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: {
        let blink = std::env::var_os("BLINK").expect("BLINK names the program under test");
        SUBJECT.get_or_init(|| Subject::new(blink.as_ref()));
    },
    |input: &[u8]| {
        SUBJECT.get().expect("made before the first input").check(input);
    }
);
