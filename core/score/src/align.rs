use crate::words::{Word, normalise};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Word errors of a hypothesis against its reference. Adds up over utterances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordErrors {
    /// Words of the reference, in normal form.
    pub reference: usize,
    /// Words of the reference that were heard as another.
    pub substitutions: usize,
    /// Words of the reference that were not heard.
    pub deletions: usize,
    /// Words heard that nobody said.
    pub insertions: usize,
}

impl WordErrors {
    /// Substitutions, deletions and insertions together.
    pub fn total(&self) -> usize {
        self.substitutions + self.deletions + self.insertions
    }

    /// Words of the reference that were heard.
    pub fn hits(&self) -> usize {
        self.reference - self.substitutions - self.deletions
    }

    /// The word error rate, `(S + D + I) / N`. Above 1 where more was heard than said; against an empty reference it is
    /// 0 when nothing was heard and else the number of words heard.
    pub fn rate(&self) -> f64 {
        self.total() as f64 / self.reference.max(1) as f64
    }
}

impl std::ops::AddAssign for WordErrors {
    fn add_assign(&mut self, other: WordErrors) {
        self.reference += other.reference;
        self.substitutions += other.substitutions;
        self.deletions += other.deletions;
        self.insertions += other.insertions;
    }
}

/// One step of an alignment. Numbers are places in the two lists of words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The same word. Two words on one side where the other writes them together (`check in`, `checkin`).
    Match {
        /// One word of the reference, or two.
        reference: Range<usize>,
        /// One word of the hypothesis, or two.
        hypothesis: Range<usize>,
    },
    /// One word heard as another.
    Substitution {
        /// Place in the reference.
        reference: usize,
        /// Place in the hypothesis.
        hypothesis: usize,
    },
    /// A word of the reference that was not heard.
    Deletion {
        /// Place in the reference.
        reference: usize,
    },
    /// A word heard that the reference has not.
    Insertion {
        /// Place in the hypothesis.
        hypothesis: usize,
    },
}

/// What was said beside what was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// How many words differ.
    pub errors: WordErrors,
    /// Byte ranges of what was said that were not heard so; in order, apart from each other.
    pub said: Vec<Range<usize>>,
    /// Byte ranges of what was heard that were not said so; in order, apart from each other.
    pub heard: Vec<Range<usize>>,
}

/// Compares two transcripts of the same speech in their normal form.
pub fn compare(said: &str, heard: &str) -> Comparison {
    let (reference, hypothesis) = (normalise(said), normalise(heard));
    let mut errors = WordErrors { reference: reference.len(), ..WordErrors::default() };
    let (mut missed, mut wrong) = (Vec::new(), Vec::new());
    for step in align(&reference, &hypothesis) {
        match step {
            Step::Match { .. } => {}
            Step::Substitution { reference: r, hypothesis: h } => {
                errors.substitutions += 1;
                missed.push(reference[r].span.clone());
                wrong.push(hypothesis[h].span.clone());
            }
            Step::Deletion { reference: r } => {
                errors.deletions += 1;
                missed.push(reference[r].span.clone());
            }
            Step::Insertion { hypothesis: h } => {
                errors.insertions += 1;
                wrong.push(hypothesis[h].span.clone());
            }
        }
    }
    Comparison { errors, said: joined(missed), heard: joined(wrong) }
}

/// Ranges that touch or overlap become one: the digits of a number share a range.
fn joined(ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let mut out: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// The alignment with the fewest errors (Levenshtein distance over words, where words written together or apart are
/// equal). Among equals a match is preferred, then a substitution, then a deletion. Time and memory grow with the product
/// of both lengths.
pub fn align(reference: &[Word], hypothesis: &[Word]) -> Vec<Step> {
    let table = Table::fill(reference, hypothesis);
    let (mut r, mut h) = (reference.len(), hypothesis.len());
    let mut steps = Vec::with_capacity(r.max(h));
    while r > 0 || h > 0 {
        let step = table.last_step(r, h);
        (r, h) = match &step {
            Step::Match { reference, hypothesis } => (reference.start, hypothesis.start),
            Step::Substitution { .. } => (r - 1, h - 1),
            Step::Deletion { .. } => (r - 1, h),
            Step::Insertion { .. } => (r, h - 1),
        };
        steps.push(step);
    }
    steps.reverse();
    steps
}

struct Table<'a> {
    reference: &'a [Word],
    hypothesis: &'a [Word],
    cost: Vec<u32>,
}

impl<'a> Table<'a> {
    fn fill(reference: &'a [Word], hypothesis: &'a [Word]) -> Table<'a> {
        let cost = vec![0; (reference.len() + 1) * (hypothesis.len() + 1)];
        let mut table = Table { reference, hypothesis, cost };
        for r in 0..=reference.len() {
            for h in 0..=hypothesis.len() {
                let best = if r == 0 || h == 0 { (r + h) as u32 } else { table.cheapest(r, h) };
                let place = table.place(r, h);
                table.cost[place] = best;
            }
        }
        table
    }

    fn cheapest(&self, r: usize, h: usize) -> u32 {
        let edit = self.at(r - 1, h - 1).min(self.at(r - 1, h)).min(self.at(r, h - 1)) + 1;
        self.matches(r, h).map(|(dr, dh)| self.at(r - dr, h - dh)).fold(edit, u32::min)
    }

    /// How many words on each side end at `(r, h)` as the same word.
    fn matches(&self, r: usize, h: usize) -> impl Iterator<Item = (usize, usize)> {
        let (a, b) = (self.reference, self.hypothesis);
        let one = a[r - 1].text == b[h - 1].text;
        let apart = r > 1 && together(&a[r - 2].text, &a[r - 1].text, &b[h - 1].text);
        let joined = h > 1 && together(&b[h - 2].text, &b[h - 1].text, &a[r - 1].text);
        [(one, (1, 1)), (apart, (2, 1)), (joined, (1, 2))].into_iter().filter(|(holds, _)| *holds).map(|(_, d)| d)
    }

    fn last_step(&self, r: usize, h: usize) -> Step {
        if r == 0 {
            return Step::Insertion { hypothesis: h - 1 };
        }
        if h == 0 {
            return Step::Deletion { reference: r - 1 };
        }
        let here = self.at(r, h);
        if let Some((dr, dh)) = self.matches(r, h).find(|&(dr, dh)| self.at(r - dr, h - dh) == here) {
            return Step::Match { reference: r - dr..r, hypothesis: h - dh..h };
        }
        if self.at(r - 1, h - 1) + 1 == here {
            Step::Substitution { reference: r - 1, hypothesis: h - 1 }
        } else if self.at(r - 1, h) + 1 == here {
            Step::Deletion { reference: r - 1 }
        } else {
            Step::Insertion { hypothesis: h - 1 }
        }
    }

    fn at(&self, r: usize, h: usize) -> u32 {
        self.cost[self.place(r, h)]
    }

    fn place(&self, r: usize, h: usize) -> usize {
        r * (self.hypothesis.len() + 1) + h
    }
}

