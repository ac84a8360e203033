//! Own speech that comes back: from the other end's loudspeaker through its microphone.
//!
//! Cancelling it is the business of the device with the loudspeaker. Where that fails, a session must at least not take
//! itself for the other party. It knows what it played, so an echo gives itself away: a copy, later and quieter. Two
//! classic conditions, both of which must hold: the sound is at least 6 dB quieter than what was played (the test that
//! Duttweiler, "A Twelve-Channel Digital Echo Canceler", 1978, ascribes to Geigel), and its waveform correlates with it.
//! The other party's voice does not, at whatever loudness, so it can cut in as before.
//!
//! It knows one way back at a time, and neither a room that reverberates nor a loudspeaker that distorts. A second of own
//! speech costs 0.05 ms, and 1 ms beside a line that is never silent.

use duologue_media::Frame;

/// Samples a second that are compared: the voice's own range, and no more work than needed.
const RATE: u32 = 8_000;
/// 20 ms.
const STEP: usize = 160;
/// 60 ms are compared at a time: more than a period of the lowest voice, less than the gate takes to open.
const WINDOW: usize = 3 * STEP;
/// The longest way there and back, 800 ms.
const REACH: usize = 40 * STEP;
/// Correlation, from 0 to 1, from which on two waveforms are the same.
const ALIKE: f32 = 0.8;
/// The most that comes back: half, 6 dB down.
const LOUDEST: f32 = 0.5;
/// Frames for which a known echo goes on without a clear likeness: consonants, sound that was lost and made up.
const BRIDGE: u8 = 10;
/// After so many frames that were no echo in a row the long search is left to every [`AGAIN`]th: where there is noise
/// all the time, it would cost ten times as much as everything else here.
const PATIENCE: u32 = 10;
const AGAIN: u32 = 25;
/// Unless it became so much quieter, 6 dB: a voice has ended, and an echo that lay under it may come out.
const QUIETER: f32 = 0.25;
/// What is found then has to be found on the same way so often in a row: the end of a word may look like one by chance.
const SURE: u8 = 4;

/// Compares what is heard with what was played.
pub(crate) struct EchoGuard {
    /// The last 860 ms that were played; nothing before the first sound.
    played: Vec<f32>,
    /// Frames since the last one that was played.
    quiet: usize,
    /// The last 60 ms that were heard.
    heard: [f32; WINDOW],
    /// The way there and back, where one is known.
    path: Option<Path>,
    /// Frames in a row that were no echo, and the energy of the loudest 60 ms in them.
    misses: u32,
    loudest: f32,
    /// A way that may be one, and how often it was found in a row; `None` where a single time is enough.
    suspect: Option<(usize, u8)>,
}

#[derive(Clone, Copy)]
struct Path {
    lag: usize,
    gain: f32,
    /// Frames since it was last seen.
    unseen: u8,
}

impl EchoGuard {
    pub(crate) fn new() -> EchoGuard {
        EchoGuard {
            played: Vec::new(),
            quiet: usize::MAX,
            heard: [0.0; WINDOW],
            path: None,
            misses: 0,
            loudest: 0.0,
            suspect: None,
        }
    }

    /// Takes 20 ms that are played, after the frame that was heard at the same time.
    pub(crate) fn played(&mut self, frame: &Frame) {
        self.quiet = 0;
        self.played.resize(WINDOW + REACH, 0.0);
        thin(frame, &mut self.played[WINDOW + REACH - STEP..]);
    }

    /// Whether these 20 ms that are heard are own speech. To be called for every frame: it is the clock.
    pub(crate) fn is_echo(&mut self, frame: &Frame) -> bool {
        self.heard.copy_within(STEP.., 0);
        thin(frame, &mut self.heard[WINDOW - STEP..]);
        let found = if self.is_over() || frame.is_silent() {
            self.misses = 0;
            None
        } else {
            let energy = dot(&self.heard, &self.heard);
            if energy < QUIETER * self.loudest {
                if self.misses >= PATIENCE {
                    self.suspect = Some((0, 0));
                }
                (self.misses, self.loudest) = (0, energy);
            }
            self.path = self.seen_again().or_else(|| self.searched()).or_else(|| self.bridged());
            let missed = self.path.is_none();
            self.misses = if missed { self.misses + 1 } else { 0 };
            self.loudest = if missed { self.loudest.max(energy) } else { 0.0 };
            self.path
        };
        self.advance();
        found.is_some()
    }

