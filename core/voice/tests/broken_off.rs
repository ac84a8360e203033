//! A model or a voice that breaks off: asked again while nothing was heard, a bounded number of times.

use duologue_chat::{ChatDelta, Finish};
use duologue_ids::Mono;
use duologue_media::{EnergyVad, Frame};
use duologue_voice::{Effect, Event, Failure, Input, Opening, Output, Session, SessionConfig, Spoken};

struct Bench {
    session: Session,
    now: Mono,
    effects: Vec<Effect>,
    events: Vec<Event>,
    played: usize,
}

impl Bench {
    fn new(opening: Opening) -> Bench {
        let mut config = SessionConfig::new("Joe", "Anna", "");
        config.opening = opening;
        let session = Session::new(config).expect("valid").with_vad(Box::new(EnergyVad::new(300.0)));
        let mut bench = Bench { session, now: Mono::ZERO, effects: Vec::new(), events: Vec::new(), played: 0 };
        bench.feed(Input::Start);
        bench.pass(2);
        bench
    }

    fn feed(&mut self, input: Input) {
        self.session.handle(self.now, input);
        loop {
            match self.session.poll() {
                Output::Effect(effect) => self.effects.push(effect),
                Output::Event(event) => self.events.push(event),
                Output::Play(_) => self.played += 1,
                Output::Timeout(_) => return,
            }
        }
    }

    /// So many frames of silence.
    fn pass(&mut self, frames: usize) {
        for _ in 0..frames {
            self.now += duologue_media::FRAME;
            self.feed(Input::Audio(Frame::silence(16_000)));
        }
    }

    /// The replies that were asked for, in order.
    fn asked(&self) -> Vec<u32> {
        let turns = self.effects.iter().filter_map(|e| match e {
            Effect::Generate { turn, .. } => Some(*turn),
            _ => None,
        });
        turns.collect()
    }

    /// The clauses that were to be spoken, in order.
    fn spoken(&self) -> Vec<(u32, u32, &str)> {
        let clauses = self.effects.iter().filter_map(|e| match e {
            Effect::Speak { turn, clause, text } => Some((*turn, *clause, text.as_str())),
            _ => None,
        });
        clauses.collect()
    }

    fn write(&mut self, turn: u32, text: &str) {
        self.feed(Input::Generated { turn, result: Ok(ChatDelta::Text(text.into())) });
    }

    fn break_off(&mut self, turn: u32, transient: bool) {
        self.feed(Input::Generated { turn, result: Err(broken(transient)) });
    }

    fn sound(&mut self, turn: u32, clause: u32, ms: usize) {
        let sound = Spoken::Audio { rate: 48_000, samples: vec![2_000; 48 * ms] };
        self.feed(Input::Spoken { turn, clause, result: Ok(sound) });
    }

    /// What was told of trouble: whether it ended the session.
    fn troubles(&self) -> Vec<bool> {
        let told = self.events.iter().filter_map(|e| match e {
            Event::Error { fatal, .. } => Some(*fatal),
            _ => None,
        });
        told.collect()
    }
}

fn broken(transient: bool) -> Failure {
    Failure { message: "the answer ended in the middle".into(), transient }
}

#[test]
fn a_reply_of_which_nothing_was_heard_is_asked_for_again() {
    let mut bench = Bench::new(Opening::Generate);
    bench.write(1, "My internet is down. And ");
    assert_eq!(bench.spoken(), [(1, 0, "My internet is down.")]);
    bench.break_off(1, true);
    assert_eq!((bench.asked(), bench.troubles()), (vec![1, 2], vec![false]));
    assert!(bench.effects.contains(&Effect::CancelTurn { turn: 1 }), "its voice is void too");
    bench.sound(1, 0, 500);
    bench.pass(5);
    assert_eq!(bench.played, 0, "what comes of the old one is stale");
    bench.write(2, "The light is red.");
    bench.feed(Input::Generated { turn: 2, result: Ok(ChatDelta::Done { finish: Finish::Stop, usage: None }) });
    bench.sound(2, 0, 200);
    bench.feed(Input::Spoken { turn: 2, clause: 0, result: Ok(Spoken::Done) });
    bench.pass(20);
    let said = Event::ConversationItemAdded { turn: 2, text: "The light is red.".into(), interrupted: false };
    assert!(bench.events.contains(&said), "{:?}", bench.events);
}

#[test]
fn a_model_is_asked_three_times_and_not_again_where_that_is_no_use() {
    let mut bench = Bench::new(Opening::Generate);
    for turn in 1..=3 {
        bench.write(turn, "Well, ");
        bench.break_off(turn, true);
    }
    assert_eq!((bench.asked(), bench.troubles()), (vec![1, 2, 3], vec![false, false, true]));
    let mut bench = Bench::new(Opening::Generate);
    bench.break_off(1, false);
    assert_eq!((bench.asked(), bench.troubles()), (vec![1], vec![true]));
}

#[test]
fn a_clause_of_which_nothing_was_heard_is_spoken_again() {
    let mut bench = Bench::new(Opening::Say("Good morning.".into()));
    for _ in 0..2 {
        bench.sound(1, 0, 10);
        bench.feed(Input::Spoken { turn: 1, clause: 0, result: Err(broken(true)) });
    }
    assert_eq!((bench.spoken(), bench.troubles()), (vec![(1, 0, "Good morning."); 3], vec![false, false]));
    bench.sound(1, 0, 100);
    bench.feed(Input::Spoken { turn: 1, clause: 0, result: Ok(Spoken::Done) });
    bench.pass(20);
    assert_eq!((bench.played, bench.troubles().len()), (5, 2), "what came before it broke off is not played");
}

#[test]
fn a_clause_that_is_being_heard_is_not_begun_again() {
    let mut bench = Bench::new(Opening::Say("Good morning.".into()));
    bench.sound(1, 0, 100);
    bench.pass(2);
    assert!(bench.played > 0);
    bench.feed(Input::Spoken { turn: 1, clause: 0, result: Err(broken(true)) });
    assert_eq!((bench.spoken().len(), bench.troubles()), (1, vec![true]));
}

#[test]
fn trouble_that_ends_nothing_is_told() {
    let mut bench = Bench::new(Opening::Wait);
    bench.feed(Input::Trouble { message: "its stream broke".into() });
    assert_eq!(bench.troubles(), [false]);
    assert!(bench.session.closed().is_none());
}
