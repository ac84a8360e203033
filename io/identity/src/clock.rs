use duologue_trust::Moment;
use rustls::pki_types::UnixTime;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Now, by the system's wall clock.
pub(crate) fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// As rustls and webpki tell it.
pub(crate) fn unix(moment: Moment) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(moment.as_secs()))
}
