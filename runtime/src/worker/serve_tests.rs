//! A worker whose start has failed still answers, and so does one that is sent what is no request.

use std::thread;

use super::*;
use crate::channel::FailureClass;

/// A server on another thread, whose start has failed; its launcher's ends of socket and memory.
fn served(talk: impl FnOnce(&UnixStream, &mut SharedMemory)) {
    let (here, there) = UnixStream::pair().unwrap();
    let mut memory = SharedMemory::new().unwrap();
    let theirs = SharedMemory::of(memory.descriptor().try_clone_to_owned().unwrap());
    let failure = Failure { class: FailureClass::Library, message: "library is missing".to_owned() };
    let server = thread::spawn(move || Server::new(there, theirs, Err(failure), Timeline::new()).serve(|_| ()));
    talk(&here, &mut memory);
    drop(here);
    server.join().unwrap();
}

fn failed(socket: &UnixStream, memory: &mut SharedMemory, packet: Packet) -> (Option<FailureClass>, String) {
    channel::send(socket, packet).unwrap();
    match channel::receive(socket).unwrap() {
        Some(Packet::Failed(class, message)) => {
            (FailureClass::from_code(class), channel::read_text(memory, message).unwrap())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_start_that_failed_is_told_to_every_request() {
    served(|socket, memory| {
        for _ in 0..3 {
            let request = channel::write(memory, 0, &[], &[]).unwrap();
            let (class, message) = failed(socket, memory, Packet::Run(channel::ONLY, request));
            assert_eq!((class, &*message), (Some(FailureClass::Library), "library is missing"));
        }
    });
}

#[test]
fn what_is_no_request_is_told_and_nothing_ends() {
    served(|socket, memory| {
        let request = channel::write(memory, 0, &[], &[]).unwrap();
        let beyond = Place { memory_len: 1 << 50, ..request };
        let outside = Place { offset: u64::MAX - 3, ..request };
        let short = Place { len: request.len - 1, ..request };
        for (place, word) in [(beyond, "memory"), (outside, "lie in"), (short, "damaged")] {
            let (class, message) = failed(socket, memory, Packet::Run(channel::ONLY, place));
            assert_eq!(class, Some(FailureClass::Request), "{message}");
            assert!(message.contains(word), "{message}");
        }
        let request = channel::write(memory, 0, &[], &[]).unwrap();
        let (class, _) = failed(socket, memory, Packet::Run(channel::ONLY, request));
        assert_eq!(class, Some(FailureClass::Library), "a sound request comes as far as the start");
    });
}

#[test]
fn facts_are_told_whatever_the_start_gave() {
    served(|socket, memory| {
        channel::send(socket, Packet::Facts).unwrap();
        let Some(Packet::Answer(0, text)) = channel::receive(socket).unwrap() else { panic!("no answer") };
        let text = channel::read_text(memory, text).unwrap();
        let facts: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(facts["pid"], std::process::id());
        assert!(facts["directory"].is_string() && facts["environment"].is_object());
    });
}

#[test]
fn a_launcher_that_talks_nonsense_loses_its_worker() {
    served(|socket, _| {
        channel::send(socket, Packet::Answer(0, Place::default())).unwrap();
        assert_eq!(channel::receive(socket).unwrap(), None);
    });
}
