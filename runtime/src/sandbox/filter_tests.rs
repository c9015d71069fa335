//! The program is run here as the kernel runs it, on every number that there is.

use std::collections::{BTreeMap, BTreeSet};

use libc::{SECCOMP_RET_ALLOW, SECCOMP_RET_KILL_PROCESS, c_long};

use super::super::calls::GROUPS;
use super::*;

const MACHINE_HERE: u32 = match ARCHITECTURE {
    Some(machine) => machine,
    None => panic!("the list was not written for this machine"),
};
const REFUSED: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const ABSENT: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

/// What `program` says of a call.
fn judged(program: &[sock_filter], machine: u32, number: u32, arguments: [u64; 6]) -> u32 {
    let (mut at, mut loaded) = (0, 0);
    loop {
        let sock_filter { code, jt, jf, k } = program[at];
        at += 1;
        match code {
            LOAD if k == NUMBER => loaded = number,
            LOAD if k == MACHINE => loaded = machine,
            LOAD => {
                let argument = arguments[(k - ARGUMENTS) as usize / 8];
                loaded = if k % 8 == 0 { argument as u32 } else { (argument >> 32) as u32 };
            }
            AND => loaded &= k,
            JUMP_EQUAL => at += usize::from(if loaded == k { jt } else { jf }),
            JUMP_AT_LEAST => at += usize::from(if loaded >= k { jt } else { jf }),
            RETURN => return k,
            _ => panic!("instruction {code}"),
        }
    }
}

fn call(walls: &Walls, level: Sandbox, number: c_long, arguments: [u64; 6]) -> u32 {
    judged(&program(walls, level).expect("a program"), MACHINE_HERE, number as u32, arguments)
}

fn at_standard(number: c_long, arguments: [u64; 6]) -> u32 {
    call(&Walls::new(), Sandbox::Standard, number, arguments)
}

/// Every kind of walls.
fn kinds() -> [Walls; 4] {
    [Walls::new(), Walls::new().may_write("/x"), Walls::new().may_connect(), Walls::new().may_map_code()]
}

#[test]
fn the_program_says_of_every_number_what_the_list_says() {
    for walls in kinds() {
        let listed: BTreeMap<u32, Rule> = GROUPS
            .iter()
            .filter(|group| group.who.is_behind(&walls))
            .flat_map(|group| group.calls)
            .map(|(number, rule)| (*number as u32, *rule))
            .collect();
        for (level, refused) in [(Sandbox::Standard, REFUSED), (Sandbox::Strict, SECCOMP_RET_KILL_PROCESS)] {
            let program = program(&walls, level).expect("a program");
            for number in (0..2 * NEWEST).chain([OTHERS - 1]) {
                let expected = match listed.get(&number) {
                    _ if number > NEWEST => ABSENT,
                    None => refused,
                    Some(Rule::Any) => SECCOMP_RET_ALLOW,
                    Some(Rule::Error(number)) => error(*number),
                    Some(_) => continue,
                };
                assert_eq!(judged(&program, MACHINE_HERE, number, [0; 6]), expected, "call {number} at {level}");
            }
            for number in [OTHERS, OTHERS | 1, OTHERS + 59, u32::MAX] {
                assert_eq!(judged(&program, MACHINE_HERE, number, [0; 6]), refused, "call {number:x} at {level}");
            }
            // Another machine's calls have the same numbers.
            for machine in [0, 0x4000_0003, MACHINE_HERE ^ 1] {
                assert_eq!(judged(&program, machine, libc::SYS_read as u32, [0; 6]), refused);
            }
        }
    }
}

