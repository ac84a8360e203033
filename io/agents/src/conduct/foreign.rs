//! What an agent that is not ours says, read from its transcription in the room (`lk.transcription`).
//!
//! Who says something writes one text of it piece by piece, whose end says that it is final though its beginning did not.
//! Who heard somebody writes a new text for each version, in the name of the one who was heard.

use duologue_voice::{Event, SpeechSource};
use duologue_worker::{Text, TextState};
use std::collections::BTreeMap;

const FINAL: &str = "lk.transcription_final";
const SEGMENT: &str = "lk.segment_id";
/// Texts under way that are remembered.
const OPEN_MAX: usize = 64;

/// What can be read from a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Words {
    /// The agent said something, at this time.
    Said(f64, Event),
    /// Somebody understood it like this.
    Heard(String),
}

/// The texts in the name of one agent.
#[derive(Debug, Default)]
pub(crate) struct Foreign {
    turns: u32,
    /// Since when it shows that it speaks: sooner than the first words of it are written.
    speaks_since: Option<f64>,
    open: BTreeMap<String, Open>,
}

#[derive(Debug)]
struct Open {
    at: f64,
    /// Its beginning said that it is final.
    is_final: bool,
    /// Number of the turn, once it is known to be one.
    turn: Option<u32>,
    pieces: u32,
}

/// Words belong to a voice that began so many seconds before them at most.
const BEFORE: f64 = 2.0;

impl Foreign {
    /// It shows that it speaks, or does no longer.
    pub(crate) fn speaks(&mut self, since: Option<f64>) {
        self.speaks_since = since;
    }

    /// Takes a text in the name of the agent that the room knows as `sid`, as it is at `at` (seconds).
    pub(crate) fn text(&mut self, sid: &str, at: f64, text: &Text) -> Vec<Words> {
        // Of one that marks its own words as we do, a version that was cut is told anew.
        let own =
            text.attributes.get(SEGMENT).is_some_and(|id| !sid.is_empty() && id.starts_with(&format!("SG_{sid}_")));
        let is_final = text.attributes.get(FINAL).is_some_and(|f| f == "true");
        match text.state {
            TextState::Open => self.goes_on(at, is_final, text),
            TextState::Complete => match self.open.remove(&text.stream) {
                Some(open) if !open.is_final && is_final => self.said(&open, at, text),
                _ if is_final && !own && !text.text.trim().is_empty() => vec![Words::Heard(text.text.clone())],
                _ => Vec::new(),
            },
            TextState::Broken => match self.open.remove(&text.stream) {
                Some(open) if open.turn.is_some() => self.said(&open, at, text),
                _ => Vec::new(),
            },
        }
    }

    fn goes_on(&mut self, at: f64, is_final: bool, text: &Text) -> Vec<Words> {
        if self.open.len() >= OPEN_MAX {
            self.open.pop_first();
        }
        let open = self.open.entry(text.stream.clone()).or_insert(Open { at, is_final, turn: None, pieces: 0 });
        open.pieces += 1;
        // A version of what was heard is one piece.
        if open.is_final || open.pieces < 2 {
            return Vec::new();
        }
        let begun = open.turn;
        let turn = *open.turn.get_or_insert_with(|| {
            self.turns += 1;
            self.turns
        });
        let at_first = open.at;
        let start = if begun.is_none() { voice_began(&mut self.speaks_since, at_first) } else { at_first };
        let progress = Event::SpeechProgress { turn, text: text.text.clone() };
        match begun {
            Some(_) => vec![Words::Said(at, progress)],
            None => vec![Words::Said(start, created(turn)), Words::Said(start, progress)],
        }
    }

    fn said(&mut self, open: &Open, at: f64, text: &Text) -> Vec<Words> {
        if text.text.trim().is_empty() {
            return Vec::new();
        }
        let words = text.text.trim().to_owned();
        let turn = open.turn.unwrap_or_else(|| {
            self.turns += 1;
            self.turns
        });
        let mut said = Vec::new();
        if open.turn.is_none() {
            let start = voice_began(&mut self.speaks_since, open.at);
            said.push(Words::Said(start, created(turn)));
            said.push(Words::Said(start, Event::SpeechProgress { turn, text: words.clone() }));
        }
        said.push(Words::Said(at, Event::ConversationItemAdded { turn, text: words, interrupted: false }));
        said
    }
}

/// When the voice began that words of this time belong to.
fn voice_began(speaks_since: &mut Option<f64>, at: f64) -> f64 {
    speaks_since.take().filter(|since| (0.0..BEFORE).contains(&(at - since))).unwrap_or(at)
}

fn created(turn: u32) -> Event {
    Event::SpeechCreated { turn, source: SpeechSource::Reply, hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(stream: &str, words: &str, is_final: bool, state: TextState) -> Text {
        Text {
            stream: stream.into(),
            from: "agent".into(),
            topic: "lk.transcription".into(),
            attributes: [(FINAL.to_owned(), is_final.to_string())].into(),
            text: words.into(),
            state,
        }
    }

    #[test]
    fn what_is_said_grows_and_its_end_says_that_it_is_final() {
        let mut foreign = Foreign::default();
        assert_eq!(foreign.text("", 1.0, &text("a", "Good", false, TextState::Open)), []);
        let begun = foreign.text("", 1.3, &text("a", "Good morning", false, TextState::Open));
        assert_eq!(begun[1], Words::Said(1.0, Event::SpeechProgress { turn: 1, text: "Good morning".into() }));
        let end = foreign.text("", 1.5, &text("a", "Good morning", true, TextState::Complete));
        let whole = Event::ConversationItemAdded { turn: 1, text: "Good morning".into(), interrupted: false };
        assert_eq!(end, [Words::Said(1.5, whole)]);
    }

    #[test]
    fn a_turn_of_one_piece_is_told_at_its_end() {
        let mut foreign = Foreign::default();
        foreign.text("", 1.0, &text("a", "Yes.", false, TextState::Open));
        let told = foreign.text("", 1.4, &text("a", "Yes.", true, TextState::Complete));
        assert_eq!(told.len(), 3);
        assert!(matches!(&told[1], Words::Said(at, Event::SpeechProgress { turn: 1, .. }) if *at == 1.0));
    }

    #[test]
    fn a_turn_begins_when_the_agent_shows_that_it_speaks() {
        let mut foreign = Foreign::default();
        foreign.speaks(Some(0.7));
        foreign.text("", 1.0, &text("a", "Good", false, TextState::Open));
        let begun = foreign.text("", 1.3, &text("a", "Good day", false, TextState::Open));
        assert!(matches!(&begun[1], Words::Said(at, Event::SpeechProgress { .. }) if *at == 0.7), "{begun:?}");
    }

    #[test]
    fn what_was_heard_comes_in_versions_of_which_the_last_counts() {
        let mut foreign = Foreign::default();
        for (stream, words, is_final) in [("a", "my", false), ("b", "my light", false), ("c", "My light is red.", true)]
        {
            assert_eq!(foreign.text("", 1.0, &text(stream, words, is_final, TextState::Open)), []);
            let heard = foreign.text("", 1.0, &text(stream, words, is_final, TextState::Complete));
            assert_eq!(heard, if is_final { vec![Words::Heard(words.into())] } else { Vec::new() });
        }
    }
}
