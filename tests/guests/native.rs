//! Native code of an artifact is run where a trusted key has signed it, and nowhere else: there the guest is compiled from
//! the artifact's WebAssembly, once.
//!
//! `forged.blink` is sound by every rule and hash; its native code writes `evil`, its WebAssembly the model's answer.

use std::fs;
use std::path::PathBuf;

use blink_artifact::signature::SecretKey;

use super::programs::{answer, compiled, module};
use super::support::forged::forge;
use super::support::home::Home;

const EVIL: &[u8] = b"evil";

/// Makes the keys `me`, whose public key is in `trust/`, and `you`.
pub(super) fn trusted(home: &Home) {
    for name in ["me", "you"] {
        home.blink(&format!("keygen -o {name}")).ok();
    }
    fs::create_dir(home.folder.path("trust")).expect("a directory");
    fs::rename(home.folder.path("me.pub"), home.folder.path("trust/me.pub")).expect("a key");
}

/// A home with these keys, `forged.blink`, and nothing in the cache.
fn home() -> Home {
    let home = Home::of(compiled(&module("", "nop")));
    forge(&home.folder.path("guest.blink"), &home.folder.path("forged.blink"));
    trusted(&home);
    home
}

/// The files of native code in the cache.
fn codes(home: &Home) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(home.folder.path("cache/guests")) else { return Vec::new() };
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

/// Runs `forged.blink` without a snapshot, in a home without keys of its own; what it wrote, and what was said.
fn run(home: &Home, more: &str) -> (Vec<u8>, String) {
    let ended = home.blink(&format!("run forged.blink --start normal {more}"));
    let ended = ended.env("XDG_CONFIG_HOME", home.folder.path("config")).ok();
    (ended.stdout, ended.stderr)
}

/// It was compiled, which was said, and gave the right answer; and the next time nothing is said.
fn is_compiled_once(home: &Home, more: &str) {
    let (stdout, stderr) = run(home, more);
    assert_eq!(stdout, answer());
    assert!(stderr.contains("compiled for this host") && stderr.contains("forged.blink"), "{stderr}");
    assert_eq!(run(home, more), (answer(), String::new()));
    assert_eq!(codes(home).len(), 1);
}

#[test]
fn code_that_nobody_has_signed_is_not_run() {
    let home = home();
    is_compiled_once(&home, "");
    fs::remove_dir_all(home.folder.path("cache")).expect("a cache");
    is_compiled_once(&home, "--trust trust");
}

/// The test of the tests: the code is there, and would be run.
#[test]
fn code_that_a_trusted_key_has_signed_is_run_and_nothing_is_compiled() {
    let home = home();
    home.blink("sign forged.blink --key me").ok();
    assert_eq!(run(&home, "--trust trust"), (EVIL.to_vec(), String::new()));
    assert_eq!(run(&home, "--trust trust --require-signature"), (EVIL.to_vec(), String::new()));
    fs::create_dir_all(home.folder.path("config/blink")).expect("a directory");
    fs::rename(home.folder.path("trust"), home.folder.path("config/blink/trust")).expect("a directory");
    assert_eq!(run(&home, ""), (EVIL.to_vec(), String::new()), "the user's own keys are the default");
    assert_eq!(codes(&home), [""; 0].map(PathBuf::from));
}

#[test]
fn code_that_another_key_has_signed_or_nobody_rightly_is_not_run() {
    let unknown = home();
    unknown.blink("sign forged.blink --key you").ok();
    is_compiled_once(&unknown, "--trust trust");

    let wrong = home();
    wrong.blink("sign forged.blink --key me").ok();
    let mut bytes = wrong.folder.read("forged.blink");
    bytes[150] ^= 1;
    fs::remove_file(wrong.folder.path("forged.blink")).expect("a file");
    wrong.folder.write("forged.blink", &bytes);
    is_compiled_once(&wrong, "--trust trust");

    // The block of another artifact that the trusted key has signed.
    let moved = home();
    moved.blink("sign guest.blink --key me").ok();
    let mut bytes = moved.folder.read("forged.blink");
    bytes[128..256].copy_from_slice(&moved.folder.read("guest.blink")[128..256]);
    fs::remove_file(moved.folder.path("forged.blink")).expect("a file");
    moved.folder.write("forged.blink", &bytes);
    is_compiled_once(&moved, "--trust trust");
}

#[test]
fn a_trust_directory_that_is_out_of_order_trusts_nobody() {
    let home = home();
    home.blink("sign forged.blink --key me").ok();
    for named in ["absent", "."] {
        home.blink(&format!("run forged.blink --trust {named}")).refused(2);
        home.blink(&format!("warm forged.blink --trust {named}")).refused(2);
    }
    // One that nobody has named is told, and trusts nobody.
    fs::create_dir_all(home.folder.path("config/blink")).expect("a directory");
    fs::rename(home.folder.path("trust"), home.folder.path("config/blink/trust")).expect("a directory");
    home.folder.write("config/blink/trust/notes", "keys of ours");
    let (stdout, stderr) = run(&home, "");
    assert_eq!(stdout, answer());
    assert!(stderr.contains("no key is trusted") && stderr.contains("notes"), "{stderr}");
}

