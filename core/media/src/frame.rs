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
