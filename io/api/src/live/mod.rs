//! What is live, told as server-sent events (HTML standard §9.2).
//!
//! A task keeps the state of what somebody watches, with a version that grows; each watcher is told what changed since the
//! version it has. So a slow one skips what is over anyway, and one that comes back names its version (`Last-Event-ID`)
//! and goes on from there. Nothing is watched that nobody looks at.

mod conversation;
mod overview;
mod room;
mod sound;

pub(crate) use conversation::{ConversationState, read};
pub(crate) use overview::{OverviewState, keep as keep_overview};
pub(crate) use room::{RoomState, is_watcher, watch as watch_room};

use crate::platform::Platform;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use serde::Serialize;
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// How long a watch goes on without watchers: a page that is loaded anew finds it as it was.
const LINGER: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One thing that is told.
pub(crate) struct Told {
    name: &'static str,
    data: String,
}

impl Told {
    pub(crate) fn new(name: &'static str, data: &impl Serialize) -> Told {
        Told { name, data: serde_json::to_string(data).unwrap_or_else(|_| "null".into()) }
    }
}

#[cfg(test)]
impl Told {
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }
}

/// The state of something live.
pub(crate) trait Feed: Send + Sync + 'static {
    /// Grows with every change that [`Feed::since`] tells.
    fn version(&self) -> u64;
    /// What changed since a version; everything since 0.
    fn since(&self, version: u64) -> Vec<Told>;
    /// What holds for a moment only, and is not told later.
    fn passing(&self) -> Option<Told> {
        None
    }
    /// Whether nothing follows.
    fn is_over(&self) -> bool;
}

/// Something that is being watched. Ends with the last who holds it.
#[derive(Debug)]
pub(crate) struct Watch<F> {
    /// Tells this watch from another of the same thing, whose versions mean nothing here.
    epoch: String,
    pub(crate) state: watch::Receiver<F>,
    task: Option<AbortHandle>,
}

impl<F> Drop for Watch<F> {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Everything of one kind that is being watched.
#[derive(Debug)]
pub(crate) struct Registry<F>(Mutex<HashMap<String, Weak<Watch<F>>>>);

impl<F> Default for Registry<F> {
    fn default() -> Self {
        Registry(Mutex::default())
    }
}

impl<F: Feed> Registry<F> {
    /// The watch of `key`, begun with `state` and the task that keeps it where there is none.
    pub(crate) fn watch<T>(&self, key: &str, begin: impl FnOnce() -> (F, T)) -> Arc<Watch<F>>
    where
        T: FnOnce(watch::Sender<F>) -> futures::future::BoxFuture<'static, ()>,
    {
        let mut watches = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        watches.retain(|_, watch| watch.strong_count() > 0);
        if let Some(watch) = watches.get(key).and_then(Weak::upgrade).filter(|watch| !watch.state.borrow().is_over()) {
            return watch;
        }
        let (state, keep) = begin();
        let (sender, receiver) = watch::channel(state);
        let task = tokio::spawn(keep(sender)).abort_handle();
        let mut watch = standing(receiver);
        watch.task = Some(task);
        let watch = Arc::new(watch);
        watches.insert(key.to_owned(), Arc::downgrade(&watch));
        watch
    }
}

/// Something that is kept whether or not somebody watches.
pub(crate) fn standing<F>(state: watch::Receiver<F>) -> Watch<F> {
    Watch { epoch: format!("{:012x}", chance()), state, task: None }
}

/// All that is being watched, and whether that shall end.
#[derive(Debug)]
pub(crate) struct Watches {
    pub(crate) rooms: Registry<RoomState>,
    pub(crate) conversations: Registry<ConversationState>,
    pub(crate) overview: Registry<OverviewState>,
    closing: watch::Sender<bool>,
}

impl Default for Watches {
    fn default() -> Self {
        Watches {
            rooms: Registry::default(),
            conversations: Registry::default(),
            overview: Registry::default(),
            closing: watch::channel(false).0,
        }
    }
}

impl Watches {
    /// Ends all streams, so that the server can end in order.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }
}

/// The id of the last event that a watcher saw, as its browser sends it when it comes back.
pub(crate) fn last_event(headers: &HeaderMap) -> Option<&str> {
    headers.get("last-event-id").and_then(|id| id.to_str().ok())
}

/// A number that tells one thing from another; no secret.
pub(crate) fn chance() -> u64 {
    RandomState::new().hash_one(0) >> 16
}

/// Tells a watcher what it does not have yet, and then what comes. `last` is the id of the last event that it saw.
pub(crate) fn told<F: Feed>(
    platform: &Platform,
    watch: Arc<Watch<F>>,
    last: Option<&str>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<F>> {
    let at = last.and_then(|id| version_in(id, &watch.epoch)).unwrap_or(0);
    let watcher = Watcher {
        state: watch.state.clone(),
        closing: platform.watches().closing.subscribe(),
        watch: Some(watch),
        at,
        waiting: VecDeque::new(),
        step: Step::Look,
    };
    let stream = futures::stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await?;
        Some((Ok(event), watcher))
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn version_in(id: &str, epoch: &str) -> Option<u64> {
    id.strip_prefix(epoch)?.strip_prefix('.')?.parse().ok()
}

enum Step {
    Look,
    Wait,
    End,
}

struct Watcher<F: Feed> {
    watch: Option<Arc<Watch<F>>>,
    state: watch::Receiver<F>,
    closing: watch::Receiver<bool>,
    /// The version that the watcher has.
    at: u64,
    waiting: VecDeque<Event>,
    step: Step,
}

impl<F: Feed> Watcher<F> {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            match self.step {
                Step::Look => self.look(),
                Step::End => return None,
                Step::Wait => {
                    tokio::select! {
                        changed = self.state.changed() => self.step = if changed.is_ok() { Step::Look } else { Step::End },
                        _ = self.closing.wait_for(|closing| *closing) => return None,
                    }
                }
            }
        }
    }

    fn look(&mut self) {
        let epoch = self.watch.as_ref().map_or("", |watch| watch.epoch.as_str());
        let state = self.state.borrow_and_update();
        let news = state.since(self.at);
        // A version that this watch never had: somebody made the id up.
        self.at = state.version();
        let count = news.len();
        for (n, told) in news.into_iter().enumerate() {
            let event = Event::default().event(told.name).data(told.data);
            // Who loses the line between two of them has not got all of this version.
            let whole = n + 1 == count;
            self.waiting.push_back(if whole { event.id(format!("{epoch}.{}", self.at)) } else { event });
        }
        self.waiting.extend(state.passing().map(|told| Event::default().event(told.name).data(told.data)));
        self.step = if state.is_over() { Step::End } else { Step::Wait };
    }
}

impl<F: Feed> Drop for Watcher<F> {
    fn drop(&mut self) {
        let watch = self.watch.take();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(LINGER).await;
                drop(watch);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_watch_is_none() {
        assert_eq!(version_in("0badcafe.17", "0badcafe"), Some(17));
        for other in ["0badcafe", "0badcafe.x", "1badcafe.17", "", "0badcafe.-1"] {
            assert_eq!(version_in(other, "0badcafe"), None, "{other}");
        }
    }
}
