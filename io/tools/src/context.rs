//! What a function knows of its call: [`Context`].

use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// A call, for the function that answers it.
#[derive(Clone, Debug)]
pub struct Context {
    id: String,
    deadline: Instant,
    called_off: CancellationToken,
}

impl Context {
    pub(crate) fn new(id: &str, timeout: Duration, called_off: CancellationToken) -> Context {
        let now = Instant::now();
        let deadline = now.checked_add(timeout).unwrap_or(now);
        Context { id: id.to_owned(), deadline, called_off }
    }

    /// The model's id of the call.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How long the call may still take.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether nobody waits for the answer any more: for loops that block their thread, which nothing else can end.
    pub fn is_called_off(&self) -> bool {
        self.called_off.is_cancelled()
    }

    /// Returns once nobody waits for the answer any more. A function that waits asynchronously needs it not: it is dropped then.
    pub async fn called_off(&self) {
        self.called_off.cancelled().await;
    }
}
