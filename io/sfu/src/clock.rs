use duologue_ids::Mono;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The one clock of a server: core counts from its start, messages count from 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    began: Instant,
    began_wall: Duration,
}

impl Clock {
    pub(crate) fn start() -> Clock {
        let began_wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { began: Instant::now(), began_wall }
    }

    pub(crate) fn now(&self) -> Mono {
        self.at(Instant::now())
    }

    pub(crate) fn at(&self, instant: Instant) -> Mono {
        Mono::ZERO + instant.saturating_duration_since(self.began)
    }

    /// When that is, at most a day ahead: further is as good as never.
    pub(crate) fn instant(&self, at: Mono) -> Instant {
        const DAY: Duration = Duration::from_secs(86_400);
        let ahead = at.since(self.now()).min(DAY);
        if ahead.is_zero() { self.began + at.since(Mono::ZERO) } else { Instant::now() + ahead }
    }

    /// Milliseconds since 1970 at the start.
    pub(crate) fn wall_zero_ms(&self) -> i64 {
        i64::try_from(self.began_wall.as_millis()).unwrap_or(i64::MAX)
    }

    /// Nanoseconds since 1970 at a moment, as messages about jobs carry them.
    pub(crate) fn wall_nanos(&self, at: Mono) -> i64 {
        i64::try_from((self.began_wall + at.since(Mono::ZERO)).as_nanos()).unwrap_or(i64::MAX)
    }

    /// Seconds since 1970 now.
    pub(crate) fn unix_seconds(&self) -> u64 {
        (self.began_wall + self.began.elapsed()).as_secs()
    }

    /// Milliseconds since 1970 now.
    pub(crate) fn unix_millis(&self) -> i64 {
        i64::try_from((self.began_wall + self.began.elapsed()).as_millis()).unwrap_or(i64::MAX)
    }
}
