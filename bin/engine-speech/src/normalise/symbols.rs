//! Symbols that are words, alone or within a word.

use super::codes::letters;
use super::words::{Place, Reading};

/// "&", "+", "=", "@", "%" between spaces.
pub(super) fn symbol<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    Reading::one(match place.core() {
        "&" => "and",
        "+" => "plus",
        "=" => "equals",
        "@" => "at",
        "%" => "percent",
        "#" => "number",
        "°" => "degrees",
        "§" => "section",
        "©" => "copyright",
        "$" => "dollars",
        "€" => "euros",
        "£" => "pounds",
        "-" | "--" | "---" => "—",
        _ => return None,
    })
}

/// "AT&T", "and/or", "he/she", "#refund", "C++".
pub(super) fn compound<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let core = place.core();
    if core.contains('&') {
        let sides: Vec<String> = core.split('&').map(side).collect();
        return Reading::one(sides.join(" and "));
    }
    if core.eq_ignore_ascii_case("and/or") {
        return Reading::one("and or");
    }
    if core.contains('/') {
        let capitals = core.chars().all(|c| c.is_uppercase() || c == '/');
        let sides: Vec<&str> = core.split('/').filter(|side| !side.is_empty()).collect();
        return Reading::one(sides.join(if capitals { " " } else { " or " }));
    }
    let named =
        [('+', " plus "), ('=', " equals "), ('%', " percent "), ('@', " at "), ('€', " euros "), ('$', " dollars ")];
    let signs = named.iter().filter(|(sign, _)| core.contains(*sign));
    let text = signs.fold(core.to_owned(), |text, (sign, name)| text.replace(*sign, name));
    (text != core).then(|| Reading::one(text.split_whitespace().collect::<Vec<_>>().join(" ")))?
}

/// A part beside "&": short capitals are spelled.
fn side(text: &str) -> String {
    if text.chars().count() <= 3 && text.chars().all(char::is_uppercase) { letters(text) } else { text.to_owned() }
}