fn together(first: &str, second: &str, whole: &str) -> bool {
    whole.len() == first.len() + second.len() && whole.starts_with(first) && whole.ends_with(second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn errors(said: &str, heard: &str) -> (usize, usize, usize) {
        let e = compare(said, heard).errors;
        (e.substitutions, e.deletions, e.insertions)
    }

    #[test]
    fn each_kind_of_error_is_counted_as_such() {
        assert_eq!(errors("the red car", "the bed car"), (1, 0, 0));
        assert_eq!(errors("the red car", "the car"), (0, 1, 0));
        assert_eq!(errors("the car", "the red car"), (0, 0, 1));
        assert_eq!(errors("code 47291", "code 47391"), (1, 0, 0));
        assert_eq!(errors("please send an e-mail", "please send an email"), (0, 0, 0));
        assert_eq!(errors("at the airport", "at the air port"), (0, 0, 0));
    }

    #[test]
    fn rates_at_the_edges() {
        assert_eq!(compare("", "").errors.rate(), 0.0);
        assert_eq!(compare("", "two words").errors.rate(), 2.0);
        assert_eq!(compare("hello there", "").errors.rate(), 1.0);
        assert_eq!(compare("one of four words", "one of for words").errors.rate(), 0.25);
    }

    #[test]
    fn ranges_point_at_the_words_that_differ() {
        let (said, heard) = ("Table for two, at $130!", "Table for you, at $140.");
        let c = compare(said, heard);
        let words =
            |text: &str, ranges: &[Range<usize>]| ranges.iter().map(|r| text[r.clone()].to_owned()).collect::<Vec<_>>();
        assert_eq!(words(said, &c.said), ["two", "$130"]);
        assert_eq!(words(heard, &c.heard), ["you", "$140"]);
    }

    #[test]
    fn utterances_add_up() {
        let mut sum = compare("a b", "a c").errors;
        sum += compare("one two", "one two three").errors;
        assert_eq!(sum.total(), compare("a b", "a c").errors.total() + 1);
    }

    fn sentence() -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(&["red", "blue", "redblue", "car", "24", "I'm", "9:30"][..]), 0..12)
            .prop_map(|words| words.join(" "))
    }

    proptest! {
        #[test]
        fn nothing_differs_from_itself(text in "\\PC{0,80}") {
            let c = compare(&text, &text);
            prop_assert_eq!(c.errors.total(), 0);
            prop_assert!(c.said.is_empty() && c.heard.is_empty());
        }

        #[test]
        fn the_number_of_errors_is_symmetric_and_bounded(a in sentence(), b in sentence()) {
            let (ab, ba) = (compare(&a, &b).errors, compare(&b, &a).errors);
            prop_assert_eq!(ab.total(), ba.total());
            prop_assert!(ab.total() <= ab.reference.max(ba.reference));
            prop_assert_eq!(ab.hits() + ab.substitutions + ab.deletions, ab.reference);
        }

        #[test]
        fn an_alignment_visits_every_word_once_and_in_order(a in sentence(), b in sentence()) {
            let (a, b) = (normalise(&a), normalise(&b));
            let (mut r, mut h) = (0, 0);
            for step in align(&a, &b) {
                match step {
                    Step::Match { reference, hypothesis } => {
                        prop_assert_eq!((reference.start, hypothesis.start), (r, h));
                        let text = |words: &[Word]| words.iter().map(|w| w.text.as_str()).collect::<String>();
                        prop_assert_eq!(text(&a[reference.clone()]), text(&b[hypothesis.clone()]));
                        (r, h) = (reference.end, hypothesis.end);
                    }
                    Step::Substitution { reference, hypothesis } => {
                        prop_assert_eq!((reference, hypothesis), (r, h));
                        (r, h) = (r + 1, h + 1);
                    }
                    Step::Deletion { reference } => { prop_assert_eq!(reference, r); r += 1; }
                    Step::Insertion { hypothesis } => { prop_assert_eq!(hypothesis, h); h += 1; }
                }
            }
            prop_assert_eq!((r, h), (a.len(), b.len()));
        }

        #[test]
        fn one_lost_word_costs_at_most_one(text in sentence(), drop in 0usize..12) {
            let mut words: Vec<&str> = text.split_whitespace().filter(|w| w.chars().all(char::is_alphabetic)).collect();
            let whole = words.join(" ");
            if drop < words.len() { words.remove(drop); }
            prop_assert!(compare(&whole, &words.join(" ")).errors.total() <= 1);
        }
    }
}
