//! Numbers as people read them.

use crate::measurement::State;
use crate::statistics::Interval;

/// What shows in place of a figure that was not measured.
pub(super) const NONE: &str = "–";
/// Bytes of a MiB.
const MIB: f64 = (1 << 20) as f64;

/// Three significant digits or more; thousands apart.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    let decimals = match size {
        _ if !value.is_finite() => return NONE.to_owned(),
        _ if size >= 1e9 || (size < 0.000_5 && size > 0.0) => return format!("{value:.2e}"),
        _ if size == 0.0 || size >= 99.95 => 0,
        _ if size >= 9.995 => 1,
        _ if size >= 0.9995 => 2,
        _ => 3,
    };
    grouped(&format!("{value:.decimals$}"))
}

/// A whole number; thousands apart.
pub(super) fn count(value: f64) -> String {
    if value.is_finite() && value.abs() < 1e15 { grouped(&format!("{value:.0}")) } else { number(value) }
}

/// Milliseconds, with their unit.
pub(super) fn ms(value: f64) -> String {
    format!("{}\u{a0}ms", number(value))
}

/// Bytes in the unit that suits them.
pub(super) fn bytes(value: f64) -> String {
    match value {
        _ if value >= MIB * 1024.0 => format!("{}\u{a0}GiB", number(value / MIB / 1024.0)),
        _ if value >= MIB => format!("{}\u{a0}MiB", number(value / MIB)),
        _ if value >= 1024.0 => format!("{}\u{a0}KiB", number(value / 1024.0)),
        _ => format!("{}\u{a0}bytes", count(value)),
    }
}

/// Bytes in MiB, without the unit.
pub(super) fn mib(bytes: f64) -> f64 {
    bytes / MIB
}

/// Both ends of an interval.
pub(super) fn interval(interval: Interval) -> String {
    format!("{} to {}", number(interval.low), number(interval.high))
}

/// A share as a percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{}\u{a0}%", number(share * 100.0))
}

/// What the page cache held, in words.
pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Hot => "page cache hot",
        State::Disk => "from the disk",
    }
}

/// The first letter made a capital.
pub(super) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// `one` or `many`, by the number before it.
pub(super) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{}\u{a0}{}", count(number as f64), if number == 1 { one } else { many })
}

/// Commas between thousands.
fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut grouped = sign.to_owned();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_that_count() {
        let shown = [0.0, 0.000_12, 0.0123, 0.5, 1.234, 12.34, 99.94, 99.96, 1234.5, -3329.0, 1e12].map(number);
        let expected = ["0", "1.20e-4", "0.012", "0.500", "1.23", "12.3", "99.9", "100", "1,234", "-3,329", "1.00e12"];
        assert_eq!(shown, expected);
        assert_eq!([f64::NAN, f64::INFINITY].map(number), [NONE, NONE]);
    }

    #[test]
    fn bytes_have_the_unit_that_suits_them() {
        let shown = [12.0, 2048.0, 1.5 * MIB, 98.0 * MIB, 3000.0 * MIB].map(bytes);
        assert_eq!(
            shown.map(|text| text.replace('\u{a0}', " ")),
            ["12 bytes", "2.00 KiB", "1.50 MiB", "98.0 MiB", "2.93 GiB"]
        );
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([1.0, 999.0, 1000.0, 1234567.0].map(count), ["1", "999", "1,000", "1,234,567"]);
        assert_eq!((counted(1, "start", "starts"), sentence("from")), ("1\u{a0}start".into(), "From".into()));
    }
}
