//! Descriptors that a process has inherited without being meant to.
#![allow(unsafe_code)]

/// Closes every descriptor from `first` on. For the beginning of a process, before it has opened any of them.
///
/// Kernels before 5.9, and systems other than Linux, cannot; there they stay, and a parked process that has them is not
/// written down.
pub fn close_inherited(first: i32) {
    #[cfg(target_os = "linux")]
    // SAFETY: nothing in this process knows those descriptors.
    unsafe {
        libc::syscall(libc::SYS_close_range, first, u32::MAX, 0);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = first;
}
