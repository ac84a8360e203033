//! Amounts of money.

use super::numbers::{Number, cardinal, value};
use super::words::{Place, Reading};

/// A currency's names: one, several, one hundredth, several hundredths.
struct Currency {
    signs: &'static [&'static str],
    one: &'static str,
    many: &'static str,
    cent: &'static str,
    cents: &'static str,
}

const CURRENCIES: &[Currency] = &[
    Currency { signs: &["$", "US$", "USD"], one: "dollar", many: "dollars", cent: "cent", cents: "cents" },
    Currency { signs: &["€", "EUR"], one: "euro", many: "euros", cent: "cent", cents: "cents" },
    Currency { signs: &["£", "GBP"], one: "pound", many: "pounds", cent: "penny", cents: "pence" },
    Currency { signs: &["¥", "JPY"], one: "yen", many: "yen", cent: "sen", cents: "sen" },
    Currency { signs: &["₹", "INR", "Rs"], one: "rupee", many: "rupees", cent: "paisa", cents: "paise" },
];

/// "$12.50", "-$5", "$3.5 million", "$5k", "$10-20", "$9.99/month", "USD 40", "40 EUR", "50¢".
pub(super) fn money<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let core = place.core();
    if let Some(amount) = core.strip_suffix('¢').and_then(Number::parse) {
        return Reading::one(format!("{} {}", amount.words(), if amount.is_one() { "cent" } else { "cents" }));
    }
    let (negative, unsigned) = match core.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, core),
    };
    let mut reading = signed(place, unsigned).or_else(|| with_code(place))?;
    if negative {
        reading.text.insert_str(0, "minus ");
    }
    Some(reading)
}

/// The sign is written before the amount, in the same word.
fn signed<'a>(place: &Place<'a>, text: &'a str) -> Option<Reading<'a>> {
    let at = text.find(|c: char| c.is_ascii_digit()).filter(|at| *at > 0)?;
    let (currency, (amount, rest)) = (currency(&text[..at])?, Number::leading(&text[at..])?);
    if let Some(upper) = rest.strip_prefix('-') {
        let upper = Number::parse(upper.trim_start_matches(|c: char| !c.is_ascii_digit()))?;
        return Reading::one(format!("{} to {} {}", amount.words(), upper.words(), currency.many));
    }
    if let Some(per) = rest.strip_prefix('/') {
        return Reading::one(format!("{} per {}", exact(&amount, currency), period(per)?));
    }
    if let Some(scale) = scale(rest) {
        return Reading::one(format!("{} {scale} {}", amount.words(), currency.many));
    }
    if !rest.is_empty() {
        return None;
    }
    match place.joined().and_then(|next| scale(next.core())) {
        Some(scale) => Reading::of(format!("{} {scale} {}", amount.words(), currency.many), 2),
        None => Reading::one(exact(&amount, currency)),
    }
}

/// The sign is a word of its own, before or after the amount.
fn with_code<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let next = place.joined()?;
    let (currency, amount) = match currency(place.core()) {
        Some(currency) => (currency, Number::parse(next.core())?),
        None => (currency(next.core())?, Number::parse(place.core())?),
    };
    Reading::of(exact(&amount, currency), 2)
}

fn currency(sign: &str) -> Option<&'static Currency> {
    CURRENCIES.iter().find(|currency| currency.signs.contains(&sign))
}

/// "twelve dollars and fifty cents"; an odd number of decimals is read as a number.
fn exact(amount: &Number, currency: &Currency) -> String {
    let name = if amount.is_one() { currency.one } else { currency.many };
    let whole = Number { fraction: None, ..*amount };
    let cents = amount.fraction.filter(|fraction| fraction.len() == 2).and_then(value);
    match (amount.fraction, cents) {
        (None, _) | (_, Some(0)) => {
            format!("{} {}", whole.words(), if whole.is_one() { currency.one } else { currency.many })
        }
        (_, Some(cents)) => {
            let small = format!("{} {}", cardinal(cents), if cents == 1 { currency.cent } else { currency.cents });
            if amount.value() == Some(0) {
                return small;
            }
            let one = if whole.is_one() { currency.one } else { currency.many };
            format!("{} {one} and {small}", whole.words())
        }
        _ => format!("{} {name}", amount.words()),
    }
}

fn scale(text: &str) -> Option<&'static str> {
    Some(match text {
        "k" | "K" | "thousand" => "thousand",
        "m" | "M" | "mn" | "million" => "million",
        "b" | "B" | "bn" | "billion" => "billion",
        "trillion" => "trillion",
        _ => return None,
    })
}

fn period(text: &str) -> Option<&str> {
    Some(match text {
        "mo" => "month",
        "yr" => "year",
        "wk" => "week",
        "hr" | "h" => "hour",
        _ if !text.is_empty() && text.chars().all(char::is_alphabetic) => text,
        _ => return None,
    })
}
