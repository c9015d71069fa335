//! A guest on this process's own stdin, stdout and stderr; it ends as the guest does.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use blink_artifact::Artifact;
use blink_runtime::{FailureClass, GuestEnded, GuestReport, GuestRequest, Launcher, Worker, WorkerError, WorkerSpec};
use serde::Serialize;

use super::compose::Composed;
use super::timeline::{TimelineReport, print_timeline};
use super::{RunArgs, load, start_reason, tell_start, tell_walls};
use crate::exit;
use crate::output::{Format, Output, note};
use crate::verbs::native;

/// Exit code of a guest that trapped: what a shell says of a process that has aborted.
pub(crate) const TRAPPED: u8 = 134;
/// Exit code of a guest that went past a limit: what a shell says of a process that was ended for that.
pub(crate) const PAST_A_LIMIT: u8 = 152;

/// How the worker was launched, where it must be again.
pub(super) struct Launch {
    pub(super) launcher: Launcher,
    pub(super) spec: WorkerSpec,
    pub(super) artifact: Arc<Artifact>,
    /// What was made for this run alone, and goes with it.
    pub(super) composed: Option<Composed>,
}

#[derive(Serialize)]
struct ReportFile<'a> {
    schema: &'static str,
    artifact: &'a Path,
    start: &'static str,
    start_reason: Option<String>,
    /// Whether native code had to be made first, as there was none that may be run here.
    compiled: bool,
    #[serde(flatten)]
    report: &'a GuestReport,
    timeline: TimelineReport,
}

/// Runs the guest, and ends the process as it has ended.
pub(super) fn run(
    args: &RunArgs,
    launch: Launch,
    mut worker: Worker,
    request: &GuestRequest,
    output: &Output,
) -> anyhow::Result<()> {
    if output.format == Format::Json {
        let words = "stdout is the guest's: leave out --format json, and give --report FILE for how it ended";
        return Err(super::WrongUse(words.into()).into());
    }
    let mut compiled = false;
    let report = match ask(&mut worker, request) {
        Err(WorkerError::Failed { class: FailureClass::GuestCode, message }) => {
            note!("{message}");
            native::make(&launch.artifact)?;
            compiled = true;
            worker = launch.launcher.launch(&launch.spec)?;
            ask(&mut worker, request)?
        }
        report => report?,
    };
    let timeline = *worker.timeline();
    if let Some(path) = &args.timeline {
        TimelineReport::of(&timeline).write(path)?;
    }
    if let Some(path) = &args.grants.report {
        let file = ReportFile {
            schema: "blink.guest-run/1",
            artifact: launch.artifact.path(),
            start: worker.start().name(),
            start_reason: start_reason(&worker),
            compiled,
            report: &report,
            timeline: TimelineReport::of(&timeline),
        };
        let write = || format!("report cannot be written to {}", path.display());
        std::fs::write(path, serde_json::to_vec_pretty(&file)?).with_context(write)?;
    }
    if output.verbose > 0 {
        print_timeline(&timeline);
        tell_walls(args, &worker);
        let used = report.used;
        note!(
            "guest used {} bytes of memory, wrote {} bytes, ran models {} times in {:.2} ms",
            used.memory,
            used.output,
            used.computes,
            used.compute_ns as f64 / 1e6
        );
    }
    tell_start(&worker);
    worker.wait_checked().context("what the guest has done rests on a damaged artifact")?;
    worker.end();
    if let (Some(words), false) = (&report.refused, report.ended == GuestEnded::Exit(0)) {
        note!("wasi-nn refused the guest, the last time: {words}");
    }
    let code = tell(&report.ended);
    // The process ends without looking back.
    drop(launch.composed);
    exit::with(code)
}

fn ask(worker: &mut Worker, request: &GuestRequest) -> Result<GuestReport, WorkerError> {
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    worker.run_guest(request, [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()], &mut |onnx| load::compile_model(onnx))
}

/// Says how the guest ended, where that was not by itself, and gives the exit code.
fn tell(ended: &GuestEnded) -> u8 {
    match ended {
        // WASI lets a guest choose from 0 to 125.
        GuestEnded::Exit(code) => u8::try_from(*code).unwrap_or(1),
        GuestEnded::Trap { message, backtrace } => {
            note!("guest trapped: {message}");
            for line in backtrace {
                let _ = writeln!(io::stderr(), "  {line}");
            }
            TRAPPED
        }
        GuestEnded::Limit(limit) => {
            note!("{limit}");
            PAST_A_LIMIT
        }
        GuestEnded::Abandoned => {
            note!("guest was asked by HTTP, and nobody listened to its answer");
            1
        }
        GuestEnded::Refused(why) => {
            note!("{why}");
            2
        }
    }
}
