//! Works off the outbox: claims what is due, delivers it, and takes down what became of it.

use super::Webhook;
use super::breaker::{Breaker, Patience};
use super::dialler::Dialler;
use super::outbox::{Due, Outbox};
use super::queue::{Held, Place, Queue};
use super::request::{ConfigError, Push};
use super::schedule::{Answer, Schedule, Tries, Verdict};
use crate::key::SigningKey;
use duologue_store::{Claim, Outcome, SettleError, UnixMs};
use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Pushes that are claimed ahead for each call that may be under way.
const AHEAD: usize = 4;
/// Claims are made no more often than that, however often something changes.
const PACE: Duration = Duration::from_millis(20);
/// The outbox is looked at after this time at the latest, should a word of it have been lost.
const LATEST: Duration = Duration::from_secs(10);
/// How long is waited where the outbox cannot be reached.
const TROUBLE: Duration = Duration::from_secs(1);
/// Who would keep a push waiting longer than that is slow: its pushes go back, so that those of others are claimed.
const SLOW: Duration = Duration::from_secs(5);
/// After this time at the latest they are claimed once more.
const SLOWEST: Duration = Duration::from_secs(60);
/// How often an outcome is told, where the outbox cannot be reached. After that the push is given out once more.
const TELLS: u32 = 10;

/// How pushes are sent.
#[derive(Clone, Debug)]
pub struct SenderConfig {
    /// Calls that are under way at most.
    pub at_once: usize,
    /// Of these to one receiver.
    pub per_receiver: usize,
    /// When a push is tried again.
    pub schedule: Schedule,
    /// When a receiver is left alone.
    pub patience: Patience,
    /// How long what is under way may take when the sender is to end.
    pub grace: Duration,
}

impl Default for SenderConfig {
    fn default() -> SenderConfig {
        SenderConfig {
            at_once: 32,
            per_receiver: 2,
            schedule: Schedule::default(),
            patience: Patience::default(),
            grace: Duration::from_secs(10),
        }
    }
}

/// Delivers what is in an outbox. Several may work off the same one, in several processes.
pub struct Sender {
    line: Arc<Line>,
    config: SenderConfig,
    queue: Queue,
    breaker: Breaker,
    running: JoinSet<Ended>,
    places: HashMap<Id, Place>,
    /// When the outbox is asked again.
    look_at: Instant,
    /// There was more than there is room for.
    more: bool,
}

/// What came of a call.
#[derive(Clone, Copy, Debug, Default)]
struct Ended {
    /// Whether its receiver is there; none where nobody was asked.
    alive: Option<bool>,
    /// When it is tried again.
    again: Option<UnixMs>,
}

/// What a delivery needs.
struct Line {
    outbox: Arc<dyn Outbox>,
    dialler: Dialler,
    key: SigningKey,
    schedule: Schedule,
}

impl Sender {
    /// A sender that has not begun. It signs with `key`.
    pub fn new(outbox: Arc<dyn Outbox>, dialler: Dialler, key: SigningKey, config: SenderConfig) -> Sender {
        Sender {
            line: Arc::new(Line { outbox, dialler, key, schedule: config.schedule.clone() }),
            queue: Queue::new(config.at_once, config.per_receiver),
            breaker: Breaker::new(config.patience.clone()),
            running: JoinSet::new(),
            places: HashMap::new(),
            look_at: Instant::now(),
            more: false,
            config,
        }
    }

