//! Loops over workers.

use std::time::Duration;

use blink_benches::launch::LaunchError;
use blink_benches::load::{Load, LoadError, MAX_ANSWERS, Patience, Server};
use blink_benches::measurement::Arrivals;
use blink_benches::setup::Setup;
use blink_runtime::{Ended, WorkerError};

use crate::plan;
use crate::support::models;

/// A few answers of each of two workers.
const FEW: Load = Load {
    arrivals: Arrivals::Closed,
    duration: Duration::from_secs(60),
    warm_up: Duration::ZERO,
    enough: 40,
    seed: 1,
};

#[test]
fn workers_answer_under_load_however_they_came_up() {
    let folder = models::compiled_one();
    let setup = Setup::make(&plan(&folder, "one.blink"), |_| ()).expect("it can be started");
    assert!(!setup.ways.is_empty());
    for way in &setup.ways {
        let start = || Server::start(way, Patience::default()).expect("it answers");
        let mut servers = [start(), start()];
        assert!(servers.iter().all(|server| server.first_ms() > 0.0));
        let closed = FEW.run(&way.name, &mut servers).expect("its answers stay the same");
        assert_eq!((closed.latency_us.len(), closed.concurrency, closed.unserved), (40, 2, 0));
        let open = Load { arrivals: Arrivals::Open { rate: 200.0 }, duration: Duration::from_millis(500), ..FEW };
        let open = Load { enough: MAX_ANSWERS, ..open }.run(&way.name, &mut servers).expect("and so they do here");
        assert!(open.latency_us.len() > 50 && open.unserved == 0, "{open:?}");
        if cfg!(target_os = "linux") {
            assert!(open.pss_bytes.is_some_and(|bytes| bytes > 0) && closed.cpu_ms.is_some_and(|ms| ms > 0.0));
        }
    }
}

#[test]
fn a_worker_that_is_killed_ends_the_load() {
    let folder = models::compiled_one();
    let setup = Setup::make(&plan(&folder, "one.blink"), |_| ()).expect("it can be started");
    let way = setup.ways.iter().find(|way| way.name == "normal").expect("every artifact starts normally");
    let start = || Server::start(way, Patience::default()).expect("it answers");
    let mut servers = [start(), start()];
    let pid = servers[0].pid();
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        let pid = rustix::process::Pid::from_raw(pid as i32).expect("a process id");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is ours");
    });
    let loaded = Load { enough: MAX_ANSWERS, ..FEW }.run("normal", &mut servers);
    killer.join().expect("it does not panic");
    let Err(LoadError::Worker { name, source }) = loaded else { panic!("{:?}", loaded.map(|runs| runs.seconds)) };
    let LaunchError::Worker(died) = *source else { panic!("{source}") };
    assert!(matches!(died, WorkerError::Died { pid: died, ended: Ended::Signal(9), .. } if died == pid), "{died}");
    assert_eq!(name, "normal");
}
