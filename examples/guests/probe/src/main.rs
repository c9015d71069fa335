//! Tells what a guest has been given: `probe COMMAND [ARGUMENT...]`.
//!
//! | command | does |
//! |---|---|
//! | `read PATH`, `write PATH TEXT`, `list PATH` | the same to files |
//! | `arguments`, `environment` | prints them, a line each |
//! | `echo` | copies stdin to stdout |
//! | `random` | prints a number that hash tables are seeded with |
//! | `clocks` | prints the nanoseconds of the wall clock, and of the monotonic one |
//! | `sleep MILLISECONDS` | waits |
//! | `connect ADDRESS` | opens a connection |
//! | `flood` | writes to stdout without end |
//! | `open PATH` | opens it again and again, and closes nothing |
//! | `exit CODE`, `fail`, `panic` | ends so |
//!
//! What is refused is told on stderr, with exit code 1. It asks no model.

use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::{ExitCode, exit};
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, thread};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match probe(&words) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("probe: {error}");
            ExitCode::FAILURE
        }
    }
}

fn probe(words: &[&str]) -> io::Result<String> {
    match *words {
        ["read", path] => fs::read_to_string(path),
        ["write", path, text] => fs::write(path, text).map(|()| String::new()),
        ["list", path] => {
            let names = fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
            let mut names = names.collect::<io::Result<Vec<_>>>()?;
            names.sort();
            Ok(lines(&names))
        }
        ["arguments", ..] => Ok(lines(&env::args().collect::<Vec<_>>())),
        ["environment"] => Ok(lines(&env::vars().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>())),
        ["echo"] => {
            let mut bytes = Vec::new();
            io::stdin().read_to_end(&mut bytes)?;
            io::stdout().write_all(&bytes)?;
            Ok(String::new())
        }
        ["random"] => Ok(format!("{}\n", RandomState::new().hash_one(0))),
        ["clocks"] => {
            let begin = Instant::now();
            let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(io::Error::other)?;
            // Long enough for any clock to move.
            while begin.elapsed().is_zero() {
                thread::sleep(Duration::from_millis(1));
            }
            Ok(format!("{}\n{}\n", wall.as_nanos(), begin.elapsed().as_nanos()))
        }
        ["sleep", time] => {
            thread::sleep(Duration::from_millis(time.parse().map_err(io::Error::other)?));
            Ok(String::new())
        }
        ["connect", address] => TcpStream::connect(address).map(|_| "connected\n".to_owned()),
        ["flood"] => {
            let mut out = io::stdout();
            loop {
                out.write_all(&[b'x'; 65_536])?;
            }
        }
        ["open", path] => {
            let mut open = Vec::new();
            loop {
                open.push(fs::File::open(path)?);
            }
        }
        ["exit", code] => exit(code.parse().map_err(io::Error::other)?),
        ["fail"] => Err(io::Error::other("as asked")),
        ["panic"] => inner(words.len()),
        _ => Err(io::Error::other(format!("{words:?} is not a command: see the top of main.rs"))),
    }
}

fn lines(texts: &[String]) -> String {
    texts.iter().map(|text| format!("{text}\n")).collect()
}

#[inline(never)]
fn inner(len: usize) -> io::Result<String> {
    panic!("as asked, with {len} words")
}
