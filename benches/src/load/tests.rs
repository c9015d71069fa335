//! Loops over peers that are shell scripts, whose answers, faults and pace are known.

use std::ffi::OsString;
use std::time::Instant;

use super::*;
use crate::measurement::{Arrivals, LoadRuns};
use crate::process::ProcessLaunch;
use crate::way::{Launch, Way};

/// For peers that say nothing.
const SHORT: Duration = Duration::from_millis(300);
/// Answers after a millisecond, in a process of its own: about two in all.
const ANSWERS: &str = "echo ready; while read line; do sleep 0.001; echo 42; done";

/// A peer that runs `script`, in which `$1` is `--serve`.
fn way(script: &str) -> Way {
    let launch = ProcessLaunch {
        program: "/bin/sh".into(),
        arguments: ["-c", script, "shell"].map(OsString::from).into(),
        stdin: None,
        timeline: None,
        must_write: true,
        expected: None,
    };
    Way { name: "shell".into(), launch: Launch::Process(launch) }
}

fn servers(script: &str, count: usize) -> Vec<Server> {
    (0..count).map(|_| Server::start(&way(script), Patience::default()).unwrap()).collect()
}

fn load(arrivals: Arrivals, duration: Duration) -> Load {
    Load { arrivals, duration, warm_up: Duration::ZERO, enough: MAX_ANSWERS, seed: 1 }
}

fn refused(script: &str) -> LoadError {
    match Server::start(&way(script), Patience::default()) {
        Ok(_) => panic!("{script} was started"),
        Err(error) => error,
    }
}

#[test]
fn a_closed_loop_counts_every_answer() {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let script = format!("echo ready; while read line; do echo $$ >> '{}'; echo 42; done", log.display());
    let mut servers = servers(&script, 2);
    let begun = Instant::now();
    let runs = load(Arrivals::Closed, Duration::from_millis(200)).run("shell", &mut servers).unwrap();
    let elapsed = begun.elapsed();
    // Each answered once at its start, and once while warming up.
    let answered = std::fs::read_to_string(&log).unwrap().lines().count() - 4;
    assert_eq!(runs.latency_us.len(), answered);
    assert!(answered >= 2 && runs.seconds >= 0.2 && runs.seconds <= elapsed.as_secs_f64(), "{answered} {runs:?}");
    assert_eq!((runs.concurrency, runs.unserved, runs.is_cut, runs.name.as_str()), (2, 0, false, "shell"));
    // Nobody was asked before it had answered.
    let busy: f64 = runs.latency_us.iter().map(|&us| f64::from(us) / 1e6).sum();
    assert!(busy <= 2.0 * runs.seconds, "{busy} {}", runs.seconds);
    if cfg!(target_os = "linux") {
        assert!(runs.cpu_ms.is_some_and(|ms| ms > 0.0) && runs.pss_bytes.is_some_and(|bytes| bytes > 0));
    }
}

#[test]
fn a_closed_loop_ends_where_it_has_enough() {
    let enough = Load { enough: 20, ..load(Arrivals::Closed, Duration::from_secs(600)) };
    let runs = enough.run("shell", &mut servers(ANSWERS, 2)).unwrap();
    assert_eq!((runs.latency_us.len(), runs.is_cut), (20, true));
}

#[test]
fn an_open_loop_that_can_be_kept_serves_every_request() {
    let arrivals = Arrivals::Open { rate: 50.0 };
    let duration = Duration::from_millis(600);
    let runs = load(arrivals, duration).run("shell", &mut servers(ANSWERS, 2)).unwrap();
    let expected = arrivals::poisson(50.0, duration, 1).unwrap().len();
    assert_eq!((runs.latency_us.len(), runs.unserved), (expected, 0));
    assert!(runs.latency_us.iter().all(|&us| us >= 1000), "the answer itself takes a millisecond: {runs:?}");
}

#[test]
fn an_overloaded_server_looks_it() {
    // At least 10 ms each, so at most 100 a second of the 1000 that come, until twice the time has passed.
    let slow = "echo ready; while read line; do sleep 0.01; echo 42; done";
    let duration = Duration::from_millis(300);
    let runs = load(Arrivals::Open { rate: 1000.0 }, duration).run("shell", &mut servers(slow, 1)).unwrap();
    let come = arrivals::poisson(1000.0, duration, 1).unwrap().len() as u64;
    assert_eq!(runs.latency_us.len() as u64 + runs.unserved, come);
    assert!(runs.latency_us.len() <= 61 && runs.unserved >= come - 61, "{} {}", runs.latency_us.len(), runs.unserved);
    // A client that waited would have seen 10 ms each time; whoever came last waited longest.
    assert!(runs.latency_us.is_sorted() && runs.latency_us.len() > 2, "{:?}", runs.latency_us);
    let (first, last) = (runs.latency_us[0], *runs.latency_us.last().unwrap());
    assert!(last > 200_000 && last > first, "{first} {last}");
}

#[test]
fn a_changed_answer_is_no_figure() {
    let script = "echo ready; n=0; while read line; do n=$((n+1)); echo $((n/5)); done";
    let closed = load(Arrivals::Closed, Duration::from_secs(60)).run("shell", &mut servers(script, 1));
    let Err(LoadError::OtherLine { name, found, expected, .. }) = closed else { panic!("{closed:?}") };
    assert_eq!((name.as_str(), found.as_str(), expected.as_str()), ("shell", "1", "0"));
}

