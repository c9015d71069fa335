//! Where a worker is written down, and where it comes back.
//!
//! [`park`] tells on stdout what the kernel knows of the process and memory does not hold, then answers every request on
//! stdin for a piece of its memory until stdin ends, and then ends the process. It never returns there. It returns in
//! each process that the restorer makes of the image, once.
#![allow(unsafe_code)]

use std::arch::naked_asm;
use std::cell::UnsafeCell;
use std::io;

use blink_restorer::image::{Letter, Thread, bytes_of};
use blink_restorer::system::{ARCH_PRCTL, GET_ROBUST_LIST, PRCTL, SIGACTION, SIGALTSTACK, call};

use crate::restored::Restored;

/// Why a process cannot be parked.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ParkError {
    #[error("kernel does not tell {what}: {source}; workers start normally here")]
    Kernel { what: &'static str, source: io::Error },
    #[error("process has a shadow stack (CET), which cannot be restored; workers start normally here")]
    ShadowStack,
}

/// A place that the restorer writes to before this process's copy goes on.
struct Mailbox(UnsafeCell<Letter>);

// SAFETY: written by the restorer alone, before there is a thread that could read it.
unsafe impl Sync for Mailbox {}

static MAILBOX: Mailbox = Mailbox(UnsafeCell::new(Letter { entered: 0, checked: 0, mapped: 0, environment: 0 }));

/// Parks this process, which must have one thread. Returns in a restored copy, with the environment of the new
/// process: its variables, its time zone, its descriptors.
pub fn park() -> Result<Restored, ParkError> {
    let mut thread = thread()?;
    // SAFETY: `leave` fills in the two fields that it alone knows, and returns once, in a restored process, with the
    // registers that the C convention keeps.
    unsafe { leave(&raw mut thread, answer) };
    // SAFETY: the restorer has written the letter before it jumped here; the volatile read keeps the compiler from
    // taking it for the constant it was. The environment is an array of pointers to strings, which stays.
    let letter = unsafe {
        let letter = MAILBOX.0.get().read_volatile();
        environ = std::ptr::with_exposed_provenance(letter.environment as usize);
        // Without a variable the C library reads the system's time zone when it is first asked for, as in any process:
        // nothing has asked before the process was parked, which had no variables. Seven system calls less.
        if std::env::var_os("TZ").is_some() {
            tzset();
        }
        letter
    };
    Ok(Restored { entered: letter.entered, checked: letter.checked, mapped: letter.mapped })
}

unsafe extern "C" {
    static mut environ: *const *const libc::c_char;
    fn tzset();
}

/// Saves the registers that a function must keep on the stack, says in `thread` where, and calls `next`, which never
/// returns. A restored process goes on at label 2 with the stack that `thread` names.
#[unsafe(naked)]
unsafe extern "C" fn leave(thread: *mut Thread, next: extern "C" fn(*const Thread) -> !) {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "sub rsp, 8",
        "stmxcsr [rsp]",
        "fnstcw [rsp + 4]",
        "mov [rdi + {stack}], rsp",
        "lea rax, [rip + 2f]",
        "mov [rdi + {resume}], rax",
        "call rsi",
        "ud2",
        "2:",
        "ldmxcsr [rsp]",
        "fldcw [rsp + 4]",
        "add rsp, 8",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
        stack = const std::mem::offset_of!(Thread, stack_pointer),
        resume = const std::mem::offset_of!(Thread, resume),
    )
}

/// Tells `thread`, then serves memory. Allocates nothing, so that what is read is what stays.
extern "C" fn answer(thread: *const Thread) -> ! {
    // SAFETY: the caller's value lives on the stack that is never left.
    let told = write_all(bytes_of(unsafe { &*thread }).as_ptr() as usize, size_of::<Thread>());
    let mut request = [0usize; 2];
    while told && read_all(&mut request) && write_all(request[0], request[1]) {}
    // SAFETY: ends the process.
    unsafe { libc::_exit(i32::from(!told)) }
}

/// Writes memory to stdout. What cannot be read there is an error of the call, not a fault.
fn write_all(mut address: usize, mut len: usize) -> bool {
    while len > 0 {
        // SAFETY: the kernel checks the range.
        let written = unsafe { libc::write(1, std::ptr::with_exposed_provenance(address), len) };
        let Ok(written @ 1..) = usize::try_from(written) else { return false };
        (address, len) = (address + written, len - written);
    }
    true
}

