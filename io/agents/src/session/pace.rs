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
    /// The timestamp of the first slot, once something was said.
    origin: Option<u32>,
    /// The slot of the packet that was sent last.
    last: i64,
    /// What waits, with the slot in which it was said.
    waiting: VecDeque<(i64, Said)>,
}

impl Pace {
    pub(crate) fn new(began: Instant) -> Pace {
        Pace { began, origin: None, last: -1, waiting: VecDeque::new() }
    }

    /// Takes the 20 ms of a session from `at`, where something is said in them.
    pub(crate) fn put(&mut self, at: Instant, packet: Option<Packet>, level: u8) {
        let Some(packet) = packet else { return };
        if self.waiting.len() >= WAITING {
            self.waiting.pop_front();
        }
        let slot = self.slot(at);
        self.origin.get_or_insert(packet.timestamp.wrapping_sub(ticks(slot)));
        self.waiting.push_back((slot, (packet, level)));
    }

    /// The next packet that is to leave by `now`.
    pub(crate) fn take(&mut self, now: Instant) -> Option<Said> {
        let slot = self.slot(now);
        let (natural, _) = self.waiting.front()?;
        let wanted = (*natural).max(self.last + 1);
        if wanted > slot + LEEWAY {
            return None;
        }
        let (_, (mut packet, level)) = self.waiting.pop_front()?;
        let jumps = slot > wanted + LEEWAY;
        self.last = if jumps { slot } else { wanted };
        packet.marker |= jumps;
        packet.timestamp = self.origin?.wrapping_add(ticks(self.last));
        Some((packet, level))
    }

    /// Somebody cut in: what waits is not to be said.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn slot(&self, at: Instant) -> i64 {
        let since = at.saturating_duration_since(self.began).as_millis() / SLOT.as_millis();
        i64::try_from(since).unwrap_or(i64::MAX)
    }
}

/// Ticks until a slot; they wrap.
fn ticks(slot: i64) -> u32 {
    (slot as u32).wrapping_mul(TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_media::Codec;

    const START: u32 = u32::MAX - 5_000;

    /// What is said in slot `n`, whose ticks begin somewhere.
    fn say(pace: &mut Pace, began: Instant, n: u32) {
        let timestamp = START.wrapping_add(n * TICKS);
        let packet = Packet { sequence: n as u16, timestamp, marker: n == 0, codec: Codec::Opus, payload: vec![1] };
        pace.put(began + SLOT * n, Some(packet), 20);
    }

    /// The slots and marks of all that leaves at `ms`.
    fn leave(pace: &mut Pace, began: Instant, ms: u64) -> Vec<(u32, bool)> {
        let now = began + Duration::from_millis(ms);
        let slot = |timestamp: u32| timestamp.wrapping_sub(START) / TICKS;
        std::iter::from_fn(|| pace.take(now)).map(|(p, _)| (slot(p.timestamp), p.marker)).collect()
    }

    #[test]
    fn what_is_in_time_leaves_as_it_is() {
        let began = Instant::now();
        let mut pace = Pace::new(began);
        for (n, ms) in [(0, 5), (1, 38), (2, 41), (3, 95), (10, 205)] {
            say(&mut pace, began, n);
            assert_eq!(leave(&mut pace, began, ms), [(n, n == 0)]);
        }
    }

    #[test]
    fn whoever_begins_late_is_not_late_for_ever() {
        let began = Instant::now();
        let mut pace = Pace::new(began);
        // Said while it caught up with what went by until it was in the room.
        [5, 10, 15].into_iter().for_each(|n| say(&mut pace, began, n));
        leave(&mut pace, began, 1_000);
        say(&mut pace, began, 60);
        assert_eq!(leave(&mut pace, began, 1_200), [(60, false)]);
    }

    #[test]
    fn what_is_late_begins_anew_and_the_rest_follows_at_the_pace_of_speech() {
        let began = Instant::now();
        let mut pace = Pace::new(began);
        say(&mut pace, began, 0);
        assert_eq!(leave(&mut pace, began, 0), [(0, true)]);
        // The machine stood still for 300 ms.
        (1..=15).for_each(|n| say(&mut pace, began, n));
        assert_eq!(leave(&mut pace, began, 300), [(15, true), (16, false), (17, false), (18, false)]);
        assert_eq!(leave(&mut pace, began, 320), [(19, false)]);
        let rest: Vec<_> = (17..40).flat_map(|slot| leave(&mut pace, began, slot * 20)).map(|(at, _)| at).collect();
        assert_eq!(rest, (20..30).collect::<Vec<_>>(), "nothing is lost");
        assert!(pace.is_empty());
        // Who is cut off says nothing more, however much waited.
        (30..50).for_each(|n| say(&mut pace, began, n));
        pace.clear();
        assert_eq!(leave(&mut pace, began, 700), []);
        // After a pause everything is in time again.
        say(&mut pace, began, 50);
        assert_eq!(leave(&mut pace, began, 1_000), [(50, false)]);
    }
}
