//! Makers that meet, give up, are killed, or run out of space.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use blink_snapshots::store::{Key, Store};

use crate::support::{Home, IMAGE_LEN, image, mode, publish};

/// Names the directory of the store to a process that a test starts.
const STORE: &str = "BLINK_TEST_STORE";
/// What such a process says when it has come to the point.
const THERE: &str = "the point is reached";
/// How the harness ends when a test fails.
const FAILED: i32 = 101;

/// The key of everything here that crosses processes.
fn shared_key() -> Key {
    let root = || PathBuf::from("/");
    let model = "m".to_owned();
    Key {
        artifact: root(),
        program: root(),
        library: root(),
        threads: 1,
        prepack: None,
        pin: false,
        own_code: None,
        model,
    }
}

/// The arguments with which this program runs one of its ignored tests alone.
fn alone(test: &str) -> [String; 4] {
    ["--exact", &format!("publish::{test}"), "--ignored", "--nocapture"].map(str::to_owned)
}

fn names(store: &Store) -> Vec<String> {
    let entries = fs::read_dir(store.directory()).expect("the directory");
    entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn an_image_is_nowhere_until_it_is_published() {
    let home = Home::new();
    let (store, key) = (home.store(), home.key("a"));
    let pending = store.begin(&key).expect("an image");
    assert_eq!(pending.destination(), store.directory().join(key.file_name()));
    assert_eq!(mode(&pending.path().canonicalize().unwrap_or(pending.path())) & 0o077, 0);
    let bytes = image(&key.label(), &[], |_| {});
    pending.file().write_all_at(&bytes, 0).expect("written");
    assert!(fs::read(pending.path()).expect("it can be opened by its maker") == bytes);
    assert!(store.find(&key).expect("no refusal").is_none() && store.list().expect("a list").is_empty());
    pending.publish().expect("published");
    assert!(store.find(&key).expect("no refusal").is_some());
    assert_eq!(names(&store), [key.file_name()]);
}

#[test]
fn a_maker_that_gives_up_leaves_what_was_there() {
    let home = Home::new();
    let (store, key) = (home.store(), home.key("a"));
    drop(store.begin(&key).expect("an image"));
    assert!(names(&store).is_empty());
    let path = home.make(&key);
    let before = fs::read(&path).expect("the image");
    let pending = store.begin(&key).expect("an image");
    pending.file().write_all_at(b"half of it", 0).expect("written");
    drop(pending);
    assert!(fs::read(&path).expect("the image") == before);
    assert_eq!(names(&store), [key.file_name()]);
}

#[test]
fn whoever_reads_while_two_make_finds_a_whole_image() {
    const EACH: usize = 100;
    let home = Home::new();
    let key = home.key("a");
    let whole = |byte: u8| {
        let mut bytes = image(&key.label(), &[], |_| {});
        let end = bytes.len();
        bytes[end / 2..].fill(byte);
        bytes
    };
    let images = [whole(1), whole(2)];
    publish(&home.store(), &key, &images[0]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = [0; 2];
            while !done.load(Ordering::Relaxed) {
                let mut found = home.store().find(&key).expect("no refusal").expect("always one");
                let mut bytes = Vec::new();
                found.file.read_to_end(&mut bytes).expect("it can be read");
                let which = images.iter().position(|image| *image == bytes).expect("one of the two, whole");
                seen[which] += 1;
            }
            seen
        });
        let make = |bytes: &[u8]| (0..EACH).for_each(|_| publish(&home.store(), &key, bytes));
        let makers = images.each_ref().map(|bytes| scope.spawn(move || make(bytes)));
        makers.into_iter().for_each(|maker| maker.join().expect("a maker never fails"));
        done.store(true, Ordering::Relaxed);
        let seen = reader.join().expect("the reader never fails");
        assert!(seen[0] + seen[1] > 0);
    });
    assert_eq!(names(&home.store()), [key.file_name()]);
}

#[test]
fn a_maker_that_is_killed_leaves_no_image() {
    let home = Home::new();
    let (store, key) = (home.store(), shared_key());
    for older in [false, true] {
        let mut command = Command::new(env::current_exe().expect("this program"));
        command.args(alone("half_an_image")).env(STORE, store.directory()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.contains(THERE)), "it never came to the point");
        child.kill().expect("killed");
        assert_eq!(child.wait().expect("its end").signal(), Some(9));
        assert_eq!(store.find(&key).expect("no refusal").is_some(), older);
        publish(&store, &key, &image(&key.label(), &[], |_| {}));
        assert_eq!(names(&store), [key.file_name()]);
    }
}

#[test]
#[ignore = "another test starts it as a process of its own, and kills it"]
fn half_an_image() {
    let store = Store::new(env::var_os(STORE).expect("the test that starts this one names a store").into());
    let pending = store.begin(&shared_key()).expect("an image");
    pending.file().write_all_at(&[1; 1 << 20], 0).expect("written");
    println!("{THERE}");
    // Nothing is ever sent.
    let _ = std::io::stdin().read(&mut [0]);
}

#[test]
fn a_full_disk_is_an_error_and_changes_nothing() {
    let home = Home::new();
    let limited = home.store();
    let this = env::current_exe().expect("this program");
    let run = |command: &mut Command, store: &Store| {
        let output = command.arg(&this).args(alone("no_space")).env(STORE, store.directory()).output();
        let output = output.expect("the shell starts");
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        assert_ne!(output.status.code(), Some(FAILED), "{said}");
        (output.status.success() && said.contains(THERE), said)
    };
    // Blocks of 512 bytes or of 1024, as the shell has it.
    let limit = "ulimit -f 1024 && trap '' XFSZ && exec \"$0\" \"$@\"";
    let (was_run, said) = run(Command::new("sh").args(["-c", limit]), &limited);
    assert!(was_run, "{said}");

    let small = Store::new(home.path("small/snapshots"));
    fs::create_dir(home.path("small")).expect("a directory");
    let mount = "mount -t tmpfs -o size=1m,mode=700 none \"$BLINK_TEST_STORE/..\" && exec \"$0\" \"$@\"";
    fs::create_dir(small.directory()).expect("a directory to name the mount by");
    let ways: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    let tried = ways.map(|way| run(Command::new("unshare").args(way).args(["sh", "-c", mount]), &small));
    if !tried.iter().any(|(was_run, _)| *was_run) {
        eprintln!("a small file system cannot be mounted here, only a limit on files was tried: {tried:?}");
    }
}

#[test]
#[ignore = "another test starts it as a process of its own, where there is little space"]
fn no_space() {
    let store = Store::new(env::var_os(STORE).expect("the test that starts this one names a store").into());
    let key = shared_key();
    let older = image(&key.label(), &[], |_| {});
    publish(&store, &key, &older);
    let pending = store.begin(&key).expect("an image");
    let failed = (0..64).find_map(|piece| pending.file().write_all_at(&older, piece * IMAGE_LEN).err());
    let error = failed.expect("there is no space for that");
    assert!(matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::FileTooLarge), "{error}");
    drop(pending);
    let mut found = store.find(&key).expect("no refusal").expect("the older one");
    let mut bytes = Vec::new();
    found.file.read_to_end(&mut bytes).expect("it can be read");
    assert!(bytes == older);
    assert_eq!(names(&store), [key.file_name()]);
    println!("{THERE}: {error}");
}
