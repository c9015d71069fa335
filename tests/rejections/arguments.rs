//! Arguments that mean nothing: exit code 2, before anything is computed or written.

use blink_artifact::HostClass;
use blink_runtime::host;

use crate::support::{Folder, models};

fn with_model() -> Folder {
    let folder = Folder::new();
    folder.model("one.onnx", &models::one());
    folder
}

#[test]
fn thread_counts() {
    let folder = models::compiled_one();
    for threads in ["0", "100000"] {
        let told = format!("threads is {threads}");
        folder.blink(&format!("run one.blink -i x.npy --threads {threads}")).refused(2).names(&[&told, "CPU quota"]);
        folder.blink(&format!("compile one.onnx -o other.blink --threads {threads}")).refused(2).names(&[&told]);
    }
    folder.blink("run one.blink --input x.npy --threads many").run().misused().names(&["--threads", "many"]);
    assert!(!folder.names().contains(&"other.blink".to_owned()));
}

#[test]
fn dims_that_the_model_does_not_have() {
    let folder = with_model();
    for option in ["--set-dim", "--golden-dim"] {
        let compile = |spec: &str| folder.blink(&format!("compile one.onnx {option} {spec}"));
        compile("height=3").refused(2).names(&["'height'", "batch"]);
        for spec in ["batch", "batch=", "batch=x", "batch=-1", "=3", "batch=1.5"] {
            compile(spec).run().misused().names(&[option, spec, "NAME=SIZE"]);
        }
    }
    folder.blink("compile one.onnx --set-dim batch=1 --set-dim batch=2").refused(2).names(&["'batch'", "twice"]);
    assert_eq!(folder.names(), ["one.onnx"]);
}

#[test]
fn an_output_that_is_the_model() {
    let folder = with_model();
    std::os::unix::fs::symlink("one.onnx", folder.path("link.blink")).expect("the folder is ours");
    let before = folder.read("one.onnx");
    for output in ["one.onnx", "./one.onnx", "link.blink"] {
        folder.blink(&format!("compile one.onnx -o {output}")).refused(2).names(&[output, "-o"]);
        assert!(folder.read("one.onnx") == before, "{output}");
    }
    // A second name of the same file is given away, and the model keeps its own.
    std::fs::hard_link(folder.path("one.onnx"), folder.path("same.blink")).expect("the folder is ours");
    folder.blink("compile one.onnx -o same.blink").ok();
    assert!(folder.read("one.onnx") == before);
}

#[test]
fn an_output_that_cannot_be_written() {
    let folder = with_model();
    std::fs::create_dir(folder.path("folder")).expect("the folder is ours");
    folder.blink("compile one.onnx -o absent/one.blink").refused(1).names(&["absent"]);
    folder.blink("compile one.onnx -o one.onnx/one.blink").refused(1).names(&["one.onnx"]);
    folder.blink("compile one.onnx -o folder").refused(1).names(&["folder", "not a regular file"]);
    assert_eq!(folder.names(), ["folder", "one.onnx"]);
}

#[test]
fn a_target_of_another_class() {
    let folder = with_model();
    let here = host::class();
    for class in HostClass::ALL {
        if class == here || class == here.portable() {
            continue;
        }
        let refusal = folder.blink(&format!("compile one.onnx --target {class}")).refused(2);
        refusal.names(&[class.name(), here.name(), "--target portable"]);
    }
    folder.blink("compile one.onnx --target toaster").run().misused().names(&["toaster", here.name(), "portable"]);
    assert_eq!(folder.names(), ["one.onnx"]);
}

#[test]
fn names_that_cannot_be_used() {
    let folder = with_model();
    for name in ["", "a/b", "two\nlines"] {
        folder.blink("compile one.onnx --name").arg(name).refused(2).names(&["--name"]);
    }
    folder.blink("compile one.onnx --name").arg("n".repeat(1025)).refused(2).names(&["1024"]);
    assert_eq!(folder.names(), ["one.onnx"]);
}

#[test]
fn a_model_that_the_artifact_does_not_have() {
    let folder = models::compiled_one();
    folder.blink("run one.blink --model other --input x.npy").refused(2).names(&["'other'", "one"]);
}
