//! Numbers and what they count.

use super::numbers::{Number, cardinal, digits, ordinal, value, year};
use super::words::{Place, Reading};

/// Units by their sign: one, several.
const UNITS: &[(&str, &str, &str)] = &[
    ("km", "kilometer", "kilometers"),
    ("cm", "centimeter", "centimeters"),
    ("mm", "millimeter", "millimeters"),
    ("kg", "kilogram", "kilograms"),
    ("mg", "milligram", "milligrams"),
    ("lb", "pound", "pounds"),
    ("lbs", "pounds", "pounds"),
    ("oz", "ounce", "ounces"),
    ("ft", "foot", "feet"),
    ("mi", "mile", "miles"),
    ("ml", "milliliter", "milliliters"),
    ("mph", "mile per hour", "miles per hour"),
    ("km/h", "kilometer per hour", "kilometers per hour"),
    ("Hz", "hertz", "hertz"),
    ("kHz", "kilohertz", "kilohertz"),
    ("MHz", "megahertz", "megahertz"),
    ("GHz", "gigahertz", "gigahertz"),
    ("KB", "kilobyte", "kilobytes"),
    ("kB", "kilobyte", "kilobytes"),
    ("MB", "megabyte", "megabytes"),
    ("GB", "gigabyte", "gigabytes"),
    ("TB", "terabyte", "terabytes"),
    ("Mbps", "megabit per second", "megabits per second"),
    ("Gbps", "gigabit per second", "gigabits per second"),
    ("kWh", "kilowatt hour", "kilowatt hours"),
    ("kW", "kilowatt", "kilowatts"),
    ("hr", "hour", "hours"),
    ("hrs", "hours", "hours"),
    ("min", "minute", "minutes"),
    ("mins", "minutes", "minutes"),
    ("sec", "second", "seconds"),
    ("secs", "seconds", "seconds"),
    ("ms", "millisecond", "milliseconds"),
];
/// Units that are only unmistakable when they touch the number.
const TOUCHING: &[(&str, &str, &str)] = &[("k", "thousand", "thousand"), ("x", "times", "times")];

/// Words before a number that is a name and not a quantity.
const NAMED_BY_NUMBER: &[&str] = &[
    "account",
    "acct",
    "booking",
    "card",
    "case",
    "code",
    "confirmation",
    "digits",
    "ending",
    "ends",
    "ext",
    "extension",
    "flight",
    "id",
    "invoice",
    "model",
    "number",
    "no",
    "order",
    "passcode",
    "password",
    "pin",
    "policy",
    "ref",
    "reference",
    "reservation",
    "serial",
    "ticket",
    "tracking",
    "zip",
];
/// Words that may stand between such a word and its number.
const BETWEEN: &[&str] = &["is", "was", "in", "with", "the", "your", "my", "it's", "that's", "are"];
/// Words before a year.
const BEFORE_YEAR: &[&str] =
    &["in", "since", "by", "from", "until", "year", "before", "after", "during", "spring", "summer", "fall", "winter"];

/// "12%", "12.5 %", "10-15%".
pub(super) fn percent<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let (text, used) = match place.core().strip_suffix('%') {
        Some(text) => (text, 1),
        None => {
            place.joined().filter(|next| next.core() == "%")?;
            (place.core(), 2)
        }
    };
    if let Some(number) = Number::parse(text) {
        return Reading::of(format!("{} percent", number.words()), used);
    }
    let (from, to) = text.split_once('-')?;
    Reading::of(format!("{} to {} percent", Number::parse(from)?.words(), Number::parse(to)?.words()), used)
}

/// "20°C", "72 °F", "90°".
pub(super) fn degrees<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let (number, rest) = Number::leading(place.core())?;
    let (sign, used) = match rest {
        "" => (place.joined()?.core(), 2),
        _ => (rest, 1),
    };
    let scale = match sign.strip_prefix('°')? {
        "" => "",
        "C" => " Celsius",
        "F" => " Fahrenheit",
        _ => return None,
    };
    let name = if number.is_one() { "degree" } else { "degrees" };
    Reading::of(format!("{} {name}{scale}", number.words()), used)
}

/// "5km", "16 GB", "100 Mbps", "10k".
pub(super) fn unit<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let (number, rest) = Number::leading(place.core())?;
    let (found, used) = if rest.is_empty() {
        (named(UNITS, place.joined()?.core())?, 2)
    } else {
        (named(UNITS, rest).or_else(|| named(TOUCHING, rest))?, 1)
    };
    let name = if number.is_one() { found.1 } else { found.2 };
    Some(place.abbreviated(format!("{} {name}", number.words()), used, |_| false))
}

fn named(
    units: &'static [(&str, &str, &str)],
    sign: &str,
) -> Option<&'static (&'static str, &'static str, &'static str)> {
    units.iter().find(|unit| unit.0 == sign)
}

