//! Where a server listens: ports, Unix sockets, descriptors that systemd hands over; and how it says that it is ready.

use std::fs;
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener};

use crate::http::{Http, PATIENCE};
use crate::models::{ask_one, home, is_one};
use crate::server::Server;
use crate::support::home::Home;

fn ask(connection: &mut Http) {
    is_one(connection.request("POST", "/v2/models/one/infer", &[], ask_one().as_bytes()), 1.0);
}

/// Serves on `s.sock` in the home's folder, and has been asked there.
fn on_a_path(home: &Home) -> Server {
    let path = home.folder.path("s.sock");
    let line = format!("serve models --http unix:{} --grpc none --warm never", path.display());
    let server = Server::spawn(home.blink(&line).into_command());
    server.ready();
    ask(&mut Http::to_path(&path));
    server
}

#[test]
fn a_unix_socket() {
    let home = home(&["one"]);
    let path = home.folder.path("s.sock");
    let server = on_a_path(&home);
    let found = fs::metadata(&path).expect("a socket");
    assert!(found.file_type().is_socket() && found.permissions().mode() & 0o007 == 0, "{:?}", found.permissions());
    server.end();
    assert!(!path.exists(), "it is taken away at the end");
}

#[test]
fn a_socket_that_somebody_left_is_taken_over_and_one_in_use_is_not() {
    let home = home(&["one"]);
    let path = home.folder.path("s.sock");
    drop(UnixListener::bind(&path).expect("a socket"));
    let server = on_a_path(&home);
    let line = format!("serve models --http unix:{} --grpc none --warm never", path.display());
    let second = home.blink(&line).run().failed(1);
    assert!(second.stderr.contains("s.sock"), "{}", second.stderr);
    ask(&mut Http::to_path(&path));
    drop(server);
    fs::remove_file(&path).expect("it was killed, so it is left");
    home.folder.write("s.sock", "no socket, and somebody's");
    assert!(!home.blink(&line).run().succeeded());
    assert_eq!(home.folder.read("s.sock"), b"no socket, and somebody's");
}

#[test]
fn a_port_in_use_is_an_error() {
    let home = home(&["one"]);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let ended = home.blink(&format!("serve models --http 127.0.0.1:{port} --grpc none")).run().failed(1);
    assert!(ended.stderr.contains(&port), "{}", ended.stderr);
}

#[test]
fn several_addresses() {
    let home = home(&["one"]);
    let path = home.folder.path("s.sock");
    let words = format!("--http unix:{} --http 127.0.0.1:0", path.display());
    let server = Server::start(&home, &words);
    ask(&mut Http::to_path(&path));
    ask(&mut server.connect());
    // HTTP is spoken where gRPC clients come, too.
    ask(&mut Http::to(server.grpc()));
}

/// As systemd does it: the first descriptors after stderr, for this process alone.
#[test]
fn sockets_that_are_handed_over() {
    let home = home(&["one"]);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let inherited = rustix::io::fcntl_dupfd_cloexec(&listener, 20).expect("a descriptor");
    rustix::io::fcntl_setfd(&inherited, rustix::io::FdFlags::empty()).expect("our own");
    let script = format!(
        "exec bash -c 'export LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http; exec 3<&{0} {0}<&-; exec \"$0\" \"$@\"' \
         \"$0\" \"$@\"",
        inherited.as_raw_fd()
    );
    let server = Server::spawn(home.blink("serve models --warm never").by(&script).into_command());
    drop((inherited, listener));
    server.ready();
    ask(&mut Http::to(address));
    // Where another process was meant, it listens where it does without.
    drop(server);
    let variables = [("LISTEN_PID", "1"), ("LISTEN_FDS", "1")];
    let blink = home.blink("serve models --warm never --http 127.0.0.1:0 --grpc none");
    let blink = variables.into_iter().fold(blink, |blink, (name, value)| blink.env(name, value));
    let server = Server::spawn(blink.into_command());
    server.ready();
    ask(&mut server.connect());
}

#[test]
fn a_manager_is_told() {
    let home = home(&["one"]);
    let path = home.folder.path("notify");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    manager.set_read_timeout(Some(PATIENCE)).expect("a patient socket");
    let line = "serve models --http 127.0.0.1:0 --grpc none --warm never";
    let server = Server::spawn(home.blink(line).env("NOTIFY_SOCKET", &path).into_command());
    let told = |words: &str| {
        let mut buffer = [0; 4096];
        loop {
            let length = manager.recv(&mut buffer).unwrap_or_else(|error| panic!("{words}: {error}"));
            let message = String::from_utf8_lossy(&buffer[..length]);
            if message.lines().any(|line| line == words) {
                return;
            }
        }
    };
    told("READY=1");
    ask(&mut server.connect());
    crate::server::signal("-TERM", server.pid());
    told("STOPPING=1");
    server.wait();
}

/// One bare worker, for platforms that route themselves.
#[test]
fn one_bare_worker() {
    let home = home(&["one"]);
    let path = home.folder.path("w.sock");
    let line = format!("worker models/one.blink --listen unix:{}", path.display());
    let server = Server::spawn(home.blink(&line).into_command());
    server.ready();
    let mut connection = Http::to_path(&path);
    for _ in 0..3 {
        ask(&mut connection);
    }
    connection.request("GET", "/v2/health/ready", &[], b"").ok();
    let (status, said) = {
        crate::server::signal("-TERM", server.pid());
        server.wait()
    };
    assert_eq!(status.code(), Some(0), "{said}");
    assert!(!path.exists());
}
