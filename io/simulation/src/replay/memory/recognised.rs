use super::{Told, median};
use duologue_voice::Event;

/// Two moments this close are the same one.
const CLOSE: f64 = 0.15;
/// A recognition asked for so near to one then, of a turn that began so near to its turn, is that one.
const NEAR: f64 = 0.3;
const NEAR_BEGINNING: f64 = 0.8;
/// Words come sooner than this.
const WORDLESS: f64 = 1.0;
/// Sound before the first word that is sent with it.
const PRE_ROLL: f64 = 0.35;

/// What was recognised of the other party.
#[derive(Debug, Default)]
pub(crate) struct Recognised {
    all: Vec<Recognition>,
    usual_delay: f64,
}

#[derive(Debug)]
struct Recognition {
    /// When the turn began that these are the words of.
    turn_began: f64,
    /// When the stretch of speech began that was new.
    from: f64,
    asked: f64,
    came: f64,
    /// All words of the turn so far.
    text: String,
    /// Those of the new stretch.
    new: String,
    /// No later one is about the same stretch.
    last: bool,
}

/// The turn that is being heard while an account is read.
#[derive(Default)]
struct Turn {
    began: Option<f64>,
    from: f64,
    silent_at: Option<f64>,
    text: String,
    before: String,
}

impl Recognised {
    pub(super) fn of(told: &[Told]) -> Recognised {
        let (mut all, mut turn) = (Vec::<(Recognition, bool)>::new(), Turn::default());
        for line in told {
            match &line.event {
                Event::UserStateChanged { speaking: true } => turn.speaks(line.at),
                Event::UserStateChanged { speaking: false } => turn.silent_at = Some(line.at),
                Event::UserInputTranscribed { text } => {
                    let recognition = turn.recognised(line.at, text);
                    if let Some((before, _)) = all.last_mut() {
                        before.last = before.from != recognition.from;
                    }
                    all.push((recognition, turn.silent_at.is_some()));
                }
                Event::UserTurnCompleted { .. }
                | Event::Backchannel { .. }
                | Event::OverlapIgnored { .. }
                | Event::FalseInterruption { .. } => turn = Turn { silent_at: turn.silent_at, ..Turn::default() },
                _ => {}
            }
        }
        let usual_delay = median(all.iter().filter(|(_, timed)| *timed).map(|(r, _)| r.came - r.asked)).unwrap_or(0.2);
        // Asked for while the other party still spoke, in a pause between words: nothing says when.
        let of_known_time = |(r, timed): (Recognition, bool)| {
            if timed { r } else { Recognition { asked: (r.came - usual_delay).max(r.from), ..r } }
        };
        Recognised { all: all.into_iter().map(of_known_time).collect(), usual_delay }
    }

    /// The words of `length` seconds of sound that end at `now`, and after how long they come.
    pub(crate) fn words(&self, now: f64, length: f64) -> (String, f64) {
        let began = now - length + PRE_ROLL;
        let is_near =
            |r: &&Recognition| (r.asked - now).abs() <= NEAR && (r.turn_began - began).abs() <= NEAR_BEGINNING;
        let distance = |r: &Recognition| (r.asked - now).abs() + NEAR * (r.turn_began - began).abs();
        match self.all.iter().filter(is_near).min_by(|a, b| distance(a).total_cmp(&distance(b))) {
            // Something short is asked about before it is known to be over; when, nothing tells.
            Some(r) if now <= r.asked + CLOSE => (r.text.clone(), (r.came - now).max(0.0)),
            Some(r) => (r.text.clone(), r.came - r.asked),
            None => (self.pieced_together(now - length, now), self.usual_delay),
        }
    }

    /// The words of all stretches that lie in this time, of the last one as far as it goes.
    fn pieced_together(&self, from: f64, to: f64) -> String {
        let inside = |r: &&Recognition| r.last && r.from >= from && r.from < to;
        let words = self.all.iter().filter(inside).flat_map(|r| {
            let words: Vec<&str> = r.new.split_whitespace().collect();
            let share = ((to + CLOSE - r.from) / (r.asked - r.from).max(CLOSE)).clamp(0.0, 1.0);
            let count = (share * words.len() as f64) as usize;
            words.into_iter().take(count)
        });
        words.collect::<Vec<_>>().join(" ")
    }
}

impl Turn {
    fn speaks(&mut self, at: f64) {
        // That something was no speech after all is not told: a turn without words for so long never was one.
        let long_silent = self.silent_at.is_some_and(|since| at - since > WORDLESS);
        if self.began.is_none() || (self.text.is_empty() && long_silent) {
            self.began = Some(at);
        }
        self.from = at;
        self.before.clone_from(&self.text);
        self.silent_at = None;
    }

    fn recognised(&mut self, at: f64, text: &str) -> Recognition {
        let text = text.trim();
        let turn_began = self.began.unwrap_or(at);
        // A recogniser that changes its mind about earlier words leaves nothing to tell the new ones by.
        let (from, new) = match text.strip_prefix(self.before.as_str()) {
            Some(new) => (self.from.max(turn_began), new.trim()),
            None => (turn_began, text),
        };
        text.clone_into(&mut self.text);
        let asked = self.silent_at.unwrap_or(at).min(at);
        Recognition { turn_began, from, asked, came: at, text: text.to_owned(), new: new.to_owned(), last: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[(f64, Event)]) -> Vec<Told> {
        lines.iter().map(|(at, event)| Told { at: *at, event: event.clone() }).collect()
    }

    fn speaks(speaking: bool) -> Event {
        Event::UserStateChanged { speaking }
    }

    fn words(text: &str) -> Event {
        Event::UserInputTranscribed { text: text.into() }
    }

    fn over(text: &str) -> Event {
        Event::UserTurnCompleted { text: text.into(), end_of_turn_delay_ms: 0.0, transcription_delay_ms: 0.0 }
    }

    #[test]
    fn the_same_question_has_the_same_answer_at_the_same_time() {
        let account = told(&[
            (1.0, speaks(true)),
            (2.0, speaks(false)),
            (2.3, words("My order")),
            (2.5, speaks(true)),
            (3.5, speaks(false)),
            (3.7, words("My order has not come.")),
            (4.0, over("My order has not come.")),
            (9.0, speaks(true)),
            (9.8, speaks(false)),
            (10.0, words("Yes.")),
        ]);
        let recognised = Recognised::of(&account);
        let answer = |now: f64, length: f64| {
            let (text, after) = recognised.words(now, length);
            (text, (after * 1e3).round())
        };
        assert_eq!(answer(2.0, 1.35), ("My order".into(), 300.0));
        assert_eq!(answer(3.5, 2.85), ("My order has not come.".into(), 200.0));
        assert_eq!(answer(9.8, 1.15), ("Yes.".into(), 200.0));
        assert_eq!(answer(9.9, 1.25), ("Yes.".into(), 100.0), "it comes when it came");
        // The turn was taken for over after its first part: the second is asked for alone.
        assert_eq!(answer(3.5, 1.35).0, "has not come.");
        // Or two turns have become one.
        assert_eq!(answer(9.8, 9.15).0, "My order has not come. Yes.");
        assert_eq!(answer(7.0, 1.0).0, "");
    }
}
