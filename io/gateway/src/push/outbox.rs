//! Where pushes wait until they are delivered.

use super::request::Push;
use async_trait::async_trait;
use duologue_store::{Claim, Outcome, SettleError, Unavailable, UnixMs};
use std::time::Duration;

/// A push that is given to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The claim, by which it is settled.
    pub claim: Claim,
    /// What is to be sent.
    pub push: Push,
}

/// What a [`Sender`](super::Sender) works off.
///
/// A claim is a lease: whoever holds it longer than that must expect somebody else to have it, and is refused when it says
/// what became of it.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Up to `limit` pushes that are due `now`, the longest waiting first. Nobody else gets them for `lease`. What is not to
    /// be sent any more, since its configuration was removed, is settled by the outbox itself and not given out.
    async fn claim(&self, now: UnixMs, lease: Duration, limit: u32) -> Result<Vec<Due>, Unavailable>;

    /// Takes down what became of a push.
    async fn settle(&self, claim: Claim, outcome: Outcome) -> Result<(), SettleError>;

    /// When something is due next, claimed pushes included, whose leases may end.
    async fn next_due(&self) -> Result<Option<UnixMs>, Unavailable>;

    /// Ends when there may be more to do than [`Outbox::next_due`] said, for pushes that came since the last time it ended,
    /// too. Nothing is lost when the wait is given up.
    async fn changed(&self);
}
