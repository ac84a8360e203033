//! Where somebody speaks in a recorded track: by loudness, against a floor that follows the noise.
//!
//! A live detector must decide at once; here the whole recording lies before us, so edges can be looked at from both sides.
//! Levels are taken of 10 ms, without their mean. Around each second there is a noise floor (the quietest 200 ms that are
//! steady, as noise is and speech is not, and no digital silence) and a loudest level. Speech is where the level stands
//! well above the floor and not too far below the loudest; from there it reaches outwards as long as the level stays a
//! little above the floor. That keeps soft ends of words without letting noise in, and it needs no hang-over that would
//! move the edges. Clicks are too short to be speech. Pauses up to [`PAUSE`] lie within it.

use duologue_ids::Mono;
use duologue_score::{Interval, PAUSE, Track};

/// Levels a second.
const LEVELS: u32 = 100;
/// A level in decibels below full scale.
type Level = f32;

/// What is softer is silence, whatever the floor: soft voices on a telephone are 20 dB louder.
const SILENCE: Level = -58.0;
/// Digital silence and what Opus makes of it say nothing about the noise in a room.
const NO_SOUND: Level = -75.0;
/// Speech begins this far above the noise.
const ABOVE_NOISE: Level = 9.0;
/// And reaches outwards as long as it stays this far above.
const JUST_ABOVE_NOISE: Level = 6.0;
/// Speech begins at most this far below the loudest of its surroundings: syllables of one voice span about 30 dB.
const BELOW_LOUDEST: Level = 26.0;
/// And reaches outwards down to here.
const FAR_BELOW_LOUDEST: Level = 34.0;
/// The loudest of the surroundings counts for no less than this below the loudest of all.
const SOFTEST_VOICE: Level = 40.0;
/// Noise stays within this range for [`STEADY`] levels.
const NOISE_RANGE: Level = 10.0;
const STEADY: usize = 20;
/// What is steady is noise if it is this far below the loudest of all, or if all of the track is steady.
const BELOW_VOICE: Level = 12.0;
/// In fewer levels a steady track may be one long word: it is noise only where it is softer than voices are.
const TELLING: usize = 5 * LEVELS as usize;
const SOFT: Level = -40.0;
/// Stretches of this many levels have a floor of their own, which also looks at those beside it.
const STRETCH: usize = 100;
const NEIGHBOURS: usize = 2;
/// A sound of fewer loud levels that stands alone is a click.
const CLICK: usize = 4;
/// It stands alone if nothing is loud within so many levels.
const ALONE: usize = 15;

/// When `samples` (at `rate` Hz, mono) hold speech. Edges lie on a grid of 10 ms.
pub(crate) fn speech(rate: u32, samples: &[i16]) -> Track {
    let levels = levels(rate, samples);
    let floors = Floors::of(&levels);
    let mut loud: Vec<bool> = levels.iter().enumerate().map(|(i, level)| *level >= floors.begin(i)).collect();
    drop_clicks(&mut loud);
    let spread = spread(&loud, |i| levels.get(i).is_some_and(|level| *level >= floors.reach(i)));
    intervals(&spread).closing_gaps(PAUSE)
}

/// The level of each 10 ms, decibels; the mean, which no microphone should have, does not count.
fn levels(rate: u32, samples: &[i16]) -> Vec<Level> {
    let length = (rate / LEVELS).max(1) as usize;
    let level = |chunk: &[i16]| {
        let (sum, squares) =
            chunk.iter().fold((0i64, 0i64), |(sum, squares), &s| (sum + i64::from(s), squares + i64::from(s).pow(2)));
        let n = chunk.len() as f64;
        let variance = squares as f64 / n - (sum as f64 / n).powi(2);
        (10.0 * (variance / f64::from(1u32 << 30)).max(1e-12).log10()) as Level
    };
    samples.chunks(length).map(level).collect()
}

/// Noise and loudest level around each stretch.
struct Floors {
    around: Vec<(Level, Level)>,
}

impl Floors {
    fn of(levels: &[Level]) -> Floors {
        let parts = || levels.chunks(STRETCH);
        let loudest = parts().map(top).fold(SILENCE, Level::max);
        let voice = if is_steady(levels) { Level::INFINITY } else { loudest - BELOW_VOICE };
        let each: Vec<(Level, Level)> = parts().map(|part| (noise(part, voice), top(part))).collect();
        let around = |i: usize| {
            let near = &each[i.saturating_sub(NEIGHBOURS)..each.len().min(i + NEIGHBOURS + 1)];
            let noise = near.iter().map(|e| e.0).fold(Level::INFINITY, Level::min);
            let top = near.iter().map(|e| e.1).fold(NO_SOUND, Level::max).max(loudest - SOFTEST_VOICE);
            (if noise.is_finite() { noise } else { NO_SOUND }, top)
        };
        Floors { around: (0..each.len()).map(around).collect() }
    }

    fn begin(&self, i: usize) -> Level {
        let (noise, top) = self.around.get(i / STRETCH).copied().unwrap_or((NO_SOUND, SILENCE));
        (noise + ABOVE_NOISE).max(top - BELOW_LOUDEST).max(SILENCE)
    }

