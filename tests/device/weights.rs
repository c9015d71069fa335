//! Weights: uploaded once, used where they lie, kept while their model sleeps, shared where they are truly the same.

use blink_runtime::{DeviceFacts, FailureClass, Worker, WorkerError};

use crate::inside::{inside, log};
use crate::networks::{COLUMNS, answer, compile, launcher, network, on_device, one_network, rows, started};
use crate::support::Folder;
use crate::support::cuda::Machine;

fn facts(worker: &mut Worker) -> DeviceFacts {
    worker.device().expect("facts").expect("a device")
}

#[test]
fn one_upload_serves_many_starts() {
    inside("weights::one_upload_serves_many_starts", Machine::with_onnx_runtime, || {
        let (folder, input, launcher) = (one_network(), rows(3), launcher());
        launcher.start_device(0).expect("a device");
        let before = log();
        let mut worker = started(&launcher, &folder, "net.blink");
        worker.wait_ready().expect("it starts");
        let weights = facts(&mut worker).weights;
        assert!(weights >= 4 * (2 * 96 * COLUMNS + 96 + COLUMNS) as u64, "{weights}");
        // Every byte came once, and ONNX Runtime took none of them a second time.
        let start = log().after(&before);
        assert_eq!(start.bytes("copy to-device"), weights);
        assert_eq!(start.bytes("copy on-device"), 0);
        assert_eq!(start.held("device"), weights + facts(&mut worker).arena);

        let before = log();
        let expected = answer(&mut worker, &input).expect("it runs");
        let run = log().after(&before);
        assert_eq!(run.bytes("copy to-device"), (3 * COLUMNS * 4) as u64);
        assert_eq!(run.bytes("copy to-host"), (3 * COLUMNS * 4) as u64);

        drop(worker);
        let before = log();
        let mut workers: Vec<_> = (0..3).map(|_| started(&launcher, &folder, "net.blink")).collect();
        for worker in &mut workers {
            worker.wait_ready().expect("it starts");
            assert!(facts(worker).weights_were_there);
        }
        assert_eq!(log().after(&before).bytes("copy to-device"), 0);
        for worker in &mut workers {
            assert_eq!(answer(worker, &input).expect("it runs"), expected);
        }
        let facts = facts(&mut workers[0]);
        drop(workers);
        let all = log();
        assert_eq!(all.held("device"), facts.weights, "only weights are kept");
    });
}

#[test]
fn starts_at_once_upload_once() {
    let slow = || Machine::with_onnx_runtime().slow_copies(std::time::Duration::from_millis(30));
    inside("weights::starts_at_once_upload_once", slow, || {
        let (folder, input, launcher) = (one_network(), rows(3), launcher());
        launcher.start_device(0).expect("a device");
        let before = log();
        let mut workers: Vec<_> = (0..8).map(|_| started(&launcher, &folder, "net.blink")).collect();
        workers.iter_mut().for_each(|worker| worker.wait_ready().expect("it starts"));
        assert_eq!(log().after(&before).bytes("copy to-device"), facts(&mut workers[0]).weights);
        let answers: Vec<_> = workers.iter_mut().map(|worker| answer(worker, &input).expect("it runs")).collect();
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    });
}

#[test]
fn equal_weights_of_two_files_are_one() {
    inside("weights::equal_weights_of_two_files_are_one", Machine::with_onnx_runtime, || {
        let (folder, input, launcher) = (one_network(), rows(3), launcher());
        folder.write("copy.blink", folder.read("net.blink"));
        let mut first = started(&launcher, &folder, "net.blink");
        let expected = answer(&mut first, &input).expect("it runs");
        let before = log();
        let mut second = started(&launcher, &folder, "copy.blink");
        second.wait_ready().expect("it starts");
        assert!(facts(&mut second).weights_were_there);
        assert_eq!(log().after(&before).bytes("copy to-device"), 0);
        // The first may go: they are the second one's as well.
        drop(first);
        assert_eq!(answer(&mut second, &input).expect("it runs"), expected);
    });
}

/// `bytes`, an artifact, whose table says of its weights that they have the hash of another artifact's weights.
fn claiming(mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
    const HEADER: usize = 256;
    const ENTRY: usize = 64;
    const WEIGHTS: u32 = 4;
    let number = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
    let end = |bytes: &[u8]| HEADER + ENTRY * number(bytes, 24) as usize;
    let hash = |bytes: &[u8]| {
        let entry = (HEADER..end(bytes)).step_by(ENTRY).find(|at| number(bytes, *at) == WEIGHTS);
        entry.expect("a weights section") + 32
    };
    let (to, from) = (hash(&bytes), hash(other));
    bytes[to..to + 32].copy_from_slice(&other[from..from + 32]);
    let seal = blake3::Hasher::new().update(&bytes[..64]).update(&bytes[HEADER..end(&bytes)]).finalize();
    bytes[64..96].copy_from_slice(seal.as_bytes());
    bytes
}

