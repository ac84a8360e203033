use super::{Answer, EngineError};
use crate::protocol::Event;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Answers of one request that may wait to be read.
pub(super) const UNREAD: usize = 1024;

/// Requests that were sent to the child and have not ended.
#[derive(Debug)]
pub(super) struct InFlight {
    engine: String,
    silent_for: Duration,
    requests: BTreeMap<u64, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    to: mpsc::Sender<Result<Answer, EngineError>>,
    deadline: Instant,
}

/// What to do after an event was passed on.
#[derive(Debug, PartialEq)]
pub(super) enum Delivered {
    /// Nothing.
    Fine,
    /// Tell the child that the rest of this request is not wanted.
    Unread,
}

impl InFlight {
    pub(super) fn new(engine: &str, silent_for: Duration) -> InFlight {
        InFlight { engine: engine.to_owned(), silent_for, requests: BTreeMap::new() }
    }

    /// A request was sent.
    pub(super) fn add(&mut self, id: u64, to: mpsc::Sender<Result<Answer, EngineError>>, now: Instant) {
        self.requests.insert(id, Waiting { to, deadline: now + self.silent_for });
    }

    /// When the child counts as hung, unless something arrives.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.requests.values().map(|waiting| waiting.deadline).min()
    }

    /// Passes an event on. It is a sign of life for its own request and for those that came later, which may be waiting
    /// behind it. Events of requests that nobody knows (a cancellation's own `Done`) are dropped.
    pub(super) fn deliver(&mut self, id: u64, event: Event, payload: Vec<u8>, now: Instant) -> Delivered {
        for waiting in self.requests.range_mut(id..).map(|(_, waiting)| waiting) {
            waiting.deadline = now + self.silent_for;
        }
        let Some(waiting) = self.requests.get(&id) else { return Delivered::Fine };
        let answer = match event {
            Event::Error { message } => Err(EngineError::Failed { message }),
            event => Ok(Answer { event, payload }),
        };
        let last = matches!(answer, Err(_) | Ok(Answer { event: Event::Done { .. }, .. }));
        // One place is kept for the end, of whatever kind.
        let overflow = !last && waiting.to.capacity() <= 1;
        let answer =
            if overflow { Err(EngineError::Unread { engine: self.engine.clone(), waiting: UNREAD }) } else { answer };
        // A stream that was dropped is being cancelled already.
        let _ = waiting.to.try_send(answer);
        if last || overflow {
            self.requests.remove(&id);
        }
        if overflow { Delivered::Unread } else { Delivered::Fine }
    }

    /// Ends all requests.
    pub(super) fn fail(self, error: &EngineError) {
        for waiting in self.requests.into_values() {
            let _ = waiting.to.try_send(Err(error.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_of_earlier_requests_counts_for_later_ones_but_not_the_other_way_round() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut requests = InFlight::new("engine", Duration::from_secs(20));
        assert_eq!(requests.deadline(), None);
        let (to, _from) = mpsc::channel(UNREAD);
        (1..=2).for_each(|id| requests.add(id, to.clone(), at(0)));
        let text = || Event::Text { text: "so".into() };
        requests.deliver(2, text(), Vec::new(), at(10));
        assert_eq!(requests.deadline(), Some(at(20)), "the first one is still silent");
        requests.deliver(1, Event::done(), Vec::new(), at(15));
        assert_eq!(requests.deadline(), Some(at(35)), "the second one's turn has just come");
    }

    #[test]
    fn a_stream_that_nobody_reads_ends_with_an_error_instead_of_growing() {
        let mut requests = InFlight::new("engine", Duration::from_secs(20));
        let (to, mut from) = mpsc::channel(UNREAD);
        requests.add(1, to, Instant::now());
        let mut deliver = || requests.deliver(1, Event::Text { text: "so".into() }, Vec::new(), Instant::now());
        (1..UNREAD).for_each(|_| assert_eq!(deliver(), Delivered::Fine));
        assert_eq!(deliver(), Delivered::Unread);
        assert_eq!(requests.deadline(), None);
        let answers: Vec<_> = std::iter::from_fn(|| from.try_recv().ok()).collect();
        assert_eq!(answers.len(), UNREAD);
        assert!(matches!(answers.last(), Some(Err(EngineError::Unread { .. }))));
    }
}
