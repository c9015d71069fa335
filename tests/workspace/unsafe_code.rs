//! `unsafe` stands in few small files, which are listed here; everywhere else the compiler denies it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

/// The files, and what each needs it for.
const ALLOWED: [(&str, &str); 45] = [
    ("artifact/src/map.rs", "maps a file"),
    ("benches/src/page_cache.rs", "asks what of a file is in the page cache"),
    ("benches/src/reap.rs", "waits for a child with its resource usage"),
    ("benches/src/syscalls/tracer.rs", "traces a process"),
    ("cli/src/exit.rs", "ends the process without exit handlers"),
    ("cli/src/verbs/scratch.rs", "hears of signals, to remove what a verb made"),
    ("compiler/src/onnx/map.rs", "maps a file"),
    ("examples/guests/embed/src/initialiser.rs", "exports what a compiler calls"),
    ("runtime/server/src/listen/inherited.rs", "takes over sockets that systemd has passed"),
    ("runtime/src/channel/memory.rs", "maps memory shared with another process"),
    ("runtime/src/engine/allocator.rs", "calls ONNX Runtime"),
    ("runtime/src/engine/call.rs", "calls ONNX Runtime"),
    ("runtime/src/engine/cuda/allocator.rs", "is an allocator that ONNX Runtime calls"),
    ("runtime/src/engine/cuda/bound.rs", "calls ONNX Runtime"),
    ("runtime/src/engine/cuda/functions.rs", "loads the driver's library, and calls it"),
    ("runtime/src/engine/cuda/gpu.rs", "calls the driver"),
    ("runtime/src/engine/cuda/provider.rs", "loads NVIDIA's libraries, calls ONNX Runtime"),
    ("runtime/src/engine/cuda/upload.rs", "calls the driver, fills pinned memory"),
    ("runtime/src/engine/cuda/weights.rs", "calls ONNX Runtime"),
    ("runtime/src/engine/environment.rs", "calls ONNX Runtime"),
    ("runtime/src/engine/heap.rs", "sets up the C library's heap"),
    ("runtime/src/engine/mod.rs", "calls ONNX Runtime"),
    ("runtime/src/engine/no_memory.rs", "throws through frames of C++"),
    ("runtime/src/engine/placement.rs", "calls ONNX Runtime"),
    ("runtime/src/engine/session.rs", "calls ONNX Runtime"),
    ("runtime/src/engine/stock.rs", "calls ONNX Runtime"),
    ("runtime/src/engine/threads.rs", "gives threads a core each"),
    ("runtime/src/engine/value.rs", "calls ONNX Runtime"),
    ("runtime/guest/src/code.rs", "makes native code executable, and has it executed"),
    ("runtime/src/guest/code_cache.rs", "takes a file of native code for that"),
    ("runtime/src/guest/link.rs", "takes a section of native code for that"),
    ("runtime/src/launcher/spawn.rs", "spawns a process"),
    ("runtime/src/sandbox/kernel.rs", "asks the kernel for walls"),
    ("runtime/src/worker/process.rs", "takes over descriptors, ends the process without exit handlers"),
    ("snapshots/restorer/src/environment.rs", "copies the environment off the kernel's stack"),
    ("snapshots/restorer/src/image.rs", "reads structures of integers out of bytes"),
    ("snapshots/restorer/src/main.rs", "is a program without libc"),
    ("snapshots/restorer/src/mappings.rs", "maps an image over its own address space"),
    ("snapshots/restorer/src/memory_functions.rs", "is the libc of a program without libc"),
    ("snapshots/restorer/src/system.rs", "makes system calls"),
    ("snapshots/restorer/src/thread.rs", "sets a thread's kernel state, and jumps"),
    ("snapshots/src/descriptors.rs", "closes descriptors"),
    ("snapshots/src/park.rs", "saves registers, and tells its own memory"),
    ("snapshots/src/region.rs", "maps memory"),
    ("tensors/src/buffer.rs", "allocates aligned memory"),
];