#[test]
fn arguments_are_looked_at() {
    let own = u64::from(std::process::id());
    let (read, execute) = (libc::PROT_READ as u64, libc::PROT_EXEC as u64);
    let thread = u64::from(THREAD_FLAGS);
    let allowed: &[(c_long, [u64; 6])] = &[
        (libc::SYS_mmap, [0, 4096, read | libc::PROT_WRITE as u64, 0, 0, 0]),
        (libc::SYS_mprotect, [1, 4096, read, 0, 0, 0]),
        (libc::SYS_clone, [thread, 0, 0, 0, 0, 0]),
        (libc::SYS_tgkill, [own, 7, 6, 0, 0, 0]),
        (libc::SYS_prlimit64, [0, 3, 0, 9, 0, 0]),
        (libc::SYS_prctl, [libc::PR_SET_NAME as u64, 1, 0, 0, 0, 0]),
        (libc::SYS_fcntl, [0, libc::F_OFD_SETLK as u64, 0, 0, 0, 0]),
        (libc::SYS_ioctl, [0, libc::TCGETS, 0, 0, 0, 0]),
        (libc::SYS_socketpair, [libc::AF_UNIX as u64, (libc::SOCK_STREAM | libc::SOCK_CLOEXEC) as u64, 0, 0, 0, 0]),
    ];
    for (number, arguments) in allowed {
        assert_eq!(at_standard(*number, *arguments), SECCOMP_RET_ALLOW, "{number} {arguments:?}");
    }
    let refused: &[(c_long, [u64; 6])] = &[
        (libc::SYS_mmap, [0, 4096, read | execute, 0, 0, 0]),
        (libc::SYS_mprotect, [1, 4096, execute, 0, 0, 0]),
        // A fork; a child that shares memory; a thread in a namespace of its own.
        (libc::SYS_clone, [libc::SIGCHLD as u64, 0, 0, 0, 0, 0]),
        (libc::SYS_clone, [(libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD) as u64, 0, 0, 0, 0, 0]),
        (libc::SYS_clone, [thread | libc::CLONE_NEWNET as u64, 0, 0, 0, 0, 0]),
        (libc::SYS_tgkill, [own + 1, 7, 9, 0, 0, 0]),
        (libc::SYS_prlimit64, [0, 3, 1 << 40, 0, 0, 0]),
        (libc::SYS_prlimit64, [0, 3, 8, 0, 0, 0]),
        (libc::SYS_prctl, [libc::PR_SET_DUMPABLE as u64, 1, 0, 0, 0, 0]),
        (libc::SYS_fcntl, [0, libc::F_SETOWN as u64, 1, 0, 0, 0]),
        (libc::SYS_ioctl, [0, libc::TIOCSTI, 0, 0, 0, 0]),
        (libc::SYS_socket, [libc::AF_INET as u64, 1, 0, 0, 0, 0]),
        (libc::SYS_socketpair, [libc::AF_UNIX as u64, libc::SOCK_DGRAM as u64, 0, 0, 0, 0]),
        (libc::SYS_socketpair, [libc::AF_TIPC as u64, libc::SOCK_STREAM as u64, 0, 0, 0, 0]),
    ];
    for (number, arguments) in refused {
        assert_eq!(at_standard(*number, *arguments), REFUSED, "{number} {arguments:?}");
        let strict = call(&Walls::new(), Sandbox::Strict, *number, *arguments);
        assert_eq!(strict, SECCOMP_RET_KILL_PROCESS, "{number} {arguments:?}");
    }
    assert_eq!(at_standard(libc::SYS_clone3, [0; 6]), ABSENT);
}

/// What glibc and musl make a thread with.
const THREAD_FLAGS: u32 = 0x003d_0f00;

#[test]
fn a_grant_allows_what_it_is_for() {
    let (network, code, writer) =
        (Walls::new().may_connect(), Walls::new().may_map_code(), Walls::new().may_write("/x"));
    for level in [Sandbox::Standard, Sandbox::Strict] {
        let socket = |family: i32| call(&network, level, libc::SYS_socket, [family as u64, 1, 0, 0, 0, 0]);
        assert_eq!((socket(libc::AF_INET), socket(libc::AF_INET6)), (SECCOMP_RET_ALLOW, SECCOMP_RET_ALLOW));
        for family in [libc::AF_UNIX, libc::AF_NETLINK, libc::AF_PACKET] {
            assert_eq!(socket(family), error(libc::EAFNOSUPPORT as u16), "the C library tries others");
        }
        let execute = [0, 4096, libc::PROT_EXEC as u64, 0, 0, 0];
        assert_eq!(call(&code, level, libc::SYS_mmap, execute), SECCOMP_RET_ALLOW);
        assert_eq!(call(&writer, level, libc::SYS_unlinkat, [0; 6]), SECCOMP_RET_ALLOW);
        assert_eq!(call(&Walls::new().may_read("/x"), level, libc::SYS_unlinkat, [0; 6]), refusal(level));
    }
}

#[test]
fn what_no_worker_may_ever_do_is_on_no_list() {
    let never = [
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_pidfd_open,
        libc::SYS_pidfd_getfd,
        libc::SYS_kill,
        libc::SYS_tkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_mount,
        libc::SYS_umount2,
        libc::SYS_pivot_root,
        libc::SYS_chroot,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_bpf,
        libc::SYS_perf_event_open,
        libc::SYS_io_uring_setup,
        libc::SYS_keyctl,
        libc::SYS_add_key,
        libc::SYS_userfaultfd,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_setuid,
        libc::SYS_setresuid,
        libc::SYS_capset,
        libc::SYS_fchmod,
        libc::SYS_fchownat,
        libc::SYS_setxattr,
        libc::SYS_reboot,
        libc::SYS_seccomp,
        libc::SYS_landlock_create_ruleset,
    ];
    for walls in kinds() {
        let program = program(&walls, Sandbox::Standard).expect("a program");
        for number in never {
            assert_eq!(judged(&program, MACHINE_HERE, number as u32, [0; 6]), REFUSED, "call {number}");
        }
    }
}

#[test]
fn the_list_is_in_order() {
    for walls in kinds() {
        let mut seen = BTreeSet::new();
        for group in GROUPS.iter().filter(|group| group.who.is_behind(&walls)) {
            assert!(!group.reason.is_empty() && !group.calls.is_empty());
            for (number, _) in group.calls {
                assert!(seen.insert(*number), "call {number} is there twice: {}", group.reason);
                assert!((0..=i64::from(NEWEST)).contains(number), "call {number} is newer than the list");
            }
        }
        let len = program(&walls, Sandbox::Standard).expect("a program").len();
        assert!(len < 400, "{len} instructions: the kernel runs them for each call there is");
    }
}
