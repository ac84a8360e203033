use duologue_chat::History;

/// Tells whether a turn sounds complete: the semantic end-of-turn detector.
pub trait EndOfTurn: Send {
    /// Probability in 0..=1 that the speaker of `text` is done.
    fn probability(&mut self, text: &str, history: &History) -> f32;
}

/// The detector that needs no model: words that want a continuation.
///
/// Recognisers put a full stop behind almost everything, so one tells nothing; but where one that writes sentences puts
/// none, it heard none end. A trailing "and" or "with my" tells more, and so do digits and letters in a row: numbers and
/// addresses are read out in groups.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrailingWords;

/// Words that hardly ever end a sentence.
const OPEN_ENDS: [&str; 14] =
    ["and", "or", "but", "because", "if", "the", "a", "an", "my", "your", "our", "um", "uh", "er"];

/// What numbers are read out in, beside digits.
const NUMBERS: [&str; 32] = [
    "zero",
    "oh",
    "nought",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "hundred",
    "double",
];

impl EndOfTurn for TrailingWords {
    fn probability(&mut self, text: &str, _history: &History) -> f32 {
        let trimmed = text.trim();
        let word = |w: &str| w.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let mut last = trimmed.rsplit(char::is_whitespace).map(word);
        if trimmed.ends_with("...") || trimmed.ends_with([',', '-', '…']) {
            return 0.1;
        }
        match (last.next(), last.next()) {
            (Some(w), Some(before)) if is_read_out(&w) && is_read_out(&before) => 0.42,
            (Some(w), _) if OPEN_ENDS.contains(&w.as_str()) => 0.1,
            _ if is_open_sentence(trimmed) => 0.45,
            _ => 0.9,
        }
    }
}

/// Several words that begin as a sentence and do not end as one.
fn is_open_sentence(text: &str) -> bool {
    let begins = text.starts_with(char::is_uppercase) && text.split_whitespace().nth(2).is_some();
    begins && text.ends_with(char::is_alphanumeric)
}

/// A number, a digit, a letter.
fn is_read_out(word: &str) -> bool {
    let letter = word.chars().count() == 1;
    letter || NUMBERS.contains(&word) || !word.is_empty() && word.chars().all(|c| c.is_ascii_digit())
}

/// Where an application takes part in a session. All methods do nothing unless written.
pub trait Hooks: Send {
    /// The session begins; what is returned is said first.
    fn on_enter(&mut self) -> Option<String> {
        None
    }

    /// The other party's turn is over. The text may be changed before it enters the history; `false` leaves the turn
    /// without a reply.
    fn on_user_turn_completed(&mut self, text: &mut String, history: &History) -> bool {
        let _ = (text, history);
        true
    }

    /// The session is over.
    fn on_exit(&mut self, history: &History) {
        let _ = history;
    }
}

/// No application takes part.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {}

/// What people say to show that they listen, without wanting the floor.
pub(crate) fn is_backchannel(text: &str) -> bool {
    const WORDS: [&str; 27] = [
        "mhm", "mm", "mmhmm", "hm", "hmm", "uh", "um", "er", "erm", "huh", "uhhuh", "aha", "ah", "oh", "ok", "okay",
        "yes", "yeah", "yep", "yup", "right", "sure", "i", "see", "got", "it", "good",
    ];
    let words: Vec<String> = text
        .split_whitespace()
        .map(|w| w.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase())
        .filter(|w| !w.is_empty())
        .collect();
    !words.is_empty() && words.len() <= 3 && words.iter().all(|w| WORDS.contains(&w.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_words_hold_the_turn_open() {
        let mut d = TrailingWords;
        let h = History::default();
        assert!(d.probability("I would like to pay with my", &h) < 0.5);
        assert!(d.probability("I restarted it, um...", &h) < 0.5);
        assert!(d.probability("The light is red.", &h) > 0.5);
        assert!(d.probability("A table for two at seven.", &h) > 0.5);
        // A recogniser that writes sentences has heard no end here; one that writes words can't tell.
        let open = d.probability("You sent me a letter", &h);
        assert!(open < 0.5 && open > d.probability("zero eight hundred", &h));
        assert!(d.probability("you sent me a letter", &h) > 0.5 && d.probability("Yes please", &h) > 0.5);
    }

    #[test]
    fn what_is_read_out_comes_in_groups() {
        let (mut d, h) = (TrailingWords, History::default());
        for text in ["My number is four two seven", "It is J, O, H, N.", "zero eight hundred", "0 8 15"] {
            let p = d.probability(text, &h);
            assert!(p < 0.5 && p > d.probability("It is four two and", &h), "{text}: {p}");
        }
    }

    #[test]
    fn backchannels_are_short_and_say_nothing_new() {
        assert!(is_backchannel("Mm-hmm."));
        assert!(is_backchannel("Okay, I see"));
        assert!(!is_backchannel("No, wait."));
        assert!(!is_backchannel(""));
        assert!(!is_backchannel("Yes yes yes yes"));
    }
}
