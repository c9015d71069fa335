//! A snapshot holds nothing of whoever made it: no variable, no byte of stdin, no place where they stood.

use std::fs;

use crate::here::answers;
use crate::support::{home::Home, models};

/// Whether `needle` stands anywhere in `bytes`.
fn holds(bytes: &[u8], needle: &str) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
}

#[test]
fn of_the_makers_environment_and_stdin() {
    let (variable, typed) = ("canary-in-a-variable-8c1f", "canary-on-stdin-5d20");
    let home = Home::of(models::compiled_one());
    let blink = home.blink("warm one.blink --format json").env("BLINK_TEST_SECRET", variable);
    let blink = blink.env("TZ", "CANARY+5").env("HOME", "/canary-of-a-home-77ab").env("LANG", "xx_CANARY");
    let told = blink.stdin(typed.repeat(1000)).ok().json("blink.warm/1");
    let image = fs::read(told["snapshot"].as_str().expect("a path")).expect("the image");
    for needle in [variable, "BLINK_TEST_SECRET", typed, "CANARY+5", "canary-of-a-home", "xx_CANARY"] {
        assert!(!holds(&image, needle), "'{needle}' is in the image");
    }
    // What is looked for would be found.
    assert!(holds(&image, "one.blink") && holds(&image, "BLNKSNAP"));
}

/// Variables of a restored worker are its own, and do not come back in another.
#[test]
fn of_workers_that_were_restored_before() {
    let home = Home::of(models::compiled_one());
    let warmed = home.warm("one.blink");
    let mut spec = home.spec("one.blink", blink_runtime::StartMode::Snapshot);
    spec.environment = Some(vec![("BLINK_TEST_SECRET".into(), "canary-of-a-worker-19ce".into())]);
    let mut worker = home.launcher().launch(&spec).expect("a worker is launched");
    assert!(answers(&mut worker) && worker.facts().expect("it is alive").contains("canary-of-a-worker-19ce"));
    spec.environment = Some(Vec::new());
    let mut other = home.launcher().launch(&spec).expect("a worker is launched");
    assert!(answers(&mut other) && !other.facts().expect("it is alive").contains("canary-of-a-worker"));
    assert!(!holds(&fs::read(warmed.path).expect("the image"), "canary-of-a-worker-19ce"));
}
