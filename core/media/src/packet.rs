use crate::frame::FRAMES_PER_SECOND;

/// Bytes of an RTP header without extras (RFC 3550 §5.1).
const HEADER: usize = 12;
/// Payload type of Opus, as WebRTC offers it.
const OPUS: u8 = 111;
/// Payload types of L16 and their rates.
const L16: [(u8, u32); 4] = [(96, 8_000), (97, 16_000), (98, 24_000), (99, 48_000)];

/// How a payload is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// Opus, mono or stereo as its packets say (RFC 6716); timestamps count 48 kHz (RFC 7587 §4.1).
    Opus,
    /// Linear 16-bit samples, big-endian, mono (RFC 3551 §4.5.11); timestamps count `rate`.
    L16 {
        /// Samples per second: 8, 16, 24 or 48 kHz.
        rate: u32,
    },
}

impl Codec {
    /// Ticks of the timestamp in a second.
    pub fn clock_rate(self) -> u32 {
        match self {
            Codec::Opus => 48_000,
            Codec::L16 { rate } => rate,
        }
    }

    /// Ticks of the timestamp in a 20 ms frame.
    pub fn ticks_per_frame(self) -> u32 {
        self.clock_rate() / FRAMES_PER_SECOND
    }

    /// Whether the rate is one that this crate sends and plays.
    pub fn is_supported(self) -> bool {
        self.payload_type().is_some()
    }

    fn payload_type(self) -> Option<u8> {
        match self {
            Codec::Opus => Some(OPUS),
            Codec::L16 { rate } => L16.iter().find(|(_, r)| *r == rate).map(|(pt, _)| *pt),
        }
    }

    fn of_payload_type(pt: u8) -> Option<Codec> {
        if pt == OPUS {
            return Some(Codec::Opus);
        }
        L16.iter().find(|(p, _)| *p == pt).map(|&(_, rate)| Codec::L16 { rate })
    }
}

/// What travels between two parties: one coded piece of sound with the fields of RTP that matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Grows by one with every packet sent, and wraps.
    pub sequence: u16,
    /// Media time of the first sample in ticks of [`Codec::clock_rate`]; goes on through pauses, and wraps.
    pub timestamp: u32,
    /// The first packet after a pause.
    pub marker: bool,
    /// How `payload` is coded.
    pub codec: Codec,
    /// The coded sound.
    pub payload: Vec<u8>,
}

/// Why bytes are no packet, or a packet can't become bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// Fewer bytes than the header announces.
    #[error("an RTP packet of {len} bytes ends inside its header; drop it")]
    Short {
        /// Bytes given.
        len: usize,
    },
    /// Not RTP version 2.
    #[error("RTP version {0} instead of 2; is this RTP at all?")]
    Version(u8),
    /// Padding that is longer than the packet.
    #[error("RTP padding of {padding} bytes in {len} bytes of payload; drop the packet")]
    Padding {
        /// The last byte of the packet.
        padding: u8,
        /// Payload and padding together.
        len: usize,
    },
    /// A payload type that was not agreed on.
    #[error("RTP payload type {0} is neither Opus (111) nor L16 (96 to 99)")]
    PayloadType(u8),
    /// Half a sample.
    #[error("an L16 payload of {0} bytes is not a whole number of 16-bit samples; drop it")]
    OddLength(usize),
    /// A rate without a payload type.
    #[error("L16 at {0} Hz has no payload type; use 8000, 16000, 24000 or 48000 Hz")]
    Rate(u32),
}

impl Packet {
    /// The packet as RTP bytes (RFC 3550 §5.1): version 2, no padding, extension or contributing sources.
    pub fn to_rtp(&self, ssrc: u32) -> Result<Vec<u8>, PacketError> {
        let pt = self.codec.payload_type().ok_or(PacketError::Rate(self.codec.clock_rate()))?;
        let mut bytes = Vec::with_capacity(HEADER + self.payload.len());
        bytes.extend_from_slice(&[0x80, pt | u8::from(self.marker) << 7]);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.timestamp.to_be_bytes());
        bytes.extend_from_slice(&ssrc.to_be_bytes());
        bytes.extend_from_slice(&self.payload);
        Ok(bytes)
    }

    /// Reads RTP bytes into a packet and its synchronisation source. Padding, a header extension and contributing
    /// sources are skipped.
    pub fn from_rtp(bytes: &[u8]) -> Result<(Packet, u32), PacketError> {
        let short = PacketError::Short { len: bytes.len() };
        let (header, rest) = bytes.split_at_checked(HEADER).ok_or(short.clone())?;
        if header[0] >> 6 != 2 {
            return Err(PacketError::Version(header[0] >> 6));
        }
        let word = |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let sources = usize::from(header[0] & 0x0f) * 4;
        let mut body = rest.get(sources..).ok_or(short.clone())?;
        if header[0] & 0x10 != 0 {
            let (head, after) = body.split_at_checked(4).ok_or(short.clone())?;
            let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
            body = after.get(words * 4..).ok_or(short)?;
        }
        if header[0] & 0x20 != 0 {
            body = without_padding(body)?;
        }
        let pt = header[1] & 0x7f;
        let codec = Codec::of_payload_type(pt).ok_or(PacketError::PayloadType(pt))?;
        if matches!(codec, Codec::L16 { .. }) && !body.len().is_multiple_of(2) {
            return Err(PacketError::OddLength(body.len()));
        }
        let packet = Packet {
            sequence: u16::from_be_bytes([header[2], header[3]]),
            timestamp: word(4),
            marker: header[1] & 0x80 != 0,
            codec,
            payload: body.to_vec(),
        };
        Ok((packet, word(8)))
    }
}

