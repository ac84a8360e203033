use crate::words::normalise;
use serde::{Deserialize, Serialize};

/// Character errors of a hypothesis against its reference. Adds up over utterances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CharErrors {
    /// Characters of the reference: of its words in normal form, without blanks.
    pub reference: usize,
    /// Characters that were replaced, lost or made up.
    pub errors: usize,
}

impl CharErrors {
    /// The character error rate, errors per character of the reference. Against an empty reference it is 0 when nothing was
    /// heard and else the number of characters heard.
    pub fn rate(&self) -> f64 {
        self.errors as f64 / self.reference.max(1) as f64
    }
}

impl std::ops::AddAssign for CharErrors {
    fn add_assign(&mut self, other: CharErrors) {
        self.reference += other.reference;
        self.errors += other.errors;
    }
}

/// Compares two texts letter by letter, in the normal form of their words (Levenshtein distance). Blanks do not count, so
/// that words written together or apart are equal, as they are for words.
pub fn compare_chars(said: &str, heard: &str) -> CharErrors {
    let letters =
        |text: &str| normalise(text).iter().flat_map(|w| w.text.chars().collect::<Vec<_>>()).collect::<Vec<char>>();
    let (said, heard) = (letters(said), letters(heard));
    CharErrors { reference: said.len(), errors: distance(&said, &heard) }
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let edit = row[j].min(row[j + 1]) + 1;
            let best = edit.min(diagonal + usize::from(x != y));
            diagonal = std::mem::replace(&mut row[j + 1], best);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn letters_are_compared_in_the_normal_form() {
        let c = compare_chars("Maple Street 24", "maple streets twenty four");
        assert_eq!((c.reference, c.errors), (13, 1));
        assert_eq!(compare_chars("check in", "checkin").errors, 0);
        assert_eq!(compare_chars("kitten", "sitting").errors, 3);
        assert_eq!((compare_chars("", "").rate(), compare_chars("ab", "").rate()), (0.0, 1.0));
    }

    proptest! {
        #[test]
        fn a_distance_is_symmetric_and_bounded(a in "[a-e ]{0,20}", b in "[a-e ]{0,20}") {
            let (ab, ba) = (compare_chars(&a, &b), compare_chars(&b, &a));
            prop_assert_eq!(ab.errors, ba.errors);
            prop_assert!(ab.errors <= ab.reference.max(ba.reference));
            prop_assert!(ab.errors >= ab.reference.abs_diff(ba.reference));
            prop_assert_eq!(compare_chars(&a, &a).errors, 0);
        }
    }
}
