//! Processes that an image could not bring back are not written down, and each refusal says what was found.
//!
//! The worker is this very program, started again. It has no harness, because a parked process has one thread.
#![allow(unsafe_code)]

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    println!("skipped: workers are parked on x86-64 Linux only");
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() {
    match std::env::var("BLINK_TEST_WORKER") {
        Ok(kind) => worker::run(&kind),
        Err(_) => parent::run(),
    }
}

/// The process that is to be written down, with something that cannot be.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod worker {
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    use blink_snapshots::{close_inherited, park};

    pub(crate) fn run(kind: &str) -> ! {
        close_inherited(3);
        let path = std::env::var("BLINK_TEST_FILE").expect("the parent names a file");
        match kind {
            "good" => {}
            "thread" => _ = std::thread::spawn(|| std::thread::sleep(Duration::from_secs(1000))),
            "descriptor" => std::mem::forget(File::open("/dev/null").expect("it is there")),
            "shared" => map(&path, libc::MAP_SHARED),
            "private" => map(&path, libc::MAP_PRIVATE),
            "gone" => {
                map(&path, libc::MAP_PRIVATE);
                std::fs::remove_file(&path).expect("the parent's folder");
            }
            "replaced" => {
                map(&path, libc::MAP_PRIVATE);
                std::fs::remove_file(&path).expect("the parent's folder");
                std::fs::write(&path, [1; 4096]).expect("the parent's folder");
            }
            "silent" => std::process::exit(0),
            "short" => {
                std::io::stdout().write_all(b"some words").expect("the parent listens");
                std::process::exit(0)
            }
            other => panic!("{other}"),
        }
        match park() {
            Ok(_) => std::process::exit(0),
            Err(error) => panic!("{error}"),
        }
    }

    /// Maps the file for writing, and leaves it mapped.
    fn map(path: &str, flags: i32) {
        let file = File::options().read(true).write(true).open(path).expect("the parent made it");
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping, which nothing refers to.
        let mapped = unsafe { libc::mmap(std::ptr::null_mut(), 4096, protection, flags, file.as_raw_fd(), 0) };
        assert!(mapped != libc::MAP_FAILED);
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod parent {
    use std::fs::File;
    use std::io;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use blink_snapshots::image::{Parked, Process, TakeError, take};

    /// What comes of writing down a worker of that kind, and how long the file then is. It always ends by itself.
    fn taken(folder: &Path, kind: &str) -> (io::Result<Result<(), TakeError>>, u64) {
        let (mapped, image) = (folder.join("mapped"), folder.join("image"));
        std::fs::write(&mapped, [7; 4096]).expect("the folder is ours");
        let image = File::create(image).expect("the folder is ours");
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.env_clear().env("BLINK_TEST_WORKER", kind).env("BLINK_TEST_FILE", &mapped);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("this program starts");
        let (requests, memory) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let parked = Parked::wait(Process::new(child.id()), requests, memory);
        let taken = parked.map(|mut parked| take(&mut parked, &image, b"test").map(drop));
        assert!(child.wait().expect("it ends").success(), "{kind}");
        (taken, image.metadata().expect("the image").len())
    }

    pub(crate) fn run() {
        let folder = tempfile::tempdir().expect("a folder");
        let taken = |kind| taken(folder.path(), kind);
        for kind in ["good", "private"] {
            let (taken, len) = taken(kind);
            assert!(taken.is_ok_and(|taken| taken.is_ok()) && len > 1 << 18, "{kind}");
        }
        let refused = [
            ("thread", "2 threads"),
            ("descriptor", "/dev/null"),
            ("shared", "for writing"),
            ("gone", "not there"),
            ("replaced", "not there"),
        ];
        for (kind, word) in refused {
            let (Ok(Err(error)), _) = taken(kind) else { panic!("{kind} was written down") };
            assert!(error.to_string().contains(word), "{kind}: {error}");
            println!("{kind}: {error}");
        }
        for kind in ["silent", "short"] {
            let (Err(error), 0) = taken(kind) else { panic!("{kind} was written down") };
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{kind}");
        }
        println!("refused: ok");
    }
}
