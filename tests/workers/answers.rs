//! A worker gives the bits that an instance in this process gives.

use blink_examples::{matrix, values};
use blink_runtime::{
    Answer, Instance, Model, ONLY_MODEL, Outputs, Phase, Start, StartMode, StartOptions, Timeline, Unfilled,
    WorkerError,
};
use blink_tensors::{DType, DataView, Tensor, TensorView};

use crate::support::files::{Named, same, views};
use crate::support::{Folder, models};
use crate::{launched, launcher, spec};

/// An instance of an artifact in `folder`, in this process.
fn instance(folder: &Folder, artifact: &str, threads: usize) -> Instance {
    let model = Model::open(folder.path(artifact)).expect("it was made for this host");
    let options = StartOptions { threads: Some(threads), prepack: None, pin: false };
    Instance::start(&model, &options, &mut Timeline::new()).expect("it starts")
}

/// The same inputs, yet to be filled; strings are there already.
fn unfilled<'a>(inputs: &'a [(&'a str, TensorView<'a>)]) -> Vec<Unfilled<'a>> {
    let strings = |view: TensorView<'a>| match view.data() {
        DataView::Strings(strings) => Some(strings),
        DataView::Bytes(_) => None,
    };
    let unfilled = |(name, view): &(&'a str, TensorView<'a>)| {
        let (dtype, shape) = (view.dtype(), view.shape());
        Unfilled { name, dtype, shape, strings: strings(*view) }
    };
    inputs.iter().map(unfilled).collect()
}

/// Whether both say the same under the same names.
fn agree(answer: Answer<'_>, instance: &Instance, outputs: &Outputs) -> bool {
    let names = instance.model().record().outputs.iter().map(|output| output.name.as_str());
    let expected: Vec<_> = names.zip(outputs.iter()).collect();
    answer.len() == expected.len()
        && answer.iter().zip(expected).all(|(found, expected)| found.0 == expected.0 && same(found.1, expected.1))
}

/// Every case of the matrix: all dtypes, scalars, tensors without elements, strings, several inputs and outputs.
#[test]
fn the_matrix_is_answered_as_in_one_process() {
    let failures: Vec<_> = matrix::cases()
        .iter()
        .filter_map(|case| {
            let folder = Folder::new();
            folder.model("model.onnx", &case.model);
            folder.blink("compile model.onnx").ok();
            let instance = instance(&folder, "model.blink", 2);
            let mut worker = launched(&folder, "model.blink");
            let inputs = views(&case.inputs);
            let filled =
                |index: usize, bytes: &mut [u8]| bytes.copy_from_slice(inputs[index].1.bytes().expect("elements"));
            // The second run uses memory that the first has written to.
            let differs = (0..2).any(|_| {
                let expected = instance.run(&inputs).expect("it runs in this process");
                let same = |answer: Answer<'_>| agree(answer, &instance, &expected);
                !worker.run(&inputs).is_ok_and(same)
                    || !worker.run_filled(ONLY_MODEL, &unfilled(&inputs), filled).is_ok_and(same)
            });
            differs.then(|| case.name.clone())
        })
        .collect();
    assert_eq!(failures, [""; 0]);
}

#[test]
fn tensors_of_any_size_follow_one_another() {
    let folder = models::compiled_two();
    let instance = instance(&folder, "two.blink", 2);
    let mut worker = launched(&folder, "two.blink");
    for n in [0, 1, 7, 1000, 100_000, 3, 2_000_000, 0, 2_500_001, 5] {
        let numbers = |factor: i64| values(&[n], &(0..n as i64).map(|i| i * factor - 7).collect::<Vec<_>>());
        let inputs: Named = vec![("b".into(), numbers(3)), ("a".into(), numbers(5))];
        let expected = instance.run(&views(&inputs)).expect("it runs in this process");
        let answer = worker.run(&views(&inputs)).expect("it runs");
        assert_eq!(answer.get(0).shape(), [n]);
        assert!(agree(answer, &instance, &expected), "{n}");
    }
}

/// The caller's bytes may begin anywhere; in shared memory they begin where kernels want them.
#[test]
fn inputs_may_be_filled_where_the_worker_reads_them() {
    let folder = models::compiled_two();
    let mut worker = launched(&folder, "two.blink");
    for n in [3, 0, 100_000] {
        let numbers = |factor: i64| values(&[n], &(0..n as i64).map(|i| i * factor - 7).collect::<Vec<_>>());
        let inputs: Named = vec![("b".into(), numbers(3)), ("a".into(), numbers(5))];
        let expected: Vec<_> = worker
            .run(&views(&inputs))
            .expect("it runs")
            .iter()
            .map(|(_, view)| view.bytes().unwrap().to_vec())
            .collect();
        let fill = |index: usize, bytes: &mut [u8]| {
            bytes.copy_from_slice(inputs[index].1.view().bytes().expect("numbers"));
        };
        let answer = worker.run_filled(ONLY_MODEL, &unfilled(&views(&inputs)), fill).expect("it runs");
        assert!(answer.iter().zip(&expected).all(|((_, view), expected)| view.bytes() == Some(expected)), "{n}");
    }
}

