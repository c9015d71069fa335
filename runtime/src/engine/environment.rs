//! [`Engine`]: the loaded library and its environment. ONNX Runtime allows one a process, and so do we.

use std::ffi::{CStr, c_char};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use blink_snapshots::TensorArena;
use ort::AsPointer;
use ort::environment::{Environment, EnvironmentBuilder};
use ort::logging::LogLevel;

use super::{EngineError, allocator, cuda, heap};
use crate::library::{Library, ORT_VERSION};
use crate::timeline::{Phase, Timeline};

/// ONNX Runtime, loaded and initialised, with its telemetry off and the tensor arena behind it.
pub struct Engine {
    pub(super) environment: Environment,
    pub(super) memory_info: *mut ort::sys::OrtMemoryInfo,
    arena: &'static TensorArena,
}

// SAFETY: the memory info is written once, before the engine is shared, and ONNX Runtime only reads it.
unsafe impl Send for Engine {}
// SAFETY: as above.
unsafe impl Sync for Engine {}

static ENGINE: Mutex<Option<&'static Engine>> = Mutex::new(None);

impl Engine {
    /// Loads `library` and makes the environment, on the first call; later calls get the same engine.
    ///
    /// Sets `ORT_DISABLE_TELEMETRY=1` for the process, since ONNX Runtime reads it while the environment is made:
    /// later would be too late. Call it before other threads read the environment.
    pub fn start(library: &Library, timeline: &mut Timeline) -> Result<&'static Engine, EngineError> {
        let mut slot = ENGINE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = *slot {
            return Ok(engine);
        }
        let builder = timeline.record(Phase::Library, || {
            heap::prefer_huge_pages();
            load(&library.path)
        })?;
        let engine = timeline.record(Phase::Environment, || {
            let environment = builder.with_name("blink").with_telemetry(false).build()?;
            let arena: &'static TensorArena = Box::leak(Box::default());
            let memory_info = allocator::register(environment.ptr().cast_mut(), arena)?;
            Ok::<_, EngineError>(&*Box::leak(Box::new(Engine { environment, memory_info, arena })))
        })?;
        *slot = Some(engine);
        Ok(engine)
    }

    /// Has every session that is made with a [`cuda::Share`] of `gpu` take its device memory from its own arena. Once a
    /// process.
    pub fn attach(&self, gpu: &cuda::Gpu) -> Result<(), EngineError> {
        // What fails is told by the call that fails, once; the provider writes it to stderr, too.
        self.environment.set_log_level(LogLevel::Fatal);
        cuda::register(self.environment.ptr().cast_mut(), cuda::Place::of(gpu)?)
    }

    /// Has every thread of this process allocate from the one heap that is in huge pages. For the first line of a process
    /// that is to be written down.
    pub fn share_heap() {
        heap::share_among_threads(1);
    }

    /// Gives memory back to the kernel that holds nothing: dead activations, free parts of the heap.
    pub fn release_memory(&self) {
        self.arena.discard();
        heap::release();
    }

    /// The arena that every session of this process allocates from.
    pub fn arena(&self) -> &'static TensorArena {
        self.arena
    }
}

/// Loads ONNX Runtime, with its telemetry off before it can start.
pub(super) fn load(path: &Path) -> Result<EnvironmentBuilder, EngineError> {
    check_version(path)?;
    // SAFETY: documented at `Engine::start`; the standard library's own readers take the same lock as this writer.
    unsafe { std::env::set_var("ORT_DISABLE_TELEMETRY", "1") };
    ort::init_from(path).map_err(|error| load_error(path, error))
}

fn load_error(path: &Path, reason: impl ToString) -> EngineError {
    EngineError::Load { path: path.to_owned(), reason: reason.to_string() }
}

/// Refuses a library that ends early: the loader would map what is not there, and the process would die of SIGBUS.
fn check_length(path: &Path) -> Result<(), EngineError> {
    let file = File::open(path).map_err(|error| load_error(path, error))?;
    let found = file.metadata().map_err(|error| load_error(path, error))?.len();
    let mut header = [0; 64];
    // What is no 64-bit ELF file is the loader's to judge.
    if file.read_exact_at(&mut header, 0).is_err() || !header.starts_with(b"\x7fELF\x02\x01") {
        return Ok(());
    }
    let number =
        |at: usize, len: usize| header[at..at + len].iter().rev().fold(0u64, |n, &byte| n << 8 | u64::from(byte));
    // The table of sections stands last.
    let expected = number(40, 8).saturating_add(number(58, 2) * number(60, 2));
    if found < expected {
        return Err(load_error(path, format!("it has {found} bytes and should have {expected}: it was cut short")));
    }
    Ok(())
}

/// What the loader itself says; the error around it says only which call failed.
fn reason(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Asks the library which version it is before anything else is asked of it.
fn check_version(path: &Path) -> Result<(), EngineError> {
    check_length(path)?;
    // SAFETY: loading runs the library's initialisers. That the file is ONNX Runtime is what the user said by
    // installing it or by naming it.
    let library = unsafe { libloading::Library::new(path) }.map_err(|error| load_error(path, reason(&error)))?;
    // SAFETY: the symbol has had this signature in every release of ONNX Runtime.
    let base = unsafe { library.get::<unsafe extern "C" fn() -> *const ort::sys::OrtApiBase>(b"OrtGetApiBase\0") }
        .map_err(|error| load_error(path, reason(&error)))?;
    // SAFETY: the function takes nothing and gives a pointer to a constant of the library.
    let base = unsafe { base() };
    if base.is_null() {
        return Err(load_error(path, "OrtGetApiBase gave nothing"));
    }
    // SAFETY: the pointer is not null, and the version is a NUL-terminated constant.
    let found = unsafe { CStr::from_ptr(((*base).GetVersionString)() as *const c_char) }.to_string_lossy();
    if found == ORT_VERSION {
        // Closed here, it would be unmapped, and loaded and relocated a second time.
        std::mem::forget(library);
        Ok(())
    } else {
        Err(EngineError::Version { path: path.to_owned(), found: found.into_owned(), expected: ORT_VERSION })
    }
}
