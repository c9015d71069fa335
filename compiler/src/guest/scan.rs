//! [`Scan`]: what a WebAssembly file is, and what it wants of its host and offers to it.
//!
//! Everything that is nested in a component is looked at too. Features that no guest may use are refused here, each by
//! its own name.

use blink_artifact::manifest::GuestKind;
use wasmparser::{CompositeInnerType, ExternalKind, MemoryType, Parser, Payload, TypeRef};

use super::GuestError;

/// Wizer's name for a guest's initialiser.
pub(super) const INITIALISER: &str = "wizer-initialize";

/// A WebAssembly file, looked through.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) kind: GuestKind,
    /// What it imports: module and name; for a component, its interface and nothing.
    pub(super) imports: Vec<(String, String)>,
    /// Names of what it exports; of a module, functions only.
    pub(super) exports: Vec<String>,
}

impl Scan {
    /// Looks through `wasm`.
    pub(super) fn of(wasm: &[u8]) -> Result<Scan, GuestError> {
        let mut scan = Scan { kind: kind(wasm)?, imports: Vec::new(), exports: Vec::new() };
        let mut depth = 0usize;
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.map_err(invalid)?;
            scan.payload(&payload, depth == 0).map_err(|refusal| refusal.unwrap_or_else(invalid))?;
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        Ok(scan)
    }

    /// Whether it wants to be initialised before it is used.
    pub(super) fn has_initialiser(&self) -> bool {
        self.exports.iter().any(|name| name == INITIALISER)
    }

    fn payload(&mut self, payload: &Payload<'_>, is_outermost: bool) -> Result<(), Refusal> {
        match payload {
            Payload::TypeSection(groups) => {
                for group in groups.clone() {
                    for kind in group?.types() {
                        if !matches!(kind.composite_type.inner, CompositeInnerType::Func(_)) {
                            return Err(GuestError::GarbageCollection.into());
                        }
                    }
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories.clone() {
                    check_memory(&memory?)?;
                }
            }
            Payload::TagSection(_) => return Err(GuestError::Exceptions.into()),
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    let import = import?;
                    if let TypeRef::Memory(memory) = &import.ty {
                        check_memory(memory)?;
                    }
                    if is_outermost {
                        self.imports.push((import.module.to_owned(), import.name.to_owned()));
                    }
                }
            }
            Payload::ExportSection(exports) if is_outermost => {
                for export in exports.clone() {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        self.exports.push(export.name.to_owned());
                    }
                }
            }
            Payload::ComponentImportSection(imports) if is_outermost => {
                for import in imports.clone() {
                    self.imports.push((import?.name.name.to_owned(), String::new()));
                }
            }
            Payload::ComponentExportSection(exports) if is_outermost => {
                for export in exports.clone() {
                    self.exports.push(export?.name.name.to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Why a section is refused: for what it holds, or because it cannot be read.
enum Refusal {
    Guest(GuestError),
    Parser(wasmparser::Error),
}

impl Refusal {
    fn unwrap_or_else(self, invalid: impl FnOnce(wasmparser::Error) -> GuestError) -> GuestError {
        match self {
            Refusal::Guest(error) => error,
            Refusal::Parser(error) => invalid(error),
        }
    }
}

impl From<GuestError> for Refusal {
    fn from(error: GuestError) -> Refusal {
        Refusal::Guest(error)
    }
}

impl From<wasmparser::Error> for Refusal {
    fn from(error: wasmparser::Error) -> Refusal {
        Refusal::Parser(error)
    }
}

/// What the first bytes say that it is.
fn kind(wasm: &[u8]) -> Result<GuestKind, GuestError> {
    const MAGIC: &[u8] = b"\0asm";
    let Some(rest) = wasm.strip_prefix(MAGIC) else {
        let text = wasm.trim_ascii_start();
        return Err(match wasm {
            [] => GuestError::Empty,
            _ if text.starts_with(b"(") || text.starts_with(b";;") => GuestError::Text,
            _ => GuestError::NotWebAssembly { found: wasm[..wasm.len().min(4)].to_vec() },
        });
    };
    let number = |at: usize| Some(u16::from_le_bytes([*rest.get(at)?, *rest.get(at + 1)?]));
    match (number(0), number(2)) {
        (Some(1), Some(0)) => Ok(GuestKind::Module),
        (Some(13), Some(1)) => Ok(GuestKind::Component),
        (Some(version), Some(layer)) => Err(GuestError::Version { version, layer }),
        _ => Err(GuestError::Invalid { message: "the file ends in its first eight bytes".into() }),
    }
}

fn check_memory(memory: &MemoryType) -> Result<(), GuestError> {
    match memory {
        MemoryType { shared: true, .. } => Err(GuestError::SharedMemory),
        MemoryType { memory64: true, .. } => Err(GuestError::Memory64),
        _ => Ok(()),
    }
}

pub(super) fn invalid(error: wasmparser::Error) -> GuestError {
    GuestError::Invalid { message: super::error::one_line(&error.to_string()) }
}
