//! The only unsafe code of this crate: an encoder and a decoder that own their libopus state.

use super::{MAX_TICKS, OpusError, Settings};
use std::ptr::{self, NonNull};
use unsafe_libopus as lib;

pub(crate) struct Encoder {
    state: NonNull<lib::OpusEncoder>,
    channels: usize,
}

// SAFETY: the state is heap memory that only this value points to; libopus keeps no thread-local data and never writes
// its tables. `Sync` is not claimed.
unsafe impl Send for Encoder {}

impl Encoder {
    pub(crate) fn new(rate: u32, channels: usize, settings: Settings) -> Result<Encoder, OpusError> {
        let format = OpusError::Format { rate, channels };
        let (Ok(fs), Ok(count)) = (i32::try_from(rate), i32::try_from(channels)) else { return Err(format) };
        let application = if settings.voip { lib::OPUS_APPLICATION_VOIP } else { lib::OPUS_APPLICATION_AUDIO };
        // SAFETY: any arguments are allowed, a null error pointer too; bad ones yield a null state.
        let state = unsafe { lib::opus_encoder_create(fs, count, application, ptr::null_mut()) };
        let mut encoder = Encoder { state: NonNull::new(state).ok_or(format)?, channels };
        encoder.set(lib::OPUS_SET_COMPLEXITY_REQUEST, settings.complexity);
        encoder.set(lib::OPUS_SET_BITRATE_REQUEST, settings.bitrate);
        encoder.set(lib::OPUS_SET_DTX_REQUEST, i32::from(settings.dtx));
        encoder.set(lib::OPUS_SET_LSB_DEPTH_REQUEST, 16);
        if settings.voip {
            encoder.set(lib::OPUS_SET_SIGNAL_REQUEST, lib::OPUS_SIGNAL_VOICE);
        }
        Ok(encoder)
    }

    /// Changes a setting; one out of range stays as it was.
    fn set(&mut self, request: i32, value: i32) {
        // SAFETY: `state` is a live encoder; all requests used here take exactly one integer.
        unsafe { lib::opus_encoder_ctl!(self.state.as_ptr(), request, value) };
    }

    /// Encodes interleaved samples and returns the bytes written to `out`.
    pub(crate) fn encode(&mut self, pcm: &[i16], out: &mut [u8]) -> Result<usize, OpusError> {
        let length = OpusError::Length { samples: pcm.len(), channels: self.channels };
        let frame = i32::try_from(pcm.len() / self.channels).map_err(|_| length.clone())?;
        if pcm.is_empty() || pcm.len() % self.channels != 0 {
            return Err(length);
        }
        let room = i32::try_from(out.len()).unwrap_or(i32::MAX);
        // SAFETY: `state` is live; `pcm` holds `frame` samples per channel, `out` has `room` bytes. A frame size that
        // Opus has not is answered with an error code.
        let written = unsafe { lib::opus_encode(self.state.as_ptr(), pcm.as_ptr(), frame, out.as_mut_ptr(), room) };
        match usize::try_from(written) {
            Ok(bytes) => Ok(bytes),
            Err(_) if written == lib::OPUS_BAD_ARG => Err(length),
            Err(_) => Err(OpusError::Encode { code: written }),
        }
    }

    /// Forgets what was heard so far; the settings stay.
    pub(crate) fn reset(&mut self) {
        // SAFETY: `state` is live, and the request takes no argument.
        unsafe { lib::opus_encoder_ctl!(self.state.as_ptr(), lib::OPUS_RESET_STATE,) };
    }

    /// Delay of the coder in samples at its own rate.
    pub(crate) fn lookahead(&mut self) -> u32 {
        let mut samples = 0i32;
        // SAFETY: `state` is live, and the request writes one integer.
        unsafe { lib::opus_encoder_ctl!(self.state.as_ptr(), lib::OPUS_GET_LOOKAHEAD_REQUEST, &mut samples) };
        u32::try_from(samples).unwrap_or(0)
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: created by `opus_encoder_create`, destroyed once.
        unsafe { lib::opus_encoder_destroy(self.state.as_ptr()) };
    }
}

