//! What fails in a worker is told by its runs, and what can be told before is told by the launch.

use std::ffi::OsString;
use std::io;

use blink_examples::values;
use blink_runtime::library::{self, CACHE_VARIABLE, LIBRARY_VARIABLE};
use blink_runtime::{Ended, FailureClass, LaunchError, Launcher, Model, StartMode, Worker, WorkerError, WorkerSpec};
use blink_tensors::TensorView;

use crate::support::files::same;
use crate::support::models;
use crate::{launched, launcher, spec};

/// Class and words of a run that fails, which is the same every time.
fn failed(worker: &mut Worker, inputs: &[(&str, TensorView<'_>)]) -> (FailureClass, String) {
    let mut fail = || match worker.run(inputs) {
        Err(WorkerError::Failed { class, message }) => (class, message),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("expected a failure"),
    };
    let first = fail();
    assert_eq!(fail(), first);
    first
}

#[test]
fn inputs_that_the_model_does_not_take() {
    let folder = models::compiled_one();
    let model = Model::open(folder.path("one.blink")).expect("it was made for this host");
    let mut worker = launched(&folder, "one.blink");
    let (x, flat, double) = (models::x(), values(&[3], &[0f32; 3]), values(&[2, 3], &[0f64; 6]));
    let wrong: [&[_]; 5] =
        [&[], &[("z", x.view())], &[("x", x.view()), ("x", x.view())], &[("x", flat.view())], &[("x", double.view())]];
    for inputs in wrong {
        let expected = model.check_inputs(inputs).expect_err("they are wrong").to_string();
        assert_eq!(failed(&mut worker, inputs), (FailureClass::Inputs, expected));
        // It goes on.
        let answer = worker.run(&[("x", x.view())]).expect("it runs");
        assert!(same(answer.get(0), models::y().view()));
    }
}

#[test]
fn artifacts_that_cannot_be_opened() {
    let folder = models::compiled_one();
    let whole = folder.read("one.blink");
    folder.write("cut.blink", &whole[..whole.len() - 4096]);
    folder.write("empty.blink", "");
    let cases = [
        ("absent.blink", FailureClass::Unreadable),
        ("cut.blink", FailureClass::Damaged),
        ("empty.blink", FailureClass::Damaged),
        ("one.onnx", FailureClass::Damaged),
    ];
    for (name, class) in cases {
        let expected = Model::open(folder.path(name)).expect_err("it is no artifact").to_string();
        assert_eq!(failed(&mut launched(&folder, name), &[("x", models::x().view())]), (class, expected));
    }
    let mut other = spec(&folder, "one.blink");
    other.model = Some("other".into());
    let expected = Model::open_named(folder.path("one.blink"), Some("other")).expect_err("there is none").to_string();
    let mut worker = launcher().launch(&other).expect("a worker is launched");
    assert_eq!(failed(&mut worker, &[]), (FailureClass::NoSuchModel, expected));
    other.model = Some("one".into());
    let mut worker = launcher().launch(&other).expect("a worker is launched");
    assert!(worker.run(&[("x", models::x().view())]).is_ok());
}

#[test]
fn a_library_that_is_missing_or_is_not_one() {
    let folder = models::compiled_one();
    folder.write("garbage.so", [0x5a; 5000]);
    let with = |name: &str, value: OsString| {
        let mut spec = spec(&folder, "one.blink");
        spec.environment = Some(vec![(name.into(), value)]);
        launcher().launch(&spec).expect("a worker is launched")
    };
    let (class, message) = failed(&mut with(LIBRARY_VARIABLE, "absent.so".into()), &[]);
    let expected = library::LibraryError::NamedMissing { path: "absent.so".into() };
    assert_eq!((class, message), (FailureClass::Library, expected.to_string()));
    let (class, message) = failed(&mut with(CACHE_VARIABLE, folder.path("nowhere").into()), &[]);
    assert_eq!(class, FailureClass::Library);
    assert!(message.contains("blink setup"), "{message}");
    let (class, message) = failed(&mut with(LIBRARY_VARIABLE, folder.path("garbage.so").into()), &[]);
    assert_eq!(class, FailureClass::EngineLoad);
    assert!(message.contains("garbage.so"), "{message}");
}

#[test]
fn what_the_launch_itself_refuses() {
    let folder = models::compiled_one();
    let launch = |change: &dyn Fn(&mut WorkerSpec)| {
        let mut spec = spec(&folder, "one.blink");
        change(&mut spec);
        launcher().launch(&spec).expect_err("it is refused")
    };
    let error = launch(&|spec| spec.options.threads = Some(0));
    assert!(matches!(error, LaunchError::Options(_)), "{error}");
    let error = launch(&|spec| spec.start = StartMode::Snapshot);
    assert!(matches!(error, LaunchError::NoSnapshot { .. }), "{error}");
    let error = launch(&|spec| spec.model = Some("a\0b".into()));
    assert!(matches!(error, LaunchError::Nul { .. }), "{error}");
    let error = launch(&|spec| spec.directory = Some(folder.path("absent")));
    assert!(matches!(&error, LaunchError::Spawn { source, .. } if source.kind() == io::ErrorKind::NotFound), "{error}");
    let error = Launcher::new(folder.path("absent")).launch(&spec(&folder, "one.blink")).expect_err("it is refused");
    assert!(matches!(&error, LaunchError::Spawn { source, .. } if source.kind() == io::ErrorKind::NotFound), "{error}");
}

/// Programs that know nothing of launchers end, whatever they say, and are not waited for in vain.
#[test]
fn programs_that_are_no_workers() {
    let folder = models::compiled_one();
    for (program, ended) in [("/bin/true", Ended::Code(0)), ("/bin/false", Ended::Code(1))] {
        let mut worker = Launcher::new(program).launch(&spec(&folder, "one.blink")).expect("it is launched");
        let error = worker.run(&[("x", models::x().view())]).expect_err("it does not answer");
        assert!(matches!(error, WorkerError::Died { ended: found, .. } if found == ended), "{error}");
    }
}
