//! `blink doctor`: what this machine has, what it lacks, and what to do about each gap.
//!
//! It reads, and changes nothing: the library is hashed, not loaded. One problem, unlike any number of warnings,
//! makes it fail.

mod checks;
mod gpu;
mod sandbox;

use blink_runtime::host::{self, HugePages, Memory, Threads};
use serde::Serialize;

use self::checks::{Check, State};
use crate::output::Output;

/// Check that this machine can run models, and how fast they can start.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DoctorArgs {}

#[derive(Serialize)]
struct Host {
    class: String,
    cpu_model: String,
    features: String,
    threads: Threads,
    memory: Option<Memory>,
    kernel_release: Option<String>,
    huge_pages: Option<HugePages>,
    nvidia_driver: Option<String>,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    /// Whether models can run.
    ready: bool,
    checks: Vec<Check>,
    host: Host,
    /// What there is for models on a GPU.
    gpu: gpu::Facts,
}

/// Prints every check; fails where one of them is a problem.
pub(crate) fn run(_: &DoctorArgs, output: &Output) -> anyhow::Result<()> {
    let host = Host {
        class: host::class().to_string(),
        cpu_model: host::cpu_model(),
        features: host::features_fingerprint(),
        threads: host::cpu_quota(),
        memory: host::memory(),
        kernel_release: host::kernel_release(),
        huge_pages: host::huge_pages(),
        nvidia_driver: host::nvidia_driver(),
    };
    let gpu = gpu::gather();
    let mut checks = vec![
        checks::library(),
        Check::ok("processor", format!("{} ({})", host.cpu_model, host.class)),
        Check::ok("features", host.features.clone()),
        checks::threads(host.threads),
        checks::memory(host.memory),
        checks::kernel(host.kernel_release.as_deref()),
        checks::huge_pages(host.huge_pages),
        checks::cache(),
        checks::snapshots(),
    ];
    checks.extend(sandbox::rows(blink_runtime::sandbox::given()));
    checks.extend(gpu::rows(&gpu));
    let ready = checks.iter().all(|check| check.state != State::Problem);
    let report = Report { schema: "blink.doctor/1", ready, checks, host, gpu };
    output.print(&report, |out| {
        for Check { name, state, found, advice } in &report.checks {
            writeln!(out, "{state:<8} {name:<11} {found}")?;
            if let Some(advice) = advice {
                writeln!(out, "{:<20} -> {advice}", "")?;
            }
        }
        Ok(())
    })?;
    anyhow::ensure!(ready, "models cannot run here yet: see the lines marked PROBLEM for what to do");
    Ok(())
}
