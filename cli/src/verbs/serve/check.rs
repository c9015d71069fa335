//! `--check`: what would be served, where, and what would not. Sockets are not opened and workers not started.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

use blink_server::config::{Address, ModelSettings, Resolved};
use blink_server::model::Model;
use blink_server::repository::{Found, LoadError, OpenClass, Repository};
use serde::Serialize;

use crate::output::{Output, note};

/// An artifact that the configuration names, and that cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}", path = path.display())]
pub(crate) struct CannotServe {
    path: PathBuf,
    source: LoadError,
}

#[derive(Serialize)]
struct Report {
    schema: &'static str,
    http: Vec<String>,
    grpc: Vec<String>,
    models: Vec<Row>,
    not_served: Vec<Broken>,
    warnings: Vec<String>,
}

/// One model, or one guest.
#[derive(Serialize)]
struct Row {
    name: String,
    version: u64,
    /// Where clients find it.
    at: String,
    artifact: PathBuf,
    kind: &'static str,
    workers: (usize, usize),
    idle_seconds: f64,
    queue: usize,
    timeout_seconds: f64,
    batch: Option<usize>,
    start: &'static str,
    /// Where it runs, where it was compiled for CUDA.
    device: Option<String>,
    weights_bytes: u64,
}

#[derive(Serialize)]
struct Broken {
    artifact: PathBuf,
    name: String,
    version: u64,
    reason: String,
}

/// Prints what `resolved` comes to. Fails with the first artifact that would not be served.
pub(super) fn run(resolved: &Resolved, output: &Output) -> anyhow::Result<()> {
    let config = &resolved.config;
    let mut found = Repository::check(config)?;
    found.sort_by(|a, b| (&a.name, a.version).cmp(&(&b.name, b.version)));
    let mut report = Report {
        schema: "blink.serve-check/1",
        http: config.http.iter().map(Address::to_string).collect(),
        grpc: config.grpc.iter().map(Address::to_string).collect(),
        models: Vec::new(),
        not_served: Vec::new(),
        warnings: resolved.warnings.clone(),
    };
    for found in &found {
        match &found.models {
            Ok(models) => report.models.extend(models.iter().map(|model| row(model))),
            Err(error) => report.not_served.push(broken(found, error)),
        }
    }
    let served = report.models.iter().map(|row| (row.name.as_str(), row.kind != "model"));
    let broken = report.not_served.iter().map(|broken| (broken.name.as_str(), true));
    let without_effect = config.without_effect(served.chain(broken));
    report.warnings.extend(without_effect);
    let on_devices = found.iter().flat_map(|found| found.models.iter().flatten());
    report.warnings.extend(on_devices.filter_map(|model| model.without_effect()));
    report.warnings.iter().for_each(|warning| note!("{warning}"));
    output.print(&report, |out| print(&report, out))?;
    let failed = found.into_iter().find_map(|found| Some((found.path, found.models.err()?)));
    failed.map_or(Ok(()), |(path, source)| Err(CannotServe { path, source }.into()))
}

/// The exit code that an artifact which is not served calls for.
pub(crate) fn not_served(error: &CannotServe) -> u8 {
    match error.source {
        LoadError::Host { .. } | LoadError::OrtVersion { .. } | LoadError::Device { .. } => 4,
        LoadError::GuestDevice { .. } => 2,
        LoadError::Open { class: OpenClass::Damaged, .. } | LoadError::Signature(_) => 5,
        LoadError::Name { .. } | LoadError::ModelName { .. } | LoadError::PrefixTaken { .. } => 2,
        _ => 1,
    }
}

fn row(model: &Model) -> Row {
    let ModelSettings { workers, idle, queue, timeout, start, batching, prefix, .. } = &model.settings;
    let (name, version) = (&model.name, model.version);
    let at = match model.guest {
        Some(_) => prefix.clone().unwrap_or_else(|| format!("/apps/{name}")),
        None => format!("/v2/models/{name}/versions/{version}"),
    };
    Row {
        name: name.clone(),
        version,
        at,
        artifact: model.path.clone(),
        kind: model.guest.map_or("model", |kind| kind.name()),
        workers: *workers,
        idle_seconds: idle.as_secs_f64(),
        queue: *queue,
        timeout_seconds: timeout.as_secs_f64(),
        batch: batching.map(|batching| batching.size),
        start: match start {
            blink_runtime::StartMode::Auto => "auto",
            blink_runtime::StartMode::Snapshot => "snapshot",
            blink_runtime::StartMode::Normal => "normal",
        },
        device: model.device.map(|device| device.to_string()),
        weights_bytes: model.weights,
    }
}

fn broken(found: &Found, error: &LoadError) -> Broken {
    let (name, version) = (found.name.clone(), found.version);
    Broken { artifact: found.path.clone(), name, version, reason: error.to_string() }
}

fn print(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let list = |addresses: &[String]| if addresses.is_empty() { "-".to_owned() } else { addresses.join(", ") };
    writeln!(out, "http  {}", list(&report.http))?;
    writeln!(out, "grpc  {}", list(&report.grpc))?;
    let name = report.models.iter().map(|row| row.name.len()).chain([5]).max().unwrap_or(5);
    let at = report.models.iter().map(|row| row.at.len()).chain([2]).max().unwrap_or(2);
    if !report.models.is_empty() {
        writeln!(out, "{:name$}  version  {:at$}  kind       workers  idle     artifact", "model", "at")?;
    }
    for row in &report.models {
        let mut workers = String::new();
        let _ = write!(workers, "{}..{}", row.workers.0, row.workers.1);
        let idle = format!("{:.1} s", row.idle_seconds);
        let (version, kind) = (row.version, row.kind);
        let artifact = row.artifact.display();
        writeln!(
            out,
            "{:name$}  {version:<7}  {:at$}  {kind:<9}  {workers:<7}  {idle:<7}  {artifact}",
            row.name, row.at
        )?;
    }
    for Broken { artifact, name, version, reason } in &report.not_served {
        writeln!(out, "not served: '{name}' version {version} ({}): {reason}", artifact.display())?;
    }
    Ok(())
}
