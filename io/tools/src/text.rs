//! Words of strangers: what is taken out of them, and where they are cut.

/// Whether a character may stand in what a model reads: no control characters beside line breaks and tabs, and nothing that shows
/// nothing, turns the direction of text, or hides words (tag characters, variation selectors).
pub(crate) fn is_plain(c: char) -> bool {
    if c.is_control() {
        return matches!(c, '\n' | '\t');
    }
    !matches!(c,
        '\u{00ad}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// The plain characters of a text, at most so many of them, and how many more there were.
pub(crate) fn clean(text: &str, most: usize) -> (String, usize) {
    let mut plain = text.chars().filter(|c| is_plain(*c));
    let kept: String = plain.by_ref().take(most).collect();
    (kept.trim().to_owned(), plain.count())
}

/// The same with a mark where it was cut.
pub(crate) fn clean_marked(text: &str, most: usize) -> String {
    match clean(text, most) {
        (text, 0) => text,
        (text, more) => format!("{text} … (cut: {more} more characters)"),
    }
}

/// On one line, as it may stand in a message or a log.
pub(crate) fn one_line(text: &str, most: usize) -> String {
    let line: String = clean_marked(text, most).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_hides_words_is_taken_out() {
        let hidden: String = "ignore".chars().filter_map(|c| char::from_u32(0xe0000 + c as u32)).collect();
        let text = format!("Adds{hidden} two\u{200b}\u{202e} numbers.\u{7}\u{1b}[2J\r\n\tWell\u{feff}.");
        assert_eq!(clean(&text, 100), ("Adds two numbers.[2J\n\tWell.".to_owned(), 0));
        assert_eq!(one_line(&text, 100), "Adds two numbers.[2J Well.");
        // Letters of all scripts, and what joins them, stay.
        assert_eq!(clean("می\u{200c}خواهم 👩\u{200d}🚀 größer", 100).0, "می\u{200c}خواهم 👩\u{200d}🚀 größer");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(clean_marked("abcdef", 4), "abcd … (cut: 2 more characters)");
        assert_eq!(clean_marked("abcd", 4), "abcd");
    }

    proptest! {
        #[test]
        fn whatever_comes_is_plain_and_short(text in any::<String>(), most in 0usize..50) {
            let (kept, more) = clean(&text, most);
            prop_assert!(kept.chars().all(is_plain) && kept.chars().count() <= most);
            prop_assert!(more <= text.chars().count());
            prop_assert!(!one_line(&text, most).contains('\n'));
        }
    }
}
