//! The written list: every system call that a process behind walls may make, with a reason for each group.
//!
//! What is not here is refused: making and tracing processes, executing, mounting, keys, `bpf`, `io_uring`,
//! `userfaultfd`, modules, namespaces, changing owners and modes, raising limits, signals to others, sockets where the
//! network was not granted. A call that is newer than the list does not exist ([`NEWEST`]), which is what libraries
//! expect of old kernels.

use libc::c_long;

use super::Walls;

/// The last call that was looked at when this list was written (Linux 6.18). A C library that tries a later one takes
/// `ENOSYS` for an answer, and does without.
pub(super) const NEWEST: u32 = 469;

/// A call, and when it is allowed.
pub(super) type Call = (c_long, Rule);

/// When a call is allowed. Arguments are compared by their lower 32 bits, which is all that the kernel looks at in
/// those named here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// With any arguments.
    Any,
    /// Where of this argument the bits of the first number are as in the second.
    Bits(u8, u32, u32),
    /// Where that is so of two arguments.
    Both((u8, u32, u32), (u8, u32, u32)),
    /// Where this argument is one of these.
    OneOf(u8, &'static [u32]),
    /// Likewise; else the call fails with this error, at every level: libraries ask, and can do without.
    OneOfOr(u8, &'static [u32], u16),
    /// Where this argument is a null pointer.
    Null(u8),
    /// Where this argument is the process's own id.
    Own(u8),
    /// Never: it fails with this error, at every level.
    Error(u16),
}

/// Whom a group is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    All,
    /// Who may map code; and who may not.
    Coders,
    Others,
    /// Who may write to some path.
    Writers,
    /// Who may use the network.
    Connected,
}

/// Calls that are allowed for one reason.
pub(super) struct Group {
    /// The reason; for whoever reads the list, and for its tests.
    #[allow(dead_code)]
    pub(super) reason: &'static str,
    pub(super) who: Who,
    pub(super) calls: &'static [Call],
}

impl Who {
    /// Whether such is behind `walls`.
    pub(super) fn is_behind(self, walls: &Walls) -> bool {
        match self {
            Who::All => true,
            Who::Coders => walls.maps_code(),
            Who::Others => !walls.maps_code(),
            Who::Writers => walls.writes(),
            Who::Connected => walls.connects(),
        }
    }
}

/// Every call of the list, by number: sorted when this is compiled, so that no start has to.
pub(super) static SORTED: [(c_long, Rule, Who); LEN] = sorted();

const LEN: usize = {
    let (mut len, mut group) = (0, 0);
    while group < GROUPS.len() {
        len += GROUPS[group].calls.len();
        group += 1;
    }
    len
};

const fn sorted() -> [(c_long, Rule, Who); LEN] {
    let mut sorted = [(0, Rule::Any, Who::All); LEN];
    let (mut len, mut group) = (0, 0);
    while group < GROUPS.len() {
        let mut call = 0;
        while call < GROUPS[group].calls.len() {
            let (number, rule) = GROUPS[group].calls[call];
            let mut at = len;
            while at > 0 && sorted[at - 1].0 > number {
                sorted[at] = sorted[at - 1];
                at -= 1;
            }
            sorted[at] = (number, rule, GROUPS[group].who);
            len += 1;
            call += 1;
        }
        group += 1;
    }
    sorted
}

use Rule::{Any, Bits, Both, Error, Null, OneOf, OneOfOr, Own};

const EXECUTABLE: u32 = libc::PROT_EXEC as u32;
const ENOSYS: u16 = libc::ENOSYS as u16;
const EAFNOSUPPORT: u16 = libc::EAFNOSUPPORT as u16;

/// What a thread shares with its process, and only a thread does.
const THREAD: u32 = (libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD) as u32;
/// What else the C library says of one.
const OF_A_THREAD: u32 = (libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SYSVSEM
    | libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID) as u32;

/// Names of threads and of memory, for debuggers; two questions.
const PRCTL: &[u32] =
    &[libc::PR_SET_NAME as u32, libc::PR_GET_NAME as u32, libc::PR_SET_VMA as u32, PR_GET_TID_ADDRESS, PR_GET_AUXV];
/// To park: where the thread's id is.
const PR_GET_TID_ADDRESS: u32 = 40;
/// What the kernel told it when it began.
const PR_GET_AUXV: u32 = 0x4155_5856;
/// The thread pointer, which processor state is permitted (and permission for AMX), whether there is a shadow stack.
#[cfg(target_arch = "x86_64")]
const ARCH_OPTIONS: &[u32] = &[0x1003, 0x1022, 0x1023, 0x5005];

