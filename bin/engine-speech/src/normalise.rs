//! From text as it is written to words as they are spoken: numbers, times, dates, money, codes, addresses.
//!
//! The text is cut into words, each with the punctuation around it. At every word the readers below are tried in
//! order; the first that understands it (and perhaps the words that follow) says how it is read. What nobody claims is
//! an ordinary word. The result has neither digits nor symbols, only letters, apostrophes, hyphens and punctuation.

mod abbreviations;
mod calendar;
mod characters;
mod codes;
mod contacts;
mod money;
mod numbers;
mod quantities;
mod sentences;
mod symbols;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use sentences::sentences;

use words::{Place, Reading, split};

/// Says how the word at a place is read, if it understands it.
type Reader = for<'a> fn(&Place<'a>) -> Option<Reading<'a>>;

/// The readers, the most specific first: a date is also a code, a time is also a number.
const READERS: &[Reader] = &[
    contacts::email,
    contacts::web,
    calendar::time,
    calendar::date,
    money::money,
    quantities::percent,
    quantities::degrees,
    quantities::unit,
    contacts::phone,
    quantities::fraction,
    quantities::range,
    quantities::ordinal_reader,
    quantities::number,
    abbreviations::street_or_title,
    abbreviations::abbreviation,
    symbols::symbol,
    codes::code,
    symbols::compound,
];

/// How `text` is read aloud; empty if there is nothing to read.
pub(crate) fn normalise(text: &str) -> String {
    let cleaned = characters::cleaned(text);
    let words = split(&cleaned);
    let mut spoken = String::with_capacity(cleaned.len() * 2);
    let mut at = 0;
    while at < words.len() {
        let place = Place::new(&words, at);
        let reading = READERS.iter().find_map(|read| read(&place)).unwrap_or_else(|| Reading::as_written(&place));
        let last = (at + reading.used.max(1)).min(words.len()) - 1;
        if !spoken.is_empty() {
            spoken.push(' ');
        }
        spoken.push_str(reading.open.unwrap_or(words[at].open));
        spoken.push_str(&reading.text);
        spoken.push_str(reading.close.unwrap_or(words[last].close));
        at = last + 1;
    }
    characters::pronounceable(&spoken)
}
