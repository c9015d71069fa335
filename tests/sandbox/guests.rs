//! What a guest is granted is left open, and nothing beside it.

use std::fs::File;
use std::net::TcpListener;
use std::os::fd::AsFd;

use blink_examples::guests::{Guest, Interface, build};
use blink_runtime::sandbox::Sandbox;
use blink_runtime::{Directory, Grants, GuestEnded, GuestRequest, StartMode, WorkerError, WorkerSpec};

use crate::support::home::Home;
use crate::support::{Folder, models};

/// The probe around `one`, warmed, with two directories beside it.
fn home(interface: Interface) -> Home {
    let folder = models::compiled_one();
    let program = build(Guest::Probe, interface).unwrap_or_else(|error| panic!("{error}"));
    folder.write("probe.wasm", std::fs::read(program).expect("a program"));
    folder.blink("compile one.onnx --guest probe.wasm -o guest.blink").ok();
    for directory in ["given", "kept"] {
        std::fs::create_dir(folder.path(directory)).expect("a directory");
        folder.write(&format!("{directory}/a.txt"), directory);
    }
    let home = Home::of(folder);
    home.warm("guest.blink");
    home
}

fn in_each_way(mut check: impl FnMut(&Home, Interface, &str)) {
    for interface in [Interface::Module, Interface::Component] {
        let home = home(interface);
        for start in ["normal", "snapshot"] {
            for level in Sandbox::ALL {
                check(&home, interface, &format!("--start {start} --sandbox {level}"));
            }
        }
    }
}

#[test]
fn directories_are_read_and_written_where_they_are_granted() {
    in_each_way(|home, interface, words| {
        let probe = |grants: &str, asks: &str| home.blink(&format!("run guest.blink {words} {grants} -- {asks}"));
        let what = format!("{interface:?} {words}");
        assert_eq!(probe("--dir given", "read given/a.txt").ok().text().trim_end(), "given", "{what}");
        assert_eq!(probe("--dir given", "list given").ok().text().trim_end(), "a.txt", "{what}");
        probe("--dir-rw given", "write given/new.txt new").ok();
        assert_eq!(home.folder.read("given/new.txt"), b"new", "{what}");
        std::fs::remove_file(home.folder.path("given/new.txt")).expect("it was written");
        for (grants, asks) in [
            ("--dir given", "read kept/a.txt"),
            ("--dir given", "write given/b.txt new"),
            ("--dir given", "read given/../kept/a.txt"),
            ("", "read given/a.txt"),
        ] {
            probe(grants, asks).run().failed(1);
        }
    });
}

#[test]
fn the_network_is_there_where_it_is_granted() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let connect = format!("connect {}", listener.local_addr().expect("an address"));
    let home = home(Interface::Component);
    for level in Sandbox::ALL {
        for start in ["normal", "snapshot"] {
            let probe = |grants: &str| {
                home.blink(&format!("run guest.blink --start {start} --sandbox {level} {grants} -- {connect}"))
            };
            assert_eq!(probe("--network").ok().text().trim_end(), "connected", "{level}");
            probe("").run().failed(1);
        }
    }
}

/// Asks a worker that was launched with `grants`.
fn asked(
    folder: &Folder,
    home: &Home,
    grants: Grants,
    sandbox: Sandbox,
    directory: &str,
) -> Result<GuestEnded, WorkerError> {
    let spec = WorkerSpec { grants, sandbox, ..home.spec("guest.blink", StartMode::Normal) };
    let mut worker = home.launcher().launch(&spec).expect("a worker is launched");
    let directories = vec![Directory { host: folder.path(directory), guest: "d".into(), writable: false }];
    let arguments = vec!["read".into(), "d/a.txt".into()];
    let request = GuestRequest { directories, arguments, ..GuestRequest::default() };
    let null = File::options().read(true).write(true).open("/dev/null").expect("a null device");
    let streams = [null.as_fd(); 3];
    Ok(worker.run_guest(&request, streams, &mut |_| Err("no model may be brought".into()))?.ended)
}

#[test]
fn a_request_beyond_what_a_worker_was_launched_for_is_refused_in_words() {
    let home = home(Interface::Module);
    let folder = &home.folder;
    let given = Grants { read: vec![folder.path("given")], ..Grants::default() };
    for level in [Sandbox::Strict, Sandbox::Standard] {
        assert_eq!(asked(folder, &home, given.clone(), level, "given").expect("a report"), GuestEnded::Exit(0));
        match asked(folder, &home, given.clone(), level, "kept") {
            Err(WorkerError::NotGranted { lack }) => assert!(lack.contains("kept"), "{lack}"),
            other => panic!("{other:?}"),
        }
    }
    // Where there are no walls, there is nothing to be left open.
    let ended = asked(folder, &home, Grants::default(), Sandbox::Off, "kept").expect("a report");
    assert_eq!(ended, GuestEnded::Exit(0));
}
