use crate::{Coding, Rtp, red};
use duologue_media::Packet;
use std::collections::VecDeque;
use std::sync::Arc;

/// Sequence numbers that a packet may be off before it belongs to another recording.
const JUMP: i64 = 1_000;
/// Packets that each packet repeats.
const REPEATED: usize = 2;
/// The payload type of Opus inside of redundant payloads, which receivers do not read.
const OPUS: u8 = 111;
/// Ticks of 48 kHz in 20 ms.
const FRAME: u32 = 960;

/// What one speaker sends: packets become RTP whose numbers go on for ever.
///
/// A source that is replaced by another one would jump in number and time, and a number that was used before is dropped
/// by receivers as a replay (RFC 3711 §3.3.2). So a jump continues where the last source was.
#[derive(Debug)]
pub struct Line {
    redundant: bool,
    last: Option<Last>,
    sent: VecDeque<(u32, Arc<[u8]>)>,
}

#[derive(Debug)]
struct Last {
    /// Of the newest packet: its own number, and the ones under which it went out.
    source: u16,
    sequence: u64,
    timestamp: u32,
    /// What is added to the source's timestamps.
    shift: u32,
}

impl Line {
    /// A line that repeats the last packets in each packet, or not.
    pub fn new(redundant: bool) -> Line {
        Line { redundant, last: None, sent: VecDeque::new() }
    }

    /// `packet` as RTP; `level` as in [`Rtp::level`].
    pub fn next(&mut self, packet: Packet, level: Option<u8>) -> Rtp {
        let (sequence, shift) = self.number(&packet);
        let timestamp = packet.timestamp.wrapping_add(shift);
        if self.last.as_ref().is_none_or(|last| sequence > last.sequence) {
            self.last = Some(Last { source: packet.sequence, sequence, timestamp, shift });
        }
        let payload: Arc<[u8]> = packet.payload.into();
        let rtp = |coding, payload| Rtp { coding, sequence, timestamp, marker: packet.marker, level, payload };
        if !self.redundant {
            return rtp(Coding::Opus, payload);
        }
        let earlier = self.sent.iter().map(|(at, bytes)| (timestamp.wrapping_sub(*at), &bytes[..]));
        let packed = red::packed(OPUS, earlier, &payload);
        if self.sent.len() >= REPEATED {
            self.sent.pop_front();
        }
        self.sent.push_back((timestamp, payload));
        rtp(Coding::Red, packed.into())
    }

    /// The number to send a packet under, and what to add to its timestamp.
    fn number(&mut self, packet: &Packet) -> (u64, u32) {
        let Some(last) = &self.last else { return (u64::from(packet.sequence), 0) };
        let step = i64::from(packet.sequence.wrapping_sub(last.source) as i16);
        match last.sequence.checked_add_signed(step) {
            Some(sequence) if step.abs() < JUMP => (sequence, last.shift),
            _ => {
                self.sent.clear();
                (last.sequence + 1, last.timestamp.wrapping_add(FRAME).wrapping_sub(packet.timestamp))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Unpacker;
    use duologue_media::Codec;
    use proptest::prelude::*;

    fn packet(sequence: u16, timestamp: u32) -> Packet {
        Packet { sequence, timestamp, marker: false, codec: Codec::Opus, payload: vec![sequence as u8] }
    }

    #[test]
    fn another_source_goes_on_where_the_last_one_was() {
        let mut line = Line::new(false);
        let numbers = [(65_535, 1_000), (0, 1_960), (30_000, 77), (30_001, 1_037), (29_999, 0)]
            .map(|(s, t)| line.next(packet(s, t), None))
            .map(|rtp| (rtp.sequence, rtp.timestamp));
        assert_eq!(numbers[..2], [(65_535, 1_000), (65_536, 1_960)]);
        assert_eq!(numbers[2..4], [(65_537, 2_920), (65_538, 3_880)]);
        assert_eq!(numbers[4].0, 65_536);
    }

    proptest! {
        #[test]
        fn what_redundancy_carries_is_heard_when_packets_are_lost(lost in prop::collection::vec(any::<bool>(), 3..40)) {
            let (mut line, mut unpacker, mut heard) = (Line::new(true), Unpacker::default(), Vec::new());
            let count = lost.len() as u16;
            for at in 0..count {
                let rtp = line.next(packet(at, u32::from(at) * 960), None);
                // Never more than two in a row.
                let gone = lost[usize::from(at)] && at % 3 != 0 && at + 1 < count;
                if !gone {
                    heard.extend(unpacker.unpack(&rtp).unwrap().into_iter().map(|p| (p.sequence, p.timestamp)));
                }
            }
            prop_assert_eq!(heard, (0..count).map(|at| (at, u32::from(at) * 960)).collect::<Vec<_>>());
        }
    }
}