    /// The next 20 ms begin; nothing is played in them yet.
    fn advance(&mut self) {
        self.quiet = self.quiet.saturating_add(1);
        if !self.is_over() {
            self.played.copy_within(STEP.., 0);
            self.played[WINDOW + REACH - STEP..].fill(0.0);
        }
    }

    /// Nothing that was played can still come back.
    fn is_over(&self) -> bool {
        self.quiet > (WINDOW + REACH) / STEP
    }

    /// The known echo goes on.
    fn seen_again(&self) -> Option<Path> {
        self.path.and_then(|path| self.likeness(path.lag))
    }

    /// An echo on any way, where there is no doubt about it.
    fn searched(&mut self) -> Option<Path> {
        let found = self.search();
        let Some((lag, times)) = self.suspect else { return found };
        let again = found.is_some_and(|p| p.lag.abs_diff(lag) <= 1);
        self.suspect = match found {
            Some(_) if again && times + 1 >= SURE => return found.inspect(|_| self.suspect = None),
            Some(path) => Some((path.lag, if again { times + 1 } else { 1 })),
            None => Some((0, 0)),
        };
        None
    }

    /// An echo on any way: at half the rate first, which is a quarter of the work, then exactly.
    fn search(&self) -> Option<Path> {
        if self.misses >= PATIENCE && !self.misses.is_multiple_of(AGAIN) {
            return None;
        }
        let (heard, played) = (halved(&self.heard), halved(&self.played));
        let (window, reach) = (heard.len(), REACH / 2);
        // No way on which it would be too loud for an echo needs a closer look.
        let least = dot(&heard, &heard) * (ALIKE * ALIKE) / (LOUDEST * LOUDEST);
        let mut energy = f64::from(dot(&played[reach..], &played[reach..]));
        let mut best = (0.0, None);
        for lag in 0..reach {
            if energy > f64::from(least.max(1.0)) {
                let product = f64::from(dot(&heard, &played[reach - lag..][..window]));
                let score = product * product / energy;
                if score > best.0 {
                    best = (score, Some(2 * lag));
                }
            }
            let [leaves, enters] = [window + reach - 1 - lag, reach - 1 - lag].map(|at| f64::from(played[at]));
            energy += enters * enters - leaves * leaves;
        }
        let near = best.1?.saturating_sub(1)..=best.1? + 1;
        near.filter_map(|lag| self.likeness(lag)).max_by(|a, b| a.gain.total_cmp(&b.gain))
    }

    /// Too unlike to be recognised by itself, but no louder than the known echo of what was played.
    fn bridged(&self) -> Option<Path> {
        let path = self.path.filter(|p| p.unseen < BRIDGE)?;
        let (played, most) = (self.played_at(path.lag), 2.0 * path.gain);
        (dot(&self.heard, &self.heard) <= most * most * dot(played, played))
            .then_some(Path { unseen: path.unseen + 1, ..path })
    }

    /// The path with this lag, where what is heard is a quieter copy of what was played that long ago.
    fn likeness(&self, lag: usize) -> Option<Path> {
        let played = self.played_at(lag);
        let (product, energy) = (dot(&self.heard, played).abs(), dot(played, played));
        let alike = product * product >= ALIKE * ALIKE * energy * dot(&self.heard, &self.heard);
        (energy > 1.0 && alike && product <= LOUDEST * energy).then_some(Path {
            lag,
            gain: product / energy,
            unseen: 0,
        })
    }

    /// 60 ms that ended `lag` samples before the end of what was played.
    fn played_at(&self, lag: usize) -> &[f32] {
        &self.played[REACH - lag..][..WINDOW]
    }
}

