//! From ordinary words to the phonemes that the voices were trained on.

mod unknown;

pub(crate) use unknown::UnknownWords;

use misaki_rs::fallback::{Fallback, FallbackError};
use misaki_rs::{G2P, Language};
use std::collections::HashMap;

/// Phonemes that the network reads at once; its training texts were not longer.
const MAX_PHONEMES: usize = 400;
/// Stands before and after the phonemes of every text.
const PAD: i32 = 0;

/// Turns normalised text into the network's input.
pub(crate) struct Phonemizer {
    words: G2P,
    symbols: HashMap<char, i32>,
}

/// Why a text has no phonemes.
#[derive(Debug, thiserror::Error)]
#[error("the words cannot be turned into phonemes: {0}")]
pub(crate) struct PhonemizeError(String);

impl Phonemizer {
    /// `symbols` is the content of `vocab.json`: the number of each phoneme.
    pub(crate) fn new(symbols: HashMap<char, i32>, unknown: UnknownWords) -> Phonemizer {
        Phonemizer { words: G2P::with_fallback(Language::EnglishUS, Some(Box::new(unknown))), symbols }
    }

    /// Inputs for the network, one after the other, each no longer than it reads; none if there is nothing to say.
    /// `text` is free of digits and symbols, as [`crate::normalise`] leaves it.
    pub(crate) fn inputs(&self, text: &str) -> Result<Vec<Vec<i32>>, PhonemizeError> {
        let (phonemes, _) = self.words.g2p(text).map_err(|e| PhonemizeError(e.to_string()))?;
        let mut kept: String = phonemes.chars().filter(|c| self.symbols.contains_key(c)).collect();
        let dropped = phonemes.chars().count() - kept.chars().count();
        if dropped > 0 {
            eprintln!("note: {dropped} symbols of a text have no sound and were left out");
        }
        // The last word may have swallowed the full stop ("at nine A.M."), without which the voice does not fall.
        if let Some(end @ ('.' | '!' | '?')) = text.trim_end().chars().last()
            && !kept.trim_end().ends_with(['.', '!', '?'])
        {
            kept.truncate(kept.trim_end().len());
            kept.push(end);
        }
        if !kept.chars().any(char::is_alphabetic) {
            return Ok(Vec::new());
        }
        Ok(cut(kept.trim()).into_iter().map(|part| self.numbers(part)).collect())
    }

    fn numbers(&self, phonemes: &str) -> Vec<i32> {
        let inner = phonemes.chars().filter_map(|c| self.symbols.get(&c).copied());
        std::iter::once(PAD).chain(inner).chain([PAD]).collect()
    }
}

/// Parts of at most [`MAX_PHONEMES`], cut at a space where there is one.
fn cut(mut phonemes: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    while let Some((limit, _)) = phonemes.char_indices().nth(MAX_PHONEMES) {
        let at = phonemes[..limit].rfind(' ').filter(|at| *at > 0).unwrap_or(limit);
        parts.push(&phonemes[..at]);
        phonemes = phonemes[at..].trim_start();
    }
    parts.push(phonemes);
    parts.retain(|part| part.chars().any(char::is_alphabetic));
    parts
}

impl Fallback for UnknownWords {
    fn phonemize(&self, word: &str) -> Result<String, FallbackError> {
        // An unreadable word is left out; an error here would lose the whole sentence.
        Ok(self.read(word).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_input_is_cut_at_spaces() {
        let long = "həlˈO ".repeat(200);
        let parts = cut(long.trim());
        assert!(parts.len() >= 3);
        assert!(parts.iter().all(|p| p.chars().count() <= MAX_PHONEMES && p.starts_with('h') && p.ends_with('O')));
        assert_eq!(parts.iter().map(|p| p.split(' ').count()).sum::<usize>(), 200);
    }

    #[test]
    fn a_word_without_end_is_cut_anyway() {
        let parts_of = "ə".repeat(MAX_PHONEMES * 2 + 1);
        assert_eq!(cut(&parts_of).len(), 3);
        assert!(cut("").is_empty() && cut(" ., ").is_empty());
    }
}
