//! [`Uploader`]: bytes of a mapping to the device. The device can only read pinned memory by itself, and pages of a file
//! are not pinned; so bytes go through two pinned buffers in turns: one is filled while the other is read.

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::{Mutex, PoisonError};

use super::CudaError;
use super::gpu::{DeviceMemory, Event, Gpu, Stream};

/// Bytes of one buffer. Larger ones gain nothing; pinning costs the host time and memory.
const CHUNK: usize = 4 << 20;

/// Two pinned buffers and a stream. One upload at a time.
pub struct Uploader {
    gpu: &'static Gpu,
    lanes: Mutex<[Lane; 2]>,
    stream: Stream,
}

/// A pinned buffer, and the mark behind the copy that reads it.
struct Lane {
    buffer: NonNull<u8>,
    read: Event,
    gpu: &'static Gpu,
}

// SAFETY: the buffer is owned by the lane alone.
unsafe impl Send for Lane {}

impl Uploader {
    /// Pins the buffers.
    pub fn new(gpu: &'static Gpu) -> Result<Uploader, CudaError> {
        let stream = gpu.stream()?;
        Ok(Uploader { gpu, lanes: Mutex::new([Lane::new(gpu)?, Lane::new(gpu)?]), stream })
    }

    /// Copies `bytes` to the beginning of `memory`, and returns when they are there.
    ///
    /// # Panics
    /// Where `memory` is shorter than `bytes`.
    pub fn upload(&self, bytes: &[u8], memory: &DeviceMemory) -> Result<(), CudaError> {
        assert!(bytes.len() as u64 <= memory.bytes(), "memory was allocated for these bytes");
        self.gpu.make_current()?;
        let lanes = &mut *self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let copied = self.copy(bytes, memory, lanes);
        // In any case: a buffer that is still read must not be filled again.
        let waited = self.stream.wait();
        copied.and(waited)
    }

    fn copy(&self, bytes: &[u8], memory: &DeviceMemory, lanes: &mut [Lane; 2]) -> Result<(), CudaError> {
        for (index, chunk) in bytes.chunks(CHUNK).enumerate() {
            let lane = &mut lanes[index % 2];
            lane.read.wait()?;
            let address = memory.address + (index * CHUNK) as u64;
            // SAFETY: the buffer has room for a chunk, and nobody reads it: its mark was waited for. The copy goes to
            // memory that is long enough, and the buffer stays as it is until the mark behind the copy is reached.
            let code = unsafe {
                ptr::copy_nonoverlapping(chunk.as_ptr(), lane.buffer.as_ptr(), chunk.len());
                let from = lane.buffer.as_ptr().cast_const().cast::<c_void>();
                (self.gpu.driver.copy_to_device)(address, from, chunk.len(), self.stream.handle)
            };
            self.gpu.driver.check("cuMemcpyHtoDAsync", code)?;
            lane.read.record(&self.stream)?;
        }
        Ok(())
    }
}

impl Lane {
    fn new(gpu: &'static Gpu) -> Result<Lane, CudaError> {
        let (read, mut buffer) = (gpu.event()?, ptr::null_mut());
        // SAFETY: the pointer to the result is valid for a write.
        gpu.driver.check("cuMemHostAlloc", unsafe { (gpu.driver.allocate_pinned)(&mut buffer, CHUNK, 0) })?;
        let missing = || CudaError::Call { function: "cuMemHostAlloc", code: 0, name: "it gave nothing".into() };
        Ok(Lane { buffer: NonNull::new(buffer.cast()).ok_or_else(missing)?, read, gpu })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        // SAFETY: it was allocated here and is freed once; every upload has waited for the copies that read it.
        unsafe { (self.gpu.driver.free_pinned)(self.buffer.as_ptr().cast()) };
    }
}
