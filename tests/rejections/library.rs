//! ONNX Runtime missing, or something else in its place: exit code 6, and what to run.

use std::path::PathBuf;

use blink_runtime::library::{self, CACHE_VARIABLE, FILE_NAME, LIBRARY_VARIABLE, ORT_VERSION};

use crate::support::folder::Blink;
use crate::support::{Folder, models};

/// The verbs that load the library to do their work.
fn verbs(folder: &Folder) -> [Blink; 3] {
    ["run one.blink --input x.npy", "compile one.onnx -o other.blink", "verify one.blink"]
        .map(|line| folder.blink(line))
}

#[test]
fn nowhere() {
    let folder = models::compiled_one();
    for blink in verbs(&folder) {
        let refusal = blink.without(LIBRARY_VARIABLE).env(CACHE_VARIABLE, folder.path("cache")).refused(6);
        refusal.names(&[ORT_VERSION, FILE_NAME, "blink setup"]);
    }
    for blink in verbs(&folder) {
        let blink = blink.without(LIBRARY_VARIABLE).without(CACHE_VARIABLE).without("HOME").without("XDG_CACHE_HOME");
        blink.refused(6).names(&[ORT_VERSION, "blink setup"]);
    }
    assert_eq!(folder.names(), ["one.blink", "one.onnx", "x.npy"], "nothing is made on the way to a refusal");
}

#[test]
fn not_where_the_variable_says() {
    let folder = models::compiled_one();
    for blink in verbs(&folder) {
        blink.env(LIBRARY_VARIABLE, "absent.so").refused(6).names(&[LIBRARY_VARIABLE, "absent.so"]);
    }
}

#[test]
fn something_else_in_its_place() {
    let folder = models::compiled_one();
    folder.write("garbage.so", [0x5a; 5000]);
    folder.write("empty.so", "");
    std::fs::create_dir(folder.path("folder.so")).expect("the folder is ours");
    for file in ["garbage.so", "empty.so", "folder.so"] {
        for blink in verbs(&folder) {
            blink.env(LIBRARY_VARIABLE, folder.path(file)).refused(6).names(&[file]);
        }
    }
}

/// A sound library that is not ONNX Runtime: the C library's own mathematics.
#[test]
fn another_library() {
    let folder = models::compiled_one();
    let library = mapped_library();
    for blink in verbs(&folder) {
        let name = library.file_name().expect("a file").to_string_lossy().into_owned();
        blink.env(LIBRARY_VARIABLE, &library).refused(6).names(&[&name, "OrtGetApiBase"]);
    }
}

/// The file of a library that this process has loaded.
#[cfg(target_os = "linux")]
fn mapped_library() -> PathBuf {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("the mappings of this process");
    let paths = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    let library = paths.map(PathBuf::from).find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libm.so") || name.starts_with("libc.so") || name.starts_with("libgcc_s.so")
    });
    library.expect("a process of this system loads the C library")
}

#[cfg(not(target_os = "linux"))]
fn mapped_library() -> PathBuf {
    PathBuf::from("/usr/lib/libSystem.B.dylib")
}

/// The same library under another version: what it says of itself is believed, not its file's name.
#[test]
fn another_version() {
    let folder = models::compiled_one();
    let mut bytes =
        std::fs::read(library::find().expect("the harness has set the library up").path).expect("a library");
    let own = format!("\0{ORT_VERSION}\0").into_bytes();
    let places: Vec<_> = (0..bytes.len() - own.len()).filter(|&at| bytes[at..].starts_with(&own)).collect();
    assert!(!places.is_empty(), "the library does not hold its version as text");
    for at in places {
        bytes[at + own.len() - 2] = b'9';
    }
    folder.write(FILE_NAME, bytes);
    let other = format!("{}9", &ORT_VERSION[..ORT_VERSION.len() - 1]);
    for blink in verbs(&folder) {
        let refusal = blink.env(LIBRARY_VARIABLE, folder.path(FILE_NAME)).refused(6);
        refusal.names(&[&other, ORT_VERSION, LIBRARY_VARIABLE, "blink setup"]);
    }
}

#[test]
fn a_library_in_the_cache_that_was_cut_short() {
    let folder = models::compiled_one();
    let cached = folder.path("cache").join("onnxruntime").join(ORT_VERSION);
    std::fs::create_dir_all(&cached).expect("the folder is ours");
    let whole = library::find().expect("the harness has set the library up").path;
    let bytes = std::fs::read(whole).expect("the library");
    std::fs::write(cached.join(FILE_NAME), &bytes[..bytes.len() / 2]).expect("the folder is ours");
    for blink in verbs(&folder) {
        let blink = blink.without(LIBRARY_VARIABLE).env(CACHE_VARIABLE, folder.path("cache"));
        blink.refused(6).names(&[FILE_NAME, "blink setup"]);
    }
}
