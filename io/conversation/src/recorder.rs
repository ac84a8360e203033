//! The recording: both voices on one clock, written as it happens.
//!
//! It decodes what each party sent, puts it where it was sent on a common time line of 48 kHz samples, and encodes three
//! Ogg Opus streams: one per party and both together, left and right. Pages go out at least once a second, so a killed
//! process loses at most that.

use duologue_ids::Mono;
use duologue_media::{Frame, MonoEncoder, OggOpus, OpusError, Packet, PacketDecoder, StereoEncoder, StereoFrame};
use std::collections::VecDeque;

/// Sample rate of the recording, Hz.
pub const RECORDING_RATE: u32 = 48_000;
const FRAME_SAMPLES: usize = (RECORDING_RATE / 50) as usize;
/// How far behind the present the recording is written, in frames: packets of both parties are there by then.
const BEHIND: u64 = 5;

/// Which file bytes belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Side(usize),
    Stereo,
}

/// Makes the recording; what it returns is to be appended to files.
pub(crate) struct Recorder {
    tracks: [Track; 2],
    stereo: (StereoEncoder, OggOpus),
    /// Frames written.
    written: u64,
}

struct Track {
    decoder: PacketDecoder,
    /// Samples not written yet, the first one at `start`.
    samples: VecDeque<i16>,
    start: u64,
    encoder: MonoEncoder,
    ogg: OggOpus,
}

/// Bytes for a file.
pub(crate) type Chunk = (Stream, Vec<u8>);

impl Recorder {
    pub(crate) fn new(names: [&str; 2], serial: u32) -> Result<(Recorder, Vec<Chunk>), OpusError> {
        let mut chunks = Vec::new();
        let mut track = |side: usize| -> Result<Track, OpusError> {
            let (ogg, header) = OggOpus::new(1, RECORDING_RATE, serial + side as u32, &[("ARTIST", names[side])]);
            chunks.push((Stream::Side(side), header));
            Ok(Track {
                decoder: PacketDecoder::new(RECORDING_RATE),
                samples: VecDeque::new(),
                start: 0,
                encoder: MonoEncoder::new(RECORDING_RATE)?,
                ogg,
            })
        };
        let tracks = [track(0)?, track(1)?];
        let title = format!("{} (left), {} (right)", names[0], names[1]);
        let (ogg, header) = OggOpus::new(2, RECORDING_RATE, serial + 2, &[("TITLE", &title)]);
        chunks.push((Stream::Stereo, header));
        let stereo = (StereoEncoder::new(RECORDING_RATE)?, ogg);
        Ok((Recorder { tracks, stereo, written: 0 }, chunks))
    }

    /// Party `side` sent this packet at `now`.
    pub(crate) fn packet(&mut self, now: Mono, side: usize, packet: &Packet) -> Result<(), OpusError> {
        self.tracks[side].place(now, packet)
    }

    /// Writes all that is certain by `now`.
    pub(crate) fn advance(&mut self, now: Mono) -> Result<Vec<Chunk>, OpusError> {
        let mut chunks = Vec::new();
        while self.written + BEHIND < now.as_millis() / 20 {
            self.write_frame(&mut chunks)?;
        }
        Ok(chunks)
    }

    /// Writes the rest.
    pub(crate) fn finish(mut self, now: Mono) -> Result<Vec<Chunk>, OpusError> {
        let mut chunks = Vec::new();
        while self.written < now.as_millis() / 20 + 1 || self.tracks.iter().any(|t| !t.samples.is_empty()) {
            self.write_frame(&mut chunks)?;
        }
        for (side, track) in self.tracks.into_iter().enumerate() {
            chunks.push((Stream::Side(side), track.ogg.finish()));
        }
        chunks.push((Stream::Stereo, self.stereo.1.finish()));
        Ok(chunks)
    }

    fn write_frame(&mut self, chunks: &mut Vec<Chunk>) -> Result<(), OpusError> {
        let at = self.written * FRAME_SAMPLES as u64;
        let frames = [self.tracks[0].take(at), self.tracks[1].take(at)];
        for (side, frame) in frames.iter().enumerate() {
            let track = &mut self.tracks[side];
            let packet = track.encoder.encode(frame)?;
            push(chunks, Stream::Side(side), track.ogg.push(&packet, FRAME_SAMPLES as u32));
        }
        if let Ok(both) = StereoFrame::new(&frames[0], &frames[1]) {
            let packet = self.stereo.0.encode(&both)?;
            push(chunks, Stream::Stereo, self.stereo.1.push(&packet, FRAME_SAMPLES as u32));
        }
        self.written += 1;
        Ok(())
    }
}

fn push(chunks: &mut Vec<Chunk>, stream: Stream, bytes: Vec<u8>) {
    if !bytes.is_empty() {
        chunks.push((stream, bytes));
    }
}

impl Track {
    /// Decodes a packet to where it belongs: behind the one before it, or, after a pause, where the clock stands.
    fn place(&mut self, now: Mono, packet: &Packet) -> Result<(), OpusError> {
        let mut samples = Vec::with_capacity(FRAME_SAMPLES);
        self.decoder.decode(packet, &mut samples)?;
        let end = self.start + self.samples.len() as u64;
        let here = u64::try_from(u128::from(now.0) * u128::from(RECORDING_RATE) / 1_000_000_000).unwrap_or(end);
        let gap = here.saturating_sub(end);
        // Frames of one stretch of speech follow each other without a seam; a whole missing frame is a pause.
        if packet.marker || gap >= FRAME_SAMPLES as u64 {
            self.samples.extend(std::iter::repeat_n(0, gap as usize));
        }
        self.samples.extend(samples);
        Ok(())
    }

    /// The frame that begins at sample `at`; silence where nothing was said.
    fn take(&mut self, at: u64) -> Frame {
        let have = self.samples.len().min(FRAME_SAMPLES);
        let mut frame: Vec<i16> = self.samples.drain(..have).collect();
        frame.resize(FRAME_SAMPLES, 0);
        self.start = at + FRAME_SAMPLES as u64;
        Frame::new(RECORDING_RATE, frame).unwrap_or_else(|_| Frame::silence(RECORDING_RATE))
    }
}
