//! The law: a model on a device answers bit for bit the same, however often it starts and whatever runs beside it.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use blink_runtime::{Device, Start};

use crate::inside::{inside, log};
use crate::networks::{answer, compile, distance, launcher, network, on_device, rows, started};
use crate::support::Folder;
use crate::support::cuda::Machine;

/// Threads that start models at once, and how often each does.
const THREADS: usize = 8;
const STARTS: usize = 12;

#[test]
fn every_start_answers_as_the_first() {
    inside("law::every_start_answers_as_the_first", Machine::with_onnx_runtime, || {
        let (folder, input) = (Folder::new(), rows(3));
        for (name, precision, most) in [("single", "fp32", 1e-5), ("half", "fp16", 1e-2)] {
            compile(&folder, name, &network(96, 1), &format!("--precision {precision}"));
            let artifact = format!("{name}.blink");
            let launcher = launcher();
            let mut spec = on_device(&folder, &artifact);
            spec.device = Some(Device::Cpu);
            let on_cpu = answer(&mut launcher.launch(&spec).expect("it is launched"), &input).expect("it runs");

            let mut first = started(&launcher, &folder, &artifact);
            let expected = answer(&mut first, &input).expect("it runs");
            assert_eq!(first.start(), &Start::Resident);
            assert!(distance(&expected, &on_cpu) < most, "{name}: {}", distance(&expected, &on_cpu));
            assert!(!first.device().expect("facts").expect("a device").weights_were_there);
            // Floats are not cut to TF32, which is ONNX Runtime's default.
            assert_eq!(log().count("blas math 3"), 0);
            // Again; beside another of its kind; and once it has gone, with the weights that it has left.
            assert_eq!(answer(&mut first, &input).expect("it runs"), expected);
            let mut beside = started(&launcher, &folder, &artifact);
            assert_eq!(answer(&mut beside, &input).expect("it runs"), expected);
            assert_eq!(answer(&mut first, &input).expect("it runs"), expected);
            drop((first, beside));
            let mut later = started(&launcher, &folder, &artifact);
            assert_eq!(answer(&mut later, &input).expect("it runs"), expected);
            assert!(later.device().expect("facts").expect("a device").weights_were_there);
            // And in another process.
            let other = crate::networks::launcher();
            assert_eq!(answer(&mut started(&other, &folder, &artifact), &input).expect("it runs"), expected);
        }
    });
}

#[test]
fn every_row_has_an_answer_of_its_own() {
    inside("law::every_row_has_an_answer_of_its_own", Machine::with_onnx_runtime, || {
        let folder = Folder::new();
        compile(&folder, "net", &network(96, 1), "");
        let launcher = launcher();
        let mut worker = started(&launcher, &folder, "net.blink");
        // What one run leaves in the arena is nothing to the next, whatever their sizes.
        let mut expected = Vec::new();
        for _ in 0..2 {
            for (at, count) in [1, 17, 3, 256, 1].into_iter().enumerate() {
                let found = answer(&mut worker, &rows(count)).expect("it runs");
                if expected.len() == at {
                    expected.push(found);
                } else {
                    assert_eq!(found, expected[at], "{count} rows");
                }
            }
        }
        assert_eq!(expected[0], expected[4]);
    });
}

/// Open descriptors and threads of a process, once they no longer change: a model's threads end a moment after it.
fn resources(pid: u32) -> (usize, usize) {
    let count = |what: &str| fs::read_dir(format!("/proc/{pid}/{what}")).expect("it lives").count();
    let now = || (count("fd"), count("task"));
    let (begun, mut last, mut same) = (Instant::now(), now(), 0);
    while same < 10 {
        assert!(begun.elapsed() < Duration::from_secs(10), "it does not come to rest: {last:?}");
        thread::sleep(Duration::from_millis(20));
        let found = now();
        (same, last) = if found == last { (same + 1, last) } else { (0, found) };
    }
    last
}

#[test]
fn many_at_once_answer_as_each_alone_and_leave_nothing() {
    inside("law::many_at_once_answer_as_each_alone_and_leave_nothing", Machine::with_onnx_runtime, || {
        let (folder, input) = (Folder::new(), rows(5));
        let names = ["a", "b", "c"];
        compile(&folder, "a", &network(96, 1), "");
        compile(&folder, "b", &network(160, 2), "");
        compile(&folder, "c", &network(96, 1), "--precision fp16");
        let artifacts = names.map(|name| format!("{name}.blink"));
        let launcher = launcher();
        let alone = |artifact: &String| answer(&mut started(&launcher, &folder, artifact), &input).expect("it runs");
        let expected = artifacts.each_ref().map(alone);
        let pid = launcher.start_device(0).expect("it lives").pid;
        let before = resources(pid);

        thread::scope(|scope| {
            for number in 0..THREADS {
                let (launcher, folder, artifacts, input, expected) =
                    (&launcher, &folder, &artifacts, &input, &expected);
                scope.spawn(move || {
                    for turn in 0..STARTS {
                        let which = (number + turn) % names.len();
                        let mut spec = on_device(folder, &artifacts[which]);
                        spec.options.threads = Some(1 + turn % 2);
                        let mut worker = launcher.launch(&spec).expect("it is launched");
                        for _ in 0..1 + turn % 3 {
                            assert_eq!(answer(&mut worker, input).expect("it runs"), expected[which]);
                        }
                        // Some are let go of before they have started.
                        if turn % 4 == 3 {
                            drop(launcher.launch(&spec).expect("it is launched"));
                        }
                    }
                });
            }
        });

        assert_eq!(launcher.start_device(0).expect("it lives").pid, pid, "one process served all");
        assert_eq!(launcher.counts().devices_lost, 0);
        let mut last = started(&launcher, &folder, "a.blink");
        let facts = last.device().expect("facts").expect("a device");
        assert!(facts.weights_were_there);
        let asleep = facts.budget.asleep;
        assert_eq!(facts.budget.held, facts.weights + facts.arena + asleep, "{facts:?}");
        drop(last);
        assert_eq!(resources(pid), before, "descriptors and threads");
    });
}