    fn reach(&self, i: usize) -> Level {
        let (noise, top) = self.around.get(i / STRETCH).copied().unwrap_or((NO_SOUND, SILENCE));
        (noise + JUST_ABOVE_NOISE).max(top - FAR_BELOW_LOUDEST).max(SILENCE)
    }
}

/// The level of the quietest stretch that is as steady as noise, sounds, and is no louder than `voice`; infinite where
/// there is none.
fn noise(levels: &[Level], voice: Level) -> Level {
    let range = |w: &[Level]| {
        let ends = |(low, high): (Level, Level), l: &Level| (low.min(*l), high.max(*l));
        w.iter().fold((Level::INFINITY, Level::NEG_INFINITY), ends)
    };
    let mean = |w: &[Level]| w.iter().sum::<Level>() / w.len() as Level;
    let steady = levels.windows(STEADY).filter(|w| {
        let (low, high) = range(w);
        low > NO_SOUND && high - low <= NOISE_RANGE
    });
    steady.map(mean).filter(|level| *level <= voice).fold(Level::INFINITY, Level::min)
}

/// Whether nothing but noise is on a track. What comes and goes with digital silence is no noise, however steady: a tone,
/// or a made voice.
fn is_steady(levels: &[Level]) -> bool {
    let mut sounding: Vec<Level> = levels.iter().copied().filter(|l| *l > NO_SOUND).collect();
    sounding.sort_unstable_by(Level::total_cmp);
    let at = |share: usize| sounding.get(sounding.len() * share / 100).copied().unwrap_or(NO_SOUND);
    let telling = levels.len() >= TELLING || top(levels) < SOFT;
    telling && sounding.len() * 10 >= levels.len() * 9 && at(98) - at(5) < BELOW_VOICE
}

/// The level that only a twentieth exceeds, so that a click does not set the scale.
fn top(levels: &[Level]) -> Level {
    let mut sorted = levels.to_vec();
    sorted.sort_unstable_by(Level::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) * 19 / 20).copied().unwrap_or(NO_SOUND)
}

/// Short sounds with nothing loud near them.
fn drop_clicks(loud: &mut [bool]) {
    let runs: Vec<(usize, usize)> = runs(loud).collect();
    for (k, &(start, end)) in runs.iter().enumerate() {
        let alone_before = k.checked_sub(1).and_then(|b| runs.get(b)).is_none_or(|before| start - before.1 > ALONE);
        let alone_behind = runs.get(k + 1).is_none_or(|behind| behind.0 - end > ALONE);
        if end - start < CLICK && alone_before && alone_behind {
            loud[start..end].fill(false);
        }
    }
}

/// Everything loud, and what reaches out from it.
fn spread(loud: &[bool], reaches: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut spread = loud.to_vec();
    for i in 1..spread.len() {
        spread[i] |= spread[i - 1] && reaches(i);
    }
    for i in (1..spread.len()).rev() {
        spread[i - 1] |= spread[i] && reaches(i - 1);
    }
    spread
}

/// From and to of each run of `true`.
fn runs(marks: &[bool]) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + marks[at..].iter().position(|m| *m)?;
        let end = marks[start..].iter().position(|m| !*m).map_or(marks.len(), |n| start + n);
        at = end;
        Some((start, end))
    })
}

fn intervals(marks: &[bool]) -> Track {
    let at = |i: usize| Mono::from_millis(i as u64 * u64::from(1_000 / LEVELS));
    runs(marks).map(|(start, end)| Interval::new(at(start), at(end))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RATE: u32 = 16_000;

    fn tone(ms: u64, peak: f64) -> Vec<i16> {
        (0..ms * 16).map(|i| (peak * (f64::from(i as u32) * 0.2).sin()) as i16).collect()
    }

    fn spans(track: &Track) -> Vec<(u64, u64)> {
        track.intervals().iter().map(|i| (i.start.as_millis(), i.end.as_millis())).collect()
    }

    #[test]
    fn a_steady_voice_is_speech_and_steady_noise_is_not() {
        let voice =
            [vec![0; 16_000], tone(1_500, 6_000.0), vec![0; 24_000], tone(800, 6_000.0), vec![0; 9_600]].concat();
        assert_eq!(spans(&speech(RATE, &voice)), [(1_000, 2_500), (4_000, 4_800)]);
        assert_eq!(spans(&speech(RATE, &tone(5_000, 300.0))), []);
        // All that was recorded of a call that ended in the first word.
        assert_eq!(spans(&speech(RATE, &tone(1_000, 6_000.0))), [(0, 1_000)]);
        assert_eq!(spans(&speech(RATE, &[])), []);
    }

    #[test]
    fn a_constant_is_silence() {
        assert_eq!(spans(&speech(RATE, &vec![9_000; 32_000])), []);
    }

    proptest! {
        #[test]
        fn any_samples_give_speech_within_their_length(
            samples in prop::collection::vec(any::<i16>(), 0..4_000),
            rate in prop::sample::select(&[8_000u32, 16_000, 48_000, 1, 0][..]),
        ) {
            let track = speech(rate, &samples);
            let length = levels(rate, &samples).len() as u64 * 10;
            prop_assert!(track.intervals().iter().all(|i| i.end.as_millis() <= length));
        }
    }
}
