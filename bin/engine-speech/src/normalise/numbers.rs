//! Numbers in American English words.

const SMALL: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [(u64, &str); 4] =
    [(1_000_000_000_000, "trillion"), (1_000_000_000, "billion"), (1_000_000, "million"), (1000, "thousand")];
/// Longer numbers are read digit by digit: nobody follows quadrillions.
const MOST_DIGITS: usize = 15;
/// Longer runs of digits are spoken in groups.
const UNGROUPED: usize = 6;

/// A number as written: `-1,250.75`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Number<'a> {
    /// Has a minus sign.
    pub(super) negative: bool,
    /// Digits before the point, with their commas.
    pub(super) whole: &'a str,
    /// Digits after the point.
    pub(super) fraction: Option<&'a str>,
}

impl<'a> Number<'a> {
    /// Reads a whole word as a number; commas must separate thousands.
    pub(super) fn parse(text: &'a str) -> Option<Number<'a>> {
        let (number, rest) = Number::leading(text)?;
        rest.is_empty().then_some(number)
    }

    /// Reads a number at the start of a word, and what follows it.
    pub(super) fn leading(text: &'a str) -> Option<(Number<'a>, &'a str)> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let end = digits.find(|c: char| !c.is_ascii_digit() && c != ',').unwrap_or(digits.len());
        let (whole, rest) = digits.split_at(end);
        if !has_proper_commas(whole) {
            return None;
        }
        let point = rest.strip_prefix('.').unwrap_or("");
        let end = point.find(|c: char| !c.is_ascii_digit()).unwrap_or(point.len());
        if end == 0 {
            return Some((Number { negative, whole, fraction: None }, rest));
        }
        Some((Number { negative, whole, fraction: Some(&point[..end]) }, &point[end..]))
    }

    /// The whole part; `None` beyond 15 digits.
    pub(super) fn value(&self) -> Option<u64> {
        value(self.whole)
    }

    /// Is it 1, so that what it counts is in the singular?
    pub(super) fn is_one(&self) -> bool {
        self.value() == Some(1) && self.fraction.is_none()
    }

    /// Is it nothing but digits?
    pub(super) fn is_plain(&self) -> bool {
        !self.negative && self.fraction.is_none() && !self.whole.contains(',')
    }

    /// "minus one thousand two hundred fifty point seven five".
    pub(super) fn words(&self) -> String {
        let mut words = if self.negative { "minus ".to_owned() } else { String::new() };
        words.push_str(&self.value().map_or_else(|| digits(self.whole), cardinal));
        if let Some(fraction) = self.fraction {
            words.push_str(" point ");
            words.push_str(&singly(fraction));
        }
        words
    }
}

fn has_proper_commas(whole: &str) -> bool {
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or("");
    let grouped = whole.contains(',');
    !first.is_empty() && (!grouped || first.len() <= 3) && groups.all(|group| group.len() == 3)
}

/// The number that digits (with commas) write; `None` beyond 15 digits or for anything else.
pub(super) fn value(text: &str) -> Option<u64> {
    let digits: String = text.chars().filter(|c| *c != ',').collect();
    let plain = !digits.is_empty() && digits.len() <= MOST_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// "one thousand two hundred thirty-four".
pub(super) fn cardinal(number: u64) -> String {
    match number {
        0..20 => SMALL[number as usize].to_owned(),
        20..100 => {
            let tens = TENS[number as usize / 10];
            if number.is_multiple_of(10) { tens.to_owned() } else { format!("{tens}-{}", SMALL[number as usize % 10]) }
        }
        100..1000 => with_rest(format!("{} hundred", SMALL[number as usize / 100]), number % 100),
        _ => {
            let scale = SCALES.iter().find(|(size, _)| number >= *size);
            let (size, name) = scale.copied().unwrap_or((1000, "thousand"));
            with_rest(format!("{} {name}", cardinal(number / size)), number % size)
        }
    }
}

fn with_rest(head: String, rest: u64) -> String {
    if rest == 0 { head } else { format!("{head} {}", cardinal(rest)) }
}

/// "twenty-first".
pub(super) fn ordinal(number: u64) -> String {
    let words = cardinal(number);
    let at = words.rfind([' ', '-']).map_or(0, |i| i + 1);
    let (head, last) = words.split_at(at);
    let last = match last {
        "one" => "first".to_owned(),
        "two" => "second".to_owned(),
        "three" => "third".to_owned(),
        "five" => "fifth".to_owned(),
        "eight" => "eighth".to_owned(),
        "nine" => "ninth".to_owned(),
        "twelve" => "twelfth".to_owned(),
        _ => match last.strip_suffix('y') {
            Some(stem) => format!("{stem}ieth"),
            None => format!("{last}th"),
        },
    };
    format!("{head}{last}")
}

/// "nineteen eighty-four", "two thousand five", "twenty twenty-six".
pub(super) fn year(number: u64) -> String {
    let (high, low) = (number / 100, number % 100);
    match low {
        _ if !(1000..10_000).contains(&number) || (high.is_multiple_of(10) && low < 10) => cardinal(number),
        0 => format!("{} hundred", cardinal(high)),
        1..10 => format!("{} oh {}", cardinal(high), cardinal(low)),
        _ => format!("{} {}", cardinal(high), cardinal(low)),
    }
}

/// Digit by digit; long runs in groups with a breath between, of three and at last four like telephone numbers, of four
/// when that comes out even, like cards.
pub(super) fn digits(text: &str) -> String {
    let only: String = text.chars().filter(char::is_ascii_digit).collect();
    if only.len() <= UNGROUPED {
        return singly(&only);
    }
    let size = if only.len().is_multiple_of(4) { 4 } else { 3 };
    let mut groups = Vec::new();
    let mut rest = only.as_str();
    while rest.len() > size + 1 {
        let (head, tail) = rest.split_at(size);
        groups.push(singly(head));
        rest = tail;
    }
    groups.push(singly(rest));
    groups.join(", ")
}

/// Digit by digit without groups.
pub(super) fn singly(text: &str) -> String {
    let words: Vec<&str> = text.chars().filter_map(|c| SMALL.get(c.to_digit(10)? as usize).copied()).collect();
    words.join(" ")
}
