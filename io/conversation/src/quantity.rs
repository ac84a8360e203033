//! Numbers with their nouns.

use std::fmt::Display;

/// `1 turn`, `2 turns`; `one` is what one of them is called.
pub fn counted<N: Display + PartialEq + From<u8>>(n: N, one: &str) -> String {
    let many = if n == N::from(1) { "" } else { "s" };
    format!("{n} {one}{many}")
}

/// US dollars as people read small amounts: `$0.0031`, `$1.25`, `$0.000042`.
pub fn dollars(amount: f64) -> String {
    if amount == 0.0 {
        return "$0".to_owned();
    }
    let places = if amount < 0.000_95 { 6 } else { 4 };
    let mut text = format!("${amount:.places$}");
    // Cents stay.
    while text.ends_with('0') && text.rsplit('.').next().is_none_or(|cents| cents.len() > 2) {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_amounts_keep_their_digits() {
        let told = [0.0, 0.0031, 0.000_042, 0.25, 1.25, 12.0].map(dollars);
        assert_eq!(told, ["$0", "$0.0031", "$0.000042", "$0.25", "$1.25", "$12.00"]);
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!([0_u32, 1, 2].map(|n| counted(n, "turn")), ["0 turns", "1 turn", "2 turns"]);
        assert_eq!((counted(1_usize, "step"), counted(1.0, "second")), ("1 step".into(), "1 second".into()));
    }
}
