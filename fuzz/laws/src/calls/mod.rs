//! Calls of wasi-nn in any order, with any handles, pointers, dims, types and lengths, by both interfaces.
//!
//! The guest is an interpreter: what it is to call, it gets from a model called `program`. Each call is six bytes of
//! the input: which function, and five arguments, each a byte that stands for a value ([`value`]): a small number, the
//! address of something prepared, what an earlier call has given, or a number that is past everything.
//!
//! The models ([`models`]) fail the law where they are given what they do not take. After each program the same guest
//! does a right one, and must get the right answer.

mod link;
mod memory;
mod models;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use blink_artifact::manifest::GuestKind;
use blink_guest::{Ended, Guest, Limit, Limits, Request};

use self::models::Fakes;
use crate::Outcome;

/// Bytes of the input that are one call.
const CALL: usize = 6;
/// Most calls of a program.
const CALLS: usize = 1000;

/// The guest of each interface.
struct Interpreter {
    guest: Guest,
    /// A program that lets `say` know of 1 + 1, and of nothing else.
    good: Vec<u8>,
}

/// Checks calls of a module.
pub fn check_module(input: &[u8]) -> Outcome {
    static MODULE: OnceLock<Interpreter> = OnceLock::new();
    MODULE.get_or_init(module).check(input)
}

/// Checks calls of a component.
pub fn check_component(input: &[u8]) -> Outcome {
    static COMPONENT: OnceLock<Interpreter> = OnceLock::new();
    COMPONENT.get_or_init(component).check(input)
}

impl Interpreter {
    fn check(&self, input: &[u8]) -> Outcome {
        let (ended, _) = self.run(input);
        match &ended {
            Ended::Exit(0) | Ended::Trap { .. } => {}
            Ended::Limit(exceeded) => {
                assert!(matches!(exceeded.limit, Limit::Tensors | Limit::TensorBytes | Limit::Memory), "{exceeded}");
            }
            other => panic!("a program of calls ended with {other:?}"),
        }
        let (good, said) = self.run(&self.good);
        assert_eq!((good, said), (Ended::Exit(0), vec![2f32.to_le_bytes().to_vec()]), "after {ended:?}");
        if ended == Ended::Exit(0) { Outcome::Taken } else { Outcome::Refused }
    }

    /// How the program ended, and what `say` was told.
    fn run(&self, calls: &[u8]) -> (Ended, Vec<Vec<u8>>) {
        let limits = Limits {
            memory: 8 << 20,
            time: Some(Duration::from_secs(10)),
            tensors: 200,
            tensor_bytes: 4 << 20,
            ..Limits::default()
        };
        let models = Fakes::new(program(calls));
        let said = Arc::clone(&models.said);
        let request = Request { load: true, limits: limits.clone(), ..Request::default() };
        let report = self.guest.run(Arc::new(models), &request, link::nowhere());
        assert!(report.used.memory <= limits.memory);
        let said = said.lock().expect("no model panics").clone();
        (report.ended, said)
    }
}

/// The calls as the interpreters read them: number, which arguments stand in memory, arguments.
fn program(calls: &[u8]) -> Vec<u8> {
    let mut words: Vec<u32> = Vec::new();
    for call in calls.as_chunks::<CALL>().0.iter().take(CALLS) {
        let values: Vec<_> = call[1..].iter().map(|&byte| value(byte)).collect();
        let in_memory = values.iter().enumerate().map(|(index, (_, is_there))| u32::from(*is_there) << index).sum();
        words.extend([u32::from(call[0]), in_memory]);
        words.extend(values.iter().map(|(value, _)| value));
    }
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// What a byte stands for, and whether that is the address of it.
fn value(byte: u8) -> (u32, bool) {
    /// Past the end of memory, near it, and far away.
    const EXTREMES: [u32; 16] = [
        0x10_0000,
        0xf_ffff,
        0xf_fffc,
        0xf_ffec,
        0x7fff_ffff,
        0x8000_0000,
        u32::MAX,
        u32::MAX - 1,
        0x1_0000,
        0x4_0000,
        1 << 24,
        0xffff_f000,
        255,
        256,
        1000,
        4096,
    ];
    let from = |first: u8| u32::from(byte - first);
    match byte {
        0..96 => (byte.into(), false),
        96..160 => (memory::NAMES + 4 * from(96), false),
        160..180 => (memory::HEADS + memory::HEAD * from(160), false),
        180..196 => (memory::LIST + 4 * from(180), false),
        196..207 => (memory::POOL + 4 * from(196), false),
        207 => (memory::LAST, true),
        208..224 => (memory::SCRATCH + memory::SLOT * from(208), false),
        // Where a result has its handle.
        224..240 => (memory::SCRATCH + memory::SLOT * from(224) + 4, true),
        240.. => (EXTREMES[usize::from(byte - 240)], false),
    }
}

fn module() -> Interpreter {
    let data = memory::segments();
    let text = format!("(module {} {data})", include_str!("module.wat"));
    // load_by_name, init, set_input twice, compute, get_output; the same to `say`.
    let (add, say) = (memory::name("add"), memory::name("say"));
    let good = [
        [1, add, 3, 208, 0, 0],
        [2, 1, 208, 0, 0, 0],
        [3, 1, 0, 160, 0, 0],
        [3, 1, 1, 160, 0, 0],
        [5, 1, 0, 0, 0, 0],
        [4, 1, 0, 210, 4, 211],
        [1, say, 3, 208, 0, 0],
        [2, 2, 208, 0, 0, 0],
        [3, 2, 0, 161, 0, 0],
        [5, 2, 0, 0, 0, 0],
    ];
    Interpreter { guest: link::guest(GuestKind::Module, &text), good: good.concat() }
}

fn component() -> Interpreter {
    // What the tests of the guest's own crate import.
    let prelude = include_str!("../../../../runtime/guest/tests/nn/component/prelude.wat");
    let names = "code words drop-error new dims ty data drop-tensor compute compute-again drop-context init load \
                 by-name drop-graph";
    let functions: String =
        names.split_whitespace().map(|name| format!("(export \"{name}\" (func ${name}))")).collect();
    let text = format!(
        "(component {prelude}
          (core module $Main {} {})
          (core instance $main (instantiate $Main
            (with \"libc\" (instance $libc)) (with \"nn\" (instance {functions}))))
          (func $run (result (result)) (canon lift (core func $main \"run\")))
          (instance $command (export \"run\" (func $run)))
          (export \"wasi:cli/run@0.2.0\" (instance $command)))",
        include_str!("component.wat"),
        memory::segments(),
    );
    let (add, say) = (memory::name("add"), memory::name("say"));
    // Places in the list of named tensors where handles stand: of `a`, `b` and `text`.
    let (a, b, text_at) = (182, 185, 191);
    let good = [
        [12, add, 3, 208, 0, 0],
        [10, 224, 209, 0, 0, 0],
        [3, 196, 1, 1, 206, 4],
        [14, a, 207, 0, 0, 0],
        [3, 196, 1, 1, 206, 4],
        [14, b, 207, 0, 0, 0],
        [8, 225, 180, 2, 210, 0],
        [15, 226, 8, 0, 0, 0],
        [6, 207, 211, 0, 0, 0],
        [15, 211, 0, 0, 0, 0],
        [3, 202, 1, 4, 207, 4],
        [14, text_at, 207, 0, 0, 0],
        [12, say, 3, 212, 0, 0],
        [10, 228, 213, 0, 0, 0],
        [8, 229, 189, 1, 214, 0],
    ];
    Interpreter { guest: link::guest(GuestKind::Component, &text), good: good.concat() }
}
