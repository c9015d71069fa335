//! What is asked of the kernel for walls. Each function is one or two system calls, and tells what came of it.
#![allow(unsafe_code)]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use libc::{c_int, c_long, c_uint, sock_filter, sock_fprog};

/// A set of rules, as Landlock takes it. Kernels that know fewer fields take it while those are 0.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct RulesetAttributes {
    /// Rights over files that are refused where no rule gives them.
    pub(super) files: u64,
    /// Rights over ports, likewise.
    pub(super) ports: u64,
    /// What reaches only what is behind the same walls: abstract sockets, signals.
    pub(super) scoped: u64,
}

/// A rule that gives rights over a file, or a directory with all below it.
#[repr(C, packed)]
struct PathBeneath {
    rights: u64,
    file: c_int,
}

/// Asks for the version instead of making anything.
const VERSION: c_uint = 1;
const RULE_PATH_BENEATH: c_int = 1;

/// Landlock's version; `None` where there is none, or it is off.
pub(super) fn landlock_abi() -> Option<u32> {
    // SAFETY: with this flag the call takes no pointer.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<u8>(), 0usize, VERSION) };
    u32::try_from(version).ok().filter(|version| *version > 0)
}

/// A set of rules, without any.
pub(super) fn ruleset(attributes: &RulesetAttributes) -> io::Result<OwnedFd> {
    let len = size_of::<RulesetAttributes>();
    // SAFETY: the kernel reads so many bytes of the attributes.
    let made = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &raw const *attributes, len, 0 as c_uint) };
    let made = c_int::try_from(done(made)?).map_err(io::Error::other)?;
    // SAFETY: the kernel has just opened it for this process.
    Ok(unsafe { OwnedFd::from_raw_fd(made) })
}

/// Gives `rights` over `file` to whoever is behind the rules.
pub(super) fn add_rule(ruleset: &OwnedFd, file: BorrowedFd<'_>, rights: u64) -> io::Result<()> {
    let rule = PathBeneath { rights, file: file.as_raw_fd() };
    // SAFETY: the kernel reads one such rule, and the descriptors are open.
    done(unsafe {
        libc::syscall(libc::SYS_landlock_add_rule, ruleset.as_raw_fd(), RULE_PATH_BENEATH, &raw const rule, 0 as c_uint)
    })
    .map(drop)
}

/// Puts this thread, and all that it starts, behind the rules.
pub(super) fn restrict_self(ruleset: &OwnedFd) -> io::Result<()> {
    // SAFETY: the call takes a descriptor and no pointer.
    done(unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0 as c_uint) }).map(drop)
}

/// Has nothing that this process executes give privileges that it has not. Whether that is so now.
pub(super) fn set_no_new_privileges() -> bool {
    // SAFETY: the call takes numbers alone.
    unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 }
}

/// Whether the kernel knows of that.
pub(super) fn has_no_new_privileges() -> bool {
    // SAFETY: the call takes numbers alone.
    unsafe { libc::prctl(libc::PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0 }
}

/// Has the kernel run `program` at each call of this thread, and of all that it starts. Whether it does.
///
/// Speculation stays as it is: kernels before 5.16 would otherwise slow the process down, which is no part of the
/// promise.
pub(super) fn set_filter(program: &[sock_filter]) -> bool {
    let Ok(len) = u16::try_from(program.len()) else { return false };
    let program = sock_fprog { len, filter: program.as_ptr().cast_mut() };
    let flags = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    // SAFETY: the kernel copies the program, which outlives the call.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) == 0 }
}

/// Whether the kernel filters calls, and can end a process for one.
pub(super) fn has_filters() -> bool {
    let action: u32 = libc::SECCOMP_RET_KILL_PROCESS;
    // SAFETY: the kernel reads one word.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0 as c_uint, &raw const action) == 0 }
}

/// Whether this process is known to have more than one thread: only then is the call, which changes nothing, invalid.
pub(super) fn has_several_threads() -> bool {
    // SAFETY: the call takes numbers alone, and with this flag does nothing.
    let alone = unsafe { libc::unshare(libc::CLONE_THREAD) };
    alone != 0 && io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL)
}

fn done(result: c_long) -> io::Result<c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
