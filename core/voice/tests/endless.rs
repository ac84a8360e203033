//! Sound that never pauses: work and memory stay in proportion to it, and no word of it is lost.

use duologue_ids::Mono;
use duologue_media::{EnergyVad, FRAME, Frame};
use duologue_voice::{Effect, Event, Input, Output, Session, SessionConfig};
use std::time::Duration;

const RATE: usize = 16_000;

/// A session whose recogniser takes half a second and gives each sound a word of its own.
struct Call {
    session: Session,
    now: Mono,
    answers: Vec<(Mono, Input)>,
    /// Samples of each sound that was to be recognised.
    asked: Vec<usize>,
    turns: Vec<String>,
}

impl Call {
    fn new(max_utterance: Duration) -> Call {
        let mut config = SessionConfig::new("Joe", "Anna", "");
        config.hearing.max_utterance = max_utterance;
        config.preemptive = false;
        let session = Session::new(config).expect("valid").with_vad(Box::new(EnergyVad::new(300.0)));
        let mut call = Call { session, now: Mono::ZERO, answers: Vec::new(), asked: Vec::new(), turns: Vec::new() };
        call.feed(Input::Start);
        call
    }

    fn feed(&mut self, input: Input) {
        self.session.handle(self.now, input);
        loop {
            match self.session.poll() {
                Output::Effect(Effect::Transcribe { utterance, audio }) => {
                    self.asked.push(audio.len());
                    let result = Ok(format!("word{}", self.asked.len()));
                    let at = self.now + Duration::from_millis(500);
                    self.answers.push((at, Input::Transcribed { utterance, result }));
                }
                Output::Event(Event::UserTurnCompleted { text, .. }) => self.turns.push(text),
                Output::Effect(_) | Output::Event(_) | Output::Play(_) => {}
                Output::Timeout(_) => return,
            }
        }
    }

    fn hear(&mut self, seconds: usize, loudness: i16) {
        for _ in 0..50 * seconds {
            self.now += FRAME;
            let due = self.answers.iter().position(|(at, _)| *at <= self.now);
            if let Some((_, answer)) = due.map(|n| self.answers.remove(n)) {
                self.feed(answer);
            }
            let wave = (0..320).map(|i| if i % 80 < 40 { loudness } else { -loudness });
            self.feed(Input::Audio(Frame::new(16_000, wave.collect()).expect("20 ms")));
        }
    }
}

#[test]
fn sound_that_never_pauses_is_recognised_piece_by_piece() {
    let mut call = Call::new(Duration::from_secs(5));
    call.hear(300, 6_000);
    let longest = call.asked.iter().max().copied().unwrap_or_default();
    assert!(longest <= 11 * RATE, "asked about {} s at once", longest / RATE);
    let all: usize = call.asked.iter().sum();
    assert!((280 * RATE..=320 * RATE).contains(&all), "of 300 s {} s were to be recognised", all / RATE);
}

#[test]
fn its_pieces_are_one_turn_without_a_word_lost_or_said_twice() {
    let mut call = Call::new(Duration::from_secs(5));
    call.hear(25, 6_000);
    call.hear(5, 0);
    let words: Vec<String> = (1..=call.asked.len()).map(|n| format!("word{n}")).collect();
    assert!(words.len() >= 3, "it is cut more than once: {words:?}");
    assert_eq!(call.turns, [words.join(" ")]);
}
