//! The driver's library and its functions, looked up once a process.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::OnceLock;

use libloading::Library;

use super::CudaError;

/// What the driver answers.
pub(super) type Code = c_uint;
/// An address in the device's memory.
pub(super) type Address = u64;
/// A context, a stream or an event of the driver's.
pub(super) type Handle = *mut c_void;

const OUT_OF_MEMORY: Code = 2;
const NO_DEVICE: Code = 100;

/// The least version of CUDA that a driver has to know, as it tells it: that of NVIDIA's libraries here.
const LEAST_VERSION: c_int = 13_000;

/// Whether a code says that the context is gone for good: the driver's errors of memory accesses and of hardware (700 to
/// 720), one that it cannot name (999), and a device that is no longer to be had (46).
pub(super) fn is_lost(code: Code) -> bool {
    matches!(code, 46 | 214 | 220 | 226 | 700 | 702 | 710 | 714..=721 | 999)
}

macro_rules! functions {
    ($($field:ident = $symbol:literal: fn($($argument:ty),*);)*) => {
        /// What is called of the driver. Every function answers with a [`Code`].
        pub(super) struct Functions {
            $(pub(super) $field: unsafe extern "C" fn($($argument),*) -> Code,)*
            _library: Library,
        }

        impl Functions {
            fn of(library: Library) -> Result<Functions, CudaError> {
                $(
                    // SAFETY: the type is that of this function in NVIDIA's documentation of the driver API, which keeps
                    // the signature of a versioned name for good. The library stays loaded as long as the pointer.
                    let $field = *unsafe { library.get(concat!($symbol, "\0").as_bytes()) }
                        .map_err(|_| CudaError::OldDriver { function: $symbol })?;
                )*
                Ok(Functions { $($field,)* _library: library })
            }
        }
    };
}

functions! {
    init = "cuInit": fn(c_uint);
    version = "cuDriverGetVersion": fn(*mut c_int);
    device_count = "cuDeviceGetCount": fn(*mut c_int);
    device = "cuDeviceGet": fn(*mut c_int, c_int);
    device_name = "cuDeviceGetName": fn(*mut c_char, c_int, c_int);
    retain_context = "cuDevicePrimaryCtxRetain": fn(*mut Handle, c_int);
    set_context = "cuCtxSetCurrent": fn(Handle);
    memory_info = "cuMemGetInfo_v2": fn(*mut usize, *mut usize);
    allocate = "cuMemAlloc_v2": fn(*mut Address, usize);
    free = "cuMemFree_v2": fn(Address);
    allocate_pinned = "cuMemHostAlloc": fn(*mut *mut c_void, usize, c_uint);
    free_pinned = "cuMemFreeHost": fn(*mut c_void);
    copy_to_device = "cuMemcpyHtoDAsync_v2": fn(Address, *const c_void, usize, Handle);
    copy_to_host = "cuMemcpyDtoHAsync_v2": fn(*mut c_void, Address, usize, Handle);
    create_stream = "cuStreamCreate": fn(*mut Handle, c_uint);
    wait_for_stream = "cuStreamSynchronize": fn(Handle);
    destroy_stream = "cuStreamDestroy_v2": fn(Handle);
    create_event = "cuEventCreate": fn(*mut Handle, c_uint);
    record_event = "cuEventRecord": fn(Handle, Handle);
    wait_for_event = "cuEventSynchronize": fn(Handle);
    destroy_event = "cuEventDestroy_v2": fn(Handle);
    error_name = "cuGetErrorName": fn(Code, *mut *const c_char);
}

impl Functions {
    /// The driver of this machine, loaded and initialised on the first call.
    pub(super) fn load() -> Result<&'static Functions, CudaError> {
        static LOADED: OnceLock<Result<Functions, CudaError>> = OnceLock::new();
        LOADED.get_or_init(load).as_ref().map_err(CudaError::clone)
    }

    /// What `code` means, said of `function`.
    pub(super) fn check(&self, function: &'static str, code: Code) -> Result<(), CudaError> {
        match code {
            0 => Ok(()),
            OUT_OF_MEMORY => Err(CudaError::Memory { bytes: 0, free: 0, total: 0 }),
            code => Err(CudaError::Call { function, code, name: self.name(code) }),
        }
    }

    fn name(&self, code: Code) -> String {
        let mut name = std::ptr::null();
        // SAFETY: the pointer to the result is valid for a write; a name is a constant of the driver's.
        let found = unsafe { (self.error_name)(code, &mut name) };
        if found != 0 || name.is_null() {
            return "an error without a name".into();
        }
        // SAFETY: the driver gave a NUL-terminated constant.
        unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
    }
}

fn load() -> Result<Functions, CudaError> {
    // SAFETY: loading runs the initialisers of the driver that the machine's administrator has installed.
    let library = unsafe { Library::new("libcuda.so.1") }.map_err(|error| {
        let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        CudaError::NoDriver { reason }
    })?;
    let functions = Functions::of(library)?;
    let mut version = 0;
    // SAFETY: the pointer to the result is valid for a write; this function may be called first.
    functions.check("cuDriverGetVersion", unsafe { (functions.version)(&mut version) })?;
    if version < LEAST_VERSION {
        return Err(CudaError::DriverVersion { major: version / 1000, minor: version % 1000 / 10 });
    }
    // SAFETY: flags must be 0.
    match unsafe { (functions.init)(0) } {
        // Which devices there are is asked for next.
        NO_DEVICE => Ok(functions),
        code => functions.check("cuInit", code).map(|()| functions),
    }
}
