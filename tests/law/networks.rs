//! Whole networks, small ones: a ResNet and a BERT answer as ONNX Runtime does on their `.onnx` files, bit for bit.
//!
//! Their products are large enough to be split among threads, which those of the matrix are not. ONNX Runtime picks
//! kernels by the size of a thread's share, and these round differently, so bits belong to a number of threads: with
//! another one numbers agree as floats do, and no more is promised.
//!
//! For unpacked starts the compiler turns large weights round (`compiler/src/transpose.rs`). Products of several rows
//! keep their bits; for a single row ONNX Runtime has kernels of their own, one for each way round, and there numbers
//! agree as floats do.

use blink_compiler::onnx::proto::ModelProto;
use blink_examples::bert::{Bert, Gelu};
use blink_examples::matrix::compare;
use blink_examples::resnet50::{self, ResNet};
use blink_runtime::Model;
use blink_tensors::numeric::iter_f64;

use crate::plain;
use crate::support::Folder;
use crate::support::files::{Named, same};

#[test]
fn a_resnet_answers_as_its_onnx_file() {
    let resnet = ResNet::tiny();
    let images = [1, 3].map(|batch| vec![("input".to_owned(), resnet50::images(batch, 32, 7))]);
    answers_as_its_onnx_file(&resnet.model(), &images);
}

#[test]
fn a_bert_answers_as_its_onnx_file() {
    let bert = Bert { hidden: 128, intermediate: 256, ..Bert::tiny() };
    let texts = [(1, 1), (1, 64), (2, 33)].map(|(batch, sequence)| bert.inputs(batch, sequence, 5));
    answers_as_its_onnx_file(&bert.model(), &texts);
    answers_as_its_onnx_file(&Bert { gelu: Gelu::Operator, ..bert }.model(), &texts);
}

/// In every setting, and with one thread as with more.
fn answers_as_its_onnx_file(network: &ModelProto, inputs: &[Named]) {
    let folder = Folder::new();
    let onnx = folder.model("network.onnx", network);
    for options in ["", "--target portable", "--prepack on", "--prepack off"] {
        folder.blink(&format!("compile network.onnx -o network.blink {options}")).ok();
        folder.blink("verify network.blink").ok().quiet();
        let model = Model::open(folder.path("network.blink")).expect("it was made for this host");
        for given in inputs {
            let shape = given[0].1.shape();
            let alone = plain::answer(&onnx, model.record(), 1, given);
            for threads in [1, 2, 3] {
                let reference = plain::answer(&onnx, model.record(), threads, given);
                let found = plain::artifact_answer(&model, threads, given);
                if !plain::agree(&reference, &found) {
                    println!("NOT {options} {shape:?} with {threads} threads");
                }
                for (alone, found) in alone.iter().zip(found.iter()) {
                    assert!(iter_f64(found).into_iter().flatten().all(f64::is_finite));
                    assert_eq!(compare(alone, found, 1e-5), Ok(()), "{options} {shape:?} with {threads} threads");
                }
            }
        }
    }
}

#[test]
fn fresh_processes_give_the_same_bits() {
    let bert = Bert::tiny();
    let folder = Folder::new();
    folder.model("bert.onnx", &bert.model());
    folder.blink("compile bert.onnx -o bert.blink").ok();
    let arguments = folder.inputs(&bert.inputs(2, 16, 9));
    let like = vec![("last_hidden_state".to_owned(), blink_examples::values(&[0], &[0f32; 0]))];
    let run = |stem: &str| {
        let outputs = folder.outputs(&like, stem);
        folder.blink(&format!("run bert.blink --threads 2 {arguments} {outputs}")).ok();
        folder.read_outputs(&like, stem)
    };
    let (first, second) = (run("first"), run("second"));
    assert_eq!(first[0].1.shape(), [2, 16, 32]);
    assert!(same(first[0].1.view(), second[0].1.view()));
}
