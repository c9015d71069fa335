//! What a hostile guest does ends that guest. The worker lives, and the next run of the same program answers rightly.

use std::time::Duration;

use blink_examples::guests::{Guest, Interface, build};
use blink_examples::{GraphBuilder, dims, values};
use blink_runtime::{
    Directory, Grants, GuestEnded, GuestReport, GuestRequest, Launcher, Limit, Limits, StartMode, Worker, WorkerSpec,
};

use blink_tensors::DType;

use super::programs::{answer, compiled, module};
use super::support::Folder;
use super::support::folder::BLINK;
use super::{request, run};

/// A worker whose guest does `hostile` when it is given an argument.
fn worker(more: &str, hostile: &str) -> (Folder, Worker) {
    let folder = compiled(&module(more, hostile));
    let spec = WorkerSpec { start: StartMode::Normal, ..WorkerSpec::new(folder.path("guest.blink")) };
    let worker = Launcher::new(BLINK).launch(&spec).expect("a worker is launched");
    (folder, worker)
}

/// How the hostile part ended, with these limits; twice, and after each the worker has answered rightly.
fn ended(more: &str, hostile: &str, limits: Limits) -> GuestReport {
    let (_folder, mut worker) = worker(more, hostile);
    let pid = worker.pid();
    let mut last = None;
    for _ in 0..2 {
        let (report, _) = run(&mut worker, &GuestRequest { limits: limits.clone(), ..request(&["hostile"]) }, b"");
        let (good, written) = run(&mut worker, &request(&[]), b"");
        assert_eq!((good.ended, written), (GuestEnded::Exit(0), answer()), "after {:?}", report.ended);
        last = Some(report);
    }
    assert_eq!(worker.pid(), pid, "it is the same worker");
    last.expect("two runs")
}

fn traps(more: &str, hostile: &str, words: &str) {
    match ended(more, hostile, Limits::default()).ended {
        GuestEnded::Trap { message, .. } => assert!(message.contains(words), "expected '{words}' in: {message}"),
        other => panic!("{other:?}"),
    }
}

fn passes(limit: Limit, limits: Limits, hostile: &str) {
    match ended("", hostile, limits).ended {
        GuestEnded::Limit(found) => assert_eq!(found.limit, limit),
        other => panic!("expected {limit:?}: {other:?}"),
    }
}

fn short() -> Limits {
    Limits { time: Some(Duration::from_millis(300)), ..Limits::default() }
}

#[test]
fn an_endless_loop_runs_out_of_time() {
    passes(Limit::Time, short(), "(loop br 0)");
}

#[test]
fn an_endless_recursion_traps() {
    traps("(func $deep (call $deep))", "call $deep", "call stack exhausted");
}

#[test]
fn memory_grows_to_its_limit_and_not_past_it() {
    let limits = Limits { memory: 16 << 20, ..Limits::default() };
    passes(Limit::Memory, limits, "(loop (drop (memory.grow (i32.const 16))) br 0)");
    let report = ended("", "(drop (memory.grow (i32.const 255)))", Limits { memory: 16 << 20, ..Limits::default() });
    assert_eq!((report.ended, report.used.memory), (GuestEnded::Exit(0), 16 << 20));
}

#[test]
fn the_memory_that_a_module_begins_with_counts() {
    passes(Limit::Memory, Limits { memory: 65535, ..Limits::default() }, "nop");
}

