//! A restored worker answers as one that was started normally: bit for bit, whatever it is asked, however often it is
//! restored; and it changes neither the artifact nor the snapshot.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use blink_compiler::onnx::proto::ModelProto;
use blink_examples::bert::Bert;
use blink_examples::matrix::{self, Case};
use blink_examples::resnet50::{self, ResNet};
use blink_runtime::{
    FailureClass, Launcher, Start, StartMode, StartOptions, WarmError, Worker, WorkerError, WorkerSpec,
};
use blink_tensors::{Tensor, seeded};

use crate::support::files::{Named, same, views};
use crate::support::{Folder, home::Home};

/// Cases of the matrix that have no snapshot, and why: there is nothing to prove it with, or all workers of one would
/// draw the same random numbers.
const WITHOUT_SNAPSHOT: [(&str, &str); 1] = [("cast_string_to_f32", "no golden run")];
/// Inputs that are drawn for each case beside its own.
const SEEDS: [u64; 3] = [1, 2, 3];
/// Cases that are tried at once.
const AT_ONCE: usize = 3;

/// What a worker says to inputs: outputs by name, or how it fails.
type Said = Result<Named, (FailureClass, String)>;

fn said(worker: &mut Worker, inputs: &Named) -> Said {
    match worker.run(&views(inputs)) {
        Ok(answer) => Ok(answer.iter().map(|(name, view)| (name.to_owned(), view.to_owned())).collect()),
        Err(WorkerError::Failed { class, message }) => Err((class, message)),
        Err(error) => panic!("{error}"),
    }
}

fn agree(one: &Said, other: &Said) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => {
            let alike = |(one, other): (&(String, Tensor), &(String, Tensor))| {
                one.0 == other.0 && same(one.1.view(), other.1.view())
            };
            one.len() == other.len() && one.iter().zip(other).all(alike)
        }
        (Err(one), Err(other)) => one == other,
        _ => false,
    }
}

fn spec(home: &Home, threads: usize, start: StartMode) -> WorkerSpec {
    let options = StartOptions { threads: Some(threads), ..StartOptions::default() };
    WorkerSpec { options, ..home.spec("model.blink", start) }
}

fn launched(launcher: &Launcher, spec: &WorkerSpec) -> Worker {
    launcher.launch(spec).unwrap_or_else(|error| panic!("{error}"))
}

/// The artifact of `case`, and its own inputs followed by others of the same shapes.
fn prepared(case: &Case) -> (Home, Vec<Named>) {
    let home = Home::of(Folder::new());
    home.folder.model("model.onnx", &case.model);
    home.blink("compile model.onnx -o model.blink").ok();
    let drawn = |seed: u64| {
        let draw = |(name, like): &(String, Tensor)| {
            let tensor = seeded::tensor(seed, name, like.dtype(), like.shape()).expect("a dtype that can be drawn");
            (name.clone(), tensor)
        };
        case.inputs.iter().map(draw).collect()
    };
    let inputs = [case.inputs.clone()].into_iter().chain(SEEDS.map(drawn)).chain([case.inputs.clone()]).collect();
    (home, inputs)
}

/// Restored and normal workers say the same to everything, with one thread and with two; or why there are none.
fn agrees(case: &Case) -> Result<Option<&'static str>, String> {
    let (home, inputs) = prepared(case);
    for threads in [1, 2] {
        let launcher = home.launcher();
        match launcher.warm(&spec(&home, threads, StartMode::Auto)) {
            Ok(_) => {}
            Err(WarmError::NothingToProve { .. }) => return Ok(Some("no golden run")),
            Err(WarmError::Random { .. }) => return Ok(Some("random numbers")),
            Err(error) => return Err(format!("{threads} threads: no snapshot: {error}")),
        }
        let mut normal = launched(&launcher, &spec(&home, threads, StartMode::Normal));
        let expected: Vec<_> = inputs.iter().map(|inputs| said(&mut normal, inputs)).collect();
        assert!(expected[0].is_ok(), "{}: its own inputs are refused: {expected:?}", case.name);
        for _ in 0..2 {
            let mut restored = launched(&launcher, &spec(&home, threads, StartMode::Snapshot));
            for (run, (inputs, expected)) in inputs.iter().zip(&expected).enumerate() {
                let found = said(&mut restored, inputs);
                if !agree(&found, expected) {
                    return Err(format!("{threads} threads, run {run}: {found:?} is not {expected:?}"));
                }
            }
            assert_eq!(*restored.start(), Start::Snapshot);
        }
    }
    Ok(None)
}

