//! What Whisper writes for sounds that are not words, and how to tell them from words.

/// The spoken words of a piece; `None` if there are only descriptions such as `[BLANK_AUDIO]`, `(music)` or `*sigh*`.
pub(super) fn spoken(text: &str) -> Option<String> {
    let text = without_spans(text, '[', ']');
    let text = without_spans(&text, '(', ')');
    let text = without_spans(&text, '*', '*');
    let words: Vec<&str> = text.split_whitespace().filter(|word| *word != ">>").collect();
    let joined = words.join(" ").replace(['♪', '♫'], "");
    let joined = joined.trim();
    joined.chars().any(char::is_alphanumeric).then(|| without_loop(joined).to_owned())
}

/// Fewer words than these may well be said twice ("no, no, no", "bye bye").
const LOOP: usize = 5;

/// Whisper now and then writes the same words again and again; nobody says a whole sentence twice without a breath.
fn without_loop(text: &str) -> &str {
    let letters =
        |word: &str| word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let words: Vec<String> = text.split_whitespace().map(letters).collect();
    let loops =
        |period: &usize| words.len() >= 2 * period && (*period..words.len()).all(|i| words[i] == words[i - period]);
    let Some(period) = (LOOP..=words.len() / 2).find(loops) else { return text };
    let end = text
        .split_whitespace()
        .nth(period - 1)
        .map(|last| last.as_ptr() as usize - text.as_ptr() as usize + last.len());
    &text[..end.unwrap_or(text.len())]
}

/// Removes what stands between `open` and `close`, unless it has digits: "(555) 014-2288" was said.
fn without_spans(text: &str, open: char, close: char) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(open) {
        let inner = start + open.len_utf8();
        let Some(length) = rest[inner..].find(close) else { break };
        let end = inner + length + close.len_utf8();
        kept.push_str(&rest[..start]);
        if rest[inner..].chars().take_while(|c| *c != close).any(|c| c.is_ascii_digit()) {
            kept.push_str(&rest[start..end]);
        }
        rest = &rest[end..];
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_of_sounds_are_not_words() {
        for text in ["[BLANK_AUDIO]", " (upbeat music)", "*sigh*", " ♪♪", "...", "", "[Music] (laughs)", ">>"] {
            assert_eq!(spoken(text), None, "{text}");
        }
    }

    #[test]
    fn a_sentence_that_goes_round_is_heard_once() {
        let once = "Here it is, you have a double room for two nights.";
        let twice = format!("{once} Here it is you have a double room for two nights. Here it is,");
        assert_eq!(spoken(&twice).as_deref(), Some(once));
        for kept in ["No, no, no, no, no, no.", "Bye bye. Bye bye.", once, "I see it now. I see it there."] {
            assert_eq!(spoken(kept).as_deref(), Some(kept));
        }
    }

    #[test]
    fn words_beside_them_stay() {
        assert_eq!(spoken(" (sighs) All right, thanks.").as_deref(), Some("All right, thanks."));
        assert_eq!(spoken("Call (555) 014-2288.").as_deref(), Some("Call (555) 014-2288."));
        assert_eq!(spoken("a (b").as_deref(), Some("a (b"));
    }
}
