//! The C library's heap, as a process wants it that rests most of the time.

#![allow(unsafe_code)]

/// Has all threads allocate from no more than `heaps` heaps. The C library would make one for each thread that comes, up
/// to eight a processor: each keeps what it once grew to, and the server's threads, one a worker, come and go. What they
/// allocate is little, so that they hardly wait for each other.
#[cfg_attr(not(all(target_os = "linux", target_env = "gnu")), allow(unused_variables))]
pub(crate) fn share_among_threads(heaps: u8) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: `mallopt` takes any value for this parameter.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, heaps.into())
    };
}

/// Gives what is free in the heap back to the kernel. It takes a millisecond where a burst has left much, else less.
pub(crate) fn release() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: no preconditions.
    unsafe {
        libc::malloc_trim(0)
    };
}
