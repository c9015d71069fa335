//! What nobody asks for, dropped: debug information and other custom sections, and exports that no host calls.
//!
//! The section `name` stays, since backtraces are read by people. Of a component's modules all exports stay: the
//! component itself refers to them.

use std::ops::Range;

use blink_artifact::manifest::GuestKind;
use wasmparser::ExportSectionReader;

use super::GuestError;
use super::scan::invalid;

/// Bytes of the magic number and version.
const HEAD: usize = 8;
/// Ids of sections, in modules and components.
const CUSTOM: u8 = 0;
const EXPORT: u8 = 7;
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;
/// Exports of a module that its host asks for: what is run, and where pointers point to.
const KEPT: [&str; 2] = ["_start", "memory"];

/// A valid guest without what nobody asks for.
pub(super) fn strip(wasm: &[u8], kind: GuestKind) -> Result<Vec<u8>, GuestError> {
    match kind {
        GuestKind::Module => module(wasm, true),
        GuestKind::Component | GuestKind::Http => component(wasm),
    }
}

fn module(wasm: &[u8], is_outermost: bool) -> Result<Vec<u8>, GuestError> {
    let mut out = wasm[..HEAD].to_vec();
    for section in Sections::of(wasm) {
        let section = section?;
        match section.id {
            CUSTOM if name(wasm, &section.body) != Some(b"name") => {}
            EXPORT if is_outermost => push(&mut out, EXPORT, &exports(wasm, section.body)?),
            _ => out.extend_from_slice(&wasm[section.whole]),
        }
    }
    Ok(out)
}

fn component(wasm: &[u8]) -> Result<Vec<u8>, GuestError> {
    let mut out = wasm[..HEAD].to_vec();
    for section in Sections::of(wasm) {
        let section = section?;
        match section.id {
            CUSTOM if name(wasm, &section.body) != Some(b"component-name") => {}
            CORE_MODULE => push(&mut out, CORE_MODULE, &module(nested(wasm, section.body)?, false)?),
            COMPONENT => push(&mut out, COMPONENT, &component(nested(wasm, section.body)?)?),
            _ => out.extend_from_slice(&wasm[section.whole]),
        }
    }
    Ok(out)
}

/// The export section with what is kept of it.
fn exports(wasm: &[u8], body: Range<usize>) -> Result<Vec<u8>, GuestError> {
    let reader = wasmparser::BinaryReader::new(&wasm[body.clone()], body.start);
    let mut kept: Vec<Range<usize>> = Vec::new();
    let mut last: Option<(usize, bool)> = None;
    for export in ExportSectionReader::new(reader).map_err(invalid)?.into_iter_with_offsets() {
        let (start, export) = export.map_err(invalid)?;
        if let Some((begun, true)) = last {
            kept.push(begun..start);
        }
        last = Some((start, KEPT.contains(&export.name)));
    }
    if let Some((begun, true)) = last {
        kept.push(begun..body.end);
    }
    let mut out = Vec::new();
    number(&mut out, kept.len());
    kept.into_iter().for_each(|range| out.extend_from_slice(&wasm[range]));
    Ok(out)
}

fn nested(wasm: &[u8], body: Range<usize>) -> Result<&[u8], GuestError> {
    wasm.get(body).filter(|bytes| bytes.len() >= HEAD).ok_or_else(cut)
}

/// The name of a custom section.
fn name<'a>(wasm: &'a [u8], body: &Range<usize>) -> Option<&'a [u8]> {
    let (len, start) = read_number(wasm, body.start)?;
    wasm.get(start..start.checked_add(len)?).filter(|_| start + len <= body.end)
}

/// One section: its id, the bytes it holds, and those with its id and length.
struct Section {
    id: u8,
    body: Range<usize>,
    whole: Range<usize>,
}

/// The sections of a module or a component, one after another.
struct Sections<'a> {
    wasm: &'a [u8],
    at: usize,
}

impl Sections<'_> {
    fn of(wasm: &[u8]) -> Sections<'_> {
        Sections { wasm, at: HEAD }
    }
}

impl Iterator for Sections<'_> {
    type Item = Result<Section, GuestError>;

    fn next(&mut self) -> Option<Self::Item> {
        let id = *self.wasm.get(self.at)?;
        let section = read_number(self.wasm, self.at + 1).and_then(|(len, start)| {
            let end = start.checked_add(len).filter(|&end| end <= self.wasm.len())?;
            Some(Section { id, body: start..end, whole: self.at..end })
        });
        self.at = section.as_ref().map_or(self.wasm.len(), |section| section.whole.end);
        Some(section.ok_or_else(cut))
    }
}

fn cut() -> GuestError {
    GuestError::Invalid { message: "a section passes the end of what it is in".into() }
}

fn push(out: &mut Vec<u8>, id: u8, body: &[u8]) {
    out.push(id);
    number(out, body.len());
    out.extend_from_slice(body);
}

/// Appends a number in LEB128.
fn number(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A number of 32 bits in LEB128 at `at`, and where it ends.
fn read_number(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    let mut value = 0u64;
    for index in 0..5 {
        let byte = *bytes.get(at + index)?;
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, at + index + 1));
        }
    }
    None
}
