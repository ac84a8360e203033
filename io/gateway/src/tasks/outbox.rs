//! Pushes that wait, as the sender takes them: an order says which event is for which webhook, the rest stands in the task.

use super::Tasks;
use super::store::{Order, StoreError};
use crate::hop::Hop;
use crate::push::{Due, Outbox, Push};
use async_trait::async_trait;
use duologue_a2a::model::StreamResponse;
use duologue_a2a::version::Dialect;
use duologue_store::{Claim, Outcome, SettleError, Unavailable, UnixMs};
use std::time::Duration;

#[async_trait]
impl Outbox for Tasks {
    async fn claim(&self, now: UnixMs, lease: Duration, limit: u32) -> Result<Vec<Due>, Unavailable> {
        let mut all = Vec::new();
        for claim in self.0.store.claim_pushes(now, lease, limit).await? {
            match self.push_of(&claim).await {
                Ok(Some(push)) => all.push(Due { claim, push }),
                Ok(None) => {
                    let outcome = Outcome::Failed(now, "the task or the webhook is gone".to_owned());
                    // Somebody else may have settled it already.
                    drop(self.0.store.settle_push(claim, outcome).await);
                }
                // It is given out again once the lease is over.
                Err(error) => tracing::warn!(%error, "a push has to wait"),
            }
        }
        Ok(all)
    }

    async fn settle(&self, claim: Claim, outcome: Outcome) -> Result<(), SettleError> {
        self.0.store.settle_push(claim, outcome).await
    }

    async fn next_due(&self) -> Result<Option<UnixMs>, Unavailable> {
        self.0.store.next_push().await
    }

    async fn changed(&self) {
        self.0.ordered.notified().await;
    }
}

impl Tasks {
    /// What an order says is to be sent; none: nothing any more.
    async fn push_of(&self, claim: &Claim) -> Result<Option<Push>, StoreError> {
        let Ok(order) = serde_json::from_slice::<Order>(&claim.payload) else { return Ok(None) };
        let Some(stored) = self.0.store.load(&claim.of.id).await? else { return Ok(None) };
        let record = stored.record;
        let Some(webhook) = record.push().get(&order.config_id) else { return Ok(None) };
        let event = match webhook.dialect {
            // Receivers of 0.3 expect the whole task.
            Dialect::V0_3 => StreamResponse::Task(record.task().clone()),
            Dialect::V1_0 => {
                let events = self.0.store.events(&claim.of.id, order.sequence.saturating_sub(1)).await?;
                let Some(numbered) = events.into_iter().next() else { return Ok(None) };
                StreamResponse::clone(&numbered.event)
            }
        };
        Ok(Some(Push {
            sequence: order.sequence,
            config: webhook.config.clone(),
            dialect: webhook.dialect,
            event,
            since: UnixMs(order.at.as_millis()),
            traceparent: Hop::kept(record.kept(), None).traceparent,
        }))
    }
}
