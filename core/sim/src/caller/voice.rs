//! A caller's voice, made before it is needed, so that its sounds come at the moment that the script says.

use super::act::{Act, Interjection};
use duologue_ids::{Seed, SeededRng};
use duologue_media::Resampler;
use duologue_voice::{Effect, Failure, Spoken};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// A cough lasts so long.
const COUGH: Duration = Duration::from_millis(320);

pub(super) struct Studio {
    rate: u32,
    /// By number of the act: its pieces.
    acts: BTreeMap<u32, Vec<Piece>>,
    seed: Seed,
}

struct Piece {
    pause: Duration,
    words: String,
    sound: Vec<i16>,
    ready: bool,
}

impl Studio {
    pub(super) fn new(acts: &VecDeque<(u32, Act)>, rate: u32, rng: &mut SeededRng) -> Studio {
        let piece = |(pause, words)| Piece { pause, words, sound: Vec::new(), ready: false };
        let acts = acts.iter().map(|(n, act)| (*n, act.pieces(rng).into_iter().map(piece).collect())).collect();
        Studio { rate, acts, seed: Seed(rng.next_u64()) }
    }

    /// What is to be synthesised.
    pub(super) fn orders(&self) -> impl Iterator<Item = Effect> + '_ {
        self.acts.iter().flat_map(|(turn, pieces)| {
            let speak =
                |(clause, piece): (u32, &Piece)| Effect::Speak { turn: *turn, clause, text: piece.words.clone() };
            (0..).zip(pieces).map(speak)
        })
    }

    /// A part of what was synthesised. A piece that failed is silence: its words are missing, the call goes on.
    pub(super) fn take(&mut self, turn: u32, clause: u32, result: Result<Spoken, Failure>) {
        let Some(piece) = self.acts.get_mut(&turn).and_then(|p| p.get_mut(clause as usize)) else { return };
        match result {
            Ok(Spoken::Audio { rate, samples, .. }) if rate == self.rate => piece.sound.extend(samples),
            Ok(Spoken::Audio { rate, samples, .. }) => {
                let mut resampler = Resampler::new(rate, self.rate);
                resampler.push(&samples, &mut piece.sound);
                resampler.finish(&mut piece.sound);
            }
            // It always speaks to the end.
            Ok(Spoken::Words(_)) => {}
            Ok(Spoken::Done) | Err(_) => piece.ready = true,
        }
    }

    /// All words of an act.
    pub(super) fn text(&self, number: u32) -> String {
        let pieces = self.acts.get(&number).map(Vec::as_slice).unwrap_or_default();
        pieces.iter().map(|p| p.words.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// The sound of an act, once all of it is there.
    pub(super) fn sound(&mut self, number: u32, act: &Act) -> Option<Vec<i16>> {
        if matches!(act, Act::During { what: Interjection::Cough, .. }) {
            return Some(self.cough(number));
        }
        let pieces = self.acts.get(&number)?;
        if pieces.iter().any(|p| !p.ready) {
            return None;
        }
        let mut sound = Vec::new();
        for piece in pieces {
            sound.resize(sound.len() + self.samples(piece.pause), 0);
            sound.extend(piece.sound.iter().map(|&s| (f32::from(s) * act.gain()) as i16));
        }
        Some(sound)
    }

    fn samples(&self, long: Duration) -> usize {
        (long.as_millis() * u128::from(self.rate) / 1_000) as usize
    }

    /// Two bursts of noise, the first louder.
    fn cough(&self, number: u32) -> Vec<i16> {
        let mut rng = self.seed.derive(&format!("cough {number}")).rng();
        let length = self.samples(COUGH);
        let burst = |i: usize, from: f64, loud: f64| {
            let place = i as f64 / length as f64 - from;
            if place < 0.0 { 0.0 } else { loud * (-place * 9.0).exp() * (place * 60.0).min(1.0) }
        };
        (0..length)
            .map(|i| ((burst(i, 0.0, 1.0) + burst(i, 0.45, 0.6)) * (rng.unit() - 0.5) * 24_000.0) as i16)
            .collect()
    }
}
