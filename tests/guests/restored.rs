//! What a restored worker's guest has of its own: random numbers, clocks, traps that are caught, memory that was never
//! another's.

use blink_examples::guests::{Guest, Interface, build};
use blink_runtime::{GuestEnded, StartMode};

use super::programs::{answer, compiled, module};
use super::support::home::Home;
use super::{request, run};

fn home(guest: &[u8]) -> Home {
    let home = Home::of(compiled(guest));
    home.warm("guest.blink");
    home
}

#[test]
fn two_restores_share_no_random_numbers() {
    for interface in [Interface::Module, Interface::Component] {
        let program = build(Guest::Probe, interface).unwrap_or_else(|error| panic!("{error}"));
        let home = home(&std::fs::read(program).expect("a program"));
        let number = || {
            let mut worker = home.launcher().launch(&home.spec("guest.blink", StartMode::Snapshot)).expect("a worker");
            let (report, written) = run(&mut worker, &request(&["random"]), b"");
            assert_eq!(report.ended, GuestEnded::Exit(0));
            written
        };
        assert_ne!(number(), number(), "{interface:?}");
    }
}

#[test]
fn faults_are_traps_in_a_restored_worker_too() {
    let hostile = [
        "unreachable",
        "(drop (i32.load (i32.const -4)))",
        "(drop (i32.div_u (i32.const 1) (local.get $i)))",
        "call $deep",
    ];
    for body in hostile {
        let home = home(&module("(func $deep (call $deep))", body));
        let mut worker = home.launcher().launch(&home.spec("guest.blink", StartMode::Snapshot)).expect("a worker");
        let pid = worker.pid();
        let (report, _) = run(&mut worker, &request(&["x"]), b"");
        assert!(matches!(report.ended, GuestEnded::Trap { .. }), "{body}: {:?}", report.ended);
        let (report, written) = run(&mut worker, &request(&[]), b"");
        assert_eq!((report.ended, written), (GuestEnded::Exit(0), answer()), "after {body}");
        assert_eq!(worker.pid(), pid);
    }
}

#[test]
fn instances_share_no_memory() {
    // Adds one to a byte, and exits with what it found.
    let home = home(&module(
        "",
        "(i32.store8 (i32.const 9000) (i32.add (i32.load8_u (i32.const 9000)) (i32.const 1)))
         (call $proc_exit (i32.load8_u (i32.const 9000)))",
    ));
    for start in [StartMode::Snapshot, StartMode::Normal] {
        let mut worker = home.launcher().launch(&home.spec("guest.blink", start)).expect("a worker");
        for _ in 0..20 {
            assert_eq!(run(&mut worker, &request(&["x"]), b"").0.ended, GuestEnded::Exit(1));
        }
    }
}

#[test]
fn a_thousand_instances_leave_nothing_behind() {
    let home = home(&module("", "nop"));
    let mut worker = home.launcher().launch(&home.spec("guest.blink", StartMode::Snapshot)).expect("a worker");
    let held = |pid: u32| {
        let count = |what: &str| std::fs::read_dir(format!("/proc/{pid}/{what}")).expect("a process").count();
        let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).expect("a process");
        (count("fd"), count("task"), maps.lines().count())
    };
    for _ in 0..100 {
        run(&mut worker, &request(&[]), b"");
    }
    let before = held(worker.pid());
    for _ in 0..1000 {
        let (report, written) = run(&mut worker, &request(&[]), b"");
        assert_eq!((report.ended, written), (GuestEnded::Exit(0), answer()));
    }
    let after = held(worker.pid());
    assert_eq!((before.0, before.1), (after.0, after.1), "descriptors and threads");
    assert!(after.2 <= before.2 + 2, "mappings: {} and then {}", before.2, after.2);
}
