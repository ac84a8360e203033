mod read;
mod write;

pub use read::{Decoded, OggOpusReader, OggReadError, decode_ogg_opus};
pub use write::OggOpus;

/// Samples of 48 kHz at the start of a file that a player skips: the delay of the encoders here (libopus: 6.5 ms).
pub const PRE_SKIP: u16 = 312;

#[cfg(test)]
mod tests;
