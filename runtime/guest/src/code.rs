//! [`Code`]: native code where it stands in a mapped file, made executable there.
#![allow(unsafe_code)]

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use blink_artifact::manifest::GuestKind;
use rustix::mm::{MprotectFlags, mprotect};
use wasmtime::component::Component;
use wasmtime::{CustomCodeMemory, Engine, Module};

/// Native code, and what keeps it mapped.
#[derive(Clone)]
pub struct Code {
    bytes: NonNull<[u8]>,
    _keep: Arc<dyn Send + Sync>,
}

// SAFETY: it is read-only memory, kept mapped by an owner that is itself `Send` and `Sync`.
unsafe impl Send for Code {}
// SAFETY: as above.
unsafe impl Sync for Code {}

impl Code {
    /// The native code that `bytes` of `owner` gives; `None` where it gives none.
    ///
    /// # Safety
    /// The bytes must be what [`crate::settings`]' own compiler has written, unchanged: they will be executed. They must
    /// begin at a page of a private or read-only file mapping that `owner` keeps where it is, and shares with nobody who
    /// writes to it.
    pub unsafe fn of<T: Send + Sync + 'static>(owner: Arc<T>, bytes: impl FnOnce(&T) -> Option<&[u8]>) -> Option<Code> {
        let bytes = NonNull::from(bytes(&owner)?);
        Some(Code { bytes, _keep: owner })
    }

    /// Marks the code as linked; `None` where it is already, which wasmtime takes for a fault of its own.
    pub(crate) fn claim(&self) -> Option<Claimed> {
        let start = self.bytes.cast::<u8>().addr();
        let is_new = claims().insert(start);
        is_new.then(|| Claimed(start))
    }

    pub(crate) fn load(&self, engine: &Engine, kind: GuestKind) -> wasmtime::Result<Loaded> {
        // SAFETY: `of`'s caller has promised that these are the engine's own bytes, and that they stay; `Guest` keeps
        // this value longer than what is loaded from it.
        unsafe {
            match kind {
                GuestKind::Module => Module::deserialize_raw(engine, self.bytes).map(Loaded::Module),
                GuestKind::Component | GuestKind::Http => {
                    Component::deserialize_raw(engine, self.bytes).map(Loaded::Component)
                }
            }
        }
    }
}

/// Where code begins that is linked in this process.
static CLAIMS: Mutex<BTreeSet<NonZeroUsize>> = Mutex::new(BTreeSet::new());

fn claims() -> MutexGuard<'static, BTreeSet<NonZeroUsize>> {
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Code that is linked while this lives.
pub(crate) struct Claimed(NonZeroUsize);

impl Drop for Claimed {
    fn drop(&mut self) {
        claims().remove(&self.0);
    }
}

/// Native code, with what wasmtime knows of it.
pub(crate) enum Loaded {
    Module(Module),
    Component(Component),
}

/// Makes code executable in the file mapping that it stands in. It is never written to.
pub(crate) struct InPlace;

impl CustomCodeMemory for InPlace {
    fn required_alignment(&self) -> usize {
        rustix::param::page_size()
    }

    fn publish_executable(&self, start: *const u8, len: usize) -> wasmtime::Result<()> {
        protect(start, len, MprotectFlags::READ | MprotectFlags::EXEC)
    }

    fn unpublish_executable(&self, start: *const u8, len: usize) -> wasmtime::Result<()> {
        protect(start, len, MprotectFlags::READ)
    }
}

fn protect(start: *const u8, len: usize, flags: MprotectFlags) -> wasmtime::Result<()> {
    let len = len.next_multiple_of(rustix::param::page_size());
    // SAFETY: the range is the code's text, page by page, in a mapping that lives; nothing else stands in those pages.
    unsafe { mprotect(start.cast_mut().cast(), len, flags) }.map_err(|error| {
        wasmtime::Error::msg(format!(
            "native code cannot be made executable where its file is ({error}): move the file to a file system that is \
             not mounted noexec"
        ))
    })
}
