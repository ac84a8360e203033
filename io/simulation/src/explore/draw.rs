use crate::suite::{
    Act, CallerAgent, Delay, Kind, Line, Network, Noise, Situation, Sound, Stages, Suite, TurnSettings,
};
use duologue_ids::{Seed, SeededRng};
use std::collections::{BTreeMap, BTreeSet};

/// A random suite of one situation, within what a product is set to: who says what when, over which line and path, how
/// long each stage takes, how agents take turns. One seed, one suite.
///
/// Words are made up, and none is said in two places, so that each can be traced from a mouth to a transcript.
pub fn draw(seed: u64) -> Suite {
    let mut draw = Draw { rng: Seed(seed).derive("explore").rng(), words: BTreeSet::new() };
    let id = format!("explore-{seed}");
    let situation = draw.situation(&id);
    Suite {
        title: format!("Found by search, seed {seed}"),
        description: String::new(),
        sound: if draw.chance(0.95) { Sound::Plain } else { Sound::Opus },
        seeds: 1,
        latency: draw.latency(),
        network: draw.network(),
        turns: draw.turns(),
        lines: draw.line().into_iter().collect(),
        situations: vec![situation],
        scenarios: Vec::new(),
        expect: BTreeMap::new(),
        invariants: true,
        id,
    }
}

struct Draw {
    rng: SeededRng,
    words: BTreeSet<String>,
}

impl Draw {
    fn chance(&mut self, share: f64) -> bool {
        self.rng.unit() < share
    }

    /// A whole number, both ends included.
    fn within(&mut self, low: usize, high: usize) -> usize {
        low + self.rng.below(high + 1 - low.min(high))
    }

    /// Milliseconds in tens.
    fn ms(&mut self, low: usize, high: usize) -> f64 {
        10.0 * self.within(low / 10, high / 10) as f64
    }

    fn word(&mut self) -> String {
        const ONSETS: [&str; 14] = ["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z"];
        loop {
            let mut word = String::new();
            for _ in 0..3 {
                word.push_str(ONSETS[self.rng.below(ONSETS.len())]);
                word.push_str(["a", "e", "i", "o", "u"][self.rng.below(5)]);
            }
            if self.words.insert(word.clone()) {
                return word;
            }
        }
    }

    /// So many words in clauses, and pauses where people pause.
    fn text(&mut self, words: usize, pauses: f64) -> String {
        let mut text = String::new();
        for n in 0..words {
            if n > 0 {
                text.push_str(if self.chance(0.12) { ", " } else { " " });
            }
            if n > 0 && self.chance(pauses) {
                text.push_str(&format!("[{}] ", self.ms(200, 1_800)));
            }
            text.push_str(&self.word());
        }
        text + "."
    }

    fn lines(&mut self, count: usize) -> Vec<String> {
        (0..count)
            .map(|_| {
                let words = self.within(1, 18);
                self.text(words, 0.0)
            })
            .collect()
    }

    fn greeting(&mut self, share: f64) -> Option<String> {
        let words = self.within(1, 8);
        self.chance(share).then(|| self.text(words, 0.0))
    }

    fn situation(&mut self, id: &str) -> Situation {
        let two_agents = self.chance(0.35);
        let count = self.within(1, 4);
        let acts = self.within(1, 8);
        Situation {
            id: id.to_owned(),
            title: "Drawn by search".to_owned(),
            greeting: self.greeting(0.6),
            agent: self.lines(count),
            caller: if two_agents { Vec::new() } else { (0..acts).map(|_| self.act()).collect() },
            caller_agent: two_agents.then(|| {
                let count = self.within(1, 6);
                CallerAgent { greeting: self.greeting(0.4), lines: self.lines(count) }
            }),
            patience_s: self.ms(800, 12_000) / 1e3,
            lines: Vec::new(),
            expect: BTreeMap::new(),
        }
    }

