//! Where no process can be parked: the same functions, which say so.

/// What a restored worker learns of its own start. There is none here.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Restored {
    pub entered: u64,
    pub checked: u64,
    pub mapped: u64,
}

/// Why a process cannot be parked.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ParkError {
    #[error("snapshots are made on x86-64 Linux only; workers start normally here")]
    Unsupported,
}

/// Always [`ParkError::Unsupported`].
pub fn park() -> Result<Restored, ParkError> {
    Err(ParkError::Unsupported)
}
