use std::collections::BTreeMap;

/// Most packets that wait, a second of them.
const MAX_PACKETS: usize = 50;
/// Most bytes that wait: what a flood of large packets may take.
const MAX_BYTES: usize = 128 * 1024;

/// A packet on the timeline of its receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// Sequence number that never wraps.
    pub(crate) sequence: i64,
    /// Length of its sound in ticks of 48 kHz.
    pub(crate) ticks: i64,
    pub(crate) codec: crate::packet::Codec,
    pub(crate) payload: Vec<u8>,
}

/// Packets in order of their media time, within bounds.
#[derive(Default)]
pub(crate) struct Queue {
    packets: BTreeMap<i64, Waiting>,
    bytes: usize,
}

impl Queue {
    /// Puts a packet in its place and returns how many of the oldest had to go to make room. A place is taken only once:
    /// `None` then.
    pub(crate) fn insert(&mut self, media: i64, packet: Waiting) -> Option<u64> {
        if self.packets.contains_key(&media) {
            return None;
        }
        self.bytes += packet.payload.len();
        self.packets.insert(media, packet);
        let mut dropped = 0;
        while self.packets.len() > MAX_PACKETS || self.bytes > MAX_BYTES {
            dropped += u64::from(self.pop().is_some());
        }
        Some(dropped)
    }

    /// Media time and contents of the first packet.
    pub(crate) fn first(&self) -> Option<(i64, &Waiting)> {
        self.packets.first_key_value().map(|(media, packet)| (*media, packet))
    }

    pub(crate) fn pop(&mut self) -> Option<(i64, Waiting)> {
        let (media, packet) = self.packets.pop_first()?;
        self.bytes -= packet.payload.len();
        Some((media, packet))
    }

    /// Media time at which the last packet ends.
    pub(crate) fn end(&self) -> Option<i64> {
        self.packets.last_key_value().map(|(media, packet)| media + packet.ticks)
    }

    pub(crate) fn len(&self) -> usize {
        self.packets.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::Codec;

    fn packet(sequence: i64, bytes: usize) -> Waiting {
        Waiting { sequence, ticks: 960, codec: Codec::Opus, payload: vec![0; bytes] }
    }

    #[test]
    fn order_is_by_media_time_and_a_place_is_taken_once() {
        let mut queue = Queue::default();
        assert_eq!(queue.insert(1_920, packet(3, 1)), Some(0));
        assert_eq!(queue.insert(960, packet(2, 1)), Some(0));
        assert_eq!(queue.insert(960, packet(2, 9)), None);
        assert_eq!(queue.end(), Some(2_880));
        assert_eq!(queue.pop().map(|(m, p)| (m, p.sequence)), Some((960, 2)));
        assert_eq!(queue.first().map(|(m, _)| m), Some(1_920));
    }

    #[test]
    fn a_flood_pushes_out_the_oldest() {
        let mut queue = Queue::default();
        let dropped: u64 = (0..500).filter_map(|i| queue.insert(i * 960, packet(i, 100))).sum();
        assert_eq!((dropped, queue.len()), (450, MAX_PACKETS));
        assert_eq!(queue.first().map(|(_, p)| p.sequence), Some(450));
        let mut queue = Queue::default();
        assert!((0..500).filter_map(|i| queue.insert(i * 960, packet(i, 30_000))).sum::<u64>() > 490);
        assert!(queue.bytes <= MAX_BYTES);
    }
}
