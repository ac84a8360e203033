use duologue_ids::{Mono, SeededRng};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One thing that a scripted caller does. Acts are done in order, each when its time has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Takes a turn: waits until the other party has answered and is silent, then says this. `[600]` within the text is
    /// a pause of so many milliseconds: a caller who thinks, or reads out a number.
    Say(String),
    /// Takes a turn and spells this, letter by letter, with pauses of 250 to 450 ms.
    Spell(String),
    /// While the other party speaks, and has for so long: does this.
    During {
        /// From the start of its speech, as heard.
        after: Duration,
        /// What.
        what: Interjection,
    },
    /// Is silent for so long, whatever the other party says.
    Silent(Duration),
    /// Waits until the other party has answered and is silent, then hangs up.
    HangUp,
}

/// What a caller does while the other party speaks.
#[derive(Clone, Debug, PartialEq)]
pub enum Interjection {
    /// Cuts in: wants the floor.
    Interrupt(String),
    /// Shows that it listens: "mhm".
    Backchannel(String),
    /// Coughs: a burst of noise.
    Cough,
    /// Speaks to somebody else, turned away from the microphone: 12 dB quieter.
    Aside(String),
    /// Somebody else speaks in the background: 18 dB quieter.
    Background(String),
}

/// What kind of sound a caller made, for those who judge how the other party took it. The names follow tau-voice and
/// Full-Duplex-Bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StimulusKind {
    /// A turn that wants an answer.
    Turn,
    /// It cuts in and wants the floor.
    Interruption,
    /// "mhm": the other party should go on.
    Backchannel,
    /// A cough: the other party should go on.
    VocalTic,
    /// Words for somebody else: the other party should go on.
    NonDirected,
    /// Words of somebody else: the other party should go on.
    BackgroundSpeech,
}

/// A sound that a caller made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stimulus {
    /// What it was.
    pub kind: StimulusKind,
    /// Its words; empty for a cough.
    pub text: String,
    /// First sample.
    pub start: Mono,
    /// Behind the last one.
    pub end: Mono,
}

impl Act {
    /// The kind of sound that it makes, if any.
    pub(super) fn kind(&self) -> Option<StimulusKind> {
        match self {
            Act::Say(_) | Act::Spell(_) => Some(StimulusKind::Turn),
            Act::During { what, .. } => Some(match what {
                Interjection::Interrupt(_) => StimulusKind::Interruption,
                Interjection::Backchannel(_) => StimulusKind::Backchannel,
                Interjection::Cough => StimulusKind::VocalTic,
                Interjection::Aside(_) => StimulusKind::NonDirected,
                Interjection::Background(_) => StimulusKind::BackgroundSpeech,
            }),
            Act::Silent(_) | Act::HangUp => None,
        }
    }

    /// What it says, in pieces with the pause before each.
    pub(super) fn pieces(&self, rng: &mut SeededRng) -> Vec<(Duration, String)> {
        match self {
            Act::Say(text) => paused(text),
            Act::Spell(text) => {
                let pause = (Duration::from_millis(250), Duration::from_millis(450));
                let letters = text.chars().filter(|c| !c.is_whitespace());
                letters.map(|c| (rng.between(pause.0, pause.1), c.to_string())).collect()
            }
            Act::During { what, .. } => match what {
                Interjection::Interrupt(text)
                | Interjection::Backchannel(text)
                | Interjection::Aside(text)
                | Interjection::Background(text) => paused(text),
                Interjection::Cough => Vec::new(),
            },
            Act::Silent(_) | Act::HangUp => Vec::new(),
        }
    }

    /// How loud it is, against the voice's own loudness.
    pub(super) fn gain(&self) -> f32 {
        match self {
            Act::During { what: Interjection::Aside(_), .. } => 0.25,
            Act::During { what: Interjection::Background(_), .. } => 0.125,
            _ => 1.0,
        }
    }
}

/// "my number is [600] four" as pieces with the pause before each; brackets that hold no number are words.
fn paused(text: &str) -> Vec<(Duration, String)> {
    let mut pieces = vec![(Duration::ZERO, String::new())];
    for word in text.split_whitespace() {
        let pause = word.strip_prefix('[').and_then(|w| w.strip_suffix(']')).and_then(|ms| ms.parse::<u16>().ok());
        match (pause, pieces.last_mut()) {
            (Some(ms), _) => pieces.push((Duration::from_millis(u64::from(ms)), String::new())),
            (None, Some((_, words))) if words.is_empty() => words.push_str(word),
            (None, Some((_, words))) => {
                words.push(' ');
                words.push_str(word);
            }
            (None, None) => {}
        }
    }
    pieces.retain(|(_, words)| !words.is_empty());
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_ids::Seed;

    #[test]
    fn brackets_are_pauses_where_they_hold_a_number() {
        let ms = Duration::from_millis;
        let said = Act::Say("it is [600] four [x] two [0] nine".into()).pieces(&mut Seed(0).rng());
        assert_eq!(said, [(ms(0), "it is".into()), (ms(600), "four [x] two".into()), (ms(0), "nine".into())]);
        assert!(Act::Say("[300]".into()).pieces(&mut Seed(0).rng()).is_empty());
        let spelt = Act::Spell("A 7".into()).pieces(&mut Seed(0).rng());
        assert_eq!(spelt.iter().map(|p| p.1.as_str()).collect::<Vec<_>>(), ["A", "7"]);
        assert!(spelt.iter().all(|p| (ms(250)..=ms(450)).contains(&p.0)));
    }
}
