use crate::{Coding, Rtp};
use duologue_media::{Codec, Packet};

/// Blocks in one payload at most. LiveKit's clients send two or three.
const BLOCKS_MAX: usize = 8;
/// Packets back that are remembered as known.
const KNOWN: u64 = 64;

/// Why a payload is not RFC 2198.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedError {
    /// It ends inside a header or a block.
    #[error("a redundant payload ends inside its blocks; drop it")]
    Short,
    /// More redundancy than anybody sends.
    #[error("a redundant payload of more than {BLOCKS_MAX} blocks; drop it")]
    TooMany,
}

/// A block of a redundant payload.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block<'a> {
    /// Ticks before the packet's own timestamp.
    pub(crate) back: u32,
    pub(crate) payload: &'a [u8],
}

/// The blocks of a payload, oldest first; the last one is the packet's own (RFC 2198 §3).
pub(crate) fn blocks(payload: &[u8]) -> Result<Vec<Block<'_>>, RedError> {
    let (mut heads, mut rest) = (Vec::new(), payload);
    loop {
        match *rest {
            [first, ..] if first & 0x80 == 0 => {
                rest = rest.get(1..).ok_or(RedError::Short)?;
                break;
            }
            [_, high, middle, low, ref after @ ..] => {
                let offset = u32::from(high) << 6 | u32::from(middle) >> 2;
                heads.push((offset, usize::from(middle & 3) << 8 | usize::from(low)));
                rest = after;
            }
            _ => return Err(RedError::Short),
        }
        if heads.len() >= BLOCKS_MAX {
            return Err(RedError::TooMany);
        }
    }
    let mut blocks = Vec::with_capacity(heads.len() + 1);
    for (back, length) in heads {
        let (payload, after) = rest.split_at_checked(length).ok_or(RedError::Short)?;
        blocks.push(Block { back, payload });
        rest = after;
    }
    blocks.push(Block { back: 0, payload: rest });
    Ok(blocks)
}

/// What a payload carries beside what it repeats.
pub(crate) fn primary(payload: &[u8]) -> Result<&[u8], RedError> {
    Ok(blocks(payload)?.last().map_or(&[], |block| block.payload))
}

