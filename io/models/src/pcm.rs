//! Makes samples of the bytes of a spoken answer, without input or output: raw PCM, or WAV from servers that ignore
//! what was asked for.

use crate::http::{Answer, Fault, SpeechReader, spoken};
use crate::{ModelError, SpeechStream, SpokenAudio};

/// Sample rate in Hz that speech is asked for in, and of samples that come without a rate: OpenAI's
/// `response_format=pcm` knows no other.
pub(crate) const PCM_RATE: u32 = 24_000;
/// Most bytes of a WAV file in front of its samples.
const HEADER_MAX: usize = 64 << 10;
/// Sample rates that a voice can have, in Hz.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=48_000;

/// Reads one spoken answer.
pub(crate) struct PcmReader {
    state: State,
    /// Bytes that don't make a whole frame yet.
    pending: Vec<u8>,
    any: bool,
    ready: Option<SpokenAudio>,
}

/// The speech of `text` in an answer that holds nothing else: raw samples, or a WAV file.
///
/// # Errors
/// Malformed where the media type says that it is something else.
pub(crate) fn speech_of(answer: Answer, text: &str) -> Result<SpeechStream, ModelError> {
    let media = answer.content_type();
    if ["text/", "application/json", "audio/mpeg", "audio/ogg"].iter().any(|m| media.starts_with(m)) {
        return Err(answer.failures().malformed(format!("it answers {media} where PCM or WAV was asked for")));
    }
    let is_wav = ["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"].iter().any(|m| media.starts_with(m));
    let reader = if is_wav { PcmReader::of_wav() } else { PcmReader::new(rate_of(media).unwrap_or(PCM_RATE)) };
    Ok(spoken(answer, reader, text))
}

/// The rate in a media type such as `audio/pcm;rate=16000`.
fn rate_of(media: &str) -> Option<u32> {
    media.split(';').find_map(|p| p.trim().strip_prefix("rate=")).and_then(|r| r.trim().parse().ok())
}

impl SpeechReader for PcmReader {
    fn push(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let samples = self.push(bytes).map_err(Fault::Malformed)?;
        self.ready = samples.map(|s| SpokenAudio { rate: s.rate, samples: s.mono, words: Vec::new() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.end().map_err(Fault::Malformed)
    }

    fn pop(&mut self) -> Option<SpokenAudio> {
        self.ready.take()
    }
}

enum State {
    /// Not enough bytes to tell what it is.
    Unknown {
        /// `None` where it must be a WAV file.
        raw_rate: Option<u32>,
    },
    WavHeader {
        format: Option<Format>,
    },
    Samples {
        format: Format,
        /// Bytes of samples still to come, where the file says so.
        left: Option<u64>,
    },
}

#[derive(Clone, Copy)]
struct Format {
    rate: u32,
    channels: usize,
}

/// Samples that have become complete.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Samples {
    pub(crate) rate: u32,
    pub(crate) mono: Vec<i16>,
}

impl PcmReader {
    /// `raw_rate` is the rate in Hz of samples that come without a header.
    pub(crate) fn new(raw_rate: u32) -> PcmReader {
        let raw_rate = if RATES.contains(&raw_rate) { raw_rate } else { PCM_RATE };
        PcmReader { state: State::Unknown { raw_rate: Some(raw_rate) }, pending: Vec::new(), any: false, ready: None }
    }

    /// For an answer that the server announces as a WAV file.
    pub(crate) fn of_wav() -> PcmReader {
        PcmReader { state: State::Unknown { raw_rate: None }, pending: Vec::new(), any: false, ready: None }
    }

    /// Takes the next bytes, cut anywhere; says why where they can't be speech.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Option<Samples>, String> {
        self.pending.extend_from_slice(bytes);
        loop {
            match &mut self.state {
                State::Unknown { raw_rate } => {
                    if self.pending.len() < 4 {
                        return Ok(None);
                    }
                    self.state = recognise(&self.pending, *raw_rate)?;
                }
                State::WavHeader { .. } => {
                    if !self.read_header()? {
                        return Ok(None);
                    }
                }
                State::Samples { .. } => return Ok(self.take_samples()),
            }
        }
    }

    /// The answer has ended.
    pub(crate) fn end(&mut self) -> Result<(), String> {
        if self.any { Ok(()) } else { Err("the answer holds no speech".into()) }
    }

