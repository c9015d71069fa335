//! [`Process`]: what the kernel tells of a worker that is to be written down, read from `/proc`.
//!
//! Refused is what an image could not bring back: other threads, descriptors beside the first three, files that have no
//! name any more, memory shared for writing.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use blink_restorer::image::{EXECUTE, FileId, HUGE, Layout, PAGE, READ, SHARED, WRITE};

/// How long a thread that has ended may still be listed.
const PATIENCE: Duration = Duration::from_millis(500);

/// Why a process cannot be written down.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ProcessError {
    #[error("{file} of the worker cannot be read: {source}; no snapshot can be made here, workers start normally")]
    Unreadable { file: &'static str, source: io::Error },
    #[error("{file} of the worker holds '{line}', which this blink cannot read")]
    Line { file: &'static str, line: String },
    #[error("worker has {found} threads, expected 1")]
    Threads { found: usize },
    #[error("worker has descriptor {descriptor} open ({target}), expected none but 0, 1 and 2", target = target.display())]
    Descriptor { descriptor: String, target: PathBuf },
    #[error("worker has mapped {path}, which is not there any more", path = path.display())]
    Gone { path: PathBuf },
    #[error("worker has mapped {path} for writing, shared with others", path = path.display())]
    SharedWritable { path: PathBuf },
    #[error("worker has a mapping of a kind that is not known: {name}")]
    UnknownKind { name: String },
}

/// A range of a worker's addresses.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// As in a segment.
    pub(crate) flags: u32,
    pub(crate) offset: u64,
    pub(crate) kind: Kind,
    /// Its contents are not for a copy of the process: it gets zeros.
    pub(crate) wiped: bool,
}

/// What stands behind a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Anonymous,
    Stack,
    /// The kernel's own: its code, or data for it.
    Vdso {
        is_code: bool,
    },
    File {
        path: PathBuf,
        inode: u64,
    },
}

/// A live process.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    id: u32,
}

impl Process {
    /// The process of that id.
    pub fn new(id: u32) -> Process {
        Process { id }
    }

    fn path(self, file: &str) -> PathBuf {
        Path::new("/proc").join(self.id.to_string()).join(file)
    }

    fn text(self, file: &'static str) -> Result<String, ProcessError> {
        fs::read_to_string(self.path(file)).map_err(|source| ProcessError::Unreadable { file, source })
    }

    fn names(self, file: &'static str) -> Result<Vec<String>, ProcessError> {
        let unreadable = |source| ProcessError::Unreadable { file, source };
        let entries = fs::read_dir(self.path(file)).map_err(unreadable)?;
        entries.map(|entry| Ok(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned())).collect()
    }

