use std::time::Duration;

/// Length of a frame.
pub const FRAME: Duration = Duration::from_millis(20);
/// Frames in a second.
pub const FRAMES_PER_SECOND: u32 = 50;

/// 20 ms of mono sound, 16 bit, at 8, 16, 24 or 48 kHz.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    rate: u32,
    samples: Vec<i16>,
}

/// Why samples are no frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A rate that Opus has not.
    #[error("{0} Hz is none of 8000, 16000, 24000 and 48000")]
    Rate(u32),
    /// Not 20 ms.
    #[error("{len} samples are not 20 ms at {rate} Hz")]
    Length {
        /// Sample rate in Hz.
        rate: u32,
        /// Number of samples given.
        len: usize,
    },
}

impl Frame {
    /// Checks rate and length.
    pub fn new(rate: u32, samples: Vec<i16>) -> Result<Frame, FrameError> {
        if !matches!(rate, 8_000 | 16_000 | 24_000 | 48_000) {
            return Err(FrameError::Rate(rate));
        }
        if samples.len() != (rate / FRAMES_PER_SECOND) as usize {
            return Err(FrameError::Length { rate, len: samples.len() });
        }
        Ok(Frame { rate, samples })
    }

    /// 20 ms of nothing. A rate that no frame can have becomes 16 kHz.
    pub fn silence(rate: u32) -> Frame {
        let rate = if matches!(rate, 8_000 | 16_000 | 24_000 | 48_000) { rate } else { 16_000 };
        Frame { rate, samples: vec![0; (rate / FRAMES_PER_SECOND) as usize] }
    }

    /// [`Frame::level`] of silence.
    pub const QUIETEST: u8 = 127;

    /// Its loudness in dB below the loudest possible, 0 to 127, as packets carry it (RFC 6464 §3): of the mean power of
    /// its samples.
    pub fn level(&self) -> u8 {
        let power = self.samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / self.samples.len().max(1) as f64;
        let below = -10.0 * (power / f64::from(i16::MAX).powi(2)).log10();
        // Silence is infinitely far below.
        below.round().clamp(0.0, f64::from(Frame::QUIETEST)) as u8
    }

    /// Samples per second.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// The samples, `rate / 50` of them.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Digital silence: every sample is zero.
    pub fn is_silent(&self) -> bool {
        self.samples.iter().all(|&s| s == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loudness_is_told_below_the_loudest() {
        let level = |sample| Frame::new(16_000, vec![sample; 320]).unwrap().level();
        assert_eq!([level(i16::MIN), level(i16::MAX), level(3_277), level(1), level(0)], [0, 0, 20, 90, 127]);
    }
}
