//! Guests: bytes in and out at `/apps/NAME`, whatever the guest does.

use crate::http::Reply;
use crate::models::{ask_one, home, is_one};
use crate::server::Server;
use crate::support::Folder;
use crate::support::home::Home;
use crate::support::models::one;

/// A module that gives back what it reads, and whose first byte decides what else it does.
const PROGRAM: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 4)
  ;; At 0 and 8: where to read to, where to write from. At 16: how much that was. Bytes from 1024 on.
  (func $write (local $done i32)
    (i32.store (i32.const 8) (i32.const 1024))
    (i32.store (i32.const 12) (i32.load (i32.const 16)))
    (drop (call $fd_write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 20))))
  (func (export "_start") (local $first i32)
    (loop $more
      (i32.store (i32.const 0) (i32.const 1024))
      (i32.store (i32.const 4) (i32.const 65536))
      (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 16)))
      (if (i32.load (i32.const 16)) (then
        (if (i32.eqz (local.get $first)) (then (local.set $first (i32.load8_u (i32.const 1024)))))
        (if (i32.eq (local.get $first) (i32.const 84)) (then unreachable))
        (if (i32.eq (local.get $first) (i32.const 76)) (then (loop $endless (br $endless))))
        (call $write)
        (br $more))))
    (if (i32.eq (local.get $first) (i32.const 69)) (then (call $proc_exit (i32.const 3))))))"#;

/// A home with the guest `echo` in `models/`, and the model `one` beside it.
pub(crate) fn with_echo() -> Home {
    let home = home(&["one"]);
    let folder = Folder::new();
    folder.model("one.onnx", &one());
    folder.write("echo.wasm", wat::parse_str(PROGRAM).expect("a module"));
    folder.blink("compile one.onnx --guest echo.wasm -o echo.blink").ok();
    std::fs::copy(folder.path("echo.blink"), home.folder.path("models/echo.blink")).expect("room");
    home
}

fn post(server: &Server, body: &[u8]) -> Reply {
    server.post("/apps/echo", body)
}

#[test]
fn bytes_go_in_and_come_out() {
    let home = with_echo();
    let server = Server::start(&home, "");
    for body in [&b"hello"[..], b"", &[0, 255, 10, 13], &vec![b'x'; 300_000]] {
        assert_eq!(post(&server, body).ok().body, body);
    }
    // No instance sees another's.
    assert_eq!(post(&server, b"again").ok().body, b"again");
    assert!(server.workers("echo").len() == 1);
}

#[test]
fn what_a_guest_does_is_its_own_affair() {
    let home = with_echo();
    let server = Server::start(&home, "--time 500ms");
    for (body, statuses) in [("Trap", &[500][..]), ("Exit", &[502]), ("Loop", &[504])] {
        let reply = post(&server, body.as_bytes());
        assert!(statuses.contains(&reply.status), "{body}: {reply:?}");
        reply.refused(reply.status, &[]);
        assert_eq!(post(&server, b"good").ok().body, b"good");
        is_one(server.infer("one", ask_one()), 1.0);
    }
}

#[test]
fn an_app_is_no_model_and_a_model_is_no_app() {
    let home = with_echo();
    let server = Server::start(&home, "");
    server.infer("echo", ask_one()).refused(404, &["echo"]);
    server.post("/apps/one", "x").refused(404, &[]);
    server.post("/apps/absent", "x").refused(404, &[]);
    // Names are whole: what begins like one is another.
    server.post("/apps/echoes", "x").refused(404, &[]);
    // Its models are its own.
    server.infer("echo.one", ask_one()).refused(404, &["echo.one"]);
}

#[test]
fn a_body_past_the_limit() {
    let home = with_echo();
    let server = Server::start(&home, "--max-body 1MiB");
    post(&server, &vec![b'x'; (1 << 20) + 1]).refused(413, &["1048576"]);
    assert_eq!(post(&server, b"good").ok().body, b"good");
}

#[test]
fn an_app_may_have_a_path_of_its_own() {
    let home = with_echo();
    home.folder.write("blink.toml", "[apps.echo]\nprefix = \"/mirror\"\n");
    let server = Server::start(&home, "--config blink.toml");
    assert_eq!(server.post("/mirror", "hello").ok().body, b"hello");
    assert_eq!(server.post("/mirror/deeper?x=1", "hello").ok().body, b"hello");
    server.post("/mirrored", "hello").refused(404, &[]);
}

#[test]
fn many_at_once() {
    let home = with_echo();
    let server = Server::start(&home, "--workers 0..3");
    std::thread::scope(|scope| {
        let ask = |number: usize| {
            let server = &server;
            scope.spawn(move || {
                let body = format!("{number} ").repeat(2000);
                assert_eq!(post(server, body.as_bytes()).ok().body, body.as_bytes());
            })
        };
        let asked: Vec<_> = (0..24).map(ask).collect();
        asked.into_iter().for_each(|thread| thread.join().expect("an answer"));
    });
}