#[test]
fn a_death_ends_all_and_is_told() {
    let mut servers = servers(ANSWERS, 1);
    let dies = "echo ready; read l; echo 1; read l; echo 1; read l; echo out of memory >&2; kill -9 $$";
    servers.push(Server::start(&way(dies), Patience::default()).unwrap());
    let died = load(Arrivals::Closed, Duration::from_secs(600)).run("shell", &mut servers);
    let Err(LoadError::Died { pid, status, stderr, .. }) = died else { panic!("{died:?}") };
    assert_eq!(pid, servers[1].pid());
    assert_eq!((std::os::unix::process::ExitStatusExt::signal(&status), stderr.as_str()), (Some(9), ": out of memory"));
    let early = refused("echo no such model >&2; exit 3");
    assert!(matches!(early, LoadError::Died { status, .. } if status.code() == Some(3)));
}

#[test]
fn nobody_waits_for_ever() {
    let begun = Instant::now();
    let never = Server::start(&way("exec sleep 1000"), Patience { ready: SHORT, ..Patience::default() });
    assert!(matches!(never, Err(LoadError::Silent { waited, .. }) if waited == SHORT));
    let once = way("echo ready; read l; echo 1; read l; exec sleep 1000");
    let mut silent = [Server::start(&once, Patience { answer: SHORT, ..Patience::default() }).unwrap()];
    let ran = load(Arrivals::Closed, Duration::from_secs(1)).run("shell", &mut silent);
    assert!(matches!(ran, Err(LoadError::Silent { .. })), "{ran:?}");
    assert!(begun.elapsed() < Duration::from_secs(500));
}

#[test]
fn whoever_does_not_keep_the_protocol_is_told_so() {
    assert!(matches!(refused("echo '{}'; read l"), LoadError::NotReady { found, .. } if found == "{}"));
    let two = refused("echo ready; read l; printf '1\\n2\\n'; read l");
    assert!(matches!(two, LoadError::OutOfTurn { found, .. } if found == "2"));
    let long = refused("head -c 70000 /dev/zero | tr '\\0' x; read l");
    assert!(matches!(long, LoadError::LongLine { .. }), "{long}");
    let missing = Way {
        launch: match way("").launch {
            Launch::Process(launch) => Launch::Process(ProcessLaunch { program: "/nonexistent/x".into(), ..launch }),
            worker => worker,
        },
        ..way("")
    };
    assert!(matches!(Server::start(&missing, Patience::default()), Err(LoadError::Start { .. })));
    assert!(matches!(load(Arrivals::Closed, Duration::ZERO).run("shell", &mut []), Err(LoadError::NoServers)));
}

#[test]
fn a_peer_is_told_to_serve_and_ends_with_its_stdin() {
    let directory = tempfile::tempdir().unwrap();
    let gone = directory.path().join("gone");
    let script = format!("echo ready; while read line; do echo 1; done; echo $1 > '{}'", gone.display());
    let server = Server::start(&way(&script), Patience::default()).unwrap();
    assert!(!gone.exists());
    assert!(server.first_ms() > 0.0);
    drop(server);
    assert_eq!(std::fs::read_to_string(&gone).unwrap(), "--serve\n");
}

#[test]
fn ways_take_turns_under_each_load() {
    let ways = ["a", "b"].map(|name| Way { name: name.into(), ..way(ANSWERS) });
    let plan = Plan {
        concurrency: vec![1, 2],
        rates: vec![40.0],
        duration: Duration::from_millis(200),
        warm_up: Duration::ZERO,
        patience: Patience::default(),
    };
    let mut turns = Vec::new();
    let measured = plan.measure(&ways, |name, _, servers| turns.push(format!("{name}{servers}"))).unwrap();
    assert_eq!(plan.turns(ways.len()), turns.len());
    assert_eq!(turns.join(" "), "a1 b1 b1 a1 a2 b2 b2 a2 a2 b2 b2 a2");
    let named: Vec<_> = measured.iter().map(|runs| (runs.name.as_str(), runs.arrivals, runs.concurrency)).collect();
    let open = Arrivals::Open { rate: 40.0 };
    let of = |arrivals, servers| [("a", arrivals, servers), ("b", arrivals, servers)];
    assert_eq!(named, [of(Arrivals::Closed, 1), of(Arrivals::Closed, 2), of(open, 2)].concat());
    assert!(measured[..4].iter().all(|runs| runs.seconds >= 0.2));
    let served = |runs: &LoadRuns| (runs.latency_us.len(), runs.unserved);
    assert_eq!(served(&measured[4]), served(&measured[5]));

    let refused = |plan: Plan| plan.measure(&ways, |_, _, _| panic!("nothing is begun")).unwrap_err();
    assert!(matches!(refused(Plan { rates: vec![40.0, 1e9], ..plan.clone() }), LoadError::Rate { .. }));
    assert!(matches!(refused(Plan { concurrency: vec![1, 0], ..plan.clone() }), LoadError::NoServers));
    assert!(matches!(refused(Plan { concurrency: vec![], ..plan }), LoadError::NoServers));
}
