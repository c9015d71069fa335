//! Writers that cannot finish: killed at any moment, or out of room. Each is this binary again, as another process.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use blink_artifact::{Artifact, ArtifactWriter, PendingFile, WriteError};

use crate::support::*;

const STAGE: &str = "BLINK_TEST_STAGE";
const DESTINATION: &str = "BLINK_TEST_DESTINATION";
const READY: &str = "ready to be killed";

#[test]
#[ignore = "the other process of the tests in this file, which start it; on its own it does nothing"]
fn child() {
    let (Ok(stage), Ok(destination)) = (std::env::var(STAGE), std::env::var(DESTINATION)) else {
        eprintln!("{STAGE} and {DESTINATION} are not set: nothing to do");
        return;
    };
    let path = Path::new(&destination);
    let ready = || eprintln!("{READY}");
    let wait = || -> ! {
        ready();
        std::thread::sleep(Duration::from_secs(600));
        panic!("nobody killed this process")
    };
    let large = || {
        let mut parts = parts();
        parts[3].bytes = vec![3; 9 << 20];
        parts
    };
    match stage.as_str() {
        "begun" => {
            let _writer = ArtifactWriter::create(path, plan(1, 4)).unwrap();
            wait()
        }
        "in a section" => {
            let mut writer = ArtifactWriter::create(path, plan(1, 4)).unwrap();
            let section = writer.section(parts()[0].kind, None, 4096, 1 << 30, |out| {
                out.write_all(&large()[3].bytes)?;
                wait()
            });
            section.unwrap();
        }
        "whole" => {
            let _pending = write_all(path, plan(1, 4), &large()).unwrap();
            wait()
        }
        "again and again" => {
            ready();
            loop {
                write(path, 1, &parts()).unwrap();
            }
        }
        "out of room" => refused!(
            write(path, 1, &large()),
            WriteError::Io { path: p, source } if p == path && source.kind() == std::io::ErrorKind::FileTooLarge
        ),
        other => panic!("no stage '{other}'"),
    }
}

/// This binary as [`child`], run by `command` or on its own.
fn process(command: &[&str], stage: &str, destination: &Path) -> Command {
    let binary = std::env::current_exe().unwrap();
    let arguments = ["--exact", "interrupted::child", "--ignored", "--nocapture"];
    let mut process = match command {
        [] => Command::new(binary),
        [program, before @ ..] => {
            let mut process = Command::new(program);
            process.args(before).arg(binary);
            process
        }
    };
    process.args(arguments).env(STAGE, stage).env(DESTINATION, destination);
    process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    process
}

/// Starts [`child`] and waits until it says that it is ready.
fn start(stage: &str, destination: &Path) -> Child {
    let mut child = process(&[], stage, destination).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line == READY), "the process of stage '{stage}' never was ready");
    child
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "it ended by itself: {status}");
}

/// Asserts what a directory holds after a writer in it died.
fn check_left(home: &Path, expected: &[&str]) {
    let names = || {
        let entries = fs::read_dir(home).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    let before = names();
    let probe = PendingFile::create(&home.join("probe")).unwrap();
    if probe.path().starts_with("/proc") {
        assert_eq!(before, expected);
    } else {
        drop(probe);
        eprintln!("this file system has no unnamed files: what was left is only removed by the next writer");
        assert_eq!(names(), expected);
    }
}

#[test]
fn a_killed_writer_leaves_nothing() {
    for stage in ["begun", "in a section", "whole"] {
        let home = tempfile::tempdir().unwrap();
        kill(start(stage, &home.path().join("a.blink")));
        check_left(home.path(), &[]);
    }
}

#[test]
fn a_killed_writer_leaves_an_older_artifact_as_it_was() {
    for stage in ["in a section", "whole"] {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.blink");
        write(&path, 1, &parts()).unwrap();
        kill(start(stage, &path));
        check_left(home.path(), &["a.blink"]);
        assert_eq!(fs::read(&path).unwrap(), Image::small().0);
    }
}

#[test]
fn a_writer_killed_at_any_moment_leaves_a_whole_destination() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.blink");
    write(&path, 1, &parts()).unwrap();
    let mut random = SplitMix64(17);
    for _ in 0..25 {
        let child = start("again and again", &path);
        std::thread::sleep(Duration::from_micros(random.next() % 20_000));
        kill(child);
        Artifact::open(&path).unwrap().verify(|_| ()).unwrap();
        // Killed between its temporary and its final name, a file is left; the next to need such a name removes it.
        write(&path, 1, &parts()).unwrap();
        let names: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a.blink"]);
    }
}

#[test]
fn a_writer_that_is_out_of_room_says_so_and_leaves_nothing() {
    let home = tempfile::tempdir().unwrap();
    // A limit on the size of files stands for a full disk. Its signal is ignored, so that the write fails.
    let limited = ["sh", "-c", "trap '' XFSZ; ulimit -f 64; exec \"$@\"", "sh"];
    let ended = process(&limited, "out of room", &home.path().join("a.blink")).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
