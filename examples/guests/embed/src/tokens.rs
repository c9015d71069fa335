//! A text as numbers, the way of BERT: lower case, words apart from punctuation, each word in the longest pieces that
//! the vocabulary has. A word with a part that no piece fits is unknown as a whole.

use crate::vocabulary::Vocabulary;

/// Longer words are unknown.
const LONGEST_WORD: usize = 100;

/// At most `length` numbers for a text, a begin and an end among them. What is past that is left out.
pub(crate) fn tokens(text: &str, length: usize) -> Vec<i64> {
    let vocabulary = Vocabulary::get();
    let room = length.saturating_sub(2);
    let text = text.to_lowercase();
    let mut numbers = vec![Vocabulary::BEGIN];
    for word in words(&text) {
        numbers.extend(pieces(vocabulary, word));
        if numbers.len() > room {
            break;
        }
    }
    numbers.truncate(1 + room);
    numbers.push(Vocabulary::END);
    numbers
}

/// Runs of letters and digits, and every other character by itself but blanks.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter.is_control());
        let first = rest.chars().next()?;
        let end = match first.is_alphanumeric() {
            true => rest.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

fn pieces(vocabulary: &Vocabulary, word: &str) -> Vec<i64> {
    if word.chars().count() > LONGEST_WORD {
        return vec![Vocabulary::UNKNOWN];
    }
    let (mut numbers, mut at) = (Vec::new(), 0);
    while at < word.len() {
        let ends = (at + 1..=word.len()).rev().filter(|&end| word.is_char_boundary(end));
        let longest = ends.into_iter().find_map(|end| Some((end, vocabulary.number(&word[at..end], at > 0)?)));
        let Some((end, number)) = longest else { return vec![Vocabulary::UNKNOWN] };
        numbers.push(number);
        at = end;
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_apart_from_punctuation() {
        let found: Vec<&str> = words(" it's\ta (test), of 42\u{3000}naïve…words ").collect();
        assert_eq!(found, ["it", "'", "s", "a", "(", "test", ")", ",", "of", "42", "naïve", "…", "words"]);
    }

    #[test]
    fn every_ascii_word_has_pieces_and_they_are_the_longest() {
        let vocabulary = Vocabulary::get();
        assert_eq!(pieces(vocabulary, "the").len(), 1);
        let numbers = pieces(vocabulary, "zqxjkvb");
        assert!(numbers.len() > 1 && !numbers.contains(&Vocabulary::UNKNOWN), "{numbers:?}");
        assert_eq!(pieces(vocabulary, "日本"), [Vocabulary::UNKNOWN]);
        assert_eq!(pieces(vocabulary, &"a".repeat(101)), [Vocabulary::UNKNOWN]);
    }

    #[test]
    fn a_text_is_cut_to_its_length_and_keeps_its_ends() {
        for length in [2, 3, 16] {
            let numbers = tokens(&"The quick brown fox. ".repeat(9), length);
            assert_eq!(numbers.len(), length);
            assert_eq!((numbers[0], numbers[length - 1]), (Vocabulary::BEGIN, Vocabulary::END));
        }
        assert_eq!(tokens("", 16), [Vocabulary::BEGIN, Vocabulary::END]);
    }
}
