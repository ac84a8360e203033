use duologue_rtc::Rtp;
use std::time::Instant;

/// Under which number a section begins; below 65,536 (RFC 3711 §3.3.1).
const FIRST: u64 = 1_000;
/// Numbers that a packet may be off before it belongs to another recording.
const JUMP: u64 = 1_000;
/// Ticks of Opus in a second (RFC 7587 §4.1).
const CLOCK: f64 = 48_000.0;

/// What goes out in one section, whose numbers and times only go on, whatever is sent there: a number that was used
/// before is dropped by receivers as a replay (RFC 3711 §3.3.2).
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    last: Option<Last>,
    source: Option<Source>,
}

/// The newest packet that went out.
#[derive(Debug)]
struct Last {
    sequence: u64,
    timestamp: u32,
    at: Instant,
}

/// What is being sent.
#[derive(Debug)]
struct Source {
    /// Its first packet here, and the number that this got.
    first: u64,
    own: u64,
    newest: u64,
    /// What is added to its timestamps.
    shift: u32,
}

impl Numbers {
    /// Another source comes next, or the same one after a pause.
    pub(crate) fn interrupt(&mut self) {
        self.source = None;
    }

    /// `rtp` as it goes out; `None` for a packet from before the source began here.
    pub(crate) fn number(&mut self, rtp: Rtp, now: Instant) -> Option<Rtp> {
        if self.source.as_ref().is_some_and(|source| source.newest.abs_diff(rtp.sequence) > JUMP) {
            self.interrupt();
        }
        let begins = self.source.is_none();
        let source = match &mut self.source {
            Some(source) => source,
            none => none.insert(begin(self.last.as_ref(), &rtp, now)),
        };
        let sequence = source.own + rtp.sequence.checked_sub(source.first)?;
        let timestamp = rtp.timestamp.wrapping_add(source.shift);
        source.newest = source.newest.max(rtp.sequence);
        if self.last.as_ref().is_none_or(|last| sequence > last.sequence) {
            self.last = Some(Last { sequence, timestamp, at: now });
        }
        Some(Rtp { sequence, timestamp, marker: rtp.marker || begins, ..rtp })
    }
}

fn begin(last: Option<&Last>, rtp: &Rtp, now: Instant) -> Source {
    let (own, shift) = match last {
        Some(last) => {
            let silent = (now.saturating_duration_since(last.at).as_secs_f64() * CLOCK) as u64 as u32;
            let timestamp = last.timestamp.wrapping_add(silent.max(1));
            (last.sequence + 1, timestamp.wrapping_sub(rtp.timestamp))
        }
        None => (FIRST, 0),
    };
    Source { first: rtp.sequence, own, newest: rtp.sequence, shift }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_rtc::Coding;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::time::Duration;

    fn rtp(sequence: u64, timestamp: u32) -> Rtp {
        Rtp { coding: Coding::Opus, sequence, timestamp, marker: false, level: None, payload: vec![1].into() }
    }

    #[test]
    fn a_gap_stays_a_gap_and_a_pause_does_not_become_one() {
        let (mut numbers, start) = (Numbers::default(), Instant::now());
        let at = |s, ms, numbers: &mut Numbers| {
            let out = numbers.number(rtp(s, s as u32 * 960), start + Duration::from_millis(ms))?;
            Some((out.sequence, out.timestamp, out.marker))
        };
        assert_eq!(at(7, 0, &mut numbers), Some((1_000, 7 * 960, true)));
        assert_eq!(at(9, 40, &mut numbers), Some((1_002, 9 * 960, false)));
        assert_eq!(at(8, 41, &mut numbers), Some((1_001, 8 * 960, false)));
        assert_eq!(at(6, 42, &mut numbers), None);
        numbers.interrupt();
        assert_eq!(at(500, 10_040, &mut numbers), Some((1_003, 9 * 960 + 480_000, true)));
        assert_eq!(at(3_000, 10_060, &mut numbers), Some((1_004, 9 * 960 + 480_960, true)));
    }

    proptest! {
        #[test]
        fn no_number_is_used_twice(steps in prop::collection::vec((0u64..70_000, any::<u32>(), any::<bool>(), 0u64..50), 1..200)) {
            let (mut numbers, mut now) = (Numbers::default(), Instant::now());
            let (mut used, mut seen) = (BTreeSet::new(), BTreeSet::new());
            let mut newest = None;
            for (sequence, timestamp, interrupted, ms) in steps {
                now += Duration::from_millis(ms);
                if interrupted {
                    numbers.interrupt();
                    seen.clear();
                }
                let before = numbers.source.as_ref().map(|source| source.own);
                if let Some(out) = numbers.number(rtp(sequence, timestamp), now) {
                    if before != numbers.source.as_ref().map(|source| source.own) {
                        seen.clear();
                        prop_assert!(newest.is_none_or(|newest| out.sequence > newest), "begins behind what went out");
                    }
                    // Whoever sends a packet twice sends the same packet.
                    prop_assert!(used.insert(out.sequence) || seen.contains(&sequence));
                    seen.insert(sequence);
                    newest = newest.max(Some(out.sequence));
                }
            }
        }
    }
}
