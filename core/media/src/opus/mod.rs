//! Opus at the settings of this project, over libopus 1.3.1 translated to Rust.
//!
//! `unsafe-libopus` and not `opus-rs` (0.1.40): the latter's encoder has no discontinuous transmission, its figures for
//! 24 kbit/s speech are 20 % slower, and it spends 26 to 28 kbit/s where libopus spends 21 to 23. Both decode at 16 kHz.

mod raw;

pub(crate) use raw::{Decoder, Encoder, packet_ticks};

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
        /// libopus' error code.
        code: i32,
    },
    /// The packet is damaged, or not Opus at all.
    #[error("the Opus decoder refused a packet of {len} bytes with code {code}; treat it as lost")]
    Decode {
        /// Bytes of the packet.
        len: usize,
        /// libopus' error code.
        code: i32,
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
    /// Tuned for speech rather than for faithfulness.
    pub(crate) voip: bool,
}

impl Settings {
    /// Speech on the wire. Complexity 5 costs 7.4 ms of CPU per second where 10 costs 12.7. In-band FEC stays off: it
    /// doubles the work of the speech coder, and a receiver has concealment.
    pub(crate) const SPEECH: Settings = Settings { complexity: 5, bitrate: 24_000, dtx: true, voip: true };
}

#[cfg(test)]
mod tests;
