//! [`Gpu`]: one device with its primary context, which lives as long as the process; memory and streams of it.

use std::ffi::{c_char, c_void};
use std::ptr;

use super::CudaError;
use super::functions::{Address, Functions, Handle};

/// A stream that does not wait for the default one.
const NON_BLOCKING: u32 = 1;
/// An event that takes no times.
const NO_TIMING: u32 = 2;

/// A CUDA device whose context is held.
pub struct Gpu {
    pub(super) driver: &'static Functions,
    context: Handle,
    ordinal: u32,
    name: String,
}

// SAFETY: a context may be used from any thread that has made it current; the driver locks for itself.
unsafe impl Send for Gpu {}
// SAFETY: as above.
unsafe impl Sync for Gpu {}

/// Memory of a device, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryInfo {
    /// What could be allocated now, by anybody.
    pub free: u64,
    /// What there is.
    pub total: u64,
}

impl Gpu {
    /// Loads the driver, finds the device `ordinal` and takes its primary context, which takes some 100 ms or more.
    pub fn open(ordinal: u32) -> Result<Gpu, CudaError> {
        let driver = Functions::load()?;
        let mut found = 0;
        // SAFETY: the pointer to the result is valid for a write.
        if unsafe { (driver.device_count)(&mut found) } != 0 {
            found = 0;
        }
        let number = i32::try_from(ordinal).ok().filter(|number| *number < found);
        let found = u32::try_from(found).unwrap_or(0);
        let number = number.ok_or(CudaError::NoDevice { asked: ordinal, found })?;
        let (mut device, mut context, mut name) = (0, ptr::null_mut(), [0u8; 256]);
        // SAFETY: the pointer to the result is valid for a write.
        driver.check("cuDeviceGet", unsafe { (driver.device)(&mut device, number) })?;
        // SAFETY: the name is written to a buffer of the length that is given, NUL-terminated.
        let named = unsafe { (driver.device_name)(name.as_mut_ptr().cast::<c_char>(), 255, device) };
        driver.check("cuDeviceGetName", named)?;
        // SAFETY: the pointer to the result is valid for a write.
        driver.check("cuDevicePrimaryCtxRetain", unsafe { (driver.retain_context)(&mut context, device) })?;
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        let gpu = Gpu { driver, context, ordinal, name: String::from_utf8_lossy(&name[..end]).into_owned() };
        gpu.make_current()?;
        Ok(gpu)
    }

    /// Makes the context the calling thread's: calls of that thread are about this device from then on.
    pub fn make_current(&self) -> Result<(), CudaError> {
        // SAFETY: the context was retained, and is never released.
        self.driver.check("cuCtxSetCurrent", unsafe { (self.driver.set_context)(self.context) })
    }

    /// Its number.
    pub fn ordinal(&self) -> u32 {
        self.ordinal
    }

    /// What it calls itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its memory now.
    pub fn memory(&self) -> Result<MemoryInfo, CudaError> {
        self.make_current()?;
        let (mut free, mut total) = (0, 0);
        // SAFETY: both pointers are valid for a write.
        self.driver.check("cuMemGetInfo", unsafe { (self.driver.memory_info)(&mut free, &mut total) })?;
        Ok(MemoryInfo { free: free as u64, total: total as u64 })
    }

    /// Why its context is lost; `None` where it is not. It says so at every call, whatever is made of an earlier one.
    pub fn lost(&self) -> Option<CudaError> {
        self.memory().err().filter(CudaError::is_lost)
    }

    /// Memory of `bytes` bytes, at least 1, aligned to 256.
    pub fn allocate(&'static self, bytes: u64) -> Result<DeviceMemory, CudaError> {
        self.make_current()?;
        let mut address = 0;
        let len = usize::try_from(bytes).unwrap_or(usize::MAX);
        // SAFETY: the pointer to the result is valid for a write.
        let allocated = unsafe { (self.driver.allocate)(&mut address, len) };
        match self.driver.check("cuMemAlloc", allocated) {
            Ok(()) => Ok(DeviceMemory { gpu: self, address, bytes }),
            Err(CudaError::Memory { .. }) => {
                let MemoryInfo { free, total } = self.memory()?;
                Err(CudaError::Memory { bytes, free, total })
            }
            Err(error) => Err(error),
        }
    }

