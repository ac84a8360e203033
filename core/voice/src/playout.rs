use crate::effect::SpokenWord;
use duologue_media::{FRAMES_PER_SECOND, Frame, Resampler};
use std::collections::VecDeque;
use std::time::Duration;

/// The voice of one reply on its way out: clauses in order, and how much of each was really played.
pub(crate) struct Playout {
    rate: u32,
    clauses: VecDeque<Clause>,
    /// Clauses that were played to their end.
    heard: Vec<String>,
    /// Places of [`Playout::begun`] in them.
    passed: usize,
    started: bool,
}

/// Shorter than any sound of a word.
const NEARLY_NOTHING: Duration = Duration::from_millis(60);
/// A usual pace of speech.
const CHARS_PER_SECOND: usize = 15;

struct Clause {
    index: u32,
    text: String,
    resampler: Option<Resampler>,
    samples: Vec<i16>,
    /// When its first words are spoken, as far as it is known.
    words: Vec<SpokenWord>,
    played: usize,
    complete: bool,
    /// How often its sound broke off before it was played.
    begun_again: u8,
}

impl Playout {
    pub(crate) fn new(rate: u32) -> Playout {
        Playout { rate, clauses: VecDeque::new(), heard: Vec::new(), passed: 0, started: false }
    }

    /// A clause whose sound was asked for.
    pub(crate) fn expect(&mut self, index: u32, text: String) {
        self.clauses.push_back(Clause {
            index,
            text,
            resampler: None,
            samples: Vec::new(),
            words: Vec::new(),
            played: 0,
            complete: false,
            begun_again: 0,
        });
    }

    /// Sound of clause `index`, at any rate.
    pub(crate) fn push(&mut self, index: u32, rate: u32, samples: &[i16]) {
        let out = self.rate;
        let Some(clause) = self.clauses.iter_mut().find(|c| c.index == index && !c.complete) else { return };
        if rate == out {
            clause.samples.extend_from_slice(samples);
        } else {
            clause.resampler.get_or_insert_with(|| Resampler::new(rate, out)).push(samples, &mut clause.samples);
        }
    }

    /// When the next words of clause `index` are spoken.
    pub(crate) fn time_words(&mut self, index: u32, words: Vec<SpokenWord>) {
        if let Some(clause) = self.clauses.iter_mut().find(|c| c.index == index) {
            clause.words.extend(words);
        }
    }

    /// Clause `index` has all its sound.
    pub(crate) fn complete(&mut self, index: u32) {
        if let Some(clause) = self.clauses.iter_mut().find(|c| c.index == index) {
            clause.complete = true;
            if let Some(mut resampler) = clause.resampler.take() {
                resampler.finish(&mut clause.samples);
            }
        }
    }

    /// More words of clause `index`, which may come after its sound.
    pub(crate) fn append_text(&mut self, index: u32, more: &str) {
        let at = index as usize;
        let clause = self.clauses.iter_mut().find(|c| c.index == index).map(|c| &mut c.text);
        if let Some(text) = clause.or(self.heard.get_mut(at)) {
            text.push_str(if text.is_empty() { more.trim_start() } else { more });
        }
    }

    /// How much of clause `index` was played: nothing, so much, or (`Some(None)`) all.
    pub(crate) fn reached(&self, index: u32) -> Option<Option<Duration>> {
        if (index as usize) < self.heard.len() {
            return Some(None);
        }
        let clause = self.clauses.iter().find(|c| c.index == index && c.played > 0)?;
        Some(Some(Duration::from_nanos(clause.played as u64 * 1_000_000_000 / u64::from(self.rate))))
    }

    /// Sound that waits to be played.
    pub(crate) fn buffered(&self) -> Duration {
        let samples: usize = self.clauses.iter().map(|c| c.samples.len() - c.played).sum();
        Duration::from_secs_f64(samples as f64 / f64::from(self.rate))
    }

    /// All sound is there, and less of it is left than anybody would miss.
    pub(crate) fn is_nearly_over(&self) -> bool {
        self.clauses.iter().all(|c| c.complete) && self.buffered() <= NEARLY_NOTHING
    }

    /// Clauses asked for that are not complete.
    pub(crate) fn outstanding(&self) -> usize {
        self.clauses.iter().filter(|c| !c.complete).count()
    }

    /// Whether a frame was played.
    pub(crate) fn started(&self) -> bool {
        self.started
    }

    /// Nothing is left to play, nor expected.
    pub(crate) fn is_drained(&mut self) -> bool {
        self.retire();
        self.clauses.is_empty()
    }

    /// The next 20 ms, or `None` while sound is awaited. `last` says that no clause will follow, so that an incomplete
    /// frame is filled up with silence.
    pub(crate) fn next_frame(&mut self, last: bool) -> Option<Frame> {
        let want = (self.rate / FRAMES_PER_SECOND) as usize;
        let ready: usize = self.ready_samples();
        let all_complete = self.clauses.iter().all(|c| c.complete);
        if ready == 0 || (ready < want && !(last && all_complete)) {
            return None;
        }
        let mut samples = Vec::with_capacity(want);
        for clause in &mut self.clauses {
            let take = (want - samples.len()).min(clause.samples.len() - clause.played);
            samples.extend_from_slice(&clause.samples[clause.played..clause.played + take]);
            clause.played += take;
            if samples.len() == want || !clause.complete {
                break;
            }
        }
        samples.resize(want, 0);
        self.started = true;
        self.retire();
        Frame::new(self.rate, samples).ok()
    }

