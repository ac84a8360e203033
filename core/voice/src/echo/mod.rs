//! Own speech that comes back: from the other end's loudspeaker through its microphone.
//!
//! Cancelling it is the business of the device with the loudspeaker. Where that fails, a session must at least not take
//! itself for the other party. It knows what it played, so an echo gives itself away: a copy, later and quieter. Two
//! classic conditions, both of which must hold: the sound is at least 6 dB quieter than what was played (the test that
//! Duttweiler, "A Twelve-Channel Digital Echo Canceler", 1978, ascribes to Geigel), and its waveform correlates with it.
//! The other party's voice does not, at whatever loudness, so it can cut in as before.
//!
//! A way on which echoes came for long enough is remembered for the call. On it, what is heard is an echo unless it is
//! louder than what has to come back anyway: packets that were lost and made up, and voices that lie over each other,
//! are not like what was played.
//!
//! It knows neither a room that reverberates nor a loudspeaker that distorts.

mod played;

use duologue_media::Frame;
use played::{Played, Way};

/// Frames for which an echo goes on without a clear likeness: consonants, sound that was lost and made up; and how much
/// louder than expected it may be meanwhile, 6 dB.
const BRIDGE: u8 = 10;
const BRIDGE_LOUDER: f32 = 4.0;
/// After so many frames that were no echo in a row the long search is left to every [`AGAIN`]th: where there is noise
/// all the time, it would cost ten times as much as everything else here.
const PATIENCE: u32 = 10;
const AGAIN: u32 = 25;
/// In the first 0.8 s of own speech, before any way is known, it is done at every fifth: the first echo may still come.
const FIRST: u32 = 40;
const AGAIN_AT_FIRST: u32 = 5;
/// Unless it became so much quieter, 6 dB: a voice has ended, and an echo that lay under it may come out.
const QUIETER: f32 = 0.25;
/// What is found then has to be found on the same way so many times more than it is not: the end of a word may look like
/// one by chance.
const SURE: u8 = 4;
/// Frames of clear likeness on one way, 300 ms, until it is known: no two voices are alike for so long by chance.
const KNOWN: u16 = 15;
/// What is heard on a known way may be so much louder than what is expected, 3 dB; what is more is a voice.
const LOUDER: f32 = 2.0;
/// A way is forgotten after so many frames, half a second, in which less than a tenth of what it should bring came.
const GONE: u16 = 25;
const ABSENT: f32 = 0.1;
/// Ways that are remembered: a jitter buffer that adapts makes new ones.
const WAYS: usize = 4;
/// Lags this close, 1 ms, are one way.
const CLOSE: usize = 8;

/// Compares what is heard with what was played.
pub(crate) struct EchoGuard {
    sound: Played,
    /// The echo that goes on, and frames since it was clearly seen.
    present: Option<(Way, u8)>,
    /// Ways of this call, the last one first.
    ways: Vec<Remembered>,
    /// Frames in a row that were no echo, and the energy of the loudest 60 ms in them.
    misses: u32,
    loudest: f32,
    /// Frames since own speech began.
    speaking: u32,
    /// A way that may be one, and how much more often it was found than not; `None` where a single time is enough.
    suspect: Option<(usize, u8)>,
}

struct Remembered {
    way: Way,
    /// Frames in which it was clearly seen.
    seen: u16,
    /// Frames since then in which nothing came back on it.
    absent: u16,
}

impl EchoGuard {
    pub(crate) fn new() -> EchoGuard {
        EchoGuard {
            sound: Played::new(),
            present: None,
            ways: Vec::new(),
            misses: 0,
            loudest: 0.0,
            speaking: 0,
            suspect: None,
        }
    }

    /// Takes 20 ms that are played, after the frame that was heard at the same time.
    pub(crate) fn played(&mut self, frame: &Frame) {
        if self.sound.is_over() {
            self.speaking = 0;
        }
        self.sound.play(frame);
    }

    /// Whether these 20 ms that are heard are own speech. To be called for every frame: it is the clock.
    pub(crate) fn is_echo(&mut self, frame: &Frame) -> bool {
        self.sound.hear(frame);
        let over = self.sound.is_over();
        if !over {
            self.miss_ways();
        }
        let found = !over && !frame.is_silent() && self.looks_like_echo();
        if over || frame.is_silent() {
            (self.misses, self.loudest, self.suspect) = (0, 0.0, None);
        }
        self.sound.advance();
        self.speaking = self.speaking.saturating_add(1);
        found
    }

