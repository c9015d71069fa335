//! [`Restored`]: what a restored worker learns of its own start.

/// When the steps of a restore were done, in nanoseconds of the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Restored {
    /// When the restorer was entered.
    pub entered: u64,
    /// When it had checked the image.
    pub checked: u64,
    /// When everything was mapped.
    pub mapped: u64,
}
