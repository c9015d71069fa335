//! The programs of `examples/guests/`, compiled with a model and run as a user runs them.

use blink_examples::bert::Bert;
use blink_examples::guests::{Guest, Interface, build, c_guest, digits_model, held_out};
use blink_examples::resnet50::ResNet;
use blink_runtime::{GuestEnded, StartMode};

use super::support::Folder;
use super::support::home::Home;
use super::support::models::one;
use super::{request, run};

const BOTH: [Interface; 2] = [Interface::Module, Interface::Component];
/// Of the held-out digits, as many must be told right.
const ACCURACY: f64 = 0.95;

fn program(guest: Guest, interface: Interface) -> std::path::PathBuf {
    build(guest, interface).unwrap_or_else(|error| panic!("{error}"))
}

fn compile_digits(folder: &Folder, interface: Interface) {
    folder.write("digits.onnx", digits_model());
    folder.blink("compile digits.onnx -o digits.blink --guest").arg(program(Guest::Digits, interface)).ok();
}

#[test]
fn digits_are_told() {
    let digits = held_out();
    assert!(digits.len() >= 300, "{}", digits.len());
    for interface in BOTH {
        let folder = Folder::new();
        compile_digits(&folder, interface);
        let home = Home::of(folder);
        home.warm("digits.blink");
        let mut worker = home.launcher().launch(&home.spec("digits.blink", StartMode::Snapshot)).expect("a worker");
        let is_right = |digit: &blink_examples::guests::Digit| {
            let (report, written) = run(&mut worker, &request(&[]), &digit.png);
            assert_eq!(report.ended, GuestEnded::Exit(0));
            let said = String::from_utf8(written).expect("text");
            said.trim_start().starts_with(&digit.label.to_string())
        };
        let right = digits.iter().map(is_right).filter(|right| *right).count();
        let share = right as f64 / digits.len() as f64;
        println!("{interface:?}: {right} of {} digits", digits.len());
        assert!(share >= ACCURACY, "{interface:?}: {share}");
    }
}

#[test]
fn what_is_no_picture_is_told() {
    let folder = Folder::new();
    compile_digits(&folder, Interface::Module);
    for bytes in [&b""[..], b"no picture", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"] {
        let ended = folder.blink("run digits.blink --start normal").stdin(bytes).run().failed(1);
        assert!(ended.stderr.starts_with("digits: ") && ended.stdout.is_empty(), "{}", ended.stderr);
    }
    let ended = folder.blink("run digits.blink --start normal -- not-given.png").run().failed(1);
    assert!(ended.stderr.contains("not-given.png"), "{}", ended.stderr);
}

#[test]
fn a_picture_is_classified() {
    let folder = Folder::new();
    // ResNet-50's shape outside, small inside.
    let small = ResNet { blocks: vec![1, 1, 1], width: 8, image: 224, classes: 1000, ..ResNet::default() };
    folder.model("resnet50.onnx", &small.model());
    for interface in BOTH {
        folder.blink("compile resnet50.onnx -o classify.blink --guest").arg(program(Guest::Classify, interface)).ok();
        std::fs::create_dir_all(folder.path("photos")).unwrap();
        folder.write("photos/one.png", &held_out()[0].png);
        let piped = folder.blink("run classify.blink --start normal").stdin(folder.read("photos/one.png")).ok();
        let lines: Vec<_> = piped.text().lines().collect();
        assert_eq!(lines.len(), 5, "{lines:?}");
        let shares: Vec<f64> =
            lines.iter().map(|line| line.split('%').next().unwrap().trim().parse().unwrap()).collect();
        assert!(shares.is_sorted_by(|a, b| a >= b), "{shares:?}");
        let named = folder.blink("run classify.blink --start normal --dir ./photos -- photos/one.png").ok();
        assert!(lines.iter().all(|line| named.text().contains(line)), "{}", named.text());
    }
}

#[test]
fn texts_become_vectors() {
    let folder = Folder::new();
    let small = Bert { layers: 1, hidden: 32, heads: 2, intermediate: 64, vocabulary: 8192, ..Bert::default() };
    folder.model("bert.onnx", &small.model());
    for interface in BOTH {
        let compiled =
            folder.blink("compile bert.onnx -o embed.blink --guest").arg(program(Guest::Embed, interface)).ok();
        assert!(compiled.text().contains("initialise"), "{}", compiled.text());
        let embed = |text: &str| {
            let ended = folder.blink("run embed.blink --start normal").stdin(text).ok();
            let vector: Vec<f64> = serde_json::from_str(ended.text().trim()).expect("a list");
            vector
        };
        let vector = embed("a small cat sat on the mat");
        let norm: f64 = vector.iter().map(|x| x * x).sum();
        assert!((norm - 1.0).abs() < 1e-3, "{norm}");
        assert_eq!(vector, embed("a small cat sat on the mat"));
        assert_ne!(vector, embed("prices of copper rose"));
    }
}

#[test]
fn lines_are_answered_one_by_one() {
    let folder = Folder::new();
    folder.model("one.onnx", &one());
    for interface in BOTH {
        folder.blink("compile one.onnx -o stream.blink --guest").arg(program(Guest::Stream, interface)).ok();
        let words = "run stream.blink --start normal -- --model one --input x --output y";
        let ended = folder.blink(words).stdin("[1, 2, 3]\n-1,0.5,0\nnonsense\n[1]\n[0,0,0]\n").ok();
        let lines: Vec<serde_json::Value> =
            ended.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 5, "{lines:?}");
        assert_eq!((&lines[0]["y"], &lines[1]["y"]), (&serde_json::json!([5.0, 14.0]), &serde_json::json!([0.5, 0.0])));
        assert!(lines[2]["error"].is_string() && lines[3]["error"].is_string(), "{lines:?}");
        assert_eq!(lines[4]["y"], serde_json::json!([0.0, 0.0]));
    }
}

#[test]
fn a_guest_may_be_written_in_c() {
    let program = c_guest().unwrap_or_else(|error| panic!("{error}"));
    let folder = Folder::new();
    folder.model("one.onnx", &one());
    folder.blink("compile one.onnx -o c.blink --guest").arg(program).ok();
    let ended = folder.blink("run c.blink --start normal -- one").stdin("1 2 3").ok();
    let numbers: Vec<f32> = ended.text().split_whitespace().map(|word| word.parse().expect("a number")).collect();
    assert_eq!(numbers, [5.0, 14.0]);
    folder.blink("run c.blink --start normal -- one").stdin("1 two 3").run().failed(1);
}
