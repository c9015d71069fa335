//! The head of an image: fixed structures in the machine's own byte order, since an image never leaves its host.
//!
//! ```text
//! Header | label, zeros up to 8 | Segment * segments | FileId * files | Range * ranges | paths | zeros up to head_len
//! ```
//! and from [`DATA_OFFSET`] on the saved pages. The program maps the head and uses it where it stands, so every
//! structure is made of integers without padding and every bit pattern of it is a value. What the numbers mean is
//! checked by [`Head::of`], after the sum.
#![allow(unsafe_code)]

pub use crate::head::Head;
use crate::host::Host;

/// The first bytes of an image.
pub const MAGIC: [u8; 8] = *b"BLNKSNAP";
/// The version of this layout, and of everything that a parked worker and the program agree on.
pub const VERSION: u32 = 1;
/// Bytes of a page.
pub const PAGE: u64 = 4096;
/// Where saved pages begin; the head ends before.
pub const DATA_OFFSET: u64 = 256 << 10;
/// Where [`Header::checksum`] stands.
pub const CHECKSUM_OFFSET: usize = core::mem::offset_of!(Header, checksum);
/// The longest path of a mapped file, its closing NUL included.
pub const PATH_MAX: usize = 4096;
/// The most files an image may map.
pub const MAX_FILES: usize = 64;
/// Everything that an image maps lies below: the end of user addresses on x86-64 with four levels of page tables.
pub const ADDRESS_END: u64 = 0x7fff_ffff_f000;
/// Everything that an image maps lies above: what is below belongs to the program.
pub const ADDRESS_START: u64 = 0x10_0000_0000;

/// The fixed part of a head.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Header {
    pub magic: [u8; 8],
    pub version: u32,
    /// Segments, in the order in which they are mapped: later ones replace parts of earlier ones.
    pub segments: u32,
    /// Over `head_len` bytes, this field taken as zero.
    pub checksum: u64,
    /// Bytes of the head, a multiple of the page.
    pub head_len: u64,
    /// Bytes of the file.
    pub image_len: u64,
    pub files: u32,
    /// Bytes of all paths.
    pub paths_len: u32,
    pub ranges: u32,
    /// Bytes of the label: what the image is of, for those who keep images. The restorer does not read it.
    pub label_len: u32,
    pub host: Host,
    pub vdso: Vdso,
    pub layout: Layout,
    pub thread: Thread,
}

/// The mappings that the kernel itself puts into each process.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Vdso {
    /// Address and length of the code, then of each of its data mappings; zero where there is none.
    pub mappings: [[u64; 2]; 4],
    /// Sum of the code's bytes.
    pub checksum: u64,
}

/// What the kernel keeps of a process's layout (`prctl_mm_map` in the kernel's `uapi/linux/prctl.h`).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Layout {
    pub start_code: u64,
    pub end_code: u64,
    pub start_data: u64,
    pub end_data: u64,
    pub start_brk: u64,
    pub brk: u64,
    pub start_stack: u64,
    pub arg_start: u64,
    pub arg_end: u64,
    pub env_start: u64,
    pub env_end: u64,
}

/// What a parked worker says of its only thread: the state that the kernel holds and memory does not.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Thread {
    pub stack_pointer: u64,
    /// Where it goes on. Callee-saved registers and control words are on its stack.
    pub resume: u64,
    pub fs_base: u64,
    /// Where the kernel clears the thread's id at its end, and the C library keeps it.
    pub tid_address: u64,
    pub robust_list: u64,
    pub robust_list_len: u64,
    /// The registered rseq area, or 0.
    pub rseq: u64,
    /// `stack_t`: address, flags, size.
    pub signal_stack: [u64; 3],
    /// Processor state components that were asked for (`ARCH_GET_XCOMP_PERM`).
    pub permitted_state: u64,
    /// The heap's end.
    pub brk: u64,
    /// Where it wants its [`Letter`].
    pub letter: u64,
    /// The kernel's `sigaction` of signals 1 to 64: handler, flags, restorer, mask. All zero: left as the new
    /// process has it.
    pub actions: [[u64; 4]; 64],
}

