//! Opus at the settings of this project: the encoder of `ropus`, the decoder of `opus-rs`. Both are Rust ports of libopus
//! with safe interfaces.
//!
//! Three ports were compared with libopus itself on synthetic speech (24 kbit/s, complexity 5, to and from 24 and
//! 16 kHz; CPU per second of sound), and each fails somewhere:
//!
//! | | encoder | decoder | found |
//! |---|---|---|---|
//! | `unsafe-libopus` 0.2.0 | 5.3 ms, 44 kB | 0.9 ms, 18 kB | concealment of speech is noise at full scale; all is unsafe |
//! | `ropus` 0.12.18 | 6.3 ms, 39 kB | 1.1 ms, 71 kB | concealed speech falls by 20 dB in one frame |
//! | `opus-rs` 0.1.40 | - | 0.9 ms, 179 kB | its encoder knows no discontinuous transmission |
//!
//! Decoded sound is equal to within one step in all three and libopus, and so is concealment in `opus-rs` and libopus.
//! 1.6 million damaged packets made the decoder neither panic nor give a value that is no number.

mod coder;

pub(crate) use coder::{Decoder, Encoder, packet_ticks};

/// Longest packet that an encoder writes (RFC 6716 §3.2.1).
pub(crate) const MAX_PACKET: usize = 1275;
/// Longest sound in a packet: 120 ms (RFC 6716 §3.1), in samples of 48 kHz.
pub(crate) const MAX_TICKS: u32 = 5_760;

/// Why the codec refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpusError {
    /// A rate or number of channels that Opus has not.
    #[error("Opus has no coder for {channels} channels at {rate} Hz; use 1 or 2 at 8000, 12000, 16000, 24000 or 48000")]
    Format {
        /// Samples per second and channel.
        rate: u32,
        /// Number of channels.
        channels: usize,
    },
    /// The samples are no Opus frame.
    #[error("{samples} samples in {channels} channels are no Opus frame; give 20 ms")]
    Length {
        /// Samples in all channels together.
        samples: usize,
        /// Number of channels.
        channels: usize,
    },
    /// Encoding failed inside the library.
    #[error("the Opus encoder failed with code {code}; start a new one")]
    Encode {
        /// The code that libopus would give.
        code: i32,
    },
    /// The packet is damaged, or not Opus at all.
    #[error("the Opus decoder refused a packet of {len} bytes: {reason}; treat it as lost")]
    Decode {
        /// Bytes of the packet.
        len: usize,
        /// What the decoder says.
        reason: &'static str,
    },
}

/// What an encoder aims for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// 0 to 10; quality against CPU.
    pub(crate) complexity: i32,
    /// Bits per second, all channels together.
    pub(crate) bitrate: i32,
    /// Send (next to) nothing while there is nothing to hear.
    pub(crate) dtx: bool,
    /// For a voice on the wire rather than for anything at all: by the transform coder alone.
    pub(crate) voice: bool,
}

impl Settings {
    /// Speech on the wire. Bits buy off work: at twice the rate the transform coder alone, in its simplest way, is nearer to
    /// the original than speech coder and transform together, conceals losses better, and takes a quarter of the
    /// work. Two voices of 24 kHz, decoded at 16 kHz (`ropus` to `opus-rs`; PESQ as in ITU-T P.862.2):
    ///
    /// | | PESQ | of 3 % lost | of 8 % lost | CPU per second |
    /// |---|---|---|---|---|
    /// | both, complexity 5, 24 kbit/s | 3.33 | 2.27 | 1.51 | 7.1 ms |
    /// | speech coder, complexity 1, 40 kbit/s | 3.68 | 2.41 | 1.55 | 3.1 ms |
    /// | transform, complexity 0, 48 kbit/s | 3.51 | 2.81 | 1.84 | 1.7 ms |
    pub(crate) const SPEECH: Settings = Settings { complexity: 0, bitrate: 48_000, dtx: true, voice: true };
}

#[cfg(test)]
mod tests;
