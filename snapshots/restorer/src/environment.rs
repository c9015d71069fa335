//! The new process's environment, copied from the stack that goes to one that stays.

use core::ptr;

use crate::image::PAGE;
use crate::memory_functions::strlen;
use crate::refusal::{Refusal, Step};
use crate::system::{MMAP, call};

/// Where the copy stands.
const PLACE: usize = 0x1_0000_0000;
/// The entry of the auxiliary vector that tells where the vDSO is.
const AT_SYSINFO_EHDR: usize = 33;

/// Copies the environment. Gives the address of the copied array, and the vDSO's.
///
/// # Safety
/// `block` is the argument block of the kernel: count, arguments, null, environment, null, auxiliary vector.
pub unsafe fn keep(block: *const usize) -> Result<(u64, u64), Refusal> {
    // SAFETY: the block is as the kernel lays it out: each list ends with a null, the auxiliary vector with a zero.
    unsafe {
        let environment = block.add(1 + block.read() + 1);
        let mut count = 0;
        let mut bytes = 0;
        while environment.add(count).read() != 0 {
            bytes += len(ptr::with_exposed_provenance(environment.add(count).read()));
            count += 1;
        }
        let mut entry = environment.add(count + 1);
        let mut vdso = 0;
        while entry.read() != 0 {
            if entry.read() == AT_SYSINFO_EHDR {
                vdso = entry.add(1).read();
            }
            entry = entry.add(2);
        }
        copy(environment, count, bytes)?;
        Ok((PLACE as u64, vdso as u64))
    }
}

/// Copies `count` strings of `bytes` bytes together, and an array of pointers to them.
///
/// # Safety
/// `environment` points to as many strings, and they have as many bytes.
unsafe fn copy(environment: *const usize, count: usize, bytes: usize) -> Result<(), Refusal> {
    const READ_WRITE: usize = 3;
    const PRIVATE_FIXED_ANONYMOUS: usize = 0x32;
    let pointers = (count + 1) * size_of::<usize>();
    let len_mapped = (pointers + bytes).next_multiple_of(PAGE as usize);
    // SAFETY: nothing of the program stands at this address, and the kernel limits an environment to less than what
    // is free there.
    unsafe { call(MMAP, [PLACE, len_mapped, READ_WRITE, PRIVATE_FIXED_ANONYMOUS, usize::MAX, 0]) }
        .map_err(|error| Refusal::Forbidden(Step::Environment as u32, error))?;
    let array = ptr::with_exposed_provenance_mut::<usize>(PLACE);
    let mut to = ptr::with_exposed_provenance_mut::<u8>(PLACE + pointers);
    for index in 0..count {
        // SAFETY: the mapping has room for the array and for all strings; fresh memory is zero, which ends the array.
        unsafe {
            let from = ptr::with_exposed_provenance(environment.add(index).read());
            let len = len(from);
            ptr::copy_nonoverlapping(from, to, len);
            array.add(index).write(to as usize);
            to = to.add(len);
        }
    }
    Ok(())
}

/// Bytes of a string, its NUL included.
///
/// # Safety
/// `string` ends with a NUL.
unsafe fn len(string: *const u8) -> usize {
    // SAFETY: as the caller promises.
    unsafe { strlen(string) + 1 }
}
