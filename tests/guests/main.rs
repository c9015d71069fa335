//! Guests: programs around the model, in a worker, in a sandbox.
//!
//! | file | what it proves |
//! |---|---|
//! | `answers.rs` | a guest's answer is the model's, bit for bit, by both interfaces and both starts |
//! | `examples.rs` | the programs of `examples/guests/` do what they say |
//! | `grants.rs` | a guest has what it was given, and nothing else |
//! | `http.rs` | a guest that answers HTTP requests does so on the socket it is given, and nowhere else |
//! | `hostile.rs` | whatever a guest does, the worker lives and its next answer is right |
//! | `changed.rs` | an artifact that is cut while its guest runs |
//! | `ends.rs` | exit codes pass through, traps and limits are told |
//! | `native.rs` | native code of an artifact is run where a trusted key has signed it, and nowhere else |
//! | `trust.rs` | native code of another engine is not run; a damaged guest is not run |
//! | `apart.rs` | guests and models that were not compiled together; models that a guest brings |
//! | `restored.rs` | what a restored worker's guest must not share with another's |

mod answers;
mod apart;
mod changed;
mod ends;
mod examples;
mod grants;
mod hostile;
mod http;
mod native;
mod programs;
mod restored;
#[path = "../support/mod.rs"]
mod support;
mod trust;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::AsFd;

use blink_runtime::{GuestReport, GuestRequest, Worker};

/// Runs a worker's guest with `stdin`; its report and what it wrote to stdout. It may bring no model.
fn run(worker: &mut Worker, request: &GuestRequest, stdin: &[u8]) -> (GuestReport, Vec<u8>) {
    let mut input = tempfile::tempfile().expect("a temporary file");
    input.write_all(stdin).expect("room");
    input.seek(SeekFrom::Start(0)).expect("a file");
    let mut output = tempfile::tempfile().expect("a temporary file");
    let null = File::options().write(true).open("/dev/null").expect("a null device");
    let streams = [input.as_fd(), output.as_fd(), null.as_fd()];
    let report = worker.run_guest(request, streams, &mut |_| Err("no model may be brought".into()));
    let report = report.unwrap_or_else(|error| panic!("{error}"));
    output.seek(SeekFrom::Start(0)).expect("a file");
    let mut written = Vec::new();
    output.read_to_end(&mut written).expect("a file");
    (report, written)
}

/// A request with these arguments and everything else as it comes.
fn request(arguments: &[&str]) -> GuestRequest {
    GuestRequest { arguments: arguments.iter().map(|&word| word.to_owned()).collect(), ..GuestRequest::default() }
}
