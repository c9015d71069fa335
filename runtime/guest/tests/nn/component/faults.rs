//! What a component does with its own processor time, stack and memory ends it, and nothing else: its next run is right.

use std::time::Duration;

use blink_guest::{Limit, LimitExceeded, Limits};

use super::*;

fn ends(body: &str, limits: Limits, limit: Limit, allowed: u64) {
    let done = misbehave(&guest("", body), &Request { limits, ..Request::default() });
    assert_eq!(done.ended, Ended::Limit(LimitExceeded { limit, allowed }), "{body}");
}

fn traps(fields: &str, body: &str, words: &str) {
    let done = misbehave(&guest(fields, body), &Request::default());
    let Ended::Trap { message, .. } = done.ended else { panic!("{body} ended with {:?}", done.ended) };
    assert!(message.contains(words), "{body}: {message}");
}

#[test]
fn an_endless_loop_runs_out_of_time() {
    let limits = Limits { time: Some(Duration::from_millis(50)), ..Limits::default() };
    ends("(loop br 0)", limits, Limit::Time, 50);
}

#[test]
fn an_endless_recursion_traps() {
    traps("(func $deep (call $deep))", "(call $deep)", "call stack exhausted");
}

#[test]
fn memory_and_tables_grow_to_their_limits() {
    let limits = Limits { memory: 32 << 20, ..Limits::default() };
    ends("(loop (drop (memory.grow (i32.const 16))) br 0)", limits, Limit::Memory, 32 << 20);
    let fields = "(table $t 1 funcref)";
    let body = "(loop (drop (table.grow $t (ref.null func) (i32.const 100))) br 0)";
    let limits = Limits { table: 1000, ..Limits::default() };
    let done = misbehave(&guest(fields, body), &Request { limits, ..Request::default() });
    assert_eq!(done.ended, Ended::Limit(LimitExceeded { limit: Limit::Table, allowed: 1000 }));
}

#[test]
fn large_copies_stay_in_memory() {
    traps("", "(memory.copy (i32.const 0) (i32.const 1) (i32.const 1073741824))", "out of bounds");
    traps("", "(memory.fill (i32.const 1) (i32.const 0) (i32.const -1))", "out of bounds");
}

#[test]
fn faults_of_its_own_are_traps() {
    traps("", "unreachable", "unreachable");
    traps("", "(drop (i32.load (i32.const -4)))", "out of bounds");
    traps("", "(drop (i32.div_u (i32.const 1) (global.get $left)))", "divide by zero");
}

#[test]
fn a_trap_in_a_start_function_is_a_trap() {
    let text = r#"(component
        (core module $M (func $begin unreachable) (start $begin) (func (export "run") (result i32) i32.const 0))
        (core instance $m (instantiate $M))
        (func $run (result (result)) (canon lift (core func $m "run")))
        (instance $command (export "run" (func $run)))
        (export "wasi:cli/run@0.2.0" (instance $command)))"#;
    let starting = link(GuestKind::Component, text);
    for _ in 0..2 {
        let done = run(&starting, &Request::default(), true);
        assert!(matches!(done.ended, Ended::Trap { .. }), "{:?}", done.ended);
    }
    // Its host is none the worse for it.
    misbehave(&guest("", "nop"), &Request::default());
}
