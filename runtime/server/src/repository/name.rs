//! What a model may be called: names stand in addresses, in labels of metrics and in paths, and are plain in all.

/// Longest name, in bytes.
const MAX_LEN: usize = 128;

/// The rule, for errors.
const RULE: &str = "expected 1 to 128 letters, digits and . _ -, of which the first is no dot";

/// Whether `name` can be a model's; the rule where not.
pub(crate) fn check(name: &str) -> Result<(), &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let allowed = (1..=MAX_LEN).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(plain);
    if allowed { Ok(()) } else { Err(RULE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for name in ["resnet50", "a", "bert-base.v2", "_x", "9", &"n".repeat(128)] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in ["", ".", "..", ".hidden", "a/b", "a b", "a\0", "ä", "a\n", "a%2f", &"n".repeat(129)] {
            assert_eq!(check(name), Err(RULE), "{name}");
        }
    }
}
