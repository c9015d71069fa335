//! Bytes that are no good HTTP: whatever is sent, the server lives, and answers others meanwhile.

use std::io::ErrorKind;
use std::time::Duration;

use crate::http::Http;
use crate::models::{ask_one, home, is_one};
use crate::server::{Server, wait};
use crate::support::home::Home;

fn serving(words: &str) -> (Home, Server) {
    let home = home(&["one"]);
    let server = Server::start(&home, words);
    (home, server)
}

/// Sends these bytes; the status of the answer, or `None` where the connection was closed without one.
fn status(server: &Server, bytes: impl AsRef<[u8]>) -> Option<u16> {
    let mut connection = server.connect();
    let _ = connection.send(bytes);
    let status = match connection.try_reply() {
        Ok(reply) => Some(reply.status),
        Err(error) => {
            assert_ne!(error.kind(), ErrorKind::WouldBlock, "neither an answer nor an end");
            None
        }
    };
    is_one(server.infer("one", ask_one()), 1.0);
    status
}

fn is_refused(server: &Server, bytes: impl AsRef<[u8]>) {
    let found = status(server, bytes);
    assert!(found.is_none_or(|status| (400..500).contains(&status)), "{found:?}");
}

#[test]
fn a_body_that_says_it_is_without_end() {
    let (_home, server) = serving("");
    for length in ["99999999999", "67108865"] {
        let head = format!("POST /v2/models/one/infer HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        // Refused on its word: nothing of it need come.
        assert_eq!(status(&server, head), Some(413), "{length}");
    }
    for length in ["18446744073709551616", "-1", "abc", "+5", "5, 6", ""] {
        is_refused(
            &server,
            format!("POST /v2/models/one/infer HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{{}}"),
        );
    }
}

#[test]
fn two_lengths_at_once() {
    let (_home, server) = serving("");
    for headers in [
        "content-length: 2\r\ncontent-length: 40\r\n",
        "content-length: 4\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        "transfer-encoding: gzip\r\n",
        "transfer-encoding: xchunked\r\n",
    ] {
        let smuggled = "GET /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n";
        let mut connection = server.connect();
        let head = format!("POST /v2/models/one/infer HTTP/1.1\r\nhost: x\r\n{headers}\r\n0\r\n\r\n{smuggled}");
        let _ = connection.send(head);
        // One request was sent, whatever it was. Health is not what it asked.
        if let Ok(reply) = connection.try_reply() {
            assert!((400..500).contains(&reply.status), "{headers}: {reply:?}");
        }
        is_one(server.infer("one", ask_one()), 1.0);
    }
}

#[test]
fn chunks_that_are_none() {
    let (_home, server) = serving("");
    let head = "POST /v2/models/one/infer HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    for chunk in
        ["zz\r\n", "-1\r\n", "ffffffffffffffffff\r\n", "5\r\nabc\r\n0\r\n\r\n", "1\r\nabc", "\r\n", "1;a=b\r\nx\r\nq"]
    {
        is_refused(&server, format!("{head}{chunk}\r\n\r\n"));
    }
    let endless = format!("{head}{};{}\r\n", "1", "x".repeat(1 << 20));
    is_refused(&server, endless);
}

#[test]
fn heads_that_are_none() {
    let (_home, server) = serving("");
    let many: String = (0..5000).map(|number| format!("x-{number}: y\r\n")).collect();
    let heads = [
        "\0\0\0\0\0\0\0\0\r\n\r\n".to_owned(),
        "GET\r\n\r\n".into(),
        "GET / HTTP/9.9\r\n\r\n".into(),
        "GET http://[::1/ HTTP/1.1\r\n\r\n".into(),
        "GET /\u{0} HTTP/1.1\r\nhost: x\r\n\r\n".into(),
        "GET /v2 HTTP/1.1\r\nno colon\r\n\r\n".into(),
        "GET /v2 HTTP/1.1\r\nbad name: x\r\n\r\n".into(),
        "GET /v2 HTTP/1.1\r\nx: a\u{0}b\r\n\r\n".into(),
        "GET /v2 HTTP/1.1\r\n folded: x\r\n\r\n".into(),
        format!("GET /v2 HTTP/1.1\r\n{many}\r\n"),
        format!("GET /v2 HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(1 << 20)),
        format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(1 << 20)),
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}\r\n\r\n".into(),
    ];
    heads.iter().for_each(|head| is_refused(&server, head));
}

