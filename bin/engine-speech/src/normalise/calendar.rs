//! Times of day and dates.

use super::numbers::{cardinal, ordinal, value, year};
use super::words::{Place, Reading};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A time of day.
struct Clock {
    hour: u64,
    minute: Option<u64>,
    second: Option<u64>,
}

/// "9:30", "9:30am", "9 a.m.", "17:45", "9:30-10:15", "9am-5pm".
pub(super) fn time<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let core = place.core();
    if !core.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (first, second) = match core.split_once('-') {
        Some((first, second)) => (Some(first), second),
        None => (None, core),
    };
    let (clock, mut half) = clock(second)?;
    // Some write "9.30 am", but 9.30 alone is a number.
    let dotted = second.contains('.') && !second.contains(':');
    let mut used = 1;
    if half.is_none()
        && let Some(next) = place.joined().and_then(|next| half_of_day(next.core()))
    {
        half = Some(next);
        used = 2;
    }
    // A bare number is a time only with "am" behind it.
    if half.is_none() && (clock.minute.is_none() || dotted) || half.is_some() && !(1..=12).contains(&clock.hour) {
        return None;
    }
    let mut text = clock.words(half);
    if let Some(first) = first {
        let (from, from_half) = self::clock(first)?;
        text = format!("{} to {text}", from.words(from_half.or(Some("").filter(|_| from.minute.is_none()))));
    }
    Some(match half {
        Some(_) => place.abbreviated(text, used, |next| MONTHS.contains(&next) || WEEKDAYS.contains(&next)),
        None => Reading::closed(text, used, None),
    })
}

impl Clock {
    fn words(&self, half: Option<&str>) -> String {
        let hour = cardinal(self.hour);
        let mut words = match self.minute {
            None => hour,
            Some(0) if half.is_some() || self.second.is_some() => hour,
            Some(0) if self.hour > 12 || self.hour == 0 => format!("{hour} hundred"),
            Some(0) => format!("{hour} o'clock"),
            Some(minute @ 1..10) => format!("{hour} oh {}", cardinal(minute)),
            Some(minute) => format!("{hour} {}", cardinal(minute)),
        };
        if let Some(second) = self.second {
            words.push_str(&format!(" and {} second{}", cardinal(second), if second == 1 { "" } else { "s" }));
        }
        if let Some(half) = half.filter(|half| !half.is_empty()) {
            words.push(' ');
            words.push_str(half);
        }
        words
    }
}

/// The time at the start of a word, and "am" or "pm" if it ends so.
fn clock(text: &str) -> Option<(Clock, Option<&'static str>)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '.').unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let half = if rest.is_empty() { None } else { Some(half_of_day(rest)?) };
    let mut parts = digits.split([':', '.']);
    let hour = value(parts.next()?).filter(|hour| *hour <= 24)?;
    let mut sixtieth = || match parts.next() {
        None => Some(None),
        Some(part) if part.len() == 2 => value(part).filter(|n| *n < 60).map(Some),
        Some(_) => None,
    };
    let (minute, second) = (sixtieth()?, sixtieth()?);
    if parts.next().is_some() || digits.len() > 8 || (minute.is_none() && digits.len() > 2) {
        return None;
    }
    Some((Clock { hour, minute, second }, half))
}

/// How "am" or "p.m." is read. The dot within makes the letters be spelled; the last one would end the sentence.
fn half_of_day(text: &str) -> Option<&'static str> {
    match text.to_ascii_lowercase().as_str() {
        "am" | "a.m" | "a.m." => Some("A.M"),
        "pm" | "p.m" | "p.m." => Some("P.M"),
        _ => None,
    }
}

/// "2026-03-14", "3/14/2026", "March 3", "Mar. 3rd, 2026", "3 March", "March 2026".
pub(super) fn date<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    iso(place.core())
        .or_else(|| american(place.core()))
        .and_then(Reading::one)
        .or_else(|| month_first(place))
        .or_else(|| day_first(place))
}

fn iso(text: &str) -> Option<String> {
    let mut parts = text.splitn(3, '-');
    let (y, m, d) = (parts.next()?, parts.next()?, parts.next()?);
    if (y.len(), m.len(), d.len()) != (4, 2, 2) {
        return None;
    }
    in_words(value(m)?, value(d)?, Some(value(y)?))
}

fn american(text: &str) -> Option<String> {
    let mut parts = text.splitn(3, '/');
    let (a, b, y) = (value(parts.next()?)?, value(parts.next()?)?, parts.next()?);
    let written = value(y)?;
    let full = match y.len() {
        4 => written,
        // Two digits mean the nearest century: 31 and later are the last one.
        2 if written > 30 => 1900 + written,
        2 => 2000 + written,
        _ => return None,
    };
    let (month, day) = if a <= 12 { (a, b) } else { (b, a) };
    in_words(month, day, Some(full))
}

fn in_words(month: u64, day: u64, of_year: Option<u64>) -> Option<String> {
    let name = MONTHS.get(month.checked_sub(1)? as usize)?;
    if !(1..=31).contains(&day) {
        return None;
    }
    let date = format!("{name} {}", ordinal(day));
    Some(of_year.map_or(date.clone(), |y| format!("{date}, {}", year(y))))
}

fn month_first<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let name = month(place.core())?;
    let next = place.ahead(1).filter(|_| place.close().is_empty() || place.close() == "." && name != place.core())?;
    if let Some(year_alone) = year_of(next.core()) {
        return Reading::of(format!("{name} {}", year(year_alone)), 2);
    }
    let day = day(next.core())?;
    let text = format!("{name} {}", ordinal(day));
    let following = next.ahead(1).filter(|_| next.close().is_empty() || next.close() == ",");
    match following.and_then(|third| year_of(third.core())) {
        Some(of_year) => Reading::of(format!("{text}, {}", year(of_year)), 3),
        None => Reading::of(text, 2),
    }
}

fn day_first<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let next = place.joined()?;
    // "3 may" is more likely a verb than a month.
    let name = month(next.core()).filter(|_| next.is_capitalised())?;
    let text = format!("{} of {name}", ordinal(day(place.core())?));
    let article = place.before().is_some_and(|before| before.core().eq_ignore_ascii_case("the"));
    let text = if article { text } else { format!("the {text}") };
    Some(place.abbreviated(text, 2, |_| false))
}

/// The month that a word names, in full or by three letters.
fn month(text: &str) -> Option<&'static str> {
    let short = if text == "Sept" { "Sep" } else { text };
    MONTHS.iter().find(|name| **name == short || (short.len() == 3 && name.starts_with(short))).copied()
}

fn day(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let suffix = &text[digits.len()..];
    let number = value(digits).filter(|n| (1..=31).contains(n) && digits.len() <= 2)?;
    matches!(suffix, "" | "st" | "nd" | "rd" | "th").then_some(number)
}

fn year_of(text: &str) -> Option<u64> {
    value(text).filter(|y| text.len() == 4 && (1000..2200).contains(y))
}