#[test]
fn tables_grow_to_their_limit() {
    let limits = Limits { table: 1000, ..Limits::default() };
    match ended("(table $t 1 funcref)", "(loop (drop (table.grow $t (ref.null func) (i32.const 100))) br 0)", limits)
        .ended
    {
        GuestEnded::Limit(found) => assert_eq!((found.limit, found.allowed), (Limit::Table, 1000)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_flood_of_output_ends() {
    let limits = Limits { output: 1 << 20, ..Limits::default() };
    let flood = "(i32.store (i32.const 2000) (i32.const 0)) (i32.store (i32.const 2004) (i32.const 60000))
        (loop (drop (call $fd_write (i32.const 1) (i32.const 2000) (i32.const 1) (i32.const 2008))) br 0)";
    passes(Limit::Output, limits, flood);
}

#[test]
fn large_copies_stay_in_memory() {
    traps("", "(memory.copy (i32.const 0) (i32.const 1) (i32.const 1073741824))", "out of bounds");
    let grown = "(drop (memory.grow (i32.const 8191))) (memory.copy (i32.const 0) (i32.const 1) (i32.const 536870000))";
    assert_eq!(ended("", grown, Limits::default()).ended, GuestEnded::Exit(0));
}

#[test]
fn faults_of_its_own_are_traps() {
    traps("", "unreachable", "unreachable");
    traps("", "(drop (i32.load (i32.const -4)))", "out of bounds");
    traps("", "(drop (i32.div_u (i32.const 1) (local.get $i)))", "divide by zero");
    traps("(type $f (func)) (table 1 funcref)", "(call_indirect (type $f) (local.get $i))", "uninitialized element");
}

#[test]
fn ten_thousand_contexts_are_too_many_and_a_thousand_are_not() {
    let make = |count: u32| {
        format!(
            "(call $must (call $load_by_name (i32.const 0) (i32.const 3) (i32.const 256)))
             (loop
               (call $must (call $init_execution_context (i32.load (i32.const 256)) (i32.const 260)))
               (local.set $i (i32.add (local.get $i) (i32.const 1)))
               (br_if 0 (i32.lt_u (local.get $i) (i32.const {count}))))"
        )
    };
    assert_eq!(ended("", &make(1000), Limits::default()).ended, GuestEnded::Exit(0));
    passes(Limit::Tensors, Limits::default(), &make(10_000));
}

#[test]
fn a_million_tensors_are_too_many() {
    let hold = "(call $must (call $load_by_name (i32.const 0) (i32.const 3) (i32.const 256)))
        (loop
          (call $must (call $init_execution_context (i32.load (i32.const 256)) (i32.const 260)))
          (call $must (call $set_input (i32.load (i32.const 260)) (i32.const 0) (i32.const 32)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if 0 (i32.lt_u (local.get $i) (i32.const 1048576))))";
    passes(Limit::Tensors, Limits::default(), hold);
    passes(Limit::TensorBytes, Limits { tensor_bytes: 10_000, ..Limits::default() }, hold);
}

#[test]
fn waiting_for_ever_runs_out_of_time() {
    // A clock subscription of a day.
    let sleep = "(i32.store8 (i32.const 3008) (i32.const 0)) (i32.store (i32.const 3016) (i32.const 1))
        (i64.store (i32.const 3024) (i64.const 86400000000000))
        (drop (call $poll_oneoff (i32.const 3000) (i32.const 4000) (i32.const 1) (i32.const 5000)))";
    passes(Limit::Time, short(), sleep);
}

#[test]
fn a_run_of_the_model_is_ended_between_two_of_its_operators() {
    const NODES: usize = 120;
    const SIDE: usize = 384;
    let mut graph = GraphBuilder::new("long");
    graph.input("x", DType::F32, &dims![384, 384]);
    graph.initializer("w", &values(&[SIDE, SIDE], &vec![0.001f32; SIDE * SIDE]));
    let mut last = "x".to_owned();
    for _ in 0..NODES {
        last = graph.op("MatMul", &[&last, "w"], []);
    }
    graph.node("Identity", &[&last], &["y"], []);
    graph.output("y", DType::F32, &dims![384, 384]);
    let folder = Folder::new();
    folder.model("long.onnx", &graph.model());
    let program = build(Guest::Bytes, Interface::Module).unwrap_or_else(|error| panic!("{error}"));
    folder.blink("compile long.onnx -o long.blink --guest").arg(program).ok();
    let spec = WorkerSpec { start: StartMode::Normal, ..WorkerSpec::new(folder.path("long.blink")) };
    let mut worker = Launcher::new(BLINK).launch(&spec).expect("a worker is launched");

    let len = SIDE * SIDE * 4;
    let ask = request(&["long", "x:f32:384x384", "--", &format!("y:{len}")]);
    let whole = run(&mut worker, &ask, &vec![0; len]);
    assert_eq!((whole.0.ended, whole.1.len()), (GuestEnded::Exit(0), len));
    // Its own part of the run, and a part of the model's.
    let before = whole.0.used.total_ns - whole.0.used.compute_ns;
    let time = Duration::from_nanos(before + whole.0.used.compute_ns / 3);
    let limits = Limits { time: Some(time), ..Limits::default() };
    let (report, _) = run(&mut worker, &GuestRequest { limits, ..ask.clone() }, &vec![0; len]);
    assert!(matches!(report.ended, GuestEnded::Limit(found) if found.limit == Limit::Time), "{:?}", report.ended);
    assert!(report.used.compute_ns < whole.0.used.compute_ns, "it did not run to its end");
    let again = run(&mut worker, &ask, &vec![0; len]);
    assert_eq!((again.0.ended, again.1), (GuestEnded::Exit(0), whole.1), "the model is none the worse for it");
}

#[test]
fn a_stdin_that_never_speaks_runs_out_of_time() {
    let read = "(i32.store (i32.const 2000) (i32.const 4096)) (i32.store (i32.const 2004) (i32.const 64))
        (drop (call $fd_read (i32.const 0) (i32.const 2000) (i32.const 1) (i32.const 2008)))";
    let (_folder, mut worker) = worker("", read);
    let (silent, _writer) = std::io::pipe().expect("a pipe");
    let null = std::fs::File::options().write(true).open("/dev/null").expect("a null device");
    let streams = [std::os::fd::AsFd::as_fd(&silent), std::os::fd::AsFd::as_fd(&null), std::os::fd::AsFd::as_fd(&null)];
    let request = GuestRequest { limits: short(), ..request(&["hostile"]) };
    let report = worker.run_guest(&request, streams, &mut |_| Err(String::new())).expect("a report");
    assert!(matches!(report.ended, GuestEnded::Limit(found) if found.limit == Limit::Time), "{:?}", report.ended);
}

#[test]
fn a_flood_of_descriptors_ends_with_the_guest() {
    // Opens its directory again and again, until that is refused.
    let open = "(i32.store8 (i32.const 3000) (i32.const 46))
        (loop
          (call $must (call $path_open (i32.const 3) (i32.const 0) (i32.const 3000) (i32.const 1) (i32.const 2)
            (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 3004)))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if 0 (i32.lt_u (local.get $i) (i32.const 50000))))";
    let folder = compiled(&module("", open));
    let grants = Grants { read: vec![folder.path("")], ..Grants::default() };
    let spec = WorkerSpec { start: StartMode::Normal, grants, ..WorkerSpec::new(folder.path("guest.blink")) };
    let mut worker = Launcher::new(BLINK).launch(&spec).expect("a worker is launched");
    let held = |worker: &Worker| std::fs::read_dir(format!("/proc/{}/fd", worker.pid())).expect("a process").count();
    run(&mut worker, &request(&[]), b"");
    let before = held(&worker);
    let directory = Directory { host: folder.path(""), guest: ".".into(), writable: false };
    let flood = GuestRequest { directories: vec![directory], ..request(&["hostile"]) };
    let (report, _) = run(&mut worker, &flood, b"");
    assert!(matches!(report.ended, GuestEnded::Exit(_) | GuestEnded::Limit(_)), "{:?}", report.ended);
    assert_eq!(held(&worker), before, "all are closed");
    let (good, written) = run(&mut worker, &request(&[]), b"");
    assert_eq!((good.ended, written), (GuestEnded::Exit(0), answer()));
}

/// By the interfaces of components, and of modules as a library uses them.
#[test]
fn floods_of_a_compiled_program_end_with_it() {
    for interface in [Interface::Module, Interface::Component] {
        let program = build(Guest::Probe, interface).unwrap_or_else(|error| panic!("{error}"));
        let folder = compiled(&std::fs::read(program).expect("a program"));
        let grants = Grants { read: vec![folder.path("")], ..Grants::default() };
        let spec = WorkerSpec { start: StartMode::Normal, grants, ..WorkerSpec::new(folder.path("guest.blink")) };
        let mut worker = Launcher::new(BLINK).launch(&spec).expect("a worker is launched");
        let good = |worker: &mut Worker| run(worker, &request(&["arguments", "x"]), b"");
        let (first, told) = good(&mut worker);
        assert_eq!(first.ended, GuestEnded::Exit(0));
        let held =
            |worker: &Worker| std::fs::read_dir(format!("/proc/{}/fd", worker.pid())).expect("a process").count();
        let before = held(&worker);

        let limits = Limits { output: 1 << 20, ..Limits::default() };
        let (report, written) = run(&mut worker, &GuestRequest { limits, ..request(&["flood"]) }, b"");
        let past = matches!(report.ended, GuestEnded::Limit(found) if found.limit == Limit::Output);
        assert!(past && written.len() <= 1 << 20, "{interface:?}: {:?}", report.ended);

        let directory = Directory { host: folder.path(""), guest: ".".into(), writable: false };
        let limits = Limits { time: Some(Duration::from_secs(5)), ..Limits::default() };
        let flood = GuestRequest { directories: vec![directory], limits, ..request(&["open", "one.onnx"]) };
        let (report, _) = run(&mut worker, &flood, b"");
        assert!(!matches!(report.ended, GuestEnded::Exit(0)), "{interface:?}: {:?}", report.ended);
        assert_eq!(held(&worker), before, "{interface:?}: all are closed");

        let (again, same) = good(&mut worker);
        assert_eq!((again.ended, same), (GuestEnded::Exit(0), told));
    }
}

#[test]
fn pointers_past_the_memory_reach_nothing() {
    for call in [
        "(call $load_by_name (i32.const -1) (i32.const 3) (i32.const 256))",
        "(call $load_by_name (i32.const 0) (i32.const -1) (i32.const 256))",
        "(call $load_by_name (i32.const 0) (i32.const 3) (i32.const -2))",
        "(call $load (i32.const -8) (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 256))",
        "(call $set_input (i32.const 0) (i32.const 0) (i32.const -4))",
        "(call $get_output (i32.const 0) (i32.const 0) (i32.const -4) (i32.const 64) (i32.const 256))",
    ] {
        // An error number or a trap: either is the guest's alone.
        let report = ended("", &format!("(call $must {call})"), Limits::default());
        let is_told = match &report.ended {
            GuestEnded::Exit(code) => *code != 0,
            GuestEnded::Trap { .. } => true,
            _ => false,
        };
        assert!(is_told, "{call}: {:?}", report.ended);
    }
}

#[test]
fn a_trap_in_a_start_function_is_a_trap() {
    let text =
        r#"(module (memory (export "memory") 1) (func $begin unreachable) (start $begin) (func (export "_start")))"#;
    let folder = compiled(&wat::parse_str(text).expect("a module"));
    let spec = WorkerSpec { start: StartMode::Normal, ..WorkerSpec::new(folder.path("guest.blink")) };
    let mut worker = Launcher::new(BLINK).launch(&spec).expect("a worker is launched");
    for _ in 0..2 {
        let (report, _) = run(&mut worker, &request(&[]), b"");
        assert!(matches!(report.ended, GuestEnded::Trap { .. }), "{:?}", report.ended);
    }
}