    /// How many places playback has reached: the beginning of a clause is one, and of a word whose time is known.
    pub(crate) fn begun(&self) -> usize {
        let begun = self.clauses.iter().filter(|c| c.played > 0);
        self.passed + begun.map(|c| 1 + c.words_begun(self.rate)).sum::<usize>()
    }

    /// All clauses, heard or not.
    pub(crate) fn texts(&self) -> Vec<&str> {
        self.heard.iter().map(String::as_str).chain(self.clauses.iter().map(|c| c.text.as_str())).collect()
    }

    /// Forgets the sound of clause `index`, where none of it was played yet; its text, to be spoken again. Of each clause at
    /// most so many times.
    pub(crate) fn begin_again(&mut self, index: u32, at_most: u8) -> Option<String> {
        let clause = self.clauses.iter_mut().find(|c| c.index == index && c.played == 0 && c.begun_again < at_most)?;
        clause.begun_again += 1;
        clause.samples.clear();
        clause.words.clear();
        clause.resampler = None;
        Some(clause.text.clone())
    }

    /// What has begun to be played: whole clauses, or the words of one where their times are known.
    pub(crate) fn begun_text(&self) -> String {
        let begun = self.clauses.iter().filter(|c| c.played > 0).map(|c| c.begun_text(self.rate));
        self.heard.iter().cloned().chain(begun).collect::<Vec<_>>().join(" ")
    }

    /// What was heard: whole clauses, and of the one being played the words that lie for more than half before the point
    /// of playback, by their times where the voice told them, else by their share of the clause's length.
    pub(crate) fn heard_text(&self) -> String {
        let mut parts: Vec<String> = self.heard.clone();
        parts.extend(self.clauses.iter().filter(|c| c.played > 0).map(|c| c.heard(self.rate)));
        parts.retain(|p| !p.is_empty());
        parts.join(" ")
    }

    /// Samples of consecutive clauses that can be played now; a gap behind an incomplete clause ends the count.
    fn ready_samples(&self) -> usize {
        let mut ready = 0;
        for clause in &self.clauses {
            ready += clause.samples.len() - clause.played;
            if !clause.complete {
                break;
            }
        }
        ready
    }

    fn retire(&mut self) {
        while self.clauses.front().is_some_and(|c| c.complete && c.played == c.samples.len()) {
            if let Some(clause) = self.clauses.pop_front() {
                self.passed += 1 + clause.words.len();
                // Words that never became sound were not heard.
                self.heard.push(if clause.samples.is_empty() { String::new() } else { clause.text });
            }
        }
    }
}

impl Clause {
    fn heard(&self, rate: u32) -> String {
        let words: Vec<&str> = self.text.split_whitespace().collect();
        let count = self.heard_by_times(&words, rate).unwrap_or_else(|| self.heard_by_share(&words, rate));
        words.get(..count).unwrap_or_default().join(" ")
    }

    fn begun_text(&self, rate: u32) -> String {
        let words: Vec<&str> = self.text.split_whitespace().collect();
        match self.timed(&words) {
            Some(timed) if self.words_begun(rate) < timed => {
                words.get(..self.words_begun(rate).max(1)).unwrap_or_default().join(" ")
            }
            _ => self.text.clone(),
        }
    }

    fn words_begun(&self, rate: u32) -> usize {
        let played = self.played_for(rate);
        self.words.iter().take_while(|w| w.start < played).count()
    }

    fn played_for(&self, rate: u32) -> Duration {
        Duration::from_secs_f64(self.played as f64 / f64::from(rate))
    }

    /// Of how many words the times are known; `None` where there are none, or of other words.
    fn timed(&self, words: &[&str]) -> Option<usize> {
        let timed = self.words.iter().zip(words).take_while(|(timed, word)| timed.text == **word).count();
        (timed > 0 && timed == self.words.len()).then_some(timed)
    }

    /// How many words were heard, by their times.
    fn heard_by_times(&self, words: &[&str], rate: u32) -> Option<usize> {
        let timed = self.timed(words)?;
        let played = self.played_for(rate);
        let heard = self.words.iter().take_while(|w| w.start + w.end.saturating_sub(w.start) / 2 <= played).count();
        // Words behind the last known time: of a complete clause none is missing, so their sound was told by nobody.
        let rest_unknown = heard == timed && timed < words.len() && self.complete;
        (!rest_unknown).then_some(heard)
    }

