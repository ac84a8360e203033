//! The scripted caller does what it is told, when it is told.

use crate::log::over_internet;
use duologue_ids::{Mono, Seed};
use duologue_media::{Codec, EnergyVad, Packet};
use duologue_sim::{
    Act, BABBLE_RATE, Caller, CallerConfig, Duet, Ending, Interjection, ScriptedRunner, Seat, Stimulus,
};
use duologue_sim::{StimulusKind, Tap, run};
use duologue_voice::{CloseReason, Event, Opening, Party, Session, SessionConfig};
use std::time::Duration;

const LONG: &str = "First you open the cover at the back of the box with a small coin and then you will see two rows of \
                    lights of which the upper one has to be green before you go on with the next step";

#[derive(Default)]
struct Seen {
    stimuli: Vec<Stimulus>,
    /// First and last packet of each stretch of the agent's sound.
    agent: Vec<(Mono, Mono)>,
    heard: Vec<String>,
    interrupted: usize,
}

impl Tap for Seen {
    fn packet(&mut self, now: Mono, side: usize, _: &Packet) {
        match self.agent.last_mut().filter(|(_, until)| now.since(*until) < Duration::from_millis(200)) {
            _ if side == 1 => {}
            Some((_, until)) => *until = now,
            None => self.agent.push((now, now)),
        }
    }

    fn event(&mut self, _: Mono, side: usize, event: &Event) {
        match event {
            Event::UserTurnCompleted { text, .. } if side == 0 => self.heard.push(text.clone()),
            Event::Interrupted { .. } if side == 0 => self.interrupted += 1,
            _ => {}
        }
    }

    fn stimulus(&mut self, side: usize, stimulus: &Stimulus) {
        assert_eq!(side, 1);
        self.stimuli.push(stimulus.clone());
    }
}

fn call(seed: u64, acts: Vec<Act>) -> (Ending, Seen) {
    patient_call(seed, acts, Duration::from_secs(6))
}

fn patient_call(seed: u64, acts: Vec<Act>, patience: Duration) -> (Ending, Seen) {
    let mut config = over_internet(seed, 120);
    config.links.iter_mut().for_each(|link| link.loss = 0.0);
    let mut joe = SessionConfig::new("Joe", "Anna", "");
    joe.opening = Opening::Say("Northwind, this is Joe.".into());
    joe.output_rate = BABBLE_RATE;
    let session = Session::new(joe).expect("a session").with_vad(Box::new(EnergyVad::new(300.0)));
    let caller = CallerConfig { acts, opens: false, patience, output_rate: BABBLE_RATE, seed: Seed(seed) };
    let codec = Codec::L16 { rate: BABBLE_RATE };
    let caller = Caller::new(caller, codec, 2, Box::new(EnergyVad::new(300.0)));
    let seats = [Seat::Agent(Box::new(Party::new(session, codec, 1))), Seat::Caller(Box::new(caller))];
    let runners = [0, 1].map(|side| ScriptedRunner::cycling(vec![LONG.to_owned()]).with_seed(Seed(seed + side)));
    let mut duet = Duet::with_seats(config, seats, runners, Seen::default());
    let ending = run(&mut duet).expect("it runs");
    (ending, duet.tap)
}

#[test]
fn what_it_says_is_heard_and_it_hangs_up() {
    for seed in 0..20 {
        let acts = vec![Act::Say("my number is [300] four two".into()), Act::Spell("B7".into()), Act::HangUp];
        let (ending, seen) = call(seed, acts);
        assert_eq!((ending.reason, ending.by), (CloseReason::AgentEnded, Some(1)), "seed {seed}");
        assert_eq!(seen.heard.join(" "), "my number is four two B 7", "seed {seed}");
        let kinds: Vec<StimulusKind> = seen.stimuli.iter().map(|s| s.kind).collect();
        assert_eq!(kinds, [StimulusKind::Turn; 2], "seed {seed}");
    }
}

#[test]
fn it_cuts_in_as_long_after_the_first_sound_as_it_was_told() {
    for seed in 0..20 {
        let after = Duration::from_millis(1_000 + 50 * seed);
        let what = Interjection::Interrupt("wait please I only want to know how long it takes".into());
        let acts = vec![Act::Say("how do I start it".into()), Act::During { after, what }, Act::HangUp];
        let (_, seen) = call(seed, acts);
        let cut = seen.stimuli.iter().find(|s| s.kind == StimulusKind::Interruption).expect("it cuts in");
        let began = seen.agent.iter().rev().find(|(from, _)| *from < cut.start).expect("the agent speaks").0;
        // Its detector takes 64 ms, the way 25 to 40, its jitter buffer up to 60.
        let waited = cut.start.since(began);
        assert!(waited >= after && waited < after + Duration::from_millis(220), "seed {seed}: {waited:?} of {after:?}");
        assert_eq!(seen.interrupted, 1, "seed {seed}");
    }
}

#[test]
fn it_waits_for_no_answer_for_ever() {
    let never = Act::During { after: Duration::from_secs(100), what: Interjection::Cough };
    let (ending, seen) = call(1, vec![Act::Silent(Duration::from_secs(3)), never, Act::HangUp]);
    assert_eq!(ending.reason, CloseReason::AgentEnded);
    assert!(seen.stimuli.is_empty());
}

#[test]
fn what_is_to_cut_in_on_short_lines_is_given_up_and_the_call_goes_on() {
    let never = Act::During { after: Duration::from_secs(30), what: Interjection::Interrupt("no wait".into()) };
    // The agent asks whether anybody is there before patience ends.
    let acts = vec![never, Act::Say("my name is Anna".into()), Act::HangUp];
    let (ending, seen) = patient_call(3, acts, Duration::from_secs(12));
    assert_eq!(seen.heard, ["my name is Anna"]);
    assert_eq!((ending.reason, ending.by), (CloseReason::AgentEnded, Some(1)));
}
