//! [`Kind`]: what can fail, by which system calls, and with which error.

use libc::c_long;

/// A kind of call that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file is opened or made: no descriptor is left.
    Open,
    /// Bytes come from a file, a pipe or a socket: the medium is broken.
    Read,
    /// Bytes go to a file, a pipe or a socket, but for stderr; a file gets its length: the disk is full.
    Write,
    /// A file is synced, named, renamed, removed, or gets a mode: the medium is broken.
    Place,
    /// Memory is mapped, or gets another protection: there is none.
    Map,
    /// A thread or a process is started: there may be no more.
    Start,
    /// The C library is asked for memory: there is none.
    Allocation,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Kind; 7] =
        [Kind::Open, Kind::Read, Kind::Write, Kind::Place, Kind::Map, Kind::Start, Kind::Allocation];

    /// The system calls; none for what is no system call.
    pub(crate) fn calls(self) -> &'static [c_long] {
        match self {
            Kind::Open => {
                &[libc::SYS_open, libc::SYS_openat, libc::SYS_openat2, libc::SYS_creat, libc::SYS_memfd_create]
            }
            Kind::Read => &[
                libc::SYS_read,
                libc::SYS_readv,
                libc::SYS_pread64,
                libc::SYS_preadv,
                libc::SYS_preadv2,
                libc::SYS_recvmsg,
                libc::SYS_recvfrom,
            ],
            Kind::Write => &[
                libc::SYS_write,
                libc::SYS_writev,
                libc::SYS_pwrite64,
                libc::SYS_pwritev,
                libc::SYS_pwritev2,
                libc::SYS_ftruncate,
                libc::SYS_fallocate,
                libc::SYS_sendfile,
                libc::SYS_copy_file_range,
                libc::SYS_sendmsg,
                libc::SYS_sendto,
            ],
            Kind::Place => &[
                libc::SYS_fsync,
                libc::SYS_fdatasync,
                libc::SYS_rename,
                libc::SYS_renameat,
                libc::SYS_renameat2,
                libc::SYS_link,
                libc::SYS_linkat,
                libc::SYS_unlink,
                libc::SYS_unlinkat,
                libc::SYS_mkdir,
                libc::SYS_mkdirat,
                libc::SYS_rmdir,
                libc::SYS_chmod,
                libc::SYS_fchmod,
                libc::SYS_fchmodat,
            ],
            Kind::Map => &[libc::SYS_mmap, libc::SYS_mremap, libc::SYS_mprotect],
            Kind::Start => &[libc::SYS_clone, libc::SYS_clone3, libc::SYS_fork, libc::SYS_vfork],
            Kind::Allocation => &[],
        }
    }

    /// The error that the call fails with.
    pub(crate) fn error(self) -> i32 {
        match self {
            Kind::Open => libc::EMFILE,
            Kind::Read | Kind::Place => libc::EIO,
            Kind::Write => libc::ENOSPC,
            Kind::Map | Kind::Allocation => libc::ENOMEM,
            Kind::Start => libc::EAGAIN,
        }
    }

    /// Whether it is memory that is missing: then a process may end where it stands.
    pub(crate) fn is_memory(self) -> bool {
        matches!(self, Kind::Map | Kind::Allocation)
    }
}
