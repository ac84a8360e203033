use crate::Moment;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Seconds that are counted.
const WINDOW: i64 = 60;

/// Counts the calls of each caller in the last minute, in steps of a second.
///
/// It holds a bounded number of callers. Whoever has not called for longest is forgotten first, so that many names crowd out
/// those who are silent and not those who call; a caller is counted by the name that was proven, of which nobody has many.
///
/// ```
/// use duologue_policy::{CallRate, Moment};
///
/// let mut rate = CallRate::new(1_000);
/// let at = |seconds: i64| Moment::from_unix_ms(seconds * 1_000);
/// assert_eq!((rate.count("anna", at(0)), rate.count("anna", at(30)), rate.count("joe", at(30))), (1, 2, 1));
/// assert_eq!(rate.count("anna", at(61)), 2); // the first one is over
/// ```
#[derive(Clone, Debug)]
pub struct CallRate {
    most_callers: usize,
    /// The newest second that was seen: a clock that is put back stands still here.
    now: i64,
    /// Calls in all, by which those of one second have an order.
    turns: u64,
    callers: BTreeMap<Arc<str>, Calls>,
    /// By the last call.
    silent: BTreeSet<(Turn, Arc<str>)>,
}

/// A second, and a number within it.
type Turn = (i64, u64);

#[derive(Clone, Debug, Default)]
struct Calls {
    last: Turn,
    /// By second, oldest first; seconds without a call have no entry.
    seconds: Vec<(i64, u64)>,
}

impl CallRate {
    /// For up to `most_callers` callers at a time, at least one: about 100 bytes each, and up to 1.5 kB for those who call every
    /// second.
    pub fn new(most_callers: usize) -> CallRate {
        let most_callers = most_callers.max(1);
        CallRate { most_callers, now: i64::MIN, turns: 0, callers: BTreeMap::new(), silent: BTreeSet::new() }
    }

    /// Counts a call, and says how many there were in the last minute, with this one.
    pub fn count(&mut self, caller: &str, at: Moment) -> u64 {
        self.now = self.now.max(at.unix_ms().div_euclid(1_000));
        let now = self.now;
        self.turns = self.turns.wrapping_add(1);
        let known = self.callers.remove_entry(caller);
        let (name, mut calls) = known.unwrap_or_else(|| (Arc::from(caller), Calls::default()));
        self.silent.remove(&(calls.last, Arc::clone(&name)));
        calls.seconds.retain(|(second, _)| now.saturating_sub(*second) < WINDOW);
        match calls.seconds.last_mut() {
            Some((second, number)) if *second == now => *number = number.saturating_add(1),
            _ => calls.seconds.push((now, 1)),
        }
        let all = calls.seconds.iter().fold(0u64, |sum, (_, number)| sum.saturating_add(*number));
        calls.last = (now, self.turns);
        self.silent.insert((calls.last, Arc::clone(&name)));
        self.callers.insert(name, calls);
        self.forget();
        all
    }

    /// How many callers are held.
    pub fn callers(&self) -> usize {
        self.callers.len()
    }

    /// Forgets who has been silent for the whole window, a few at a time, and beyond the bound whoever was so for longest.
    fn forget(&mut self) {
        for _ in 0..2 {
            let Some(((last, _), _)) = self.silent.first() else { return };
            let over = self.now.saturating_sub(*last) >= WINDOW;
            if !over && self.callers.len() <= self.most_callers {
                return;
            }
            if let Some((_, name)) = self.silent.pop_first() {
                self.callers.remove(&name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(ms: i64) -> Moment {
        Moment::from_unix_ms(ms)
    }

    proptest! {
        /// Against a list of all calls.
        #[test]
        fn it_counts_what_there_was(calls in prop::collection::vec((0usize..3, 0i64..20_000), 1..80)) {
            let mut rate = CallRate::new(10);
            let mut all: Vec<(usize, i64)> = Vec::new();
            let mut now = 1_000_000_000i64;
            for (caller, step) in calls {
                now += step;
                all.push((caller, now / 1_000));
                let expected = all.iter().filter(|(who, second)| *who == caller && now / 1_000 - second < 60).count();
                prop_assert_eq!(rate.count(&caller.to_string(), at(now)), expected as u64);
            }
        }

        #[test]
        fn it_never_holds_more_than_it_may(calls in prop::collection::vec((0u8..200, any::<i64>()), 1..300), most in 0usize..20) {
            let mut rate = CallRate::new(most);
            for (caller, ns) in calls {
                prop_assert!(rate.count(&caller.to_string(), Moment::from_unix_ns(ns)) >= 1);
                prop_assert!(rate.callers() <= most.max(1));
                prop_assert_eq!(rate.callers(), rate.silent.len());
            }
        }
    }

    #[test]
    fn who_calls_is_not_crowded_out_by_who_called_before() {
        let mut rate = CallRate::new(10);
        for other in 0..1_000 {
            assert_eq!(rate.count("anna", at(other)), other as u64 + 1);
            rate.count(&format!("other {other}"), at(other));
        }
    }

    #[test]
    fn a_clock_that_is_put_back_frees_nobody() {
        let mut rate = CallRate::new(10);
        assert_eq!(rate.count("anna", at(3_600_000)), 1);
        assert_eq!(rate.count("anna", at(0)), 2);
        assert_eq!(rate.count("anna", at(3_601_000)), 3);
    }

    #[test]
    fn the_silent_are_forgotten() {
        let mut rate = CallRate::new(1_000);
        for other in 0..100 {
            rate.count(&other.to_string(), at(0));
        }
        for second in 0..200 {
            rate.count("anna", at(second * 1_000));
        }
        assert_eq!(rate.callers(), 1);
    }
}
