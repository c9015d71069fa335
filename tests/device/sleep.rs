//! Models that sleep: a session is kept over its weights and wakes with the same bits. And runs with places of their own.

use blink_artifact::manifest::DeviceRuns;
use blink_runtime::{DeviceFacts, Launcher, Worker, WorkerSpec};

use crate::inside::{inside, log};
use crate::networks::{COLUMNS, answer, compile, launcher, network, on_device, one_network, rows, started};
use crate::support::Folder;
use crate::support::cuda::Machine;

fn facts(worker: &mut Worker) -> DeviceFacts {
    worker.device().expect("facts").expect("a device")
}

fn launched(launcher: &Launcher, spec: &WorkerSpec) -> Worker {
    let mut worker = launcher.launch(spec).expect("a launch");
    worker.wait_ready().expect("it starts");
    worker
}

#[test]
fn a_session_that_slept_gives_the_same_bits() {
    inside("sleep::a_session_that_slept_gives_the_same_bits", Machine::with_onnx_runtime, || {
        let (folder, input, launcher) = (one_network(), rows(3), launcher());
        let mut worker = started(&launcher, &folder, "net.blink");
        let expected = answer(&mut worker, &input).expect("it runs");
        assert!(!facts(&mut worker).session_was_there);
        drop(worker);
        let before = log();
        for _ in 0..3 {
            let mut worker = started(&launcher, &folder, "net.blink");
            assert_eq!(answer(&mut worker, &input).expect("it runs"), expected);
            let facts = facts(&mut worker);
            assert!(facts.session_was_there && facts.weights_were_there, "{facts:?}");
            assert!(facts.arena > 0);
        }
        let awake = log().after(&before);
        // No handle, no stream and no weight was made or moved again.
        for made in ["blas create", "blas-lt create", "stream create", "context retain"] {
            assert_eq!(awake.count(made), 0, "{made}");
        }
        assert_eq!(awake.bytes("copy to-device"), 3 * (3 * COLUMNS * 4) as u64);
        // Asleep, it has given its activations back.
        let held = log().held("device");
        let mut worker = started(&launcher, &folder, "net.blink");
        worker.wait_ready().expect("it starts");
        assert_eq!(held, facts(&mut worker).weights);
    });
}

#[test]
fn of_two_awake_at_once_one_sleeps() {
    inside("sleep::of_two_awake_at_once_one_sleeps", Machine::with_onnx_runtime, || {
        let (folder, input, launcher) = (one_network(), rows(3), launcher());
        let pair = || [started(&launcher, &folder, "net.blink"), started(&launcher, &folder, "net.blink")];
        let mut first = pair();
        let expected = first.each_mut().map(|worker| answer(worker, &input).expect("it runs"));
        drop(first);
        let mut second = pair();
        let answers = second.each_mut().map(|worker| answer(worker, &input).expect("it runs"));
        assert_eq!(answers, expected);
        let slept = second.each_mut().map(|worker| facts(worker).session_was_there);
        assert_eq!(slept.iter().filter(|slept| **slept).count(), 1, "{slept:?}");
    });
}

#[test]
fn another_file_of_that_name_is_another_model() {
    inside("sleep::another_file_of_that_name_is_another_model", Machine::with_onnx_runtime, || {
        let (folder, input, launcher) = (one_network(), rows(3), launcher());
        let before = answer(&mut started(&launcher, &folder, "net.blink"), &input).expect("it runs");
        std::fs::remove_file(folder.path("net.blink")).expect("removed");
        compile(&folder, "net", &network(96, 5), "");
        let mut worker = started(&launcher, &folder, "net.blink");
        let after = answer(&mut worker, &input).expect("it runs");
        assert_ne!(before, after);
        assert!(!facts(&mut worker).session_was_there);
    });
}

#[test]
fn what_is_discarded_does_not_sleep() {
    inside("sleep::what_is_discarded_does_not_sleep", Machine::with_onnx_runtime, || {
        let (folder, launcher) = (one_network(), launcher());
        let mut spec = on_device(&folder, "net.blink");
        spec.on_device.discard = true;
        drop(launched(&launcher, &spec));
        assert_eq!(log().held("device"), 0);
        let facts = facts(&mut launched(&launcher, &spec));
        assert!(!facts.session_was_there && !facts.weights_were_there, "{facts:?}");
    });
}

#[test]
fn sleepers_give_way_to_who_needs_the_room() {
    // Room for one of the two networks, and its activations.
    inside("sleep::sleepers_give_way_to_who_needs_the_room", Machine::with_onnx_runtime, || {
        let folder = Folder::new();
        for (seed, name) in ["a", "b"].iter().enumerate() {
            compile(&folder, name, &network(4096, seed as u64), "");
        }
        let weights = facts(&mut launched(&launcher(), &on_device(&folder, "a.blink"))).weights;
        let launcher = launcher().with_device_memory(weights + (1 << 20));
        for name in ["a.blink", "b.blink", "a.blink"] {
            let facts = facts(&mut launched(&launcher, &on_device(&folder, name)));
            assert!(!facts.session_was_there && !facts.weights_were_there, "{name}: {facts:?}");
        }
        assert!(facts(&mut launched(&launcher, &on_device(&folder, "a.blink"))).session_was_there);
    });
}

#[test]
fn runs_with_places_of_their_own_give_the_same_bits() {
    inside("sleep::runs_with_places_of_their_own_give_the_same_bits", Machine::with_onnx_runtime, || {
        let (folder, input, launcher) = (Folder::new(), rows(3), launcher());
        compile(&folder, "net", &network(96, 1), "--set-dim batch=3");
        compile(&folder, "open", &network(96, 1), "");
        let with = |name: &str, runs| {
            let mut spec = on_device(&folder, name);
            spec.on_device.runs = Some(runs);
            launched(&launcher, &spec)
        };
        let expected = answer(&mut with("net.blink", DeviceRuns::Plain), &input).expect("it runs");
        let mut worker = with("net.blink", DeviceRuns::Bound);
        assert_eq!(facts(&mut worker).runs, DeviceRuns::Bound);
        for _ in 0..3 {
            assert_eq!(answer(&mut worker, &input).expect("it runs"), expected);
        }
        // One copy there and one back, by us, and no allocation.
        let before = log();
        answer(&mut worker, &input).expect("it runs");
        let run = log().after(&before);
        assert_eq!((run.count("copy to-device"), run.count("copy to-host"), run.count("alloc device")), (1, 1, 0));
        // A model whose shapes are open runs plainly, whatever was asked.
        assert_eq!(facts(&mut with("open.blink", DeviceRuns::Bound)).runs, DeviceRuns::Plain);
        // What the device refuses is an error to the run, and the worker goes on.
        let mut graph = with("net.blink", DeviceRuns::Graph);
        let refused = (0..4).map(|_| answer(&mut graph, &input)).find_map(Result::err);
        assert!(refused.is_some(), "the stand-ins record no graphs");
        assert_eq!(answer(&mut worker, &input).expect("it runs"), expected);
    });
}
