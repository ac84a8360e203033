//! Order numbers, serial numbers, versions: letters and digits in one word.

use super::numbers::{cardinal, digits, singly, value};
use super::words::{Place, Reading};

/// A stretch of a code.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Run<'a> {
    Letters(&'a str),
    Digits(&'a str),
    Sign(char),
}

/// "TX-4821", "A1B2", "COVID-19", "2.4.1": spelled as far as needed. Claims every word with a digit.
pub(super) fn code<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let core = place.core();
    if !core.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let runs = runs(core);
    let mut text = String::new();
    for (i, run) in runs.iter().enumerate() {
        let after = runs.get(i + 1);
        match run {
            Run::Letters(word) if is_word(word) => push(&mut text, word),
            Run::Letters(word) => push(&mut text, &letters(word)),
            Run::Digits(number) => push(&mut text, &digits_of_code(number)),
            Run::Sign('.') if matches!(after, Some(Run::Digits(_))) && i > 0 => push(&mut text, "point"),
            Run::Sign('#') => push(&mut text, "number"),
            Run::Sign('/') => push(&mut text, "slash"),
            Run::Sign('+') => push(&mut text, "plus"),
            Run::Sign('&') => push(&mut text, "and"),
            Run::Sign('%') => push(&mut text, "percent"),
            Run::Sign('=') => push(&mut text, "equals"),
            Run::Sign('-') if i > 0 && after.is_some() && is_spelled(runs[i - 1]) => text.push(','),
            Run::Sign(_) => {}
        }
    }
    Reading::one(text)
}

fn push(text: &mut String, word: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(word);
}

fn runs(text: &str) -> Vec<Run<'_>> {
    let mut runs = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end_of = |same: fn(char) -> bool| rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (run, length) = if first.is_ascii_digit() {
            let end = end_of(|c| c.is_ascii_digit());
            (Run::Digits(&rest[..end]), end)
        } else if first.is_alphabetic() || first == '\'' {
            let end = end_of(|c| c.is_alphabetic() || c == '\'');
            (Run::Letters(&rest[..end]), end)
        } else {
            (Run::Sign(first), first.len_utf8())
        };
        runs.push(run);
        rest = &rest[length..];
    }
    runs
}

/// Letters that are said as a word and not spelled: "covid", "Model", "COVID", but not "TX", "ord", "SKU".
fn is_word(text: &str) -> bool {
    text.chars().count() > 3 && text.to_lowercase().contains(['a', 'e', 'i', 'o', 'u', 'y'])
}

fn is_spelled(run: Run) -> bool {
    match run {
        Run::Letters(word) => !is_word(word),
        Run::Digits(number) => number.len() > 2,
        Run::Sign(_) => false,
    }
}

/// One or two digits are a number, more are read one by one.
fn digits_of_code(text: &str) -> String {
    match value(text) {
        Some(number) if text.len() <= 2 && !(text.len() == 2 && text.starts_with('0')) => cardinal(number),
        _ if text.len() <= 2 => singly(text),
        _ => digits(text),
    }
}

/// "T.X": dots within make the lexicon spell, each letter by its name ("A" would be the article).
pub(super) fn letters(text: &str) -> String {
    let capitals: Vec<String> =
        text.chars().filter(|c| c.is_alphabetic()).map(|c| c.to_uppercase().collect()).collect();
    capitals.join(".")
}
