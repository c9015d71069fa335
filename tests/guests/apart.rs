//! Guests and models that were not compiled together, and models that a guest brings.

use super::programs::{answer, module};
use super::support::Folder;
use super::support::home::Home;
use super::support::models::{compiled_one, one};

/// A home with `one.onnx`, `one.blink` and the program as `guest.wasm`.
fn home(guest: &[u8]) -> Home {
    let folder = compiled_one();
    folder.write("guest.wasm", guest);
    Home::of(folder)
}

#[test]
fn a_guest_runs_with_models_named_beside_it() {
    let home = home(&module("", "(call $proc_exit (i32.const 3))"));
    for model in ["one.blink", "one=one.blink", "one.onnx"] {
        let ended = home.blink(&format!("run --guest guest.wasm --start normal --model {model}")).ok();
        assert_eq!(ended.stdout, answer(), "{model}");
    }
    home.blink("run --guest guest.wasm --model one.blink --start normal -- x").run().failed(3);
    // The model has another name, and the program asks for `one`: not found.
    home.blink("run --guest guest.wasm --model other=one.blink --start normal").run().failed(8);
    let left: Vec<_> = std::fs::read_dir(home.folder.path("cache"))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("scratch-")), "{left:?}");
}

#[test]
fn its_native_code_is_kept_in_the_cache() {
    let home = home(&module("", "nop"));
    let codes = || std::fs::read_dir(home.folder.path("cache/guests")).map_or(0, Iterator::count);
    assert_eq!(codes(), 0);
    home.blink("run --guest guest.wasm --model one.blink --start normal").ok();
    assert_eq!(codes(), 1);
    home.blink("run --guest guest.wasm --model one.blink --start normal").ok();
    assert_eq!(codes(), 1, "the same program is not compiled again");
    home.folder.write("guest.wasm", module("(func $more)", "nop"));
    home.blink("run --guest guest.wasm --model one.blink --start normal").ok();
    assert_eq!(codes(), 2);
}

#[test]
fn a_guest_without_models_is_refused() {
    let home = home(&module("", "nop"));
    home.blink("run --guest guest.wasm").refused(2).names(&["--model"]);
    home.blink("run --guest guest.wasm --model =x").refused(2).names(&["=x"]);
    home.blink("run one.blink --guest guest.wasm --model one.blink").run().misused();
}

/// A program that brings the ONNX bytes it was built with, asks that model, and writes its answer.
fn bringing(onnx: &[u8]) -> Vec<u8> {
    let data: String = onnx.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let more = format!(r#"(data (i32.const 8192) "{data}")"#);
    let len = onnx.len();
    module(
        &more,
        &format!(
            "(i32.store (i32.const 2000) (i32.const 8192)) (i32.store (i32.const 2004) (i32.const {len}))
             (call $must (call $load (i32.const 2000) (i32.const 1) (i32.const 1) (i32.const 0) (i32.const 256)))
             (call $ask)"
        ),
    )
}

#[test]
fn a_guest_brings_a_model_where_it_may() {
    let folder = Folder::new();
    let onnx = std::fs::read(folder.model("one.onnx", &one())).expect("a model");
    folder.blink("compile one.onnx -o one.blink").ok();
    folder.write("guest.wasm", bringing(&onnx));
    let home = Home::of(folder);
    home.blink("compile one.onnx --guest guest.wasm -o guest.blink").ok();

    let refused = home.blink("run guest.blink --start normal -- x").run();
    assert!(!refused.succeeded() && refused.stdout.is_empty());
    assert!(!home.folder.path("cache/loaded").exists());

    for _ in 0..2 {
        assert_eq!(home.blink("run guest.blink --start normal --allow-load -- x").ok().stdout, answer());
        let kept = std::fs::read_dir(home.folder.path("cache/loaded")).expect("a directory").count();
        assert_eq!(kept, 1, "compiled once");
    }
}

#[test]
fn garbage_that_a_guest_brings_is_an_error_to_it() {
    let folder = Folder::new();
    folder.model("one.onnx", &one());
    folder.write("guest.wasm", bringing(b"this is no model"));
    folder.blink("compile one.onnx --guest guest.wasm -o guest.blink").ok();
    let home = Home::of(folder);
    let ended = home.blink("run guest.blink --start normal --allow-load -- x").run();
    assert!(!ended.succeeded() && ended.stdout.is_empty());
    assert_eq!(home.blink("run guest.blink --start normal --allow-load").ok().stdout, answer());
}
