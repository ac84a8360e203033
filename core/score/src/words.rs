//! The normal form of a spoken sentence (English).
//!
//! Two transcripts of the same sound rarely look alike: one writes `$130`, the other `a hundred and thirty dollars`.
//! [`normalise`] brings both to the same list of words, in the spirit of Whisper's English normaliser:
//!
//! * lower case, no punctuation, no accents; hyphenated words are apart;
//! * every number, in digits or in words, is a word per digit: `47291`, `four seven two nine one` and
//!   `forty-seven thousand two hundred and ninety-one` are all `4 7 2 9 1`; `9:30` and `nine thirty` are `9 3 0`;
//!   ordinals equal their number, but `second` stays a word, because it mostly is one;
//! * amounts: `$4.50`, `four dollars fifty`, `4.50 dollars` and `four dollars and fifty cents` are `4 dollar 5 0`;
//! * contractions in full (`don't`: `do not`), spelled letters together (`S M I T H`: `smith`, `a.m.`: `am`);
//! * American spelling (`harbour`: `harbor`);
//! * hesitations (`um`, `uh`, `hmm`) are no words.
//!
//! A difference that speech cannot show (`dollar`/`dollars` after a sum) is given up on purpose.

mod lex;
mod lexicon;
mod numbers;

use std::ops::Range;

/// A word of the normal form and where in the text it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Lower case; a single digit for each digit of a number.
    pub text: String,
    /// Byte range in the original text. Words of one contraction or one number share a range.
    pub span: Range<usize>,
}

impl Word {
    pub(crate) fn is_digit(&self) -> bool {
        self.text.len() == 1 && self.text.as_bytes()[0].is_ascii_digit()
    }

    pub(crate) fn is_currency(&self) -> bool {
        lexicon::is_currency(&self.text)
    }
}

/// The normal form of `text`.
///
/// ```
/// use duologue_score::words::normalise;
/// let words: Vec<String> = normalise("It's $24, ok?").into_iter().map(|w| w.text).collect();
/// assert_eq!(words, ["it", "is", "2", "4", "dollar", "ok"]);
/// ```
pub fn normalise(text: &str) -> Vec<Word> {
    let mut words = numbers::spell_digits(lex::items(text));
    drop_cents(&mut words);
    drop_oclock(&mut words);
    join_letters(words)
}

/// `4 dollar and 5 0 cent` → `4 dollar 5 0`.
fn drop_cents(words: &mut Vec<Word>) {
    let mut i = 0;
    while i < words.len() {
        if words[i].is_currency() {
            let and = usize::from(words.get(i + 1).is_some_and(|w| w.text == "and"));
            let first = i + 1 + and;
            let digits = words[first.min(words.len())..].iter().take_while(|w| w.is_digit()).count();
            let end = first + digits;
            if digits > 0 && words.get(end).is_some_and(|w| w.text == "cent") {
                words.remove(end);
                if and == 1 {
                    words.remove(i + 1);
                }
            }
        }
        i += 1;
    }
}

/// `9 oclock` → `9`, as `9:00` is.
fn drop_oclock(words: &mut Vec<Word>) {
    let mut after_digit = false;
    words.retain(|w| {
        let keep = !(after_digit && w.text == "oclock");
        after_digit = w.is_digit();
        keep
    });
}

/// Single letters in a row are one spelled word.
fn join_letters(words: Vec<Word>) -> Vec<Word> {
    let is_letter = |w: &Word| w.text.chars().count() == 1 && w.text.chars().all(char::is_alphabetic);
    let mut joined: Vec<Word> = Vec::with_capacity(words.len());
    let mut spelling = false;
    for word in words {
        let letter = is_letter(&word);
        match joined.last_mut() {
            Some(last) if spelling && letter => {
                last.text.push_str(&word.text);
                last.span.end = word.span.end;
            }
            _ => joined.push(word),
        }
        spelling = letter;
    }
    joined
}

#[cfg(test)]
mod tests;
