use std::time::Duration;
use tokio::time::Instant;

/// Leaves an agent alone that failed several times in a row: `closed` → (so many failures) → `open` for a while → one call is let
/// through → `closed` if that succeeds, else `open` again.
#[derive(Debug)]
pub(crate) struct Breaker {
    failures: u32,
    open: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Calls pass; so many failed in a row.
    Closed(u32),
    /// No call passes until then.
    Open(Instant),
    /// One call passed at this moment to see how it goes. If nothing is heard of it, another one passes later.
    Trying(Instant),
}

impl Breaker {
    /// Opens after so many failures in a row, for so long.
    pub(crate) fn new(failures: u32, open: Duration) -> Breaker {
        Breaker { failures: failures.max(1), open, state: State::Closed(0) }
    }

    /// After how many failures in a row it opens.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether a call passes now; if not, how long to wait.
    pub(crate) fn pass(&mut self, now: Instant) -> Result<(), Duration> {
        let until = match self.state {
            State::Closed(_) => return Ok(()),
            State::Open(until) => until,
            State::Trying(since) => since + self.open,
        };
        if now < until {
            return Err(until - now);
        }
        self.state = State::Trying(now);
        Ok(())
    }

    /// A call ended: whether the agent answered, be it with a refusal.
    pub(crate) fn ended(&mut self, answered: bool, now: Instant) {
        self.state = match (answered, self.state) {
            (true, _) => State::Closed(0),
            (false, State::Closed(before)) if before + 1 < self.failures => State::Closed(before + 1),
            (false, _) => State::Open(now + self.open),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OPEN: Duration = Duration::from_secs(30);

    #[test]
    fn opens_after_failures_in_a_row_and_tries_one_call() {
        let (mut breaker, now) = (Breaker::new(3, OPEN), Instant::now());
        for _ in 0..2 {
            breaker.ended(false, now);
        }
        breaker.ended(true, now);
        for _ in 0..2 {
            breaker.ended(false, now);
        }
        assert_eq!(breaker.pass(now), Ok(()), "not in a row");
        breaker.ended(false, now);
        assert_eq!(breaker.pass(now), Err(OPEN));
        assert_eq!(breaker.pass(now + OPEN), Ok(()), "one is tried");
        assert!(breaker.pass(now + OPEN).is_err(), "only one");
        breaker.ended(false, now + OPEN);
        assert_eq!(breaker.pass(now + OPEN), Err(OPEN), "open again at its first failure");
        assert_eq!(breaker.pass(now + OPEN * 2), Ok(()));
        breaker.ended(true, now + OPEN * 2);
        assert_eq!(breaker.pass(now + OPEN * 2), Ok(()));
    }

    #[test]
    fn a_trial_that_nothing_is_heard_of_is_not_the_last() {
        let (mut breaker, now) = (Breaker::new(1, OPEN), Instant::now());
        breaker.ended(false, now);
        assert_eq!(breaker.pass(now + OPEN), Ok(()));
        assert_eq!(breaker.pass(now + OPEN * 2), Ok(()));
    }

    proptest! {
        /// Whatever happened, who waits as long as told is let through.
        #[test]
        fn the_wait_that_is_told_is_long_enough(failures in 1u32..5, steps in prop::collection::vec((any::<bool>(), 0u64..60), 0..40)) {
            let mut breaker = Breaker::new(failures, OPEN);
            let mut now = Instant::now();
            for (answered, seconds) in steps {
                now += Duration::from_secs(seconds);
                if breaker.pass(now).is_ok() {
                    breaker.ended(answered, now);
                }
            }
            if let Err(wait) = breaker.pass(now) {
                prop_assert!(wait <= OPEN);
                prop_assert_eq!(breaker.pass(now + wait), Ok(()));
            }
        }
    }
}
