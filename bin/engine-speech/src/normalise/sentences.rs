//! Cuts a normalised text into what is synthesised at once.

/// Longest piece in characters: about 20 s of speech, well within what the network reads at once.
const LONGEST: usize = 280;
/// A piece shorter than this is spoken together with the next: alone, "Yes." sounds clipped.
const SHORTEST: usize = 16;

/// Sentences; long ones cut at punctuation, or between words where there is none.
pub(crate) fn sentences(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for sentence in whole_sentences(text) {
        for part in cut(sentence) {
            match pieces.last_mut() {
                Some(last) if last.chars().count() < SHORTEST => {
                    last.push(' ');
                    last.push_str(part);
                }
                _ => pieces.push(part.to_owned()),
            }
        }
    }
    pieces
}

fn whole_sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut ends = false;
    for (at, c) in text.char_indices() {
        if c == ' ' && ends {
            sentences.push(text[start..at].trim());
            start = at;
        }
        ends = matches!(c, '.' | '!' | '?' | '…') || (ends && matches!(c, '"' | '\'' | ')'));
    }
    sentences.push(text[start..].trim());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

fn cut(mut sentence: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    while let Some((limit, _)) = sentence.char_indices().nth(LONGEST) {
        let head = &sentence[..limit];
        // Late enough that both parts are worth speaking.
        let late = |at: &usize| *at > limit / 3;
        let clause =
            head.rfind([',', ';', ':', '—']).map(|at| at + head[at..].chars().next().map_or(1, char::len_utf8));
        let at = clause.filter(late).or_else(|| head.rfind(' ')).filter(|at| *at > 0).unwrap_or(limit);
        parts.push(sentence[..at].trim());
        sentence = sentence[at..].trim_start();
    }
    parts.push(sentence);
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_spoken_one_by_one_and_tiny_ones_with_the_next() {
        assert_eq!(
            sentences("Hi. This is Anna speaking. How can I help you today?"),
            ["Hi. This is Anna speaking.", "How can I help you today?"]
        );
        assert_eq!(sentences("At nine A.M tomorrow, please."), ["At nine A.M tomorrow, please."]);
        assert!(sentences("").is_empty());
    }

    #[test]
    fn long_sentences_are_cut_at_punctuation() {
        let long = format!("{}, {}", "word ".repeat(40).trim(), "other ".repeat(40).trim());
        let parts = sentences(&long);
        assert_eq!(parts.len(), 2);
        assert!(parts[0].ends_with("word,") && parts[1].starts_with("other"));
        let endless = "x".repeat(1000);
        assert!(sentences(&endless).iter().all(|part| part.chars().count() <= LONGEST));
    }
}