    /// Delivers until `stop` ends; then what is under way has its grace, and all else is given back.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        loop {
            if self.look_at <= Instant::now() {
                self.look_at = self.look().await;
            }
            self.start();
            let outbox = Arc::clone(&self.line.outbox);
            tokio::select! {
                () = &mut stop => break,
                Some(ended) = self.running.join_next_with_id() => self.ended(ended),
                () = outbox.changed() => self.look_at = self.look_at.min(Instant::now() + PACE),
                () = sleep_until(self.look_at) => {}
            }
        }
        self.end().await;
    }

    /// Claims what is due and can be used, and says when to look again.
    async fn look(&mut self) -> Instant {
        let now = now();
        self.keep(now).await;
        let room = (self.config.at_once * AHEAD).saturating_sub(self.queue.len());
        self.more = room == 0;
        if self.more {
            // The end of a call makes room.
            return Instant::now() + LATEST;
        }
        let lease = self.line.lease();
        let limit = u32::try_from(room).unwrap_or(u32::MAX);
        let claimed = match self.line.outbox.claim(now, lease, limit).await {
            Ok(claimed) => claimed,
            Err(error) => {
                tracing::warn!(%error, "pushes cannot be claimed; trying again");
                return Instant::now() + TROUBLE;
            }
        };
        self.more = claimed.len() >= room;
        for due in claimed {
            self.take_in(due, now).await;
        }
        let next = self.line.outbox.next_due().await.ok().flatten();
        instant(next, now).max(Instant::now() + PACE)
    }

    /// Puts a claimed push into the queue, or says why it is not delivered now.
    async fn take_in(&mut self, Due { claim, push }: Due, now: UnixMs) {
        let webhook = match Webhook::read(&push.config.url, self.line.dialler.rules()) {
            Ok(webhook) => webhook,
            Err(error) => return self.line.give_up(claim, &push, error.to_string(), now).await,
        };
        let peer = webhook.peer();
        let tries = Tries { attempt: claim.attempt, since: push.since };
        // The last attempt is made in any case: at least one is, however long somebody was not there.
        if !self.config.schedule.is_last(tries, now) {
            let wait = self.queue.wait_for(&peer, now);
            let later = match self.breaker.ask(&peer, now) {
                Err(until) => Some((until, "the receiver is not there: it is left alone for a while")),
                Ok(()) if wait > SLOW => {
                    Some((now.after(wait.min(SLOWEST)), "the receiver is slow: others wait for it"))
                }
                Ok(()) => None,
            };
            if let Some((until, why)) = later {
                return self.line.tell(claim, Outcome::Retry(until, why.into())).await;
            }
        }
        self.queue.push(Held { due: Due { claim, push }, peer, until: now.after(self.line.lease()) });
    }

    /// Keeps what waits here ours.
    async fn keep(&mut self, now: UnixMs) {
        let half = self.line.lease() / 2;
        for held in self.queue.ending(now.after(half)) {
            let (key, until) = (held.due.claim.key.clone(), now.after(self.line.lease()));
            match self.line.outbox.settle(held.due.claim.clone(), Outcome::Working(until)).await {
                Ok(()) => self.queue.push(Held { until, ..held }),
                Err(SettleError::ClaimLost { .. }) => tracing::debug!(push = key, "taken over by another"),
                // It is given out once its lease is over.
                Err(error) => tracing::warn!(push = key, %error, "a push cannot be kept"),
            }
        }
    }

    fn start(&mut self) {
        while let Some((held, place)) = self.queue.next(now()) {
            let line = Arc::clone(&self.line);
            let task = self.running.spawn(async move { line.deliver(held).await });
            self.places.insert(task.id(), place);
        }
    }

    fn ended(&mut self, ended: Result<(Id, Ended), JoinError>) {
        let (id, ended) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "a delivery broke off");
                (error.id(), Ended::default())
            }
        };
        let Some(place) = self.places.remove(&id) else { return };
        let now = now();
        self.queue.free(&place, now);
        if let Some(alive) = ended.alive {
            self.breaker.tell(&place.peer, alive, now);
        }
        if self.more && self.queue.len() < self.config.at_once {
            self.look_at = Instant::now();
        }
        self.look_at = self.look_at.min(instant(ended.again, now));
    }

    /// What waits can be had by others at once; what is under way may end.
    async fn end(mut self) {
        let now = now();
        for held in self.queue.ending(UnixMs(i64::MAX)) {
            self.line.tell(held.due.claim, Outcome::Working(now)).await;
        }
        let rest = async { while self.running.join_next().await.is_some() {} };
        if timeout(self.config.grace, rest).await.is_err() {
            tracing::warn!(pushes = self.running.len(), "pushes were under way at the end: they are sent once more");
        }
    }
}

impl Line {
    /// Longer than a delivery takes, with what it waits before.
    fn lease(&self) -> Duration {
        self.dialler.longest() * 2
    }

    /// One attempt.
    async fn deliver(&self, held: Held) -> Ended {
        let Held { due: Due { claim, push }, peer, .. } = held;
        let tries = Tries { attempt: claim.attempt, since: push.since };
        let answer = match push.request(self.dialler.rules(), &self.key, now()) {
            Ok(request) => self.dialler.deliver(request).await,
            Err(ConfigError::Address(error)) => Answer::Forbidden(error),
            Err(error) => {
                self.give_up(claim, &push, error.to_string(), now()).await;
                return Ended::default();
            }
        };
        let (now, words, alive) = (now(), answer.words(), Some(answer.is_alive()));
        match self.schedule.verdict(&answer, tries, now, dice()) {
            Verdict::Done => {
                self.tell(claim, Outcome::Done(now)).await;
                Ended { alive, again: None }
            }
            Verdict::Again(at) => {
                tracing::debug!(push = claim.key, attempt = claim.attempt, peer, why = words, "a push is tried again");
                self.tell(claim, Outcome::Retry(at, words)).await;
                Ended { alive, again: Some(at) }
            }
            Verdict::Never => {
                self.give_up(claim, &push, words, now).await;
                Ended { alive, again: None }
            }
        }
    }

    async fn give_up(&self, claim: Claim, push: &Push, why: String, now: UnixMs) {
        let config = &push.config;
        tracing::warn!(
            push = claim.key,
            task = config.task_id,
            config = config.id,
            attempt = claim.attempt,
            why,
            "a push is given up"
        );
        self.tell(claim, Outcome::Failed(now, why)).await;
    }

    /// Takes down an outcome, with patience: a push whose outcome is not known is sent once more.
    async fn tell(&self, claim: Claim, outcome: Outcome) {
        for _ in 0..TELLS {
            match self.outbox.settle(claim.clone(), outcome.clone()).await {
                Ok(()) => return,
                Err(SettleError::ClaimLost { .. }) => {
                    return tracing::debug!(push = claim.key, "its outcome is another's to tell");
                }
                Err(error) => tracing::warn!(push = claim.key, %error, "an outcome cannot be taken down; trying again"),
            }
            sleep(TROUBLE).await;
        }
    }
}

fn now() -> UnixMs {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    UnixMs(0).after(since)
}

/// The instant of the runtime's clock at which it will be `then`; soon, where that is not known.
fn instant(then: Option<UnixMs>, now: UnixMs) -> Instant {
    let rest = then.map_or(LATEST, |then| Duration::from_millis(u64::try_from(then.0 - now.0).unwrap_or(0)));
    Instant::now() + rest.min(LATEST)
}

/// Anything between 0 and 1. Where the system has no randomness, all wait the longest.
fn dice() -> f64 {
    getrandom::u32().map_or(1.0, |drawn| f64::from(drawn) / f64::from(u32::MAX))
}
