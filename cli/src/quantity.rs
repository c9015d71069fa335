//! Sizes and times as they are typed.

use std::time::Duration;

/// `4096`, `64KiB`, `256MiB`, `1GiB`.
pub(crate) fn bytes(typed: &str) -> Option<u64> {
    let at = typed.find(|c: char| !c.is_ascii_digit()).unwrap_or(typed.len());
    let (number, unit) = typed.split_at(at);
    let factor = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// `500ms`, `5s`, `2m`, `1h`; above zero.
pub(crate) fn duration(typed: &str) -> Option<Duration> {
    let at = typed.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = typed.split_at(at);
    let number: u64 = number.parse().ok()?;
    let time = match unit {
        "ns" => Duration::from_nanos(number),
        "us" => Duration::from_micros(number),
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.checked_mul(60)?),
        "h" => Duration::from_secs(number.checked_mul(3600)?),
        _ => return None,
    };
    (!time.is_zero()).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_read() {
        assert_eq!((bytes("7"), bytes("64KiB"), bytes("1GiB")), (Some(7), Some(65536), Some(1 << 30)));
        assert_eq!((bytes("MiB"), bytes("1MB"), bytes("99999999999GiB"), bytes("")), (None, None, None, None));
        assert_eq!((duration("5s"), duration("2m")), (Some(Duration::from_secs(5)), Some(Duration::from_secs(120))));
        assert_eq!(duration("1h"), Some(Duration::from_secs(3600)));
        assert_eq!((duration("5"), duration("0s"), duration("s"), duration("")), (None, None, None, None));
    }
}
