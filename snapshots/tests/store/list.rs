//! What is said of every image.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use blink_restorer::image::{CHECKSUM_OFFSET, Header};
use blink_snapshots::Reason;
use blink_snapshots::store::Key;

use crate::support::{Home, IMAGE_LEN, image, set_mode};

#[test]
fn a_good_image_is_told_whole() {
    let home = Home::new();
    let key = home.key("a");
    let path = home.make(&key);
    let made = SystemTime::now() - Duration::from_secs(3600);
    File::open(&path).and_then(|file| file.set_modified(made)).expect("an older file");
    let entry = home.only();
    assert_eq!((entry.path, entry.key), (path, Some(key)));
    assert_eq!((entry.bytes, entry.modified, entry.verdict), (IMAGE_LEN, made, Ok(())));
}

/// The image that `change` makes of a good one is refused for the reason of that name.
fn refused(name: &str, knows_key: bool, change: impl FnOnce(&Home, &Key) -> Vec<u8>) -> Reason {
    let home = Home::new();
    let key = home.key("a");
    let bytes = change(&home, &key);
    home.put(&key, &bytes);
    let entry = home.only();
    let reason = entry.verdict.expect_err("refused");
    assert_eq!(reason.name(), name, "{reason}");
    assert_eq!(entry.key.is_some(), knows_key, "{reason}");
    reason
}

fn with_header(change: impl FnOnce(&mut Header)) -> impl FnOnce(&Home, &Key) -> Vec<u8> {
    |_, key| image(&key.label(), &[&key.artifact], change)
}

fn with_bytes(change: impl FnOnce(&mut Vec<u8>)) -> impl FnOnce(&Home, &Key) -> Vec<u8> {
    |_, key| {
        let mut bytes = image(&key.label(), &[&key.artifact], |_| {});
        change(&mut bytes);
        bytes
    }
}

#[test]
fn another_host_is_told() {
    let reason = refused("kernel", true, with_header(|header| header.host.kernel_release[0] ^= 1));
    let Reason::Kernel { made_on } = &reason else { panic!("{reason}") };
    assert!(reason.to_string().contains(made_on), "{reason}");
    refused("kernel", true, with_header(|header| header.host.kernel_version[5] ^= 1));
    refused("cpu", true, with_header(|header| header.host.cpu[2][1] ^= 1 << 16));
    refused("cpu", true, with_header(|header| header.host.saved_state ^= 1 << 7));
}

#[test]
fn damage_is_told() {
    refused("damaged", true, with_bytes(|bytes| bytes[0] ^= 1));
    refused("damaged", true, with_bytes(|bytes| bytes[CHECKSUM_OFFSET] ^= 1));
    refused("damaged", true, with_bytes(|bytes| bytes[size_of::<Header>() - 1] ^= 1));
    refused("damaged", false, with_bytes(|bytes| bytes[size_of::<Header>() + 3] ^= 1));
    refused("damaged", true, with_bytes(|bytes| bytes.push(0)));
    refused("damaged", true, with_bytes(|bytes| bytes.truncate(bytes.len() - 1)));
    refused("damaged", false, with_bytes(|bytes| bytes.truncate(100)));
    refused("damaged", false, with_bytes(Vec::clear));
    refused("damaged", true, with_header(|header| header.thread.resume = 0));
    refused("damaged", true, with_header(|header| header.segments = 1_000_000));
    let reason = refused("format", true, with_header(|header| header.version += 1));
    assert!(matches!(reason, Reason::Format { .. }) && reason.to_string().contains("expected"), "{reason}");
}

#[test]
fn another_label_is_told() {
    refused("other-key", false, |home, key| image(&home.key("b").label(), &[&key.artifact], |_| {}));
    refused("other-key", false, |_, key| image(b"test", &[&key.artifact], |_| {}));
}

/// What is said once `change` was done to a file that a good image maps, and the path that is named.
fn mapped(name: &str, change: impl FnOnce(&Path)) {
    let home = Home::new();
    let (key, library) = (home.key("a"), home.path("library.so"));
    fs::write(&library, "code").expect("a file");
    home.put(&key, &image(&key.label(), &[&key.artifact, &library], |_| {}));
    assert_eq!(home.only().verdict, Ok(()));
    change(&library);
    let reason = home.only().verdict.expect_err("refused");
    assert_eq!(reason.name(), name, "{reason}");
    let (Reason::FileChanged { path } | Reason::Unreadable { path, .. }) = &reason else { panic!("{reason}") };
    assert!(*path == library && reason.to_string().contains("library.so"), "{reason}");
}

#[test]
fn a_mapped_file_that_changed_is_named() {
    mapped("file-changed", |path| fs::write(path, "coda!").expect("written in place"));
    mapped("file-changed", |path| {
        let file = File::open(path).expect("the file");
        file.set_modified(SystemTime::UNIX_EPOCH).expect("another time");
    });
    mapped("file-changed", |path| {
        let kept = path.with_extension("kept");
        fs::rename(path, &kept).expect("moved");
        symlink(kept, path).expect("a link to the same file");
    });
    mapped("unreadable", |path| fs::remove_file(path).expect("removed"));
}

#[test]
fn an_artifact_that_is_gone_is_named() {
    let home = Home::new();
    let key = home.key("a");
    home.put(&key, &image(&key.label(), &[], |_| {}));
    fs::remove_file(&key.artifact).expect("the artifact");
    let entry = home.only();
    match entry.verdict {
        Err(Reason::Unreadable { path, .. }) => assert_eq!(path, key.artifact),
        other => panic!("{other:?}"),
    }
    assert_eq!(entry.key, Some(key));
}

#[test]
fn what_is_not_trusted_is_listed_and_not_read() {
    let home = Home::new();
    let key = home.key("a");
    let path = home.make(&key);
    set_mode(&path, 0o600);
    let entry = home.only();
    assert_eq!((entry.key, entry.bytes), (None, IMAGE_LEN));
    assert_eq!(entry.verdict.expect_err("refused").name(), "not-trusted");
    fs::remove_file(&path).expect("the image");
    symlink("nowhere", &path).expect("a link");
    assert_eq!(home.only().verdict.expect_err("refused").name(), "not-trusted");
}

#[test]
fn files_that_are_not_ours_are_not_listed() {
    let home = Home::new();
    let path = home.make(&home.key("a"));
    let upper = path.file_name().expect("a name").to_string_lossy().to_uppercase();
    for name in ["notes.txt", "photo.image", ".blink-1-0.tmp", "0123.image", &upper] {
        fs::write(path.with_file_name(name), "a user's own").expect("a file");
    }
    fs::create_dir(path.with_file_name("folder.image")).expect("a folder");
    assert_eq!(home.only().path, path);
}
