//! When what an agent says leaves: one packet for each 20 ms of real time.
//!
//! On a machine that is too busy a session falls behind and then catches up, and would send in one go what others have to play
//! one after the other; of more than a fifth of a second they throw the rest away. So what is late begins anew at the time at which it
//! leaves, as after a pause, and the rest follows at the pace of speech. Nothing of it is lost; it comes later.

use duologue_media::Packet;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Ticks of Opus in a slot of 20 ms.
const TICKS: u32 = 960;
const SLOT: Duration = Duration::from_millis(20);
/// Slots that a packet may be early or late without anybody doing anything about it: others wait for as much.
const LEEWAY: i64 = 3;
/// Packets that wait at most: ten seconds.
const WAITING: usize = 500;

/// A packet, and its loudness in dB below the loudest.
pub(crate) type Said = (Packet, u8);

pub(crate) struct Pace {
    began: Instant,
    /// The first packet's timestamp, and the slot that it has.
    origin: Option<(u32, i64)>,
    /// The slot of the packet that was sent last.
    last: i64,
    waiting: VecDeque<Said>,
}

impl Pace {
    pub(crate) fn new(began: Instant) -> Pace {
        Pace { began, origin: None, last: -1, waiting: VecDeque::new() }
    }

    /// Takes the next 20 ms, where something is said in them.
    pub(crate) fn put_some(&mut self, packet: Option<Packet>, level: u8) {
        packet.into_iter().for_each(|packet| self.put((packet, level)));
    }

    fn put(&mut self, said: Said) {
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(said);
    }

    /// The next packet that is to leave by `now`.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Said> {
        let slot = i64::try_from(now.saturating_duration_since(self.began).as_millis() / SLOT.as_millis()).ok()?;
        let (packet, _) = self.waiting.front()?;
        let (timestamp, first) = *self.origin.get_or_insert((packet.timestamp, slot));
        let natural = first + i64::from(packet.timestamp.wrapping_sub(timestamp) / TICKS);
        let wanted = natural.max(self.last + 1);
        if wanted > slot + LEEWAY {
            return None;
        }
        let (mut packet, level) = self.waiting.pop_front()?;
        let jumps = slot > wanted + LEEWAY;
        let at = if jumps { slot } else { wanted };
        packet.marker |= jumps;
        packet.timestamp = timestamp.wrapping_add(((at - first) as u32).wrapping_mul(TICKS));
        self.last = at;
        Some((packet, level))
    }

    /// Nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_media::Codec;

    fn said(n: u32) -> Said {
        let packet =
            Packet { sequence: n as u16, timestamp: n * TICKS, marker: n == 0, codec: Codec::Opus, payload: vec![1] };
        (packet, 20)
    }

    /// The slots and marks of all that leaves at `ms`.
    fn leave(pace: &mut Pace, began: Instant, ms: u64) -> Vec<(u32, bool)> {
        let now = began + Duration::from_millis(ms);
        std::iter::from_fn(|| pace.take(now)).map(|(p, _)| (p.timestamp / TICKS, p.marker)).collect()
    }

    #[test]
    fn what_is_in_time_leaves_as_it_is() {
        let began = Instant::now();
        let mut pace = Pace::new(began);
        for (n, ms) in [(0, 5), (1, 38), (2, 41), (3, 95), (10, 205)] {
            pace.put(said(n));
            assert_eq!(leave(&mut pace, began, ms), [(n, n == 0)]);
        }
    }

    #[test]
    fn what_is_late_begins_anew_and_the_rest_follows_at_the_pace_of_speech() {
        let began = Instant::now();
        let mut pace = Pace::new(began);
        pace.put(said(0));
        assert_eq!(leave(&mut pace, began, 0), [(0, true)]);
        // The machine stood still for 300 ms.
        (1..=15).for_each(|n| pace.put(said(n)));
        assert_eq!(leave(&mut pace, began, 300), [(15, true), (16, false), (17, false), (18, false)]);
        assert_eq!(leave(&mut pace, began, 320), [(19, false)]);
        let rest: Vec<_> = (17..40).flat_map(|slot| leave(&mut pace, began, slot * 20)).map(|(at, _)| at).collect();
        assert_eq!(rest, (20..30).collect::<Vec<_>>(), "nothing is lost");
        assert!(pace.is_empty());
        // After a pause everything is in time again.
        pace.put(said(50));
        assert_eq!(leave(&mut pace, began, 1_000), [(50, false)]);
    }
}
