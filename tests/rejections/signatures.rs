//! Artifacts that are not signed as asked (exit code 5), keys that are none (2), and what runs all the same.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::home::Home;
use crate::support::{Folder, models};

/// `one.blink` signed by `me`, whose public key is in `trust/`; `unsigned.blink`; and a key `you`.
fn signed() -> Folder {
    let folder = models::compiled_one();
    fs::copy(folder.path("one.blink"), folder.path("unsigned.blink")).expect("a copy");
    for name in ["me", "you"] {
        folder.blink(&format!("keygen -o {name}")).ok();
    }
    folder.blink("sign one.blink --key me").ok();
    fs::create_dir(folder.path("trust")).expect("a directory");
    fs::rename(folder.path("me.pub"), folder.path("trust/me.pub")).expect("a key");
    folder
}

/// The id of a public key.
fn id(folder: &Folder, name: &str) -> String {
    let text = String::from_utf8(folder.read(name)).expect("text");
    text.split(' ').nth(1).expect("an id").to_owned()
}

#[test]
fn a_signed_artifact_runs_as_it_did_and_is_told_by_its_key() {
    let folder = signed();
    let me = id(&folder, "trust/me.pub");
    let outputs =
        ["run unsigned.blink", "run one.blink", "run one.blink --require-signature --trust trust"].map(|run| {
            folder.blink(&format!("{run} --input x.npy --output y.npy")).ok();
            folder.read("y.npy")
        });
    assert!(outputs.iter().all(|output| *output == outputs[0]));
    assert!(folder.blink("verify one.blink --key trust/me.pub").ok().text().contains(&me));
    assert!(folder.blink("inspect one.blink").ok().text().contains(&format!("by key {me}")));
    assert!(folder.blink("inspect unsigned.blink").ok().text().contains("signed    no"));
    assert_eq!(fs::metadata(folder.path("me")).expect("a key").permissions().mode() & 0o777, 0o600);
    assert!(!folder.names().iter().any(|name| name.starts_with('.')), "{:?}", folder.names());
}

#[test]
fn each_wrong_signature_has_its_own_words() {
    let folder = signed();
    let (me, you) = (id(&folder, "trust/me.pub"), id(&folder, "you.pub"));
    folder.blink("verify unsigned.blink --key trust/me.pub").refused(5).names(&["unsigned.blink", "not signed"]);
    folder.blink("verify one.blink --key you.pub").refused(5).names(&["one.blink", &me, &you]);
    let mut bytes = folder.read("one.blink");
    bytes[150] ^= 1;
    folder.write("wrong.blink", bytes);
    folder.blink("verify wrong.blink --key trust/me.pub").refused(5).names(&["wrong.blink", "wrong", &me]);
    let required = "--input x.npy --require-signature --trust trust";
    folder.blink(&format!("run unsigned.blink {required}")).refused(5).names(&["unsigned.blink", "not signed"]);
    folder.blink(&format!("run wrong.blink {required}")).refused(5).names(&["wrong.blink", "wrong", &me]);
    folder.blink("sign unsigned.blink --key you").ok();
    folder.blink(&format!("run unsigned.blink {required}")).refused(5).names(&["not trusted", &you]);
}

#[test]
fn every_byte_is_checked_where_a_signature_is_asked_for() {
    let folder = signed();
    // In the last section, weights or graph, which a start by itself does not hash.
    let mut bytes = folder.read("one.blink");
    let at = bytes.iter().rposition(|&byte| byte != 0).expect("bytes");
    bytes[at] ^= 1;
    folder.write("damaged.blink", bytes);
    folder.blink("run damaged.blink --input x.npy --require-signature --trust trust").refused(5).names(&["hash"]);
}

#[test]
fn keys_and_directories_that_are_none() {
    let folder = signed();
    let run = "run one.blink --input x.npy --require-signature";
    folder.blink(&format!("{run} --trust absent")).refused(2).names(&["absent", "NAME.pub"]);
    folder.blink(run).env("XDG_CONFIG_HOME", folder.path("config")).refused(2).names(&["config/blink/trust"]);
    folder.write("trust/broken.pub", "no key");
    folder.blink(&format!("{run} --trust trust")).refused(2).names(&["broken.pub", "blink keygen"]);
    fs::remove_file(folder.path("trust/broken.pub")).expect("a file");
    folder.write("trust/notes", "keys of ours");
    folder.blink(&format!("{run} --trust trust")).refused(2).names(&["notes", "no public key"]);
    folder.blink("run one.blink --input x.npy --trust trust").run().failed(2);
    folder.blink("sign one.blink --key you.pub").refused(2).names(&["you.pub"]);
    folder.blink("verify one.blink --key you").refused(2).names(&["you", "NAME.pub"]);
    let before = folder.read("you");
    folder.blink("keygen -o you").refused(2).names(&["you.pub", "never overwritten"]);
    assert!(folder.read("you") == before);
    fs::set_permissions(folder.path("you"), fs::Permissions::from_mode(0o644)).expect("a mode");
    folder.blink("sign one.blink --key you").refused(2).names(&["you", "0644", "chmod"]);
}

#[test]
fn the_users_own_directory_is_the_default() {
    let folder = signed();
    fs::create_dir_all(folder.path("config/blink")).expect("a directory");
    fs::rename(folder.path("trust"), folder.path("config/blink/trust")).expect("a directory");
    let run = "run one.blink --input x.npy --require-signature";
    folder.blink(run).env("XDG_CONFIG_HOME", folder.path("config")).ok();
}

#[test]
fn a_server_serves_what_is_signed_and_nothing_else() {
    let folder = signed();
    let check = "serve --check --require-signature --trust trust";
    folder.blink(&format!("{check} one.blink")).ok();
    let ended = folder.blink(&format!("{check} one.blink unsigned.blink")).run().failed(5);
    assert!(ended.stderr.contains("not signed"), "{}", ended.stderr);
    folder.write("blink.toml", "artifacts = ['unsigned.blink']\nrequire_signature = true\ntrust = 'trust'");
    folder.blink("serve --check --config blink.toml").run().failed(5);
    folder.write("blink.toml", "artifacts = ['one.blink']\ntrust = 'trust'");
    folder.blink("serve --check --config blink.toml").ok();
    for verb in ["serve one.blink --check", "worker one.blink --listen 127.0.0.1:0"] {
        folder.blink(&format!("{verb} --require-signature --trust absent")).refused(2).names(&["absent"]);
    }
}

#[test]
fn a_snapshot_is_used_only_of_the_file_that_was_admitted() {
    let home = Home::of(signed());
    let run = |more: &str| home.blink(&format!("run one.blink --input x.npy {more}"));
    let required = "--require-signature --trust trust --start snapshot";
    home.warm("one.blink");
    run(required).ok();
    run(&required.replace("snapshot", "auto")).ok();
    // The file has changed since the snapshot was made, by no more than a mode: it is not taken any more.
    let mode = |mode| fs::set_permissions(home.folder.path("one.blink"), fs::Permissions::from_mode(mode));
    mode(0o400).expect("a mode");
    run("--start snapshot").ok();
    run(required).refused(1).names(&["one.blink"]);
    run(&required.replace("snapshot", "auto")).ok();
    // A snapshot of an artifact that nobody has signed serves those who do not ask.
    home.warm("unsigned.blink");
    home.blink("run unsigned.blink --input x.npy --start snapshot").ok();
    home.blink(&format!("run unsigned.blink --input x.npy {required}")).refused(5).names(&["not signed"]);
}
