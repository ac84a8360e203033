//! Numbers with their nouns.

use std::fmt::Display;

/// `1 turn`, `2 turns`; `one` is what one of them is called.
pub fn counted<N: Display + PartialEq + From<u8>>(n: N, one: &str) -> String {
    let many = if n == N::from(1) { "" } else { "s" };
    format!("{n} {one}{many}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!([0_u32, 1, 2].map(|n| counted(n, "turn")), ["0 turns", "1 turn", "2 turns"]);
        assert_eq!((counted(1_usize, "step"), counted(1.0, "second")), ("1 step".into(), "1 second".into()));
    }
}
