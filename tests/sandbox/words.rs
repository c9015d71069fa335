//! The command line, the server, and what they say of walls.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::support::Folder;
use crate::support::home::Home;
use crate::support::models;

#[test]
fn each_level_is_a_word_and_no_other_is() {
    let home = Home::of(models::compiled_one());
    let plain = home.blink("run one.blink --input x.npy --start normal").ok();
    for level in ["strict", "standard", "off"] {
        let run = home.blink(&format!("run one.blink --input x.npy --start normal --sandbox {level} -v")).run();
        let run = run.failed(0);
        assert_eq!(run.text(), plain.text());
        assert!(run.stderr.contains(&format!("blink: sandbox {level}")), "{}", run.stderr);
        home.blink(&format!("bench one.blink --runs 1 --warm-launches 0 --sandbox {level} --format json"))
            .run()
            .failed(0);
    }
    for verb in ["run", "warm", "bench", "serve", "worker --listen 127.0.0.1:0"] {
        home.blink(&format!("{verb} one.blink --sandbox high")).run().misused().names(&["strict", "standard", "off"]);
    }
}

#[test]
fn strict_walls_and_a_device_do_not_go_together() {
    let home = Home::of(models::compiled_one());
    let run = home.blink("run one.blink --input x.npy --device cuda --sandbox strict");
    run.refused(6).names(&["strict walls", "--sandbox standard", "--device cpu"]);
}

#[test]
fn doctor_has_a_row_for_each_wall() {
    let report = Folder::new().blink("doctor --format json").ok().json("blink.doctor/1");
    let names: Vec<_> = report["checks"].as_array().expect("rows").iter().map(|row| row["name"].clone()).collect();
    for name in ["Landlock", "seccomp", "privileges", "sandbox"] {
        assert!(names.iter().any(|found| found == name), "{name}: {report}");
    }
}

/// A server that is ended with the test.
pub(crate) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// The server, what it says until it is ready, and where it listens.
    pub(crate) fn start(mut command: Command) -> (Server, Vec<String>, String) {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let mut server = Server(child.expect("blink starts"));
        let stderr = server.0.stderr.take().expect("a pipe");
        let (mut said, mut address) = (Vec::new(), String::new());
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some((_, at)) = line.split_once("listening on http://") {
                address = at.trim().to_owned();
            }
            let is_ready = line.contains("ready: ");
            said.push(line);
            if is_ready {
                break;
            }
        }
        (server, said, address)
    }
}

/// The body of the answer to a request.
pub(crate) fn asked(address: &str, request: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let len = body.len();
    write!(stream, "{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {len}\r\n\r\n{body}")
        .expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

pub(crate) const INFER: &str = r#"{"inputs":[{"name":"x","datatype":"FP32","shape":[2,3],"data":[1,2,3,4,5,6]}]}"#;

#[test]
fn a_server_says_how_its_workers_stand_and_serves_behind_walls() {
    let home = Home::of(models::compiled_one());
    for (words, said_of_it) in [
        ("--sandbox strict", "workers run behind Landlock"),
        ("", "workers run behind Landlock"),
        ("--sandbox off", "workers have no sandbox"),
    ] {
        let line = format!("serve one.blink --http 127.0.0.1:0 --grpc none --warm never {words}");
        let (_server, said, address) = Server::start(home.blink(&line).into_command());
        assert!(said.iter().any(|line| line.contains(said_of_it)), "{words}: {said:?}");
        let answer = asked(&address, "POST /v2/models/one/infer", INFER);
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"outputs\""), "{answer}");
        let metrics = asked(&address, "GET /metrics", "");
        assert!(metrics.contains("blink_workers_short_of_walls_total 0"), "{metrics}");
    }
}

#[test]
fn the_level_is_a_setting_of_the_file_too() {
    let home = Home::of(models::compiled_one());
    home.folder.write(
        "blink.toml",
        "artifacts = [\"one.blink\"]\nsandbox = \"off\"\nhttp = \"127.0.0.1:0\"\ngrpc = \"none\"\n",
    );
    let (_server, said, _) = Server::start(home.blink("serve --config blink.toml --warm never").into_command());
    assert!(said.iter().any(|line| line.contains("workers have no sandbox")), "{said:?}");
    home.folder.write("wrong.toml", "artifacts = [\"one.blink\"]\nsandbox = \"high\"\n");
    home.blink("serve --config wrong.toml --check").refused(2).names(&["strict, standard or off"]);
}
