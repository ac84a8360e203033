use crate::frame::{FRAMES_PER_SECOND, Frame};

/// Adds up what several parties say in the same 20 ms.
///
/// ```
/// use duologue_media::{Frame, Mixer};
///
/// let mut mixer = Mixer::new(16_000);
/// mixer.add(&Frame::new(16_000, vec![30_000; 320])?)?;
/// mixer.add(&Frame::new(16_000, vec![10_000; 320])?)?;
/// assert_eq!(mixer.take().samples()[0], i16::MAX); // loud, not wrapped around
/// assert!(mixer.take().is_silent());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Mixer {
    rate: u32,
    sum: Vec<i32>,
    sources: u32,
}

/// A frame at another rate than the mixer's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame at {got} Hz can't be mixed at {expected} Hz; resample it first")]
pub struct MixError {
    /// Rate of the mixer in Hz.
    pub expected: u32,
    /// Rate of the frame in Hz.
    pub got: u32,
}

impl Mixer {
    /// A mixer of frames at `rate` Hz: 8, 16, 24 or 48 kHz; anything else becomes 16 kHz.
    pub fn new(rate: u32) -> Mixer {
        let rate = Frame::silence(rate).rate();
        Mixer { rate, sum: vec![0; (rate / FRAMES_PER_SECOND) as usize], sources: 0 }
    }

    /// Adds a source.
    pub fn add(&mut self, frame: &Frame) -> Result<(), MixError> {
        if frame.rate() != self.rate {
            return Err(MixError { expected: self.rate, got: frame.rate() });
        }
        self.sources += 1;
        for (sum, &sample) in self.sum.iter_mut().zip(frame.samples()) {
            *sum = sum.saturating_add(i32::from(sample));
        }
        Ok(())
    }

    /// The sum, limited to what a sample holds; then begins the next 20 ms.
    pub fn take(&mut self) -> Frame {
        if std::mem::take(&mut self.sources) == 0 {
            return Frame::silence(self.rate);
        }
        let limit = |sum: &mut i32| std::mem::take(sum).clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
        let samples = self.sum.iter_mut().map(limit).collect();
        Frame::new(self.rate, samples).unwrap_or_else(|_| Frame::silence(self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_add_up_and_saturate_at_both_ends() {
        let mut mixer = Mixer::new(8_000);
        let frame = |value| Frame::new(8_000, vec![value; 160]).unwrap();
        for value in [1_000, -300, 5] {
            mixer.add(&frame(value)).unwrap();
        }
        assert_eq!(mixer.take(), frame(705));
        mixer.add(&frame(i16::MIN)).unwrap();
        mixer.add(&frame(-1)).unwrap();
        assert_eq!(mixer.take(), frame(i16::MIN));
        assert_eq!(mixer.take(), Frame::silence(8_000));
    }

    #[test]
    fn other_rates_are_refused() {
        let error = Mixer::new(16_000).add(&Frame::silence(24_000));
        assert_eq!(error, Err(MixError { expected: 16_000, got: 24_000 }));
    }
}
