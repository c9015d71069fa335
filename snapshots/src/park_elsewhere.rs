//! Where no process can be parked: the same functions, which say so.

use crate::restored::Restored;

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
