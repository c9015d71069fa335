//! What clients are told when they are refused, however that is: in body and headers nothing of the host, no path, no
//! address, nothing of what is in a file.

use std::fs;
use std::os::unix::fs::symlink;

use crate::http::Reply;
use crate::models::{ask_heavy, ask_one, home, is_one};
use crate::server::{Server, wait};
use crate::support::changes::cut;
use crate::support::home::Home;

/// A word that is in files and directories of the host here, and in no request.
const SECRET: &str = "xyzzy";

/// Nothing of the host is in an answer.
fn is_silent(home: &Home, what: &str, reply: &Reply) {
    let headers: String = reply.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    let all = format!("{headers}\n{}", String::from_utf8_lossy(&reply.body));
    let folder = home.folder.path("");
    let folder = folder.to_str().expect("text");
    let library = home.library().to_str().expect("text");
    for trace in [SECRET, folder, library, "/tmp", "/home", "/root", "/proc", "/usr", ".rs:", ".so", "0x", "78, 79"] {
        assert!(!all.contains(trace), "{what}: '{trace}' is the host's own: {all}");
    }
    assert!(!all.contains("panicked at") && !all.contains("backtrace"), "{what}: {all}");
}

/// Each of these is asked, with its body, and refused.
fn refused(home: &Home, server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) {
    let reply = server.connect().request(method, path, headers, body);
    let what = format!("{method} {path} {headers:?} {}", String::from_utf8_lossy(&body[..body.len().min(80)]));
    assert!(reply.status >= 400, "{what}: {}", reply.status);
    is_silent(home, &what, &reply);
}

/// A server with models that are served, broken, poisoned, of other kinds than their names say, and not there.
fn server(home: &Home) -> Server {
    let file = |name: &str, bytes: &str| home.folder.write(&format!("models/{name}.blink"), bytes);
    file("broken", &format!("{SECRET} is what this file holds"));
    file("empty", "");
    home.folder.write("elsewhere", format!("{SECRET}, which nobody may read here"));
    symlink(home.folder.path("elsewhere"), home.folder.path("models/link.blink")).expect("a link");
    symlink(home.folder.path(SECRET), home.folder.path("models/dangling.blink")).expect("a link");
    fs::create_dir_all(home.folder.path("models/named/1")).expect("a directory");
    let server = Server::start(home, "--poll none --allow-repository-control");
    server.infer("heavy", ask_heavy()).ok();
    cut(&home.folder.path("models/heavy.blink"));
    server.infer("heavy", ask_heavy()).refused(503, &["heavy"]);
    server
}

#[test]
fn no_refusal_tells_of_the_host() {
    let home = home(&["one", "heavy", "hungry"]);
    let server = server(&home);
    let one = ask_one();
    let names = ["one", "heavy", "broken", "empty", "link", "dangling", "absent", "..", "%2e%2e", "a%00b", "a/b", ""];
    for name in names {
        let model = format!("/v2/models/{name}");
        for (method, path, body) in [
            ("POST", format!("{model}/infer"), "{}"),
            ("POST", format!("{model}/infer"), "no json"),
            ("POST", format!("{model}/versions/9/infer"), one.as_str()),
            ("POST", format!("{model}/nothing"), ""),
            ("PUT", format!("{model}/infer"), ""),
            ("GET", format!("{model}/infer"), ""),
            ("GET", format!("{model}/versions/0"), ""),
            ("GET", format!("{model}/versions/x/ready"), ""),
        ] {
            refused(&home, &server, method, &path, &[], body.as_bytes());
        }
        if name != "one" {
            refused(&home, &server, "POST", &format!("{model}/infer"), &[], one.as_bytes());
            refused(&home, &server, "GET", &format!("{model}/ready"), &[], b"");
            refused(&home, &server, "POST", &format!("/v2/repository/models/{name}/load"), &[], b"{}");
        }
    }
    let infer = "/v2/models/one/infer";
    let coding = [("content-encoding", "gzip")];
    refused(&home, &server, "POST", infer, &coding, b"no gzip");
    refused(&home, &server, "POST", infer, &[("content-encoding", "br")], one.as_bytes());
    refused(&home, &server, "POST", infer, &[("inference-header-content-length", "99999999999")], one.as_bytes());
    refused(&home, &server, "POST", infer, &[("inference-header-content-length", "-1")], one.as_bytes());
    let with = |from: &str, to: &str| one.replace(from, to);
    for body in [
        with("\"x\"", "\"y\""),
        with("FP32", "FP64"),
        with("FP32", "WHAT"),
        with("[2,3]", "[2,4]"),
        with("[2,3]", "[4611686018427387904,4]"),
        with("[2,3]", "[]"),
        with("\"data\"", "\"date\""),
        format!("{}{}", "[".repeat(1000), "]".repeat(1000)),
    ] {
        refused(&home, &server, "POST", infer, &[], body.as_bytes());
    }
    // What fails in the worker, in ONNX Runtime's own words.
    let many = r#"{"inputs":[{"name":"n","shape":[1],"datatype":"INT64","data":[4611686018427387904]}]}"#;
    refused(&home, &server, "POST", "/v2/models/hungry/infer", &[], many.as_bytes());
    let late = one.replacen('{', r#"{"parameters":{"timeout":"soon"},"#, 1);
    refused(&home, &server, "POST", infer, &[], late.as_bytes());
    for path in ["/", "/v2/", "/v3", "/../../etc/passwd", "/apps", "/apps/one", "/v2/models/%ff/infer", "/%zz"] {
        refused(&home, &server, "DELETE", path, &[], b"");
    }
    is_one(server.infer("one", one), 1.0);
    let said = server.end();
    assert!(said.contains("heavy.blink is poisoned"), "the log does tell: {said}");
}

/// What is no refusal tells as little: what there is, what is counted, and the page.
#[test]
fn nothing_that_is_told_is_of_the_host() {
    let home = home(&["one", "heavy"]);
    let server = server(&home);
    is_silent(&home, "index", &server.post("/v2/repository/index", "").ok());
    for path in ["/v2", "/v2/models", "/v2/models/one", "/v2/models/one/config", "/v2/models/stats", "/metrics"] {
        is_silent(&home, path, &server.get(path).ok());
    }
    is_silent(&home, "state", &server.get("/blink/v1/state").ok());
    // A snapshot that does not come up has a reason with a path in it, for the log.
    let index = server.post("/v2/repository/index", "").ok().json();
    let broken = index.as_array().expect("a list").iter().find(|entry| entry["name"] == "broken").expect("an entry");
    assert!(broken["reason"].as_str().is_some_and(|reason| reason.contains("not an artifact")), "{broken}");
}

/// Of a worker that cannot be started at all the log alone tells why.
#[test]
fn a_start_that_fails_is_told_to_the_log() {
    let home = home(&["one"]);
    let line = "serve models --http 127.0.0.1:0 --grpc 127.0.0.1:0 --warm never";
    let library = home.folder.path(format!("{SECRET}.so"));
    fs::write(&library, "no library").expect("room");
    let blink = home.blink(line).env(blink_runtime::library::LIBRARY_VARIABLE, &library);
    let server = Server::spawn(blink.into_command());
    server.ready();
    for _ in 0..5 {
        let reply = server.infer("one", ask_one());
        assert_eq!(reply.status, 503);
        is_silent(&home, "start", &reply);
    }
    wait("the log", || server.said().contains(SECRET).then_some(()));
    is_silent(&home, "index", &server.post("/v2/repository/index", "").ok());
}
