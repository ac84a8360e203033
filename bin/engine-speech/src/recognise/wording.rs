//! What Whisper writes for sounds that are not words, and how to tell them from words.

/// The spoken words of a piece; `None` if there are only descriptions such as `[BLANK_AUDIO]`, `(music)` or `*sigh*`.
pub(super) fn spoken(text: &str) -> Option<String> {
    let text = without_spans(text, '[', ']');
    let text = without_spans(&text, '(', ')');
    let text = without_spans(&text, '*', '*');
    let words: Vec<&str> = text.split_whitespace().filter(|word| *word != ">>").collect();
    let joined = words.join(" ").replace(['♪', '♫'], "");
    let joined = joined.trim();
    joined.chars().any(char::is_alphanumeric).then(|| joined.to_owned())
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
    fn words_beside_them_stay() {
        assert_eq!(spoken(" (sighs) All right, thanks.").as_deref(), Some("All right, thanks."));
        assert_eq!(spoken("Call (555) 014-2288.").as_deref(), Some("Call (555) 014-2288."));
        assert_eq!(spoken("a (b").as_deref(), Some("a (b"));
    }
}
