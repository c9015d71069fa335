//! From the address space that the kernel made for the program to the one that the image tells of.

use core::ptr;

use crate::channel;
use crate::checksum;
use crate::image::{self, ADDRESS_END, ADDRESS_START, FileId, Head, MAX_FILES, Segment, Vdso};
use crate::refusal::{Refusal, Step};
use crate::system::{FSTAT, MADVISE, MMAP, MREMAP, MUNMAP, OPEN, call};

/// Where the vDSO is put on its way.
const SCRATCH: u64 = 0x3_0000_0000;

/// The files that segments are mapped from, open.
pub struct Files {
    descriptors: [usize; MAX_FILES],
}

impl Files {
    pub const fn none() -> Files {
        Files { descriptors: [0; MAX_FILES] }
    }

    /// Opens every file of the image, and checks that it is the one that was mapped.
    pub fn open(&mut self, head: &Head<'_>) -> Result<(), Refusal> {
        const READ_ONLY_NO_FOLLOW: usize = 0o2000000 | 0o400000 | 0o4000;
        for (index, file) in head.files.iter().enumerate() {
            let path = head.path(file).ok_or(Refusal::Layout)?;
            let unreadable = |error| Refusal::Unreadable(index as u32, error);
            // SAFETY: the path ends with a NUL.
            let opened = unsafe { call(OPEN, [path.as_ptr() as usize, READ_ONLY_NO_FOLLOW, 0, 0, 0, 0]) };
            let descriptor = opened.map_err(unreadable)?;
            self.descriptors[index] = descriptor;
            if !is_same(file, descriptor).map_err(unreadable)? {
                return Err(Refusal::Changed(index as u32));
            }
        }
        Ok(())
    }
}

fn is_same(file: &FileId, descriptor: usize) -> Result<bool, u32> {
    let mut status = [0u64; 18];
    // SAFETY: the kernel writes a `stat`, 144 bytes.
    unsafe { call(FSTAT, [descriptor, (&raw mut status) as usize, 0, 0, 0, 0]) }?;
    let found = FileId {
        device: status[0],
        inode: status[1],
        len: status[6],
        modified: status[11].cast_signed(),
        modified_ns: status[12].cast_signed(),
        path: file.path,
    };
    Ok(found == *file)
}

/// Checks that the kernel's own code is the one that the image has seen, byte for byte.
pub fn check_vdso(recorded: &Vdso, found: u64) -> Result<(), Refusal> {
    let [_, len] = recorded.mappings[0];
    if found == 0 || len == 0 || len > 1 << 20 {
        return Err(Refusal::Vdso);
    }
    // SAFETY: the kernel is of the same build, which was checked before, so its vDSO is as long.
    let code = unsafe { core::slice::from_raw_parts(ptr::with_exposed_provenance(found as usize), len as usize) };
    if checksum::sum(code) == recorded.checksum { Ok(()) } else { Err(Refusal::Vdso) }
}

/// Where the mappings of the vDSO stand now, from first to last: kernels of one build lay them out alike.
fn vdso_now(recorded: &Vdso, found: u64) -> impl Iterator<Item = (u64, u64, u64)> {
    let [code, _] = recorded.mappings[0];
    let present = recorded.mappings.into_iter().filter(|[_, len]| *len > 0);
    present.map(move |[start, len]| (start, start.wrapping_sub(code).wrapping_add(found), len))
}

/// Unmaps everything that is neither the program's nor the vDSO's.
pub fn clear(recorded: &Vdso, found: u64) -> Result<(), Refusal> {
    let first = vdso_now(recorded, found).map(|(_, now, _)| now).min().unwrap_or(ADDRESS_END);
    let last = vdso_now(recorded, found).map(|(_, now, len)| now + len).max().unwrap_or(ADDRESS_END);
    for (start, end) in [(ADDRESS_START, first), (last, ADDRESS_END)] {
        if start < end {
            // SAFETY: the program stands below, with its stack.
            unsafe { call(MUNMAP, [start as usize, (end - start) as usize, 0, 0, 0, 0]) }
                .map_err(|error| Refusal::Forbidden(Step::Clear as u32, error))?;
        }
    }
    Ok(())
}

/// Moves the vDSO to where the image has it.
pub fn move_vdso(recorded: &Vdso, found: u64) -> Result<(), Refusal> {
    let [code, _] = recorded.mappings[0];
    if code == found {
        return Ok(());
    }
    // Old and new place may overlap, and a kernel may have sealed the mappings: one by one, by way of a third place.
    for (_, now, len) in vdso_now(recorded, found) {
        remap(now, len, now.wrapping_sub(found).wrapping_add(SCRATCH))?;
    }
    for (start, now, len) in vdso_now(recorded, found) {
        remap(now.wrapping_sub(found).wrapping_add(SCRATCH), len, start)?;
    }
    Ok(())
}

fn remap(from: u64, len: u64, to: u64) -> Result<(), Refusal> {
    const MAY_MOVE_FIXED: usize = 3;
    // SAFETY: nothing that is used stands at the new place: it is scratch, or free until segments are mapped.
    unsafe { call(MREMAP, [from as usize, len as usize, len as usize, MAY_MOVE_FIXED, to as usize, 0]) }
        .map_err(|error| Refusal::Forbidden(Step::Vdso as u32, error))?;
    Ok(())
}

/// Maps every segment.
pub fn map(head: &Head<'_>, files: &Files) -> Result<(), Refusal> {
    head.segments.iter().try_for_each(|segment| map_one(segment, files))
}

fn map_one(segment: &Segment, files: &Files) -> Result<(), Refusal> {
    const MAP_SHARED: usize = 0x1;
    const MAP_PRIVATE: usize = 0x2;
    const MAP_FIXED: usize = 0x10;
    const MAP_ANONYMOUS: usize = 0x20;
    const MAP_NORESERVE: usize = 0x4000;
    const MADV_HUGEPAGE: usize = 14;
    let (start, len) = (segment.start as usize, segment.len as usize);
    let protection = (segment.flags & (image::READ | image::WRITE | image::EXECUTE)) as usize;
    let (kind, descriptor) = match segment.source {
        image::ANONYMOUS => (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, usize::MAX),
        image::IMAGE => (MAP_PRIVATE | MAP_NORESERVE, channel::IMAGE as usize),
        file => {
            let kind = if segment.flags & image::SHARED != 0 { MAP_SHARED } else { MAP_PRIVATE | MAP_NORESERVE };
            (kind, files.descriptors[(file - image::FIRST_FILE) as usize])
        }
    };
    // SAFETY: the head's rules keep every segment above the program, and nothing else is in use there.
    unsafe { call(MMAP, [start, len, protection, kind | MAP_FIXED, descriptor, segment.offset as usize]) }
        .map_err(|error| Refusal::Forbidden(Step::Map as u32, error))?;
    if segment.flags & image::HUGE != 0 {
        // SAFETY: mapped above. A kernel without huge pages refuses, and pages are then small.
        let _ = unsafe { call(MADVISE, [start, len, MADV_HUGEPAGE, 0, 0, 0]) };
    }
    Ok(())
}
