use crate::fade;
use crate::frame::Frame;
use crate::opus::{Encoder, MAX_PACKET, OpusError, Settings};
use crate::packet::{Codec, Packet, l16_payload};
use crate::resampler::Resampler;
use duologue_ids::Seed;

/// Frames with a peak from here on (-30 dB of full scale) are always sent: Opus takes any steady sound for noise that
/// need not be, however loud.
const AUDIBLE: u16 = 1_000;

/// Turns 20 ms frames into packets.
///
/// The link needs no clock of its own: whoever speaks calls [`Mouth::send`] every 20 ms, with a frame or with `None`,
/// and media time goes on by itself.
///
/// Stopping is part of speaking. The first `None` after sound yields one more packet: the sound run out to zero within
/// 5 ms, so that a sentence that is cut off ends without a click. With Opus the second `None` yields another one, of
/// silence: a decoder rings on for some 10 ms. Then the receiver has nothing to conceal, and the next sentence starts
/// with a fresh encoder. Where the last frame was silent already, only the packet for the ringing is sent.
pub struct Mouth {
    codec: Codec,
    rate: u32,
    sequence: u16,
    timestamp: u32,
    coder: Option<Coder>,
    /// The last frame of a sound that goes on.
    last: Option<Frame>,
    /// An Opus decoder would still sound.
    rings: bool,
    /// Nothing was sent since the last packet, or there was none.
    paused: bool,
    /// The next silence is to be sent.
    announced: bool,
}

/// Made when there is something to say: it holds up to 40 kB.
enum Coder {
    Opus(Box<Encoder>),
    L16(Resampler),
}

/// Why nothing could be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MouthError {
    /// A frame at another rate than the mouth was made for.
    #[error("a frame at {got} Hz reached a sender made for {expected} Hz; resample it")]
    Rate {
        /// The rate given to [`Mouth::new`].
        expected: u32,
        /// The rate of the frame.
        got: u32,
    },
    /// L16 at a rate that has no payload type.
    #[error("L16 at {0} Hz can't be sent; use 8000, 16000, 24000 or 48000 Hz")]
    Codec(u32),
    /// The encoder refused.
    #[error(transparent)]
    Opus(#[from] OpusError),
}

impl Mouth {
    /// A silent mouth for frames at `sample_rate` Hz. First sequence number and timestamp come from `seed`
    /// (RFC 3550 §5.1 wants them random).
    pub fn new(codec: Codec, sample_rate: u32, seed: u32) -> Mouth {
        let mut rng = Seed(u64::from(seed)).derive("rtp").rng();
        let (sequence, timestamp) = (rng.next_u64() as u16, rng.next_u64() as u32);
        Mouth {
            codec,
            rate: sample_rate,
            sequence,
            timestamp,
            coder: None,
            last: None,
            rings: false,
            paused: true,
            announced: false,
        }
    }

    /// Takes the next 20 ms: a frame, or `None` for not speaking. Returns the packet to send, if any.
    ///
    /// Even where it fails, time goes on, so that later packets keep their place.
    pub fn send(&mut self, frame: Option<&Frame>) -> Result<Option<Packet>, MouthError> {
        let sent = match frame {
            Some(frame) => self.speak(frame),
            None => self.stop(),
        };
        let sent = sent.map(|payload| payload.map(|payload| self.packet(payload)));
        self.paused = !matches!(sent, Ok(Some(_)));
        self.timestamp = self.timestamp.wrapping_add(self.codec.ticks_per_frame());
        sent
    }

    /// Lets the next [`Mouth::send`] of nothing yield a packet of silence, in Opus: a room tells of a voice once something
    /// came of it.
    pub fn announce(&mut self) {
        self.announced = true;
    }

    fn packet(&mut self, payload: Vec<u8>) -> Packet {
        let packet = Packet {
            sequence: self.sequence,
            timestamp: self.timestamp,
            marker: self.paused,
            codec: self.codec,
            payload,
        };
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }

    fn speak(&mut self, frame: &Frame) -> Result<Option<Vec<u8>>, MouthError> {
        if frame.rate() != self.rate {
            return Err(MouthError::Rate { expected: self.rate, got: frame.rate() });
        }
        let payload = self.encode(frame.samples())?;
        self.last = Some(frame.clone());
        self.rings = false;
        Ok(payload)
    }

    fn stop(&mut self) -> Result<Option<Vec<u8>>, MouthError> {
        let rings = std::mem::take(&mut self.rings);
        let announced = std::mem::take(&mut self.announced);
        let Some(last) = self.last.take() else {
            let silence = rings || announced && self.codec == Codec::Opus;
            return if silence { self.fall_silent() } else { Ok(None) };
        };
        match &self.coder {
            // The encoder found nothing to hear for a while.
            Some(Coder::Opus(_)) if self.paused => self.restart(),
            Some(Coder::Opus(_)) if last.is_silent() => return self.fall_silent(),
            Some(Coder::Opus(_)) => {
                self.rings = true;
                return self.run_out(&last);
            }
            Some(Coder::L16(resampler)) => {
                let over = last.is_silent() || resampler.delay() == 0 && fade::ends_quietly(last.samples(), self.rate);
                let end = if over { Ok(None) } else { self.run_out(&last) };
                self.restart();
                return end;
            }
            None => {}
        }
        Ok(None)
    }

    fn run_out(&mut self, last: &Frame) -> Result<Option<Vec<u8>>, MouthError> {
        self.encode(&fade::run_out(last.samples(), self.rate, last.samples().len()))
    }

    fn fall_silent(&mut self) -> Result<Option<Vec<u8>>, MouthError> {
        let payload = self.encode(Frame::silence(self.rate).samples());
        self.restart();
        payload
    }

    fn restart(&mut self) {
        match &mut self.coder {
            Some(Coder::Opus(encoder)) => encoder.reset(),
            Some(Coder::L16(resampler)) => resampler.restart(),
            None => {}
        }
    }

    fn encode(&mut self, samples: &[i16]) -> Result<Option<Vec<u8>>, MouthError> {
        match self.coder()? {
            Coder::L16(resampler) => {
                let mut out = Vec::with_capacity(samples.len());
                resampler.push(samples, &mut out);
                Ok(Some(l16_payload(&out)))
            }
            Coder::Opus(encoder) => {
                let mut buffer = [0u8; MAX_PACKET];
                encoder.allow_dtx(samples.iter().all(|s| s.unsigned_abs() < AUDIBLE));
                let len = encoder.encode(samples, &mut buffer)?;
                // Up to two bytes say "nothing to hear" and need not be sent (libopus, OPUS_SET_DTX).
                Ok((len > 2).then(|| buffer[..len].to_vec()))
            }
        }
    }

    fn coder(&mut self) -> Result<&mut Coder, MouthError> {
        match self.coder {
            Some(ref mut coder) => Ok(coder),
            ref mut none => Ok(none.insert(match self.codec {
                Codec::Opus => Coder::Opus(Box::new(Encoder::new(self.rate, 1, Settings::SPEECH)?)),
                Codec::L16 { rate } if self.codec.is_supported() => Coder::L16(Resampler::live(self.rate, rate)),
                Codec::L16 { rate } => return Err(MouthError::Codec(rate)),
            })),
        }
    }
}

#[cfg(test)]
mod tests;
