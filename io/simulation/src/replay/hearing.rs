use super::memory::Told;
use duologue_media::{EarshotVad, Foreground, Vad};
use duologue_voice::Event;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How long speech lasts until it is told to have begun, and silence until it is told that it ended: those of
/// [`duologue_voice::Hearing`] by itself, in whole frames.
const TOLD_AFTER: f64 = 0.06;
const ENDED_AFTER: f64 = 0.215;
/// Between the two thresholds of a gate: what begins no speech and ends none.
const SPEECH: f32 = 0.51;
const GOES_ON: f32 = 0.36;
const SILENCE: f32 = 0.3;

/// What the time is, for a detector that is only given sound. Milliseconds.
pub(super) type Clock = Arc<AtomicU64>;

/// A detector that takes for speech what was taken for it then. A recording is coded once more than what was heard, which
/// moves ends of speech by up to 200 ms; where the detector now and the account of then differ, the account holds.
pub(super) struct AsHeardThen {
    detector: Box<dyn Vad>,
    clock: Clock,
    /// From when to when there was speech, as it was told, oldest first.
    speech: Vec<(f64, f64)>,
    /// Nothing is known of later.
    until: f64,
}

impl AsHeardThen {
    pub(super) fn new(detector: Option<Box<dyn Vad>>, clock: Clock, told: &[Told]) -> AsHeardThen {
        let (mut speech, mut began) = (Vec::new(), None);
        for line in told {
            match line.event {
                Event::UserStateChanged { speaking: true } => began = Some(line.at),
                Event::UserStateChanged { speaking: false } => {
                    speech.extend(began.take().map(|from| (from, line.at)));
                }
                _ => {}
            }
        }
        // Of speech whose end is missing only the beginning is known.
        let until = began.or(told.last().map(|line| line.at)).unwrap_or(0.0);
        let detector = detector.unwrap_or_else(|| Box::new(Foreground::new(Box::new(EarshotVad::new()))));
        AsHeardThen { detector, clock, speech, until }
    }
}

impl Vad for AsHeardThen {
    fn window(&self) -> usize {
        self.detector.window()
    }

    fn predict(&mut self, window: &[i16]) -> f32 {
        let probability = self.detector.predict(window);
        let now = self.clock.load(Ordering::Relaxed) as f64 / 1e3;
        if now > self.until {
            return probability;
        }
        let next = self.speech.partition_point(|(_, to)| *to < now);
        match self.speech.get(next) {
            Some(&(from, to)) if now > from - TOLD_AFTER && now <= to => match now {
                _ if now <= from => probability.max(SPEECH),
                _ if now <= to - ENDED_AFTER => probability.max(GOES_ON),
                _ => probability.min(SILENCE),
            },
            _ => probability.min(SILENCE),
        }
    }

    fn reset(&mut self) {
        self.detector.reset();
    }
}
