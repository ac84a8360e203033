//! How often one caller is answered: [`Limited`].

use async_trait::async_trait;
use duologue_a2a::call::Call;
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_gateway::{Asking, Authorize};
use duologue_policy::{CallRate, Moment};
use std::sync::{Arc, Mutex, PoisonError};

/// Callers whose calls are counted at a time.
const CALLERS: usize = 100_000;

/// Refuses calls of whoever had more than so many in a minute, before anybody decides about them.
pub(crate) struct Limited {
    per_minute: u64,
    rate: Mutex<CallRate>,
    then: Option<Arc<dyn Authorize>>,
}

impl Limited {
    pub(crate) fn new(per_minute: u32, then: Option<Arc<dyn Authorize>>) -> Limited {
        Limited { per_minute: u64::from(per_minute), rate: Mutex::new(CallRate::new(CALLERS)), then }
    }
}

#[async_trait]
impl Authorize for Limited {
    async fn authorize(&self, asking: &Asking<'_>) -> Result<(), A2aError> {
        if matches!(asking.call, Call::SendMessage(_) | Call::SendStreamingMessage(_)) {
            let (caller, at) = (asking.peer.principal.as_str(), Moment::from_unix_ms(asking.at.as_millis()));
            let calls = self.rate.lock().unwrap_or_else(PoisonError::into_inner).count(caller, at);
            if calls > self.per_minute {
                tracing::warn!(caller, calls, "a caller is over the rate limit");
                let words =
                    format!("More than {} calls in a minute (server.rate_limit): try again later", self.per_minute);
                return Err(A2aError::new(ErrorKind::ResourceExhausted, words));
            }
        }
        match &self.then {
            Some(then) => then.authorize(asking).await,
            None => Ok(()),
        }
    }
}