    fn looks_like_echo(&mut self) -> bool {
        let energy = self.sound.energy();
        if energy < QUIETER * self.loudest {
            if self.misses >= PATIENCE {
                self.suspect = Some((0, 0));
            }
            (self.misses, self.loudest) = (0, energy);
        }
        let seen = self.seen_again().or_else(|| self.searched());
        if let Some(way) = seen {
            self.remember(way);
        }
        let seen = seen.map(|way| (way, 0));
        self.present = seen.or_else(|| self.expected(energy)).or_else(|| self.bridged(energy));
        let missed = self.present.is_none();
        self.misses = if missed { self.misses + 1 } else { 0 };
        self.loudest = if missed { self.loudest.max(energy) } else { 0.0 };
        !missed
    }

    /// The present echo goes on, or one comes on a known way.
    fn seen_again(&self) -> Option<Way> {
        let present = self.present.map(|(way, _)| way.lag);
        let known = self.known().map(|r| r.way.lag);
        present.into_iter().chain(known).find_map(|lag| self.sound.likeness(lag))
    }

    /// An echo on any way, where there is no doubt about it.
    fn searched(&mut self) -> Option<Way> {
        let again = if self.speaking < FIRST && self.known().next().is_none() { AGAIN_AT_FIRST } else { AGAIN };
        if self.misses >= PATIENCE && !self.misses.is_multiple_of(again) {
            return None;
        }
        let Some((lag, times)) = self.suspect else { return self.sound.search() };
        let near = (times > 0).then(|| self.sound.likeness(lag)).flatten();
        let Some(way) = near.or_else(|| self.sound.search()) else {
            self.suspect = Some((lag, times.saturating_sub(1)));
            return None;
        };
        let times = if times > 0 && way.lag.abs_diff(lag) <= 1 { times + 1 } else { 1 };
        self.suspect = (times < SURE).then_some((way.lag, times));
        self.suspect.is_none().then_some(way)
    }

    /// Nothing more than what has to come back on a known way.
    fn expected(&self, energy: f32) -> Option<(Way, u8)> {
        let way = self.known().map(|r| r.way).find(|way| energy <= LOUDER * self.sound.expected(*way))?;
        Some((way, 0))
    }

    /// Too unlike to be recognised by itself, but no louder than the present echo of what was played.
    fn bridged(&self, energy: f32) -> Option<(Way, u8)> {
        let (way, unseen) = self.present.filter(|(_, unseen)| *unseen < BRIDGE)?;
        (energy <= BRIDGE_LOUDER * self.sound.expected(way)).then_some((way, unseen + 1))
    }

    fn known(&self) -> impl Iterator<Item = &Remembered> {
        self.ways.iter().filter(|r| r.seen >= KNOWN)
    }

    fn remember(&mut self, way: Way) {
        let at = self.ways.iter().position(|r| r.way.lag.abs_diff(way.lag) <= CLOSE);
        let before = at.map(|at| self.ways.remove(at));
        let gain = before.as_ref().map_or(way.gain, |r| 0.9 * r.way.gain + 0.1 * way.gain);
        let seen = before.map_or(0, |r| r.seen).saturating_add(1);
        self.ways.insert(0, Remembered { way: Way { gain, ..way }, seen, absent: 0 });
        self.ways.truncate(WAYS);
    }

    /// A way on which nothing comes back any more is none: the loudspeaker was turned off.
    fn miss_ways(&mut self) {
        if self.ways.is_empty() {
            return;
        }
        let heard = self.sound.energy();
        for known in &mut self.ways {
            let expected = self.sound.expected(known.way);
            known.absent += u16::from(expected > 1.0 && heard < ABSENT * expected);
        }
        self.ways.retain(|r| r.absent < GONE);
        let ways = &self.ways;
        self.present = self.present.filter(|(way, _)| ways.iter().any(|r| r.way.lag.abs_diff(way.lag) <= CLOSE));
    }
}

#[cfg(test)]
mod tests;
