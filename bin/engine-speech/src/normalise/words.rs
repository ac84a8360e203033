//! Words with the punctuation around them, and what a reader makes of them.

/// A word between spaces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word<'a> {
    /// Opening quotes and brackets.
    pub(super) open: &'a str,
    /// The word itself; empty for punctuation that stands alone.
    pub(super) core: &'a str,
    /// Closing punctuation.
    pub(super) close: &'a str,
}

/// How some words are read.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    /// The spoken words.
    pub(super) text: String,
    /// How many written words they stand for.
    pub(super) used: usize,
    /// Punctuation before it, if not that of the first written word.
    pub(super) open: Option<&'a str>,
    /// Punctuation after it, if not that of the last written word.
    pub(super) close: Option<&'a str>,
}

impl<'a> Reading<'a> {
    /// One word, read so.
    pub(super) fn one(text: impl Into<String>) -> Option<Reading<'a>> {
        Reading::of(text, 1)
    }

    /// `used` words, read so.
    pub(super) fn of(text: impl Into<String>, used: usize) -> Option<Reading<'a>> {
        Some(Reading::closed(text, used, None))
    }

    /// `used` words, read so, with other punctuation after them.
    pub(super) fn closed(text: impl Into<String>, used: usize, close: impl Into<Option<&'a str>>) -> Reading<'a> {
        Reading { text: text.into(), used, open: None, close: close.into() }
    }

    /// An ordinary word.
    pub(super) fn as_written(place: &Place<'a>) -> Reading<'a> {
        Reading::closed(place.core(), 1, None)
    }
}

/// A word among its neighbours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    words: &'a [Word<'a>],
    at: usize,
}

impl<'a> Place<'a> {
    /// The word at `at`, which must be there.
    pub(super) fn new(words: &'a [Word<'a>], at: usize) -> Place<'a> {
        Place { words, at }
    }

    /// The word itself.
    pub(super) fn core(&self) -> &'a str {
        self.words[self.at].core
    }

    /// The punctuation before it.
    pub(super) fn open(&self) -> &'a str {
        self.words[self.at].open
    }

    /// The punctuation after it.
    pub(super) fn close(&self) -> &'a str {
        self.words[self.at].close
    }

    /// The word `steps` further.
    pub(super) fn ahead(&self, steps: usize) -> Option<Place<'a>> {
        let at = self.at + steps;
        (at < self.words.len()).then_some(Place { words: self.words, at })
    }

    /// The word `steps` before.
    pub(super) fn behind(&self, steps: usize) -> Option<Place<'a>> {
        self.at.checked_sub(steps).map(|at| Place { words: self.words, at })
    }

    /// The next word if no punctuation is between.
    pub(super) fn joined(&self) -> Option<Place<'a>> {
        self.ahead(1).filter(|next| self.close().is_empty() && next.open().is_empty())
    }

    /// The previous word if no punctuation is between.
    pub(super) fn before(&self) -> Option<Place<'a>> {
        self.behind(1).filter(|previous| previous.close().is_empty() && self.open().is_empty())
    }

    /// Does it begin with a capital?
    pub(super) fn is_capitalised(&self) -> bool {
        self.core().starts_with(char::is_uppercase)
    }

    /// A reading of an abbreviation that may end in a full stop: the stop remains only where a sentence ends, that is at
    /// the end of the text or before a capital that `is_name` does not explain.
    pub(super) fn abbreviated(&self, text: String, used: usize, is_name: impl Fn(&str) -> bool) -> Reading<'a> {
        let last = self.ahead(used - 1).unwrap_or(*self);
        let Some(after) = last.close().strip_prefix('.') else {
            return Reading::closed(text, used, None);
        };
        let ends = last.ahead(1).is_none_or(|next| next.is_capitalised() && !is_name(next.core()));
        let kept = ends && !after.starts_with([',', ';', ':', '?', '!']);
        Reading::closed(text, used, if kept { last.close() } else { after })
    }
}

const OPENING: &[char] = &['"', '\'', '('];
const CLOSING: &[char] = &['"', '\'', ')', '.', ',', ';', ':', '!', '?', '…', '—'];

/// Cuts a text at its spaces.
pub(super) fn split(text: &str) -> Vec<Word<'_>> {
    text.split_whitespace().map(word).collect()
}

fn word(text: &str) -> Word<'_> {
    let inner = text.trim_start_matches(OPENING);
    let (open, rest) = text.split_at(text.len() - inner.len());
    let core = rest.trim_end_matches(CLOSING);
    let (core, close) = rest.split_at(core.len());
    Word { open, core, close }
}