/// What the program tells the worker that it becomes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)]
pub struct Letter {
    /// When the program was entered, in nanoseconds of the monotonic clock.
    pub entered: u64,
    /// When everything was checked and opened.
    pub checked: u64,
    /// When everything was mapped.
    pub mapped: u64,
    /// The new process's environment: an array of pointers that ends with a null.
    pub environment: u64,
}

/// A range of addresses and what stands in it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First address, a multiple of the page.
    pub start: u64,
    /// Length in bytes, a multiple of the page.
    pub len: u64,
    /// Where it begins in its file.
    pub offset: u64,
    /// [`ANONYMOUS`], [`IMAGE`], or [`FIRST_FILE`] and the file's index.
    pub source: u32,
    /// Bits of `READ`, `WRITE`, `EXECUTE`, `HUGE`, `SHARED`.
    pub flags: u32,
}

/// [`Segment::source`]: zeros.
pub const ANONYMOUS: u32 = 0;
/// [`Segment::source`]: the image itself.
pub const IMAGE: u32 = 1;
/// [`Segment::source`]: the first of the files.
pub const FIRST_FILE: u32 = 2;

/// May be read.
pub const READ: u32 = 1;
/// May be written.
pub const WRITE: u32 = 2;
/// May be executed. Never of anonymous memory, never of the image.
pub const EXECUTE: u32 = 4;
/// In huge pages, where the kernel can.
pub const HUGE: u32 = 8;
/// Shared, and never writable.
pub const SHARED: u32 = 16;

/// A file that was mapped, as `fstat` told it then.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct FileId {
    pub device: u64,
    pub inode: u64,
    pub len: u64,
    pub modified: i64,
    pub modified_ns: i64,
    /// Where its path begins among the paths; it ends with a NUL.
    pub path: u64,
}

/// A part of a file that a start reads, in the order in which reading is fastest. For whoever reads ahead.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Range {
    /// As [`Segment::source`]; never [`ANONYMOUS`].
    pub source: u64,
    pub offset: u64,
    pub len: u64,
}

/// A structure of integers without padding: any bytes are a value of it.
///
/// # Safety
/// Only for `repr(C)` types whose fields are integers or such types, and that have no padding.
pub unsafe trait Plain: Copy {}

// SAFETY: integers and arrays of them; the sizes below leave no room for padding.
unsafe impl Plain for Header {}
// SAFETY: as above.
unsafe impl Plain for Thread {}
// SAFETY: as above.
unsafe impl Plain for Segment {}
// SAFETY: as above.
unsafe impl Plain for FileId {}
// SAFETY: as above.
unsafe impl Plain for Range {}

const _: () = {
    assert!(size_of::<Host>() == 7 * 16 + 8 + 2 * 72);
    assert!(size_of::<Vdso>() == 72 && size_of::<Layout>() == 88 && size_of::<Thread>() == 13 * 8 + 64 * 32);
    assert!(
        size_of::<Segment>() == 32
            && size_of::<FileId>() == 48
            && size_of::<Range>() == 24
            && size_of::<Letter>() == 32
    );
    assert!(size_of::<Header>() == 56 + size_of::<Host>() + 72 + 88 + size_of::<Thread>());
};

/// The bytes of a value.
pub fn bytes_of<T: Plain>(value: &T) -> &[u8] {
    // SAFETY: `T` has no padding, so each of its bytes is initialised.
    unsafe { core::slice::from_raw_parts((&raw const *value).cast(), size_of::<T>()) }
}

/// The value that `bytes` begin with; `None` where they are too few.
pub fn read<T: Plain>(bytes: &[u8]) -> Option<T> {
    let bytes = bytes.get(..size_of::<T>())?;
    // SAFETY: there are enough bytes, any bytes are a value, and the read asks for no alignment.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

/// The first `count` values of `bytes`, where they stand, and the bytes behind.
pub(crate) fn take<T: Plain>(bytes: &[u8], count: usize) -> Option<(&[T], &[u8])> {
    let (taken, rest) = bytes.split_at_checked(count.checked_mul(size_of::<T>())?)?;
    if !(taken.as_ptr() as usize).is_multiple_of(align_of::<T>()) {
        return None;
    }
    // SAFETY: there are enough bytes at the right alignment, any bytes are a value, and they are borrowed as long.
    Some((unsafe { core::slice::from_raw_parts(taken.as_ptr().cast(), count) }, rest))
}
