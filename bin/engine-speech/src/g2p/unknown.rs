//! Reads words that are in no lexicon: names, brands, typing errors.

use crate::network::{Network, NetworkError};
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use serde::Deserialize;
use std::collections::HashMap;

/// What `oov.json` says: the letters the network knows, numbered from 1, the phonemes it answers with, likewise, and
/// how many letters it reads.
#[derive(Debug, Deserialize)]
pub(crate) struct Alphabet {
    #[serde(rename = "in")]
    letters: Vec<char>,
    #[serde(rename = "out")]
    phonemes: Vec<char>,
    #[serde(rename = "maxlen")]
    longest: usize,
}

/// The character network of the voices' package.
pub(crate) struct UnknownWords {
    network: Network,
    letters: HashMap<char, i32>,
    phonemes: Vec<char>,
    longest: usize,
}

impl UnknownWords {
    /// Wraps the network; `alphabet` belongs to it.
    pub(crate) fn new(network: Network, alphabet: Alphabet) -> UnknownWords {
        let letters = alphabet.letters.iter().zip(1..).map(|(c, number)| (*c, number)).collect();
        UnknownWords { network, letters, phonemes: alphabet.phonemes, longest: alphabet.longest }
    }

    /// The phonemes of `word`; `None` if none of its letters is known.
    pub(crate) fn read(&self, word: &str) -> Option<String> {
        let letters: Vec<i32> = word.chars().filter_map(|c| self.letters.get(&c).copied()).take(self.longest).collect();
        if letters.is_empty() {
            return None;
        }
        match self.classes(letters) {
            Ok(classes) => Some(collapse(&classes, &self.phonemes)),
            Err(error) => {
                eprintln!("note: a word could not be read: {error}");
                None
            }
        }
    }

    fn classes(&self, letters: Vec<i32>) -> Result<Vec<i32>, NetworkError> {
        let input = NdTensor::from_data([1, letters.len()], letters);
        let [classes] = self.network.run([("chars", input.into())], ["ids"])?;
        let classes: NdTensor<i32, 2> = classes.try_into().map_err(|_| NetworkError::Output("ids"))?;
        Ok(classes.to_vec())
    }
}

/// Connectionist temporal classification: repeats are one, class 0 is a blank that keeps true repeats apart.
fn collapse(classes: &[i32], phonemes: &[char]) -> String {
    let mut last = 0;
    let mut word = String::new();
    for &class in classes {
        if class != last && class > 0 {
            word.extend(phonemes.get(class as usize - 1));
        }
        last = class;
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_collapse_and_blanks_separate() {
        let phonemes = ['a', 'b'];
        assert_eq!(collapse(&[0, 1, 1, 0, 1, 2, 2, 0], &phonemes), "aab");
        assert_eq!(collapse(&[-3, 9, 0], &phonemes), "");
    }
}
