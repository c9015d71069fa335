//! The program: checks an image, maps it into this process, and goes on where its worker was parked.
//!
//! It is entered by `exec` with the descriptors of `channel.rs`; arguments mean nothing to it. Until everything is
//! checked and opened it has changed nothing, and a refusal is one packet. It stands, with all that it uses, below
//! `image::ADDRESS_START`, where no image maps anything: so it can map over the rest of its own address space.
#![no_std]
#![no_main]
#![allow(unsafe_code, dead_code)]

mod channel;
mod checksum;
mod environment;
mod head;
mod host;
mod image;
mod mappings;
mod memory_functions;
mod refusal;
mod system;
mod thread;

use core::arch::{asm, naked_asm};
use core::ptr;

use image::{DATA_OFFSET, Head, Header, Letter, PAGE};
use refusal::{Refusal, Step};
use system::{CLOSE_RANGE, EXIT_GROUP, FSTAT, MMAP, WRITE, call, now};

/// Where the image's head is mapped.
const HEAD: usize = 0x2_0000_0000;
/// Bytes of the stack that the program goes on with once its first one is unmapped.
const STACK_LEN: usize = 128 << 10;

#[repr(align(64))]
struct Stack([u8; STACK_LEN]);

static mut STACK: Stack = Stack([0; STACK_LEN]);
/// What the first stack has told.
static mut GIVEN: Given = Given { entered: 0, environment: 0, vdso: 0 };

/// What is known before the image is.
#[derive(Clone, Copy)]
struct Given {
    /// When the program was entered.
    entered: u64,
    /// The copied environment.
    environment: u64,
    /// Where the kernel has put the vDSO; 0 where it has not.
    vdso: u64,
}

/// The kernel enters here, with the argument block on the stack.
#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn _start() -> ! {
    naked_asm!("mov rdi, rsp", "and rsp, -16", "call {begin}", "ud2", begin = sym begin)
}

/// Copies what the first stack holds, and leaves that stack for good.
unsafe extern "C" fn begin(block: *const usize) -> ! {
    let entered = now();
    // SAFETY: `block` is what the kernel put on the stack: count, arguments, null, environment, null, auxiliary vector.
    let kept = unsafe { environment::keep(block) };
    let (environment, vdso) = match kept {
        Ok(kept) => kept,
        Err(refusal) => refuse(refusal),
    };
    // SAFETY: there is one thread, and nothing else has a reference to these statics. The stack's end is aligned to 16;
    // `go_on` never returns, and nothing of the first stack is used by it.
    unsafe {
        GIVEN = Given { entered, environment, vdso };
        asm!("mov rsp, {top}", "call {go_on}", "ud2",
            top = in(reg) (&raw mut STACK).add(1), go_on = sym go_on, options(noreturn));
    }
}

extern "C" fn go_on() -> ! {
    // SAFETY: written once, before.
    let given = unsafe { GIVEN };
    match restore(given) {
        Ok((header, letter)) => thread::resume(header, letter),
        Err(refusal) => refuse(refusal),
    }
}

/// Everything but the last step.
fn restore(given: Given) -> Result<(&'static Header, Letter), Refusal> {
    let head = head_of_image()?;
    head.header.host.check(&host::Host::here())?;
    mappings::check_vdso(&head.header.vdso, given.vdso)?;
    let mut files = mappings::Files::none();
    files.open(&head)?;
    let checked = now();
    mappings::clear(&head.header.vdso, given.vdso)?;
    mappings::move_vdso(&head.header.vdso, given.vdso)?;
    mappings::map(&head, &files)?;
    // The image, the files, and whatever else the launcher's launchers have left open.
    // SAFETY: the program uses none of them any more.
    let _ = unsafe { call(CLOSE_RANGE, [channel::IMAGE as usize, u32::MAX as usize, 0, 0, 0, 0]) };
    thread::set(head.header, given.environment)?;
    Ok((head.header, Letter { entered: given.entered, checked, mapped: now(), environment: given.environment }))
}

/// Maps and checks the head of the image.
fn head_of_image() -> Result<Head<'static>, Refusal> {
    const PROT_READ: usize = 1;
    const MAP_PRIVATE_FIXED: usize = 0x12;
    let forbidden = |error| Refusal::Forbidden(Step::Read as u32, error);
    let mut status = [0u64; 18];
    // SAFETY: the kernel writes a `stat`, 144 bytes.
    unsafe { call(FSTAT, [channel::IMAGE as usize, (&raw mut status) as usize, 0, 0, 0, 0]) }.map_err(forbidden)?;
    let len = status[6];
    if len < DATA_OFFSET {
        return Err(Refusal::NotAnImage);
    }
    let arguments = [HEAD, DATA_OFFSET as usize, PROT_READ, MAP_PRIVATE_FIXED, channel::IMAGE as usize, 0];
    // SAFETY: nothing of the program stands at this address.
    unsafe { call(MMAP, arguments) }.map_err(forbidden)?;
    // SAFETY: the file has as many bytes, they are mapped for good, and images are never changed in place.
    Head::of(unsafe { core::slice::from_raw_parts(ptr::with_exposed_provenance(HEAD), DATA_OFFSET as usize) }, len)
}

/// Tells the launcher why, and ends.
fn refuse(refusal: Refusal) -> ! {
    let packet = channel::packet(refusal);
    // SAFETY: the packet is readable for its length.
    let _ = unsafe {
        call(WRITE, [channel::SOCKET as usize, (&raw const packet) as usize, size_of_val(&packet), 0, 0, 0])
    };
    loop {
        // SAFETY: ends the process.
        let _ = unsafe { call(EXIT_GROUP, [1, 0, 0, 0, 0, 0]) };
    }
}

/// A bound check that failed would be a mistake in the program. It dies by a signal, which the launcher sees.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {
        // SAFETY: raises SIGILL.
        unsafe { asm!("ud2") };
    }
}

const _: () = assert!(DATA_OFFSET.is_multiple_of(PAGE));
