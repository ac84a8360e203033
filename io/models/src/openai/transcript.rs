use crate::http::{EventReader, Fault, ServerError};
use serde::Deserialize;
use serde_json::Value;

/// Longest event, and longest text, in bytes.
const TRANSCRIPT_MAX: usize = 1 << 20;

/// Reads a streamed transcription, without input or output: `transcript.text.delta` events and, at the end,
/// `transcript.text.done` with the whole text.
pub(super) struct TranscriptReader {
    events: EventReader,
    any: bool,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: Option<String>,
    text: Option<String>,
    error: Option<Value>,
}

impl TranscriptReader {
    pub(super) fn new() -> TranscriptReader {
        TranscriptReader { events: EventReader::new(TRANSCRIPT_MAX), any: false, text: None }
    }

    /// Takes the next bytes, cut anywhere.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        while self.text.is_none() {
            let Some(data) = self.events.next(&mut bytes).map_err(Fault::Malformed)? else { break };
            self.push_event(data.trim())?;
        }
        Ok(())
    }

    /// The answer has ended, without its last event.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        match (&self.text, self.any) {
            (Some(_), _) => Ok(()),
            (None, true) => Err(Fault::CutOff),
            (None, false) => Err(Fault::Malformed("the answer is not an event stream".into())),
        }
    }

    /// The whole text, once it is there.
    pub(super) fn take(&mut self) -> Option<String> {
        self.text.take()
    }

    fn push_event(&mut self, data: &str) -> Result<(), Fault> {
        if matches!(data, "" | "[DONE]") {
            return Ok(());
        }
        let event: Event = serde_json::from_str(data)
            .map_err(|e| Fault::json("an event of the stream is none of a transcription", &e))?;
        self.any = true;
        if let Some(error) = event.error.filter(|e| !e.is_null()) {
            return Err(Fault::Refused(ServerError::from_json(&error)));
        }
        match (event.kind.as_deref(), event.text) {
            (Some("transcript.text.done"), Some(text)) => self.text = Some(text),
            (Some("transcript.text.done"), None) => {
                return Err(Fault::Malformed("the last event of the transcription has no `text`".into()));
            }
            // Pieces and segments: the last event repeats them all.
            _ => {}
        }
        Ok(())
    }
}