#[test]
fn a_file_that_lies_about_its_weights_gets_and_gives_none() {
    inside("weights::a_file_that_lies_about_its_weights_gets_and_gives_none", Machine::with_onnx_runtime, || {
        let (folder, input) = (one_network(), rows(3));
        compile(&folder, "other", &network(96, 2), "");
        folder.write("liar.blink", claiming(folder.read("other.blink"), &folder.read("net.blink")));
        let alone = |name: &str| answer(&mut started(&launcher(), &folder, name), &input).expect("it runs");
        let (truth, others) = (alone("net.blink"), alone("other.blink"));
        assert_ne!(truth, others);
        for order in [["net.blink", "liar.blink"], ["liar.blink", "net.blink"]] {
            let launcher = launcher();
            for _ in 0..2 {
                let mut workers = order.map(|name| started(&launcher, &folder, name));
                for (worker, name) in workers.iter_mut().zip(order) {
                    let expected = if name == "liar.blink" { &others } else { &truth };
                    assert_eq!(&answer(worker, &input).expect("it runs"), expected, "{name} of {order:?}");
                }
            }
            // The place is the honest one's, whoever came first.
            assert!(facts(&mut started(&launcher, &folder, "net.blink")).weights_were_there, "{order:?}");
        }
    });
}

/// Networks with weights of more than 1 MiB each, called by the letters of `names`.
fn large(names: &str) -> Folder {
    let folder = Folder::new();
    for (seed, name) in names.chars().enumerate() {
        compile(&folder, &name.to_string(), &network(2048, seed as u64), "");
    }
    folder
}

/// A start and its answer, and whether the weights were there before.
fn used(launcher: &blink_runtime::Launcher, folder: &Folder, name: &str) -> bool {
    let mut worker = started(launcher, folder, name);
    answer(&mut worker, &rows(3)).expect("it runs");
    facts(&mut worker).weights_were_there
}

#[test]
fn weights_that_sleep_give_way_the_longest_unused_first() {
    inside("weights::weights_that_sleep_give_way_the_longest_unused_first", Machine::with_onnx_runtime, || {
        let folder = large("abcd");
        let mut first = started(&launcher(), &folder, "a.blink");
        answer(&mut first, &rows(3)).expect("it runs");
        let one = facts(&mut first);
        let launcher = launcher().with_device_memory(3 * one.weights + one.arena);
        let used = |name: &str| used(&launcher, &folder, name);
        assert_eq!(["a.blink", "b.blink", "c.blink"].map(used), [false; 3]);
        assert!(used("a.blink"));
        // The fourth takes the place of `b`, as `a` was used after it.
        assert!(!used("d.blink"));
        assert_eq!(["c.blink", "a.blink", "d.blink"].map(used), [true; 3]);
        let mut worker = started(&launcher, &folder, "b.blink");
        assert!(!facts(&mut worker).weights_were_there);
        let budget = facts(&mut worker).budget;
        assert_eq!((budget.evicted, budget.asleep), (2, 2 * one.weights), "{budget:?}");
        assert!(budget.held <= budget.most);
    });
}

#[test]
fn weights_in_use_never_give_way() {
    inside("weights::weights_in_use_never_give_way", Machine::with_onnx_runtime, || {
        let (folder, input) = (large("abc"), rows(3));
        let mut first = started(&launcher(), &folder, "a.blink");
        let expected = answer(&mut first, &input).expect("it runs");
        let one = facts(&mut first);
        let launcher = launcher().with_device_memory(2 * (one.weights + one.arena) + one.weights / 2);
        let mut workers = ["a.blink", "b.blink"].map(|name| started(&launcher, &folder, name));
        for worker in &mut workers {
            answer(worker, &input).expect("it runs");
        }
        let mut refused = launcher.launch(&on_device(&folder, "c.blink")).expect("it is launched");
        match answer(&mut refused, &input) {
            Err(WorkerError::Failed { class: FailureClass::DeviceMemory, message }) => {
                assert!(message.contains("do not fit in the device memory that the worker may hold"), "{message}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(answer(&mut workers[0], &input).expect("it runs"), expected);
        let budget = facts(&mut workers[0]).budget;
        assert_eq!((budget.evicted, budget.asleep), (0, 0), "{budget:?}");
        // Once one of them sleeps there is room.
        let [first, second] = workers;
        drop(second);
        drop(refused);
        assert!(!used(&launcher, &folder, "c.blink"));
        drop(first);
    });
}
