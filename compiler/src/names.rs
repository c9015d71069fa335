//! What models and the guest are called in the artifact.

use std::path::Path;

use crate::error::CompileError;

/// `given`, else the stem of `path`; refused where the format has no room for it, or a path could not hold it.
pub(crate) fn name(given: Option<&str>, path: &Path) -> Result<String, CompileError> {
    let stem = || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    usable(given.map_or_else(stem, str::to_owned))
}

/// `name`, where it can be one.
pub(crate) fn usable(name: String) -> Result<String, CompileError> {
    if is_usable(&name) { Ok(name) } else { Err(CompileError::Name { name }) }
}

/// Whether something can be called that.
pub(crate) fn is_usable(name: &str) -> bool {
    (1..=1024).contains(&name.len()) && !name.contains(|c: char| c == '/' || c.is_control())
}

/// Refuses a name that stands twice.
pub(crate) fn check_unique<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), CompileError> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(CompileError::DuplicateName { name: name.to_owned() });
        }
    }
    Ok(())
}
