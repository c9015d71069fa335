//! [`TensorArena`] behind ONNX Runtime's allocator interface.
//!
//! ONNX Runtime calls `Reserve` for what lives with a session and `Alloc` for the rest, which is exactly the
//! arena's distinction. Where there is no memory they throw (`no_memory.rs`).

use std::alloc::{Layout, handle_alloc_error};
use std::ffi::c_void;
use std::ptr;

use blink_snapshots::{Lifetime, TensorArena};
use ort::sys::{self, OrtAllocator, OrtMemoryInfo};

use super::no_memory::{Throw, allocate_with};
use super::{EngineError, check};

/// The C interface's view of an arena. ONNX Runtime keeps the address of `interface` and hands it back.
#[repr(C)]
struct ArenaAllocator {
    interface: OrtAllocator,
    memory_info: *mut OrtMemoryInfo,
    arena: &'static TensorArena,
}

/// Registers `arena` as the environment's CPU allocator. Lives as long as the process, as the environment does.
pub(super) fn register(
    environment: *mut sys::OrtEnv,
    arena: &'static TensorArena,
) -> Result<*mut OrtMemoryInfo, EngineError> {
    let api = ort::api();
    let mut memory_info = ptr::null_mut();
    // SAFETY: the name is NUL-terminated and the result pointer is valid for a write.
    check(unsafe {
        (api.CreateMemoryInfo)(
            c"Cpu".as_ptr(),
            sys::OrtAllocatorType::OrtDeviceAllocator,
            0,
            sys::OrtMemType::OrtMemTypeDefault,
            &mut memory_info,
        )
    })?;
    // SAFETY: the default of this plain struct has no callbacks; those that are required are set below.
    let mut interface = unsafe { OrtAllocator::default() };
    allocate_with(&mut interface, alloc, reserve);
    interface.Free = Some(free);
    interface.Info = Some(info);
    let allocator = Box::leak(Box::new(ArenaAllocator { interface, memory_info, arena }));
    // SAFETY: environment and allocator are valid, and the allocator is never freed.
    check(unsafe { (api.RegisterAllocator)(environment, &mut allocator.interface) })?;
    Ok(memory_info)
}

/// The arena behind `this`.
///
/// # Safety
/// `this` is the address of the `interface` of a leaked [`ArenaAllocator`].
unsafe fn arena(this: *const OrtAllocator) -> &'static TensorArena {
    // SAFETY: `interface` is the first field of a `repr(C)` struct, so the addresses are the same.
    unsafe { (*this.cast::<ArenaAllocator>()).arena }
}

fn block_or_throw(arena: &TensorArena, len: usize, lifetime: Lifetime) -> *mut c_void {
    if len == 0 {
        return ptr::null_mut();
    }
    if let Some(address) = arena.alloc(len, lifetime) {
        return ptr::with_exposed_provenance_mut(address.get());
    }
    match Throw::find() {
        // SAFETY: nothing here is left to be dropped, and the frames up to ONNX Runtime's may be unwound.
        Ok(throw) => unsafe { throw.throw() },
        Err(_) => {
            handle_alloc_error(Layout::from_size_align(len, TensorArena::ALIGNMENT).unwrap_or(Layout::new::<u64>()))
        }
    }
}

unsafe extern "C-unwind" fn alloc(this: *mut OrtAllocator, len: usize) -> *mut c_void {
    // SAFETY: ONNX Runtime passes the pointer that was registered.
    block_or_throw(unsafe { arena(this) }, len, Lifetime::Run)
}

unsafe extern "C-unwind" fn reserve(this: *const OrtAllocator, len: usize) -> *mut c_void {
    // SAFETY: ONNX Runtime passes the pointer that was registered.
    block_or_throw(unsafe { arena(this) }, len, Lifetime::Session)
}

unsafe extern "system" fn free(this: *mut OrtAllocator, address: *mut c_void) {
    // SAFETY: ONNX Runtime passes the pointer that was registered.
    unsafe { arena(this) }.free(address as usize);
}

unsafe extern "system" fn info(this: *const OrtAllocator) -> *const OrtMemoryInfo {
    // SAFETY: as in `arena`.
    unsafe { (*this.cast::<ArenaAllocator>()).memory_info }
}
