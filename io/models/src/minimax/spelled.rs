use crate::SpokenAudio;
use crate::http::{EventReader, Fault, ServerError, SpeechReader};
use crate::pcm::PcmReader;
use serde::Deserialize;
use std::collections::VecDeque;

/// Longest event: a minute of speech at 24 kHz, in hexadecimal digits.
const EVENT_MAX: usize = 8 << 20;

/// Reads speech that is spelled in hexadecimal digits, without input or output: server-sent events, or one JSON object
/// where the server refuses.
pub(super) struct HexReader {
    events: EventReader,
    /// The whole answer, where it is no event stream.
    whole: Option<Vec<u8>>,
    pcm: PcmReader,
    any: bool,
    done: bool,
    ready: VecDeque<SpokenAudio>,
}

#[derive(Deserialize)]
struct Event {
    data: Option<Data>,
    base_resp: Option<Outcome>,
}

#[derive(Deserialize)]
struct Data {
    audio: Option<String>,
    status: Option<u32>,
}

/// How a call went.
#[derive(Deserialize)]
pub(super) struct Outcome {
    status_code: Option<i64>,
    status_msg: Option<String>,
}

/// The status of the event that ends the answer; its sound, if any, repeats all that came before.
const LAST: u32 = 2;

impl HexReader {
    /// `rate` is that of the samples in Hz; `is_json` where the server announces no events.
    pub(super) fn new(rate: u32, is_json: bool) -> HexReader {
        HexReader {
            events: EventReader::new(EVENT_MAX),
            whole: is_json.then(Vec::new),
            pcm: PcmReader::new(rate),
            any: false,
            done: false,
            ready: VecDeque::new(),
        }
    }

    fn push_event(&mut self, data: &[u8]) -> Result<(), Fault> {
        let event: Event =
            serde_json::from_slice(data).map_err(|e| Fault::json("a part of the answer is no piece of speech", &e))?;
        if let Some(outcome) = event.base_resp {
            outcome.check()?;
        }
        let Some(Data { audio, status }) = event.data else { return Ok(()) };
        let last = status == Some(LAST);
        if let Some(audio) = audio.filter(|a| !a.is_empty()).filter(|_| !last || !self.any) {
            let bytes = unspelled(audio.as_bytes())
                .ok_or_else(|| Fault::Malformed("the sound of a piece of speech is not hexadecimal".into()))?;
            if let Some(samples) = self.pcm.push(&bytes).map_err(Fault::Malformed)? {
                self.ready.push_back(SpokenAudio { rate: samples.rate, samples: samples.mono, words: Vec::new() });
            }
            self.any = true;
        }
        if last {
            self.pcm.end().map_err(Fault::Malformed)?;
            self.done = true;
        }
        Ok(())
    }
}

impl Outcome {
    /// MiniMax answers trouble with status 200 and a code of its own.
    pub(super) fn check(self) -> Result<(), Fault> {
        let class = match self.status_code.unwrap_or_default() {
            0 => return Ok(()),
            1002 | 1039 | 1041 | 2045 => "rate_limit",
            1004 | 2049 => "unauthorized",
            1008 | 2056 => "insufficient_quota",
            1000 | 1001 | 1013 | 1024 | 1033 => "internal",
            // Words that its guard does not let in, or out.
            1026 | 1027 => return Err(Fault::Filtered),
            _ => "invalid",
        };
        let said = self.status_msg.unwrap_or_default();
        let code = self.status_code.unwrap_or_default();
        Err(Fault::Refused(ServerError::new(class, &format!("{said} (code {code})"))))
    }
}

impl SpeechReader for HexReader {
    fn push(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        if let Some(whole) = &mut self.whole {
            if whole.len() + bytes.len() > EVENT_MAX {
                return Err(Fault::Malformed(format!("the answer is longer than {EVENT_MAX} bytes")));
            }
            whole.extend_from_slice(bytes);
            return Ok(());
        }
        while !self.done {
            let Some(data) = self.events.next(&mut bytes).map_err(Fault::Malformed)? else { break };
            if !matches!(data.trim(), "" | "[DONE]") {
                self.push_event(data.as_bytes())?;
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        if let Some(whole) = self.whole.take() {
            self.push_event(&whole)?;
            return self.pcm.end().map_err(Fault::Malformed);
        }
        match (self.done, self.any) {
            (true, _) => Ok(()),
            (false, true) => Err(Fault::CutOff),
            (false, false) => Err(Fault::Malformed("the answer holds no speech".into())),
        }
    }

    fn pop(&mut self) -> Option<SpokenAudio> {
        self.ready.pop_front()
    }

    fn is_done(&self) -> bool {
        self.done
    }
}

/// Bytes of hexadecimal digits; `None` for anything else.
fn unspelled(digits: &[u8]) -> Option<Vec<u8>> {
    let value = |digit: &u8| char::from(*digit).to_digit(16);
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some((value(high)? << 4 | value(low)?) as u8)).collect();
    if rest.is_empty() { bytes } else { None }
}

#[cfg(test)]
#[path = "spelled_tests.rs"]
mod tests;
