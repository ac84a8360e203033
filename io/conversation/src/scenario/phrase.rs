//! Finding what was meant in what was said.

use super::placeholders::is_regex;
use duologue_score::words::{Word, normalise};
use regex::{Regex, RegexBuilder};
use serde_json::Value;

/// A phrase of a criterion, ready to be searched for.
#[derive(Debug)]
pub(super) enum Phrase {
    Plain(Vec<Word>),
    Pattern(Regex),
}

/// Largest compiled pattern, in bytes.
const PATTERN_LIMIT: usize = 1 << 20;

impl Phrase {
    /// Reads plain words or `/a pattern/`; the reason where that is nothing to search for.
    pub(super) fn parse(text: &str) -> Result<Phrase, String> {
        if is_regex(text) {
            let pattern = &text[1..text.len() - 1];
            if let Some(word) = pattern.split(|c: char| !c.is_alphabetic()).find(|w| normalise(w).iter().any(is_digit))
            {
                return Err(format!("a pattern sees numbers in digits, never `{word}`"));
            }
            let built = RegexBuilder::new(pattern).case_insensitive(true).size_limit(PATTERN_LIMIT).build();
            return built.map(Phrase::Pattern).map_err(|e| match e {
                regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
                // The last line says what is wrong, those before repeat the pattern.
                other => other.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
            });
        }
        let words = normalise(text);
        if words.is_empty() { Err("there is no word in it".to_owned()) } else { Ok(Phrase::Plain(words)) }
    }

    /// Whether it is in a line.
    pub(super) fn is_in(&self, line: &str) -> bool {
        let words = normalise(line);
        match self {
            Phrase::Plain(wanted) => (0..words.len()).any(|at| stands_at(&words, at, wanted)),
            Phrase::Pattern(pattern) => pattern.is_match(&joined(&words)),
        }
    }
}

/// Whether `wanted` stands in `words` from `at`, and does not tear a number apart: 24 is not in 324.
fn stands_at(words: &[Word], at: usize, wanted: &[Word]) -> bool {
    let end = at + wanted.len();
    let Some(found) = words.get(at..end) else { return false };
    found.iter().zip(wanted).all(|(a, b)| a.text == b.text) && !is_inside(words, at) && !is_inside(words, end)
}

/// Whether the words before and behind `at` are digits of one number.
fn is_inside(words: &[Word], at: usize) -> bool {
    let (Some(before), Some(behind)) = (at.checked_sub(1).and_then(|i| words.get(i)), words.get(at)) else {
        return false;
    };
    is_digit(before) && is_digit(behind) && before.span == behind.span
}

fn is_digit(word: &Word) -> bool {
    word.text.len() == 1 && word.text.as_bytes()[0].is_ascii_digit()
}

/// The normal form as one line for patterns: words with a blank between, digits that follow each other together.
fn joined(words: &[Word]) -> String {
    let mut line = String::new();
    for (i, word) in words.iter().enumerate() {
        let together = i > 0 && is_digit(word) && is_digit(&words[i - 1]);
        if i > 0 && !together {
            line.push(' ');
        }
        line.push_str(&word.text);
    }
    line
}

/// A text as it is spoken; one without a word as it stands.
pub(super) fn normal_text(text: &str) -> String {
    let words: Vec<String> = normalise(text).into_iter().map(|w| w.text).collect();
    if words.is_empty() { text.to_owned() } else { words.join(" ") }
}

/// Whether two JSON values say the same; texts (and numbers written as text) are compared by their normal form.
pub(super) fn same_value(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same_value(v, w)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(v, w)| same_value(v, w)),
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::String(_) | Value::Number(_), Value::String(_) | Value::Number(_)) => {
            let text = |v: &Value| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
            let (a, b) = (text(a), text(b));
            let words = |s: &str| normalise(s).into_iter().map(|w| w.text).collect::<Vec<_>>();
            a == b || (words(&a) == words(&b) && !words(&a).is_empty())
        }
        _ => a == b,
    }
}