pub(crate) struct Decoder {
    state: NonNull<lib::OpusDecoder>,
    rate: u32,
    channels: usize,
}

// SAFETY: as for `Encoder`.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A decoder that puts out `rate`, whatever rate the packets were made from.
    pub(crate) fn new(rate: u32, channels: usize) -> Result<Decoder, OpusError> {
        let format = OpusError::Format { rate, channels };
        let (Ok(fs), Ok(count)) = (i32::try_from(rate), i32::try_from(channels)) else { return Err(format) };
        // SAFETY: any arguments are allowed, a null error pointer too; bad ones yield a null state.
        let state = unsafe { lib::opus_decoder_create(fs, count, ptr::null_mut()) };
        Ok(Decoder { state: NonNull::new(state).ok_or(format)?, rate, channels })
    }

    /// Appends the interleaved samples of a packet and returns their number per channel.
    pub(crate) fn decode(&mut self, packet: &[u8], out: &mut Vec<i16>) -> Result<usize, OpusError> {
        if packet.is_empty() {
            return Err(OpusError::Decode { len: 0, code: lib::OPUS_INVALID_PACKET });
        }
        let room = (self.rate as usize * MAX_TICKS as usize).div_ceil(48_000);
        self.run(Some(packet), room, out)
    }

    /// Appends `samples` per channel that stand in for lost ones; a multiple of 2.5 ms.
    pub(crate) fn conceal(&mut self, samples: usize, out: &mut Vec<i16>) -> Result<usize, OpusError> {
        self.run(None, samples, out)
    }

    fn run(&mut self, packet: Option<&[u8]>, room: usize, out: &mut Vec<i16>) -> Result<usize, OpusError> {
        let bytes = packet.map_or(0, <[u8]>::len);
        let failed = |code| OpusError::Decode { len: bytes, code };
        let (Ok(len), Ok(frame)) = (i32::try_from(bytes), i32::try_from(room)) else {
            return Err(failed(lib::OPUS_BAD_ARG));
        };
        let start = out.len();
        out.resize(start + room * self.channels, 0);
        let data = packet.map_or(ptr::null(), <[u8]>::as_ptr);
        // SAFETY: `state` is live; `data` is null with length 0, or `len` readable bytes; there is room for `frame`
        // samples per channel after `start`. libopus checks the packet and answers a bad one with an error code.
        let got = unsafe { lib::opus_decode(self.state.as_ptr(), data, len, out.as_mut_ptr().add(start), frame, 0) };
        let samples = usize::try_from(got).unwrap_or(0).min(room);
        out.truncate(start + samples * self.channels);
        if got < 0 { Err(failed(got)) } else { Ok(samples) }
    }

    /// Forgets what was heard so far.
    pub(crate) fn reset(&mut self) {
        // SAFETY: `state` is live, and the request takes no argument.
        unsafe { lib::opus_decoder_ctl!(self.state.as_ptr(), lib::OPUS_RESET_STATE,) };
    }

    /// Scales all output by `gain_q8` / 256 dB (RFC 7845 §5.1, output gain).
    pub(crate) fn set_gain(&mut self, gain_q8: i16) {
        // SAFETY: `state` is live, and the request takes one integer.
        unsafe { lib::opus_decoder_ctl!(self.state.as_ptr(), lib::OPUS_SET_GAIN_REQUEST, i32::from(gain_q8)) };
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: created by `opus_decoder_create`, destroyed once.
        unsafe { lib::opus_decoder_destroy(self.state.as_ptr()) };
    }
}

/// Length of the sound in a packet in samples of 48 kHz, from its first bytes alone; `None` where it is no Opus packet.
pub(crate) fn packet_ticks(packet: &[u8]) -> Option<u32> {
    let len = i32::try_from(packet.len()).ok().filter(|len| *len > 0)?;
    // SAFETY: `packet` holds `len` > 0 bytes; only the first two are read.
    let samples = unsafe { lib::opus_packet_get_nb_samples(packet.as_ptr(), len, 48_000) };
    u32::try_from(samples).ok().filter(|ticks| (1..=MAX_TICKS).contains(ticks))
}
