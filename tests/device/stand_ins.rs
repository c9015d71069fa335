//! The stand-ins themselves: what the other tests here build on.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output};

use crate::support::cuda::{Machine, stand_ins};

/// The probe's lines for these steps, on a machine.
fn probe(machine: &Machine, steps: &str) -> Vec<String> {
    let output = start(machine, steps);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text").lines().map(str::to_owned).collect()
}

fn start(machine: &Machine, steps: &str) -> Output {
    let mut probe = Command::new(stand_ins().join("probe"));
    probe.args(steps.split(' ')).envs(machine.environment()).output().expect("the probe starts")
}

#[test]
fn the_driver_and_the_runtime_share_one_account_of_memory() {
    let machine = Machine::new().memory(1 << 20);
    let steps = "init driver-alloc=1000 runtime-alloc=2000 memory driver-free runtime-free memory";
    let left = (1 << 20) - 1024 - 2048;
    assert_eq!(probe(&machine, steps), ["0", "0", "0", &format!("{left} {left}"), "0", "0", "1048576 1048576"]);
    let log = machine.log();
    assert_eq!(log.sizes("alloc device"), [1000, 2000]);
    // What the runtime took the driver frees, and the other way round.
    assert_eq!(log.sizes("free device"), [2000, 1000]);
    assert_eq!(log.held("device"), 0);
}

#[test]
fn more_than_there_is_gives_out_of_memory() {
    let machine = Machine::new().memory(1 << 20);
    let steps = "init driver-alloc=1048577 driver-alloc=1048576 runtime-alloc=1 driver-free runtime-alloc=1";
    assert_eq!(probe(&machine, steps), ["0", "2", "0", "2", "0", "0"]);
    assert_eq!(machine.log().sizes("refuse device"), [1_048_577, 1]);
}

#[test]
fn copies_stay_inside_an_allocation_and_are_counted() {
    let machine = Machine::new();
    assert_eq!(probe(&machine, "init driver-alloc=1000 copy=1000 copy=1001"), ["0", "0", "0 0 equal", "1 1 different"]);
    assert_eq!(machine.log().sizes("copy to-device"), [1000]);
    assert_eq!(machine.log().sizes("copy to-host"), [1000]);
}

#[test]
fn the_host_cannot_read_device_memory() {
    let output = start(&Machine::new(), "runtime-alloc=100 touch");
    assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{output:?}");
}

#[test]
fn the_driver_wants_to_be_set_up_first() {
    assert_eq!(probe(&Machine::new(), "driver-alloc=1 init driver-alloc=1"), ["3", "0", "0"]);
}

#[test]
fn a_machine_without_a_device_says_so() {
    assert_eq!(probe(&Machine::new().devices(0), "devices init runtime-alloc=1"), ["100 0", "100", "100"]);
    assert_eq!(probe(&Machine::new().devices(3), "devices"), ["0 3"]);
}

#[test]
fn one_call_fails_on_demand() {
    let machine = Machine::new().failing("cuMemAlloc_v2", 2, 2).failing("cudaMalloc", 1, 46);
    let steps = "init driver-alloc=1 driver-alloc=1 driver-alloc=1 runtime-alloc=1 runtime-alloc=1";
    assert_eq!(probe(&machine, steps), ["0", "0", "2", "0", "46", "0"]);
    assert_eq!(machine.log().count("fail"), 2);
}

#[test]
fn a_lost_device_stays_lost() {
    let machine = Machine::new().lost("cudaMalloc", 2, 700);
    let steps = "init runtime-alloc=1 runtime-alloc=1 driver-alloc=1 devices runtime-free";
    assert_eq!(probe(&machine, steps), ["0", "0", "700", "700", "700 0", "700"]);
    assert_eq!(machine.log().count("lost cudaMalloc 700"), 1);
}

#[test]
fn products_are_computed() {
    let machine = Machine::new();
    assert_eq!(probe(&machine, "gemm"), ["0 19 43 22 50"]);
    assert_eq!(machine.log().count("gemm 2 2 2 1"), 1);
}
