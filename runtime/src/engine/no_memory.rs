//! What an allocator does that ONNX Runtime calls and that has no memory: it throws C++'s `std::bad_alloc`, as ONNX
//! Runtime's own allocators throw. That does not look at what it is given, and would have a kernel write to address 0 and
//! beyond. It catches the exception before it returns to us, and makes an error of it.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::mem;

use libloading::Library;
use ort::sys::OrtAllocator;

use super::EngineError;

/// Throws `std::bad_alloc`.
#[derive(Clone, Copy)]
pub(super) struct Throw(unsafe extern "C-unwind" fn() -> !);

/// What the interface has for `Alloc` and `Reserve`.
type Plain<This> = unsafe extern "system" fn(This, usize) -> *mut c_void;
/// The same, with what may come out of it.
pub(super) type Unwinding<This> = unsafe extern "C-unwind" fn(This, usize) -> *mut c_void;

impl Throw {
    /// The function of the C++ library that ONNX Runtime is linked with.
    pub(super) fn find() -> Result<Throw, EngineError> {
        let missing = |error: libloading::Error| EngineError::Call { message: format!("C++ library: {error}") };
        // SAFETY: it is loaded already, for ONNX Runtime.
        let library = unsafe { Library::new("libstdc++.so.6") }.map_err(missing)?;
        // SAFETY: `void std::__throw_bad_alloc()` has had this name and signature since version 3.4 of the library.
        let throw = *unsafe { library.get::<unsafe extern "C-unwind" fn() -> !>(b"_ZSt17__throw_bad_allocv\0") }
            .map_err(missing)?;
        // The function is to stay.
        mem::forget(library);
        Ok(Throw(throw))
    }

    /// Throws.
    ///
    /// # Safety
    /// Nothing is left to be dropped in the frames up to ONNX Runtime's, and they may be unwound: their functions are
    /// `C-unwind`, put into the interface by [`allocate_with`].
    pub(super) unsafe fn throw(self) -> ! {
        // SAFETY: as the caller promises.
        unsafe { (self.0)() }
    }
}

/// Has `interface` allocate with these functions, out of which an exception may come.
pub(super) fn allocate_with(
    interface: &mut OrtAllocator,
    alloc: Unwinding<*mut OrtAllocator>,
    reserve: Unwinding<*const OrtAllocator>,
) {
    // SAFETY: the types differ in what Rust callers may expect to come out of a call; the caller is C++.
    (interface.Alloc, interface.Reserve) = unsafe {
        (
            Some(mem::transmute::<Unwinding<*mut OrtAllocator>, Plain<*mut OrtAllocator>>(alloc)),
            Some(mem::transmute::<Unwinding<*const OrtAllocator>, Plain<*const OrtAllocator>>(reserve)),
        )
    };
}
