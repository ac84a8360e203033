//! Orders for webhooks in memory, given out as a store gives out its effects.

use super::store::Order;
use duologue_store::{Claim, Key, Outcome, SettleError, UnixMs};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// Orders at most; the oldest are given up.
const MOST: usize = 100_000;

#[derive(Default)]
pub(super) struct Orders {
    all: HashMap<String, Waiting>,
    due: BTreeSet<(UnixMs, String)>,
}

struct Waiting {
    task: String,
    payload: Vec<u8>,
    attempt: u32,
    due: UnixMs,
}

impl Orders {
    pub(super) fn add(&mut self, task: &str, order: &Order) {
        let key = order.key(task);
        // Of types whose keys are all strings, into memory: cannot fail.
        let payload = serde_json::to_vec(order).unwrap_or_default();
        self.due.insert((UnixMs(0), key.clone()));
        self.all.insert(key, Waiting { task: task.to_owned(), payload, attempt: 0, due: UnixMs(0) });
        while self.all.len() > MOST {
            let Some((_, oldest)) = self.due.pop_first() else { break };
            self.all.remove(&oldest);
            tracing::warn!("more pushes wait than are kept in memory: the oldest is given up");
        }
    }

    pub(super) fn claim(&mut self, now: UnixMs, lease: Duration, limit: u32) -> Vec<Claim> {
        let due: Vec<_> = self.due.iter().take_while(|(at, _)| *at <= now).take(limit as usize).cloned().collect();
        let claimed = |(at, key): (UnixMs, String)| {
            self.due.remove(&(at, key.clone()));
            let waiting = self.all.get_mut(&key)?;
            waiting.due = now.after(lease.max(Duration::from_millis(1)));
            waiting.attempt += 1;
            self.due.insert((waiting.due, key.clone()));
            let (kind, of) = (super::durable::PUSH.to_owned(), Key::new("task", &waiting.task));
            Some(Claim { key, kind, of, payload: waiting.payload.clone(), attempt: waiting.attempt })
        };
        due.into_iter().filter_map(claimed).collect()
    }

    pub(super) fn settle(&mut self, claim: Claim, outcome: Outcome) -> Result<(), SettleError> {
        let waiting = self.all.get_mut(&claim.key).filter(|waiting| waiting.attempt == claim.attempt);
        let Some(waiting) = waiting else { return Err(SettleError::ClaimLost { key: claim.key }) };
        self.due.remove(&(waiting.due, claim.key.clone()));
        match outcome {
            Outcome::Retry(at, _) | Outcome::Working(at) => {
                waiting.due = at;
                self.due.insert((at, claim.key));
            }
            Outcome::Done(_) | Outcome::Failed(..) => drop(self.all.remove(&claim.key)),
        }
        Ok(())
    }

    pub(super) fn next(&self) -> Option<UnixMs> {
        self.due.first().map(|(at, _)| *at)
    }
}
