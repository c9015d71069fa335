//! Values as they are written: `30s`, `512MiB`, `0..4`, `unix:/run/blink.sock`. Flags, variables and the file share
//! these readers, so a value means the same wherever it stands. What is not exactly of its form is refused.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use blink_runtime::sandbox::Sandbox;
use blink_runtime::{Device, Level, StartMode};

use super::{Address, LogFormat, Warm};

/// Longest time that can be set: what is longer means "never", which is said otherwise.
const MAX_TIME: Duration = Duration::from_secs(366 * 24 * 3600);
/// Most workers of a model.
const MAX_WORKERS: usize = 4096;

/// Why a text is not a value of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{found}' is not {expected}")]
pub struct ValueError {
    /// The text.
    pub found: String,
    /// What it should have been.
    pub expected: &'static str,
}

/// A value, or `none`: the limit, or the thing, is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrNone<T>(pub Option<T>);

fn wrong(found: &str, expected: &'static str) -> ValueError {
    ValueError { found: found.chars().take(200).collect(), expected }
}

/// A time, zero included: `500us`, `2ms`, `30s`, `2m`, `1h`.
pub fn time(text: &str) -> Result<Duration, ValueError> {
    const EXPECTED: &str = "a time: expected a whole number and a unit, such as 500ms, 30s or 2m, at most a year";
    (|| {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
        let number: u64 = number.parse().ok()?;
        let time = match unit {
            "us" => Duration::from_micros(number),
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "m" => Duration::from_secs(number.checked_mul(60)?),
            "h" => Duration::from_secs(number.checked_mul(3600)?),
            _ => return None,
        };
        (time <= MAX_TIME).then_some(time)
    })()
    .ok_or_else(|| wrong(text, EXPECTED))
}

/// A time that is not zero.
pub fn time_above_zero(text: &str) -> Result<Duration, ValueError> {
    match time(text)? {
        Duration::ZERO => Err(wrong(text, "a time above zero")),
        time => Ok(time),
    }
}

/// A number of bytes above zero: `4096`, `64KiB`, `512MiB`, `1GiB`.
pub fn size(text: &str) -> Result<u64, ValueError> {
    (|| {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let factor: u64 = match unit {
            "" | "B" => 1,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "TiB" => 1 << 40,
            _ => return None,
        };
        number.parse::<u64>().ok()?.checked_mul(factor).filter(|&size| size > 0)
    })()
    .ok_or_else(|| wrong(text, "a size: expected a whole number of bytes above zero, such as 4096, 64KiB or 512MiB"))
}

/// A size that fits this machine's memory addresses.
pub fn body_size(text: &str) -> Result<usize, ValueError> {
    let size = size(text)?;
    usize::try_from(size).map_err(|_| wrong(text, "a size that this machine can hold"))
}

/// A whole number from 1 up.
pub fn count(text: &str) -> Result<usize, ValueError> {
    let found = text.parse().ok().filter(|&count: &usize| count > 0 && digits(text));
    found.ok_or_else(|| wrong(text, "a whole number from 1 up"))
}

/// A whole number from 0 up.
pub fn count_or_zero(text: &str) -> Result<usize, ValueError> {
    text.parse().ok().filter(|_| digits(text)).ok_or_else(|| wrong(text, "a whole number from 0 up"))
}

fn digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Fewest and most workers: `0..4`, or `2` for just so many.
pub fn workers(text: &str) -> Result<(usize, usize), ValueError> {
    let (fewest, most) = text.split_once("..").unwrap_or((text, text));
    let number = |text: &str| text.parse::<usize>().ok().filter(|_| digits(text));
    match (number(fewest), number(most)) {
        (Some(fewest), Some(most)) if fewest <= most && (1..=MAX_WORKERS).contains(&most) => Ok((fewest, most)),
        _ => Err(wrong(text, "a number of workers: expected FEWEST..MOST such as 0..4, or one number, 1 to 4096")),
    }
}

