//! The guest of an artifact: what was made of it, what it may ask of its host, and for whom its native code is.

use std::io::{self, Write};

use blink_artifact::manifest::{CodeRecord, GuestKind, GuestStep};
use blink_artifact::{Artifact, SectionKind};
use blink_compiler::guest::{self, Needs};
use serde::Serialize;

use crate::verbs::native::Judged;
use crate::verbs::trust::TrustDirectory;

/// What is told of a guest.
#[derive(Serialize)]
pub(super) struct Report<'a> {
    name: &'a str,
    kind: GuestKind,
    /// Bytes of portable WebAssembly.
    bytes: u64,
    source_hash: &'a str,
    steps: &'a [GuestStep],
    code: Option<Code<'a>>,
    /// Which native code a start here would run.
    native_code: Option<Judged>,
    #[serde(flatten)]
    needs: Needs,
}

/// Its native code.
#[derive(Serialize)]
struct Code<'a> {
    bytes: u64,
    #[serde(flatten)]
    made_for: &'a CodeRecord,
    /// Whether it is for this build and this kind of host. Which CPU features it uses, only linking it tells.
    fits_here: bool,
}

impl<'a> Report<'a> {
    /// The guest of `artifact`, once its WebAssembly has been checked; `None` where there is none.
    pub(super) fn of(artifact: &'a Artifact, trust: &TrustDirectory) -> anyhow::Result<Option<Report<'a>>> {
        let Some((record, wasm)) = artifact.manifest().guest.as_ref().zip(artifact.guest()?) else { return Ok(None) };
        let code = artifact.sections().iter().find(|section| section.kind == SectionKind::Code);
        let code = record.code.as_ref().zip(code).map(|(made_for, section)| Code {
            bytes: section.len,
            made_for,
            fits_here: guest::fits_here(made_for),
        });
        let (bytes, needs) = (wasm.len() as u64, guest::needs(&wasm)?);
        let (name, source_hash) = (record.name.as_str(), record.source_hash.as_str());
        let native_code = Judged::of(artifact, trust)?;
        Ok(Some(Report { name, kind: record.kind, bytes, source_hash, steps: &record.steps, code, native_code, needs }))
    }

    pub(super) fn print(&self, out: &mut dyn Write) -> io::Result<()> {
        let kind = match self.kind {
            GuestKind::Module => "a module",
            GuestKind::Component => "a component",
            GuestKind::Http => "a component that answers HTTP requests,",
        };
        writeln!(out, "  guest     {}, {kind} of {} bytes", self.name, self.bytes)?;
        for step in self.steps {
            writeln!(out, "    {:<10} {} -> {} bytes", step.name, step.before, step.after)?;
        }
        // A component names its interfaces one by one; people ask for packages.
        let mut packages: Vec<_> = self.needs.interfaces.iter().filter_map(|name| name.split('/').next()).collect();
        packages.dedup();
        writeln!(out, "    imports {}", listed(packages.into_iter()))?;
        writeln!(out, "    may use {}", listed(self.needs.capabilities.iter().copied()))?;
        match &self.code {
            Some(Code { bytes, made_for, fits_here }) => {
                let here = if *fits_here { "fits here" } else { "does not fit here" };
                writeln!(
                    out,
                    "    code    {bytes} bytes for {}, wasmtime {}, settings {} ({here})",
                    made_for.target, made_for.wasmtime, made_for.settings
                )?;
            }
            None => writeln!(out, "    code    none")?,
        }
        if let Some(judged) = &self.native_code {
            judged.print("    here    ", out)?;
        }
        writeln!(out, "    from    {}", super::short(self.source_hash))
    }
}

fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.collect();
    if words.is_empty() { "nothing".into() } else { words.join(", ") }
}
