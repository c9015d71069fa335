//! The C heap in huge pages, before ONNX Runtime fills it.
//!
//! Making the environment takes some 7 MB of small allocations, a page fault for every 4 KB of them. Grown at once and
//! in huge pages, the heap takes a handful of faults. Nothing is touched here: memory comes when it is used.

/// How far the heap is grown.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LEN: usize = 16 << 20;

/// Grows the heap and asks for huge pages in it. A hint: where the kernel or the C library cannot, nothing changes.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(super) fn prefer_huge_pages() {
    use rustix::mm::{Advice, madvise};
    const HUGE_PAGE: usize = 2 << 20;
    // SAFETY: `mallopt` takes any value for this parameter, and `sbrk(0)` only reads. The blocks are more than what is
    // left of the heap's first 132 KB, and too small to be mapped apart, so that the heap grows once, by the padding.
    let (start, end) = unsafe {
        let start = libc::sbrk(0) as usize;
        libc::mallopt(libc::M_TOP_PAD, LEN as i32);
        let blocks = std::hint::black_box([libc::malloc(100 << 10), libc::malloc(100 << 10)]);
        blocks.into_iter().for_each(|block| libc::free(block));
        (start, libc::sbrk(0) as usize)
    };
    let (first, last) = (start.next_multiple_of(HUGE_PAGE), end / HUGE_PAGE * HUGE_PAGE);
    if start != usize::MAX && first < last {
        // SAFETY: the range lies inside the heap, and the advice changes no contents.
        let _ = unsafe { madvise(first as *mut _, last - first, Advice::LinuxHugepage) };
    }
}

/// Gives what is free in the heap back to the kernel. It takes a millisecond where much is free, else less.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn release() {
    // SAFETY: no preconditions.
    unsafe { libc::malloc_trim(0) };
}

/// Has all threads allocate from no more than `heaps` heaps. For before the first thread. The C library would make one
/// for each thread that comes, up to eight a processor, and each keeps what it once grew to.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn share_among_threads(heaps: u8) {
    // SAFETY: `mallopt` takes any value for this parameter.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, heaps.into()) };
}

/// Elsewhere the heap is left to the system.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
mod left_alone {
    pub(in super::super) fn prefer_huge_pages() {}
    /// Does nothing.
    pub fn release() {}
    /// Does nothing.
    pub fn share_among_threads(_heaps: u8) {}
}
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) use left_alone::prefer_huge_pages;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub use left_alone::{release, share_among_threads};
