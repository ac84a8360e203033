use crate::measured::{Measured, Party};
use crate::segments::{Segment, segments};
use crate::track::Track;
use duologue_ids::Mono;
use std::time::Duration;

/// A pause this short within one party's speech does not divide it: silence inside words and between clauses. The value is
/// the one usual in studies of turn-taking (Heldner and Edlund, J. Phonetics 38, 2010: 180 ms; Levinson and Torreira 2015:
/// 200 ms).
pub const PAUSE: Duration = Duration::from_millis(200);

/// The floor changes hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Who takes the floor: 0 or 1, as the tracks were given.
    pub to: usize,
    /// When the taker starts to speak.
    pub at: Mono,
    /// Floor-transfer offset in milliseconds: start of the taker's speech minus end of the other's. Negative where both
    /// spoke at once.
    pub offset_ms: i64,
}

/// All transfers of the floor between two parties, in order of time.
///
/// Each party's speech is first divided at pauses longer than [`PAUSE`]. The floor belongs to whoever spoke first, and:
///
/// * speech of its holder keeps it, after whatever silence;
/// * speech of the other that outlasts the holder's takes it: a transfer. Its offset is negative when it began before the
///   holder had ended (an interruption, or a quick start);
/// * speech of the other that begins and ends inside the holder's takes nothing: a backchannel or a vain attempt.
///
/// So the opening, a nudge after one's own turn, and backchannels are no transfers; everything else is, in both directions.
pub fn transfers(tracks: [&Track; 2]) -> Vec<Transfer> {
    let [a, b] = tracks;
    let of = Measured::new(Duration::ZERO, [Party::new("", a), Party::new("", b)]);
    transfers_of(&walk(&segments(&of)).0)
}

/// The floor in the hands of one party, with all its pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) by: usize,
    pub(crate) start: Mono,
    /// Where its last speech ends, which may be in the next turn.
    pub(crate) end: Mono,
}

/// The turns, and the number of times that one spoke inside the other's speech. Speech that is known to want no floor
/// (backchannels, tics, speech to others) gets none.
pub(crate) fn walk(segments: &[Segment]) -> (Vec<Turn>, usize) {
    let (mut turns, mut inside) = (Vec::<Turn>::new(), 0);
    for segment in segments {
        match turns.last_mut() {
            Some(turn) if turn.by != segment.by && segment.at.end <= turn.end => inside += 1,
            _ if !segment.is_turn() => {}
            Some(turn) if turn.by == segment.by => turn.end = turn.end.max(segment.at.end),
            _ => turns.push(Turn { by: segment.by, start: segment.at.start, end: segment.at.end }),
        }
    }
    (turns, inside)
}

pub(crate) fn transfers_of(turns: &[Turn]) -> Vec<Transfer> {
    turns
        .windows(2)
        .map(|w| Transfer { to: w[1].by, at: w[1].start, offset_ms: offset_ms(w[0].end, w[1].start) })
        .collect()
}

/// `to - from`, rounded to the nearest millisecond.
pub(crate) fn offset_ms(from: Mono, to: Mono) -> i64 {
    let ms = |d: Duration| i64::try_from((d.as_nanos() + 500_000) / 1_000_000).unwrap_or(i64::MAX);
    if to >= from { ms(to - from) } else { -ms(from - to) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::track::Interval;
    use proptest::prelude::*;

    fn track(spans: &[(u64, u64)]) -> Track {
        spans.iter().map(|&(a, b)| Interval::new(Mono::from_millis(a), Mono::from_millis(b))).collect()
    }

    fn offsets(a: &[(u64, u64)], b: &[(u64, u64)]) -> Vec<(usize, i64)> {
        transfers([&track(a), &track(b)]).into_iter().map(|t| (t.to, t.offset_ms)).collect()
    }

    #[test]
    fn gaps_are_positive_and_overlaps_negative() {
        assert_eq!(offsets(&[(0, 1000), (3000, 4000)], &[(1500, 2500)]), [(1, 500), (0, 500)]);
        assert_eq!(offsets(&[(0, 1000)], &[(700, 2500)]), [(1, -300)]);
    }

    #[test]
    fn a_backchannel_takes_no_floor() {
        assert_eq!(offsets(&[(0, 5000)], &[(2000, 2300)]), []);
        assert_eq!(offsets(&[(0, 5000)], &[(2000, 2300), (6000, 7000)]), [(1, 1000)]);
    }

    #[test]
    fn ones_own_pause_is_no_transfer() {
        assert_eq!(offsets(&[(0, 1000), (4000, 5000)], &[(5400, 6000)]), [(1, 400)]);
        assert_eq!(offsets(&[(0, 1000)], &[]), []);
        // A breath of 150 ms does not end the holder's speech, so what falls into it is inside.
        assert_eq!(offsets(&[(0, 1000), (1150, 2000)], &[(1010, 1140)]), []);
    }

    proptest! {
        #[test]
        fn the_floor_alternates_and_only_speakers_take_it(
            a in prop::collection::vec((0u64..20_000, 1u64..2_000), 0..12),
            b in prop::collection::vec((0u64..20_000, 1u64..2_000), 0..12),
        ) {
            let make = |s: &[(u64, u64)]| s.iter().map(|&(at, long)| (at, at + long)).collect::<Vec<_>>();
            let (a, b) = (track(&make(&a)), track(&make(&b)));
            let found = transfers([&a, &b]);
            prop_assert!(found.windows(2).all(|w| w[0].to != w[1].to && w[0].at <= w[1].at));
            let starts = [&a, &b].map(|t| t.intervals().iter().map(|i| i.start).collect::<Vec<_>>());
            prop_assert!(found.iter().all(|t| starts[t.to].contains(&t.at)));
        }
    }
}
