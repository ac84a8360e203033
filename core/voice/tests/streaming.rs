//! What a recogniser that streams is given, and what comes of its words, frame by frame.

use duologue_ids::Mono;
use duologue_media::{EnergyVad, Frame};
use duologue_voice::{Effect, Event, Input, Output, Session, SessionConfig};

/// A session that only hears.
struct Bench {
    session: Session,
    now: Mono,
    effects: Vec<Effect>,
    events: Vec<Event>,
}

impl Bench {
    fn new(streaming: bool) -> Bench {
        let mut config = SessionConfig::new("Joe", "Anna", "");
        config.hearing.streaming = streaming;
        let session = Session::new(config).expect("valid").with_vad(Box::new(EnergyVad::new(300.0)));
        let mut bench = Bench { session, now: Mono::ZERO, effects: Vec::new(), events: Vec::new() };
        bench.feed(Input::Start);
        bench
    }

    fn feed(&mut self, input: Input) {
        self.session.handle(self.now, input);
        loop {
            match self.session.poll() {
                Output::Effect(effect) => self.effects.push(effect),
                Output::Event(event) => self.events.push(event),
                Output::Play(_) => {}
                Output::Timeout(_) => return,
            }
        }
    }

    /// Hears so many frames, of which each differs from the others where there is sound.
    fn hear(&mut self, frames: usize, loud: bool) {
        for _ in 0..frames {
            self.now += duologue_media::FRAME;
            let pitch = 40 + (self.now.0 / 20_000_000 % 50) as i32;
            let wave = (0..320).map(|i| if !loud { 0 } else { (i % pitch * 200 - 100 * pitch) as i16 });
            self.feed(Input::Audio(Frame::new(16_000, wave.collect()).expect("20 ms")));
        }
    }

    fn answer(&mut self, words: &str) {
        let asked = self.effects.iter().rev().find_map(|e| match e {
            Effect::Transcribe { utterance, .. } => Some(*utterance),
            _ => None,
        });
        let utterance = asked.expect("asked");
        self.feed(Input::Transcribed { utterance, result: Ok(words.into()) });
    }

    /// The sound given since the last beginning, its number, and whether each piece followed the one before.
    fn given(&self) -> (Vec<i16>, u32, bool) {
        let (mut sound, mut number, mut follows) = (Vec::new(), 0, true);
        for effect in &self.effects {
            if let Effect::Listen { utterance, from, audio } = effect {
                if *from == 0 {
                    sound.clear();
                }
                follows &= *from == sound.len();
                sound.extend(audio);
                number = *utterance;
            }
        }
        (sound, number, follows)
    }

    fn asked(&self) -> Vec<(u32, Vec<i16>)> {
        let asked = self.effects.iter().filter_map(|e| match e {
            Effect::Transcribe { utterance, audio } => Some((*utterance, audio.to_vec())),
            _ => None,
        });
        asked.collect()
    }

    fn stops(&self) -> usize {
        self.effects.iter().filter(|e| matches!(e, Effect::StopListening)).count()
    }

    fn overheard(&self) -> Vec<&str> {
        let words = self.events.iter().filter_map(|e| match e {
            Event::UserInputTranscribed { text } => Some(text.as_str()),
            _ => None,
        });
        words.collect()
    }
}

#[test]
fn a_recogniser_that_does_not_stream_is_given_whole_utterances_only() {
    let mut bench = Bench::new(false);
    bench.hear(20, false);
    bench.hear(50, true);
    bench.hear(30, false);
    assert_eq!((bench.asked().len(), bench.given().0.len()), (1, 0));
    bench.answer("Hello?");
    bench.hear(60, false);
    assert_eq!(bench.stops(), 0);
}

#[test]
fn the_sound_goes_out_while_it_is_spoken_with_what_was_before_it_was_noticed() {
    let mut bench = Bench::new(true);
    bench.hear(20, false);
    bench.hear(50, true);
    let (early, number, follows) = bench.given();
    assert!(follows && number == 1 && early.len() >= 40 * 320, "most of it is out before it ends: {}", early.len());
    bench.hear(15, false);
    let (given, _, follows) = bench.given();
    let asked = bench.asked();
    assert_eq!((asked.len(), asked[0].0), (1, 1));
    assert!(follows && asked[0].1.starts_with(&given));
    assert!(asked[0].1.len() - given.len() < 1_600, "what is left is less than a piece");
    let loud = given.iter().position(|s| *s != 0).expect("speech");
    assert!(loud >= 320 * 10, "the pre-roll comes first: {loud}");
}

#[test]
fn a_turn_that_goes_on_after_a_pause_goes_on_in_the_same_sound() {
    let mut bench = Bench::new(true);
    bench.hear(50, true);
    bench.hear(15, false);
    bench.answer("I would like to and");
    let before = bench.given().0.len();
    bench.hear(50, true);
    let (given, number, follows) = bench.given();
    assert!(follows && number == 2 && given.len() > before + 40 * 320);
    bench.hear(15, false);
    assert!(bench.asked()[1].1.starts_with(&given) && bench.stops() == 0);
}

#[test]
fn a_turn_that_is_over_ends_its_sound_and_the_next_begins_its_own() {
    let mut bench = Bench::new(true);
    bench.hear(50, true);
    bench.hear(15, false);
    bench.answer("My order is late.");
    bench.hear(60, false);
    assert!(bench.events.iter().any(|e| matches!(e, Event::UserTurnCompleted { .. })));
    assert_eq!(bench.stops(), 1);
    bench.hear(30, true);
    let (given, number, follows) = bench.given();
    assert!(follows && number == 2 && given.len() < 70 * 320, "{}", given.len());
    bench.feed(Input::Close(duologue_voice::CloseReason::Cancelled));
    assert_eq!(bench.stops(), 2);
}

#[test]
fn words_that_are_overheard_are_told_and_stale_ones_are_not() {
    let mut bench = Bench::new(true);
    bench.hear(50, true);
    bench.feed(Input::Overheard { utterance: 1, text: " my order".into() });
    bench.feed(Input::Overheard { utterance: 7, text: "nobody said".into() });
    bench.feed(Input::Overheard { utterance: 1, text: " ".into() });
    assert_eq!(bench.overheard(), ["my order"]);
    bench.hear(15, false);
    bench.feed(Input::Overheard { utterance: 1, text: "too late".into() });
    assert_eq!(bench.overheard(), ["my order"], "the final words are on their way");
}
