//! What a test wants to know of a duet, and the parties it is made of.

use duologue_ids::{Mono, Seed};
use duologue_media::Packet;
use duologue_sim::{Duet, DuetConfig, Ending, Latency, LinkConfig, ScriptedRunner, Tap, run};
use duologue_voice::{Event, SessionConfig};
use std::time::Duration;

pub(crate) const SEEDS: u64 = 200;
pub(crate) const FRAME: Duration = Duration::from_millis(20);

/// All packets and events, in order.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) packets: Vec<(Mono, usize)>,
    pub(crate) events: Vec<(Mono, usize, Event)>,
}

impl Tap for Log {
    fn packet(&mut self, now: Mono, side: usize, _packet: &Packet) {
        self.packets.push((now, side));
    }

    fn event(&mut self, now: Mono, side: usize, event: &Event) {
        self.events.push((now, side, event.clone()));
    }
}

impl Log {
    /// When anybody was first heard.
    pub(crate) fn first_sound(&self) -> Option<Mono> {
        self.packets.first().map(|p| p.0)
    }

    /// Stretches of sound of one side: packets less than 100 ms apart.
    pub(crate) fn speech(&self, side: usize) -> Vec<(Mono, Mono)> {
        let mut out: Vec<(Mono, Mono)> = Vec::new();
        for (at, _) in self.packets.iter().filter(|p| p.1 == side) {
            match out.last_mut().filter(|(_, until)| at.since(*until) < Duration::from_millis(100)) {
                Some((_, until)) => *until = *at + FRAME,
                None => out.push((*at, *at + FRAME)),
            }
        }
        out
    }

    /// Time during which both are heard, between `from` and `to`.
    pub(crate) fn overlap(&self, from: Mono, to: Mono) -> Duration {
        let clip = |(a, b): (Mono, Mono)| (a.max(from), b.min(to));
        let mut sum = Duration::ZERO;
        for a in self.speech(0).into_iter().map(clip) {
            for b in self.speech(1).into_iter().map(clip) {
                sum += a.1.min(b.1).since(a.0.max(b.0));
            }
        }
        sum
    }

    pub(crate) fn items(&self) -> Vec<(usize, String, bool)> {
        let item = |(_, side, e): &(Mono, usize, Event)| match e {
            Event::ConversationItemAdded { text, interrupted, .. } => Some((*side, text.clone(), *interrupted)),
            _ => None,
        };
        self.events.iter().filter_map(item).collect()
    }

    /// Messages that were cut off, by the end of the call excepted.
    pub(crate) fn truncated(&self, ending: Ending) -> usize {
        let cut = |e: &Event| matches!(e, Event::ConversationItemAdded { interrupted: true, .. });
        self.events.iter().filter(|(at, _, e)| *at < ending.at && cut(e)).count()
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Event) -> bool) -> usize {
        self.events.iter().filter(|(_, _, e)| wanted(e)).count()
    }
}

/// Joe and Anna, neither of whom opens; Joe keeps the floor in a collision.
pub(crate) fn parties(seed: u64) -> [SessionConfig; 2] {
    let mut joe = SessionConfig::new("Joe", "Anna", "");
    let mut anna = SessionConfig::new("Anna", "Joe", "");
    joe.seed = Seed(seed).derive("joe");
    anna.seed = Seed(seed).derive("anna");
    joe.collision.yields = false;
    [joe, anna]
}

/// Providers with the spread of real ones.
pub(crate) fn runners(seed: u64) -> [ScriptedRunner; 2] {
    runners_saying(seed, |side, n| {
        let who = ["Joe", "Anna"][side];
        format!("This is line number {n} of {who}, and it is about as long as people's lines are.")
    })
}

/// The same, with lines by party and number from 1.
pub(crate) fn runners_saying(seed: u64, line: fn(usize, usize) -> String) -> [ScriptedRunner; 2] {
    [0, 1].map(|side| {
        let mut n = 0;
        let mut runner = ScriptedRunner::writing(move |_| {
            n += 1;
            line(side, n)
        });
        runner.stt = Latency::uniform_ms(100, 300);
        runner.llm = Latency::uniform_ms(200, 900);
        runner.tts = Latency::uniform_ms(50, 200);
        runner.with_seed(Seed(seed + side as u64))
    })
}

/// A usual path through a room server.
pub(crate) fn over_internet(seed: u64, seconds: u64) -> DuetConfig {
    let mut config = DuetConfig::scripted();
    config.links = [LinkConfig::INTERNET; 2];
    config.seed = Seed(seed);
    config.limits.duration = Duration::from_secs(seconds);
    config.limits.turns = 10_000;
    config
}

pub(crate) fn play(config: DuetConfig, parties: [SessionConfig; 2], runners: [ScriptedRunner; 2]) -> (Ending, Log) {
    let mut duet = Duet::new(config, parties, runners, Log::default()).expect("a duet");
    let ending = run(&mut duet).expect("it runs");
    (ending, duet.tap)
}
