use crate::frame::Frame;
use crate::opus::{Encoder, MAX_PACKET, OpusError, Settings};

/// Recordings are coded for faithfulness, not as speech: 1.6 ms of CPU per second instead of 7, 3 bytes for a frame of
/// silence, and the channels of a stereo file stay apart. That takes a few more bits.
const RECORDING: Settings = Settings { complexity: 3, bitrate: 32_000, dtx: false, voice: false };
/// Bits per second of a stereo recording, in which mostly one side speaks.
const STEREO_BITRATE: i32 = 48_000;

/// 20 ms of two parties at once: one left, one right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StereoFrame {
    rate: u32,
    samples: Vec<i16>,
}

/// Two frames that are no pair.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("left is at {left} Hz and right at {right} Hz; resample one of them")]
pub struct StereoError {
    /// Rate of the left frame in Hz.
    pub left: u32,
    /// Rate of the right frame in Hz.
    pub right: u32,
}

impl StereoFrame {
    /// Puts two frames of the same rate side by side.
    pub fn new(left: &Frame, right: &Frame) -> Result<StereoFrame, StereoError> {
        if left.rate() != right.rate() {
            return Err(StereoError { left: left.rate(), right: right.rate() });
        }
        let samples = left.samples().iter().zip(right.samples()).flat_map(|(&l, &r)| [l, r]).collect();
        Ok(StereoFrame { rate: left.rate(), samples })
    }

    /// Samples per second and channel.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Left and right in turn.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }
}

/// Encodes one speaker for a recording: mono Opus at 32 kbit/s. Silence is encoded too, so that a file has a packet for
/// every 20 ms.
pub struct MonoEncoder(Track);

/// Encodes two speakers for a recording: stereo Opus at 48 kbit/s.
pub struct StereoEncoder(Track);

impl MonoEncoder {
    /// An encoder for frames at `rate`: 8, 16, 24 or 48 kHz.
    pub fn new(rate: u32) -> Result<MonoEncoder, OpusError> {
        Track::new(rate, 1).map(MonoEncoder)
    }

    /// The Opus packet of the next 20 ms.
    pub fn encode(&mut self, frame: &Frame) -> Result<Vec<u8>, OpusError> {
        self.0.encode(frame.rate(), frame.samples())
    }

    /// Delay of the coder in samples of 48 kHz: the pre-skip of a file.
    pub fn pre_skip(&self) -> u16 {
        self.0.pre_skip()
    }
}

impl StereoEncoder {
    /// An encoder for frames at `rate`: 8, 16, 24 or 48 kHz.
    pub fn new(rate: u32) -> Result<StereoEncoder, OpusError> {
        Track::new(rate, 2).map(StereoEncoder)
    }

    /// The Opus packet of the next 20 ms.
    pub fn encode(&mut self, frame: &StereoFrame) -> Result<Vec<u8>, OpusError> {
        self.0.encode(frame.rate(), frame.samples())
    }

    /// Delay of the coder in samples of 48 kHz: the pre-skip of a file.
    pub fn pre_skip(&self) -> u16 {
        self.0.pre_skip()
    }
}

struct Track {
    encoder: Encoder,
    rate: u32,
    channels: usize,
}

impl Track {
    fn new(rate: u32, channels: usize) -> Result<Track, OpusError> {
        let bitrate = if channels == 2 { STEREO_BITRATE } else { RECORDING.bitrate };
        let settings = Settings { bitrate, ..RECORDING };
        Ok(Track { encoder: Encoder::new(rate, channels, settings)?, rate, channels })
    }

    fn encode(&mut self, rate: u32, samples: &[i16]) -> Result<Vec<u8>, OpusError> {
        if rate != self.rate {
            return Err(OpusError::Length { samples: samples.len(), channels: self.channels });
        }
        let mut buffer = [0u8; MAX_PACKET];
        let len = self.encoder.encode(samples, &mut buffer)?;
        Ok(buffer[..len].to_vec())
    }

    fn pre_skip(&self) -> u16 {
        u16::try_from(self.encoder.lookahead() * (48_000 / self.rate.max(1))).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ogg::PRE_SKIP;
    use crate::opus::Decoder;
    use crate::signal::{power, voiced};

    fn frames(rate: u32, samples: &[i16]) -> Vec<Frame> {
        samples.chunks_exact(rate as usize / 50).map(|s| Frame::new(rate, s.to_vec()).unwrap()).collect()
    }

    /// Encodes two voices and decodes them, each channel by itself.
    fn round_trip(rate: u32, left: &[i16], right: &[i16]) -> (Vec<i16>, Vec<i16>, usize) {
        let (mut encoder, mut decoder) = (StereoEncoder::new(rate).unwrap(), Decoder::new(rate, 2).unwrap());
        let (mut out, mut bytes) = (Vec::new(), 0);
        for (l, r) in frames(rate, left).iter().zip(&frames(rate, right)) {
            let packet = encoder.encode(&StereoFrame::new(l, r).unwrap()).unwrap();
            bytes += packet.len();
            decoder.decode(&packet, &mut out).unwrap();
        }
        (out.iter().step_by(2).copied().collect(), out.iter().skip(1).step_by(2).copied().collect(), bytes)
    }

    #[test]
    fn each_channel_keeps_its_speaker_to_itself() {
        for rate in [24_000, 48_000] {
            let voice = voiced(rate, 2.0, 120.0);
            let silence = vec![0; voice.len()];
            for swap in [false, true] {
                let (l, r) = if swap { (&silence, &voice) } else { (&voice, &silence) };
                let (left, right, bytes) = round_trip(rate, l, r);
                let (spoken, other) = if swap { (right, left) } else { (left, right) };
                let ratio = power(&spoken) / power(&voice);
                assert!((0.7..1.3).contains(&ratio), "{rate} Hz: power ratio {ratio}");
                let leak = 10.0 * (power(&other) / power(&spoken) + 1e-12).log10();
                assert!(leak < -30.0, "{rate} Hz: {leak:.0} dB leaks");
                assert!(bytes * 8 / 2 < 60_000, "{rate} Hz: {} bit/s", bytes * 4);
            }
        }
    }

    #[test]
    fn both_may_speak_at_once() {
        let (low, high) = (voiced(48_000, 2.0, 100.0), voiced(48_000, 2.0, 210.0));
        let (left, right, _) = round_trip(48_000, &low, &high);
        for (said, heard) in [(&low, &left), (&high, &right)] {
            let ratio = power(heard) / power(said);
            assert!((0.7..1.3).contains(&ratio), "power ratio {ratio}");
        }
    }

    #[test]
    fn the_pre_skip_of_files_is_the_encoders_delay() {
        for rate in [16_000, 24_000, 48_000] {
            assert_eq!(StereoEncoder::new(rate).unwrap().pre_skip(), PRE_SKIP);
            assert_eq!(MonoEncoder::new(rate).unwrap().pre_skip(), PRE_SKIP);
        }
    }

    #[test]
    fn frames_that_do_not_fit_are_errors() {
        let (a, b) = (Frame::silence(24_000), Frame::silence(48_000));
        assert_eq!(StereoFrame::new(&a, &b), Err(StereoError { left: 24_000, right: 48_000 }));
        assert!(MonoEncoder::new(16_000).unwrap().encode(&a).is_err());
        assert!(StereoEncoder::new(44_100).is_err());
    }
}
