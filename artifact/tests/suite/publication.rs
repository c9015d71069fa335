//! All or nothing: a destination holds the old artifact or the new one, and nothing else is ever left beside it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use blink_artifact::{Artifact, ArtifactWriter, PendingFile, WriteError};

use crate::support::*;

/// Names in a directory, sorted.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// As [`parts`], with weights of one repeated byte.
fn parts_of(byte: u8, len: usize) -> Vec<Part> {
    let mut parts = parts();
    parts[3].bytes = vec![byte; len];
    parts
}

#[test]
fn what_is_not_published_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.blink");
    let parts = parts();
    drop(ArtifactWriter::create(&path, plan(1, 4)).unwrap());
    let mut writer = ArtifactWriter::create(&path, plan(1, 4)).unwrap();
    writer.section(parts[0].kind, None, 4096, 9 << 20, |out| out.write_all(&vec![1; 9 << 20])).unwrap();
    drop(writer);
    let pending = write_all(&path, plan(1, 4), &parts).unwrap();
    pending.artifact().verify(|_| ()).unwrap();
    let kept = pending.artifact();
    drop(pending);
    assert_eq!(names(home.path()), [""; 0]);
    kept.verify(|_| ()).unwrap();
}

#[test]
fn an_artifact_is_whole_before_it_has_a_name_and_read_only_after() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.blink");
    let pending = write_all(&path, plan(1, 4), &parts()).unwrap();
    assert_eq!(pending.artifact().path(), path);
    assert_eq!(pending.artifact().weights(0), parts()[3].bytes);
    assert!(!path.exists());
    pending.publish().unwrap();
    assert_eq!(names(home.path()), ["a.blink"]);
    assert_eq!(fs::read(&path).unwrap(), Image::small().0);
    // What the umask of whoever runs this test takes, it takes here too.
    fs::write(home.path().join("ordinary"), "").unwrap();
    let umask = fs::metadata(home.path().join("ordinary")).unwrap().permissions().mode();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o444 & umask);
}

#[test]
fn a_published_file_has_no_right_that_the_umask_takes() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    let pending = PendingFile::create(&path).unwrap();
    // As a umask of 077 would have made it.
    pending.file().set_permissions(fs::Permissions::from_mode(0o600)).unwrap();
    pending.publish(0o644).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[test]
fn an_older_artifact_is_replaced_and_whoever_has_it_mapped_keeps_it() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.blink");
    let (before, after) = (parts_of(1, 3 << 20), parts_of(2, 5000));
    write(&path, 1, &before).unwrap();
    let old = Artifact::open(&path).unwrap();
    write(&path, 1, &after).unwrap();
    assert_eq!(names(home.path()), ["a.blink"]);
    let new = Artifact::open(&path).unwrap();
    assert!(old.weights(0) == before[3].bytes && new.weights(0) == after[3].bytes);
    old.verify(|_| ()).unwrap();
    new.verify(|_| ()).unwrap();
}

#[test]
fn a_failure_leaves_an_older_artifact_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.blink");
    write(&path, 1, &parts()).unwrap();
    let mut writer = ArtifactWriter::create(&path, plan(1, 4)).unwrap();
    let failed = writer.section(parts()[0].kind, None, 4096, 100, |out| {
        out.write_all(&[1; 50])?;
        Err(std::io::Error::other("the model cannot be read any more"))
    });
    refused!(failed, WriteError::Io { path: p, source } if p == path && source.kind() == std::io::ErrorKind::Other);
    refused!(writer.finish(), WriteError::SectionCount { found: 0, planned: 4 });
    drop(write_all(&path, plan(1, 4), &parts_of(9, 9)).unwrap());
    assert_eq!(names(home.path()), ["a.blink"]);
    assert_eq!(fs::read(&path).unwrap(), Image::small().0);
}

#[test]
fn a_link_is_replaced_and_what_it_points_to_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("target"), "a user's own").unwrap();
    symlink("target", home.path().join("link")).unwrap();
    symlink("nowhere", home.path().join("dangling")).unwrap();
    for name in ["link", "dangling"] {
        let path = home.path().join(name);
        write(&path, 1, &parts()).unwrap();
        assert!(fs::symlink_metadata(&path).unwrap().is_file());
        assert_eq!(fs::read(&path).unwrap(), Image::small().0);
    }
    assert_eq!(fs::read(home.path().join("target")).unwrap(), b"a user's own");
    assert_eq!(names(home.path()), ["dangling", "link", "target"]);
}

#[test]
fn a_destination_that_became_a_directory_meanwhile_is_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.blink");
    let pending = write_all(&path, plan(1, 4), &parts()).unwrap();
    fs::create_dir(&path).unwrap();
    fs::write(path.join("inside"), "").unwrap();
    refused!(pending.publish(), WriteError::Io { .. });
    assert_eq!((names(home.path()), names(&path)), (vec!["a.blink".to_owned()], vec!["inside".to_owned()]));
}

#[test]
fn a_name_as_long_as_names_can_be() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("n".repeat(255));
    write(&path, 1, &parts()).unwrap();
    write(&path, 1, &parts()).unwrap();
    assert_eq!(fs::read(&path).unwrap(), Image::small().0);
}

#[test]
fn of_two_writers_at_once_one_wins_whole_and_readers_never_see_a_mixture() {
    const ROUNDS: usize = 50;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.blink");
    let sides = [parts_of(1, 100_000), parts_of(2, 200_000)];
    write(&path, 1, &sides[0]).unwrap();
    let (start, done) = (Barrier::new(2), AtomicBool::new(false));
    let one_of_both = |artifact: &Artifact| sides.iter().any(|side| artifact.weights(0) == side[3].bytes);
    std::thread::scope(|scope| {
        let writers = [0, 1].map(|side| {
            let (path, sides, start) = (&path, &sides, &start);
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    let pending = write_all(path, plan(1, 4), &sides[side]).unwrap();
                    start.wait();
                    pending.publish().unwrap();
                }
            })
        });
        let reader = scope.spawn(|| {
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) || seen == 0 {
                let artifact = Artifact::open(&path).unwrap();
                artifact.verify(|_| ()).unwrap();
                assert!(one_of_both(&artifact));
                seen += 1;
            }
        });
        let written = writers.map(|writer| writer.join());
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        written.into_iter().for_each(|written| written.unwrap());
    });
    assert_eq!(names(home.path()), ["a.blink"]);
    assert!(one_of_both(&Artifact::open(&path).unwrap()));
}
