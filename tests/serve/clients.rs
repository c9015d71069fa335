//! The clients that everybody has, from PyPI and unmodified. `../clients/setup.sh` puts them in place; a machine where
//! it cannot fails these tests, and says why.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::models::home;
use crate::server::Server;
use crate::support::home::Home;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/clients")
}

/// Where the clients are, made if they are not there.
fn clients() -> &'static Path {
    static CLIENTS: OnceLock<PathBuf> = OnceLock::new();
    CLIENTS.get_or_init(|| {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients");
        let setup = Command::new(sources().join("setup.sh")).arg(&directory).stdin(Stdio::null()).output();
        let output = setup.expect("a shell");
        assert!(output.status.success(), "no clients: {}", String::from_utf8_lossy(&output.stderr));
        directory
    })
}

/// A home with all that the programs ask for, and with what a network must answer.
fn prepared() -> Home {
    let home = home(&["one", "two", "types", "slow", "network"]);
    home.folder.npy("input.npy", &blink_examples::resnet50::images(2, 32, 7));
    home.blink("run models/network.blink --start normal --input input=input.npy --output logits=output.npy").ok();
    home
}

fn serving(words: &str) -> (Home, Server) {
    let home = prepared();
    let server = Server::start(&home, words);
    (home, server)
}

/// Runs a program against a server: each of its tests must pass, and there must be some.
fn passes(program: &str, home: &Home, http: String, grpc: String) {
    let mut command = Command::new(clients().join("clients/bin/python"));
    command.arg(sources().join(program)).current_dir(home.folder.path("."));
    command.env("SERVER_HTTP", http).env("SERVER_GRPC", grpc).env("SERVER_FILES", home.folder.path("."));
    // Nothing of these programs is written beside them.
    command.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null());
    let output = command.output().expect("python starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let ran = said.lines().find_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse().ok());
    assert!(output.status.success() && ran > Some(0u32) && !said.contains("skipped"), "{program}: {said}");
}

fn passes_all(programs: &[&str], words: &str) {
    let (home, server) = serving(words);
    programs.iter().for_each(|program| passes(program, &home, server.http().to_string(), server.grpc().to_string()));
}

#[test]
fn triton_over_http() {
    passes_all(&["triton_http.py"], "");
}

#[test]
fn triton_over_grpc() {
    passes_all(&["triton_grpc.py"], "");
}

#[test]
fn triton_asynchronously() {
    passes_all(&["triton_aio.py"], "--workers 0..2");
}

#[test]
fn kserve() {
    passes_all(&["kserve_clients.py"], "");
}

#[test]
fn grpc_health_and_reflection() {
    passes_all(&["grpc_services.py"], "");
}

#[test]
fn hostile_calls_over_grpc() {
    passes_all(&["grpc_hostile.py"], "");
}

#[test]
fn load_and_unload() {
    passes_all(&["triton_control.py"], "--allow-repository-control");
}

#[test]
fn a_full_queue_over_grpc() {
    passes_all(&["full_queue.py"], "--workers 0..1 --queue 1");
}

/// Both protocols, at one address.
#[test]
fn one_port_for_all() {
    let home = prepared();
    let server = Server::spawn(home.blink("serve models --warm never").env("PORT", "0").into_command());
    server.ready();
    let address = format!("127.0.0.1:{}", server.http().port());
    for program in ["triton_http.py", "triton_grpc.py", "grpc_services.py"] {
        passes(program, &home, address.clone(), address.clone());
    }
    assert!(!server.said().contains("grpc://"), "{}", server.said());
}

/// The load generator finds its way by metadata, configuration and statistics alone.
#[test]
fn perf_analyzer() {
    let (home, server) = serving("--workers 0..2");
    for (protocol, address) in [("http", server.http()), ("grpc", server.grpc())] {
        let mut command = Command::new(clients().join("perf_analyzer"));
        command.args(["-m", "one", "-i", protocol, "-u", &address.to_string(), "--shape", "x:2,3"]);
        command.args(["--concurrency-range", "1:4", "--measurement-mode", "count_windows"]);
        command.args(["--measurement-request-count", "50", "--max-trials", "5", "--stability-percentage", "999"]);
        let output = command.current_dir(home.folder.path(".")).stdin(Stdio::null()).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{protocol}: {said}");
        assert_eq!(said.matches("Request concurrency: ").count(), 4, "{protocol}: {said}");
        assert!(said.contains("Inference count") && !said.contains("Failed"), "{protocol}: {said}");
    }
}