/// "1/2", "3/4", "24/7", "1 1/2".
pub(super) fn fraction<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    if let Some(text) = fraction_words(place.core()) {
        return Reading::one(text);
    }
    let next = place.joined()?;
    let whole = Number::parse(place.core()).filter(Number::is_plain)?;
    let part = fraction_words(next.core()).filter(|_| proper(next.core()).is_some())?;
    Reading::of(format!("{} and {part}", whole.words()), 2)
}

fn fraction_words(text: &str) -> Option<String> {
    let (over, under) = text.split_once('/')?;
    let (over, under) = (value(over)?, value(under)?);
    Some(match proper(text) {
        Some((1, 2)) => "one half".to_owned(),
        Some((n, 2)) => format!("{} halves", cardinal(n)),
        Some((1, 4)) => "one quarter".to_owned(),
        Some((n, 4)) => format!("{} quarters", cardinal(n)),
        Some((1, under)) => format!("one {}", ordinal(under)),
        Some((over, under)) => format!("{} {}s", cardinal(over), ordinal(under)),
        None if (over, under) == (24, 7) => "twenty-four seven".to_owned(),
        None => format!("{} slash {}", cardinal(over), cardinal(under)),
    })
}

fn proper(text: &str) -> Option<(u64, u64)> {
    let (over, under) = text.split_once('/')?;
    let (over, under) = (value(over)?, value(under)?);
    (over > 0 && over < under && (2..=10).contains(&under)).then_some((over, under))
}

/// "9-11", "10 - 15", "2023-2024".
pub(super) fn range<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let (from, to, used) = match place.core().split_once('-') {
        Some((from, to)) => (from, to, 1),
        None => {
            let to = place.joined().filter(|dash| dash.core() == "-")?.joined()?;
            (place.core(), to.core(), 3)
        }
    };
    let (from, to) = (Number::parse(from)?, Number::parse(to)?);
    let short = |n: &Number| !n.negative && n.whole.len() <= 4 && (n.whole.len() == 1 || !n.whole.starts_with('0'));
    if !short(&from) || !short(&to) || is_name(place) {
        return None;
    }
    let years = [from, to].iter().all(|n| n.is_plain() && n.value().is_some_and(|v| (1900..2100).contains(&v)));
    let words = |n: &Number| if years { year(n.value().unwrap_or(0)) } else { n.words() };
    Reading::of(format!("{} to {}", words(&from), words(&to)), used)
}

/// "3rd", "21st", "1990s", "80s".
pub(super) fn ordinal_or_decade(text: &str) -> Option<String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number = value(digits)?;
    match text[digits.len()..].to_ascii_lowercase().as_str() {
        "st" | "nd" | "rd" | "th" => Some(ordinal(number)),
        "s" if digits.len() == 4 || digits.len() == 2 => {
            let words = if digits.len() == 4 { year(number) } else { cardinal(number) };
            Some(match words.strip_suffix('y') {
                Some(stem) => format!("{stem}ies"),
                None => format!("{words}s"),
            })
        }
        _ => None,
    }
}

/// See [`ordinal_or_decade`].
pub(super) fn ordinal_reader<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    Reading::one(ordinal_or_decade(place.core())?)
}

/// A number on its own: a quantity, a year, or digits that name something.
pub(super) fn number<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let (marked, text) = match place.core().strip_prefix('#') {
        Some(rest) => (true, rest),
        None => (false, place.core()),
    };
    let number = Number::parse(text)?;
    let words = if number.is_plain() { plain(place, &number, marked) } else { number.words() };
    Reading::one(if marked { format!("number {words}") } else { words })
}

fn plain(place: &Place, number: &Number, marked: bool) -> String {
    let (text, length) = (number.whole, number.whole.len());
    let Some(value) = number.value() else { return digits(text) };
    let counts = place.joined().is_some_and(|next| next.core().starts_with(|c: char| c.is_ascii_lowercase()));
    let leading_zero = length > 1 && text.starts_with('0');
    if leading_zero || length >= 3 && (marked || is_name(place) && !(counts && length == 3)) {
        return digits(text);
    }
    let before = place.before().map(|word| word.core().to_ascii_lowercase()).unwrap_or_default();
    let expects_year = BEFORE_YEAR.contains(&before.as_str());
    match value {
        1900..2100 if expects_year || !counts => year(value),
        1100..1900 if expects_year => year(value),
        10_000.. if !value.is_multiple_of(1000) => digits(text),
        _ => cardinal(value),
    }
}

/// Does the text before say that this number names something: "order number", "your code is"?
fn is_name(place: &Place) -> bool {
    for steps in 1..=4 {
        let Some(word) = place.behind(steps) else { return false };
        let lower = word.core().to_ascii_lowercase();
        if word.close().contains(['.', '!', '?']) && lower != "no" {
            return false;
        }
        if NAMED_BY_NUMBER.contains(&lower.as_str()) {
            return true;
        }
        if !BETWEEN.contains(&lower.as_str()) {
            return false;
        }
    }
    false
}
