//! Telephone numbers, e-mail addresses and web addresses.

use super::codes::letters;
use super::numbers::{singly, value};
use super::words::{Place, Reading};

/// Endings by which a word with dots is taken for a web address.
const DOMAINS: &[&str] = &[
    "com", "org", "net", "io", "co", "uk", "gov", "edu", "info", "biz", "us", "ca", "de", "eu", "app", "dev", "ai",
    "tv", "me", "shop", "example",
];

/// "joe.smith@example.com".
pub(super) fn email<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let (local, domain) = place.core().split_once('@')?;
    if local.is_empty() || domain.is_empty() {
        return None;
    }
    Reading::one(format!("{} at {}", address(local), address(domain)))
}

/// `https://www.example.com/help`, `example.com`.
pub(super) fn web<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let core = place.core();
    let bare = core.strip_prefix("https://").or_else(|| core.strip_prefix("http://"));
    let marked = bare.is_some() || core.starts_with("www.");
    let text = bare.unwrap_or(core).trim_end_matches('/');
    let host = text.split(['/', '?', '#']).next().unwrap_or(text);
    let ending = host.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let known = ending.is_some_and(|ending| DOMAINS.contains(&ending.as_str()))
        && host.split('.').all(|label| !label.is_empty() && !label.chars().all(|c| c.is_ascii_digit()));
    (marked || known).then(|| Reading::one(address(text)))?
}

/// Words as words, digits one by one, signs by their names.
fn address(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let same = |c: char| {
            if first.is_ascii_digit() { c.is_ascii_digit() } else { first.is_alphabetic() && c.is_alphabetic() }
        };
        let end = rest
            .find(|c| !same(c))
            .filter(|end| *end > 0)
            .unwrap_or_else(|| if same(first) { rest.len() } else { first.len_utf8() });
        let (part, tail) = rest.split_at(end);
        rest = tail;
        match first {
            '.' => words.push("dot".into()),
            '-' => words.push("dash".into()),
            '_' => words.push("underscore".into()),
            '/' => words.push("slash".into()),
            '+' => words.push("plus".into()),
            '@' => words.push("at".into()),
            _ if first.is_ascii_digit() => words.push(singly(part)),
            _ if first.is_alphabetic() => words.push(if is_spelled(part) { letters(part) } else { part.to_owned() }),
            _ => {}
        }
    }
    words.join(" ")
}

/// "www", "tx" and the like cannot be said as a word.
fn is_spelled(part: &str) -> bool {
    part.chars().count() < 2 || !part.to_lowercase().contains(['a', 'e', 'i', 'o', 'u', 'y'])
}

/// "555-0142", "(555) 123-4567", "+1 555 123 4567", "1-800-555-0199", "555.123.4567".
pub(super) fn phone<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let international = place.core().starts_with('+');
    let mut groups: Vec<&str> = Vec::new();
    let mut best = None;
    for used in 1..=5 {
        let Some(word) = place.ahead(used - 1) else { break };
        let core = word.core().trim_start_matches('+');
        let plain = !core.is_empty() && core.chars().all(|c| c.is_ascii_digit() || "-.()".contains(c));
        let open_fits = word.open().is_empty() || word.open() == "(";
        if !plain || !open_fits {
            break;
        }
        groups.extend(core.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty()));
        if is_phone(&groups, international, used) {
            best = Some((groups.clone(), used));
        }
        if !matches!(word.close(), "" | ")") {
            break;
        }
    }
    let (groups, used) = best?;
    let spoken: Vec<String> = groups.iter().map(|group| singly(group)).collect();
    let text = if international { format!("plus {}", spoken.join(", ")) } else { spoken.join(", ") };
    // The bracket around the area code is not heard; what opened it must not stay open.
    let last = place.ahead(used - 1)?;
    let close = last.close().trim_start_matches(')');
    Some(Reading { open: Some(place.open().trim_end_matches('(')), ..Reading::closed(text, used, close) })
}

fn is_phone(groups: &[&str], international: bool, words: usize) -> bool {
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    if international {
        return lengths.len() >= 2 && (8..=15).contains(&lengths.iter().sum::<usize>());
    }
    match lengths.as_slice() {
        // Two numbers side by side are not a telephone number.
        [3, 4] => words == 1,
        [3, 3, 4] => true,
        [1, 3, 3, 4] => value(groups[0]) == Some(1),
        _ => false,
    }
}
