//! What can be said of a text by counting.

const POSITIVE: [&str; 8] = ["good", "great", "excellent", "amazing", "wonderful", "fantastic", "love", "happy"];
const NEGATIVE: [&str; 8] = ["bad", "terrible", "awful", "horrible", "hate", "sad", "angry", "disappointed"];

/// Words are what stands between blanks.
pub(crate) fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

/// Sentences end with `.`, `!` or `?` before a blank or the end; what follows the last of them is one too.
pub(crate) fn sentences(text: &str) -> usize {
    let is_end = |word: &&str| word.trim_end_matches(['"', '\'', ')', '”', '’']).ends_with(['.', '!', '?', '…']);
    let ended = text.split_whitespace().filter(is_end).count();
    let goes_on = text.split_whitespace().next_back().is_some_and(|last| !is_end(&last));
    ended + usize::from(goes_on)
}

/// Characters of a word with its punctuation, to two places; 0 where there are no words.
pub(crate) fn average_word_length(text: &str) -> f64 {
    let (mut count, mut length) = (0u32, 0u32);
    for word in text.split_whitespace() {
        count += 1;
        length = length.saturating_add(u32::try_from(word.chars().count()).unwrap_or(u32::MAX));
    }
    let average = f64::from(length) / f64::from(count.max(1));
    (average * 100.0).round() / 100.0
}

/// By which list has more of the text's words.
pub(crate) fn sentiment(text: &str) -> &'static str {
    let text = text.to_lowercase();
    let words = || text.split(|letter: char| !letter.is_alphabetic());
    let count = |list: &[&str]| words().filter(|word| list.contains(word)).count();
    match count(&POSITIVE).cmp(&count(&NEGATIVE)) {
        std::cmp::Ordering::Greater => "positive",
        std::cmp::Ordering::Less => "negative",
        std::cmp::Ordering::Equal => "neutral",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "This is a wonderful document. It contains great information and amazing insights.";

    #[test]
    fn a_document_is_measured() {
        assert_eq!((words(TEXT), sentences(TEXT), TEXT.chars().count()), (12, 2, 81));
        assert!((average_word_length(TEXT) - 5.83).abs() < 1e-9);
        assert_eq!(sentiment(TEXT), "positive");
    }

    #[test]
    fn what_is_odd_is_measured_too() {
        assert_eq!((words(""), sentences(""), sentiment("")), (0, 0, "neutral"));
        assert!(average_word_length("").abs() < 1e-9);
        assert_eq!(sentences("It costs 3.50. Really?! \"Yes.\" And so on"), 4);
        assert_eq!(sentiment("Bad, bad, GOOD"), "negative");
        assert_eq!(sentiment("A badge of goodness"), "neutral");
    }
}
