/// Turns what a small model writes into what can be spoken, piece by piece: without a repeated speaker's name, quotation
/// marks, markup and stage directions ("*smiles*", "(laughing)"), and with a capital at its beginning.
///
/// Text is passed on as soon as it is certain. What stands in round or square brackets, and what stands between single
/// asterisks at the beginning of a sentence, is dropped; "**free**" is spoken without its asterisks.
#[derive(Debug)]
pub(super) struct LineCleaner {
    /// "joe:", as it may stand before the line.
    prefix: String,
    /// The beginning of the line, until it is clear whether it is the prefix.
    start: Option<String>,
    /// Which mark ends what is being dropped.
    dropping: Option<char>,
    /// One asterisk, of which it is not clear yet whether a second one follows.
    asterisk: bool,
    /// A blank is written only before a word, so that what was dropped leaves no gap.
    blank: bool,
    /// The last character that was passed on.
    last: Option<char>,
}

impl LineCleaner {
    /// For a line of `speaker`.
    pub(super) fn new(speaker: &str) -> LineCleaner {
        let prefix = format!("{}:", speaker.to_lowercase());
        LineCleaner { prefix, start: Some(String::new()), dropping: None, asterisk: false, blank: false, last: None }
    }

    /// Adds a piece and returns what is certain.
    pub(super) fn push(&mut self, piece: &str) -> String {
        let Some(start) = &mut self.start else { return self.clean(piece) };
        start.push_str(piece);
        let line = start.trim_start_matches(|c: char| c.is_whitespace() || is_quote(c));
        let lower = line.to_lowercase();
        if lower.len() < self.prefix.len() && self.prefix.starts_with(&lower) {
            return String::new();
        }
        // A name whose lower case has another length in bytes is left where it is.
        let behind = if lower.starts_with(&self.prefix) { line.get(self.prefix.len()..) } else { None };
        let line = behind.unwrap_or(line).to_owned();
        self.start = None;
        self.clean(&line)
    }

    /// What was held back, at the end of the line.
    pub(super) fn finish(mut self) -> String {
        let start = self.start.take().unwrap_or_default();
        self.clean(&start)
    }

    fn clean(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            self.step(c, &mut out);
        }
        out
    }

    fn step(&mut self, c: char, out: &mut String) {
        let after_asterisk = std::mem::take(&mut self.asterisk);
        if after_asterisk && c != '*' && self.dropping.is_none() && self.begins_sentence() {
            self.dropping = Some('*');
        }
        match (self.dropping, c) {
            (Some(end), c) if c == end => self.dropping = None,
            (Some(_), _) => {}
            (None, '*') => self.asterisk = !after_asterisk,
            (None, '(') => self.dropping = Some(')'),
            (None, '[') => self.dropping = Some(']'),
            (None, c) if is_quote(c) || matches!(c, '_' | '`' | '#') => {}
            (None, c) if c.is_whitespace() => self.blank = self.last.is_some(),
            (None, c) => {
                if std::mem::take(&mut self.blank) && !is_mark(c) {
                    out.push(' ');
                }
                out.push(if self.last.is_none() { capital(c) } else { c });
                self.last = Some(c);
            }
        }
    }

    fn begins_sentence(&self) -> bool {
        self.last.is_none_or(|last| matches!(last, '.' | '!' | '?' | '…'))
    }
}

/// As a line begins; a letter without a single capital stays.
fn capital(c: char) -> char {
    let mut upper = c.to_uppercase();
    if upper.len() == 1 { upper.next().unwrap_or(c) } else { c }
}

fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

/// Stands directly behind a word.
fn is_mark(c: char) -> bool {
    matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '…')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn clean(pieces: &[&str]) -> String {
        let mut cleaner = LineCleaner::new("Joe");
        let mut out: String = pieces.iter().map(|piece| cleaner.push(piece)).collect();
        out.push_str(&cleaner.finish());
        out
    }

    #[test]
    fn the_speakers_name_is_not_spoken_before_the_line_but_within_it() {
        assert_eq!(clean(&[" Jo", "e: Hello, this", " is Joe: a friend."]), "Hello, this is Joe: a friend.");
        assert_eq!(clean(&["\"JOE:", " Hi\""]), "Hi");
        assert_eq!(clean(&[" Jo"]), "Jo");
        assert_eq!(clean(&[" Joel: hm"]), "Joel: hm");
        assert_eq!(clean(&[" Joe: a", " red light"]), "A red light");
    }

    #[test]
    fn stage_directions_and_markup_are_dropped_and_leave_no_gaps() {
        assert_eq!(clean(&["*smi", "les* Hello. *nods* It is **fr", "ee** (of charge)."]), "Hello. It is free.");
        assert_eq!(clean(&["(laughs) “Well”, it's [pause] `ten`  dollars."]), "Well, it's ten dollars.");
        assert_eq!(clean(&["That is *really* good (I thin"]), "That is really good");
    }

    #[test]
    fn plain_text_is_passed_on_at_once() {
        let mut cleaner = LineCleaner::new("Joe");
        assert_eq!(cleaner.push(" I'll"), "I'll");
        assert_eq!(cleaner.push(" look,"), " look,");
        assert_eq!(cleaner.push(" one moment."), " one moment.");
        assert_eq!(cleaner.finish(), "");
    }

    proptest! {
        #[test]
        fn however_a_line_is_cut_the_same_is_spoken(line in "[Joe:*()\" a.\u{e9}]{0,30}", at in 0usize..30) {
            let cut = (0..=at.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
            prop_assert_eq!(clean(&[&line[..cut], &line[cut..]]), clean(&[&line]));
        }
    }
}
