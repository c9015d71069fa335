//! A process of ours is parked, written down and restored: what must be as it was is, and what must be new is new.
//!
//! The worker is this very program, started again. It has no harness, because a parked process has one thread.
#![allow(unsafe_code)]

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn main() {
    println!("skipped: workers are restored on x86-64 Linux only");
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn main() {
    match std::env::var("BLINK_TEST_WORKER") {
        Ok(_) => worker::run(),
        Err(_) => parent::run(),
    }
}

/// The process that is written down.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod worker {
    use std::collections::HashMap;
    use std::fs::File;
    use std::hash::{BuildHasher, RandomState};
    use std::io::Write;
    use std::os::fd::FromRawFd;

    use blink_snapshots::{channel, close_inherited, park};

    /// Warms up, parks, and tells in each restored process what it finds.
    pub(crate) fn run() -> ! {
        close_inherited(3);
        // On a thread of its own: the main thread's hash keys are not drawn before it parks.
        let warm = std::thread::spawn(|| (0..200_000u64).map(|i| (i, i * i)).collect::<HashMap<_, _>>());
        let warm = warm.join().expect("the thread ends well");
        let restored = park().expect("this kernel tells what is needed");

        let sum: u64 = (0..200_000).map(|i| warm[&i] % 1000).sum();
        let threads: Vec<_> =
            (0..4).map(|i| std::thread::spawn(move || vec![i; 100_000].iter().sum::<u64>())).collect();
        let threads: u64 = threads.into_iter().map(|thread| thread.join().expect("the thread ends well")).sum();
        let caught = std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(7))).is_err();
        // SAFETY: the call has no preconditions.
        let own_id = std::process::id() == unsafe { libc::syscall(libc::SYS_gettid) } as u32;
        let descriptors = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        let lines = [
            format!("sum={sum}"),
            format!("threads={threads}"),
            format!("caught={caught}"),
            format!("own_id={own_id}"),
            // One of these is the directory that is being read.
            format!("descriptors={}", descriptors - 1),
            format!("variable={}", std::env::var("BLINK_TEST_VARIABLE").unwrap_or_default()),
            format!("made_under={}", std::env::var("BLINK_TEST_WORKER").unwrap_or_default()),
            format!("directory={}", std::env::current_dir().unwrap_or_default().display()),
            format!("hash={}", RandomState::new().hash_one(7)),
            format!("ordered={}", restored.entered <= restored.checked && restored.checked <= restored.mapped),
        ];
        // SAFETY: the parent has opened it for this process, and nothing else here knows it.
        let mut socket = unsafe { File::from_raw_fd(channel::SOCKET) };
        let _ = socket.write_all(lines.join("\n").as_bytes());
        std::process::exit(0)
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod parent {
    use std::collections::HashMap;
    use std::fs::File;
    use std::io::{Read, pipe};
    use std::os::fd::AsRawFd;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use blink_snapshots::image::{Parked, Process, take};
    use blink_snapshots::{channel, restorer};

    /// Makes the image.
    fn image(path: &std::path::Path) {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.env_clear().env("BLINK_TEST_WORKER", "1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program starts");
        let (requests, memory) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let mut parked = Parked::wait(Process::new(child.id()), requests, memory).expect("the worker parks");
        let taken = take(&mut parked, &File::create_new(path).expect("a new file"), b"test").expect("an image");
        println!("image: {taken:?}");
        drop(parked);
        assert!(child.wait().expect("the worker ends").success());
    }

    /// Restores it once, with a variable of the environment, and gives what it tells.
    fn restored(path: &std::path::Path, variable: &str) -> HashMap<String, String> {
        let (mut told, tells) = pipe().expect("a pipe");
        let (image, program) = (File::open(path).expect("the image"), restorer().expect("the restorer"));
        let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
        command.env_clear().env("BLINK_TEST_VARIABLE", variable).current_dir("/").stdin(Stdio::null());
        let (socket, image_descriptor) = (tells.as_raw_fd(), image.as_raw_fd());
        // SAFETY: only calls that are safe between fork and exec.
        unsafe {
            command.pre_exec(move || {
                let socket = libc::fcntl(socket, libc::F_DUPFD_CLOEXEC, 50);
                let image = libc::fcntl(image_descriptor, libc::F_DUPFD_CLOEXEC, 50);
                libc::dup2(socket, channel::SOCKET);
                libc::dup2(socket, channel::MEMORY);
                libc::dup2(image, channel::IMAGE);
                Ok(())
            })
        };
        let mut child = command.spawn().expect("the restorer starts");
        drop(command);
        drop(tells);
        let mut bytes = Vec::new();
        told.read_to_end(&mut bytes).expect("what it tells");
        let status = child.wait().expect("it ends");
        let text = String::from_utf8(bytes.clone()).unwrap_or_default();
        assert!(status.success(), "{status}: {bytes:?} {text}");
        text.lines().filter_map(|line| line.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    }

    pub(crate) fn run() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("image");
        image(&path);
        let before = std::fs::read(&path).expect("the image");
        let (one, other) = (restored(&path, "one"), restored(&path, "other"));
        let sum: u64 = (0..200_000u64).map(|i| i * i % 1000).sum();
        for found in [&one, &other] {
            assert_eq!(found["sum"], sum.to_string());
            assert_eq!(found["threads"], "600000");
            assert_eq!(found["caught"], "true");
            assert_eq!(found["own_id"], "true");
            assert_eq!(found["descriptors"], "5");
            assert_eq!(found["made_under"], "");
            assert_eq!(found["directory"], "/");
            assert_eq!(found["ordered"], "true");
        }
        assert_eq!((&*one["variable"], &*other["variable"]), ("one", "other"));
        assert_ne!(one["hash"], other["hash"], "two restores draw the same hash keys");
        assert!(before == std::fs::read(&path).expect("the image"), "a restore has changed the image");
        println!("restored twice: ok");
    }
}