/// A payload of `primary` and what went before it, oldest first: ticks back and bytes. What does not fit into the
/// fields of a header (2^14 ticks, 2^10 bytes) is left out.
pub(crate) fn packed<'a>(opus: u8, earlier: impl Iterator<Item = (u32, &'a [u8])>, primary: &[u8]) -> Vec<u8> {
    let fitting: Vec<_> = earlier.filter(|(back, bytes)| *back < 1 << 14 && bytes.len() < 1 << 10).collect();
    let mut payload = Vec::with_capacity(primary.len() + 1 + fitting.iter().map(|(_, b)| b.len() + 4).sum::<usize>());
    for (back, bytes) in &fitting {
        let bits = back << 10 | bytes.len() as u32;
        payload.push(0x80 | opus);
        payload.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    payload.push(opus);
    for (_, bytes) in &fitting {
        payload.extend_from_slice(bytes);
    }
    payload.extend_from_slice(primary);
    payload
}

/// Turns the RTP of one track into packets, each once: redundancy fills gaps and is dropped where nothing is missing.
#[derive(Debug, Default)]
pub struct Unpacker {
    newest: Option<u64>,
    /// Bit n: the packet n before the newest is known.
    known: u64,
}

impl Unpacker {
    /// The packets in `rtp` that were not there before, oldest first.
    pub fn unpack(&mut self, rtp: &Rtp) -> Result<Vec<Packet>, RedError> {
        let blocks = match rtp.coding {
            Coding::Opus => vec![Block { back: 0, payload: &rtp.payload }],
            Coding::Red => blocks(&rtp.payload)?,
        };
        let last = blocks.len() as u64 - 1;
        let mut packets = Vec::new();
        for (sequence, block) in (rtp.sequence.saturating_sub(last)..).zip(&blocks) {
            let own = sequence == rtp.sequence;
            // A sender puts an empty block where it had nothing to repeat.
            if block.payload.is_empty() || !self.is_new(sequence) {
                continue;
            }
            packets.push(Packet {
                sequence: sequence as u16,
                timestamp: rtp.timestamp.wrapping_sub(block.back),
                marker: rtp.marker && own,
                codec: Codec::Opus,
                payload: block.payload.to_vec(),
            });
        }
        Ok(packets)
    }

    fn is_new(&mut self, sequence: u64) -> bool {
        let Some(newest) = self.newest else {
            // What came before the beginning was somebody else's.
            (self.newest, self.known) = (Some(sequence), u64::MAX);
            return true;
        };
        if sequence > newest {
            let steps = sequence - newest;
            self.known = if steps < KNOWN { self.known << steps | 1 } else { 1 };
            self.newest = Some(sequence);
            return true;
        }
        let bit = newest - sequence;
        let new = bit < KNOWN && self.known & 1 << bit == 0;
        if new {
            self.known |= 1 << bit;
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rtp(coding: Coding, sequence: u64, payload: Vec<u8>) -> Rtp {
        let timestamp = (sequence * 960) as u32;
        Rtp { coding, sequence, timestamp, marker: false, level: None, payload: payload.into() }
    }

    fn redundant(sequence: u64) -> Rtp {
        let bytes = |s: u64| vec![s as u8; 3];
        let before = [(960 * 2, bytes(sequence - 2)), (960, bytes(sequence - 1))];
        let payload = packed(111, before.iter().map(|(back, b)| (*back, &b[..])), &bytes(sequence));
        rtp(Coding::Red, sequence, payload)
    }

    #[test]
    fn a_lost_packet_comes_with_the_next() {
        let mut unpacker = Unpacker::default();
        assert_eq!(unpacker.unpack(&redundant(10)).unwrap().len(), 3);
        assert_eq!(unpacker.unpack(&redundant(11)).unwrap().len(), 1);
        let packets = unpacker.unpack(&redundant(13)).unwrap();
        assert_eq!(
            packets.iter().map(|p| (p.sequence, p.timestamp, p.payload[0])).collect::<Vec<_>>(),
            [(12, 12 * 960, 12), (13, 13 * 960, 13)]
        );
        assert_eq!(unpacker.unpack(&redundant(12)).unwrap(), []);
    }

    #[test]
    fn plain_packets_pass_once_in_any_order() {
        let mut unpacker = Unpacker::default();
        let taken = [5, 7, 6, 6, 7, 200, 8].map(|s| unpacker.unpack(&rtp(Coding::Opus, s, vec![1])).unwrap().len());
        assert_eq!(taken, [1, 1, 1, 0, 0, 1, 0]);
    }

    proptest! {
        #[test]
        fn blocks_survive_their_bytes(earlier in prop::collection::vec((0u32..1 << 14, prop::collection::vec(any::<u8>(), 0..60)), 0..4), primary in prop::collection::vec(any::<u8>(), 0..60)) {
            let payload = packed(111, earlier.iter().map(|(back, b)| (*back, &b[..])), &primary);
            let read = blocks(&payload).unwrap();
            let (own, before) = read.split_last().unwrap();
            prop_assert_eq!(own.payload, &primary[..]);
            prop_assert_eq!(super::primary(&payload).unwrap(), &primary[..]);
            prop_assert_eq!(before.iter().map(|b| (b.back, b.payload.to_vec())).collect::<Vec<_>>(), earlier);
        }

        #[test]
        fn any_bytes_are_blocks_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(blocks) = blocks(&bytes) {
                prop_assert!(blocks.iter().map(|b| b.payload.len()).sum::<usize>() < bytes.len().max(1));
            }
        }
    }
}
