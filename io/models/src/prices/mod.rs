//! What models cost: a dated table of the providers' public prices, and rows of one's own.
//!
//! The table is `prices.json`; each group of its rows names the day it was read and its source. It holds no price that
//! depends on what a reply doesn't tell, such as how many of its tokens were sound: what has no row has no price.
//!
//! ```
//! use duologue_models::{Price, Prices};
//!
//! let prices = Prices::default();
//! let quote = prices.find("openai/gpt-4o-mini-2024-07-18", true).expect("a dated name is that of its row");
//! assert!(quote.date.is_some() && quote.price.of_tokens(1_000_000, 0, 0).is_some());
//! // The table is for the provider's own address only; rows of one's own are for any.
//! assert_eq!(prices.find("openai/gpt-4o-mini", false), None);
//! let own = Price { characters: Some(20.0), ..Price::default() };
//! let prices = Prices::with([("openai/mine".to_owned(), own)].into());
//! assert_eq!(prices.find("openai/mine", false).and_then(|q| q.price.of_characters(500)), Some(0.01));
//! ```

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Providers whose models run on this machine, or are none.
const FREE: [&str; 2] = ["local", "scripted"];
/// Endings that name an edition of a model and not its price; `0` is any digit.
const EDITIONS: [&str; 6] = ["-latest", "-00000000", "@00000000", "-0000-00-00", "-preview-00-0000", "-000"];

/// A test reads it.
static TABLE: LazyLock<BTreeMap<String, Quote>> =
    LazyLock::new(|| read(include_str!("prices.json")).unwrap_or_default());

/// Prices of one model in US dollars; missing where it has none of this kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Of a million tokens read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<f64>,
    /// Of a million tokens read from a cache; as `input` where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input: Option<f64>,
    /// Of a million tokens written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<f64>,
    /// Of a million characters spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub characters: Option<f64>,
    /// Of a minute of sound heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minute: Option<f64>,
}

impl Price {
    const NOTHING: Price = Price {
        input: Some(0.0),
        cached_input: Some(0.0),
        output: Some(0.0),
        characters: Some(0.0),
        minute: Some(0.0),
    };

    /// US dollars for so many tokens read, of which `cached` came from a cache, and written.
    pub fn of_tokens(&self, read: u64, cached: u64, written: u64) -> Option<f64> {
        let (input, output) = (self.input?, self.output?);
        let cached = cached.min(read);
        let fresh = (read - cached) as f64 * input;
        Some((fresh + cached as f64 * self.cached_input.unwrap_or(input) + written as f64 * output) / 1e6)
    }

    /// US dollars for so many characters.
    pub fn of_characters(&self, characters: u64) -> Option<f64> {
        Some(characters as f64 * self.characters? / 1e6)
    }

    /// US dollars for so many seconds of sound.
    pub fn of_sound(&self, seconds: f64) -> Option<f64> {
        Some(seconds * self.minute? / 60.0)
    }
}

/// A price and where it is from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    /// The price.
    #[serde(flatten)]
    pub price: Price,
    /// The day on which the table's row was read, `2026-11-21`; none for rows of one's own, and for what is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// All prices that are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prices {
    own: BTreeMap<String, Price>,
}

impl Prices {
    /// The table, with these rows before its own. Keys are `PROVIDER/MODEL`.
    pub fn with(own: BTreeMap<String, Price>) -> Prices {
        Prices { own }
    }

    /// The price of `PROVIDER/MODEL`. `at_home` says whether it is reached at the provider's own address, for which alone
    /// the table is. Of a name with a date the row without one will do.
    pub fn find(&self, model: &str, at_home: bool) -> Option<Quote> {
        let own = |name: &str| self.own.get(name).map(|price| Quote { price: *price, date: None });
        let table = |name: &str| TABLE.get(name).filter(|_| at_home).cloned();
        let names = [model, without_edition(model)];
        let found = names.into_iter().find_map(|name| own(name).or_else(|| table(name)));
        let provider = model.split('/').next().unwrap_or_default();
        found.or_else(|| FREE.contains(&provider).then_some(Quote { price: Price::NOTHING, date: None }))
    }
}

fn without_edition(model: &str) -> &str {
    let mut name = model;
    while let Some(shorter) = EDITIONS.iter().find_map(|form| without(name, form)) {
        name = shorter;
    }
    name
}

/// `name` without an ending of this form.
fn without<'a>(name: &'a str, form: &str) -> Option<&'a str> {
    let (rest, end) = name.split_at_checked(name.len().checked_sub(form.len())?)?;
    let fits = end.bytes().zip(form.bytes()).all(|(c, f)| if f == b'0' { c.is_ascii_digit() } else { c == f });
    (fits && !rest.is_empty()).then_some(rest)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "about")]
    _about: String,
    groups: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    date: String,
    #[serde(rename = "source")]
    _source: String,
    prices: BTreeMap<String, Price>,
}

fn read(json: &str) -> Result<BTreeMap<String, Quote>, serde_json::Error> {
    let table: Table = serde_json::from_str(json)?;
    let rows = |group: Group| {
        let date = group.date;
        group.prices.into_iter().map(move |(model, price)| (model, Quote { price, date: Some(date.clone()) }))
    };
    Ok(table.groups.into_iter().flat_map(rows).collect())
}

#[cfg(test)]
mod tests;