/// The same for files that are in no product.
const ALLOWED_IN_TESTS: [(&str, &str); 11] = [
    ("benches/src/syscalls_tests.rs", "has a process traced already"),
    ("fuzz/laws/src/calls/link.rs", "maps native code that it has just made"),
    ("runtime/guest/tests/nn/support/link.rs", "maps native code that it has just made"),
    ("runtime/tests/walls/acts.rs", "tries what no walls allow"),
    ("snapshots/tests/memory.rs", "touches memory of the arena"),
    ("snapshots/tests/refusals.rs", "maps files"),
    ("snapshots/tests/restore.rs", "puts descriptors where the restorer wants them"),
    ("tests/faults/listener.rs", "answers another process's system calls"),
    ("tests/support/refused_calls.rs", "puts a process into a sandbox"),
    ("tests/support/tracer.rs", "traces a process"),
    ("tests/workers/process.rs", "closes the standard descriptors"),
];

#[test]
fn unsafe_stands_where_it_is_listed_and_nowhere_else() {
    let mut found = BTreeSet::new();
    rust_files(&root(), &mut |path| {
        let text = fs::read_to_string(path).expect("source is UTF-8");
        if text.lines().any(uses_unsafe) {
            let relative = path.strip_prefix(root()).expect("below the root");
            found.insert(relative.to_str().expect("names are UTF-8").to_owned());
        }
    });
    let listed = ALLOWED.iter().chain(&ALLOWED_IN_TESTS).map(|(file, _)| (*file).to_owned());
    let listed: BTreeSet<String> = listed.collect();
    let new: Vec<_> = found.difference(&listed).collect();
    assert!(
        new.is_empty(),
        "{new:?} use unsafe code and are not listed. First look for a safe way: rustix for system calls, a type of \
         tensors/ for bytes, the engine's own functions for ONNX Runtime. If there is none, keep the file small, give \
         each block its SAFETY argument, and list the file with its reason in tests/workspace/unsafe_code.rs and in \
         docs/architecture.md, 'Where trust is decided'."
    );
    let gone: Vec<_> = listed.difference(&found).collect();
    assert!(gone.is_empty(), "{gone:?} use no unsafe code any more: take them off the list");
}

#[test]
fn every_crate_denies_it_otherwise() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace's manifest");
    assert!(manifest.lines().any(|line| line == "unsafe_code = \"deny\""), "the workspace's lints deny unsafe code");
    for entry in fs::read_dir(root()).expect("the root").map(|entry| entry.expect("an entry").path()) {
        let Ok(manifest) = fs::read_to_string(entry.join("Cargo.toml")) else { continue };
        let inherits = manifest.contains("[lints]\nworkspace = true\n");
        assert!(inherits, "{}: add `[lints]` with `workspace = true`, or nothing is denied there", entry.display());
    }
}

#[test]
fn unsafe_is_told_from_talk_about_it() {
    assert!(
        ["    let x = unsafe { f() };", "unsafe impl Send for X {}", "#![allow(unsafe_code)]"]
            .iter()
            .all(|l| uses_unsafe(l))
    );
    assert!(
        !["// unsafe { }", "let text = \"unsafe { }\";", "let unsafe_file = 1;"].iter().any(|line| uses_unsafe(line))
    );
}

/// Whether a line of source holds unsafe code, comments and text apart.
fn uses_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let code: String = code.split('"').step_by(2).collect();
    let word = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let follows = |rest: &str| {
        ["_code)", " {", " fn", " impl", " extern", " trait", "("].iter().any(|next| rest.starts_with(next))
    };
    code.match_indices("unsafe").any(|(at, found)| word(at) && follows(&code[at + found.len()..]))
}

/// Calls `found` with every Rust file below `directory` that belongs to the repository.
fn rust_files(directory: &Path, found: &mut dyn FnMut(&Path)) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Build outputs are called `target`; what is hidden is not ours, and a link leads out of the repository.
        if name.starts_with('.') || name == "target" || path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found(&path);
        }
    }
}