    fn heard_by_share(&self, words: &[&str], rate: u32) -> usize {
        // A clause still being synthesised is longer than what is there: assume a usual pace.
        let estimated = if self.complete { 0 } else { self.text.chars().count() * rate as usize / CHARS_PER_SECOND };
        let total = self.samples.len().max(estimated).max(1);
        let letters = self.text.chars().count().max(1);
        let reached = self.played as f64 / total as f64 * letters as f64;
        let mut at = 0;
        let heard = words.iter().take_while(|word| {
            let (begins, len) = (at, word.chars().count());
            at += len + 1;
            begins as f64 + len as f64 / 2.0 <= reached
        });
        heard.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playout() -> Playout {
        let mut p = Playout::new(16_000);
        p.expect(0, "one two three four".into());
        p.expect(1, "five six".into());
        p
    }

    #[test]
    fn clauses_play_in_order_whatever_order_their_sound_comes_in() {
        let mut p = playout();
        p.push(1, 16_000, &[2; 320]);
        p.complete(1);
        assert!(p.next_frame(true).is_none(), "clause 0 is awaited");
        p.push(0, 16_000, &[1; 320]);
        p.complete(0);
        assert_eq!(p.next_frame(true).map(|f| f.samples()[0]), Some(1));
        assert_eq!(p.next_frame(true).map(|f| f.samples()[0]), Some(2));
        assert!(p.is_drained());
        assert_eq!(p.heard_text(), "one two three four five six");
    }

    #[test]
    fn it_is_nearly_over_once_a_breath_is_left_and_none_awaited() {
        let mut p = Playout::new(16_000);
        p.expect(0, "one".into());
        p.push(0, 16_000, &[2_000; 1_600]);
        assert_eq!((0..2).filter(|_| p.next_frame(false).is_some()).count(), 2);
        assert!(!p.is_nearly_over(), "60 ms are left, and more may come");
        p.complete(0);
        assert!(p.is_nearly_over());
        p.expect(1, "two".into());
        assert!(!p.is_nearly_over());
    }

    #[test]
    fn half_a_clause_leaves_half_its_words() {
        let mut p = playout();
        p.push(0, 16_000, &[1; 3_200]);
        p.complete(0);
        for _ in 0..5 {
            assert!(p.next_frame(false).is_some());
        }
        assert_eq!(p.heard_text(), "one two");
        assert_eq!(p.begun_text(), "one two three four");
    }

    fn timed(words: &[(&str, u64, u64)]) -> Vec<SpokenWord> {
        let at = Duration::from_millis;
        words
            .iter()
            .map(|(text, from, to)| SpokenWord { text: (*text).into(), start: at(*from), end: at(*to) })
            .collect()
    }

    /// What is kept of "one two three four", 200 ms long, after 100 ms with these times.
    fn kept(words: &[(&str, u64, u64)], complete: bool) -> String {
        let mut p = playout();
        p.push(0, 16_000, &[1; 3_200]);
        p.time_words(0, timed(words));
        if complete {
            p.complete(0);
        }
        assert_eq!((0..5).filter(|_| p.next_frame(false).is_some()).count(), 5);
        p.heard_text()
    }

    #[test]
    fn the_times_of_words_tell_which_were_heard() {
        let slow = [("one", 0, 90), ("two", 95, 190), ("three", 190, 195), ("four", 195, 200)];
        assert_eq!(kept(&slow, true), "one");
        let quick = [("one", 0, 10), ("two", 10, 20), ("three", 20, 30), ("four", 90, 110)];
        assert_eq!(kept(&quick, true), "one two three four");
        // Those of the end have not come yet, nor their sound.
        assert_eq!(kept(&quick[..2], false), "one two");
    }

    #[test]
    fn words_begin_one_by_one_where_their_times_are_known() {
        let mut p = playout();
        p.push(0, 16_000, &[1; 3_200]);
        p.time_words(0, timed(&[("one", 0, 50), ("two", 50, 90), ("three", 90, 150), ("four", 150, 200)]));
        p.complete(0);
        let mut told = vec![(p.begun(), p.begun_text())];
        while p.next_frame(false).is_some() {
            if p.begun() > told[told.len() - 1].0 {
                told.push((p.begun(), p.begun_text()));
            }
        }
        let texts: Vec<&str> = told.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["", "one", "one two", "one two three", "one two three four"]);
    }

    #[test]
    fn times_of_other_words_are_no_use() {
        assert_eq!(kept(&[("1", 0, 10), ("2", 10, 20)], true), "one two");
        assert_eq!(kept(&[("one", 0, 1), ("too", 1, 2), ("three", 2, 3)], true), "one two");
        assert_eq!(kept(&[("one", 0, 1)], true), "one two", "a voice that tells the time of one word only");
    }

    #[test]
    fn a_short_rest_waits_for_the_next_clause_unless_there_is_none() {
        let mut p = playout();
        p.push(0, 16_000, &[1; 100]);
        p.complete(0);
        assert!(p.next_frame(false).is_none());
        p.complete(1);
        assert_eq!(p.next_frame(true).map(|f| f.samples()[99..101].to_vec()), Some(vec![1, 0]));
        assert!(p.is_drained());
    }
}