/// The last byte counts the padding, itself included (RFC 3550 §5.1).
fn without_padding(body: &[u8]) -> Result<&[u8], PacketError> {
    let padding = body.last().copied().unwrap_or(0);
    match body.len().checked_sub(usize::from(padding)) {
        Some(len) if padding > 0 => Ok(&body[..len]),
        _ => Err(PacketError::Padding { padding, len: body.len() }),
    }
}

/// Samples as an L16 payload.
pub(crate) fn l16_payload(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_be_bytes()).collect()
}

/// Appends the samples of an L16 payload; a trailing odd byte is ignored.
pub(crate) fn l16_samples(payload: &[u8], out: &mut Vec<i16>) {
    out.extend(payload.chunks_exact(2).map(|b| i16::from_be_bytes([b[0], b[1]])));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet() -> impl Strategy<Value = Packet> {
        let codec = prop_oneof![
            Just(Codec::Opus),
            Just(Codec::L16 { rate: 8_000 }),
            Just(Codec::L16 { rate: 16_000 }),
            Just(Codec::L16 { rate: 24_000 }),
            Just(Codec::L16 { rate: 48_000 }),
        ];
        let payload = prop::collection::vec(any::<u8>(), 0..200).prop_map(|mut p| {
            p.truncate(p.len() / 2 * 2);
            p
        });
        (any::<u16>(), any::<u32>(), any::<bool>(), codec, payload).prop_map(
            |(sequence, timestamp, marker, codec, payload)| Packet { sequence, timestamp, marker, codec, payload },
        )
    }

    proptest! {
        #[test]
        fn a_packet_survives_its_bytes(packet in packet(), ssrc in any::<u32>()) {
            let bytes = packet.to_rtp(ssrc).unwrap();
            prop_assert_eq!(bytes.len(), HEADER + packet.payload.len());
            prop_assert_eq!(Packet::from_rtp(&bytes).unwrap(), (packet, ssrc));
        }

        #[test]
        fn any_bytes_are_a_packet_or_an_error(mut bytes in prop::collection::vec(any::<u8>(), 0..80), valid in any::<bool>()) {
            if valid && bytes.len() > 1 {
                bytes[0] = 0x80 | bytes[0] & 0x3f;
                bytes[1] = bytes[1] & 0x80 | OPUS;
            }
            if let Ok((packet, _)) = Packet::from_rtp(&bytes) {
                prop_assert!(packet.payload.len() + HEADER <= bytes.len());
            }
        }
    }

    #[test]
    fn extras_of_other_senders_are_skipped() {
        let mut bytes = vec![0x80 | 0x20 | 0x10 | 1, OPUS, 0, 7, 0, 0, 0, 9, 0, 0, 0, 5];
        bytes.extend([1, 1, 1, 1]); // one contributing source
        bytes.extend([0xbe, 0xde, 0, 1, 9, 9, 9, 9]); // a header extension of one word
        bytes.extend([42, 43, 0, 0, 3]); // payload and three bytes of padding
        let (packet, ssrc) = Packet::from_rtp(&bytes).unwrap();
        assert_eq!((packet.sequence, packet.timestamp, ssrc), (7, 9, 5));
        assert_eq!(packet.payload, [42, 43]);
    }

    #[test]
    fn malformed_packets_are_refused_with_a_reason() {
        let good =
            Packet { sequence: 1, timestamp: 2, marker: true, codec: Codec::L16 { rate: 8_000 }, payload: vec![1, 2] };
        let bytes = good.to_rtp(3).unwrap();
        assert_eq!(Packet::from_rtp(&bytes[..11]), Err(PacketError::Short { len: 11 }));
        assert_eq!(Packet::from_rtp(&bytes[..13]), Err(PacketError::OddLength(1)));
        let with = |at: usize, value: u8| {
            let mut b = bytes.clone();
            b[at] = value;
            Packet::from_rtp(&b)
        };
        assert_eq!(with(0, 0x40), Err(PacketError::Version(1)));
        assert_eq!(with(0, 0x8f), Err(PacketError::Short { len: 14 }));
        assert_eq!(with(0, 0x90), Err(PacketError::Short { len: 14 }));
        assert_eq!(with(1, 0), Err(PacketError::PayloadType(0)));
        let mut padded = bytes.clone();
        padded[0] = 0xa0;
        padded[13] = 3;
        assert_eq!(Packet::from_rtp(&padded), Err(PacketError::Padding { padding: 3, len: 2 }));
        let odd = Packet { codec: Codec::L16 { rate: 44_100 }, ..good };
        assert_eq!(odd.to_rtp(0), Err(PacketError::Rate(44_100)));
    }
}
