//! Models that cannot be compiled: exit code 7 and one line; no artifact appears, an older one stays.

use blink_examples::refused;

use crate::support::Folder;

/// What the line must name, where the fault has a name: the node, the value or the file. The examples say what is
/// wrong with each in its label.
fn name_of_the_fault(label: &str) -> &'static str {
    match label {
        "empty" | "text" | "truncated" | "flipped_bit" | "no_graph" | "no_opset_import" | "no_ir_version" => {
            "model.onnx"
        }
        "cycle" => "'Neg_0'",
        "cycle_through_subgraph" => "'If_0'",
        "missing_value" => "'nowhere'",
        "missing_output" | "duplicate_value" | "map_output" => "'y'",
        "recursive_function" => "'again'",
        "unknown_operator" => "Frobnicate",
        "unknown_domain" => "example.invalid",
        "unsupported_data_type" => "Add",
        "duplicate_input" => "'x'",
        _ if label.ends_with("_input") => "'x'",
        // What is left is wrong with the weight.
        _ => "'w'",
    }
}

#[test]
fn each_with_its_reason() {
    let folder = Folder::new();
    let older = "an older artifact";
    let all = refused::write_all(&folder.path("")).expect("they are written");
    assert!(all.len() >= 40, "{} models", all.len());
    for file in all {
        let compile = |output: &str| {
            let model = file.path.to_str().expect("the folder's path is UTF-8");
            folder.blink(&format!("compile {model} -o {output}")).refused(7)
        };
        let beside = || std::fs::read_dir(file.path.parent().expect("a folder")).expect("a folder").count();
        let before = (folder.names(), beside());
        compile("new.blink").names(&[name_of_the_fault(file.label)]);
        assert_eq!((folder.names(), beside()), before, "{}: something was left behind", file.label);
        folder.write("older.blink", older);
        compile("older.blink");
        assert_eq!(folder.read("older.blink"), older.as_bytes(), "{}", file.label);
        std::fs::remove_file(folder.path("older.blink")).expect("the folder is ours");
    }
}

#[test]
fn models_that_are_not_there() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("folder.onnx")).expect("the folder is ours");
    folder.blink("compile absent.onnx").refused(7).names(&["absent.onnx"]);
    folder.blink("compile folder.onnx").refused(7).names(&["folder.onnx", "not a regular file"]);
    assert_eq!(folder.names(), ["folder.onnx"]);
}
