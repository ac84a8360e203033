use sse_core::{SseDecoder, SseEvent};
use std::num::NonZeroUsize;

/// Cuts a stream of server-sent events into the data of its events, wherever the bytes are cut; memory is bounded.
pub(crate) struct EventReader {
    decoder: SseDecoder,
    max: usize,
}

impl EventReader {
    /// `max` is the longest event, in bytes.
    pub(crate) fn new(max: usize) -> EventReader {
        EventReader { decoder: SseDecoder::with_limit(NonZeroUsize::new(max).unwrap_or(NonZeroUsize::MIN)), max }
    }

    /// The data of the next event that is complete, taken from the front of `bytes`; `None` once they are used up.
    ///
    /// # Errors
    /// For people, where an event is too long.
    pub(crate) fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<String>, String> {
        loop {
            match self.decoder.next(bytes) {
                Ok(Some(SseEvent::Message(event))) => return Ok(Some(event.data.to_string())),
                Ok(Some(SseEvent::Retry(_))) => {}
                Ok(None) => return Ok(None),
                Err(_) => return Err(format!("an event is longer than {} bytes", self.max)),
            }
        }
    }
}
