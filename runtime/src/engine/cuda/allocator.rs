//! Arenas behind ONNX Runtime's allocator interface for device memory. One allocator serves all sessions of the process;
//! which arena a call is about, the thread that makes it knows.
//!
//! Where there is no memory they throw (`no_memory.rs`): a kernel that wrote to null would lose the device for every model
//! on it.

use std::collections::HashMap;
use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use ort::sys::{self, OrtAllocator, OrtMemoryInfo};

use super::arena::DeviceArena;
use super::weights::Place;
use crate::engine::no_memory::{Throw, allocate_with};
use crate::engine::{EngineError, check};

/// The C interface's view. ONNX Runtime keeps the address of `interface` and hands it back.
#[repr(C)]
struct DeviceAllocator {
    interface: OrtAllocator,
    place: Place,
    throw: Throw,
    /// The arena of every block that is lent: what a session leaves behind is freed on any thread.
    lent: Mutex<HashMap<u64, Arc<DeviceArena>>>,
}

/// Registers the allocator for the device that `place` tells of. It lives as long as the process, as the environment does.
pub(in crate::engine) fn register(environment: *mut sys::OrtEnv, place: Place) -> Result<(), EngineError> {
    // SAFETY: the default of this plain struct has no callbacks; those that are required are set below.
    let mut interface = unsafe { OrtAllocator::default() };
    allocate_with(&mut interface, alloc, reserve);
    interface.Free = Some(free);
    interface.Info = Some(info);
    let throw = Throw::find()?;
    let allocator = Box::leak(Box::new(DeviceAllocator { interface, place, throw, lent: Mutex::default() }));
    // SAFETY: environment and allocator are valid, and the allocator is never freed.
    check(unsafe { (ort::api().RegisterAllocator)(environment, &mut allocator.interface) })
}

/// What stands behind `this`.
///
/// # Safety
/// `this` is the address of the `interface` of a leaked [`DeviceAllocator`].
unsafe fn behind(this: *const OrtAllocator) -> &'static DeviceAllocator {
    // SAFETY: `interface` is the first field of a `repr(C)` struct, so the addresses are the same.
    unsafe { &*this.cast::<DeviceAllocator>() }
}

fn block(allocator: &DeviceAllocator, len: usize) -> Option<u64> {
    // Nothing of ours computes outside of `DeviceArena::during`.
    let arena = DeviceArena::current()?;
    let address = arena.alloc(len)?;
    allocator.lent.lock().unwrap_or_else(PoisonError::into_inner).insert(address, arena);
    Some(address)
}

fn block_or_throw(allocator: &DeviceAllocator, len: usize) -> *mut c_void {
    if len == 0 {
        return ptr::null_mut();
    }
    match block(allocator, len) {
        Some(address) => ptr::with_exposed_provenance_mut(address as usize),
        // SAFETY: nothing here is left to be dropped, and the frames up to ONNX Runtime's may be unwound.
        None => unsafe { allocator.throw.throw() },
    }
}

unsafe extern "C-unwind" fn alloc(this: *mut OrtAllocator, len: usize) -> *mut c_void {
    // SAFETY: ONNX Runtime passes the pointer that was registered.
    block_or_throw(unsafe { behind(this) }, len)
}

unsafe extern "C-unwind" fn reserve(this: *const OrtAllocator, len: usize) -> *mut c_void {
    // SAFETY: ONNX Runtime passes the pointer that was registered.
    block_or_throw(unsafe { behind(this) }, len)
}

unsafe extern "system" fn free(this: *mut OrtAllocator, address: *mut c_void) {
    // SAFETY: ONNX Runtime passes the pointer that was registered.
    let allocator = unsafe { behind(this) };
    let address = address as u64;
    let arena = allocator.lent.lock().unwrap_or_else(PoisonError::into_inner).remove(&address);
    // The last block of a model that is gone takes the arena with it, outside of the lock.
    arena.map(|arena| arena.free(address));
}

unsafe extern "system" fn info(this: *const OrtAllocator) -> *const OrtMemoryInfo {
    // SAFETY: as in `behind`.
    unsafe { behind(this) }.place.info()
}
