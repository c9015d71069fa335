//! An artifact that is cut while its guest runs: the guest's own code is gone, which is no trap of the guest's. Its worker
//! ends, and nothing goes on.

use std::fs::File;
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use blink_runtime::{GuestRequest, Limits, StartMode, WorkerError, WorkerSpec, own_code};

use super::native::trusted;
use super::programs::{compiled, module};
use super::request;
use super::support::changes::cut;
use super::support::home::Home;

#[test]
fn cut_while_its_guest_runs() {
    for start in [StartMode::Normal, StartMode::Snapshot] {
        let home = Home::of(compiled(&module("", "(loop br 0)")));
        // So that the artifact's own code is what runs.
        trusted(&home);
        home.blink("sign guest.blink --key me").ok();
        let own_code = own_code(&home.folder.path("guest.blink"), Some(&home.folder.path("trust"))).expect("keys");
        assert!(own_code.is_some());
        let spec = |start| WorkerSpec { own_code, ..home.spec("guest.blink", start) };
        if start == StartMode::Snapshot {
            home.launcher().warm(&spec(StartMode::Auto)).expect("a snapshot");
        }
        let mut worker = home.launcher().launch(&spec(start)).expect("a worker");
        worker.wait_ready().expect("it starts");
        let path = home.folder.path("guest.blink");
        // Whenever it is cut, the loop goes on until then.
        let cutter = thread::spawn(move || {
            thread::sleep(Duration::from_millis(200));
            cut(&path);
        });
        let limits = Limits { time: Some(Duration::from_secs(60)), ..Limits::default() };
        let null = File::options().read(true).write(true).open("/dev/null").expect("a null device");
        let streams = [null.as_fd(); 3];
        let hostile = GuestRequest { limits, ..request(&["hostile"]) };
        match worker.run_guest(&hostile, streams, &mut |_| Err("no model may be brought".into())) {
            Err(WorkerError::Poisoned { artifact, .. }) => assert!(artifact.ends_with("guest.blink")),
            other => panic!("{start:?}: {other:?}"),
        }
        cutter.join().expect("it does not panic");
        assert!(worker.end().has_lost_a_page(), "{start:?}");
    }
}
