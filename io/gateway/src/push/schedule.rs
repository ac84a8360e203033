//! When a push is tried again, and when no more. Decides only: the time and the dice are arguments.

use super::address::AddressError;
use duologue_store::UnixMs;
use std::time::{Duration, SystemTime};

/// How often, and how long, a push is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The pause after the first attempt.
    pub first: Duration,
    /// By how much each pause is longer than the one before.
    pub factor: u32,
    /// The longest pause, and the longest that a receiver may ask for (`Retry-After`).
    pub longest: Duration,
    /// How many attempts are made.
    pub attempts: u32,
    /// How long after it was due for the first time it is tried at all.
    pub span: Duration,
}

impl Default for Schedule {
    /// After 10 s, 30 s, 90 s … and at last every four hours: twelve attempts in about twenty hours.
    fn default() -> Schedule {
        Schedule {
            first: Duration::from_secs(10),
            factor: 3,
            longest: Duration::from_secs(4 * 3600),
            attempts: 12,
            span: Duration::from_secs(24 * 3600),
        }
    }
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The receiver answered.
    Status {
        /// The status of its answer.
        code: u16,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// It did not, in time.
    TimedOut,
    /// There was no connection, or it broke.
    Unreachable {
        /// What the system says.
        what: String,
    },
    /// Nothing was sent, since nothing may be sent there.
    Forbidden(AddressError),
}

impl Answer {
    /// Whether whoever is there does his work: says nothing of a single push.
    pub fn is_alive(&self) -> bool {
        match self {
            Answer::Status { code, .. } => *code < 500,
            Answer::TimedOut | Answer::Unreachable { .. } => false,
            // Nobody was asked.
            Answer::Forbidden(_) => true,
        }
    }

    /// In words, for the log and the outbox. A receiver's own words are not in it.
    pub fn words(&self) -> String {
        match self {
            Answer::Status { code, .. } => format!("the receiver answered {code}"),
            Answer::TimedOut => "the receiver did not answer in time".into(),
            Answer::Unreachable { what } => format!("the receiver cannot be reached ({what})"),
            Answer::Forbidden(error) => error.to_string(),
        }
    }
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: it was delivered.
    Done,
    /// It is tried again then.
    Again(UnixMs),
    /// Nothing: it never will be delivered.
    Never,
}

/// How often a push was given out, and since when it waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// How often it was given out, this time among them. It was not called each time: its receiver may have been left alone, or busy.
    pub attempt: u32,
    /// When it was due for the first time.
    pub since: UnixMs,
}

impl Schedule {
    /// What follows from an attempt that ended `now`. `dice` is anything between 0 and 1: half of each pause is random, so
    /// that those who failed together do not come back together.
    pub fn verdict(&self, answer: &Answer, tries: Tries, now: UnixMs, dice: f64) -> Verdict {
        let asked = match answer {
            Answer::Status { code: 200..300, .. } => return Verdict::Done,
            Answer::Status { code: 408 | 425 | 429 | 500.., retry_after } => *retry_after,
            // It is not followed elsewhere, is not understood, or is gone.
            Answer::Status { .. } | Answer::Forbidden(_) => return Verdict::Never,
            Answer::TimedOut | Answer::Unreachable { .. } => None,
        };
        let pause = self.pause(self.attempt(tries, now), dice).max(asked.unwrap_or_default().min(self.longest));
        if self.is_last(tries, now) { Verdict::Never } else { Verdict::Again(now.after(pause)) }
    }

    /// Whether no attempt follows the one that is made `now`.
    pub fn is_last(&self, tries: Tries, now: UnixMs) -> bool {
        self.attempt(tries, now) >= self.attempts || now >= tries.since.after(self.span)
    }

    /// The number of this attempt: how often it was given out, but no more than there is time for with the pauses in between, so that
    /// waiting for a receiver costs no attempts.
    fn attempt(&self, tries: Tries, now: UnixMs) -> u32 {
        let waited = u64::try_from(now.0.saturating_sub(tries.since.0)).unwrap_or(0);
        let (mut attempt, mut taken) = (1, 0_u64);
        while attempt < tries.attempt {
            taken = taken.saturating_add(u64::try_from(self.pause(attempt, 0.0).as_millis()).unwrap_or(u64::MAX));
            if taken > waited {
                break;
            }
            attempt += 1;
        }
        attempt
    }

    /// How long is waited after that attempt.
    pub fn pause(&self, attempt: u32, dice: f64) -> Duration {
        let grown = self.factor.checked_pow(attempt.saturating_sub(1)).and_then(|times| self.first.checked_mul(times));
        let whole = grown.unwrap_or(self.longest).min(self.longest);
        whole / 2 + (whole / 2).mul_f64(if dice.is_finite() { dice.clamp(0.0, 1.0) } else { 1.0 })
    }
}

