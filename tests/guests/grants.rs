//! What a guest has been given, it has; what it has not, it has not. The program is `probe`, by both interfaces.

use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use blink_examples::guests::{Guest, Interface, build};

use super::programs::compiled;
use super::support::folder::Blink;
use super::support::{Ended, Folder};

/// A folder with the probe as `guest.blink`, for each interface.
fn probes() -> impl Iterator<Item = (Interface, Folder)> {
    [Interface::Module, Interface::Component].into_iter().map(|interface| {
        let program = build(Guest::Probe, interface).unwrap_or_else(|error| panic!("{error}"));
        (interface, compiled(&std::fs::read(program).expect("a program")))
    })
}

fn probe(folder: &Folder, grants: &str, words: &str) -> Blink {
    folder.blink(&format!("run guest.blink --start normal {grants} -- {words}"))
}

fn said(ended: &Ended) -> &str {
    ended.text().trim_end()
}

#[test]
fn directories_are_there_when_they_are_given() {
    for (interface, folder) in probes() {
        std::fs::create_dir(folder.path("photos")).unwrap();
        folder.write("photos/a.txt", "inside");
        folder.write("secret.txt", "outside");
        symlink("../secret.txt", folder.path("photos/link")).unwrap();
        assert_eq!(said(&probe(&folder, "--dir photos", "read photos/a.txt").ok()), "inside", "{interface:?}");
        assert_eq!(said(&probe(&folder, "--dir ./photos", "read photos/a.txt").ok()), "inside");
        assert_eq!(said(&probe(&folder, "--dir photos::/p", "read /p/a.txt").ok()), "inside");
        assert_eq!(said(&probe(&folder, "--dir photos", "list photos").ok()), "a.txt\nlink");

        for (grants, words) in [
            ("", "read photos/a.txt"),
            ("", "list ."),
            ("--dir photos", "read secret.txt"),
            ("--dir photos", "read photos/../secret.txt"),
            ("--dir photos", "read photos/link"),
            ("--dir photos", "read /etc/hostname"),
            ("--dir photos::/p", "read photos/a.txt"),
            ("--dir photos", "write photos/b.txt new"),
            ("--dir photos", "write photos/a.txt changed"),
            ("--dir-rw photos", "write photos/../b.txt new"),
        ] {
            probe(&folder, grants, words).run().failed(1);
        }
        assert_eq!(folder.read("photos/a.txt"), b"inside", "a directory to read is not changed");
        assert!(!folder.path("photos/b.txt").exists() && !folder.path("b.txt").exists());
        probe(&folder, "--dir-rw photos", "write photos/b.txt new").ok();
        assert_eq!(folder.read("photos/b.txt"), b"new");
    }
}

#[test]
fn a_directory_whose_path_is_not_utf8_is_refused_and_nothing_panics() {
    let (_, folder) = probes().next().expect("a probe");
    let odd = folder.path(std::ffi::OsStr::from_bytes(b"odd-\xff"));
    std::fs::create_dir(&odd).unwrap();
    std::fs::copy(folder.path("guest.blink"), odd.join("guest.blink")).unwrap();
    let mut command = probe(&folder, "--dir .", "list .").into_command();
    let ended = command.current_dir(&odd).output().expect("blink starts");
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.code() == Some(1) && told.contains("UTF-8") && !told.contains("panicked"), "{told}");
}

#[test]
fn arguments_and_environment_are_those_given() {
    for (_, folder) in probes() {
        assert_eq!(said(&probe(&folder, "", "arguments a --b c").ok()), "guest\narguments\na\n--b\nc");
        assert_eq!(said(&probe(&folder, "", "environment").ok()), "", "nothing of the caller's environment");
        let given = probe(&folder, "--env A=1 --env GIVEN", "environment").env("GIVEN", "x y").ok();
        assert_eq!(said(&given), "A=1\nGIVEN=x y");
    }
}

#[test]
fn streams_are_the_callers() {
    for (_, folder) in probes() {
        let bytes: Vec<u8> = (0..200_000u32).map(|i| (i * 7) as u8).collect();
        assert_eq!(probe(&folder, "", "echo").stdin(bytes.clone()).ok().stdout, bytes);
        assert_eq!(probe(&folder, "", "fail").run().failed(1).stderr, "probe: as asked\n");
    }
}

#[test]
fn random_numbers_differ_unless_they_are_seeded() {
    for (_, folder) in probes() {
        let number = |grants| said(&probe(&folder, grants, "random").ok()).to_owned();
        assert_ne!(number(""), number(""));
        assert_eq!(number("--random-seed 7"), number("--random-seed 7"));
        assert_ne!(number("--random-seed 7"), number("--random-seed 8"));
    }
}

#[test]
fn clocks_are_as_coarse_as_was_said() {
    for (_, folder) in probes() {
        let ended = probe(&folder, "--clock-resolution 50ms", "clocks").ok();
        let times: Vec<u128> = ended.text().lines().map(|line| line.parse().expect("nanoseconds")).collect();
        assert!(times.len() == 2 && times.iter().all(|time| time % 50_000_000 == 0), "{times:?}");
    }
}

#[test]
fn there_is_no_network_unless_it_is_given() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connect = format!("connect {address}");
    for (interface, folder) in probes() {
        probe(&folder, "", &connect).run().failed(1);
        // Modules have no such calls at all.
        let given = probe(&folder, "--network", &connect).run();
        match interface {
            Interface::Component => assert_eq!(said(&given.ok()), "connected"),
            Interface::Module => drop(given.failed(1)),
        }
    }
}

#[test]
fn ends_are_told_alike() {
    for (interface, folder) in probes() {
        probe(&folder, "--limit time=200ms", "sleep 60000").refused(152).names(&["time"]);
        // The words of a panic are the guest's own here.
        let ended = probe(&folder, "", "panic").into_command().output().expect("blink starts");
        let stderr = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(134));
        assert!(stderr.contains("as asked, with 1 words") && stderr.contains("inner"), "{stderr}");
        if interface == Interface::Module {
            probe(&folder, "", "exit 9").run().failed(9);
        }
    }
}
