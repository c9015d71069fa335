//! A running worker has no private copy of the weights: they stay in the page cache, mapped, shared by all workers.
//!
//! The worker is that of a real `blink run`, held in the middle of its work: its answer is larger than a pipe, and the
//! test reads the beginning only. What the kernel then says of the worker's memory (smaps) is the proof. With packing the
//! same figures show the packed copy, so they can be trusted to show one.

use std::io::Read;
use std::process::Stdio;

use blink_examples::large::Large;
use blink_examples::values;

use crate::support::Folder;

/// 48 MiB of weights; an answer of 512 KiB, which no pipe holds.
const LARGE: Large = Large { layers: 3, width: 2048, seed: 5 };
const BATCH: usize = 64;

/// What the kernel says of one process's memory, in bytes.
#[derive(Debug, Default)]
struct Memory {
    /// Pages of the artifact's mapping that are in memory.
    artifact_resident: u64,
    /// Pages of the artifact's mapping that are a copy: no longer the page cache's.
    artifact_copied: u64,
    /// All pages that stand in no file, those included.
    anonymous: u64,
}

impl Memory {
    fn of(process: u32) -> Memory {
        let smaps = std::fs::read_to_string(format!("/proc/{process}/smaps")).expect("the process lives");
        let (mut memory, mut is_artifact) = (Memory::default(), false);
        for line in smaps.lines() {
            let mut words = line.split_whitespace();
            let (key, value) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            // The first line of a mapping has an address range where the others have `Name:`.
            if !key.ends_with(':') {
                is_artifact = line.ends_with("large.blink");
                continue;
            }
            let bytes = value.parse::<u64>().unwrap_or(0) << 10;
            match key {
                // Not `Private_Dirty`, which also counts pages of the page cache that are not yet on disk.
                "Anonymous:" => {
                    memory.anonymous += bytes;
                    memory.artifact_copied += if is_artifact { bytes } else { 0 };
                }
                "Rss:" if is_artifact => memory.artifact_resident += bytes,
                _ => {}
            }
        }
        memory
    }
}

/// The memory of a worker that has computed an answer and still holds everything it needed for it.
fn of_a_worker(folder: &Folder, options: &str) -> Memory {
    let line = format!("run large.blink --start normal --input x.npy --output - {options}");
    let mut command = folder.blink(&line).into_command();
    let mut run = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut stdout = run.stdout.take().expect("a pipe");
    let mut magic = [0; 6];
    stdout.read_exact(&mut magic).expect("the answer begins");
    assert_eq!(&magic, b"\x93NUMPY");
    let memory = Memory::of(only_child(run.id()));
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).expect("the answer ends");
    assert!(rest.len() > 4 * BATCH * LARGE.width);
    assert!(run.wait().expect("it is ours").success());
    memory
}

/// The one process that `parent` has started and that still runs.
fn only_child(parent: u32) -> u32 {
    let is_child = |process: &u32| {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        status.lines().any(|line| line.strip_prefix("PPid:").is_some_and(|id| id.trim() == parent.to_string()))
    };
    let entries = std::fs::read_dir("/proc").expect("the kernel's list of processes");
    let processes = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let children: Vec<_> = processes.filter(is_child).collect();
    let [child] = children[..] else { panic!("expected one child, found {children:?}") };
    child
}

#[test]
fn weights_are_not_copied() {
    let folder = Folder::new();
    LARGE.write(&folder.path("")).expect("the model is written");
    folder.npy("x.npy", &values(&[BATCH, LARGE.width], &vec![0.5f32; BATCH * LARGE.width]));
    folder.blink("compile large.onnx -o large.blink --prepack off").ok();
    let weights = LARGE.bytes();

    let plain = of_a_worker(&folder, "");
    assert!(plain.artifact_resident >= weights, "the weights are used where they are mapped: {plain:?}");
    assert_eq!(plain.artifact_copied, 0, "{plain:?}");
    assert!(plain.anonymous < weights / 2, "there is room for a copy outside the mapping: {plain:?}");

    let packed = of_a_worker(&folder, "--prepack on");
    assert_eq!(packed.artifact_copied, 0, "{packed:?}");
    let copied = packed.anonymous.saturating_sub(plain.anonymous);
    assert!(copied > weights * 9 / 10, "a packed copy of {weights} bytes should show: {plain:?}, {packed:?}");
}
