use duologue_media::{FRAMES_PER_SECOND, Frame, Resampler};
use std::collections::VecDeque;

/// The voice of one reply on its way out: clauses in order, and how much of each was really played.
pub(crate) struct Playout {
    rate: u32,
    clauses: VecDeque<Clause>,
    /// Clauses that were played to their end.
    heard: Vec<String>,
    started: bool,
}

/// A usual pace of speech.
const CHARS_PER_SECOND: usize = 15;

struct Clause {
    index: u32,
    text: String,
    resampler: Option<Resampler>,
    samples: Vec<i16>,
    played: usize,
    complete: bool,
}

impl Playout {
    pub(crate) fn new(rate: u32) -> Playout {
        Playout { rate, clauses: VecDeque::new(), heard: Vec::new(), started: false }
    }

    /// A clause whose sound was asked for.
    pub(crate) fn expect(&mut self, index: u32, text: String) {
        self.clauses.push_back(Clause {
            index,
            text,
            resampler: None,
            samples: Vec::new(),
            played: 0,
            complete: false,
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

    /// Clause `index` has all its sound.
    pub(crate) fn complete(&mut self, index: u32) {
        if let Some(clause) = self.clauses.iter_mut().find(|c| c.index == index) {
            clause.complete = true;
            if let Some(mut resampler) = clause.resampler.take() {
                resampler.finish(&mut clause.samples);
            }
        }
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

    /// Number of clauses whose playback has begun.
    pub(crate) fn begun(&self) -> usize {
        self.heard.len() + self.clauses.iter().filter(|c| c.played > 0).count()
    }

    /// All clauses, heard or not.
    pub(crate) fn texts(&self) -> Vec<&str> {
        self.heard.iter().map(String::as_str).chain(self.clauses.iter().map(|c| c.text.as_str())).collect()
    }

    /// The text of clause `index`, where no sound of it has come yet.
    pub(crate) fn untouched(&self, index: u32) -> Option<String> {
        self.clauses.iter().find(|c| c.index == index && c.samples.is_empty()).map(|c| c.text.clone())
    }

    /// The clauses whose playback has begun, as text.
    pub(crate) fn begun_text(&self) -> String {
        let begun = self.clauses.iter().filter(|c| c.played > 0).map(|c| c.text.as_str());
        self.heard.iter().map(String::as_str).chain(begun).collect::<Vec<_>>().join(" ")
    }

    /// What was heard: whole clauses, and of the one being played the words that lie, by their share of its length,
    /// for more than half before the point of playback.
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
                self.heard.push(clause.text);
            }
        }
    }
}

impl Clause {
    fn heard(&self, rate: u32) -> String {
        // A clause still being synthesised is longer than what is there: assume a usual pace.
        let estimated = if self.complete { 0 } else { self.text.chars().count() * rate as usize / CHARS_PER_SECOND };
        let total = self.samples.len().max(estimated).max(1);
        let letters = self.text.chars().count().max(1);
        let reached = self.played as f64 / total as f64 * letters as f64;
        let mut at = 0;
        let mut words = Vec::new();
        for word in self.text.split_whitespace() {
            let len = word.chars().count();
            if at as f64 + len as f64 / 2.0 > reached {
                break;
            }
            words.push(word);
            at += len + 1;
        }
        words.join(" ")
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
