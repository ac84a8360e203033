use super::{MAX_TICKS, OpusError, Settings};
use opus_rs::OpusDecoder;
use ropus::{OPUS_APPLICATION_AUDIO, OPUS_APPLICATION_VOIP, OPUS_BAD_ARG, OpusEncoder};

/// OPUS_SET_FORCE_MODE's MODE_CELT_ONLY (libopus, `opus_private.h`).
const TRANSFORM_ONLY: i32 = 1_002;

/// An encoder with its settings.
pub(crate) struct Encoder {
    state: OpusEncoder,
    channels: usize,
}

impl Encoder {
    pub(crate) fn new(rate: u32, channels: usize, settings: Settings) -> Result<Encoder, OpusError> {
        let format = OpusError::Format { rate, channels };
        let (Ok(fs), Ok(count)) = (i32::try_from(rate), i32::try_from(channels)) else { return Err(format) };
        // For voices it takes what lies below them out first.
        let application = if settings.voice { OPUS_APPLICATION_VOIP } else { OPUS_APPLICATION_AUDIO };
        let mut state = OpusEncoder::new(fs, count, application).map_err(|_| format)?;
        state.set_complexity(settings.complexity);
        state.set_bitrate(settings.bitrate);
        state.set_dtx(i32::from(settings.dtx));
        state.set_lsb_depth(16);
        if settings.voice {
            state.set_force_mode(TRANSFORM_ONLY);
        }
        Ok(Encoder { state, channels })
    }

    /// Encodes interleaved samples and returns the bytes written to `out`.
    pub(crate) fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Result<usize, OpusError> {
        let length = OpusError::Length { samples: pcm.len(), channels: self.channels };
        let frame = i32::try_from(pcm.len() / self.channels).map_err(|_| length.clone())?;
        if pcm.is_empty() || !pcm.len().is_multiple_of(self.channels) {
            return Err(length);
        }
        let room = i32::try_from(out.len()).unwrap_or(i32::MAX);
        match self.state.encode(pcm, frame, out, room) {
            Ok(bytes) => Ok(usize::try_from(bytes).unwrap_or(0)),
            Err(OPUS_BAD_ARG) => Err(length),
            Err(code) => Err(OpusError::Encode { code }),
        }
    }

    /// Whether the next frames may be left out where there is nothing to hear.
    pub(crate) fn allow_dtx(&mut self, allow: bool) {
        self.state.set_dtx(i32::from(allow));
    }

    /// Forgets what was heard so far; the settings stay.
    pub(crate) fn reset(&mut self) {
        self.state.reset();
    }

    /// Delay of the coder in samples at its own rate.
    pub(crate) fn lookahead(&self) -> u32 {
        u32::try_from(self.state.get_lookahead()).unwrap_or(0)
    }
}

/// A decoder to one rate.
pub(crate) struct Decoder {
    state: OpusDecoder,
    rate: u32,
    channels: usize,
    /// Factor on all output.
    gain: f32,
    /// Output of the last packet, -1 to 1.
    wave: Vec<f32>,
}

impl Decoder {
    /// A decoder that puts out `rate`, whatever rate the packets were made from.
    pub(crate) fn new(rate: u32, channels: usize) -> Result<Decoder, OpusError> {
        Ok(Decoder { state: fresh(rate, channels)?, rate, channels, gain: 1.0, wave: Vec::new() })
    }

    /// Appends the interleaved samples of a packet and returns their number per channel.
    pub(crate) fn decode(&mut self, packet: &[u8], out: &mut Vec<i16>) -> Result<usize, OpusError> {
        let damaged = || OpusError::Decode { len: packet.len(), reason: "it does not begin like an Opus packet" };
        let ticks = packet_ticks(packet).ok_or_else(damaged)?;
        self.run(packet, (self.rate as usize * ticks as usize).div_ceil(48_000), out)
    }

    /// Appends `samples` per channel that stand in for lost ones; a multiple of 2.5 ms.
    pub(crate) fn conceal(&mut self, samples: usize, out: &mut Vec<i16>) -> Result<usize, OpusError> {
        self.run(&[], samples, out)
    }

    fn run(&mut self, packet: &[u8], room: usize, out: &mut Vec<i16>) -> Result<usize, OpusError> {
        self.wave.resize(room * self.channels, 0.0);
        let decoded = self.state.decode(packet, room, &mut self.wave);
        let samples = decoded.map_err(|reason| OpusError::Decode { len: packet.len(), reason })?.min(room);
        let scale = self.gain * 32_768.0;
        // The cast limits to what a sample holds.
        out.extend(self.wave[..samples * self.channels].iter().map(|v| (v * scale).round() as i16));
        Ok(samples)
    }

    /// Forgets what was heard so far.
    pub(crate) fn reset(&mut self) {
        if let Ok(state) = fresh(self.rate, self.channels) {
            self.state = state;
        }
    }

    /// Scales all output by `gain_q8` / 256 dB (RFC 7845 §5.1, output gain).
    pub(crate) fn set_gain(&mut self, gain_q8: i16) {
        self.gain = 10f32.powf(f32::from(gain_q8) / 256.0 / 20.0);
    }
}

fn fresh(rate: u32, channels: usize) -> Result<OpusDecoder, OpusError> {
    let format = OpusError::Format { rate, channels };
    let fs = i32::try_from(rate).map_err(|_| format.clone())?;
    OpusDecoder::new(fs, channels).map_err(|_| format)
}

/// Length of the sound in a packet in samples of 48 kHz, by its first two bytes (RFC 6716 §3.1 and §3.2); `None` where
/// these are no Opus packet's.
pub(crate) fn packet_ticks(packet: &[u8]) -> Option<u32> {
    let toc = *packet.first()?;
    let frame = match toc >> 3 {
        config @ 0..=11 => [480, 960, 1_920, 2_880][usize::from(config & 3)],
        config @ 12..=15 => [480, 960][usize::from(config & 1)],
        config => [120, 240, 480, 960][usize::from(config & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1)? & 0x3f),
    };
    Some(frame * frames).filter(|ticks| (1..=MAX_TICKS).contains(ticks))
}
