use duologue_ids::Mono;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A stretch of speech, from `start` up to but not including `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Interval {
    /// Where sound begins.
    pub start: Mono,
    /// Where it ends; an interval that ends before it starts is empty.
    pub end: Mono,
}

impl Interval {
    /// From `start` to `end`.
    pub fn new(start: Mono, end: Mono) -> Interval {
        Interval { start, end }
    }

    /// How long it lasts.
    pub fn duration(&self) -> Duration {
        self.end - self.start
    }

    /// The part that both have, if any.
    pub fn intersection(&self, other: &Interval) -> Option<Interval> {
        let both = Interval { start: self.start.max(other.start), end: self.end.min(other.end) };
        (both.start < both.end).then_some(both)
    }
}

/// When somebody speaks: intervals in order of time that neither overlap nor touch, none of them empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Track {
    intervals: Vec<Interval>,
}

impl FromIterator<Interval> for Track {
    /// Any intervals, in any order: empty ones are dropped, those that overlap or touch become one.
    fn from_iter<I: IntoIterator<Item = Interval>>(intervals: I) -> Track {
        let mut sorted: Vec<Interval> = intervals.into_iter().filter(|i| i.start < i.end).collect();
        sorted.sort_unstable();
        Track { intervals: sorted }.closing_gaps(Duration::ZERO)
    }
}

impl Track {
    /// The intervals, in order.
    pub fn intervals(&self) -> &[Interval] {
        &self.intervals
    }

    /// Time spoken, all in all.
    pub fn duration(&self) -> Duration {
        self.intervals.iter().map(Interval::duration).sum()
    }

    /// The same with pauses of up to `longest` filled.
    pub fn closing_gaps(&self, longest: Duration) -> Track {
        let mut closed: Vec<Interval> = Vec::with_capacity(self.intervals.len());
        for &interval in &self.intervals {
            match closed.last_mut() {
                Some(last) if interval.start <= last.end + longest => last.end = last.end.max(interval.end),
                _ => closed.push(interval),
            }
        }
        Track { intervals: closed }
    }

    /// When at least one of both speaks.
    pub fn union(&self, other: &Track) -> Track {
        self.intervals.iter().chain(&other.intervals).copied().collect()
    }

    /// When both speak.
    pub fn overlap(&self, other: &Track) -> Track {
        let (mut mine, mut theirs) = (self.intervals.iter().peekable(), other.intervals.iter().peekable());
        let mut both = Vec::new();
        while let (Some(a), Some(b)) = (mine.peek(), theirs.peek()) {
            both.extend(a.intersection(b));
            if a.end <= b.end {
                mine.next();
            } else {
                theirs.next();
            }
        }
        both.into_iter().collect()
    }

    /// When nobody on this track speaks, between zero and `length`.
    pub fn silence(&self, length: Duration) -> Track {
        let end = Mono::ZERO + length;
        let mut quiet = Vec::with_capacity(self.intervals.len() + 1);
        let mut from = Mono::ZERO;
        for interval in &self.intervals {
            quiet.push(Interval::new(from, interval.start.min(end)));
            from = interval.end;
        }
        quiet.push(Interval::new(from, end));
        quiet.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(start: u64, end: u64) -> Interval {
        Interval::new(Mono::from_millis(start), Mono::from_millis(end))
    }

    fn any_track() -> impl Strategy<Value = Track> {
        prop::collection::vec((0u64..1_000, 0u64..120), 0..12)
            .prop_map(|spans| spans.into_iter().map(|(start, length)| ms(start, start + length)).collect())
    }

    #[test]
    fn intervals_that_touch_are_one() {
        let track: Track = [ms(50, 80), ms(0, 20), ms(20, 30), ms(60, 70), ms(9, 9), ms(40, 10)].into_iter().collect();
        assert_eq!(track.intervals(), [ms(0, 30), ms(50, 80)]);
        assert_eq!(track.closing_gaps(Duration::from_millis(20)).intervals(), [ms(0, 80)]);
        assert_eq!(track.closing_gaps(Duration::from_millis(19)), track);
    }

    #[test]
    fn silence_is_cut_at_the_length() {
        let track: Track = [ms(10, 20), ms(50, 500)].into_iter().collect();
        assert_eq!(track.silence(Duration::from_millis(100)).intervals(), [ms(0, 10), ms(20, 50)]);
        assert_eq!(Track::default().silence(Duration::from_millis(7)).intervals(), [ms(0, 7)]);
    }

    proptest! {
        #[test]
        fn both_and_either_add_up_to_the_two(a in any_track(), b in any_track()) {
            let (both, either) = (a.overlap(&b), a.union(&b));
            prop_assert_eq!(a.duration() + b.duration(), both.duration() + either.duration());
            prop_assert_eq!(&both, &b.overlap(&a));
            prop_assert_eq!(&either, &b.union(&a));
            prop_assert_eq!(&a.overlap(&a), &a);
            prop_assert_eq!(&a.union(&a), &a);
        }

        #[test]
        fn speech_and_silence_fill_the_time(a in any_track()) {
            let length = Duration::from_millis(1_200);
            let quiet = a.silence(length);
            prop_assert_eq!(quiet.duration() + a.duration(), length);
            prop_assert_eq!(quiet.overlap(&a), Track::default());
        }

        #[test]
        fn a_track_is_ordered_and_apart(a in any_track(), gap in 0u64..50) {
            let closed = a.closing_gaps(Duration::from_millis(gap));
            prop_assert!(closed.intervals().windows(2).all(|w| w[0].end + Duration::from_millis(gap) < w[1].start));
            prop_assert!(closed.duration() >= a.duration());
        }
    }
}
