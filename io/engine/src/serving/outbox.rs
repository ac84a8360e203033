use super::lock;
use crate::protocol::{Event, FrameError, Response, write_frame};
use std::io::{Stdout, Write};
use std::sync::Mutex;

/// The way back to the parent, shared by all threads of an engine: writes whole frames, one at a time.
#[derive(Debug)]
pub struct Outbox<W = Stdout> {
    to: Mutex<W>,
}

impl<W: Write> Outbox<W> {
    /// Writes to `to`.
    pub fn new(to: W) -> Outbox<W> {
        Outbox { to: Mutex::new(to) }
    }

    /// Sends one event. An error means that the parent does not listen any more: there is nothing left to do but end.
    pub fn send(&self, id: u64, event: Event, payload: &[u8]) -> Result<(), FrameError> {
        write_frame(&mut *lock(&self.to), &Response { id, event }, payload)
    }

    /// Ends a request with an error.
    pub fn fail(&self, id: u64, message: impl Into<String>) -> Result<(), FrameError> {
        self.send(id, Event::Error { message: message.into() }, &[])
    }
}
