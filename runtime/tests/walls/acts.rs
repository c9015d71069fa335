//! What a process behind walls tries. It says on stdout what came of it.
#![allow(unsafe_code)]

use std::fs::{self, File};
use std::io::{self, Read};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, parent_id};
use std::path::PathBuf;
use std::process::Command;

use blink_runtime::sandbox::{Sandbox, Walls};

/// The directory of this test: `in/` may be used where paths may, and there are `in/file`, `out` and `socket`.
pub(crate) const DIRECTORY: &str = "BLINK_TEST_DIRECTORY";
/// The level.
pub(crate) const LEVEL: &str = "BLINK_TEST_LEVEL";
/// A port of this host where somebody listens.
pub(crate) const PORT: &str = "BLINK_TEST_PORT";

type Act = fn() -> io::Result<()>;

/// Each act: its name, the walls that it is tried behind, itself.
pub(crate) fn all() -> Vec<(&'static str, Walls, Act)> {
    let (plain, network, code) = (Walls::new(), Walls::new().may_connect(), Walls::new().may_map_code());
    let (reader, writer) = (Walls::new().may_read(at("in")), Walls::new().may_write(at("in")));
    vec![
        ("read a file", plain.clone(), || read("in/file")),
        ("read a system file", plain.clone(), || File::open("/etc/passwd").map(drop)),
        ("read own memory as a file", plain.clone(), || File::open("/proc/self/mem").map(drop)),
        ("list a directory", plain.clone(), || fs::read_dir(at("in")).map(drop)),
        ("make a file", plain.clone(), || File::create(at("new")).map(drop)),
        ("remove a file", plain.clone(), || fs::remove_file(at("out"))),
        ("connect to a port", plain.clone(), connect),
        ("connect to a socket", plain.clone(), || UnixStream::connect(at("socket")).map(drop)),
        ("start a process", plain.clone(), || Command::new("true").spawn().map(drop)),
        ("become another program", plain.clone(), || Err(Command::new("true").exec())),
        ("fork", plain.clone(), || call(libc::SYS_clone, [libc::SIGCHLD as usize, 0, 0])),
        ("signal another process", plain.clone(), || call(libc::SYS_kill, [parent_id() as usize, 0, 0])),
        ("map code", plain.clone(), map_code),
        ("trace", plain.clone(), || call(libc::SYS_ptrace, [libc::PTRACE_TRACEME as usize, 0, 0])),
        ("put words into a terminal", plain.clone(), || call(libc::SYS_ioctl, [0, libc::TIOCSTI as usize, 0])),
        ("make a ring", plain.clone(), || call(libc::SYS_io_uring_setup, [1, 0, 0])),
        ("change a mode", plain.clone(), || fs::set_permissions(at("out"), fs::metadata("/")?.permissions())),
        ("leave the walls", plain.clone(), || {
            Walls::new().raise(Sandbox::Standard).map(drop).map_err(io::Error::other)
        }),
        ("read beside what may be read", reader.clone(), || read("out")),
        ("write what may be read", reader.clone(), || File::options().write(true).open(at("in/file")).map(drop)),
        ("remove what may be read", reader.clone(), || fs::remove_file(at("in/file"))),
        ("write beside what may be written", writer.clone(), || File::create(at("new")).map(drop)),
        ("move out of what may be written", writer.clone(), || fs::rename(at("in/file"), at("moved"))),
        ("connect to a socket with the network", network.clone(), || UnixStream::connect(at("socket")).map(drop)),
        ("read a file with the network", network.clone(), || read("in/file")),
        ("start a process with code", code.clone(), || Command::new("true").spawn().map(drop)),
        ("compute with threads", plain.clone(), threads),
        ("use what was open", plain.clone(), || {
            OPEN.with(|open| open.borrow_mut().as_mut().map_or(Ok(()), |file| file.read_exact(&mut [0; 4])))
        }),
        ("catch a panic", plain.clone(), catch),
        ("die of an abort", plain.clone(), || std::process::abort()),
        ("read what may be read", reader, || read("in/file")),
        ("change what may be written", writer, change),
        ("connect to a port with the network", network.clone(), connect),
        ("look a name up", network, || std::net::ToSocketAddrs::to_socket_addrs("localhost:1").map(drop)),
        ("map code where it may", code, map_code),
    ]
}

thread_local! {
    /// A file that was opened before the walls were raised.
    static OPEN: std::cell::RefCell<Option<File>> = const { std::cell::RefCell::new(None) };
}

/// Raises the walls of the act, tries it, and tells.
pub(crate) fn run(name: &str) {
    let level: Sandbox = std::env::var(LEVEL).expect("a level").parse().expect("a level");
    if name == "raise with two threads" {
        // It ends with the process.
        drop(std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(600))));
        return println!("{}", Walls::new().raise(level).map_or_else(|error| error.to_string(), |_| "raised".into()));
    }
    if name == "wait" {
        println!("{:?}", Walls::new().raise(level).expect("walls"));
        return drop(io::stdin().read(&mut [0; 1]));
    }
    let (_, walls, act) = all().into_iter().find(|(known, ..)| *known == name).expect("an act");
    OPEN.set(File::open(at("in/file")).ok());
    walls.raise(level).expect("walls");
    match act() {
        Ok(()) => println!("done"),
        Err(error) => println!("{}", error.raw_os_error().map_or_else(|| error.to_string(), |code| code.to_string())),
    }
}

fn at(name: &str) -> PathBuf {
    PathBuf::from(std::env::var_os(DIRECTORY).unwrap_or_default()).join(name)
}

fn read(name: &str) -> io::Result<()> {
    fs::read(at(name)).map(drop)
}

fn connect() -> io::Result<()> {
    let port: u16 = std::env::var(PORT).expect("a port").parse().expect("a port");
    TcpStream::connect(("127.0.0.1", port)).map(drop)
}

fn change() -> io::Result<()> {
    fs::create_dir(at("in/made"))?;
    fs::write(at("in/made/one"), "one")?;
    fs::rename(at("in/made/one"), at("in/other"))?;
    File::options().write(true).open(at("in/other"))?.set_len(1)?;
    fs::remove_file(at("in/other"))?;
    fs::remove_dir(at("in/made"))
}

fn threads() -> io::Result<()> {
    let adds = |from: u64| move || (from..from + 1000).sum::<u64>();
    let threads: Vec<_> = (0..4).map(|from| std::thread::spawn(adds(from))).collect();
    let sums = threads.into_iter().map(|thread| thread.join().expect("a sum")).sum::<u64>();
    if sums == 2_004_000 { Ok(()) } else { Err(io::Error::other(format!("sum {sums}"))) }
}

fn catch() -> io::Result<()> {
    let caught = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(7)));
    if caught.is_err() { Ok(()) } else { Err(io::Error::other("not caught")) }
}

fn map_code() -> io::Result<()> {
    let (protection, flags) = (libc::PROT_READ | libc::PROT_EXEC, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: new memory, wherever there is room, which nobody uses.
    let mapped = unsafe { libc::mmap(std::ptr::null_mut(), 4096, protection, flags, -1, 0) };
    if mapped == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Makes a call, with no pointer among its arguments.
fn call(number: libc::c_long, [a, b, c]: [usize; 3]) -> io::Result<()> {
    // SAFETY: numbers alone; a child that is made has its own copy of all memory, and ends with the act.
    let result = unsafe { libc::syscall(number, a, b, c, 0, 0, 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
