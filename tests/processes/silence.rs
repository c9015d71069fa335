//! ONNX Runtime's builds for Linux report to their makers unless told not to. They are told: no socket is made that
//! leads out of the machine, and nothing under the user's home directory is opened.
//!
//! A launcher and its worker, a compiler and its child talk over a pair of sockets, which have no name and lead nowhere
//! else. Whatever goes out needs a `socket` of its own first.
//!
//! `CI` is unset for the traced process, since that variable alone silences ONNX Runtime.

use std::fs::File;
use std::net::UdpSocket;
use std::process::{Command, Stdio};

use blink_runtime::library;

use crate::support::folder::Blink;
use crate::support::tracer::{Call, End, Then, trace};
use crate::support::{Folder, models};

/// Set for the child of the control test.
const CONTROL: &str = "BLINK_TEST_CONTROL";

/// Every call that `command` makes, with an empty folder `home` as its home.
fn calls(folder: &Folder, mut command: Command) -> Vec<Call> {
    std::fs::create_dir(folder.path("home")).expect("a fresh home");
    for name in ["XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"] {
        command.env_remove(name);
    }
    command.env("HOME", folder.path("home")).stdin(Stdio::null()).stdout(Stdio::null());
    let mut calls = Vec::new();
    let end = trace(command, |call| {
        calls.push(call.clone());
        Then::GoOn
    });
    assert_eq!(end, End::Code(0));
    calls
}

/// What of `calls` reaches out of the machine or into the home.
fn loud<'a>(folder: &Folder, calls: &'a [Call]) -> Vec<&'a Call> {
    let outward = |call: &Call| call.is_outward() && !["socketpair", "sendto", "sendmsg"].contains(&call.name);
    calls.iter().filter(|call| outward(call) || call.is_within(&folder.path("home"))).collect()
}

fn is_silent(folder: &Folder, blink: Blink) -> Vec<Call> {
    // Found before the home is another one.
    let library = library::find().expect("the harness has set the library up").path;
    let calls = calls(folder, blink.env(library::LIBRARY_VARIABLE, &library).into_command());
    assert!(calls.iter().any(|call| call.paths.contains(&library)), "the tracer missed ONNX Runtime being loaded");
    let loud = loud(folder, &calls);
    assert!(loud.is_empty(), "{loud:#?}");
    let home: Vec<_> = std::fs::read_dir(folder.path("home")).expect("the home").collect();
    assert!(home.is_empty(), "{home:?}");
    calls
}

#[test]
fn a_run_is_silent() {
    let folder = models::compiled_one();
    let calls = is_silent(&folder, folder.blink("run one.blink --start normal --input x.npy --threads 2"));
    let changed: Vec<_> = calls.iter().filter(|call| call.is_change() && !call.paths.is_empty()).collect();
    assert!(changed.is_empty(), "a run without --output changes no file: {changed:#?}");
}

#[test]
fn a_compilation_is_silent() {
    let folder = Folder::new();
    folder.model("one.onnx", &models::one());
    let calls = is_silent(&folder, folder.blink("compile one.onnx -o one.blink"));
    let outside = |call: &&Call| call.is_change() && call.paths.iter().any(|path| !is_ours(&folder, path));
    let changed: Vec<_> = calls.iter().filter(outside).collect();
    assert!(changed.is_empty(), "a compilation writes beside its output alone: {changed:#?}");
}

/// In the folder, or a descriptor of the process's own, or nowhere.
fn is_ours(folder: &Folder, path: &std::path::Path) -> bool {
    path.starts_with(folder.path("")) || path.starts_with("/proc/self/fd") || path == std::path::Path::new("/dev/null")
}

#[test]
fn a_verification_is_silent() {
    let folder = models::compiled_one();
    is_silent(&folder, folder.blink("verify one.blink"));
}

#[test]
fn the_tracer_hears_sockets_and_files_of_threads_and_children() {
    let folder = Folder::new();
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "silence::control"]).env(CONTROL, "1");
    let calls = calls(&folder, command);
    let heard: Vec<_> = loud(&folder, &calls);
    let named = |name: &str, file: &str| {
        let home = folder.path("home");
        heard.iter().any(|call| call.name == name && (file.is_empty() || call.paths.contains(&home.join(file))))
    };
    assert!(named("socket", ""), "{heard:#?}");
    assert!(named("openat", "made by a thread"), "{heard:#?}");
    assert!(named("openat", "looked for by a child"), "{heard:#?}");
}

/// The child of the test above; in any other run there is nothing for it to do.
#[test]
fn control() {
    if std::env::var_os(CONTROL).is_none() {
        return;
    }
    let home = std::path::PathBuf::from(std::env::var_os("HOME").expect("the home that the test gives"));
    UdpSocket::bind("127.0.0.1:0").expect("a socket of this machine");
    let file = home.join("made by a thread");
    std::thread::spawn(move || File::create(file).expect("the home is there")).join().expect("it does not panic");
    let status = Command::new("cat").arg(home.join("looked for by a child")).stderr(Stdio::null()).status();
    assert!(!status.expect("cat starts").success());
}
