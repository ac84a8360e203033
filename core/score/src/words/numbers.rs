//! The grammar of numbers: from items to words, a word per digit.

use super::Word;
use super::lex::{Digits, Item, Placed};
use super::lexicon::{self, Numeral};
use std::ops::Range;

/// Replaces every number, in words or in digits, by its digits.
pub(super) fn spell_digits(items: Vec<Placed>) -> Vec<Word> {
    let mut speller = Speller { items, out: Vec::new(), decimals: false };
    let mut at = 0;
    while at < speller.items.len() {
        at = speller.step(at);
    }
    speller.out
}

struct Speller {
    items: Vec<Placed>,
    out: Vec<Word>,
    /// The digits just written stood behind a decimal point: a `million` that follows multiplies them and stays a word.
    decimals: bool,
}

impl Speller {
    /// Writes what begins at `at`; returns where to go on.
    fn step(&mut self, at: usize) -> usize {
        if self.decimals {
            return self.after_decimals(at);
        }
        if let Some((value, next)) = self.cardinal(at) {
            self.digits(&value.to_string(), self.span(at, next));
            return next;
        }
        match self.items[at].clone() {
            (Item::Number(number), span) => self.literal(at, &number, span),
            (Item::Word(word), span) => {
                if word == "point" && self.after_number() && self.is_number(at + 1) {
                    self.decimals = true;
                    self.word(&word, span);
                } else if matches!(word.as_str(), "oh" | "o") && self.after_number() && self.is_number(at + 1) {
                    self.word("0", span);
                } else if let Some(digit) = self.repeated(at, &word) {
                    self.digits(&digit, self.span(at, at + 2));
                    return at + 2;
                } else {
                    self.word(&word, span);
                }
                at + 1
            }
        }
    }

    /// A number in digits, with its currency and decimals.
    fn literal(&mut self, at: usize, number: &Digits, span: Range<usize>) -> usize {
        let (whole, fraction, sign) = (number.whole.as_str(), number.fraction.as_deref(), number.currency);
        let multiplier = self.multiplier(at + 1);
        let mut next = at + 1;
        // `$2 million`: the number is two words long. `$1.5 million` keeps its million.
        let product = match (fraction, multiplier, whole.parse::<u64>()) {
            (None, Some(by), Ok(value)) if sign.is_some() => value.checked_mul(by),
            _ => None,
        };
        match product {
            Some(value) => self.digits(&value.to_string(), self.span(at, at + 2)),
            None => self.digits(whole, span.clone()),
        }
        next += usize::from(product.is_some());
        let unit = sign.map(str::to_owned).or_else(|| self.currency(next));
        if let (Some(cents), Some(unit), None) = (fraction.filter(|f| f.len() == 2), &unit, multiplier) {
            self.word(unit, span.clone());
            if cents != "00" {
                self.digits(cents.trim_start_matches('0'), span);
            }
            return next + usize::from(sign.is_none());
        }
        if let Some(fraction) = fraction {
            self.word("point", span.clone());
            self.digits(fraction, span.clone());
            if let Some((Item::Word(scale), place)) = self.items.get(next).filter(|_| multiplier.is_some()).cloned() {
                self.word(&scale, place);
                next += 1;
            }
        }
        if let Some(sign) = sign {
            self.word(sign, span);
        }
        next
    }

    /// The currency spoken at `at`.
    fn currency(&self, at: usize) -> Option<String> {
        match self.items.get(at) {
            Some((Item::Word(word), _)) if lexicon::is_currency(word) => Some(word.clone()),
            _ => None,
        }
    }

    /// Digits behind a point are read one by one, whatever their size.
    fn after_decimals(&mut self, at: usize) -> usize {
        let (item, span) = self.items[at].clone();
        match item {
            Item::Number(Digits { whole, fraction: None, currency: None }) => self.digits(&whole, span),
            Item::Word(word) => match self.small(at) {
                Some((value, next)) => {
                    self.digits(&value.to_string(), self.span(at, next));
                    return next;
                }
                None if matches!(word.as_str(), "oh" | "o") && self.is_number(at + 1) => self.word("0", span),
                None => {
                    self.decimals = false;
                    if self.multiplier(at).is_some() {
                        self.word(&word, span);
                    } else {
                        return self.step(at);
                    }
                }
            },
            Item::Number(_) => {
                self.decimals = false;
                return self.step(at);
            }
        }
        at + 1
    }