    fn act(&mut self) -> Act {
        let after_ms = Some(self.ms(0, 4_000));
        let few = self.within(1, 5);
        let many = self.within(1, 14);
        match self.rng.below(20) {
            0..7 => Act { say: Some(self.text(many, 0.15)), ..Act::default() },
            7..12 => Act { interrupt: Some(self.text(few, 0.05)), after_ms, ..Act::default() },
            12..14 => {
                let word = ["mhm", "okay", "yes", "I see", "right"][self.rng.below(5)];
                Act { backchannel: Some(word.to_owned()), after_ms, ..Act::default() }
            }
            14 => Act { cough: true, after_ms, ..Act::default() },
            15 => Act { aside: Some(self.text(few, 0.0)), after_ms, ..Act::default() },
            16 => Act { background: Some(self.text(few, 0.0)), after_ms, ..Act::default() },
            17 => {
                let letters: String = (0..few).map(|_| char::from(b'A' + self.rng.below(26) as u8)).collect();
                Act { spell: Some(letters), ..Act::default() }
            }
            _ => Act { silent_ms: Some(self.ms(500, 25_000)), ..Act::default() },
        }
    }

    fn latency(&mut self) -> Stages {
        let mut stage = |share: f64, low: (usize, usize), spread: usize| {
            self.chance(share).then(|| {
                let from = self.ms(low.0, low.1);
                let to = from + self.ms(0, spread);
                Delay { from: Some(from), to: Some(to), ..Delay::default() }
            })
        };
        Stages {
            stt: stage(0.6, (20, 600), 800),
            llm: stage(0.7, (50, 2_000), 2_000),
            tts: stage(0.5, (20, 600), 600),
            tool: None,
        }
    }

    fn network(&mut self) -> Network {
        let echo = self.chance(0.3);
        // Of an echo that comes back after 0.8 s a session does not claim to know it.
        let (delay, jitter) = if echo { (140, 20) } else { (300, 80) };
        Network {
            delay_ms: self.ms(0, delay),
            jitter_ms: if self.chance(0.5) { 0.0 } else { self.ms(0, jitter) },
            loss: if self.chance(0.6) { 0.0 } else { self.within(1, 50) as f64 / 1e3 },
            echo,
        }
    }

    fn turns(&mut self) -> TurnSettings {
        let mut set = |low, high| self.chance(0.35).then(|| self.ms(low, high));
        let endpointing_min_delay_ms = set(200, 1_200);
        TurnSettings {
            interruption_min_duration_ms: set(200, 1_200),
            false_interruption_timeout_ms: set(500, 4_000),
            endpointing_max_delay_ms: set(1_200, 4_000),
            endpointing_min_delay_ms,
            interruption_min_words: self.chance(0.3).then(|| self.within(0, 3) as u32),
            preemptive: self.chance(0.3).then(|| self.chance(0.5)),
        }
    }

    fn line(&mut self) -> Option<Line> {
        if self.chance(0.75) {
            return None;
        }
        let kind = if self.chance(0.5) { Kind::Room } else { Kind::Babble };
        let snr_db = self.within(10, 30) as f64;
        Some(Line {
            name: "line".to_owned(),
            noise: self.chance(0.6).then_some(Noise { kind, snr_db }),
            telephone: self.chance(0.5),
            poor_microphone: self.chance(0.3),
            network: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::parse;

    #[test]
    fn every_seed_draws_a_suite_that_can_be_held_and_always_the_same() {
        for seed in 0..200 {
            let suite = draw(seed);
            assert_eq!(suite, draw(seed));
            let text = crate::explore::suite_file(&suite, &[]);
            let read = parse("drawn.yaml", &suite.id, &text).unwrap_or_else(|e| panic!("seed {seed}: {e}\n{text}"));
            assert_eq!(read, suite, "seed {seed}:\n{text}");
        }
        assert_ne!(draw(1), draw(2));
    }
}