#[test]
fn frames_that_are_none() {
    let (_home, server) = serving("");
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let frames: [&[u8]; 5] = [
        &[0xff; 100],
        // Longer than any may be.
        &[0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1],
        // Data for a stream that is not there.
        &[0, 0, 1, 0, 1, 0, 0, 0, 1, 0],
        // Headers that are no HPACK.
        &[0, 0, 4, 1, 5, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff],
        // Settings of a length that they cannot have.
        &[0, 0, 5, 4, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5],
    ];
    for frame in frames {
        for address in [server.http(), server.grpc()] {
            let mut connection = Http::to(address);
            let _ = connection.send([&preface[..], frame].concat());
            // It speaks frames back, and ends.
            assert!(connection.try_reply().is_err());
            is_one(server.infer("one", ask_one()), 1.0);
        }
    }
}

/// Streams opened and reset at once, over and over, as fast as they can be sent.
#[test]
fn streams_reset_as_fast_as_they_are_opened() {
    let (_home, server) = serving("");
    let mut connection = Http::to(server.http());
    let mut sent = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for stream in (1..40_001u32).step_by(2) {
        // GET, http, /, in HPACK's static table.
        sent.extend([0, 0, 3, 1, 5]);
        sent.extend(stream.to_be_bytes());
        sent.extend([0x82, 0x86, 0x84]);
        sent.extend([0, 0, 4, 3, 0]);
        sent.extend(stream.to_be_bytes());
        sent.extend([0, 0, 0, 8]);
    }
    let _ = connection.send(sent);
    is_one(server.infer("one", ask_one()), 1.0);
    drop(connection);
    wait("no request left of them", || (server.metric("blink_queue_depth", &[]) == 0.0).then_some(()));
}

/// Clients that send nothing, a piece of a head, or a piece of a body, are cut off; others are not held up by them.
#[test]
fn clients_that_never_finish() {
    let (_home, server) = serving("--client-timeout 300ms");
    let pieces = ["", "POST /v2/models/one/infer HT", "POST /v2/models/one/infer HTTP/1.1\r\nhost: x\r\ncontent-len"];
    let body = "POST /v2/models/one/infer HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{\"inputs";
    let mut waiting: Vec<Http> = pieces
        .iter()
        .chain([&body])
        .map(|piece| {
            let mut connection = server.connect();
            connection.send(piece).expect("it is read");
            connection
        })
        .collect();
    is_one(server.infer("one", ask_one()), 1.0);
    for (connection, piece) in waiting.iter_mut().zip(pieces.iter().chain([&body])) {
        match connection.try_reply() {
            Ok(reply) => assert!([400, 408, 504].contains(&reply.status), "{piece}: {reply:?}"),
            Err(error) => assert_ne!(error.kind(), ErrorKind::WouldBlock, "{piece}: never cut off"),
        }
    }
    is_one(server.infer("one", ask_one()), 1.0);
}

/// More connections than may be: those past the limit wait, and are served when there is room.
#[test]
fn more_connections_than_may_be() {
    let (_home, server) = serving("--connections 4 --client-timeout 1s");
    let mut idle: Vec<Http> = (0..8).map(|_| server.connect()).collect();
    std::thread::sleep(Duration::from_millis(100));
    idle.truncate(2);
    is_one(server.infer("one", ask_one()), 1.0);
}
