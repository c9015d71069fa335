//! System calls without libc, for x86-64 Linux. Only what the program asks of the kernel.
#![allow(unsafe_code)]

use core::arch::asm;

/// A call's number and arguments.
macro_rules! calls {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        $($(#[$doc])* pub const $name: usize = $number;)*
    };
}

calls! {
    /// write
    WRITE = 1;
    /// open
    OPEN = 2;
    /// fstat
    FSTAT = 5;
    /// mmap
    MMAP = 9;
    /// munmap
    MUNMAP = 11;
    /// rt_sigaction
    SIGACTION = 13;
    /// mremap
    MREMAP = 25;
    /// madvise
    MADVISE = 28;
    /// uname
    UNAME = 63;
    /// sigaltstack
    SIGALTSTACK = 131;
    /// prctl
    PRCTL = 157;
    /// arch_prctl
    ARCH_PRCTL = 158;
    /// set_tid_address
    SET_TID_ADDRESS = 218;
    /// clock_gettime
    CLOCK_GETTIME = 228;
    /// exit_group
    EXIT_GROUP = 231;
    /// set_robust_list
    SET_ROBUST_LIST = 273;
    /// get_robust_list
    GET_ROBUST_LIST = 274;
    /// rseq
    RSEQ = 334;
    /// close_range
    CLOSE_RANGE = 436;
}

/// Makes the call; the error number where the kernel refuses.
///
/// # Safety
/// As the call's own rules say, for these arguments.
pub unsafe fn call(number: usize, arguments: [usize; 6]) -> Result<usize, u32> {
    let [a, b, c, d, e, f] = arguments;
    let result: isize;
    // SAFETY: the kernel keeps every register but these. What the call does is the caller's to answer for.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
            options(nostack)
        );
    }
    if (-4095..0).contains(&result) { Err(-result as u32) } else { Ok(result as usize) }
}

/// Nanoseconds of the monotonic clock.
pub fn now() -> u64 {
    const MONOTONIC: usize = 1;
    let mut time = [0u64; 2];
    // SAFETY: the kernel writes a `timespec`, two words.
    let _ = unsafe { call(CLOCK_GETTIME, [MONOTONIC, (&raw mut time) as usize, 0, 0, 0, 0]) };
    time[0] * 1_000_000_000 + time[1]
}

/// Release and version of the kernel, filled up with zeros.
pub(crate) fn kernel() -> ([u8; 72], [u8; 72]) {
    const FIELD: usize = 65;
    let mut names = [0u8; 6 * FIELD];
    // SAFETY: the kernel writes a `utsname`, six fields.
    let _ = unsafe { call(UNAME, [(&raw mut names) as usize, 0, 0, 0, 0, 0]) };
    let field = |index: usize| {
        let (text, mut kept) = (&names[index * FIELD..][..FIELD], [0; 72]);
        let len = text.iter().position(|&byte| byte == 0).unwrap_or(FIELD);
        kept[..len].copy_from_slice(&text[..len]);
        kept
    };
    (field(2), field(3))
}

/// XCR0. The processor must have XSAVE, and the kernel must have switched it on.
pub(crate) fn saved_state() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: reads a register, which user code may where OSXSAVE is set.
    unsafe { asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") high, options(nomem, nostack)) };
    u64::from(high) << 32 | u64::from(low)
}
