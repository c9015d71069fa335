//! Inputs that the model does not take, and outputs that it does not give: exit code 2.

use blink_examples::values;

use crate::support::{Folder, Refusal, models};

fn one(folder: &Folder, arguments: &str) -> Refusal {
    folder.blink(&format!("run one.blink {arguments}")).refused(2)
}

fn two(folder: &Folder, arguments: &str) -> Refusal {
    folder.blink(&format!("run two.blink {arguments}")).refused(2)
}

#[test]
fn names() {
    let folder = models::compiled_one();
    one(&folder, "--input z=x.npy").names(&["'z'", "x"]);
    one(&folder, "").names(&["'x'", "missing", "f32[batch, 3]"]);
    one(&folder, "--input x.npy --input x=x.npy").names(&["'x'", "twice"]);
    one(&folder, "--input x.npy --output q=out.npy").names(&["'q'", "y"]);

    let folder = models::compiled_two();
    two(&folder, "--input a=a.npy").names(&["'b'", "missing", "a i64[n]", "b i64[n]"]);
    two(&folder, "--input a.npy").names(&["a.npy", "NAME=FILE", "a, b"]);
    two(&folder, "--input a=a.npy --input b=b.npy --output out.npy").names(&["out.npy", "NAME=FILE", "sum, product"]);
    assert!(!folder.names().contains(&"out.npy".to_owned()));
}

#[test]
fn dtypes_and_shapes() {
    let folder = models::compiled_one();
    folder.npy("double.npy", &values(&[2, 3], &[0f64; 6]));
    one(&folder, "--input double.npy").names(&["'x'", "f64", "f32[batch, 3]"]);
    folder.npy("vector.npy", &values(&[3], &[0f32; 3]));
    one(&folder, "--input vector.npy").names(&["'x'", "[3]", "rank 1", "f32[batch, 3]"]);
    folder.npy("narrow.npy", &values(&[2, 2], &[0f32; 4]));
    one(&folder, "--input narrow.npy").names(&["'x'", "[2, 2]", "dim 1", "f32[batch, 3]"]);

    let folder = models::compiled_two();
    folder.npy("longer.npy", &values(&[4], &[0i64; 4]));
    two(&folder, "--input a=a.npy --input b=longer.npy").names(&["'b'", "4", "'n'", "3"]);
}

#[test]
fn files_that_hold_no_tensor() {
    let folder = models::compiled_one();
    one(&folder, "--input absent.npy").names(&["absent.npy"]);
    folder.write("x.tensor", [0; 24]);
    one(&folder, "--input x.tensor").names(&["x.tensor", ".npy", ".npz", ".json", "NAME:dtype:shape=FILE"]);
    let whole = folder.read("x.npy");
    for len in [0, 5, 9, 60, whole.len() - 1] {
        folder.write("cut.npy", &whole[..len]);
        one(&folder, "--input cut.npy").names(&["cut.npy"]);
    }
    folder.write("text.npz", "not an archive");
    one(&folder, "--input text.npz").names(&["text.npz"]);
    folder.write("text.json", "[[1, 2,");
    one(&folder, "--input text.json").names(&["text.json"]);
    folder.write("words.json", r#"[["a", "b", "c"]]"#);
    one(&folder, "--input words.json").names(&["words.json"]);
    folder.write("ragged.json", "[[1, 2, 3], [4]]");
    one(&folder, "--input ragged.json").names(&["ragged.json"]);
    folder.write("short.bin", [0; 23]);
    one(&folder, "--input x:f32:2x3=short.bin").names(&["short.bin", "24", "23"]);
    std::fs::create_dir(folder.path("folder.npy")).expect("the folder is ours");
    one(&folder, "--input folder.npy").names(&["folder.npy"]);
}

/// A header can announce any size; nothing is allocated for what is not there.
#[test]
fn a_header_that_announces_more_than_there_is() {
    let folder = models::compiled_one();
    for shape in ["(2, 3, 1000000000)", "(99999999999, 3)", "(18446744073709551615, 3)", "(-2, 3)"] {
        let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let header = [&b"\x93NUMPY\x01\x00\x76\x00"[..], format!("{text:<117}\n").as_bytes(), &[0; 24]].concat();
        folder.write("huge.npy", header);
        one(&folder, "--input huge.npy").names(&["huge.npy"]);
    }
}

#[test]
fn stdin_twice_or_empty() {
    let folder = models::compiled_two();
    let a = folder.read("a.npy");
    folder.blink("run two.blink --input a=- --input b=-").stdin(a).refused(2).names(&["stdin", "once"]);
    let folder = models::compiled_one();
    one(&folder, "--input -").names(&["-"]);
}

#[test]
fn an_archive_without_the_tensor() {
    let folder = models::compiled_two();
    folder.blink("run two.blink -i a=a.npy -i b=b.npy -o both.npz").ok();
    two(&folder, "--input a=both.npz --input b=b.npy").names(&["both.npz", "'a'", "sum, product"]);
    two(&folder, "--input both.npz").names(&["'sum'", "a i64[n]"]);
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = models::compiled_one();
    one(&folder, "--input x.npy --output y.tensor").names(&["y.tensor", ".npy"]);
    one(&folder, "--input x.npy --output y.npy --output y=y.npy").names(&["y.npy", "two outputs"]);
    folder.blink("run one.blink --input x.npy --output absent/y.npy").refused(1).names(&["absent/y.npy"]);
    let cases = blink_examples::matrix::cases();
    let case = cases.iter().find(|case| case.name == "transpose_string").expect("a case with strings");
    folder.model("words.onnx", &case.model);
    folder.blink("compile words.onnx").ok();
    let inputs = folder.inputs(&case.inputs);
    folder.blink(&format!("run words.blink {inputs} --output y.bin")).refused(2).names(&["'y'", "string"]);
    assert!(!folder.names().iter().any(|name| name.starts_with("y.")), "{:?}", folder.names());
}
