//! `BLINK_*` variables: `BLINK_MAX_BODY` is `max_body`. Lists have commas, paths of artifacts colons, as in `PATH`.
//!
//! Variables that are not ours may begin with the same letters (`BLINK_CACHE_DIR`; a cluster sets `BLINK_SERVICE_HOST`
//! for a service called blink), so an unknown one is no error: one that looks like a slip is told of.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use blink_runtime::library;

use super::error::ConfigError;
use super::keys::{BATCHES, Key, MODEL, SERVER, nearest};
use super::partial::{Partial, PartialModel};

/// How the names begin.
const BEGIN: &str = "BLINK_";

/// What the environment says.
#[derive(Debug, Default)]
pub(super) struct Variables {
    pub(super) partial: Partial,
    /// `BLINK_CONFIG`: the file.
    pub(super) file: Option<PathBuf>,
    /// `PORT`: one port for everything, from a platform.
    pub(super) port: Option<u16>,
    /// What was probably meant otherwise.
    pub(super) warnings: Vec<String>,
}

/// Reads the environment. A variable that is empty is one that is not set.
pub(super) fn read(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Variables, ConfigError> {
    let mut read = Variables::default();
    let mut given: Vec<_> = variables.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    given.sort();
    for (name, value) in given {
        let Some(name) = name.to_str() else { continue };
        match name {
            "PORT" => read.port = Some(port(&value)?),
            "BLINK_CONFIG" => read.file = Some(value.into()),
            "BLINK_ARTIFACTS" => read.partial.models = Some(paths(&value)),
            library::CACHE_VARIABLE => {}
            _ => {
                if let Some(short) = name.strip_prefix(BEGIN) {
                    take(&mut read, name, &short.to_ascii_lowercase(), &value)?;
                }
            }
        }
    }
    Ok(read)
}

/// Takes over the variable `name`, which is the setting `key` if there is one of that name.
fn take(read: &mut Variables, name: &str, key: &str, value: &OsStr) -> Result<(), ConfigError> {
    let known = set(&mut read.partial, SERVER, name, key, value)?
        || set(&mut read.partial.defaults, MODEL, name, key, value)?
        || set(&mut read.partial.defaults, BATCHES, name, key, value)?;
    if !known && let Some(meant) = nearest(key, names().chain(["config", "cache_dir"])) {
        let meant = meant.to_ascii_uppercase();
        read.warnings.push(format!("variable {name} is not known and has no effect: did you mean {BEGIN}{meant}?"));
    }
    Ok(())
}

fn set<T>(to: &mut T, keys: &[Key<T>], name: &str, key: &str, value: &OsStr) -> Result<bool, ConfigError> {
    // A variable's name is in capitals; `BLINK_idle` is none.
    let Some(found) = keys.iter().find(|known| known.name == key && !name.bytes().any(|b| b.is_ascii_lowercase()))
    else {
        return Ok(false);
    };
    let text = value.to_str().ok_or_else(|| ConfigError::VariableText { name: name.to_owned() })?;
    let texts: Vec<&str> = text.split(',').map(str::trim).collect();
    (found.set)(to, &texts).map_err(|source| ConfigError::Variable { name: name.to_owned(), source })?;
    Ok(true)
}

fn names() -> impl Iterator<Item = &'static str> {
    let model = [MODEL, BATCHES].into_iter().flatten().map(|key: &Key<PartialModel>| key.name);
    SERVER.iter().map(|key| key.name).chain(model)
}

fn paths(value: &OsStr) -> Vec<PathBuf> {
    let parts = value.as_bytes().split(|&byte| byte == b':').filter(|part| !part.is_empty());
    parts.map(|part| PathBuf::from(OsStr::from_bytes(part))).collect()
}

fn port(value: &OsStr) -> Result<u16, ConfigError> {
    let port = value.to_str().and_then(|text| text.parse::<u16>().ok());
    port.ok_or_else(|| ConfigError::Port { found: value.to_string_lossy().into_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::values::OrNone;

    fn of(variables: &[(&str, &str)]) -> Result<Variables, ConfigError> {
        read(variables.iter().map(|(name, value)| (name.into(), value.into())))
    }

    #[test]
    fn every_setting_has_its_variable() {
        let variables = [
            ("BLINK_HTTP", "127.0.0.1:1, unix:/b"),
            ("BLINK_ARTIFACTS", "a.blink:/models"),
            ("BLINK_WORKER_MEMORY", "1GiB"),
            ("BLINK_BATCH", "4"),
            ("BLINK_IDLE", ""),
            ("BLINK_CONFIG", "/etc/blink.toml"),
            ("PORT", "8000"),
        ];
        let read = of(&variables).unwrap();
        assert_eq!(read.partial.http.map(|http| http.len()), Some(2));
        assert_eq!(read.partial.models, Some(vec!["a.blink".into(), "/models".into()]));
        assert_eq!(read.partial.defaults.worker_memory, Some(OrNone(Some(1 << 30))));
        assert_eq!(read.partial.defaults.batch, Some(OrNone(Some(4))));
        assert_eq!((read.partial.defaults.idle, read.port), (None, Some(8000)));
        assert_eq!((read.file, read.warnings.len()), (Some("/etc/blink.toml".into()), 0));
    }

    #[test]
    fn what_is_wrong_is_told_by_its_name() {
        assert!(matches!(of(&[("BLINK_IDLE", "30")]), Err(ConfigError::Variable { name, .. }) if name == "BLINK_IDLE"));
        assert!(matches!(of(&[("PORT", "65536")]), Err(ConfigError::Port { .. })));
        assert!(matches!(of(&[("PORT", "tcp://10.0.0.1:80")]), Err(ConfigError::Port { .. })));
        let bad = (OsString::from("BLINK_QUEUE"), OsStr::from_bytes(b"\xff").to_owned());
        assert!(matches!(read([bad]), Err(ConfigError::VariableText { .. })));
    }

    #[test]
    fn slips_are_told_of_and_what_belongs_to_others_is_not() {
        let warned = |name| of(&[(name, "x")]).unwrap().warnings;
        assert!(warned("BLINK_WORKRES")[0].ends_with("did you mean BLINK_WORKERS?"));
        assert!(warned("BLINK_idle")[0].ends_with("did you mean BLINK_IDLE?"));
        for name in ["BLINK_CACHE_DIR", "BLINK_SERVICE_HOST", "BLINK_PORT", "BLINK_PORT_8080_TCP", "BLINK_BENCH_RUNS"] {
            assert_eq!(warned(name), [""; 0], "{name}");
        }
    }
}