/// CPUs, in hundredths: `2`, `0.5`, `1.25`.
pub fn cpus(text: &str) -> Result<u32, ValueError> {
    (|| {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        if !digits(whole) || !digits(part) || part.is_empty() || part.len() > 2 {
            return None;
        }
        let hundredths: u32 = part.parse::<u32>().ok()? * if part.len() == 1 { 10 } else { 1 };
        whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(hundredths).filter(|&cpus| cpus > 0)
    })()
    .ok_or_else(|| wrong(text, "a number of CPUs above zero, such as 2 or 0.5"))
}

/// `true` or `false`.
pub fn switch(text: &str) -> Result<bool, ValueError> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(wrong(text, "true or false")),
    }
}

/// Where to listen: `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/blink.sock`.
pub fn address(text: &str) -> Result<Address, ValueError> {
    match text.strip_prefix("unix:") {
        Some(path) if !path.is_empty() && !path.contains('\0') => Ok(Address::Unix(PathBuf::from(path))),
        Some(_) => Err(wrong(text, "an address: a path belongs after unix:, such as unix:/run/blink.sock")),
        None => text.parse::<SocketAddr>().map(Address::Tcp).map_err(|_| {
            let expected = "an address: expected an IP address and a port such as 127.0.0.1:8080, or unix:/PATH";
            wrong(text, expected)
        }),
    }
}

/// Where artifacts for CUDA run: `cpu`, `cuda`, `cuda:1`, `cuda-or-cpu`.
pub fn device(text: &str) -> Result<Device, ValueError> {
    text.parse().map_err(|_| wrong(text, "a device: expected cpu, cuda, cuda:N or cuda-or-cpu"))
}

/// A directory's path.
pub fn directory(text: &str) -> Result<PathBuf, ValueError> {
    if text.is_empty() || text.contains('\0') { Err(wrong(text, "a directory's path")) } else { Ok(text.into()) }
}

/// `load` or `never`.
pub fn warm(text: &str) -> Result<Warm, ValueError> {
    match text {
        "load" => Ok(Warm::Load),
        "never" => Ok(Warm::Never),
        _ => Err(wrong(text, "a time to make snapshots: expected load or never")),
    }
}

/// `text` or `json`.
pub fn log_format(text: &str) -> Result<LogFormat, ValueError> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(wrong(text, "a form of logs: expected text or json")),
    }
}

/// `auto`, `snapshot` or `normal`.
pub fn start(text: &str) -> Result<StartMode, ValueError> {
    match text {
        "auto" => Ok(StartMode::Auto),
        "snapshot" => Ok(StartMode::Snapshot),
        "normal" => Ok(StartMode::Normal),
        _ => Err(wrong(text, "a kind of start: expected auto, snapshot or normal")),
    }
}

/// `strict`, `standard` or `off`.
pub fn sandbox(text: &str) -> Result<Sandbox, ValueError> {
    text.parse().map_err(|_| wrong(text, "a sandbox: expected strict, standard or off"))
}

/// How much of an artifact is checked.
pub fn level(text: &str) -> Result<Level, ValueError> {
    text.parse().map_err(|_| wrong(text, "a level of checking: expected code, lazy or full"))
}

/// Where spans go: `http://HOST[:PORT][/PATH]`.
pub fn collector(text: &str) -> Result<String, ValueError> {
    let uri = text.parse::<http::Uri>().ok();
    match uri.filter(|uri| uri.scheme_str() == Some("http") && uri.host().is_some_and(|host| !host.is_empty())) {
        Some(_) => Ok(text.to_owned()),
        None => Err(wrong(text, "a collector's address: expected http://HOST:PORT, with or without a path")),
    }
}