/// The frame at [`RATE`]: each sample is the mean of those it stands for.
fn thin(frame: &Frame, out: &mut [f32]) {
    let each = (frame.rate() / RATE).max(1) as usize;
    for (out, of) in out.iter_mut().zip(frame.samples().chunks_exact(each)) {
        *out = of.iter().map(|&s| f32::from(s)).sum::<f32>() / each as f32;
    }
}

/// Each sample is the mean of two.
fn halved(samples: &[f32]) -> Vec<f32> {
    samples.chunks_exact(2).map(|s| (s[0] + s[1]) / 2.0).collect()
}

/// Sum of products, in lanes that the compiler can do at once.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 16];
    for (a, b) in a.chunks_exact(16).zip(b.chunks_exact(16)) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_ids::Mono;
    use duologue_media::{Codec, Ear, EarConfig, Mouth};

    const CALLER: &[u8] = include_bytes!("../../../benches/voice/speech48.wav");
    const AGENT: &[u8] = include_bytes!("../../../benches/voice/reply48.wav");

    /// 48 kHz mono behind a header of 44 bytes, as frames of 20 ms after `samples_late`, `db` down.
    fn frames(wav: &[u8], samples_late: usize, db: f32) -> Vec<Frame> {
        let gain = 10f32.powf(-db / 20.0);
        let sound = wav[44..].chunks_exact(2).map(|b| (f32::from(i16::from_le_bytes([b[0], b[1]])) * gain) as i16);
        let late: Vec<i16> = std::iter::repeat_n(0, samples_late).chain(sound).collect();
        late.chunks_exact(960).map(|c| Frame::new(48_000, c.to_vec()).unwrap()).collect()
    }

    /// Which frames are taken for an echo, where `heard` crosses as Opus while `played` is played.
    fn verdicts(played: &[Frame], heard: &[Frame]) -> Vec<(Frame, bool)> {
        let mut guard = EchoGuard::new();
        let (mut mouth, mut ear) = (Mouth::new(Codec::Opus, 48_000, 1), Ear::new(16_000, EarConfig::default()));
        let mut all = Vec::new();
        for n in 0..played.len().max(heard.len()) + 5 {
            let now = Mono::from_millis(20 * n as u64);
            mouth.send(heard.get(n)).unwrap().into_iter().for_each(|packet| ear.push(now, packet));
            let frame = ear.pull(now).frame;
            all.push((frame.clone(), guard.is_echo(&frame)));
            played.get(n).into_iter().for_each(|frame| guard.played(frame));
        }
        all
    }

    fn audible(frame: &Frame) -> bool {
        frame.samples().iter().any(|s| s.unsigned_abs() > 100)
    }

    #[test]
    fn own_speech_is_recognised_at_any_delay_and_loudness_even_after_opus() {
        for (samples_late, db) in [(5_011, 8.0), (12_345, 12.0), (20_002, 20.0), (30_007, 26.0)] {
            let verdicts = verdicts(&frames(AGENT, 0, 0.0), &frames(AGENT, samples_late, db));
            let (mut missed, mut in_a_row, mut longest) = (0, 0, 0);
            for (_, echo) in verdicts.iter().filter(|(frame, _)| audible(frame)) {
                in_a_row = if *echo { 0 } else { in_a_row + 1 };
                missed += usize::from(!echo);
                longest = longest.max(in_a_row);
            }
            // What passes, 80 ms at most, is where a voice sets in.
            assert!(missed <= verdicts.len() / 20 && longest <= 4, "{db} dB: {missed} missed, {longest} in a row");
        }
    }

    #[test]
    fn another_voice_is_never_taken_for_it_however_quiet() {
        // The last is the same voice with words that were played too long ago to be an echo.
        for (wav, samples_late) in [(CALLER, 7_001), (AGENT, 80_003)] {
            for db in [0.0, 6.0, 12.0, 26.0] {
                let verdicts = verdicts(&frames(AGENT, 0, 0.0), &frames(wav, samples_late, db));
                assert!(verdicts.iter().filter(|(frame, _)| audible(frame)).count() > 100);
                let taken = verdicts.iter().filter(|(frame, echo)| audible(frame) && *echo).count();
                assert_eq!(taken, 0, "{samples_late} samples late, {db} dB down");
            }
        }
    }
}
