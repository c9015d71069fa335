//! Starts from the disk: binary, library, artifact and snapshot out of the page cache, beside reading the same bytes in
//! order.
//!
//! What other processes have mapped, such as the C library, cannot be taken out; it is in memory for all alike. Nothing
//! is measured where one of the four files stays.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use blink_benches::interleave::interleave;
use blink_benches::page_cache::{Files, Part, read_in_order};
use blink_benches::record::{DiskRun, DiskRuns, Settings};
use blink_benches::worker::WorkerLaunch;
use blink_runtime::library;
use blink_runtime::timeline::now;
use blink_snapshots::image::OwnedHead;

use crate::programs::Programs;
use crate::say;
use crate::ways::Ready;

/// What takes its turn.
enum Turn<'a> {
    Read(&'a [Part]),
    Start(&'static str, &'a WorkerLaunch),
}

/// Measures starts from the disk. `None` where that cannot be done, with the reason in `left_out`.
pub(crate) fn measure(
    ready: &Ready,
    programs: &Programs,
    settings: &Settings,
    left_out: &mut Vec<String>,
) -> anyhow::Result<Option<DiskRuns>> {
    let model = ready.artifact.file_stem().unwrap_or_default().display();
    let image = ready.snapshots.iter().find(|(made, _)| made.way == "restored").map(|(_, path)| path);
    let (Some(image), Some(restored)) = (image, ready.worker("restored")) else {
        left_out.push(format!("starts of {model} from the disk, which are held against a snapshot"));
        return Ok(None);
    };
    let files = vec![programs.blink.clone(), library::find()?.path, ready.artifact.clone(), image.clone()];
    let files = Files::new(files);
    let parts = match forget(&files).and_then(|_| needed(image)) {
        Ok(parts) => parts,
        Err(why) => {
            left_out.push(format!("starts of {model} from the disk: {why:#}"));
            return Ok(None);
        }
    };
    let mut turns = vec![Turn::Read(&parts), Turn::Start("restored", restored)];
    turns.extend(ready.worker("normal").map(|normal| Turn::Start("normal", normal)));
    say(&format!("{model}: from the disk, {} turns", turns.len() * settings.disk_launches));

    let take = |index: usize| {
        let left_bytes = forget(&files)?;
        let ms = match &turns[index] {
            Turn::Start(name, worker) => worker.launch_and(0, |_| ()).with_context(|| *name)?.cold_ms,
            Turn::Read(parts) => {
                let started = now();
                read_in_order(parts)?;
                (now() - started) as f64 / 1e6
            }
        };
        anyhow::Ok(DiskRun { ms, left_bytes })
    };
    let runs = interleave(turns.len(), settings.disk_launches, take)?;
    let mut runs = runs.into_iter();
    let read = runs.next().unwrap_or_default();
    let starts = turns.iter().skip(1).zip(runs).filter_map(|(turn, runs)| match turn {
        Turn::Start(name, _) => Some((*name, runs)),
        Turn::Read(_) => None,
    });
    let starts = starts.collect();
    Ok(Some(DiskRuns { needed_bytes: read_in_order(&parts)?, read, starts }))
}

/// The parts of files that a start from `image` reads, in the order that the snapshot lists them.
fn needed(image: &Path) -> anyhow::Result<Vec<Part>> {
    let head = OwnedHead::read(&std::fs::File::open(image)?)?;
    let head = head.map_err(|refusal| anyhow::anyhow!("{}: {refusal:?}", image.display()))?;
    let parts = head.touched(image);
    ensure!(!parts.is_empty(), "{} does not list what a start reads", image.display());
    Ok(parts)
}

/// Takes the files out of the page cache, to the last byte.
fn forget(files: &Files) -> anyhow::Result<u64> {
    match files.forget()? {
        None => Ok(0),
        Some((path, left)) => bail!("{left} bytes of {} stay in the page cache", path.display()),
    }
}