    /// A stream of its own: what is done on it waits for no other.
    pub fn stream(&'static self) -> Result<Stream, CudaError> {
        self.make_current()?;
        let mut handle = ptr::null_mut();
        // SAFETY: the pointer to the result is valid for a write.
        self.driver.check("cuStreamCreate", unsafe { (self.driver.create_stream)(&mut handle, NON_BLOCKING) })?;
        Ok(Stream { gpu: self, handle })
    }

    /// A mark on a stream that can be waited for.
    pub(super) fn event(&'static self) -> Result<Event, CudaError> {
        let mut handle = ptr::null_mut();
        // SAFETY: the pointer to the result is valid for a write.
        self.driver.check("cuEventCreate", unsafe { (self.driver.create_event)(&mut handle, NO_TIMING) })?;
        Ok(Event { gpu: self, handle })
    }
}

/// Memory of a device. Dropped, it is free again.
pub struct DeviceMemory {
    gpu: &'static Gpu,
    pub(super) address: Address,
    bytes: u64,
}

impl DeviceMemory {
    /// Its length in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for DeviceMemory {
    fn drop(&mut self) {
        // What fails here fails because the context is lost, and the memory with it.
        let _ = self.gpu.make_current();
        // SAFETY: it was allocated here and is freed once; whoever used it holds it no longer.
        unsafe { (self.gpu.driver.free)(self.address) };
    }
}

/// A queue of work on a device. Dropped, it is gone once its work is done.
pub struct Stream {
    gpu: &'static Gpu,
    pub(super) handle: Handle,
}

// SAFETY: a stream may be used from any thread; the driver locks for itself.
unsafe impl Send for Stream {}
// SAFETY: as above.
unsafe impl Sync for Stream {}

impl Stream {
    /// Copies `bytes` to `address` on the device, after all that is on the stream. They have been read when this returns:
    /// what is not pinned is staged by the driver.
    pub(super) fn copy_to_device(&self, bytes: &[u8], address: Address) -> Result<(), CudaError> {
        let (driver, from) = (self.gpu.driver, bytes.as_ptr().cast());
        // SAFETY: the bytes are there for the call; the address is one that the caller owns, with room for them.
        driver.check("cuMemcpyHtoDAsync", unsafe { (driver.copy_to_device)(address, from, bytes.len(), self.handle) })
    }

    /// Has `len` bytes at `address` copied to `to`, after all that is on the stream.
    ///
    /// # Safety
    /// `to` can be written to for `len` bytes, and nobody else uses it until the stream was waited for.
    pub(super) unsafe fn copy_to_host(&self, address: Address, to: *mut c_void, len: usize) -> Result<(), CudaError> {
        let driver = self.gpu.driver;
        // SAFETY: promised by the caller; the address is one that the caller owns.
        driver.check("cuMemcpyDtoHAsync", unsafe { (driver.copy_to_host)(to, address, len, self.handle) })
    }

    /// Waits until everything on it is done.
    pub fn wait(&self) -> Result<(), CudaError> {
        self.gpu.make_current()?;
        // SAFETY: the stream lives.
        self.gpu.driver.check("cuStreamSynchronize", unsafe { (self.gpu.driver.wait_for_stream)(self.handle) })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.gpu.make_current();
        // SAFETY: it was created here and is destroyed once.
        unsafe { (self.gpu.driver.destroy_stream)(self.handle) };
    }
}

/// A mark on a stream.
pub(super) struct Event {
    gpu: &'static Gpu,
    handle: Handle,
}

// SAFETY: an event may be used from any thread; the driver locks for itself.
unsafe impl Send for Event {}

impl Event {
    /// Puts the mark after all that is on `stream` now.
    pub(super) fn record(&self, stream: &Stream) -> Result<(), CudaError> {
        // SAFETY: both live.
        self.gpu.driver.check("cuEventRecord", unsafe { (self.gpu.driver.record_event)(self.handle, stream.handle) })
    }

    /// Waits until the stream has come to the mark; at once where none was put.
    pub(super) fn wait(&self) -> Result<(), CudaError> {
        // SAFETY: the event lives.
        self.gpu.driver.check("cuEventSynchronize", unsafe { (self.gpu.driver.wait_for_event)(self.handle) })
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: it was created here and is destroyed once.
        unsafe { (self.gpu.driver.destroy_event)(self.handle) };
    }
}
