//! Whether the disk has room for what is to be installed, asked before the first byte is fetched.

use std::path::Path;

use super::CudaError;
use crate::setup::wheel::Wheel;

/// Fails where the file system of `directory` has less room than `installed` bytes and the largest of the wheels that
/// are `fetched` need; a wheel is removed before the next comes. A file system that does not tell is taken to do.
pub(super) fn check(directory: &Path, installed: u64, fetched: &[&'static Wheel]) -> Result<(), CudaError> {
    let Ok(found) = rustix::fs::statvfs(directory) else { return Ok(()) };
    fits(directory, needed(installed, fetched), found.f_bavail.saturating_mul(found.f_frsize))
}

fn needed(installed: u64, fetched: &[&'static Wheel]) -> u64 {
    // A client keeps its own copy while it makes ours.
    installed + 2 * fetched.iter().map(|wheel| wheel.bytes).max().unwrap_or(0)
}

fn fits(directory: &Path, needed: u64, free: u64) -> Result<(), CudaError> {
    if needed <= free {
        return Ok(());
    }
    Err(CudaError::NoRoom { directory: directory.to_owned(), needed: megabytes(needed), free: free / 1_000_000 })
}

/// Bytes in megabytes, rounded up.
pub(super) fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::super::table::WHEELS;
    use super::*;

    #[test]
    fn what_is_needed_is_told_with_what_is_free() {
        let error = fits(Path::new("/cache"), needed(2_000_000, &[]), 1_999_999).unwrap_err();
        assert!(matches!(error, CudaError::NoRoom { needed: 2, free: 1, .. }), "{error}");
        fits(Path::new("/cache"), 2_000_000, 2_000_000).unwrap();
    }

    #[test]
    fn the_largest_wheel_counts_twice_and_the_others_not() {
        let wheels: Vec<_> = WHEELS.iter().collect();
        let largest = WHEELS.iter().map(|wheel| wheel.bytes).max().unwrap();
        assert_eq!(needed(7, &wheels), 7 + 2 * largest);
    }

    #[test]
    fn a_real_directory_has_room_for_nothing() {
        check(&std::env::temp_dir(), 0, &[]).unwrap();
        assert!(check(&std::env::temp_dir(), u64::MAX / 2, &[]).is_err());
    }
}