/// Descriptors copied, flags and locks of a file, seals. Not: who is sent a signal.
const FCNTL: &[u32] = &[
    libc::F_DUPFD as u32,
    libc::F_DUPFD_CLOEXEC as u32,
    libc::F_GETFD as u32,
    libc::F_SETFD as u32,
    libc::F_GETFL as u32,
    libc::F_SETFL as u32,
    libc::F_GETLK as u32,
    libc::F_SETLK as u32,
    libc::F_OFD_GETLK as u32,
    libc::F_OFD_SETLK as u32,
    libc::F_ADD_SEALS as u32,
    libc::F_GET_SEALS as u32,
];

/// Whether it is a terminal and how large, whether it blocks, how much there is to read, `close-on-exec`; which of its
/// own pages are there. Not: to put words into a terminal.
const IOCTL: &[u32] = &[
    libc::TCGETS as u32,
    libc::TIOCGWINSZ as u32,
    libc::FIONBIO as u32,
    libc::FIONREAD as u32,
    libc::FIOCLEX as u32,
    PAGEMAP_SCAN,
];
const PAGEMAP_SCAN: u32 = 0xc060_6610;

/// A socket whose other end is in the same process: tokio wakes itself by one. Not of datagrams, which can be sent to
/// others.
const OWN_PAIR: Rule = Both((0, !0, libc::AF_UNIX as u32), (1, 0xf, libc::SOCK_STREAM as u32));

