//! Stdout carries data and stderr everything else. Either may be closed or full: that is an error at most, never a
//! panic.

use std::process::Stdio;

use crate::support::{Folder, models};

/// A line for every verb that prints.
const LINES: [&str; 11] = [
    "--help",
    "completions bash",
    "man",
    "setup",
    "doctor",
    "doctor --format json",
    "compile one.onnx",
    "inspect one.blink",
    "verify one.blink --format json",
    "run one.blink --start normal -i x.npy",
    "run one.blink --start normal -i x.npy --output -",
];

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = models::compiled_one();
    for line in LINES {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = folder.blink(line).into_command();
        let output = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().expect("it runs");
        crate::support::Ended::new(line.to_owned(), output).ok().quiet();
    }
}

#[test]
fn nobody_need_read_stderr() {
    let folder = models::compiled_one();
    for (line, code) in [("run one.blink -i x.npy -v", 0), ("compile one.onnx -v", 0), ("run one.blink", 2)] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = folder.blink(line).into_command();
        let output = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(writer).output().expect("it runs");
        assert_eq!(output.status.code(), Some(code), "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_stdout_is_told() {
    let folder = models::compiled_one();
    for line in LINES.iter().filter(|line| **line != "--help") {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device of every Linux");
        let mut command = folder.blink(line).into_command();
        let output = command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped()).output().expect("it runs");
        crate::support::Ended::new((*line).to_owned(), output).refused(1).names(&["No space left on device"]);
    }
}

#[test]
fn no_escape_codes_where_nobody_asked() {
    let folder = models::compiled_one();
    for line in LINES.iter().filter(|line| !line.ends_with(" -")) {
        for colour in [None, Some("1")] {
            let blink = folder.blink(line);
            let ended = match colour {
                Some(value) => blink.env("NO_COLOR", value).ok(),
                None => blink.ok(),
            };
            assert!(!ended.text().contains('\u{1b}') && !ended.stderr.contains('\u{1b}'), "{line}");
        }
    }
}

#[test]
fn json_is_all_of_stdout() {
    let folder = models::compiled_one();
    for (line, schema) in [
        ("setup", "blink.setup/1"),
        ("doctor", "blink.doctor/1"),
        ("compile one.onnx -v", "blink.compile/2"),
        ("inspect one.blink", "blink.inspect/1"),
        ("verify one.blink -v", "blink.verify/1"),
        ("run one.blink -i x.npy -v", "blink.run/1"),
    ] {
        folder.blink(line).arg("--format").arg("json").ok().json(schema);
        // The option may stand before the verb as well.
        folder.blink(&format!("--format json {line}")).ok().json(schema);
    }
}

#[test]
fn nothing_is_printed_where_everything_goes_to_files() {
    let folder = models::compiled_one();
    let said = folder.blink("run one.blink --start normal -i x.npy -o y.npy").ok().quiet();
    assert_eq!(said.text(), "");
    assert_eq!(Folder::new().names(), [""; 0]);
}
