//! Who is called next, of those that were claimed. Decides only.
//!
//! A receiver has few calls at once, so that a slow one takes no more than its share. Of one configuration there is one at a
//! time, in the order of its events, as long as none of them has to be tried again.

use super::outbox::Due;
use duologue_store::UnixMs;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A push that was claimed.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) due: Due,
    /// Whom it goes to.
    pub(super) peer: String,
    /// Until when it is ours.
    pub(super) until: UnixMs,
}

/// The task and the configuration.
type Lane = (String, String);

impl Held {
    fn lane(&self) -> Lane {
        (self.due.push.config.task_id.clone(), self.due.push.config.id.clone())
    }

    /// What is to be told to the queue when the call is over.
    pub(super) fn place(&self) -> Place {
        Place { peer: self.peer.clone(), lane: self.lane() }
    }
}

/// What a call takes.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) peer: String,
    lane: Lane,
}

/// Those who wait, and what is taken.
#[derive(Debug)]
pub(super) struct Queue {
    at_once: usize,
    per_peer: usize,
    waiting: VecDeque<Held>,
    calls: BTreeMap<String, usize>,
    lanes: BTreeSet<Lane>,
}

impl Queue {
    pub(super) fn new(at_once: usize, per_peer: usize) -> Queue {
        let (waiting, calls, lanes) = Default::default();
        Queue { at_once: at_once.max(1), per_peer: per_peer.max(1), waiting, calls, lanes }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many wait for one receiver.
    pub(super) fn waiting_for(&self, peer: &str) -> usize {
        self.waiting.iter().filter(|held| held.peer == peer).count()
    }

    /// Puts one behind those who wait, but before those of its configuration whose events came later.
    pub(super) fn push(&mut self, held: Held) {
        let (lane, sequence) = (held.lane(), held.due.push.sequence);
        let later = |other: &Held| other.due.push.sequence > sequence && other.lane() == lane;
        let at = self.waiting.iter().position(later).unwrap_or(self.waiting.len());
        self.waiting.insert(at, held);
    }

    /// Takes the first whose receiver and configuration are free, if there is room for one more call.
    pub(super) fn next(&mut self) -> Option<Held> {
        if self.calls.values().sum::<usize>() >= self.at_once {
            return None;
        }
        let free = |held: &Held| {
            self.calls.get(&held.peer).is_none_or(|calls| *calls < self.per_peer) && !self.lanes.contains(&held.lane())
        };
        let held = self.waiting.iter().position(free).and_then(|at| self.waiting.remove(at))?;
        *self.calls.entry(held.peer.clone()).or_default() += 1;
        self.lanes.insert(held.lane());
        Some(held)
    }

    /// A call is over.
    pub(super) fn free(&mut self, place: &Place) {
        self.lanes.remove(&place.lane);
        if let Some(calls) = self.calls.get_mut(&place.peer) {
            *calls -= 1;
            if *calls == 0 {
                self.calls.remove(&place.peer);
            }
        }
    }

    /// Takes out all whose leases end before that moment.
    pub(super) fn ending(&mut self, before: UnixMs) -> Vec<Held> {
        let (ending, rest): (VecDeque<_>, _) = self.waiting.drain(..).partition(|held| held.until < before);
        self.waiting = rest;
        ending.into()
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, Queue};
    use crate::push::{Due, Push};
    use duologue_a2a::model::{Message, StreamResponse, TaskPushNotificationConfig};
    use duologue_a2a::version::Dialect;
    use duologue_store::{Claim, Key, UnixMs};

    fn held(peer: &str, task: &str, sequence: u64) -> Held {
        let config = TaskPushNotificationConfig { task_id: task.into(), ..TaskPushNotificationConfig::default() };
        let event = StreamResponse::Message(Message::default());
        let (dialect, since, until) = (Dialect::V1_0, UnixMs(0), UnixMs(i64::try_from(sequence).expect("small")));
        let push = Push { sequence, config, dialect, event, since, traceparent: None };
        let claim =
            Claim { key: push.id(), kind: "push".into(), of: Key::new("task", task), payload: vec![], attempt: 1 };
        Held { due: Due { claim, push }, peer: peer.into(), until }
    }

    fn taken(queue: &mut Queue) -> Vec<String> {
        std::iter::from_fn(|| queue.next()).map(|held| held.due.push.id()).collect()
    }

    #[test]
    fn a_receiver_has_its_share_and_a_task_one_at_a_time() {
        let mut queue = Queue::new(4, 2);
        for (peer, task, sequence) in
            [("a", "1", 2), ("a", "1", 1), ("a", "2", 1), ("a", "3", 1), ("b", "4", 1), ("b", "5", 1), ("b", "6", 1)]
        {
            queue.push(held(peer, task, sequence));
        }
        assert_eq!(taken(&mut queue), ["1::1", "2::1", "4::1", "5::1"]);
        queue.free(&held("a", "2", 1).place());
        assert_eq!(taken(&mut queue), ["3::1"]);
        queue.free(&held("a", "1", 1).place());
        assert_eq!(taken(&mut queue), ["1::2"]);
        queue.free(&held("b", "4", 1).place());
        queue.free(&held("a", "3", 1).place());
        assert_eq!(taken(&mut queue), ["6::1"]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn what_is_ending_is_taken_out() {
        let mut queue = Queue::new(4, 2);
        (1..=4).for_each(|sequence| queue.push(held("a", &sequence.to_string(), sequence)));
        assert_eq!(queue.waiting_for("a"), 4);
        assert_eq!(queue.ending(UnixMs(3)).iter().map(|held| held.due.push.sequence).collect::<Vec<_>>(), [1, 2]);
        assert_eq!((queue.len(), queue.waiting_for("b")), (2, 0));
    }
}
