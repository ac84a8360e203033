use crate::frame::Frame;
use crate::resampler::Resampler;
use crate::vad::Vad;
use std::time::Duration;

/// Rate that detectors work at, in Hz.
const RATE: u32 = 16_000;
/// Windows of digital silence over which the probability must have come to rest (512 ms of 16 ms windows).
const REST_WINDOWS: u32 = 32;
/// How little the probability moves in that time when it rests, 1 to 2 s into silence. The network's memory never stands
/// quite still, but what moves later moves no start or end by more than a window (see the tests).
const REST: f32 = 0.01;

/// When a [`SpeechGate`] opens and closes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateConfig {
    /// A window at least this probable is speech while nobody speaks.
    pub start: f32,
    /// A window less probable than this is silence while somebody speaks.
    pub end: f32,
    /// Speech in a row that makes a start; at least one window.
    pub min_speech: Duration,
    /// Silence in a row that makes an end; at least one window.
    pub min_silence: Duration,
}

impl Default for GateConfig {
    /// 0.5, 0.35, 50 ms and 0.2 s.
    fn default() -> GateConfig {
        let ms = Duration::from_millis;
        GateConfig { start: 0.5, end: 0.35, min_speech: ms(50), min_silence: ms(200) }
    }
}

/// What a frame changed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GateUpdate {
    /// Somebody speaks, as of the end of the frame.
    pub speaking: bool,
    /// Speech was found to have started, [`GateConfig::min_speech`] ago.
    pub started: bool,
    /// Speech was found to have ended, [`GateConfig::min_silence`] ago. A frame can have both, in either order.
    pub stopped: bool,
    /// Probability of speech in the last window, from 0 to 1.
    pub probability: f32,
}

/// Makes starts and ends of speech out of a [`Vad`]'s probabilities.
///
/// Two thresholds and two lengths keep it from flickering. On digital silence whose probability has come to rest below
/// `end`, the detector is no longer asked: half of a simulated conversation is such silence for each side.
///
/// ```
/// use duologue_media::{EnergyVad, Frame, GateConfig, SpeechGate};
///
/// let mut gate = SpeechGate::new(Box::new(EnergyVad::new(300.0)), GateConfig::default());
/// let loud = Frame::new(16_000, vec![3000; 320])?;
/// let started = (0..10).position(|_| gate.push(&loud).started);
/// assert_eq!(started, Some(3)); // four windows of 16 ms are the first to make 50 ms
/// # Ok::<(), duologue_media::FrameError>(())
/// ```
pub struct SpeechGate {
    vad: Box<dyn Vad>,
    config: GateConfig,
    /// For frames at other rates than the detector's.
    resampler: Option<(u32, Resampler)>,
    window: Vec<i16>,
    update: GateUpdate,
    /// Windows in a row that speak for a change.
    run: u32,
    /// Windows of digital silence in a row, and the probability when they were last compared.
    zeros: u32,
    anchor: f32,
    resting: bool,
    asked: u64,
}

impl SpeechGate {
    /// A closed gate.
    pub fn new(vad: Box<dyn Vad>, config: GateConfig) -> SpeechGate {
        SpeechGate {
            vad,
            config,
            resampler: None,
            window: Vec::new(),
            update: GateUpdate::default(),
            run: 0,
            zeros: 0,
            anchor: 0.0,
            resting: false,
            asked: 0,
        }
    }

    /// Hears the next frame; at 16 kHz, or it is resampled.
    pub fn push(&mut self, frame: &Frame) -> GateUpdate {
        (self.update.started, self.update.stopped) = (false, false);
        if frame.rate() == RATE {
            self.window.extend_from_slice(frame.samples());
        } else {
            let fits = self.resampler.take().filter(|(rate, _)| *rate == frame.rate());
            let (rate, mut resampler) = fits.unwrap_or_else(|| (frame.rate(), Resampler::live(frame.rate(), RATE)));
            resampler.push(frame.samples(), &mut self.window);
            self.resampler = Some((rate, resampler));
        }
        let length = self.vad.window().max(1);
        let whole = self.window.len() / length * length;
        let rest = self.window.split_off(whole);
        let windows = std::mem::replace(&mut self.window, rest);
        for window in windows.chunks_exact(length) {
            self.hear(window);
        }
        self.update
    }

    /// Closes the gate and forgets what was heard.
    pub fn reset(&mut self) {
        self.vad.reset();
        self.resampler = None;
        self.window.clear();
        self.update = GateUpdate::default();
        (self.run, self.zeros, self.resting) = (0, 0, false);
    }

    /// Whether somebody speaks.
    pub fn speaking(&self) -> bool {
        self.update.speaking
    }

    /// Windows for which the detector was asked.
    pub fn windows_predicted(&self) -> u64 {
        self.asked
    }

    fn hear(&mut self, window: &[i16]) {
        let zero = window.iter().all(|&s| s == 0);
        self.resting &= zero;
        if !self.resting {
            self.update.probability = self.vad.predict(window);
            self.asked += 1;
            self.resting = self.comes_to_rest(zero);
        }
        let probability = self.update.probability;
        let turn = if self.update.speaking { probability < self.config.end } else { probability >= self.config.start };
        self.run = if turn { self.run.saturating_add(1) } else { 0 };
        let needed = if self.update.speaking { self.config.min_silence } else { self.config.min_speech };
        let length = Duration::from_secs(1) * window.len() as u32 / RATE;
        if turn && length * self.run >= needed {
            self.run = 0;
            self.update.speaking = !self.update.speaking;
            self.update.started |= self.update.speaking;
            self.update.stopped |= !self.update.speaking;
        }
    }

    fn comes_to_rest(&mut self, zero: bool) -> bool {
        if !zero {
            self.zeros = 0;
            return false;
        }
        let probability = self.update.probability;
        self.zeros += 1;
        if !self.zeros.is_multiple_of(REST_WINDOWS) {
            return false;
        }
        let rests = (probability - self.anchor).abs() < REST && probability < self.config.end.min(self.config.start);
        self.anchor = probability;
        rests && self.zeros > REST_WINDOWS
    }
}

#[cfg(test)]
mod tests;
