//! Images that somebody else could have written are not opened, and those of another key are not used.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown, symlink};
use std::path::Path;
use std::process::Command;

use crate::fallback::{falls_back, is_used, told};
use crate::head::{put, set_mode};
use crate::here::{restored, warmed_one};
use crate::support::{home::Home, models};

/// A user who is nobody here.
const NOBODY: u32 = 65534;

/// Whether this process can give files away. Where it cannot, that is said.
fn is_root(home: &Home) -> bool {
    let is_root = fs::metadata(home.folder.path("")).expect("the folder").uid() == 0;
    if !is_root {
        eprintln!("skipped: files of another user, which only root can make");
    }
    is_root
}

#[test]
fn no_snapshot_was_made() {
    let home = Home::of(models::compiled_one());
    falls_back(&home, &home.launcher(), "none-made", "no directory");
    let (home, warmed) = warmed_one();
    fs::remove_file(warmed.path).expect("the image");
    falls_back(&home, &home.launcher(), "none-made", "no image");
}

#[test]
fn no_snapshot_was_made_with_these_options() {
    let (home, _) = warmed_one();
    for options in ["--threads 7", "--prepack on", "--prepack off", "--model one"] {
        told(options, &blink_runtime::Reason::NoneMade, || {
            home.blink(&format!("run one.blink --input x.npy {options}"))
        });
        home.blink(&format!("warm one.blink {options}")).ok();
        is_used(home.blink(&format!("run one.blink --input x.npy {options}")));
    }
    assert_eq!(home.images().len(), 5);
    restored(&home);
}

#[test]
fn no_cache_directory_is_known() {
    let home = Home::of(models::compiled_one());
    let without = |line: &str| home.blink(line).without("HOME").without("XDG_CACHE_HOME").without("BLINK_CACHE_DIR");
    told("no directory", &blink_runtime::Reason::NoneMade, || without("run one.blink --input x.npy"));
    without("warm one.blink").refused(1).names(&["BLINK_CACHE_DIR"]);
}

#[test]
fn the_mode_of_the_image() {
    let (home, warmed) = warmed_one();
    let launcher = home.launcher();
    for mode in [0o600, 0o440, 0o404, 0o500, 0o000, 0o402, 0o420, 0o4400] {
        set_mode(&warmed.path, mode);
        // Who is not root cannot open a file that nobody may read.
        let name = if mode == 0 && !is_root(&home) { "unreadable" } else { "not-trusted" };
        falls_back(&home, &launcher, name, &format!("mode {mode:o}"));
    }
    set_mode(&warmed.path, 0o400);
    restored(&home);
}

#[test]
fn the_mode_of_the_directory() {
    let (home, _) = warmed_one();
    let launcher = home.launcher();
    for mode in [0o770, 0o720, 0o702, 0o707, 0o777, 0o1777] {
        set_mode(&home.snapshots(), mode);
        falls_back(&home, &launcher, "not-trusted", &format!("mode {mode:o}"));
        home.blink("warm one.blink").refused(1).names(&["not trusted"]);
    }
    set_mode(&home.snapshots(), 0o755);
    restored(&home);
}

#[test]
fn the_owner_of_the_image() {
    let (home, warmed) = warmed_one();
    if !is_root(&home) {
        return;
    }
    chown(&warmed.path, Some(NOBODY), None).expect("root may");
    falls_back(&home, &home.launcher(), "not-trusted", "image of nobody's");
    chown(&warmed.path, Some(0), None).expect("root may");
    restored(&home);
    chown(home.snapshots(), Some(NOBODY), None).expect("root may");
    falls_back(&home, &home.launcher(), "not-trusted", "directory of nobody's");
    home.blink("warm one.blink").refused(1).names(&["not trusted"]);
}

#[test]
fn what_is_no_file_of_its_own() {
    let (home, warmed) = warmed_one();
    let (launcher, elsewhere) = (home.launcher(), home.folder.path("elsewhere.image"));
    fs::rename(&warmed.path, &elsewhere).expect("the folder is ours");
    symlink(&elsewhere, &warmed.path).expect("the folder is ours");
    falls_back(&home, &launcher, "not-trusted", "a link to the image");
    remade(&warmed.path, |path| symlink("nowhere", path).expect("the folder is ours"));
    falls_back(&home, &launcher, "not-trusted", "a link to nothing");
    remade(&warmed.path, |path| fs::create_dir(path).expect("the folder is ours"));
    falls_back(&home, &launcher, "not-trusted", "a directory");
    fs::remove_dir(&warmed.path).expect("the folder is ours");
    let made = Command::new("mkfifo").arg(&warmed.path).status().expect("mkfifo starts");
    assert!(made.success());
    falls_back(&home, &launcher, "not-trusted", "a pipe that nobody writes to");
    remade(&warmed.path, |path| _ = std::os::unix::net::UnixListener::bind(path).expect("the folder is ours"));
    falls_back(&home, &launcher, "not-trusted", "a socket");
    remade(&warmed.path, |path| fs::rename(&elsewhere, path).expect("the folder is ours"));
    restored(&home);
}

fn remade(path: &Path, make: impl FnOnce(&Path)) {
    fs::remove_file(path).expect("the folder is ours");
    make(path);
}

#[test]
fn a_directory_that_is_a_link() {
    let (home, _) = warmed_one();
    let elsewhere = home.folder.path("elsewhere");
    fs::rename(home.snapshots(), &elsewhere).expect("the folder is ours");
    symlink(&elsewhere, home.snapshots()).expect("the folder is ours");
    falls_back(&home, &home.launcher(), "not-trusted", "a link to the directory");
    fs::remove_file(home.snapshots()).expect("the folder is ours");
    fs::write(home.snapshots(), "").expect("the folder is ours");
    falls_back(&home, &home.launcher(), "not-trusted", "a file in its place");
}

#[test]
fn an_image_under_the_name_of_another() {
    let (home, warmed) = warmed_one();
    fs::copy(home.folder.path("one.blink"), home.folder.path("same.blink")).expect("a copy");
    let same = home.warm("same.blink");
    put(&warmed.path, &fs::read(&same.path).expect("the image"));
    falls_back(&home, &home.launcher(), "other-key", "the image of another artifact");
    let other = home.blink("warm one.blink --threads 5 --format json").ok().json("blink.warm/1");
    let other = other["snapshot"].as_str().expect("a path").to_owned();
    put(&warmed.path, &fs::read(other).expect("the image"));
    falls_back(&home, &home.launcher(), "other-key", "the image of other options");
    home.warm("one.blink");
    restored(&home);
}

#[test]
fn a_mask_on_new_files_opens_nothing() {
    for mask in ["0", "077"] {
        let home = Home::of(models::compiled_one());
        home.blink("warm one.blink").by(&format!("umask {mask}; exec \"$0\" \"$@\"")).ok();
        let mode = |path: &Path| fs::metadata(path).expect("it is there").mode() & 0o7777;
        assert_eq!((mode(&home.snapshots()), mode(&home.images()[0])), (0o700, 0o400), "{mask}");
        restored(&home);
    }
}