#[test]
fn every_case_of_the_matrix() {
    let (cases, next) = (matrix::cases(), AtomicUsize::new(0));
    let (failures, none) = (Mutex::new(Vec::new()), Mutex::new(BTreeSet::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match agrees(case) {
                        Ok(None) => {}
                        Ok(Some(why)) => _ = none.lock().expect("no panic").insert((case.name.clone(), why)),
                        Err(failure) => failures.lock().expect("no panic").push(format!("{}: {failure}", case.name)),
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
    let expected = WITHOUT_SNAPSHOT.map(|(name, why)| (name.to_owned(), why));
    assert_eq!(none.into_inner().expect("no panic"), expected.into(), "cases without a snapshot");
}

/// Snapshots are made with the shapes of the golden run; workers answer to all.
fn answers_to_every_shape(model: &ModelProto, inputs: &[Named]) {
    let home = Home::of(Folder::new());
    home.folder.model("model.onnx", model);
    for options in ["--prepack on", "--prepack off"] {
        home.blink(&format!("compile model.onnx -o model.blink {options}")).ok();
        for threads in [1, 2] {
            let launcher = home.launcher();
            launcher.warm(&spec(&home, threads, StartMode::Auto)).expect("a snapshot");
            let [mut normal, mut restored] =
                [StartMode::Normal, StartMode::Snapshot].map(|start| launched(&launcher, &spec(&home, threads, start)));
            for (run, inputs) in inputs.iter().chain(inputs).enumerate() {
                let (found, expected) = (said(&mut restored, inputs), said(&mut normal, inputs));
                assert!(expected.is_ok() && agree(&found, &expected), "{options}, {threads} threads, run {run}");
            }
            assert_eq!(*restored.start(), Start::Snapshot);
        }
    }
}

#[test]
fn a_resnet_of_every_batch() {
    let images = [1, 3, 2].map(|batch| vec![("input".to_owned(), resnet50::images(batch, 32, 7))]);
    answers_to_every_shape(&ResNet::tiny().model(), &images);
}

#[test]
fn a_bert_of_every_length() {
    let bert = Bert { hidden: 128, intermediate: 256, ..Bert::tiny() };
    let texts = [(1, 64), (1, 1), (2, 33)].map(|(batch, sequence)| bert.inputs(batch, sequence, 5));
    answers_to_every_shape(&bert.model(), &texts);
}

#[test]
fn a_hundred_of_a_hundred() {
    let home = Home::of(Folder::new());
    home.folder.model("model.onnx", &ResNet::tiny().model());
    home.blink("compile model.onnx -o model.blink --prepack on").ok();
    let warmed = home.launcher().warm(&spec(&home, 2, StartMode::Auto)).expect("a snapshot");
    let (launcher, inputs) = (home.launcher(), vec![("input".to_owned(), resnet50::images(2, 32, 7))]);
    let expected = said(&mut launched(&launcher, &spec(&home, 2, StartMode::Normal)), &inputs);
    let files = || [home.folder.read("model.blink"), std::fs::read(&warmed.path).expect("the snapshot")];
    let before = files();
    let alike = (0..100).filter(|_| {
        let mut worker = launched(&launcher, &spec(&home, 2, StartMode::Snapshot));
        agree(&said(&mut worker, &inputs), &expected) && *worker.start() == Start::Snapshot
    });
    assert_eq!((alike.count(), expected.is_ok()), (100, true));
    assert_eq!((launcher.counts().restored, launcher.counts().normal), (100, 1));
    assert!(files() == before, "a restored worker has changed the artifact, or its snapshot");
}
