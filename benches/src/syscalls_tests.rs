//! Programs whose calls are known up to a difference; one that outlives its time, and one that may not be traced.
#![allow(unsafe_code)]

use std::os::unix::process::CommandExt;
use std::time::Instant;

use super::*;

/// A shell, whose `kill -0` makes one system call, and nothing else a varying number.
fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.arg("-c").arg(script);
    command
}

fn counted(script: &str, of: Of) -> u64 {
    count(shell(script), None, of).unwrap()
}

#[test]
fn the_same_start_makes_the_same_number_of_calls_and_one_call_more_is_seen() {
    let calls = |times: usize| counted(&"kill -0 $$; ".repeat(times), Of::Itself);
    assert!(calls(1) > 10);
    assert_eq!(calls(1), calls(1));
    let (one, two, twelve) = (calls(1), calls(2), calls(12));
    assert!(two > one, "{one} and {two}");
    assert_eq!(twelve - two, 10 * (two - one));
}

#[test]
fn children_are_told_from_the_process_itself() {
    assert_eq!(counted("kill -0 $$", Of::Children), 0);
    // `; :` keeps the shell from becoming the program itself.
    let (few, many) = ("sh -c 'kill -0 1'; :", "sh -c 'kill -0 1; kill -0 1; kill -0 1'; :");
    let (few, many) = (few.replace('1', "$$"), many.replace('1', "$$"));
    let of_child = counted(&few, Of::Children);
    assert!(of_child > 10 && counted(&few, Of::Itself) > of_child + 10);
    assert_eq!(counted(&many, Of::Children) - of_child, 2);
    // What the process itself does besides is not the child's.
    assert_eq!(counted(&format!("kill -0 $$; kill -0 $$; {few}"), Of::Children), of_child);
    assert_eq!(counted(&format!("kill -0 $$; {few}"), Of::Itself) - counted(&few, Of::Itself), 1);
}

#[test]
fn children_of_children_count_and_so_do_those_that_outlive_their_parent() {
    let once = counted("sh -c 'kill -0 $$'; :", Of::Children);
    let deeper = counted("sh -c \"sh -c 'kill -0 \\$\\$'; :\"; :", Of::Children);
    assert!(deeper > once + 10, "{once} and {deeper}");
    let (short, long) = (counted("(sleep 0.2) & :", Of::Itself), counted("(sleep 0.2; kill -0 $$) & :", Of::Itself));
    assert!(long > short, "{short} and {long}");
}

/// The program of the next test: this one, with threads that call.
#[test]
#[ignore = "another test runs it, traced"]
fn threads_that_call() {
    let calls: usize = std::env::var("BLINK_TEST_CALLS").unwrap().parse().unwrap();
    let call = move || {
        (0..calls).for_each(|_| {
            let _ = rustix::process::getppid();
        })
    };
    let threads: Vec<_> = (0..2).map(|_| std::thread::spawn(call)).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn calls_of_threads_count_for_their_process() {
    let calls = |calls: &str, of| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", "syscalls::tests::threads_that_call"]).env("BLINK_TEST_CALLS", calls);
        count(command, None, of).unwrap()
    };
    let (none, many) = (calls("0", Of::Itself), calls("2000", Of::Itself));
    assert!(many >= 4000 && none < 2000, "{none} and {many}");
    assert_eq!(calls("2000", Of::Children), 0);
}

#[test]
fn signals_go_through_and_failures_are_no_counts() {
    assert!(counted("trap 'kill -0 $$' USR1; kill -USR1 $$", Of::Itself) > 10);
    let failed = count(shell("exit 3"), None, Of::Itself).unwrap_err();
    assert!(matches!(&failed, SyscallError::Failed { status, .. } if status.code() == Some(3)), "{failed}");
    let killed = count(shell("kill -KILL $$"), None, Of::Itself).unwrap_err();
    assert!(matches!(killed, SyscallError::Failed { .. }), "{killed}");
    let missing = count(Command::new("/nonexistent/program"), None, Of::Itself).unwrap_err();
    assert!(matches!(missing, SyscallError::Spawn { .. }), "{missing}");
}

#[test]
fn what_outlives_its_time_is_killed_with_all_that_it_started() {
    let directory = tempfile::tempdir().unwrap();
    let left = directory.path().join("left");
    // The first ends at once, and what it started would write a file much later.
    let script = format!("(sleep 3; touch '{}') & (sleep 60; :) & :", left.display());
    let began = Instant::now();
    let error = count_within(shell(&script), Of::Itself, Duration::from_millis(500)).unwrap_err();
    assert!(matches!(error, SyscallError::TimedOut { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(30));
    std::thread::sleep(Duration::from_secs(4));
    assert!(!left.exists());
}

#[test]
fn other_children_are_left_alone() {
    let mut other = shell("exit 7").spawn().unwrap();
    assert!(counted("kill -0 $$", Of::Itself) > 10);
    assert_eq!(other.wait().unwrap().code(), Some(7));
}

#[test]
fn where_tracing_is_forbidden_the_error_says_so() {
    let mut command = shell(":");
    // A process has one tracer: after this, the kernel refuses another. SAFETY: one system call, which takes numbers.
    unsafe {
        command.pre_exec(|| {
            libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0);
            Ok(())
        });
    }
    let error = count(command, None, Of::Itself).unwrap_err();
    assert!(matches!(error, SyscallError::Forbidden), "{error}");
}