/// An image of a worker that has run signed code is found by those alone who may run it still; and with either code,
/// restored is as fresh.
#[test]
fn an_image_brings_no_code_back_that_is_not_trusted_any_more() {
    let home = home();
    home.blink("sign forged.blink --key me").ok();
    let restored = |more: &str| home.blink(&format!("run forged.blink --start snapshot {more}"));
    home.blink("warm forged.blink --trust trust").ok().quiet();
    assert_eq!(restored("--trust trust").ok().quiet().stdout, EVIL);
    assert_eq!(run(&home, "--trust trust").0, EVIL);

    restored("").refused(1).names(&["snapshot"]);
    fs::remove_file(home.folder.path("trust/me.pub")).expect("a key");
    let you = SecretKey::from_seed(&[7; 32]).public().to_text();
    home.folder.write("trust/other.pub", you);
    restored("--trust trust").refused(1).names(&["snapshot"]);
    let fallen = home.blink("run forged.blink --start auto --trust trust").ok();
    assert_eq!(fallen.stdout, answer());
    assert!(fallen.stderr.contains("started normally"), "{}", fallen.stderr);

    home.blink("warm forged.blink --trust trust").ok();
    assert_eq!(home.images().len(), 2);
    for more in ["", "--trust trust"] {
        assert_eq!(restored(more).ok().quiet().stdout, answer());
        assert_eq!(run(&home, more).0, answer());
    }
}

/// The image of an artifact that was replaced by another that is signed as well is not used, and gives way to the other's.
#[test]
fn an_image_of_signed_code_is_of_one_artifact() {
    let home = home();
    for name in ["forged.blink", "guest.blink"] {
        home.blink(&format!("sign {name} --key me")).ok();
    }
    home.blink("warm forged.blink --trust trust").ok();
    fs::rename(home.folder.path("guest.blink"), home.folder.path("forged.blink")).expect("a file");
    home.blink("run forged.blink --start snapshot --trust trust").refused(1);
    assert_eq!(run(&home, "--trust trust"), (answer(), String::new()));
    home.blink("warm forged.blink --trust trust").ok();
    assert_eq!(home.images().len(), 1);
    assert_eq!(home.blink("run forged.blink --start snapshot --trust trust").ok().stdout, answer());
}

#[test]
fn who_has_compiled_it_runs_it_and_nothing_is_said() {
    let home = home();
    for (words, there) in [("", 1), ("--target portable", 1)] {
        home.blink(&format!("compile one.onnx --guest guest.wasm -o guest.blink {words}")).ok().quiet();
        assert_eq!(codes(&home).len(), there);
        let report = "--start normal --report report.json";
        assert_eq!(home.blink(&format!("run guest.blink {report}")).ok().quiet().stdout, answer());
        let report: serde_json::Value = serde_json::from_slice(&home.folder.read("report.json")).expect("JSON");
        assert_eq!(report["compiled"], false);
    }
}

#[test]
fn a_cache_that_cannot_be_written_is_told() {
    let home = home();
    let nowhere = |words: &str| home.blink(words).env("BLINK_CACHE_DIR", "/proc/blink");
    let ended = nowhere("run forged.blink --start normal").run().failed(1);
    assert!(ended.stdout.is_empty() && ended.stderr.contains("/proc/blink") && ended.stderr.contains("written"));
    nowhere("warm forged.blink").run().failed(1);
    let made = nowhere("compile one.onnx --guest guest.wasm -o made.blink").ok();
    assert!(made.stderr.contains("compiled again") && made.stderr.contains("/proc/blink"), "{}", made.stderr);
    home.blink("sign forged.blink --key me").ok();
    assert_eq!(nowhere("run forged.blink --start normal --trust trust").ok().quiet().stdout, EVIL);
    // Nor is anything run that others could have put there.
    fs::create_dir_all(home.folder.path("cache")).expect("a directory");
    home.folder.write("cache/guests", "no directory");
    home.blink("run forged.blink --start normal").refused(1).names(&["guests", "directory"]);
}

#[test]
fn inspect_and_verify_tell_which_code_is_run_here_and_why() {
    let home = home();
    let tells = |words: &[&str], runs: &str| {
        let schemas = [("inspect", "blink.inspect/1"), ("verify", "blink.verify/1")];
        for (verb, schema) in schemas {
            let line = format!("{verb} forged.blink --trust trust");
            let ended = home.blink(&line).ok();
            words.iter().for_each(|word| assert!(ended.text().contains(word), "'{word}' in: {}", ended.text()));
            let report = home.blink(&format!("{line} --format json")).ok().json(schema);
            let native = report.get("native_code").unwrap_or(&report["guest"]["native_code"]);
            assert_eq!(native["runs"], runs, "{report}");
        }
    };
    tells(&["compiled here when it is run first", "not signed"], "compiled");
    run(&home, "");
    tells(&["from the cache", "not signed"], "cached");
    home.blink("sign forged.blink --key you").ok();
    tells(&["from the cache", "not trusted"], "cached");
    home.blink("sign forged.blink --key me").ok();
    let text = String::from_utf8(home.folder.read("trust/me.pub")).expect("text");
    tells(&["own is run here", text.split(' ').nth(1).expect("an id")], "own");
    home.blink("compile one.onnx -o model.blink").ok();
    assert!(home.blink("verify model.blink --format json").ok().json("blink.verify/1")["native_code"].is_null());
}
