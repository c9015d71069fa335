//! Text from a file made safe to stand in HTML and in XML.

/// What takes the place of a character that must not be shown.
const INSTEAD: char = '\u{fffd}';

/// `text` as the content of an element or of a quoted attribute, in HTML and in XML 1.0.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// `text` on one line, without characters that XML forbids, control characters, and those that turn the direction of
/// other text.
pub(super) fn clean(text: &str) -> String {
    let cleaned = |character: char| match character {
        '\t' | '\n' | '\r' => ' ',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => INSTEAD,
        _ if character.is_control() => INSTEAD,
        _ => character,
    };
    text.chars().map(cleaned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_markup_and_no_hidden_character_passes() {
        assert_eq!(escape("<script a='b' c=\"d\">&"), "&lt;script a=&#39;b&#39; c=&quot;d&quot;&gt;&amp;");
        assert_eq!(escape("a\nb\u{0}\u{1b}[1m\u{202e}c\u{ffff}"), "a b\u{fffd}\u{fffd}[1m\u{fffd}c\u{fffd}");
        assert_eq!(escape("ordinary: é 漢 µs"), "ordinary: é 漢 µs");
    }
}
