//! Which sentences of a text say most: those whose words are frequent in it (H. P. Luhn, 1958).

use std::collections::HashMap;

/// The sentences of a text, each with its stop.
pub(crate) fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let ends = letters.peek().is_none_or(|(_, next)| next.is_whitespace());
        if matches!(letter, '.' | '!' | '?') && ends {
            let end = at + letter.len_utf8();
            sentences.push(text[start..end].trim());
            start = end;
        }
    }
    sentences.push(text[start..].trim());
    sentences.retain(|sentence| sentence.chars().any(char::is_alphanumeric));
    sentences
}

/// The best of them, in the order in which they stand.
pub(crate) fn pick<'a>(sentences: &[&'a str], most: usize) -> Vec<&'a str> {
    let mut frequencies: HashMap<String, f64> = HashMap::new();
    for word in sentences.iter().flat_map(|sentence| words(sentence)) {
        *frequencies.entry(word).or_default() += 1.0;
    }
    let score = |sentence: &str| {
        let (mut sum, mut count) = (0.0, 0.0f64);
        for word in words(sentence) {
            sum += frequencies.get(&word).copied().unwrap_or_default();
            count += 1.0;
        }
        sum / count.max(1.0)
    };
    let mut order: Vec<(usize, f64)> = sentences.iter().map(|sentence| score(sentence)).enumerate().collect();
    order.sort_by(|(a, one), (b, other)| other.total_cmp(one).then(a.cmp(b)));
    let mut kept: Vec<usize> = order.into_iter().take(most).map(|(at, _)| at).collect();
    kept.sort_unstable();
    kept.into_iter().map(|at| sentences[at]).collect()
}

/// Words that may mean something: shorter ones are mostly `the` and `of`.
fn words(sentence: &str) -> impl Iterator<Item = String> {
    sentence
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| word.chars().count() > 3)
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_falls_into_its_sentences() {
        assert_eq!(sentences("One costs 3.50. Two! And three"), ["One costs 3.50.", "Two!", "And three"]);
        assert!(sentences(" . ! ").is_empty());
    }

    #[test]
    fn what_is_talked_about_most_is_kept() {
        let text = "Agents call agents. The weather was fine. Agents prove to agents who they are.";
        let all = sentences(text);
        assert_eq!(pick(&all, 2), ["Agents call agents.", "Agents prove to agents who they are."]);
        assert_eq!(pick(&all, 9), all);
    }
}
