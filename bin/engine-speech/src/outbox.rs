//! The way back to the parent, shared by all threads, and the requests that can still be cancelled.

use duologue_engine::protocol::{Event, Response, write_frame};
use std::collections::HashMap;
use std::io::{Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Writes whole frames, one at a time.
pub(crate) struct Outbox<W = Stdout> {
    to: Mutex<W>,
}

impl<W: Write> Outbox<W> {
    /// Writes to `to`.
    pub(crate) fn new(to: W) -> Outbox<W> {
        Outbox { to: Mutex::new(to) }
    }

    /// Sends one event. Nobody is there to answer when the pipe is broken, so the process ends.
    pub(crate) fn send(&self, id: u64, event: Event, payload: &[u8]) {
        let sent = write_frame(&mut *lock(&self.to), &Response { id, event }, payload);
        if let Err(error) = sent {
            eprintln!("the parent does not listen any more: {error}");
            std::process::exit(1);
        }
    }

    /// Ends a request with an error.
    pub(crate) fn fail(&self, id: u64, message: impl Into<String>) {
        self.send(id, Event::Error { message: message.into() }, &[]);
    }

    /// Ends a request.
    pub(crate) fn end(&self, id: u64, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.send(id, Event::done(), &[]),
            Err(message) => self.fail(id, message),
        }
    }
}

/// Requests that have not ended, each with the flag that cancels it.
#[derive(Default)]
pub(crate) struct Active {
    flags: Mutex<HashMap<u64, Arc<AtomicBool>>>,
}

impl Active {
    /// A request begins.
    pub(crate) fn start(&self, id: u64) -> Arc<AtomicBool> {
        let flag = Arc::new(AtomicBool::new(false));
        lock(&self.flags).insert(id, Arc::clone(&flag));
        flag
    }

    /// A request has ended.
    pub(crate) fn end(&self, id: u64) {
        lock(&self.flags).remove(&id);
    }

    /// Asks a request to end; one that is unknown has ended already.
    pub(crate) fn cancel(&self, id: u64) {
        if let Some(flag) = lock(&self.flags).get(&id) {
            flag.store(true, Ordering::Relaxed);
        }
    }

    /// Asks all requests to end.
    pub(crate) fn cancel_all(&self) {
        lock(&self.flags).values().for_each(|flag| flag.store(true, Ordering::Relaxed));
    }
}

/// What is guarded is whole between any two statements, so a panic elsewhere does no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_request_that_is_meant_is_cancelled() {
        let active = Active::default();
        let (first, second) = (active.start(1), active.start(2));
        active.cancel(2);
        active.cancel(99);
        assert_eq!((first.load(Ordering::Relaxed), second.load(Ordering::Relaxed)), (false, true));
        active.end(1);
        active.cancel_all();
        assert!(!first.load(Ordering::Relaxed), "it had ended");
    }
}
