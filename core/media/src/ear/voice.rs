use crate::fade;
use crate::opus::{Decoder, OpusError, packet_ticks};
use crate::packet::{Codec, Packet, l16_samples};
use crate::resampler::Resampler;

/// Longest sound in a packet of either codec: 120 ms in ticks of 48 kHz.
const MAX_TICKS: i64 = crate::opus::MAX_TICKS as i64;

/// Length of a packet's sound in ticks of 48 kHz; `None` where the payload can't be sound of its codec.
pub(crate) fn sound_ticks(packet: &Packet) -> Option<i64> {
    match packet.codec {
        Codec::Opus => packet_ticks(&packet.payload).map(i64::from),
        Codec::L16 { rate } => {
            let whole = packet.codec.is_supported() && packet.payload.len().is_multiple_of(2);
            let ticks = i64::try_from(packet.payload.len()).ok()? / 2 * 48_000 / i64::from(rate.max(1));
            (whole && (1..=MAX_TICKS).contains(&ticks)).then_some(ticks)
        }
    }
}

/// Makes samples at one rate out of payloads, and out of nothing where a payload is missing.
pub(crate) struct Voice {
    rate: u32,
    source: Option<Source>,
    /// The last sound, up to 20 ms; empty after silence.
    recent: Vec<i16>,
    /// 20 ms pieces of linear sound repeated in a row.
    repeats: u32,
}

enum Source {
    Opus(Box<Decoder>),
    L16 { rate: u32, resampler: Resampler },
}

impl Voice {
    pub(crate) fn new(rate: u32) -> Voice {
        Voice { rate, source: None, recent: Vec::new(), repeats: 0 }
    }

    /// Appends the sound of a payload.
    pub(crate) fn decode(&mut self, codec: Codec, payload: &[u8], out: &mut Vec<i16>) -> Result<(), OpusError> {
        let start = out.len();
        match self.source(codec)? {
            Source::Opus(decoder) => {
                decoder.decode(payload, out)?;
            }
            Source::L16 { resampler, .. } => {
                let mut samples = Vec::with_capacity(payload.len() / 2);
                l16_samples(payload, &mut samples);
                resampler.push(&samples, out);
            }
        }
        self.remember(&out[start..]);
        self.repeats = 0;
        Ok(())
    }

    /// Appends `samples` that go on with the last sound: what Opus makes up, or the last linear 20 ms to and fro, so
    /// that the ends meet.
    pub(crate) fn conceal(&mut self, samples: usize, out: &mut Vec<i16>) {
        let start = out.len();
        if let Some(Source::Opus(decoder)) = &mut self.source {
            if decoder.conceal(samples, out).is_err() {
                out.truncate(start);
            }
        } else {
            let forward = self.repeats % 2 == 1;
            let piece = self.recent.iter().take(samples);
            if forward {
                out.extend(piece)
            } else {
                out.extend(self.recent.iter().rev().take(samples))
            }
            self.repeats += 1;
            out.resize(start + samples, 0);
            return;
        }
        out.resize(start + samples, 0);
        self.remember(&out[start..]);
    }

    /// Appends `samples` of silence, into which sound that was cut off runs out.
    pub(crate) fn silence(&mut self, samples: usize, out: &mut Vec<i16>) {
        if self.recent.is_empty() {
            out.resize(out.len() + samples, 0);
        } else {
            out.extend(fade::run_out(&self.recent, self.rate, samples));
            self.recent.clear();
        }
        self.repeats = 0;
    }

    /// Whether the last sound was over: its last 5 ms can't be heard.
    pub(crate) fn ends_quietly(&self) -> bool {
        fade::ends_quietly(&self.recent, self.rate)
    }

    /// Starts anew, as the sender's encoder does after a pause.
    pub(crate) fn restart(&mut self) {
        match &mut self.source {
            Some(Source::Opus(decoder)) => decoder.reset(),
            Some(Source::L16 { resampler, .. }) => resampler.restart(),
            None => {}
        }
    }

    /// What was faded is what was heard last.
    pub(crate) fn faded_out(&mut self) {
        self.recent.clear();
    }

    fn remember(&mut self, samples: &[i16]) {
        let frame = (self.rate / crate::frame::FRAMES_PER_SECOND) as usize;
        self.recent.clear();
        self.recent.extend_from_slice(&samples[samples.len().saturating_sub(frame)..]);
    }

    fn source(&mut self, codec: Codec) -> Result<&mut Source, OpusError> {
        let fits = match (&self.source, codec) {
            (Some(Source::Opus(_)), Codec::Opus) => true,
            (Some(Source::L16 { rate, .. }), Codec::L16 { rate: wanted }) => *rate == wanted,
            _ => false,
        };
        if !fits {
            self.source = None;
        }
        match self.source {
            Some(ref mut source) => Ok(source),
            ref mut none => Ok(none.insert(match codec {
                Codec::Opus => Source::Opus(Box::new(Decoder::new(self.rate, 1)?)),
                Codec::L16 { rate } => Source::L16 { rate, resampler: Resampler::live(rate, self.rate) },
            })),
        }
    }
}
