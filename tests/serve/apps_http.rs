//! Guests that answer HTTP requests: what clients send reaches them, what they answer reaches clients, and who goes
//! away leaves nothing behind.

use blink_examples::guests::{digits_model, held_out, http_guest};

use crate::http::Reply;
use crate::models::{ask_one, home, is_one};
use crate::server::{Server, wait};
use crate::support::Folder;
use crate::support::home::Home;

/// A home with the app `digits` in `models/`, and the model `one` beside it.
fn with_digits() -> Home {
    let home = home(&["one"]);
    let folder = Folder::new();
    folder.write("digits.onnx", digits_model());
    let guest = http_guest().unwrap_or_else(|error| panic!("{error}"));
    folder.blink("compile digits.onnx -o app.blink --guest").arg(guest).ok();
    std::fs::copy(folder.path("app.blink"), home.folder.path("models/digits.blink")).expect("room");
    home
}

fn post(server: &Server, picture: &[u8]) -> Reply {
    server.post("/apps/digits/tell?me=now", picture)
}

#[test]
fn pictures_are_answered() {
    let home = with_digits();
    let server = Server::start(&home, "");
    let digits = held_out();
    let mut right = 0;
    for digit in digits.iter().take(20) {
        let reply = post(&server, &digit.png).ok();
        assert_eq!(reply.header("content-type"), Some("application/json"));
        right += usize::from(reply.json()["digit"] == u64::from(digit.label));
    }
    assert!(right >= 17, "{right} of 20");
    // The guest's own refusals are its own answers.
    assert_eq!(post(&server, b"no picture").status, 400);
    assert_eq!(server.get("/apps/digits").status, 405);
    assert_eq!(server.workers("digits").len(), 1, "one worker for all of them");
    server.infer("digits", ask_one()).refused(404, &["digits"]);
}

#[test]
fn bodies_in_chunks_and_past_the_limit() {
    let home = with_digits();
    let server = Server::start(&home, "--max-body 1MiB");
    let picture = &held_out()[0].png;
    let chunk = |bytes: &[u8]| [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let chunks: Vec<u8> = picture.chunks(7).flat_map(chunk).chain(*b"0\r\n\r\n").collect();
    let chunked = [("transfer-encoding", "chunked")];
    let reply = server.connect().request("POST", "/apps/digits/", &chunked, &chunks).ok();
    assert!(reply.json()["digit"].is_u64());

    let long = vec![b'x'; (1 << 20) + 1];
    post(&server, &long).refused(413, &["1048576"]);
    let long: Vec<u8> = long.chunks(100_000).flat_map(chunk).chain(*b"0\r\n\r\n").collect();
    server.connect().request("POST", "/apps/digits/", &chunked, &long).refused(413, &["1048576"]);
    assert_eq!(post(&server, picture).status, 200);
}

#[test]
fn who_goes_away_leaves_nothing_behind() {
    let home = with_digits();
    let server = Server::start(&home, "");
    let picture = &held_out()[0].png;
    let before = server.workers("digits");
    for length in [picture.len() + 1, picture.len() + 100_000] {
        let mut client = server.connect();
        client.send(crate::http::head("POST", "/apps/digits/", &[], length)).expect("it listens");
        client.send(picture).expect("it listens");
        server.busy("digits");
        drop(client);
        wait("a worker that waits", || server.workers("digits").iter().all(|w| w.state == "idle").then_some(()));
    }
    assert!(before.is_empty());
    assert_eq!(post(&server, picture).status, 200);
    is_one(server.infer("one", ask_one()), 1.0);
    assert!(server.metric("blink_requests_total", &["model=\"digits\""]) >= 1.0);
}
