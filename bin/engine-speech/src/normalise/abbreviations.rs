//! Words that are written shorter than they are spoken.

use super::words::{Place, Reading};

/// Written with a full stop: what they stand for.
const DOTTED: &[(&str, &str)] = &[
    ("Mr", "mister"),
    ("Mrs", "missus"),
    ("Ms", "miz"),
    ("Prof", "professor"),
    ("Jr", "junior"),
    ("Sr", "senior"),
    ("Ave", "avenue"),
    ("Blvd", "boulevard"),
    ("Rd", "road"),
    ("Ln", "lane"),
    ("Hwy", "highway"),
    ("Pkwy", "parkway"),
    ("Ste", "suite"),
    ("Apt", "apartment"),
    ("Bldg", "building"),
    ("Ltd", "limited"),
    ("Inc", "incorporated"),
    ("Corp", "corporation"),
    ("Dept", "department"),
    ("approx", "approximately"),
    ("est", "estimated"),
    ("vs", "versus"),
    ("etc", "et cetera"),
    ("e.g", "for example"),
    ("i.e", "that is"),
    ("ext", "extension"),
    ("Ext", "extension"),
    ("min", "minutes"),
    ("max", "maximum"),
    ("hrs", "hours"),
    ("Jan", "January"),
    ("Feb", "February"),
    ("Mar", "March"),
    ("Apr", "April"),
    ("Jun", "June"),
    ("Jul", "July"),
    ("Aug", "August"),
    ("Sep", "September"),
    ("Sept", "September"),
    ("Oct", "October"),
    ("Nov", "November"),
    ("Dec", "December"),
    ("Mon", "Monday"),
    ("Tue", "Tuesday"),
    ("Tues", "Tuesday"),
    ("Wed", "Wednesday"),
    ("Thu", "Thursday"),
    ("Thurs", "Thursday"),
    ("Fri", "Friday"),
    ("Sat", "Saturday"),
];
/// Understood without a full stop too.
const UNDOTTED: &[(&str, &str)] = &[
    ("Mr", "mister"),
    ("Mrs", "missus"),
    ("Ms", "miz"),
    ("Blvd", "boulevard"),
    ("Apt", "apartment"),
    ("vs", "versus"),
    ("etc", "et cetera"),
    ("e.g", "for example"),
    ("i.e", "that is"),
    ("w/", "with"),
    ("w/o", "without"),
    ("aka", "also known as"),
    ("AKA", "also known as"),
    ("BTW", "by the way"),
    ("FYI", "for your information"),
    ("ASAP", "as soon as possible"),
    ("TBD", "to be determined"),
    ("ok", "okay"),
    ("OK", "okay"),
];

/// "St." and "Dr." are a saint and a doctor before a name, a street and a drive after one.
pub(super) fn street_or_title<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let (before_name, after_name) = match place.core() {
        "St" => ("saint", "street"),
        "Dr" => ("doctor", "drive"),
        _ => return None,
    };
    let follows_name = place.before().is_some_and(|previous| previous.is_capitalised() && follows_number(&previous));
    let precedes_name = place.ahead(1).is_some_and(|next| next.is_capitalised() && matches!(place.close(), "" | "."));
    let is_place = follows_name || !precedes_name;
    if is_place {
        return Some(
            place.abbreviated(after_name.to_owned(), 1, |_| follows_name && precedes_name && place.close() == ""),
        );
    }
    Some(Reading::closed(before_name.to_owned(), 1, place.close().trim_start_matches('.')))
}

/// Is the name within a few words of a house number, as in "42 North Maple"? Or is it the saint's of "St. James St."?
fn follows_number(name: &Place) -> bool {
    (1..=3).filter_map(|steps| name.behind(steps)).any(|word| {
        word.core().starts_with(|c: char| c.is_ascii_digit()) || matches!(word.core(), "St" | "on" | "On" | "at")
    })
}

/// The tables above, and "No. 5".
pub(super) fn abbreviation<'a>(place: &Place<'a>) -> Option<Reading<'a>> {
    let core = place.core();
    let dotted = place.close().starts_with('.');
    if matches!(core, "No" | "no" | "Nos") && dotted {
        let counted = place.ahead(1).is_some_and(|next| next.core().starts_with(|c: char| c.is_ascii_digit()));
        return counted.then(|| Reading::closed("number".to_owned(), 1, &place.close()[1..]));
    }
    // "min.", "max.", "est." and weekdays end sentences as words, too; with more text behind them they are short forms.
    let found = DOTTED.iter().filter(|_| dotted).chain(UNDOTTED).find(|(short, _)| *short == core)?;
    Some(place.abbreviated(found.1.to_owned(), 1, |_| precedes_name(core)))
}

/// Abbreviations that stand before a name, so that the capital behind them does not begin a sentence.
fn precedes_name(short: &str) -> bool {
    matches!(short, "Mr" | "Mrs" | "Ms" | "Prof" | "Ste" | "Apt" | "Bldg" | "Dept" | "vs" | "e.g" | "i.e")
}
