//! ONNX Runtime called in this process, from the start to the end of sessions: what `ci/valgrind.sh` watches. It needs
//! the library that `blink setup` installs.

use blink_artifact::manifest::{Dim, ValueSpec};
use blink_runtime::engine::{Engine, Graph, Optimise, Session, SessionOptions, Stop};
use blink_runtime::{EngineError, Timeline, library};
use blink_tensors::{DType, Tensor};

/// `x` f32 [batch, 3] times [[0, 1], [1, 2], [1, 3]] is `y` f32 [batch, 2].
const ONE: &[u8] = include_bytes!("one.onnx");
const X: [f32; 6] = [1.0, 2.0, 3.0, -1.0, 0.5, 0.0];
const Y: [f32; 4] = [5.0, 14.0, 0.5, 0.0];

fn engine() -> &'static Engine {
    let library = library::find().unwrap_or_else(|error| panic!("this test needs ONNX Runtime: {error}"));
    Engine::start(&library, &mut Timeline::new()).expect("the library loads")
}

fn value(name: &str, columns: u64) -> ValueSpec {
    ValueSpec {
        name: name.into(),
        dtype: DType::F32,
        dims: Some(vec![Dim::from("batch"), Dim::from(columns)]),
        optional: false,
    }
}

fn session(graph: &'static [u8], threads: usize, prepack: bool) -> Result<Session, EngineError> {
    let options = SessionOptions {
        threads,
        prepack,
        optimise: Optimise::All,
        leave_out: &[],
        dims: Vec::new(),
        save: None,
        pin: false,
    };
    Session::new(engine(), Graph::Bytes(graph), &options, &[value("x", 3)], &[value("y", 2)])
}

fn bytes(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn sessions_start_answer_and_end() {
    let x = Tensor::from_bytes(DType::F32, &[2, 3], &bytes(&X)).expect("a tensor");
    for (threads, prepack) in [(1, false), (1, true), (2, true)] {
        let session = session(ONE, threads, prepack).expect("ONNX Runtime takes the model");
        for _ in 0..3 {
            let answer = session.run(&[(0, x.view())]).expect("it runs");
            assert_eq!((answer.len(), answer.get(0).shape()), (1, &[2, 2][..]));
            assert_eq!(answer.get(0).bytes(), Some(&bytes(&Y)[..]));
        }
        drop(session);
        engine().release_memory();
    }
}

#[test]
fn what_it_refuses_it_frees() {
    assert!(matches!(session(&ONE[..ONE.len() - 20], 1, false), Err(EngineError::Call { .. })));
    assert!(matches!(session(b"no model", 1, false), Err(EngineError::Call { .. })));
    let session = session(ONE, 1, false).expect("ONNX Runtime takes the model");
    let narrow = Tensor::from_bytes(DType::F32, &[1, 2], &bytes(&X[..2])).expect("a tensor");
    assert!(matches!(session.run(&[(0, narrow.view())]), Err(EngineError::Call { .. })));
    let x = Tensor::from_bytes(DType::F32, &[2, 3], &bytes(&X)).expect("a tensor");
    let stop = Stop::new().expect("a switch");
    stop.stop();
    assert!(session.run_until(&[(0, x.view())], &stop).is_err());
    assert!(session.run(&[(0, x.view())]).is_ok());
}
