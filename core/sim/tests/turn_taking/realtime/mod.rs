//! The brain that hears and speaks, in virtual time.

mod any_order;
mod barge_in;
mod calls;

use crate::bench::{self, frames};
use duologue_chat::{Item, RealtimeCommand, Role};
use duologue_ids::Seed;
use duologue_media::EnergyVad;
use duologue_sim::{BABBLE_RATE, ScriptedRealtime, babble};
use duologue_voice::{Brain, Realtime, Session, SessionConfig};

type Bench = bench::Bench<ScriptedRealtime>;

fn config(seed: u64) -> SessionConfig {
    let mut config = SessionConfig::new("Joe", "Anna", "You are Joe.");
    config.brain = Brain::Realtime(Realtime { model: "scripted".into() });
    config.output_rate = BABBLE_RATE;
    config.seed = Seed(seed);
    config
}

fn bench(config: SessionConfig, runner: ScriptedRealtime) -> Bench {
    let session = Session::new(config).expect("valid").with_vad(Box::new(EnergyVad::new(300.0)));
    Bench::with(session, runner)
}

impl Bench {
    fn hear_words(&mut self, words: &str) {
        frames(&babble(words, 180.0, 1.0)).into_iter().for_each(|f| {
            self.hear(f);
        });
    }

    fn said(&self, role: Role) -> Vec<&str> {
        let text = |i: &'_ Item| matches!(i, Item::Message { role: r, .. } if *r == role);
        let items = self.session.history().items().iter().filter(|i| text(i));
        items.map(|i| if let Item::Message { text, .. } = i { text.as_str() } else { "" }).collect()
    }

    fn asked(&self) -> Vec<Option<&str>> {
        let instructions = |c: &RealtimeCommand| matches!(c, RealtimeCommand::Respond { .. });
        let asked = self.runner.told.iter().filter(|c| instructions(c));
        asked
            .map(|c| if let RealtimeCommand::Respond { instructions, .. } = c { instructions.as_deref() } else { None })
            .collect()
    }
}
