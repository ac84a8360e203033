use crate::opus::{Decoder, MAX_TICKS, OpusError};
use ogg::reading::PacketReader;
use std::io::Cursor;

/// Most samples, over all channels, that [`decode_ogg_opus`] holds in memory: 4 hours of stereo at 8 kHz, half a GB.
const MAX_SAMPLES: usize = 240_000_000;

/// A decoded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// 1 or 2.
    pub channels: u8,
    /// Samples per second and channel.
    pub rate: u32,
    /// The samples of each channel; all of the same length.
    pub samples: Vec<Vec<i16>>,
    /// The file has its end and nothing was damaged.
    pub complete: bool,
}

/// Why bytes are no Ogg Opus file.
#[derive(Debug, thiserror::Error)]
pub enum OggReadError {
    /// Not even the first page can be read.
    #[error("no Ogg file: {0}; is it another format, or empty?")]
    Ogg(String),
    /// The first packet is no Opus header.
    #[error("the Ogg file holds no Opus stream: {0}")]
    Header(&'static str),
    /// The decoder refused the rate or the channels.
    #[error(transparent)]
    Opus(#[from] OpusError),
    /// More sound than fits.
    #[error("more than {MAX_SAMPLES} samples; decode at a lower rate, or read in pieces with OggOpusReader")]
    TooLong,
}

/// Reads an Ogg Opus file packet by packet, with no more than 120 ms in memory.
///
/// As an iterator it yields interleaved samples at the rate wanted, pre-skip and end trimming done (RFC 7845 §4). A
/// damaged packet gives silence of its length; reading ends at the first damaged page, which in a file that was cut off
/// is the last one.
pub struct OggOpusReader<'a> {
    packets: PacketReader<Cursor<&'a [u8]>>,
    serial: u32,
    decoder: Decoder,
    channels: u8,
    rate: u32,
    /// Samples per channel still to skip, and given so far.
    skip: usize,
    given: u64,
    pre_skip: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Complete,
    CutOff,
}

impl<'a> OggOpusReader<'a> {
    /// Opens a file to be decoded at `rate`: 8, 12, 16, 24 or 48 kHz.
    pub fn new(bytes: &'a [u8], rate: u32) -> Result<OggOpusReader<'a>, OggReadError> {
        let mut packets = PacketReader::new(Cursor::new(bytes));
        let first = packets.read_packet().map_err(|e| OggReadError::Ogg(e.to_string()))?;
        let first = first.ok_or_else(|| OggReadError::Ogg("no page".into()))?;
        let (channels, pre_skip, gain) = head(&first.data)?;
        let mut decoder = Decoder::new(rate, usize::from(channels))?;
        decoder.set_gain(gain);
        let tags = packets.read_packet();
        let cut = !matches!(tags, Ok(Some(tags)) if tags.data.starts_with(b"OpusTags"));
        Ok(OggOpusReader {
            packets,
            serial: first.stream_serial(),
            decoder,
            channels,
            rate,
            skip: usize::from(pre_skip) * rate as usize / 48_000,
            given: 0,
            pre_skip: u64::from(pre_skip),
            state: if cut { State::CutOff } else { State::Open },
        })
    }

    /// 1 or 2.
    pub fn channels(&self) -> u8 {
        self.channels
    }

    /// Whether reading came to a proper end.
    pub fn is_complete(&self) -> bool {
        self.state == State::Complete
    }

    fn decode(&mut self, packet: &ogg::Packet) -> Vec<i16> {
        let channels = usize::from(self.channels);
        let mut samples = Vec::new();
        if self.decoder.decode(&packet.data, &mut samples).is_err() {
            let ticks = crate::opus::packet_ticks(&packet.data).unwrap_or(MAX_TICKS / 6);
            samples = vec![0; ticks as usize * self.rate as usize / 48_000 * channels];
        }
        let skipped = self.skip.min(samples.len() / channels);
        self.skip -= skipped;
        samples.drain(..skipped * channels);
        if packet.last_in_stream() {
            self.state = State::Complete;
            let total = packet.absgp_page().saturating_sub(self.pre_skip).saturating_mul(u64::from(self.rate)) / 48_000;
            let left = usize::try_from(total.saturating_sub(self.given)).unwrap_or(usize::MAX);
            samples.truncate(left.saturating_mul(channels));
        }
        self.given += (samples.len() / channels) as u64;
        samples
    }
}

impl Iterator for OggOpusReader<'_> {
    type Item = Vec<i16>;

    fn next(&mut self) -> Option<Vec<i16>> {
        while self.state == State::Open {
            match self.packets.read_packet() {
                Ok(Some(packet)) if packet.stream_serial() == self.serial => return Some(self.decode(&packet)),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => self.state = State::CutOff,
            }
        }
        None
    }
}

/// Decodes a whole file at `rate` (8, 12, 16, 24 or 48 kHz). A file that was cut off gives what is left of it.
pub fn decode_ogg_opus(bytes: &[u8], rate: u32) -> Result<Decoded, OggReadError> {
    let mut reader = OggOpusReader::new(bytes, rate)?;
    let channels = usize::from(reader.channels());
    let mut samples = vec![Vec::new(); channels];
    for piece in &mut reader {
        if samples.len() * samples[0].len() + piece.len() > MAX_SAMPLES {
            return Err(OggReadError::TooLong);
        }
        for (channel, samples) in samples.iter_mut().enumerate() {
            samples.extend(piece.iter().skip(channel).step_by(channels));
        }
    }
    Ok(Decoded { channels: reader.channels(), rate, samples, complete: reader.is_complete() })
}

/// Channels, pre-skip and gain of an identification header (RFC 7845 §5.1).
fn head(packet: &[u8]) -> Result<(u8, u16, i16), OggReadError> {
    let fields = packet.strip_prefix(b"OpusHead").ok_or(OggReadError::Header("it does not begin with OpusHead"))?;
    let [version, channels, skip0, skip1, _, _, _, _, gain0, gain1, family, ..] = *fields else {
        return Err(OggReadError::Header("its header is too short"));
    };
    if version >> 4 != 0 {
        return Err(OggReadError::Header("its version is not supported"));
    }
    if family != 0 || !(1..=2).contains(&channels) {
        return Err(OggReadError::Header("only one or two channels are supported"));
    }
    Ok((channels, u16::from_le_bytes([skip0, skip1]), i16::from_le_bytes([gain0, gain1])))
}
