//! The C library's heap, as a process wants it that rests most of the time.

#![allow(unsafe_code)]

/// Has every thread allocate from one heap. The C library would make one for each thread that allocates while another
/// does, up to eight a processor: each keeps what it once grew to, and the server's threads, one a worker, come and go.
/// What they share is short work, so that they hardly wait for each other.
pub(crate) fn share_among_threads() {
    // SAFETY: no preconditions.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1)
    };
}

/// Gives what is free in the heap back to the kernel. It takes a millisecond where a burst has left much, else less.
pub(crate) fn release() {
    // SAFETY: no preconditions.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    unsafe {
        libc::malloc_trim(0)
    };
}
