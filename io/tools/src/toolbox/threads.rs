//! Where tools run: threads of their own, and somebody who watches them.
//!
//! What waits asynchronously shares two threads. A function of a user gets a thread for each call, so that one that blocks its thread, for
//! however long, holds up nobody: neither other tools nor, on their other threads, sessions.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Handle, Runtime};

/// Threads for what waits asynchronously.
const THREADS: usize = 2;
/// Calls of functions at once; more wait, up to their timeouts.
const CALLS: usize = 256;
/// Who holds a thread for so long without waiting blocks it.
const BLOCKING: Duration = Duration::from_secs(1);
/// How often the threads are looked at.
const LOOK: Duration = Duration::from_millis(250);

/// The threads; they end, as far as they can, when this is dropped.
pub(super) struct Threads {
    runtime: Option<Runtime>,
    watched: Watched,
    _watchdog: Sender<()>,
}

/// A call that blocks its thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Of which tool.
    pub tool: String,
    /// For how long, by now.
    pub since: Duration,
}

impl Threads {
    pub(super) fn start() -> std::io::Result<Threads> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .max_blocking_threads(CALLS)
            .thread_name("tools")
            .enable_all()
            .build()?;
        let (watched, (stop, stopped)) = (Watched::new(), channel::<()>());
        let all = watched.clone();
        std::thread::Builder::new().name("tools-watchdog".to_owned()).spawn(move || {
            while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                all.look();
            }
        })?;
        Ok(Threads { runtime: Some(runtime), watched, _watchdog: stop })
    }

    /// For what never blocks its thread.
    pub(super) fn handle(&self) -> &Handle {
        self.runtime.as_ref().map(Runtime::handle).expect("the threads end with this")
    }

    /// Runs a call of a tool on a thread of its own. It is dropped there where it waits once the task is aborted and `called_off`.
    pub(super) fn run<T: Send + 'static>(
        &self,
        tool: &str,
        call: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        let (handle, entry) = (self.handle().clone(), self.watched.enter(tool));
        self.handle().spawn_blocking(move || {
            let call = Box::pin(call);
            handle.block_on(Seen { entry, call })
        })
    }

    /// Calls that block their threads at this moment.
    pub(super) fn stuck(&self) -> Vec<Stuck> {
        self.watched.stuck()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Not waiting for those who block: they may do so for ever.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// All calls that run on threads of their own.
#[derive(Clone)]
struct Watched {
    began: Instant,
    next: Arc<AtomicU64>,
    calls: Arc<Mutex<BTreeMap<u64, Arc<Call>>>>,
}

struct Call {
    tool: String,
    /// Since when its thread is held, in milliseconds from the beginning and one more; 0 while it waits.
    held: AtomicU64,
    told: AtomicBool,
}

/// A call that is watched until this is dropped.
struct Entry {
    id: u64,
    call: Arc<Call>,
    of: Watched,
}

impl Watched {
    fn new() -> Watched {
        Watched { began: Instant::now(), next: Arc::default(), calls: Arc::default() }
    }

    fn enter(&self, tool: &str) -> Entry {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let call = Arc::new(Call { tool: tool.to_owned(), held: AtomicU64::new(0), told: AtomicBool::new(false) });
        self.lock().insert(id, call.clone());
        Entry { id, call, of: self.clone() }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
    }

    fn held(&self, call: &Call) -> Option<Duration> {
        let since = call.held.load(Ordering::Relaxed);
        let held = Duration::from_millis(self.now().saturating_sub(since));
        (since > 0 && held >= BLOCKING).then_some(held)
    }

    fn stuck(&self) -> Vec<Stuck> {
        let calls = self.lock();
        calls.values().filter_map(|c| Some(Stuck { since: self.held(c)?, tool: c.tool.clone() })).collect()
    }

    /// Tells once of each call that blocks its thread.
    fn look(&self) {
        for call in self.lock().values() {
            if self.held(call).is_some() && !call.told.swap(true, Ordering::Relaxed) {
                tracing::warn!(
                    tool = call.tool,
                    "a tool blocks its thread; it should wait asynchronously, or do its work in `spawn_blocking`"
                );
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Call>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.of.lock().remove(&self.id);
    }
}

/// A call that says when it holds its thread.
struct Seen<F> {
    entry: Entry,
    call: Pin<Box<F>>,
}

impl<F: Future> Future for Seen<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let held = &self.entry.call.held;
        held.store(self.entry.of.now(), Ordering::Relaxed);
        let polled = self.call.as_mut().poll(context);
        self.entry.call.held.store(0, Ordering::Relaxed);
        polled
    }
}
