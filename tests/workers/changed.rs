//! Artifacts that change while a worker has them: what it touched of them is no answer, and nobody else dies.

use std::fs;
use std::sync::Arc;

use blink_artifact::{OpenError, SectionKind};
use blink_runtime::{Ended, FailureClass, Level, Reason, Start, StartMode, Worker, WorkerError, WorkerSpec};

use crate::support::changes::{compiled_wide, cut, flip, wide_x};
use crate::support::home::Home;
use crate::{launcher, spec};

fn answers(worker: &mut Worker) -> Result<(), WorkerError> {
    let x = wide_x();
    let answer = worker.run(&[("x", x.view())])?;
    let (_, y) = answer.iter().next().expect("an output");
    assert!(blink_tensors::numeric::iter_f64(y).into_iter().flatten().all(|y| y == 3.0));
    Ok(())
}

/// Says that the file was cut, as often as it is asked.
fn is_poisoned_by_a_cut(mut worker: Worker) {
    for _ in 0..2 {
        match answers(&mut worker) {
            Err(WorkerError::Poisoned { artifact, source: OpenError::FileLength { .. }, .. }) => {
                assert!(artifact.ends_with("wide.blink"));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(worker.end().has_lost_a_page());
}

#[test]
fn cut_while_a_worker_rests() {
    let folder = compiled_wide();
    for held in [false, true] {
        let path = folder.path("wide.blink");
        let whole = folder.read("wide.blink");
        let file = held.then(|| Arc::new(fs::File::open(&path).expect("a file")));
        let mut worker = launcher().launch(&WorkerSpec { file, ..spec(&folder, "wide.blink") }).expect("a worker");
        answers(&mut worker).expect("an answer");
        cut(&path);
        is_poisoned_by_a_cut(worker);
        fs::remove_file(&path).expect("our file");
        folder.write("wide.blink", whole);
    }
}

#[test]
fn cut_before_a_worker_opens_it() {
    let folder = compiled_wide();
    let path = folder.path("wide.blink");
    let file = Some(Arc::new(fs::File::open(&path).expect("a file")));
    cut(&path);
    let mut worker = launcher().launch(&WorkerSpec { file, ..spec(&folder, "wide.blink") }).expect("a worker");
    match answers(&mut worker) {
        Err(WorkerError::Failed { class: FailureClass::Damaged, .. }) => {}
        other => panic!("{other:?}"),
    }
}

/// It was replaced meanwhile by its name: that is another file, and what the worker died of is not known any more.
#[test]
fn cut_and_then_replaced() {
    let folder = compiled_wide();
    let path = folder.path("wide.blink");
    let whole = folder.read("wide.blink");
    let mut worker = launcher().launch(&spec(&folder, "wide.blink")).expect("a worker");
    answers(&mut worker).expect("an answer");
    cut(&path);
    folder.write("other.blink", whole);
    fs::rename(folder.path("other.blink"), &path).expect("one directory");
    match answers(&mut worker) {
        Err(error @ WorkerError::Died { ended, .. }) => {
            assert!(ended.has_lost_a_page() && error.to_string().contains("was cut"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    let mut next = launcher().launch(&spec(&folder, "wide.blink")).expect("a worker");
    answers(&mut next).expect("an answer");
}

fn warmed() -> Home {
    let home = Home::of(compiled_wide());
    home.warm("wide.blink");
    home
}

fn restored(home: &Home) -> Worker {
    let mut worker = home.launcher().launch(&home.spec("wide.blink", StartMode::Auto)).expect("a worker");
    answers(&mut worker).expect("an answer");
    assert_eq!(*worker.start(), Start::Snapshot);
    worker
}

/// No normal worker takes its place: it would be of the same file.
#[test]
fn cut_while_a_restored_worker_rests() {
    let home = warmed();
    let worker = restored(&home);
    cut(&home.folder.path("wide.blink"));
    is_poisoned_by_a_cut(worker);
    assert_eq!(home.images().len(), 1, "the snapshot is not to blame");
    // It is of another state of the file than this one, so it is not used either.
    let mut next = home.launcher().launch(&home.spec("wide.blink", StartMode::Snapshot)).expect("a worker");
    match answers(&mut next) {
        Err(WorkerError::NotRestored { reason: Reason::FileChanged { .. } }) => {}
        other => panic!("{other:?}"),
    }
}

/// The artifact is whole: it is the snapshot that goes, and a normal worker answers.
#[test]
fn a_snapshot_that_is_cut_costs_no_answer() {
    let home = warmed();
    let mut worker = restored(&home);
    let image = home.images().remove(0);
    let file = fs::File::options().write(true).open(&image);
    file.and_then(|file| file.set_len(4096)).expect("our file, and root's");
    answers(&mut worker).expect("an answer");
    match worker.start() {
        // Which signal it was depends on whether the kernel still had room to tell: that memory was the snapshot's, too.
        Start::Normal { reason: Some(Reason::Crashed { how }) } => assert!(how.contains("signal"), "{how}"),
        other => panic!("{other:?}"),
    }
    assert!(home.images().is_empty());
}

#[test]
fn each_level_finds_what_it_promises() {
    let answered = |kind: Option<SectionKind>, level: Level| {
        let folder = compiled_wide();
        kind.into_iter().for_each(|kind| flip(&folder.path("wide.blink"), kind));
        let mut worker = launcher().launch(&WorkerSpec { level, ..spec(&folder, "wide.blink") }).expect("a worker");
        let mut told = Vec::new();
        for _ in 0..2 {
            told.push(answers(&mut worker));
            told.push(worker.wait_checked());
        }
        told.push(answers(&mut worker));
        told
    };
    let poisoned = |told: &Result<(), WorkerError>| matches!(told, Err(WorkerError::Poisoned { .. }));
    for level in Level::ALL {
        assert!(answered(None, level).iter().all(Result::is_ok), "{level}");
        let damaged = answered(Some(SectionKind::Graph), level);
        assert!(matches!(damaged[0], Err(WorkerError::Failed { class: FailureClass::Damaged, .. })), "{level}");
        let told = answered(Some(SectionKind::Weights), level);
        match level {
            Level::Code => assert!(told.iter().all(Result::is_ok), "{told:?}"),
            // The answer was given; what comes later is not.
            Level::Lazy => assert!(told[0].is_ok() && poisoned(&told[1]) && told[4].is_err(), "{told:?}"),
            Level::Full => assert!(poisoned(&told[0]) && told[4].is_err(), "{told:?}"),
        }
    }
}

/// Whoever asks for the full level gets no answer that was computed before the last byte was looked at.
#[test]
fn a_restored_worker_waits_for_the_full_level_too() {
    let home = warmed();
    let spec = WorkerSpec { level: Level::Full, ..home.spec("wide.blink", StartMode::Auto) };
    let mut worker = home.launcher().launch(&spec).expect("a worker");
    answers(&mut worker).expect("an answer");
    assert_eq!((worker.start().name(), worker.end()), ("snapshot", Ended::Code(0)));
}
