use duologue_a2a::model::Timestamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// What time it is: the system's, or one that follows the runtime's own, which tests can hold still.
#[derive(Clone, Copy, Debug, Default)]
pub enum Clock {
    /// The system's wall clock.
    #[default]
    System,
    /// This moment, and what has passed since by the runtime's clock.
    Runtime {
        /// The moment of the start.
        at: Timestamp,
        /// The start.
        start: Instant,
    },
}

impl Clock {
    /// Now.
    pub fn now(self) -> Timestamp {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Clock::Runtime { at, start } => {
                at.plus_millis(i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX))
            }
        }
    }

    /// The instant of the runtime's clock at which it will be `then`.
    pub(crate) fn instant(self, then: Timestamp) -> Instant {
        let millis = then.as_millis().saturating_sub(self.now().as_millis());
        Instant::now() + Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}
