//! Every form of `--output`: files by extension, stdout; the name given or left out. Files appear whole.

use blink_tensors::{DType, npy, npz};

use crate::support::files::{npy_bytes, same};
use crate::support::{Folder, models};

fn y_bytes() -> Vec<u8> {
    models::Y.iter().flat_map(|y| y.to_le_bytes()).collect()
}

#[test]
fn npy_with_and_without_its_name() {
    let folder = models::compiled_one();
    folder.blink("run one.blink --start normal -i x.npy --output y=named.npy --output plain.npy").ok().quiet();
    let expected = npy_bytes(models::y().view());
    assert!(folder.read("named.npy") == expected && folder.read("plain.npy") == expected);
}

#[test]
fn npz_holds_every_output_under_its_name() {
    let folder = models::compiled_two();
    folder.blink("run two.blink -i a=a.npy -i b=b.npy --output all.npz --output sum=one.npz").ok();
    let all = npz::decode(&folder.read("all.npz")).expect("an archive");
    let names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["sum", "product"]);
    assert!(same(all[1].1.view(), blink_examples::values(&[3], &[10i64, 40, 90]).view()));
    let one = npz::decode(&folder.read("one.npz")).expect("an archive");
    assert_eq!(one.len(), 1);
}

#[test]
fn json_and_raw_bytes() {
    let folder = models::compiled_one();
    let said = folder.blink("run one.blink --start normal -i x.npy -o y.json -o y.bin").ok().quiet();
    assert_eq!(said.text(), "", "what went to files is not printed");
    let value: serde_json::Value = serde_json::from_slice(&folder.read("y.json")).expect("JSON");
    assert_eq!(value, serde_json::json!([[5.0, 14.0], [0.5, 0.0]]));
    assert_eq!(folder.read("y.bin"), y_bytes());
}

#[test]
fn stdout_carries_npy_and_nothing_else() {
    let folder = models::compiled_one();
    let piped = folder.blink("run one.blink --start normal -i x.npy --output -").ok().quiet();
    let tensor = npy::decode(&piped.stdout).expect("an npy file");
    assert!(same(tensor.view(), models::y().view()));
    // Even with JSON asked for, and a file as well.
    let piped = folder.blink("run one.blink -i x.npy --output y=- --output y.npy --format json -v").ok();
    assert!(same(npy::decode(&piped.stdout).expect("an npy file").view(), models::y().view()));
    assert_eq!(folder.read("y.npy"), piped.stdout);
}

#[test]
fn one_output_of_several() {
    let folder = models::compiled_two();
    folder.blink("run two.blink -i a=a.npy -i b=b.npy --output product=p.npy").ok();
    let product = npy::decode_as(&folder.read("p.npy"), Some(DType::I64)).expect("an npy file");
    assert!(same(product.view(), blink_examples::values(&[3], &[10i64, 40, 90]).view()));
    assert!(!folder.names().contains(&"sum.npy".to_owned()));
}

#[test]
fn what_one_run_writes_the_next_one_reads() {
    let folder = Folder::new();
    let cases = blink_examples::matrix::cases();
    for name in ["transpose_bf16", "transpose_f8e5m2", "transpose_string", "transpose_bool", "transpose_f16"] {
        let case = cases.iter().find(|case| case.name == name).expect("a case of the matrix");
        folder.model("there.onnx", &case.model);
        folder.blink("compile there.onnx").ok();
        let there = folder.inputs(&case.inputs);
        folder.blink(&format!("run there.blink {there} -o turned.npy")).ok();
        let turned = npy::decode_as(&folder.read("turned.npy"), Some(case.inputs[0].1.dtype())).expect("an npy file");
        assert!(same(turned.view(), case.expected[0].1.view()), "{name}");
    }
}

#[test]
fn an_output_replaces_an_older_file_and_leaves_nothing_else() {
    let folder = models::compiled_one();
    folder.write("y.npy", "older");
    folder.blink("run one.blink -i x.npy -o y.npy --timeline start.json").ok();
    assert!(npy::decode(&folder.read("y.npy")).is_ok());
    assert_eq!(folder.names(), ["one.blink", "one.onnx", "start.json", "x.npy", "y.npy"]);
}
