//! What is no artifact at all: refused with the right word, and never waited for.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use blink_artifact::{Artifact, MappedFile, OpenError};

use crate::support::*;

/// Opens on another thread, so that a wait for ever fails the test and does not hang it.
fn open_in_time(path: PathBuf) -> Result<Artifact, OpenError> {
    let (give, take) = mpsc::channel();
    std::thread::spawn(move || give.send(Artifact::open(path)).is_ok());
    take.recv_timeout(Duration::from_secs(60)).expect("opening waits for something")
}

#[test]
fn files_of_other_formats_are_refused_by_their_first_bytes() {
    let onnx = [&b"\x08\x0a\x12\x07pytorch\x1a\x052.1.0:"[..], &[0x11; 300]].concat();
    for start in [
        &b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..],
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0",
        b"\0asm\x01\0\0\0",
        b"PK\x03\x04",
        b"\x93NUMPY\x01\0",
        b"\x18\0\0\0ORTM",
        &onnx,
        b"<!doctype html>",
        b"#!/bin/sh\n",
        &[0; 4096],
        // An artifact that went through a text-mode copy: its line ends, or its high bits, are gone.
        b"\x89BLNK\n\x1a\n",
        b"\x09BLNK\r\n\x1a",
        b"BLNK",
    ] {
        let found = &start[..start.len().min(8)];
        refused!(Image(start.to_vec()).open(), OpenError::NotAnArtifact { found: f } if f == found);
        let mut longer = start.to_vec();
        longer.resize(20_480, 0);
        refused!(Image(longer).open(), OpenError::NotAnArtifact { .. });
    }
}

#[test]
fn an_empty_file_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("empty.blink");
    File::create(&path).unwrap();
    refused!(Artifact::open(&path), OpenError::Empty);
    refused!(MappedFile::open(&path), OpenError::Empty);
}

#[test]
fn a_missing_file_is_refused() {
    let home = tempfile::tempdir().unwrap();
    symlink("nowhere", home.path().join("dangling")).unwrap();
    symlink("loop", home.path().join("loop")).unwrap();
    File::create(home.path().join("file")).unwrap();
    for (name, kind) in [
        ("missing", io::ErrorKind::NotFound),
        ("dangling", io::ErrorKind::NotFound),
        ("file/below", io::ErrorKind::NotADirectory),
        ("nul\0byte", io::ErrorKind::InvalidInput),
    ] {
        let path = home.path().join(name);
        refused!(Artifact::open(&path), OpenError::Io { source, path: p } if source.kind() == kind && p == path);
    }
    refused!(Artifact::open(home.path().join("loop")), OpenError::Io { .. });
}

#[test]
fn a_directory_is_refused() {
    let home = tempfile::tempdir().unwrap();
    refused!(Artifact::open(home.path()), OpenError::NotAFile { path } if path == home.path());
}

#[test]
fn a_pipe_is_refused_without_waiting_for_its_other_end() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    refused!(open_in_time(path.clone()), OpenError::NotAFile { .. });
    // Nor with a writer at the other end, who has a whole artifact to say.
    let mut both = File::options().read(true).write(true).open(&path).unwrap();
    both.write_all(&Image::small().0).unwrap();
    refused!(open_in_time(path), OpenError::NotAFile { .. });
}

#[test]
fn devices_and_sockets_are_refused() {
    for device in ["/dev/null", "/dev/zero"] {
        refused!(open_in_time(device.into()), OpenError::NotAFile { .. });
    }
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("socket");
    let _listener = UnixListener::bind(&path).unwrap();
    refused!(open_in_time(path), OpenError::Io { .. });
}

#[test]
fn an_artifact_is_opened_through_links_and_odd_names() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(Path::new("ünï \u{1f525} .blink"));
    std::fs::write(&path, &Image::small().0).unwrap();
    symlink(&path, home.path().join("link")).unwrap();
    for path in [path.clone(), home.path().join("link")] {
        let artifact = Artifact::open(&path).unwrap();
        assert_eq!(artifact.path(), path);
        artifact.verify(|_| ()).unwrap();
    }
    let file = File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(Artifact::from_file(&file, "gone.blink").unwrap().path(), Path::new("gone.blink"));
}

#[test]
fn a_mapping_is_the_whole_file_and_advice_outside_it_is_ignored() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("any");
    std::fs::write(&path, b"anything at all").unwrap();
    let map = MappedFile::open(&path).unwrap();
    assert_eq!(&map[..], b"anything at all");
    for (offset, len) in [(0, 15), (15, 0), (15, 1), (16, 0), (usize::MAX, 1), (1, usize::MAX)] {
        map.prefer_huge_pages(offset, len);
    }
    assert_eq!(&map[..], b"anything at all");
}