/// Reads one request from stdin: address and length.
fn read_all(request: &mut [usize; 2]) -> bool {
    let (start, len) = ((&raw mut *request).cast::<u8>(), size_of_val(request));
    let mut filled = 0;
    while filled < len {
        // SAFETY: the rest of the request is writable.
        let got = unsafe { libc::read(0, start.add(filled).cast(), len - filled) };
        let Ok(got @ 1..) = usize::try_from(got) else { return false };
        filled += got;
    }
    true
}

/// What the kernel holds of this thread.
fn thread() -> Result<Thread, ParkError> {
    const ARCH_GET_FS: usize = 0x1003;
    const ARCH_GET_XCOMP_PERM: usize = 0x1022;
    const ARCH_SHSTK_STATUS: usize = 0x5005;
    const PR_GET_TID_ADDRESS: usize = 40;
    let refused =
        |what| move |error: u32| ParkError::Kernel { what, source: io::Error::from_raw_os_error(error as i32) };
    let word = |number, option| {
        let mut word = 0u64;
        // SAFETY: each of these calls writes one word.
        unsafe { call(number, [option, (&raw mut word) as usize, 0, 0, 0, 0]) }.map(|_| word)
    };
    if word(ARCH_PRCTL, ARCH_SHSTK_STATUS).is_ok_and(|status| status != 0) {
        return Err(ParkError::ShadowStack);
    }
    let fs_base = word(ARCH_PRCTL, ARCH_GET_FS).map_err(refused("the thread pointer"))?;
    let tid_address = word(PRCTL, PR_GET_TID_ADDRESS).map_err(refused("where the thread's id is"))?;
    let (mut robust_list, mut robust_list_len) = (0u64, 0u64);
    let places = [0, (&raw mut robust_list) as usize, (&raw mut robust_list_len) as usize, 0, 0, 0];
    // SAFETY: the call writes two words.
    unsafe { call(GET_ROBUST_LIST, places) }.map_err(refused("the robust list"))?;
    let mut signal_stack = [0u64; 3];
    // SAFETY: the call writes a `stack_t`, three words.
    unsafe { call(SIGALTSTACK, [0, (&raw mut signal_stack) as usize, 0, 0, 0, 0]) }
        .map_err(refused("the signal stack"))?;
    Ok(Thread {
        stack_pointer: 0,
        resume: 0,
        fs_base,
        tid_address,
        robust_list,
        robust_list_len,
        rseq: rseq(fs_base),
        signal_stack,
        // Kernels without it give every process the same state.
        permitted_state: word(ARCH_PRCTL, ARCH_GET_XCOMP_PERM).unwrap_or(0),
        // SAFETY: reads the heap's end.
        brk: unsafe { libc::sbrk(0) } as u64,
        letter: MAILBOX.0.get().expose_provenance() as u64,
        actions: std::array::from_fn(|index| action(index + 1)),
    })
}

/// Where the C library has registered this thread's rseq area; 0 where it has not.
fn rseq(fs_base: u64) -> u64 {
    // SAFETY: looks two symbols of the C library up; where they are, they are a `ptrdiff_t` and an `unsigned`.
    unsafe {
        let offset = libc::dlsym(libc::RTLD_DEFAULT, c"__rseq_offset".as_ptr()).cast::<isize>();
        let size = libc::dlsym(libc::RTLD_DEFAULT, c"__rseq_size".as_ptr()).cast::<u32>();
        if offset.is_null() || size.is_null() || *size == 0 { 0 } else { fs_base.wrapping_add_signed(*offset as i64) }
    }
}

/// The kernel's action of a signal that the process itself has set; zeros where the new process's own should stay.
fn action(signal: usize) -> [u64; 4] {
    const MASK_LEN: usize = 8;
    const SIG_IGN: u64 = 1;
    let mut action = [0u64; 4];
    // SAFETY: the call writes the kernel's `sigaction`, four words.
    let known = unsafe { call(SIGACTION, [signal, 0, (&raw mut action) as usize, MASK_LEN, 0, 0]) };
    // What is ignored was so in the parent, but for broken pipes, which Rust's own start ignores.
    let inherited = action[0] == SIG_IGN && signal != libc::SIGPIPE as usize;
    if known.is_err() || inherited { [0; 4] } else { action }
}
