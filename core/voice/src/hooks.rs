use duologue_chat::History;

/// Tells whether a turn sounds complete: the semantic end-of-turn detector.
pub trait EndOfTurn: Send {
    /// Probability in 0..=1 that the speaker of `text` is done.
    fn probability(&mut self, text: &str, history: &History) -> f32;
}

/// The detector that needs no model: words that want a continuation.
///
/// Recognisers put a full stop behind almost everything, so punctuation tells nothing; a trailing "and" or "with
/// my" does.
#[derive(Clone, Copy, Debug, Default)]
pub struct TrailingWords;

/// Words that hardly ever end a sentence.
const OPEN_ENDS: [&str; 14] =
    ["and", "or", "but", "because", "if", "the", "a", "an", "my", "your", "our", "um", "uh", "er"];

impl EndOfTurn for TrailingWords {
    fn probability(&mut self, text: &str, _history: &History) -> f32 {
        let trimmed = text.trim();
        let last = trimmed.rsplit(char::is_whitespace).next().unwrap_or("");
        let word = last.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        if trimmed.ends_with("...") || trimmed.ends_with([',', '-', '…']) || OPEN_ENDS.contains(&word.as_str()) {
            0.1
        } else {
            0.9
        }
    }
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
    const WORDS: [&str; 24] = [
        "mhm", "mm", "mmhmm", "hm", "hmm", "uh", "huh", "uhhuh", "aha", "ah", "oh", "ok", "okay", "yes", "yeah", "yep",
        "yup", "right", "sure", "i", "see", "got", "it", "good",
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