/// Where a guest's paths begin: `/shop`, `/v1/echo`. Paths that the server itself answers are refused.
pub fn prefix(text: &str) -> Result<String, ValueError> {
    const EXPECTED: &str =
        "a prefix: expected a path such as /shop, without / at its end, of letters, digits and . _ ~ -";
    let segments: Option<Vec<&str>> = text.strip_prefix('/').map(|rest| rest.split('/').collect());
    let plain = |segment: &&str| {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
        !segment.is_empty() && *segment != "." && *segment != ".." && segment.bytes().all(known)
    };
    let segments = segments.filter(|segments| segments.iter().all(plain));
    match segments.ok_or_else(|| wrong(text, EXPECTED))?[0] {
        "v2" | "metrics" | "page" | "blink" => {
            Err(wrong(text, "free: /v2, /metrics, /page and /blink are the server's own"))
        }
        _ => Ok(text.to_owned()),
    }
}

/// A value that may be `none`.
pub fn or_none<T>(text: &str, read: impl FnOnce(&str) -> Result<T, ValueError>) -> Result<OrNone<T>, ValueError> {
    if text == "none" { Ok(OrNone(None)) } else { read(text).map(|value| OrNone(Some(value))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(time("0s"), Ok(Duration::ZERO));
        assert_eq!(time_above_zero("250us"), Ok(Duration::from_micros(250)));
        for text in ["", "30", "s", "1.5s", "-1s", "30 s", "30S", "9999999999999999999999s", "400000h", "1d"] {
            assert_eq!(time(text).unwrap_err().found, text);
        }
        assert!(time_above_zero("0ms").is_err());
    }

    #[test]
    fn sizes_have_binary_units() {
        assert_eq!((size("4096"), size("512MiB"), size("1GiB")), (Ok(4096), Ok(512 << 20), Ok(1 << 30)));
        for text in ["", "0", "MiB", "1MB", "1.5GiB", "-1", "99999999999999TiB"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn workers_are_a_range_or_one_number() {
        assert_eq!((workers("0..4"), workers("2"), workers("3..3")), (Ok((0, 4)), Ok((2, 2)), Ok((3, 3))));
        for text in ["", "0", "0..0", "4..1", "1..", "..2", "1...2", "a", "+1", "1..99999"] {
            assert!(workers(text).is_err(), "{text}");
        }
    }

    #[test]
    fn cpus_are_kept_in_hundredths() {
        assert_eq!((cpus("2"), cpus("0.5"), cpus("1.25")), (Ok(200), Ok(50), Ok(125)));
        for text in ["", "0", "0.00", ".", "1.", "1.234", "-1", "1e3", "99999999999"] {
            assert!(cpus(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_are_numbers_or_paths() {
        assert_eq!(address("127.0.0.1:0"), Ok(Address::Tcp(([127, 0, 0, 1], 0).into())));
        assert_eq!(address("unix:/run/b.sock"), Ok(Address::Unix("/run/b.sock".into())));
        for text in ["", "8080", "localhost:8080", "127.0.0.1", "127.0.0.1:65536", "unix:", "unix:a\0b"] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn devices_have_names() {
        assert_eq!((device("cuda:1"), device("cuda-or-cpu")), (Ok(Device::Cuda(1)), Ok(Device::CudaOrCpu(0))));
        assert_eq!(or_none("none", device), Ok(OrNone(None)));
        for text in ["", "gpu", "cuda:", "0"] {
            assert_eq!(device(text).unwrap_err().found, text);
        }
    }

    #[test]
    fn prefixes_are_plain_and_free() {
        assert_eq!((prefix("/shop").as_deref(), prefix("/a/v2").as_deref()), (Ok("/shop"), Ok("/a/v2")));
        for text in ["", "/", "shop", "/shop/", "/a//b", "/a/../b", "/a b", "/v2/x", "/metrics", "/ä", "/a?b"] {
            assert!(prefix(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_collector_is_reached_in_plain_http() {
        assert!(collector("http://127.0.0.1:4318/v1/traces").is_ok());
        for text in ["", "https://collector:4318", "collector:4318", "http://", "http:///x"] {
            assert!(collector(text).is_err(), "{text}");
        }
    }
}
