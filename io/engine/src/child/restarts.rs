use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// How many failures are borne before the engine rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RestartLimit {
    /// So many failures
    pub failures: usize,
    /// in this time make it rest for as long again.
    pub within: Duration,
}

impl Default for RestartLimit {
    /// Three in a minute.
    fn default() -> RestartLimit {
        RestartLimit { failures: 3, within: Duration::from_secs(60) }
    }
}

/// What to do after a failure.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// Start again after this time.
    StartAfter(Duration),
    /// Refuse requests until then, and start again.
    RestUntil(Instant),
}

/// The failures of the last while.
#[derive(Debug)]
pub(super) struct Restarts {
    limit: RestartLimit,
    failures: VecDeque<Instant>,
}

impl Restarts {
    pub(super) fn new(limit: RestartLimit) -> Restarts {
        Restarts { limit, failures: VecDeque::new() }
    }

    /// The first failure in a while is followed by a start at once, for a conversation is waiting; the next ones by a
    /// pause that doubles from a second. A failure that a new start cannot cure is followed by rest.
    pub(super) fn after_failure(&mut self, now: Instant, curable: bool) -> Next {
        self.failures.push_back(now);
        self.failures.retain(|failure| now.duration_since(*failure) < self.limit.within);
        if !curable || self.failures.len() >= self.limit.failures {
            return Next::RestUntil(now + self.limit.within);
        }
        let pause = match self.failures.len() {
            0 | 1 => Duration::ZERO,
            n => Duration::from_secs(1 << (n - 2).min(5)),
        };
        Next::StartAfter(pause)
    }

    /// Failures that count at present.
    pub(super) fn count(&self) -> usize {
        self.failures.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_at_once_then_with_pauses_then_rests_and_forgets_old_failures() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut restarts = Restarts::new(RestartLimit::default());
        assert_eq!(restarts.after_failure(at(0), true), Next::StartAfter(Duration::ZERO));
        assert_eq!(restarts.after_failure(at(10), true), Next::StartAfter(Duration::from_secs(1)));
        assert_eq!(restarts.after_failure(at(20), true), Next::RestUntil(at(80)));
        assert_eq!(restarts.after_failure(at(85), true), Next::StartAfter(Duration::ZERO), "old ones are forgotten");
        assert_eq!(restarts.after_failure(at(86), false), Next::RestUntil(at(146)));
    }
}