    /// Reads the chunks of a WAV file up to its samples; `false` where more bytes are needed.
    fn read_header(&mut self) -> Result<bool, String> {
        let State::WavHeader { format } = &mut self.state else { return Ok(true) };
        let too_long = || format!("the WAV file has no samples in its first {HEADER_MAX} bytes");
        let mut at = 12; // "RIFF", size, "WAVE"
        while let Some(head) = self.pending.get(at..at + 8) {
            let (id, size) = (&head[..4], u32_at(head, 4));
            let body = at + 8;
            if id == b"data" {
                let format = format.ok_or("the WAV file has no format before its samples")?;
                // Who streams a file does not know its length, and writes none or the largest.
                let left = (size != 0 && size < 0x7fff_0000).then_some(u64::from(size));
                self.state = State::Samples { format, left };
                self.pending.drain(..body);
                return Ok(true);
            }
            let end = body.saturating_add(size as usize).saturating_add(size as usize & 1);
            if end > HEADER_MAX {
                return Err(too_long());
            }
            let Some(content) = self.pending.get(body..end) else { return Ok(false) };
            if id == b"fmt " {
                *format = Some(read_format(content)?);
            }
            at = end;
        }
        if self.pending.len() > HEADER_MAX { Err(too_long()) } else { Ok(false) }
    }

    fn take_samples(&mut self) -> Option<Samples> {
        let State::Samples { format, left } = &mut self.state else { return None };
        let frame = 2 * format.channels;
        let usable =
            left.map_or(self.pending.len(), |l| self.pending.len().min(usize::try_from(l).unwrap_or(usize::MAX)));
        let whole = usable - usable % frame;
        let mono: Vec<i16> = self.pending[..whole].chunks_exact(frame).map(mix_down).collect();
        match left {
            Some(left) if *left <= self.pending.len() as u64 => {
                // What follows the samples is none of them.
                *left = 0;
                self.pending.clear();
            }
            Some(left) => {
                *left -= whole as u64;
                self.pending.drain(..whole);
            }
            None => drop(self.pending.drain(..whole)),
        }
        self.any |= !mono.is_empty();
        (!mono.is_empty()).then_some(Samples { rate: format.rate, mono })
    }
}

fn recognise(start: &[u8], raw_rate: Option<u32>) -> Result<State, String> {
    let is = |magic: &[u8]| start.starts_with(magic);
    if is(b"RIFF") {
        return Ok(State::WavHeader { format: None });
    }
    // Played as samples, these would be a burst of noise.
    let others: [(&[u8], _); 6] =
        [(b"OggS", "Ogg"), (b"ID3", "MP3"), (b"fLaC", "FLAC"), (b"{\"", "text"), (b"<htm", "text"), (b"<!DO", "text")];
    if let Some((_, name)) = others.into_iter().find(|(magic, _)| is(magic)) {
        return Err(format!("it answers {name} where PCM or WAV was asked for"));
    }
    let rate = raw_rate.ok_or("it announces a WAV file and answers something else")?;
    Ok(State::Samples { format: Format { rate, channels: 1 }, left: None })
}

/// The format chunk of a WAV file: code, channels, rate, bytes per second, bytes per frame, bits.
fn read_format(chunk: &[u8]) -> Result<Format, String> {
    const PCM: u16 = 1;
    const EXTENSIBLE: u16 = 0xfffe;
    if chunk.len() < 16 {
        return Err("the format of the WAV file is cut short".into());
    }
    let (code, channels, rate, bits) = (u16_at(chunk, 0), u16_at(chunk, 2), u32_at(chunk, 4), u16_at(chunk, 14));
    if !matches!(code, PCM | EXTENSIBLE) || bits != 16 || !(1..=8).contains(&channels) || !RATES.contains(&rate) {
        return Err(format!(
            "it answers a WAV file of format {code} with {bits} bit, {channels} channels, {rate} Hz; 16 bit PCM of {} to {} Hz can be played",
            RATES.start(),
            RATES.end()
        ));
    }
    Ok(Format { rate, channels: usize::from(channels) })
}

fn mix_down(frame: &[u8]) -> i16 {
    let samples = frame.chunks_exact(2).map(|s| i32::from(i16::from_le_bytes([s[0], s[1]])));
    let channels = (frame.len() / 2) as i32;
    // The mean of 16-bit values is one.
    (samples.sum::<i32>() / channels) as i16
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
#[path = "pcm_tests.rs"]
mod tests;