    /// Checks that there is one thread, and no descriptor but the first three.
    pub(crate) fn check(self) -> Result<(), ProcessError> {
        let begin = Instant::now();
        loop {
            let found = self.names("task")?.len();
            if found == 1 {
                break;
            }
            // A thread that was joined is listed until the kernel has cleared up behind it.
            if begin.elapsed() > PATIENCE {
                return Err(ProcessError::Threads { found });
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        match self.names("fd")?.into_iter().find(|name| !["0", "1", "2"].contains(&name.as_str())) {
            None => Ok(()),
            Some(descriptor) => {
                let target = fs::read_link(self.path("fd").join(&descriptor)).unwrap_or_default();
                Err(ProcessError::Descriptor { descriptor, target })
            }
        }
    }

    /// Every mapping, in order.
    pub(crate) fn mappings(self) -> Result<Vec<Mapping>, ProcessError> {
        let text = self.text("smaps")?;
        let mut mappings: Vec<Mapping> = Vec::new();
        for line in text.lines() {
            let unread = || ProcessError::Line { file: "smaps", line: line.to_owned() };
            if let Some(words) = line.strip_prefix("VmFlags:") {
                let Some(mapping) = mappings.last_mut() else { continue };
                let has = |flag: &str| words.split_whitespace().any(|word| word == flag);
                mapping.flags |= if has("hg") { HUGE } else { 0 };
                // Wiped on fork, or dropped at will.
                mapping.wiped = has("wf") || has("dp");
            } else if line.split_whitespace().next().is_some_and(|word| !word.ends_with(':')) {
                mappings.extend(mapping(line).ok_or_else(unread)??);
            }
        }
        Ok(mappings)
    }

    /// Which pages of `start..end` are the process's own: present or swapped out, and no file's.
    pub(crate) fn own_pages(self, start: u64, end: u64) -> Result<Vec<bool>, ProcessError> {
        const PRESENT_OR_SWAPPED: u64 = 3 << 62;
        const OF_A_FILE: u64 = 1 << 61;
        self.pages(start, end, |word| word & PRESENT_OR_SWAPPED != 0 && word & OF_A_FILE == 0)
    }

    /// Which pages of `start..end` the process has in its page table.
    pub(crate) fn present_pages(self, start: u64, end: u64) -> Result<Vec<bool>, ProcessError> {
        const PRESENT: u64 = 1 << 63;
        self.pages(start, end, |word| word & PRESENT != 0)
    }

    /// What `is` says of the entry of each page in `pagemap`.
    fn pages(self, start: u64, end: u64, is: impl Fn(u64) -> bool) -> Result<Vec<bool>, ProcessError> {
        const FILE: &str = "pagemap";
        let unreadable = |source| ProcessError::Unreadable { file: FILE, source };
        let file = File::open(self.path(FILE)).map_err(unreadable)?;
        let mut bytes = vec![0; ((end - start) / PAGE * 8) as usize];
        file.read_exact_at(&mut bytes, start / PAGE * 8).map_err(unreadable)?;
        Ok(bytes.as_chunks().0.iter().map(|word| is(u64::from_le_bytes(*word))).collect())
    }

    /// Where the kernel says the parts of the process are; `brk` is what only the process knows.
    pub(crate) fn layout(self, brk: u64) -> Result<Layout, ProcessError> {
        let text = self.text("stat")?;
        // The second field is a name in parentheses, which may hold anything; the third follows.
        let fields: Vec<u64> = text
            .rsplit_once(')')
            .map(|(_, rest)| rest.split_whitespace().map(|word| word.parse().unwrap_or(0)).collect())
            .unwrap_or_default();
        let field = |number: usize| fields.get(number - 3).copied();
        let layout = || {
            Some(Layout {
                start_code: field(26)?,
                end_code: field(27)?,
                start_stack: field(28)?,
                start_data: field(45)?,
                end_data: field(46)?,
                start_brk: field(47)?,
                brk,
                arg_start: field(48)?,
                arg_end: field(49)?,
                env_start: field(50)?,
                env_end: field(51)?,
            })
        };
        layout().ok_or_else(|| ProcessError::Line { file: "stat", line: text.clone() })
    }
}

/// The mapping that the first line of an entry of `smaps` tells of; `Some(Ok(None))` where it is none to save.
fn mapping(line: &str) -> Option<Result<Option<Mapping>, ProcessError>> {
    let mut words = line.splitn(6, ' ');
    let (start, end) = words.next()?.split_once('-')?;
    let hexadecimal = |word: &str| u64::from_str_radix(word, 16).ok();
    let (start, end) = (hexadecimal(start)?, hexadecimal(end)?);
    let access = words.next()?;
    let offset = hexadecimal(words.next()?)?;
    let _device = words.next()?;
    let inode: u64 = words.next()?.parse().ok()?;
    let name = words.next().unwrap_or_default().trim_start();
    let bits = [('r', READ), ('w', WRITE), ('x', EXECUTE), ('s', SHARED)];
    let flags = bits.iter().filter(|(letter, _)| access.contains(*letter)).map(|(_, bit)| bit).sum();
    let kind = match name {
        "[vsyscall]" => return Some(Ok(None)),
        "[vdso]" => Kind::Vdso { is_code: true },
        "[stack]" => Kind::Stack,
        "" | "[heap]" => Kind::Anonymous,
        _ if name.starts_with("[vvar") => Kind::Vdso { is_code: false },
        _ if name.starts_with("[anon") => Kind::Anonymous,
        _ if name.starts_with('/') => {
            let path = PathBuf::from(name);
            if flags & SHARED != 0 && flags & WRITE != 0 {
                return Some(Err(ProcessError::SharedWritable { path }));
            }
            Kind::File { path, inode }
        }
        _ => return Some(Err(ProcessError::UnknownKind { name: name.to_owned() })),
    };
    Some(Ok(Some(Mapping { start, end, flags, offset, kind, wiped: false })))
}

/// The identity of the file at `path`, which must still be the one that was mapped.
pub(crate) fn file_id(path: &Path, inode: u64) -> Result<FileId, ProcessError> {
    let gone = || ProcessError::Gone { path: path.to_owned() };
    let metadata = fs::symlink_metadata(path).map_err(|_| gone())?;
    if !metadata.is_file() || metadata.ino() != inode {
        return Err(gone());
    }
    Ok(identity(&metadata, 0))
}

/// A file's identity; `path` is its place among an image's paths.
pub(crate) fn identity(metadata: &fs::Metadata, path: u64) -> FileId {
    FileId {
        device: metadata.dev(),
        inode: metadata.ino(),
        len: metadata.len(),
        modified: metadata.mtime(),
        modified_ns: metadata.mtime_nsec(),
        path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_smaps_are_read() {
        let read = |line: &str| mapping(line).expect("readable").expect("of a known kind");
        let text = read("7f00-7fff r--p 00001000 fe:00 42                         /lib/a b.so").expect("a mapping");
        assert_eq!((text.start, text.end, text.flags, text.offset), (0x7f00, 0x7fff, READ, 0x1000));
        assert_eq!(text.kind, Kind::File { path: "/lib/a b.so".into(), inode: 42 });
        let heap = read("1000-2000 rw-p 00000000 00:00 0                          [heap]").expect("a mapping");
        assert_eq!((heap.kind, heap.flags), (Kind::Anonymous, READ | WRITE));
        assert!(read("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]").is_none());
        let refused = |line: &str| mapping(line).expect("readable").expect_err("refused");
        assert!(matches!(
            refused("1000-2000 rw-s 00000000 00:05 7 /memfd:x (deleted)"),
            ProcessError::SharedWritable { .. }
        ));
        assert!(matches!(refused("1000-2000 rw-p 00000000 00:00 0 [uprobes]"), ProcessError::UnknownKind { .. }));
        assert!(mapping("1000 rw-p").is_none());
    }

    #[test]
    fn this_process_is_read() {
        let here = Process::new(std::process::id());
        let mappings = here.mappings().expect("smaps");
        assert!(mappings.iter().any(|mapping| mapping.kind == Kind::Stack));
        assert!(mappings.iter().any(|mapping| mapping.kind == Kind::Vdso { is_code: true }));
        assert!(here.layout(7).expect("stat").start_stack > 0);
        let stack = mappings.iter().find(|mapping| mapping.kind == Kind::Stack).expect("a stack");
        assert!(here.own_pages(stack.start, stack.end).expect("pagemap").contains(&true));
    }
}
