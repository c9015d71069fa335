//! Putting the library in its place: out of a wheel or a bare file, hashed on the way, then renamed into the cache.
//!
//! What stands under the final name is always a whole file. A stamp beside it (`NAME.sha256`, as `sha256sum -c`
//! reads it) records the hash that was found, so that a later setup need not read the library again. A library with
//! another hash than the pinned one is refused unless the caller takes any.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zip::ZipArchive;

use super::wheel::{Member, Wheel};

/// The largest library that is read at all, in bytes.
const LARGEST: u64 = 1 << 30;

/// Which libraries may be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accept {
    /// The pinned one.
    Pinned,
    /// Any, whatever its hash.
    Any,
}

/// Why a library was not installed.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub(crate) enum InstallError {
    #[error("cannot read {path}")]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {path}: set BLINK_CACHE_DIR to a directory that you can write to")]
    Write { path: PathBuf, source: io::Error },
    #[error("{path} is neither a wheel nor a shared library: give the wheel, or the library inside it")]
    UnknownKind { path: PathBuf },
    #[error("{path} is not a whole wheel: fetch it again")]
    CorruptWheel { path: PathBuf, source: io::Error },
    #[error("{path} holds no {member}: expected the {} wheel of {wheel}", wheel.platform)]
    NotInWheel { path: PathBuf, member: &'static str, wheel: &'static Wheel },
    #[error("library in {path} is larger than the {most} bytes that were expected")]
    TooLarge { path: PathBuf, most: u64 },
    #[error(
        "library in {path} is not the pinned build of {wheel} for {}: expected sha256 {expected}, found {found}; \
         if you trust it, add --allow-unverified",
        wheel.platform
    )]
    WrongHash { path: PathBuf, wheel: &'static Wheel, expected: &'static str, found: String },
}

/// Installs `member`, which is in `source` (the wheel, or the library itself), as `target`; returns its SHA-256.
///
/// `staging` is an empty directory on `target`'s file system.
pub(crate) fn install(
    source: &Path,
    (wheel, member): (&'static Wheel, &'static Member),
    accept: Accept,
    staging: &Path,
    target: &Path,
) -> Result<String, InstallError> {
    let staged = staging.join("library");
    let found = extract(source, (wheel, member), accept, &staged)?;
    if accept == Accept::Pinned && found != member.sha256 {
        return Err(InstallError::WrongHash { path: source.to_owned(), wheel, expected: member.sha256, found });
    }
    publish(&staged, target, &found).map_err(|source| InstallError::Write { path: target.to_owned(), source })?;
    Ok(found)
}

/// Copies the library out of `source` to `staged`; returns its SHA-256.
fn extract(
    source: &Path,
    (wheel, member): (&'static Wheel, &'static Member),
    accept: Accept,
    staged: &Path,
) -> Result<String, InstallError> {
    let path = || source.to_owned();
    let unreadable = |error| InstallError::Read { path: source.to_owned(), source: error };
    let mut file = File::open(source).map_err(unreadable)?;
    let mut magic = Vec::new();
    (&file).take(4).read_to_end(&mut magic).map_err(unreadable)?;
    io::Seek::rewind(&mut file).map_err(unreadable)?;
    match magic.as_slice() {
        b"PK\x03\x04" => {
            let corrupt = |error: io::Error| InstallError::CorruptWheel { path: source.to_owned(), source: error };
            let mut archive = ZipArchive::new(io::BufReader::new(file)).map_err(|error| corrupt(error.into()))?;
            let library = archive.by_name(member.path).map_err(|error| match error {
                zip::result::ZipError::FileNotFound => {
                    InstallError::NotInWheel { path: path(), member: member.path, wheel }
                }
                error => corrupt(error.into()),
            })?;
            let most = if accept == Accept::Pinned { member.bytes } else { LARGEST };
            copy(library, most, source, staged, corrupt)
        }
        b"\x7fELF" | b"\xcf\xfa\xed\xfe" => copy(file, LARGEST, source, staged, unreadable),
        _ => Err(InstallError::UnknownKind { path: path() }),
    }
}

/// Copies at most `most` bytes of `reader` into the new file `staged`; returns their SHA-256.
fn copy(
    mut reader: impl Read,
    most: u64,
    source: &Path,
    staged: &Path,
    unreadable: impl Fn(io::Error) -> InstallError,
) -> Result<String, InstallError> {
    let unwritable = |error| InstallError::Write { path: staged.to_owned(), source: error };
    let mut file = File::create_new(staged).map_err(unwritable)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut copied = 0;
    loop {
        let bytes = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => &buffer[..count],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error)),
        };
        copied += bytes.len() as u64;
        if copied > most {
            return Err(InstallError::TooLarge { path: source.to_owned(), most });
        }
        hasher.update(bytes);
        file.write_all(bytes).map_err(unwritable)?;
    }
    file.sync_all().map_err(unwritable)?;
    Ok(hex(&hasher.finalize()))
}

/// Gives `staged` its final name and mode, and stamps it with its hash.
fn publish(staged: &Path, target: &Path, sha256: &str) -> io::Result<()> {
    fs::set_permissions(staged, fs::Permissions::from_mode(0o444))?;
    // A stamp never vouches for a file that came after it.
    match fs::remove_file(stamp_path(target)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::rename(staged, target)?,
    }
    if let Some(directory) = target.parent() {
        File::open(directory)?.sync_all()?;
    }
    write_stamp(target, sha256)
}

fn stamp_path(target: &Path) -> PathBuf {
    let mut path = target.as_os_str().to_owned();
    path.push(".sha256");
    path.into()
}

/// Records `sha256` as the hash of `target`, in the form that `sha256sum -c` reads.
pub(crate) fn write_stamp(target: &Path, sha256: &str) -> io::Result<()> {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    fs::write(stamp_path(target), format!("{sha256}  {name}\n"))
}

/// The hash that `target` was stamped with; `None` where it has no stamp that can be read.
pub(crate) fn read_stamp(target: &Path) -> Option<String> {
    let mut text = String::new();
    File::open(stamp_path(target)).ok()?.take(4096).read_to_string(&mut text).ok()?;
    Some(text.split_once("  ")?.0.to_owned())
}

/// The SHA-256 of a file's bytes, in lower-case hexadecimal.
pub(crate) fn hash_file(path: &Path) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(hex(&hasher.finalize())),
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// `bytes` in lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "install_tests.rs"]
mod tests;
