//! Who is called next, of those that were claimed. Decides only.
//!
//! A receiver has few calls at once, so that a slow one takes no more than its share. Of one configuration there is one at a
//! time, in the order of its events, as long as none of them has to be tried again. How long calls take says which receivers are slow.

use super::outbox::Due;
use duologue_store::UnixMs;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

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
    fn place(&self, begun: UnixMs) -> Place {
        Place { peer: self.peer.clone(), lane: self.lane(), begun }
    }
}

/// What a call takes.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) peer: String,
    lane: Lane,
    begun: UnixMs,
}

/// What is under way to one receiver, and how long it takes.
#[derive(Debug, Default)]
struct Calls {
    /// When each began.
    begun: Vec<UnixMs>,
    /// What the last ones took, the newest weighing a quarter, in milliseconds.
    usual: f64,
}

impl Calls {
    /// What a call takes: no less than the longest of those under way has taken.
    fn lasts(&self, now: UnixMs) -> f64 {
        let oldest = self.begun.iter().min().map_or(0, |begun| now.0 - begun.0);
        self.usual.max(oldest as f64)
    }
}

/// Those who wait, and what is taken.
#[derive(Debug)]
pub(super) struct Queue {
    at_once: usize,
    per_peer: usize,
    waiting: VecDeque<Held>,
    calls: BTreeMap<String, Calls>,
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
    fn waiting_for(&self, peer: &str) -> usize {
        self.waiting.iter().filter(|held| held.peer == peer).count()
    }

    /// How long what waits for a receiver will take, at the pace of its calls.
    pub(super) fn wait_for(&self, peer: &str, now: UnixMs) -> Duration {
        let lasts = self.calls.get(peer).map_or(0.0, |calls| calls.lasts(now));
        let millis = lasts * self.waiting_for(peer) as f64 / self.per_peer as f64;
        Duration::try_from_secs_f64(millis / 1e3).unwrap_or(Duration::MAX)
    }

    /// Puts one behind those who wait, but before those of its configuration whose events came later.
    pub(super) fn push(&mut self, held: Held) {
        let (lane, sequence) = (held.lane(), held.due.push.sequence);
        let later = |other: &Held| other.due.push.sequence > sequence && other.lane() == lane;
        let at = self.waiting.iter().position(later).unwrap_or(self.waiting.len());
        self.waiting.insert(at, held);
    }

    /// Takes the first whose receiver and configuration are free, if there is room for one more call.
    pub(super) fn next(&mut self, now: UnixMs) -> Option<(Held, Place)> {
        if self.calls.values().map(|calls| calls.begun.len()).sum::<usize>() >= self.at_once {
            return None;
        }
        let free = |held: &Held| {
            let has_room = self.calls.get(&held.peer).is_none_or(|calls| calls.begun.len() < self.per_peer);
            has_room && !self.lanes.contains(&held.lane())
        };
        let held = self.waiting.iter().position(free).and_then(|at| self.waiting.remove(at))?;
        self.calls.entry(held.peer.clone()).or_default().begun.push(now);
        self.lanes.insert(held.lane());
        let place = held.place(now);
        Some((held, place))
    }

    /// A call is over.
    pub(super) fn free(&mut self, place: &Place, now: UnixMs) {
        self.lanes.remove(&place.lane);
        let is_waited_for = self.waiting_for(&place.peer) > 0;
        let Some(calls) = self.calls.get_mut(&place.peer) else { return };
        if let Some(at) = calls.begun.iter().position(|begun| *begun == place.begun) {
            calls.begun.swap_remove(at);
        }
        calls.usual += ((now.0 - place.begun.0) as f64 - calls.usual) / 4.0;
        if calls.begun.is_empty() && !is_waited_for {
            self.calls.remove(&place.peer);
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
    use std::time::Duration;

    fn held(peer: &str, task: &str, sequence: u64) -> Held {
        let config = TaskPushNotificationConfig { task_id: task.into(), ..TaskPushNotificationConfig::default() };
        let event = StreamResponse::Message(Message::default());
        let (dialect, since, until) = (Dialect::V1_0, UnixMs(0), UnixMs(i64::try_from(sequence).expect("small")));
        let push = Push { sequence, config, dialect, event, since, traceparent: None };
        let claim =
            Claim { key: push.id(), kind: "push".into(), of: Key::new("task", task), payload: vec![], attempt: 1 };
        Held { due: Due { claim, push }, peer: peer.into(), until }
    }

    const NOW: UnixMs = UnixMs(1_000);

    fn taken(queue: &mut Queue) -> Vec<String> {
        std::iter::from_fn(|| queue.next(NOW)).map(|(held, _)| held.due.push.id()).collect()
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
        queue.free(&held("a", "2", 1).place(NOW), NOW);
        assert_eq!(taken(&mut queue), ["3::1"]);
        queue.free(&held("a", "1", 1).place(NOW), NOW);
        assert_eq!(taken(&mut queue), ["1::2"]);
        queue.free(&held("b", "4", 1).place(NOW), NOW);
        queue.free(&held("a", "3", 1).place(NOW), NOW);
        assert_eq!(taken(&mut queue), ["6::1"]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn who_is_slow_is_known_by_what_its_calls_take() {
        let mut queue = Queue::new(4, 2);
        let later = |millis| NOW.after(Duration::from_millis(millis));
        (1..=12).for_each(|task| queue.push(held("a", &task.to_string(), 1)));
        assert_eq!(queue.wait_for("a", NOW), Duration::ZERO, "nothing is known of it");
        let (_, first) = queue.next(NOW).expect("the first");
        let (_, second) = queue.next(NOW).expect("the second");
        assert_eq!(
            queue.wait_for("a", later(100)),
            Duration::from_millis(500),
            "as old as the calls under way, two at once"
        );
        queue.free(&first, later(8));
        queue.free(&second, later(8));
        assert!(queue.wait_for("a", later(8)) < Duration::from_millis(20), "and as long as they took");
        assert_eq!(queue.wait_for("b", later(8)), Duration::ZERO);
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
