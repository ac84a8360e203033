//! Effects that wait, and who works at them.

use crate::{Key, UnixMs};
use std::borrow::Cow;
use std::time::Duration;

/// What is asked for when work is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claiming {
    /// Of which kind.
    pub kind: String,
    /// What time it is: only what is due is given.
    pub now: UnixMs,
    /// How long nobody else gets it. What has not been settled then is given out again.
    pub lease: Duration,
    /// How many at most.
    pub limit: u32,
}

impl Claiming {
    /// Up to `limit` of what is due `now`, held for `lease`.
    pub fn new(kind: impl Into<String>, now: UnixMs, lease: Duration, limit: u32) -> Claiming {
        Claiming { kind: kind.into(), now, lease, limit }
    }

    pub(crate) fn until(&self) -> i64 {
        // A lease of no time would give the same entry twice at one moment.
        self.now.after(self.lease.max(Duration::from_millis(1))).0
    }
}

/// An effect that somebody works at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its name, as it was committed.
    pub key: String,
    /// Its kind.
    pub kind: String,
    /// The aggregate whose step asked for it.
    pub of: Key,
    /// What is to be done.
    pub payload: Vec<u8>,
    /// How often it has been claimed, this time included: from 2 on, an earlier attempt may have had its effect.
    pub attempt: u32,
}

/// What became of a claimed effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It happened, at this moment. It is never given out again.
    Done(UnixMs),
    /// It did not happen, for the reason given (of which 1,000 bytes are kept), and is to be tried again at this moment.
    Retry(UnixMs, String),
    /// It did not happen, at this moment and for the reason given, and never will.
    Failed(UnixMs, String),
    /// It still goes on, and nobody else is to get it before this moment.
    Working(UnixMs),
}

/// Most bytes kept of the reason why an effect did not happen.
const WHY_MAX: usize = 1000;

/// What is kept of a reason, which may hold whatever a receiver said.
fn kept(why: &str) -> Cow<'_, str> {
    let short = why.get(..why.floor_char_boundary(WHY_MAX)).unwrap_or_default();
    if short.contains('\0') { short.replace('\0', "\u{fffd}").into() } else { short.into() }
}

/// The columns that an outcome leaves.
pub(crate) struct Marks<'a> {
    pub(crate) due_at: Option<i64>,
    pub(crate) settled_at: Option<i64>,
    /// Set to this, or kept where `keep` says so.
    pub(crate) failure: Option<Cow<'a, str>>,
    pub(crate) keep: bool,
}

impl Outcome {
    pub(crate) fn marks(&self) -> Marks<'_> {
        match self {
            Outcome::Done(at) => Marks { due_at: None, settled_at: Some(at.0), failure: None, keep: false },
            Outcome::Retry(at, why) => {
                Marks { due_at: Some(at.0), settled_at: None, failure: Some(kept(why)), keep: false }
            }
            Outcome::Failed(at, why) => {
                Marks { due_at: None, settled_at: Some(at.0), failure: Some(kept(why)), keep: false }
            }
            Outcome::Working(until) => Marks { due_at: Some(until.0), settled_at: None, failure: None, keep: true },
        }
    }
}

/// How an effect stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Waiting, or being worked at, in which case the moment is that of the lease's end.
    Due {
        /// When it is next given out.
        at: UnixMs,
        /// How often it has been claimed.
        attempts: u32,
        /// Why the last attempt that reported back did not succeed.
        failure: Option<String>,
    },
    /// It happened.
    Done(UnixMs),
    /// It did not, and never will.
    Failed(UnixMs, String),
}

impl Standing {
    pub(crate) fn of(due_at: Option<i64>, settled_at: Option<i64>, attempt: i64, failure: Option<String>) -> Standing {
        match (due_at, failure) {
            (Some(at), failure) => Standing::Due { at: UnixMs(at), attempts: count(attempt), failure },
            (None, Some(why)) => Standing::Failed(UnixMs(settled_at.unwrap_or_default()), why),
            (None, None) => Standing::Done(UnixMs(settled_at.unwrap_or_default())),
        }
    }
}

/// An attempt as it is kept, which is never negative.
pub(crate) fn count(attempt: i64) -> u32 {
    u32::try_from(attempt).unwrap_or(u32::MAX)
}
