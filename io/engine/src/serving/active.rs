use super::lock;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// Requests that have not ended, each with the flag that cancels it.
#[derive(Debug, Default)]
pub struct Active {
    flags: Mutex<HashMap<u64, Arc<AtomicBool>>>,
}

impl Active {
    /// A request begins; whoever works on it looks at the flag between two small steps.
    pub fn start(&self, id: u64) -> Arc<AtomicBool> {
        let flag = Arc::new(AtomicBool::new(false));
        lock(&self.flags).insert(id, Arc::clone(&flag));
        flag
    }

    /// A request has ended.
    pub fn end(&self, id: u64) {
        lock(&self.flags).remove(&id);
    }

    /// Asks a request to end; one that is unknown has ended already.
    pub fn cancel(&self, id: u64) {
        if let Some(flag) = lock(&self.flags).get(&id) {
            flag.store(true, Ordering::Relaxed);
        }
    }

    /// Asks all requests to end.
    pub fn cancel_all(&self) {
        lock(&self.flags).values().for_each(|flag| flag.store(true, Ordering::Relaxed));
    }
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