/// The list.
pub(super) const GROUPS: &[Group] = &[
    Group {
        reason: "its own memory",
        who: Who::All,
        calls: &[
            (libc::SYS_brk, Any),
            (libc::SYS_munmap, Any),
            (libc::SYS_mremap, Any),
            (libc::SYS_madvise, Any),
            (libc::SYS_mincore, Any),
            (libc::SYS_memfd_create, Any),
            (libc::SYS_membarrier, Any),
        ],
    },
    Group {
        reason: "memory that is not executable",
        who: Who::Others,
        calls: &[(libc::SYS_mmap, Bits(2, EXECUTABLE, 0)), (libc::SYS_mprotect, Bits(2, EXECUTABLE, 0))],
    },
    Group {
        reason: "libraries and native code",
        who: Who::Coders,
        calls: &[(libc::SYS_mmap, Any), (libc::SYS_mprotect, Any)],
    },
    Group {
        reason: "its own threads, and where they run; no process",
        who: Who::All,
        calls: &[
            (libc::SYS_clone, Bits(0, !OF_A_THREAD, THREAD)),
            // Its flags lie in memory, where no filter sees them: the C library falls back on the call before.
            (libc::SYS_clone3, Error(ENOSYS)),
            (libc::SYS_futex, Any),
            (libc::SYS_futex_waitv, Any),
            (libc::SYS_set_robust_list, Any),
            (libc::SYS_get_robust_list, Any),
            (libc::SYS_set_tid_address, Any),
            (libc::SYS_rseq, Any),
            (libc::SYS_gettid, Any),
            (libc::SYS_sched_yield, Any),
            (libc::SYS_sched_getaffinity, Any),
            (libc::SYS_sched_setaffinity, Any),
            (libc::SYS_getcpu, Any),
            (libc::SYS_prctl, OneOf(0, PRCTL)),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_arch_prctl, OneOf(0, ARCH_OPTIONS)),
            (libc::SYS_exit, Any),
            (libc::SYS_exit_group, Any),
        ],
    },
    Group {
        reason: "signals to itself: traps of guests, `abort`",
        who: Who::All,
        calls: &[
            (libc::SYS_rt_sigaction, Any),
            (libc::SYS_rt_sigprocmask, Any),
            (libc::SYS_rt_sigreturn, Any),
            (libc::SYS_sigaltstack, Any),
            (libc::SYS_restart_syscall, Any),
            (libc::SYS_tgkill, Own(0)),
        ],
    },
    Group {
        reason: "time, waiting, random numbers",
        who: Who::All,
        calls: &[
            (libc::SYS_clock_gettime, Any),
            (libc::SYS_clock_getres, Any),
            (libc::SYS_clock_nanosleep, Any),
            (libc::SYS_nanosleep, Any),
            (libc::SYS_gettimeofday, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_time, Any),
            (libc::SYS_getrandom, Any),
        ],
    },
    Group {
        reason: "what it is, and what it may take; limits are read and not set",
        who: Who::All,
        calls: &[
            (libc::SYS_getpid, Any),
            (libc::SYS_getppid, Any),
            (libc::SYS_getuid, Any),
            (libc::SYS_geteuid, Any),
            (libc::SYS_getgid, Any),
            (libc::SYS_getegid, Any),
            (libc::SYS_uname, Any),
            (libc::SYS_sysinfo, Any),
            (libc::SYS_getrusage, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_getrlimit, Any),
            (libc::SYS_prlimit64, Null(2)),
            (libc::SYS_getcwd, Any),
        ],
    },
    Group {
        reason: "descriptors that it has: reading, writing, copying, closing",
        who: Who::All,
        calls: &[
            (libc::SYS_read, Any),
            (libc::SYS_write, Any),
            (libc::SYS_readv, Any),
            (libc::SYS_writev, Any),
            (libc::SYS_pread64, Any),
            (libc::SYS_pwrite64, Any),
            (libc::SYS_preadv, Any),
            (libc::SYS_pwritev, Any),
            (libc::SYS_preadv2, Any),
            (libc::SYS_pwritev2, Any),
            (libc::SYS_lseek, Any),
            (libc::SYS_fstat, Any),
            (libc::SYS_fstatfs, Any),
            (libc::SYS_ftruncate, Any),
            (libc::SYS_fallocate, Any),
            (libc::SYS_fadvise64, Any),
            (libc::SYS_fsync, Any),
            (libc::SYS_fdatasync, Any),
            (libc::SYS_copy_file_range, Any),
            (libc::SYS_sendfile, Any),
            (libc::SYS_flock, Any),
            (libc::SYS_close, Any),
            (libc::SYS_close_range, Any),
            (libc::SYS_dup, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_dup2, Any),
            (libc::SYS_dup3, Any),
            (libc::SYS_pipe2, Any),
            (libc::SYS_fcntl, OneOf(1, FCNTL)),
            (libc::SYS_ioctl, OneOf(1, IOCTL)),
        ],
    },
    Group {
        reason: "waiting for descriptors",
        who: Who::All,
        calls: &[
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_poll, Any),
            (libc::SYS_ppoll, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_select, Any),
            (libc::SYS_pselect6, Any),
            (libc::SYS_eventfd2, Any),
            (libc::SYS_epoll_create1, Any),
            (libc::SYS_epoll_ctl, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_epoll_wait, Any),
            (libc::SYS_epoll_pwait, Any),
            (libc::SYS_epoll_pwait2, Any),
        ],
    },
    Group {
        reason: "opening paths and asking about them: Landlock judges which may be opened",
        who: Who::All,
        calls: &[
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_open, Any),
            (libc::SYS_openat, Any),
            (libc::SYS_openat2, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_stat, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_lstat, Any),
            (libc::SYS_newfstatat, Any),
            (libc::SYS_statx, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_access, Any),
            (libc::SYS_faccessat, Any),
            (libc::SYS_faccessat2, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_readlink, Any),
            (libc::SYS_readlinkat, Any),
            (libc::SYS_getdents64, Any),
        ],
    },
    Group {
        reason: "changing a directory that was given to be written: Landlock judges which",
        who: Who::Writers,
        calls: &[
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_mkdir, Any),
            (libc::SYS_mkdirat, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_rmdir, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_unlink, Any),
            (libc::SYS_unlinkat, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_rename, Any),
            (libc::SYS_renameat, Any),
            (libc::SYS_renameat2, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_link, Any),
            (libc::SYS_linkat, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_symlink, Any),
            (libc::SYS_symlinkat, Any),
            (libc::SYS_utimensat, Any),
        ],
    },
    Group {
        reason: "sockets that it was given; none is made, but a pair for itself",
        who: Who::All,
        calls: &[
            (libc::SYS_sendto, Any),
            (libc::SYS_sendmsg, Any),
            (libc::SYS_recvfrom, Any),
            (libc::SYS_recvmsg, Any),
            (libc::SYS_shutdown, Any),
            (libc::SYS_getsockopt, Any),
            (libc::SYS_getsockname, Any),
            (libc::SYS_getpeername, Any),
            (libc::SYS_socketpair, OWN_PAIR),
        ],
    },
    Group {
        reason: "the internet, where it was granted; no sockets of other kinds",
        who: Who::Connected,
        calls: &[
            (libc::SYS_socket, OneOfOr(0, &[libc::AF_INET as u32, libc::AF_INET6 as u32], EAFNOSUPPORT)),
            (libc::SYS_setsockopt, Any),
            (libc::SYS_connect, Any),
            (libc::SYS_bind, Any),
            (libc::SYS_listen, Any),
            #[cfg(target_arch = "x86_64")]
            (libc::SYS_accept, Any),
            (libc::SYS_accept4, Any),
            (libc::SYS_sendmmsg, Any),
            (libc::SYS_recvmmsg, Any),
        ],
    },
];
