//! Every form of `--input`: files by extension, raw bytes, stdin; the name given or left out.

use std::io::Cursor;

use blink_tensors::npz;

use crate::support::files::npy_bytes;
use crate::support::folder::Blink;
use crate::support::{Folder, models};

/// What `y` must print as, whatever form the input had.
fn gives_y(blink: Blink) {
    let report = blink.ok().quiet().json("blink.run/1");
    assert_eq!(report["outputs"][0]["values"], serde_json::json!([[5.0, 14.0], [0.5, 0.0]]));
}

fn npz(entries: &[(&str, &blink_tensors::Tensor)]) -> Vec<u8> {
    let entries: Vec<_> = entries.iter().map(|(name, tensor)| ((*name).to_owned(), tensor.view())).collect();
    let mut bytes = Cursor::new(Vec::new());
    npz::encode(&entries, &mut bytes).expect("names differ");
    bytes.into_inner()
}

fn run(folder: &Folder, input: &str) -> Blink {
    folder.blink("run one.blink --start normal --format json --input").arg(input)
}

#[test]
fn npy_with_and_without_its_name() {
    let folder = models::compiled_one();
    gives_y(run(&folder, "x=x.npy"));
    gives_y(run(&folder, "x.npy"));
    gives_y(folder.blink("run one.blink --start normal --format json -i x.npy"));
}

#[test]
fn npy_of_both_orders_of_bytes_and_axes() {
    let folder = models::compiled_one();
    let array = |descr: &str, fortran: &str, data: Vec<u8>| {
        let text = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': (2, 3), }}");
        let padded = format!("{text:<117}\n");
        [&b"\x93NUMPY\x01\x00\x76\x00"[..], padded.as_bytes(), &data].concat()
    };
    let [a, b, c, d, e, f] = models::X;
    folder.write("big.npy", array(">f4", "False", models::X.iter().flat_map(|x| x.to_be_bytes()).collect()));
    gives_y(run(&folder, "big.npy"));
    folder
        .write("columns.npy", array("<f4", "True", [a, d, b, e, c, f].iter().flat_map(|x| x.to_le_bytes()).collect()));
    gives_y(run(&folder, "columns.npy"));
}

#[test]
fn npz_by_entry_and_whole() {
    let folder = models::compiled_one();
    folder.write("x.npz", npz(&[("x", &models::x())]));
    gives_y(run(&folder, "x.npz"));
    gives_y(run(&folder, "x=x.npz"));
    // The only tensor of an archive is meant, whatever it is called there; of several, the one of that name.
    folder.write("other.npz", npz(&[("arr_0", &models::x())]));
    gives_y(run(&folder, "x=other.npz"));
    folder.write("several.npz", npz(&[("y", &models::y()), ("x", &models::x())]));
    gives_y(run(&folder, "x=several.npz"));

    let two = models::compiled_two();
    let number = |n: i64| blink_examples::values(&[1], &[n]);
    two.write("both.npz", npz(&[("b", &number(5)), ("a", &number(3))]));
    let report = two.blink("run two.blink --input both.npz --format json").ok().json("blink.run/1");
    assert_eq!((&report["outputs"][0]["values"][0], &report["outputs"][1]["values"][0]), (&8.into(), &15.into()));
}

#[test]
fn json_as_nested_lists() {
    let folder = models::compiled_one();
    folder.write("x.json", "[[1, 2, 3.0], [-1, 0.5, 0e0]]");
    gives_y(run(&folder, "x.json"));
    gives_y(run(&folder, "x=x.json"));
}

#[test]
fn raw_bytes_with_dtype_and_shape() {
    let folder = models::compiled_one();
    folder.write("x.bin", models::X.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>());
    for spec in ["x:f32:2x3=x.bin", "x:f32:2,3=x.bin", ":f32:2x3=x.bin"] {
        gives_y(run(&folder, spec));
    }
}

#[test]
fn stdin_in_every_form_that_tells_itself() {
    let folder = models::compiled_one();
    let x = models::x();
    gives_y(run(&folder, "-").stdin(npy_bytes(x.view())));
    gives_y(run(&folder, "x=-").stdin(npy_bytes(x.view())));
    gives_y(run(&folder, "-").stdin(npz(&[("x", &x)])));
    gives_y(run(&folder, "-").stdin(" [[1, 2, 3], [-1, 0.5, 0]]\n"));
    let raw: Vec<u8> = models::X.iter().flat_map(|x| x.to_le_bytes()).collect();
    gives_y(run(&folder, "x:f32:2x3=-").stdin(raw));
}

#[test]
fn several_inputs_in_any_order() {
    let folder = models::compiled_two();
    for order in ["--input a=a.npy --input b=b.npy", "--input b=b.npy -i a=a.npy"] {
        let said = folder.blink(&format!("run two.blink --format json {order}")).ok().json("blink.run/1");
        let names: Vec<_> = said["outputs"].as_array().expect("a list").iter().map(|output| &output["name"]).collect();
        assert_eq!(names, ["sum", "product"], "outputs come in the model's order");
        assert_eq!(said["outputs"][0]["values"], serde_json::json!([11, 22, 33]));
        assert_eq!(said["outputs"][1]["values"], serde_json::json!([10, 40, 90]));
    }
}

#[test]
fn an_input_with_a_default_may_be_left_out() {
    let cases = blink_examples::matrix::cases();
    let case = cases.iter().find(|case| case.name == "default_used").expect("a case with a default");
    let folder = Folder::new();
    folder.model("model.onnx", &case.model);
    folder.blink("compile model.onnx").ok();
    let inputs = folder.inputs(&case.inputs);
    let report = folder.blink(&format!("run model.blink {inputs} --format json")).ok().json("blink.run/1");
    assert_eq!(report["outputs"][0]["values"], serde_json::json!([11.0, 22.0]));
    assert!(folder.blink("inspect model.blink").ok().text().contains("may be left out"));
}