/// How long a `Retry-After` asks to wait: seconds or a date (RFC 9110 §10.2.3).
pub(super) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let at = httpdate::parse_http_date(text).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs(1_000_000);

    fn status(code: u16) -> Answer {
        Answer::Status { code, retry_after: None }
    }

    fn first(answer: &Answer) -> Verdict {
        Schedule::default().verdict(answer, Tries { attempt: 1, since: NOW }, NOW, 1.0)
    }

    #[test]
    fn the_status_decides() {
        for code in [200, 201, 202, 204, 299] {
            assert_eq!(first(&status(code)), Verdict::Done, "{code}");
        }
        for code in [101, 301, 302, 307, 308, 400, 401, 403, 404, 405, 410, 413, 422, 451] {
            assert_eq!(first(&status(code)), Verdict::Never, "{code}");
        }
        for answer in [408, 425, 429, 500, 502, 503, 504, 599].map(status) {
            assert_eq!(first(&answer), Verdict::Again(NOW.after(Duration::from_secs(10))), "{answer:?}");
        }
        let unreachable = Answer::Unreachable { what: "refused".into() };
        for answer in [Answer::TimedOut, unreachable] {
            assert!(matches!(first(&answer), Verdict::Again(_)), "{answer:?}");
        }
        assert_eq!(first(&Answer::Forbidden(AddressError::Port)), Verdict::Never);
    }

    #[test]
    fn pauses_grow_to_a_bound_and_half_of_each_is_chance() {
        let schedule = Schedule::default();
        let seconds = |attempt, dice| schedule.pause(attempt, dice).as_secs();
        assert_eq!([1, 2, 3, 4].map(|attempt| seconds(attempt, 1.0)), [10, 30, 90, 270]);
        assert_eq!([1, 2, 3, 4].map(|attempt| seconds(attempt, 0.0)), [5, 15, 45, 135]);
        assert_eq!([9, 12, 500, u32::MAX].map(|attempt| seconds(attempt, 1.0)), [4 * 3600; 4]);
        assert_eq!(seconds(1, f64::NAN), 10);
        assert_eq!(seconds(1, -3.0), 5);
    }

    #[test]
    fn receivers_may_ask_for_time_within_bounds() {
        let asking = |seconds| Answer::Status { code: 503, retry_after: Some(Duration::from_secs(seconds)) };
        for (asked, given) in [(0, 10), (5, 10), (60, 60), (u64::from(u32::MAX), 4 * 3600)] {
            assert_eq!(first(&asking(asked)), Verdict::Again(NOW.after(Duration::from_secs(given))), "{asked}");
        }
        let done = Answer::Status { code: 200, retry_after: Some(Duration::from_secs(9)) };
        assert_eq!(first(&done), Verdict::Done);
    }

    #[test]
    fn it_ends() {
        let schedule = Schedule::default();
        let verdict = |attempt, after: Duration| {
            schedule.verdict(&Answer::TimedOut, Tries { attempt, since: NOW }, NOW.after(after), 0.5)
        };
        let (day, hours) = (Duration::from_secs(24 * 3600), Duration::from_secs(20 * 3600));
        assert!(matches!(verdict(11, hours), Verdict::Again(_)));
        assert_eq!(verdict(12, hours), Verdict::Never);
        assert!(matches!(verdict(2, day - Duration::from_millis(1)), Verdict::Again(_)));
        assert_eq!(verdict(2, day), Verdict::Never);
        // All pauses together fit into the span.
        let longest: Duration = (1..12).map(|attempt| schedule.pause(attempt, 1.0)).sum();
        assert!(longest < day, "{longest:?}");
    }

    #[test]
    fn what_was_not_called_costs_no_attempt() {
        let schedule = Schedule::default();
        let attempt =
            |attempt, seconds| schedule.attempt(Tries { attempt, since: NOW }, NOW.after(Duration::from_secs(seconds)));
        assert_eq!([attempt(1, 0), attempt(2, 0), attempt(500, 0)], [1, 1, 1]);
        assert_eq!([attempt(500, 4), attempt(500, 5), attempt(500, 20), attempt(500, 64)], [1, 2, 3, 3]);
        assert_eq!(attempt(2, 3600), 2, "no more than it was given out");
        let failed = schedule.verdict(&Answer::TimedOut, Tries { attempt: 500, since: NOW }, NOW, 1.0);
        assert_eq!(failed, Verdict::Again(NOW.after(Duration::from_secs(10))));
    }

    #[test]
    fn retry_after_has_two_forms() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let seconds = |text: &str| retry_after(text, now).map(|pause| pause.as_secs());
        assert_eq!(seconds(" 120 "), Some(120));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0));
        assert_eq!([seconds(""), seconds("soon"), seconds("-1"), seconds("99999999999")], [None; 4]);
    }
}