#[test]
fn strings_are_given_with_strings_alone() {
    let folder = models::compiled_two();
    let mut worker = launched(&folder, "two.blink");
    let words = ["a".to_owned(), "b".to_owned()];
    for (dtype, strings) in [(DType::String, None), (DType::String, Some(&words[..1])), (DType::I64, Some(&words[..]))]
    {
        let wrong = [Unfilled { name: "a", dtype, shape: &[2], strings }];
        let answer = worker.run_filled(ONLY_MODEL, &wrong, |_, _| ());
        assert!(matches!(answer, Err(WorkerError::Memory { .. })), "{dtype} {strings:?}");
    }
    let expected = worker.run(&[("a", values(&[1], &[2i64]).view()), ("b", values(&[1], &[3i64]).view())]);
    assert!(expected.is_ok_and(|answer| same(answer.get(0), values(&[1], &[5i64]).view())), "it was not asked before");
}

#[test]
fn inputs_are_taken_from_anywhere() {
    let folder = models::compiled_one();
    let bytes: Vec<u8> = [0].into_iter().chain(models::X.iter().flat_map(|x| x.to_le_bytes())).collect();
    let view = TensorView::new(blink_tensors::DType::F32, &[2, 3], &bytes[1..]).expect("24 bytes");
    let mut worker = launched(&folder, "one.blink");
    let answer = worker.run(&[("x", view)]).expect("it runs");
    assert!(same(answer.get(0), models::y().view()));
    assert!(answer.iter().all(|(name, view)| name == "y" && same(view, answer.get(0))) && !answer.is_empty());
}

#[test]
fn many_workers_answer_at_once() {
    let (one, two) = (models::compiled_one(), models::compiled_two());
    let launcher = launcher();
    let number = |n: i64| values(&[1], &[n]);
    let answers = |seed: i64| {
        let mut ones = launcher.launch(&spec(&one, "one.blink")).expect("a worker is launched");
        let mut twos = launcher.launch(&spec(&two, "two.blink")).expect("a worker is launched");
        for n in seed..seed + 10 {
            let (a, b): (Tensor, Tensor) = (number(n), number(10));
            let answer = twos.run(&[("a", a.view()), ("b", b.view())]).expect("it runs");
            assert!(same(answer.get(0), number(n + 10).view()) && same(answer.get(1), number(n * 10).view()));
            let answer = ones.run(&[("x", models::x().view())]).expect("it runs");
            assert!(same(answer.get(0), models::y().view()));
        }
    };
    std::thread::scope(|scope| {
        let answers = &answers;
        (0..4).for_each(|seed| _ = scope.spawn(move || answers(100 * seed)));
    });
    assert_eq!((launcher.counts().normal, launcher.counts().restored), (8, 0));
}

#[test]
fn the_timeline_is_of_the_start_and_the_first_run() {
    let folder = models::compiled_one();
    let before = blink_runtime::timeline::now();
    let mut worker = launched(&folder, "one.blink");
    worker.run(&[("x", models::x().view())]).expect("it runs");
    let timeline = *worker.timeline();
    let phases: Vec<_> = timeline.recorded().iter().map(|recorded| recorded.phase).collect();
    // Neither restored, nor with a guest, nor on a device.
    let others = [Phase::Restore, Phase::Link, Phase::Guest, Phase::Context, Phase::Weights];
    let expected = Phase::ALL.into_iter().filter(|phase| !others.contains(phase)).collect::<Vec<_>>();
    assert_eq!(phases, expected);
    let recorded = timeline.recorded();
    assert!(recorded.is_sorted_by_key(|recorded| recorded.begin), "{recorded:?}");
    assert!(recorded[0].begin >= before && recorded.iter().all(|recorded| recorded.begin <= recorded.end));
    assert_eq!(timeline.spans()[0].start_ms, 0.0);

    worker.run(&[("x", models::x().view())]).expect("it runs");
    assert_eq!(worker.timeline().recorded(), recorded, "later runs are not in it");
}

#[test]
fn every_start_is_counted_with_its_reason() {
    let folder = models::compiled_one();
    let (launcher, mut spec) = (launcher(), spec(&folder, "one.blink"));
    assert_eq!(launcher.counts(), Default::default());
    let normal = launcher.launch(&spec).expect("a worker is launched");
    assert_eq!((normal.start(), normal.threads()), (&Start::Normal { reason: None }, 2));
    spec.start = StartMode::Auto;
    let auto = launcher.clone().launch(&spec).expect("a worker is launched");
    let Start::Normal { reason: Some(reason) } = auto.start() else { panic!("{:?}", auto.start()) };
    let counts = launcher.counts();
    assert_eq!((counts.normal, counts.restored), (2, 0));
    assert_eq!(counts.reasons.into_iter().collect::<Vec<_>>(), [(reason.name(), 1)]);
}
