//! Names, codes and amounts: the words that a call is about, and whether they arrived.

use crate::metrics::EntityRecall;
use crate::spread::Share;
use crate::words::{Word, normalise};
use serde::{Deserialize, Serialize};

/// What kind of thing an entity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// Of a person, a street, a product.
    Name,
    /// A number that is no sum: codes, dates, times, house numbers.
    Code,
    /// A sum of money.
    Amount,
}

impl EntityKind {
    /// Of a text that is an entity: an amount if a currency is in it, a code if it is nothing but digits, else a name.
    pub fn of(text: &str) -> EntityKind {
        let words = normalise(text);
        if words.iter().any(Word::is_currency) {
            EntityKind::Amount
        } else if !words.is_empty() && words.iter().all(Word::is_digit) {
            EntityKind::Code
        } else {
            EntityKind::Name
        }
    }
}

/// Something that has to be heard exactly.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entity {
    /// What it is.
    pub kind: EntityKind,
    /// Its words; compared in normal form.
    pub text: String,
}

/// The numbers in a text, and those of `known` that are in it, in order: runs of digits of the normal form. With a
/// currency beside it a run is an amount, else, from two digits on, a code; a lone digit is mostly no entity ("one moment").
pub fn entities_in(text: &str, known: &[Entity]) -> Vec<Entity> {
    let words = normalise(text);
    let mut found: Vec<(usize, usize, Entity)> = Vec::new();
    for entity in known {
        let wanted = normalise(&entity.text);
        let places = (0..words.len()).filter(|&at| stands_at(&words, at, &wanted));
        found.extend(places.map(|at| (at, at + wanted.len(), entity.clone())));
    }
    for (at, end) in numbers(&words) {
        if found.iter().all(|(from, to, _)| end <= *from || *to <= at) {
            found.push((at, end, number(&words[at..end])));
        }
    }
    found.sort_by_key(|(at, end, _)| (*at, *end));
    found.into_iter().map(|(_, _, entity)| entity).collect()
}

/// Of the entities in `said`, how many are in `heard` too. One that was said twice has to be heard twice.
pub(crate) fn recall(said: &str, heard: &str, known: &[Entity]) -> Vec<(EntityKind, bool)> {
    let heard = normalise(heard);
    let mut taken = vec![false; heard.len()];
    let mut arrived = |entity: &Entity| {
        let wanted = normalise(&entity.text);
        let place = (0..heard.len())
            .find(|&at| stands_at(&heard, at, &wanted) && taken[at..at + wanted.len()].iter().all(|taken| !taken));
        if let Some(at) = place {
            taken[at..at + wanted.len()].fill(true);
        }
        place.is_some()
    };
    entities_in(said, known).iter().map(|entity| (entity.kind, arrived(entity))).collect()
}

pub(crate) fn shares(outcomes: &[(EntityKind, bool)]) -> EntityRecall {
    let of = |kind: Option<EntityKind>| {
        Share::among(outcomes.iter().filter(|(k, _)| kind.is_none_or(|kind| *k == kind)), |(_, heard)| *heard)
    };
    EntityRecall {
        all: of(None),
        names: of(Some(EntityKind::Name)),
        codes: of(Some(EntityKind::Code)),
        amounts: of(Some(EntityKind::Amount)),
    }
}

/// Whether `wanted` stands in `words` from `at`, and does not tear a run of digits apart.
fn stands_at(words: &[Word], at: usize, wanted: &[Word]) -> bool {
    let end = at + wanted.len();
    let Some(found) = words.get(at..end) else { return false };
    let torn = |i: usize| {
        i.checked_sub(1).and_then(|before| words.get(before)).is_some_and(Word::is_digit)
            && words.get(i).is_some_and(Word::is_digit)
    };
    !wanted.is_empty() && found.iter().zip(wanted).all(|(a, b)| a.text == b.text) && !torn(at) && !torn(end)
}

/// Runs of digits, with the currency between or behind them.
fn numbers(words: &[Word]) -> Vec<(usize, usize)> {
    let (mut runs, mut at) = (Vec::new(), 0);
    while at < words.len() {
        let digits = |from: usize| words.iter().skip(from).take_while(|w| w.is_digit()).count();
        let whole = digits(at);
        let mut end = at + whole;
        if whole > 0 && words.get(end).is_some_and(Word::is_currency) {
            end += 1 + digits(end + 1);
        }
        if end - at > 1 {
            runs.push((at, end));
        }
        at = end.max(at + 1);
    }
    runs
}

fn number(words: &[Word]) -> Entity {
    let kind = if words.iter().any(Word::is_currency) { EntityKind::Amount } else { EntityKind::Code };
    let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
    Entity { kind, text: texts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use EntityKind::{Amount, Code, Name};
    use proptest::prelude::*;

    fn kinds(said: &str, heard: &str, names: &[&str]) -> Vec<(EntityKind, bool)> {
        let known: Vec<Entity> =
            names.iter().map(|n| Entity { kind: EntityKind::of(n), text: (*n).to_owned() }).collect();
        recall(said, heard, &known)
    }

    #[test]
    fn numbers_are_found_and_names_are_told() {
        let said = "Anna, order 4417 of $24.50 comes at 9:30 in one box.";
        assert_eq!(kinds(said, said, &["Anna"]), [(Name, true), (Code, true), (Amount, true), (Code, true)]);
        let heard = "Hannah, order four four one seven of twenty four dollars fifteen comes at nine thirty";
        assert_eq!(kinds(said, heard, &["Anna"]), [(Name, false), (Code, true), (Amount, false), (Code, true)]);
    }

    #[test]
    fn what_is_said_twice_has_to_be_heard_twice() {
        assert_eq!(kinds("4417, I said 4417", "4417 I said", &[]), [(Code, true), (Code, false)]);
        // A part of a number is not the number.
        assert_eq!(kinds("code 441", "code 4417", &[]), [(Code, false)]);
        assert_eq!(kinds("24 Maple Street", "324 Maple Street", &["24 Maple Street"]), [(Name, false)]);
    }

    proptest! {
        #[test]
        fn who_hears_everything_hears_every_entity(text in "([a-z]{1,6}|[0-9]{1,5}|\\$[0-9]{1,4}|[ ,.]){0,16}") {
            prop_assert!(recall(&text, &text, &[]).iter().all(|(_, heard)| *heard), "{:?}", recall(&text, &text, &[]));
        }
    }
}
