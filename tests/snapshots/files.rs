//! Files that an image maps, changed since: artifact, library, program. None is mapped again; the start is a normal one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use blink_runtime::{LaunchError, Launcher, Reason, Start, StartMode};

use crate::fallback::{falls_back, is_used, told};
use crate::here::{answers, restored, warmed_one};
use crate::support::folder::{BLINK, Blink};
use crate::support::{home::Home, models};

/// Gives the file another time.
fn touch(path: &Path) {
    by("touch", &["-d", "2001-02-03"], &[path]);
}

/// Puts a copy of the file in its place: the same bytes, the same times, another file.
fn replace(path: &Path) {
    let copy = path.with_extension("copy");
    by("cp", &["-p"], &[path, &copy]);
    fs::rename(copy, path).expect("the folder is ours");
}

/// Runs a tool of the system. A program that this process itself had open for writing could not be started while
/// another test starts one: it would be open there, too.
fn by(tool: &str, options: &[&str], paths: &[&Path]) {
    let status = Command::new(tool).args(options).args(paths).status().expect("the tool starts");
    assert!(status.success(), "{tool} {options:?} {paths:?}: {status}");
}

#[test]
fn the_artifact_is_touched_replaced_and_made_again() {
    let (home, _) = warmed_one();
    let (launcher, artifact) = (home.launcher(), home.folder.path("one.blink"));
    restored(&home);
    touch(&artifact);
    falls_back(&home, &launcher, "file-changed", "touched");
    home.warm("one.blink");
    restored(&home);
    replace(&artifact);
    falls_back(&home, &launcher, "file-changed", "replaced by itself");
    home.warm("one.blink");
    home.blink("compile one.onnx -o one.blink").ok();
    falls_back(&home, &launcher, "file-changed", "compiled again");
    home.warm("one.blink");
    is_used(home.blink("run one.blink --input x.npy"));
}

#[test]
fn another_model_under_the_artifacts_name_answers_for_itself() {
    let (home, _) = warmed_one();
    let mut other = models::one();
    let graph = other.graph.as_mut().expect("a graph");
    graph.node[0].op_type = Some("Add".into());
    graph.initializer[0].dims = vec![1, 3];
    let three: Vec<u8> = [10f32, 20.0, 30.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    graph.initializer[0].raw_data = Some(three.into());
    home.folder.model("other.onnx", &other);
    home.blink("compile other.onnx -o one.blink").ok();
    let report = home.blink("run one.blink --input x.npy --format json").ok().json("blink.run/1");
    assert_eq!(report["outputs"][0]["values"], serde_json::json!([[11.0, 22.0, 33.0], [9.0, 20.5, 30.0]]));
    let path = fs::canonicalize(home.folder.path("one.blink")).expect("the artifact");
    assert_eq!(report["start_reason"], Reason::FileChanged { path }.to_string());
}

#[test]
fn the_artifact_has_gone_or_moved() {
    let (home, _) = warmed_one();
    let (artifact, moved) = (home.folder.path("one.blink"), home.folder.path("moved.blink"));
    fs::rename(&artifact, &moved).expect("the folder is ours");
    // Gone is gone, with the words and the code of a normal start.
    for start in ["auto", "normal"] {
        home.blink(&format!("run one.blink --input x.npy --start {start}")).refused(1).names(&["one.blink"]);
    }
    let launched = home.launcher().launch(&home.spec("one.blink", StartMode::Snapshot));
    assert!(matches!(launched, Err(LaunchError::NoSnapshot { reason: Reason::NoneMade, .. })), "{launched:?}");
    told("moved", &Reason::NoneMade, || home.blink("run moved.blink --input x.npy"));
    // By a link it is where it was warmed, or where it is now.
    std::os::unix::fs::symlink(&moved, &artifact).expect("the folder is ours");
    told("linked", &Reason::NoneMade, || home.blink("run one.blink --input x.npy"));
    home.blink("warm one.blink").ok();
    is_used(home.blink("run one.blink --input x.npy"));
    is_used(home.blink("run moved.blink --input x.npy"));
}

#[test]
fn whatever_the_artifact_is_called() {
    let home = Home::of(models::compiled_one());
    for name in ["a b.blink", "\u{fc}.blink", "tab\t.blink", "back\\slash.blink", "x (deleted)", "\u{1f980}"] {
        fs::copy(home.folder.path("one.blink"), home.folder.path(name)).expect("a copy");
        home.blink("warm").arg(name).ok();
        is_used(home.blink("run --input x.npy").arg(name));
    }
}

#[test]
fn a_name_that_the_kernel_cannot_tell_is_refused_by_that_name() {
    use std::os::unix::ffi::OsStrExt;
    let home = Home::of(models::compiled_one());
    for name in [&b"new\nline.blink"[..], b"\xff.blink"] {
        let name = std::ffi::OsStr::from_bytes(name);
        fs::copy(home.folder.path("one.blink"), home.folder.path(name)).expect("a copy");
        home.blink("warm").arg(name).refused(1).names(&["another name"]);
        home.blink("run --input x.npy").arg(name).ok();
    }
    assert!(home.images().is_empty());
}

/// `blink` with a library of its own.
fn with<'a>(home: &'a Home, library: &'a Path) -> impl Fn(&str) -> Blink + use<'a> {
    move |line| home.blink(line).env(blink_runtime::library::LIBRARY_VARIABLE, library)
}

#[test]
fn the_library_is_touched_and_replaced() {
    let home = Home::of(models::compiled_one());
    let library = home.folder.path("onnxruntime.so");
    fs::copy(home.library(), &library).expect("room for a library");
    let library = fs::canonicalize(library).expect("the copy");
    let blink = with(&home, &library);
    let run = || blink("run one.blink --input x.npy");
    let changed = Reason::FileChanged { path: library.clone() };
    blink("warm one.blink").ok();
    is_used(run());
    touch(&library);
    told("touched", &changed, run);
    blink("warm one.blink").ok();
    is_used(run());
    replace(&library);
    told("replaced by itself", &changed, run);
    blink("warm one.blink").ok();
    is_used(run());
    // The other library's workers never had one.
    told("another library", &Reason::NoneMade, || home.blink("run one.blink --input x.npy"));
}

#[test]
fn the_program_is_touched_and_replaced() {
    let home = Home::of(models::compiled_one());
    let program = copy_of_blink(&home);
    let launcher = Launcher::new(&program).with_snapshots(home.snapshots());
    let warm = || launcher.warm(&home.spec("one.blink", StartMode::Auto)).expect("a snapshot");
    let start = || {
        let mut worker = launcher.launch(&home.spec("one.blink", StartMode::Auto)).expect("a worker");
        assert!(answers(&mut worker));
        worker.start().clone()
    };
    let changed = Start::Normal { reason: Some(Reason::FileChanged { path: program.clone() }) };
    warm();
    assert_eq!(start(), Start::Snapshot);
    touch(&program);
    assert_eq!(start(), changed, "touched");
    warm();
    assert_eq!(start(), Start::Snapshot);
    replace(&program);
    assert_eq!(start(), changed, "replaced by itself");
    // Another program's workers never had one.
    let other = home.launcher().launch(&home.spec("one.blink", StartMode::Auto)).expect("a worker");
    assert_eq!(*other.start(), Start::Normal { reason: Some(Reason::NoneMade) });
}

fn copy_of_blink(home: &Home) -> PathBuf {
    let program = home.folder.path("blink");
    by("cp", &[], &[Path::new(BLINK), &program]);
    fs::canonicalize(program).expect("the copy")
}
