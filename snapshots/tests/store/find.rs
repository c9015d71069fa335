//! What a start finds, and what it refuses to trust.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use blink_snapshots::refusal::{Refusal, Step};
use blink_snapshots::store::{Key, Prune, Store};
use blink_snapshots::{Distrust, Reason};

use crate::support::{Home, image, mode, reason, set_mode};

/// A user that nobody is.
const NOBODY: u32 = 65533;

/// Changes the owner, which only root may: false, and said, for others.
fn give_away(path: &Path) -> bool {
    let given = chown(path, Some(NOBODY), None).is_ok();
    if !given {
        eprintln!("not root: files of another user cannot be tried");
    }
    given
}

fn distrust(home: &Home, key: &Key) -> Distrust {
    match reason(home.store().find(key)) {
        Reason::NotTrusted { why, .. } => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_found_where_nothing_was_made_and_nothing_is_touched() {
    let home = Home::new();
    let (store, key) = (home.store(), home.key("a"));
    assert!(store.find(&key).expect("no refusal").is_none());
    assert!(store.list().expect("a list").is_empty());
    assert!(store.prune(Prune::All).expect("no refusal").removed.is_empty());
    assert!(!home.path("cache").exists());
    home.make(&key);
    for other in [Key { threads: 1, ..key.clone() }, Key { prepack: None, ..key.clone() }, home.key("b")] {
        assert!(store.find(&other).expect("no refusal").is_none());
    }
}

#[test]
fn what_was_made_is_found() {
    let home = Home::new();
    let key = home.key("a");
    let path = home.make(&key);
    assert_eq!((mode(&path), mode(home.store().directory())), (0o400, 0o700));
    let mut found = home.store().find(&key).expect("no refusal").expect("an image");
    assert_eq!(found.path, path);
    let mut bytes = Vec::new();
    found.file.read_to_end(&mut bytes).expect("it can be read");
    assert!(bytes == image(&key.label(), &[&key.artifact], |_| {}));
}

#[test]
fn an_image_of_another_mode_is_refused() {
    let home = Home::new();
    let key = home.key("a");
    let path = home.make(&key);
    for mode in [0o600, 0o440, 0o404, 0o420, 0o402, 0o500, 0o4400, 0o777] {
        set_mode(&path, mode);
        assert_eq!(distrust(&home, &key), Distrust::Mode { mode });
    }
    set_mode(&path, 0o400);
    assert!(home.store().find(&key).expect("no refusal").is_some());
}

#[test]
fn an_image_of_another_user_is_refused() {
    let home = Home::new();
    let key = home.key("a");
    if give_away(&home.make(&key)) {
        assert_eq!(distrust(&home, &key), Distrust::Owner { found: NOBODY, expected: 0 });
    }
}

#[test]
fn what_is_not_a_file_is_refused_at_once() {
    let home = Home::new();
    let key = home.key("a");
    let path = home.make(&key);
    let elsewhere = home.path("elsewhere");
    fs::rename(&path, &elsewhere).expect("it can be moved");
    let refused = || assert_eq!(distrust(&home, &key), Distrust::NotAFile);

    symlink(&elsewhere, &path).expect("a link");
    refused();
    fs::remove_file(&path).expect("the link");
    symlink("nowhere", &path).expect("a link");
    refused();
    fs::remove_file(&path).expect("the link");
    let pipe = rustix::fs::FileType::Fifo;
    rustix::fs::mknodat(rustix::fs::CWD, &path, pipe, rustix::fs::Mode::RUSR, 0).expect("a pipe");
    refused();
    fs::remove_file(&path).expect("the pipe");
    let socket = UnixListener::bind(&path).expect("a socket");
    refused();
    drop(socket);
    fs::remove_file(&path).expect("the socket");
    fs::create_dir(&path).expect("a directory");
    refused();
}

#[test]
fn a_directory_that_others_could_write_is_refused_by_every_verb() {
    let home = Home::new();
    let (store, key) = (home.store(), home.key("a"));
    let image = home.make(&key);
    let refused = |store: &Store, why: Distrust| {
        let expected = Reason::NotTrusted { path: store.directory().to_owned(), why };
        assert_eq!(reason(store.find(&key)), expected);
        assert_eq!(reason(store.begin(&key)), expected);
        assert_eq!(reason(store.list()), expected);
        assert_eq!(reason(store.prune(Prune::All)), expected);
        assert!(image.exists());
    };
    for mode in [0o777, 0o770, 0o702, 0o1777] {
        set_mode(store.directory(), mode);
        refused(&store, Distrust::Writable { mode });
    }
    set_mode(store.directory(), 0o755);
    assert!(store.find(&key).expect("no refusal").is_some());

    symlink(store.directory(), home.path("link")).expect("a link");
    refused(&Store::new(home.path("link")), Distrust::NotADirectory);
    refused(&Store::new(home.path("link/")), Distrust::NotADirectory);
    refused(&Store::new(home.path("link/.")), Distrust::NotADirectory);
    fs::write(home.path("file"), "").expect("a file");
    refused(&Store::new(home.path("file")), Distrust::NotADirectory);
    if give_away(store.directory()) {
        refused(&store, Distrust::Owner { found: NOBODY, expected: 0 });
    }
}

#[test]
fn the_image_of_another_key_is_refused() {
    let home = Home::new();
    let (key, other) = (home.key("a"), Key { threads: 3, ..home.key("a") });
    let path = home.make(&key);
    fs::rename(path, home.store().directory().join(other.file_name())).expect("it can be moved");
    assert_eq!(reason(home.store().find(&other)), Reason::OtherKey);
    assert!(home.store().find(&key).expect("no refusal").is_none());
}

#[test]
fn what_is_no_image_is_refused_as_damaged() {
    let home = Home::new();
    let key = home.key("a");
    let whole = image(&key.label(), &[], |_| {});
    let overlong = image(&key.label(), &[], |header| header.label_len = u32::MAX);
    for bytes in [&[][..], b"text", &whole[..100], &[0; 1 << 20], &overlong] {
        home.put(&key, bytes);
        assert!(matches!(reason(home.store().find(&key)), Reason::Damaged { .. }), "{} bytes", bytes.len());
    }
}

#[test]
fn what_the_restorer_tells_by_number_is_told_by_name() {
    let home = Home::new();
    let (key, mapped) = (home.key("a"), home.path("library.so"));
    fs::write(&mapped, "code").expect("a file");
    home.put(&key, &image(&key.label(), &[&key.artifact, &mapped], |_| {}));
    let found = home.store().find(&key).expect("no refusal").expect("an image");
    assert_eq!(found.reason(Refusal::Changed(1)), Reason::FileChanged { path: mapped.clone() });
    match found.reason(Refusal::Unreadable(0, 13)) {
        Reason::Unreadable { path, error } => assert!(path == key.artifact && error.contains("denied"), "{error}"),
        other => panic!("{other:?}"),
    }
    match found.reason(Refusal::Kernel) {
        Reason::Kernel { made_on } => assert!(made_on.len() > 3 && !made_on.contains('\0'), "{made_on}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(found.reason(Refusal::Changed(99)), Reason::FileChanged { path: found.path.clone() });
    let step = Step::Map as u32;
    assert_eq!(found.reason(Refusal::Forbidden(step, 12)), Reason::Forbidden { step, error: 12 });
    let names = [
        (Refusal::NotAnImage, "damaged"),
        (Refusal::Version(9), "format"),
        (Refusal::Checksum, "damaged"),
        (Refusal::Layout, "damaged"),
        (Refusal::Cpu, "cpu"),
        (Refusal::Vdso, "vdso"),
    ];
    for (refusal, name) in names {
        assert_eq!(found.reason(refusal).name(), name);
    }
}
