//! From text to items: words in lower case with contractions written out, and numbers that are in digits.

use super::lexicon;
use std::ops::Range;

/// What the number grammar reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A word, never empty.
    Word(String),
    /// A number in digits.
    Number(Digits),
}

/// A number as written, without separators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    /// Digits before the decimal point.
    pub(super) whole: String,
    /// Digits after it.
    pub(super) fraction: Option<String>,
    /// `dollar` where a sign stood before the digits.
    pub(super) currency: Option<&'static str>,
}

/// An item and its byte range.
pub(super) type Placed = (Item, Range<usize>);

/// Reads the whole text.
pub(super) fn items(text: &str) -> Vec<Placed> {
    let mut lexer = Lexer { text, at: 0, out: Vec::new(), currency: None };
    while let Some(c) = lexer.peek(0) {
        if c.is_ascii_digit() {
            lexer.number();
        } else if c.is_alphabetic() {
            lexer.word();
        } else {
            lexer.sign(c);
        }
    }
    lexer.out
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    out: Vec<Placed>,
    /// A currency sign was read and waits for its number.
    currency: Option<(&'static str, usize)>,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.text[self.at..].chars().nth(ahead)
    }

    fn digits(&mut self) -> String {
        let rest = &self.text[self.at..];
        let len = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.at += len;
        rest[..len].to_owned()
    }

    fn digit_at(&self, ahead: usize) -> bool {
        self.text.as_bytes().get(self.at + ahead).is_some_and(u8::is_ascii_digit)
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn number(&mut self) {
        let (currency, start) = match self.currency.take() {
            Some((name, start)) => (Some(name), start),
            None => (None, self.at),
        };
        let mut whole = self.digits();
        while self.byte() == Some(b',') && (1..=3).all(|i| self.digit_at(i)) && !self.digit_at(4) {
            self.at += 1;
            whole.push_str(&self.digits());
        }
        let mut fraction = None;
        if self.byte() == Some(b'.') && self.digit_at(1) {
            self.at += 1;
            fraction = Some(self.digits());
        }
        self.out.push((Item::Number(Digits { whole, fraction, currency }), start..self.at));
        self.clock();
        self.ordinal_ending();
        if self.byte() == Some(b'.') && self.digit_at(1) {
            self.push("point", self.at..self.at + 1);
        }
    }

    /// `:00` after the hours says nothing that is spoken.
    fn clock(&mut self) {
        if self.byte() == Some(b':') && self.digit_at(1) && self.digit_at(2) && !self.digit_at(3) {
            let o_clock = &self.text[self.at..self.at + 3] == ":00";
            self.at += if o_clock { 3 } else { 1 };
        }
    }

    /// The `th` of `5th` goes; `22nd` reads `20 second`.
    fn ordinal_ending(&mut self) {
        let rest = &self.text[self.at..];
        let ending: String = rest.chars().take_while(|c| c.is_alphabetic()).collect::<String>().to_lowercase();
        if !matches!(ending.as_str(), "st" | "nd" | "rd" | "th") {
            return;
        }
        self.at += ending.len();
        if ending != "nd" {
            return;
        }
        let Some((Item::Number(Digits { whole, .. }), span)) = self.out.pop_if(
            |(item, _)| matches!(item, Item::Number(Digits { whole, fraction: None, currency: None }) if whole.ends_with('2')),
        ) else {
            return;
        };
        let span = span.start..self.at;
        if whole.len() > 1 {
            let tens = format!("{}0", &whole[..whole.len() - 1]);
            self.out.push((Item::Number(Digits { whole: tens, fraction: None, currency: None }), span.clone()));
        }
        self.push_placed("second", span);
    }

    fn word(&mut self) {
        let start = self.at;
        let mut raw = String::new();
        while let Some(c) = self.peek(0) {
            let inside = c.is_alphabetic() || is_mark(c);
            let apostrophe = is_apostrophe(c) && self.peek(1).is_some_and(char::is_alphabetic);
            if !(inside || apostrophe) {
                break;
            }
            raw.push(if apostrophe && !inside { '\'' } else { c });
            self.at += c.len_utf8();
        }
        self.currency = None;
        let span = start..self.at;
        for part in lexicon::expand(&lexicon::fold(&raw)) {
            self.push_placed(&part, span.clone());
        }
        self.dot(&raw);
    }

    /// `example.com` is spoken with its dot, `p.m.` is not.
    fn dot(&mut self, raw: &str) {
        let spelled = raw.chars().count() == 1;
        if !spelled && self.byte() == Some(b'.') && self.peek(1).is_some_and(char::is_lowercase) {
            self.push("dot", self.at..self.at + 1);
        }
    }

    fn sign(&mut self, c: char) {
        let span = self.at..self.at + c.len_utf8();
        let next_is_digit = self.peek(1).is_some_and(|n| n.is_ascii_digit());
        if let Some(name) = lexicon::currency_sign(c) {
            self.currency = Some((name, span.start));
        } else if !c.is_whitespace() {
            self.currency = None;
        }
        match c {
            '%' => self.push("percent", span),
            '@' => self.push("at", span),
            '&' => self.push("and", span),
            '+' => self.push("plus", span),
            '°' => self.push("degrees", span),
            '#' if next_is_digit => self.push("number", span),
            _ => self.at = span.end,
        }
    }

    fn push(&mut self, word: &str, span: Range<usize>) {
        self.at = span.end;
        self.push_placed(word, span);
    }

    fn push_placed(&mut self, word: &str, span: Range<usize>) {
        self.out.push((Item::Word(word.to_owned()), span));
    }
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ')
}

/// A combining mark belongs to the letter before it.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}