    /// `double five` and `triple two`, as telephone numbers are read.
    fn repeated(&self, at: usize, word: &str) -> Option<String> {
        let times = match word {
            "double" => 2,
            "triple" => 3,
            _ => return None,
        };
        let digit = match &self.items.get(at + 1)?.0 {
            Item::Word(next) => match lexicon::numeral(next)? {
                Numeral::Unit(digit) => digit.to_string(),
                _ => return None,
            },
            Item::Number(Digits { whole, fraction: None, currency: None }) if whole.len() == 1 => whole.clone(),
            Item::Number(_) => return None,
        };
        Some(digit.repeat(times))
    }

    /// One cardinal, as far as its words belong together: `two hundred and five thousand`, but only the `nine` of
    /// `nine thirty`.
    fn cardinal(&self, at: usize) -> Option<(u64, usize)> {
        let (mut group, mut at) = self.leading(at)?;
        let (mut total, mut smallest) = (0u64, u64::MAX);
        loop {
            if self.multiplier(at) == Some(100) && group < 100 {
                group *= 100;
                at += 1;
                if let Some((rest, next)) = self.after_and(at).filter(|&(_, next)| self.multiplier(next) != Some(100)) {
                    group += rest;
                    at = next;
                }
            }
            match self.multiplier(at) {
                Some(scale) if scale > 100 && scale < smallest => {
                    total += group * scale;
                    smallest = scale;
                    at += 1;
                    match self.after_and(at) {
                        Some((rest, next)) if self.multiplier(next).is_none_or(|m| m < smallest) => {
                            (group, at) = (rest, next);
                        }
                        _ => return Some((total, at)),
                    }
                }
                _ => return Some((total + group, at)),
            }
        }
    }

    /// How a cardinal can begin: a small number, `a hundred`, or `hundred` alone.
    fn leading(&self, at: usize) -> Option<(u64, usize)> {
        if let Some(found) = self.small(at) {
            return Some(found);
        }
        if let (Item::Number(Digits { whole, fraction: None, currency: None }), _) = self.items.get(at)?
            && whole.len() <= 3
            && self.multiplier(at + 1).is_some()
        {
            return whole.parse().ok().map(|value| (value, at + 1));
        }
        let article = matches!(&self.items[at].0, Item::Word(w) if w == "a" || w == "an");
        let start = at + usize::from(article);
        self.multiplier(start).map(|_| (1, start))
    }

    /// A number below a hundred, in words.
    fn small(&self, at: usize) -> Option<(u64, usize)> {
        match self.numeral(at)? {
            Numeral::Unit(value) | Numeral::Teen(value) => Some((value, at + 1)),
            Numeral::Tens(tens) => match self.numeral(at + 1) {
                Some(Numeral::Unit(unit)) if unit > 0 => Some((tens + unit, at + 2)),
                _ => Some((tens, at + 1)),
            },
            Numeral::Hundred | Numeral::Scale(_) => None,
        }
    }

    /// What follows `hundred` or `thousand`, with or without `and`; zero does not.
    fn after_and(&self, at: usize) -> Option<(u64, usize)> {
        let and = matches!(self.items.get(at), Some((Item::Word(w), _)) if w == "and");
        self.small(at + usize::from(and)).filter(|&(value, _)| value > 0)
    }

    fn numeral(&self, at: usize) -> Option<Numeral> {
        match self.items.get(at) {
            Some((Item::Word(word), _)) => lexicon::numeral(word),
            _ => None,
        }
    }

    fn multiplier(&self, at: usize) -> Option<u64> {
        match self.numeral(at)? {
            Numeral::Hundred => Some(100),
            Numeral::Scale(by) => Some(by),
            _ => None,
        }
    }

    fn is_number(&self, at: usize) -> bool {
        matches!(self.items.get(at), Some((Item::Number(_), _))) || self.small(at).is_some()
    }

    fn after_number(&self) -> bool {
        self.out.last().is_some_and(Word::is_digit)
    }

    fn span(&self, from: usize, to: usize) -> Range<usize> {
        self.items[from].1.start..self.items[to - 1].1.end
    }

    fn word(&mut self, text: &str, span: Range<usize>) {
        self.out.push(Word { text: text.to_owned(), span });
    }

    fn digits(&mut self, digits: &str, span: Range<usize>) {
        for digit in digits.chars() {
            self.out.push(Word { text: digit.to_string(), span: span.clone() });
        }
    }
}
