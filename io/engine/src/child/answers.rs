use super::EngineError;
use crate::protocol::Event;
use futures::Stream;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::{mpsc, watch};

/// One event of a request, with its payload.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What happened; never [`Event::Error`] or [`Event::Ready`].
    pub event: Event,
    /// Audio, for [`Event::Audio`].
    pub payload: Vec<u8>,
}

/// The events of one request, in order, up to [`Event::Done`] or an error. Dropped before its end, it cancels the
/// request.
#[derive(Debug)]
pub struct Answers {
    pub(super) id: u64,
    pub(super) engine: String,
    pub(super) events: mpsc::Receiver<Result<Answer, EngineError>>,
    /// Not bounded, since `drop` cannot wait; each request puts at most one number into it.
    pub(super) cancel: mpsc::UnboundedSender<u64>,
    pub(super) ended: bool,
    /// The engine lives as long as somebody waits for its answers.
    pub(super) _alive: watch::Sender<bool>,
}

impl Stream for Answers {
    type Item = Result<Answer, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let next = std::task::ready!(self.events.poll_recv(context));
        let next = next.unwrap_or_else(|| Err(EngineError::ShutDown { engine: self.engine.clone() }));
        self.ended = matches!(next, Err(_) | Ok(Answer { event: Event::Done { .. }, .. }));
        Poll::Ready(Some(next))
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        if !self.ended {
            // Nobody listens when the engine is gone, and then there is nothing to cancel.
            let _ = self.cancel.send(self.id);
        }
    }
}
