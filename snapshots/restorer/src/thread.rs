//! What the kernel holds of a thread and memory does not, and the jump into the worker.

use core::arch::asm;
use core::ptr;

use crate::image::{Header, Letter, PAGE, Thread};
use crate::refusal::{Refusal, Step};
use crate::system::{ARCH_PRCTL, PRCTL, RSEQ, SET_ROBUST_LIST, SET_TID_ADDRESS, SIGACTION, SIGALTSTACK, call};

/// Sets everything but the registers. Segments are mapped.
pub fn set(header: &Header, environment: u64) -> Result<(), Refusal> {
    let thread = &header.thread;
    set_identity(thread)?;
    set_signals(thread);
    permit_state(thread)?;
    set_layout(header, environment);
    Ok(())
}

/// Thread pointer, thread id, robust list, rseq.
fn set_identity(thread: &Thread) -> Result<(), Refusal> {
    const ARCH_SET_FS: usize = 0x1002;
    /// What the C library registers: the length of the first version, and its signature on x86.
    const RSEQ_LEN: usize = 32;
    const RSEQ_SIGNATURE: usize = 0x5305_3053;
    // SAFETY: the addresses are the worker's own, told by itself, and mapped as they were.
    unsafe {
        call(ARCH_PRCTL, [ARCH_SET_FS, thread.fs_base as usize, 0, 0, 0, 0])
            .map_err(|error| Refusal::Forbidden(Step::ThreadPointer as u32, error))?;
        if let Ok(id) = call(SET_TID_ADDRESS, [thread.tid_address as usize, 0, 0, 0, 0, 0]) {
            ptr::with_exposed_provenance_mut::<u32>(thread.tid_address as usize).write(id as u32);
        }
        let _ = call(SET_ROBUST_LIST, [thread.robust_list as usize, thread.robust_list_len as usize, 0, 0, 0, 0]);
        if thread.rseq != 0 {
            // Processor ids that say "not yet", then no critical section.
            let area = ptr::with_exposed_provenance_mut::<u32>(thread.rseq as usize);
            (area.write(0), area.add(1).write(u32::MAX), area.add(2).cast::<u64>().write(0));
            if call(RSEQ, [thread.rseq as usize, RSEQ_LEN, 0, RSEQ_SIGNATURE, 0, 0]).is_err() {
                // The C library then does without.
                area.add(1).write(u32::MAX - 1);
            }
        }
    }
    Ok(())
}

/// Handlers, and the stack that they run on.
fn set_signals(thread: &Thread) {
    const MASK_LEN: usize = 8;
    const SS_DISABLE: u64 = 2;
    for (index, action) in thread.actions.iter().enumerate() {
        if *action != [0; 4] {
            // SAFETY: an action as the kernel gave it; handlers are mapped where they were.
            let _ = unsafe { call(SIGACTION, [index + 1, action.as_ptr() as usize, 0, MASK_LEN, 0, 0]) };
        }
    }
    if thread.signal_stack[1] & SS_DISABLE == 0 && thread.signal_stack[0] != 0 {
        let stack = [thread.signal_stack[0], 0, thread.signal_stack[2]];
        // SAFETY: a `stack_t` of memory that is mapped where it was.
        let _ = unsafe { call(SIGALTSTACK, [(&raw const stack) as usize, 0, 0, 0, 0, 0]) };
    }
}

/// Asks again for processor state that is not given unasked (Intel AMX).
fn permit_state(thread: &Thread) -> Result<(), Refusal> {
    const ARCH_GET_XCOMP_PERM: usize = 0x1022;
    const ARCH_REQ_XCOMP_PERM: usize = 0x1023;
    let mut permitted = 0u64;
    // SAFETY: the kernel writes one word.
    let known = unsafe { call(ARCH_PRCTL, [ARCH_GET_XCOMP_PERM, (&raw mut permitted) as usize, 0, 0, 0, 0]) };
    let missing = if known.is_ok() { thread.permitted_state & !permitted } else { 0 };
    for component in (0..64).filter(|component| missing >> component & 1 != 0) {
        // SAFETY: asks for a permission.
        unsafe { call(ARCH_PRCTL, [ARCH_REQ_XCOMP_PERM, component, 0, 0, 0, 0]) }
            .map_err(|error| Refusal::Forbidden(Step::ProcessorState as u32, error))?;
    }
    Ok(())
}

/// Name, heap and places as the kernel shows them. A kernel that does not let us leaves a heap that cannot grow, which
/// the C library can do without.
fn set_layout(header: &Header, environment: u64) {
    const PR_SET_NAME: usize = 15;
    const PR_SET_MM: usize = 35;
    const PR_SET_MM_MAP: usize = 14;
    const NO_FILE: u64 = 0xffff_ffff;
    const LEN: usize = 13 * 8;
    let name = *b"blink-worker\0\0\0\0";
    let layout = &header.layout;
    let map: [u64; LEN / 8] = [
        layout.start_code,
        layout.end_code,
        layout.start_data,
        layout.end_data,
        layout.start_brk,
        layout.brk,
        layout.start_stack,
        layout.arg_start,
        layout.arg_end,
        environment,
        environment + PAGE,
        0,
        NO_FILE << 32,
    ];
    // SAFETY: the kernel reads 16 bytes of a name, and a `prctl_mm_map` of the length given.
    unsafe {
        let _ = call(PRCTL, [PR_SET_NAME, name.as_ptr() as usize, 0, 0, 0, 0]);
        let _ = call(PRCTL, [PR_SET_MM, PR_SET_MM_MAP, map.as_ptr() as usize, LEN, 0, 0]);
    }
}

/// Leaves the letter and goes on where the worker was parked.
pub fn resume(header: &Header, letter: Letter) -> ! {
    let thread = &header.thread;
    // SAFETY: the letter's place, the stack and the code are the worker's own, told by itself when it parked, and mapped
    // as they were then. The code there takes its registers from the stack.
    unsafe {
        ptr::with_exposed_provenance_mut::<Letter>(thread.letter as usize).write(letter);
        asm!("mov rsp, {stack}", "jmp {code}",
            stack = in(reg) thread.stack_pointer, code = in(reg) thread.resume, options(noreturn));
    }
}
