use super::reply::ReplyReader;
use super::request;
use super::service::{Api, Service};
use super::trouble::{self, Trouble};
use crate::http::{Call, Fault};
use crate::openai::reply::text_max;
use crate::{ChatStream, Llm, ModelError};
use async_trait::async_trait;
use duologue_chat::{ChatDelta, ChatRequest};
use futures::{StreamExt, stream};
use genai::chat::ChatStreamEvent;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A language model of Anthropic or Google, streamed.
#[derive(Clone, Debug)]
pub struct GenaiLlm {
    service: Arc<Service>,
    model: String,
}

impl GenaiLlm {
    pub(super) fn new(service: Arc<Service>, model: String) -> GenaiLlm {
        GenaiLlm { service, model }
    }

    /// Sends the request and waits for the first event.
    async fn attempt(&self, asked: &ChatRequest) -> Result<Reply, ModelError> {
        let service = self.service.clone();
        let stall = service.transport.endpoint().timeouts.stall;
        let mut options = request::options(service.api, &self.model, asked, stall);
        let blocked = Blocked::default();
        if service.api == Api::Gemini {
            let seen = blocked.clone();
            options = options.with_raw_frame_fn(move |_, frame| seen.look_at(frame.data));
        }
        let call = service.call(&self.model);
        let begun = service.begin(&self.model, asked, &options).await;
        let mut reply = Reply {
            events: match begun {
                Ok(events) => Some(events),
                Err(error) => return Err(refused(error, &service, &call)),
            },
            reader: ReplyReader::new(asked.items.len(), text_max(asked.max_tokens)),
            service,
            call,
            blocked,
            waited: Duration::ZERO,
            failed: None,
        };
        // Until then it may be tried again; how long that takes is bounded by whoever tries.
        match reply.event().await? {
            Some(event) => reply.take(event),
            None => reply.finish(),
        }
        // Trouble with the very first event is told at once, as that of a request.
        match reply.failed.take_if(|_| reply.reader.is_empty()) {
            Some(error) => Err(error),
            None => Ok(reply),
        }
    }
}

fn refused(error: genai::Error, service: &Service, call: &Call) -> ModelError {
    match trouble::of(error, service, call, None) {
        Trouble::Failed(error) => *error,
        Trouble::Nothing => service.transport.failures(call).cut_off(),
    }
}

#[async_trait]
impl Llm for GenaiLlm {
    /// Resolves with the first event of the answer.
    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ModelError> {
        let transport = &self.service.transport;
        let call = self.service.call(&self.model);
        let reply = transport.attempts(&call, transport.endpoint().retries, || self.attempt(&request)).await?;
        Ok(stream::unfold(reply, |mut reply| async { reply.next().await.map(|delta| (delta, reply)) }).boxed())
    }
}

/// A reply on its way. Dropping it closes the connection.
struct Reply {
    service: Arc<Service>,
    call: Call,
    events: Option<genai::chat::ChatStream>,
    reader: ReplyReader,
    blocked: Blocked,
    waited: Duration,
    /// What came before the trouble is delivered first.
    failed: Option<ModelError>,
}

impl Reply {
    async fn next(&mut self) -> Option<Result<ChatDelta, ModelError>> {
        loop {
            if let Some(delta) = self.reader.pop() {
                return Some(Ok(delta));
            }
            if let Some(error) = self.failed.take() {
                self.events = None;
                return Some(Err(error));
            }
            self.events.as_ref()?;
            match self.awaited().await {
                Ok(Some(event)) => self.take(event),
                Ok(None) => self.finish(),
                Err(error) => self.failed = Some(error),
            }
        }
    }

    /// The next event, within the limits of [`Timeouts`](crate::Timeouts).
    async fn awaited(&mut self) -> Result<Option<ChatStreamEvent>, ModelError> {
        let limits = self.service.transport.endpoint().timeouts;
        let patience = limits.stall.min(limits.answer.saturating_sub(self.waited));
        let began = Instant::now();
        let next = timeout(patience, self.event()).await;
        self.waited += began.elapsed();
        let failures = self.service.transport.failures(&self.call);
        match next {
            Err(_) if self.waited >= limits.answer => Err(failures.timed_out("complete answer", limits.answer)),
            Err(_) => Err(failures.stalled(limits.stall)),
            Ok(event) => event,
        }
    }

    /// The next event that says something.
    async fn event(&mut self) -> Result<Option<ChatStreamEvent>, ModelError> {
        while let Some(events) = &mut self.events {
            match events.next().await {
                None => return Ok(None),
                Some(Ok(ChatStreamEvent::Start)) => {}
                Some(Ok(event)) => return Ok(Some(event)),
                Some(Err(error)) => {
                    match trouble::of(error, &self.service, &self.call, self.blocked.why().as_deref()) {
                        Trouble::Failed(error) => return Err(*error),
                        Trouble::Nothing => {}
                    }
                }
            }
        }
        Ok(None)
    }

    fn take(&mut self, event: ChatStreamEvent) {
        let outcome = self.reader.push(event);
        self.after(outcome);
    }

    fn finish(&mut self) {
        let outcome = self.reader.end();
        self.events = None;
        self.after(outcome);
    }

    fn after(&mut self, outcome: Result<(), Fault>) {
        if self.reader.is_done() {
            self.events = None;
        }
        if let Err(fault) = outcome {
            self.events = None;
            self.failed = Some(self.service.transport.failures(&self.call).fault(fault));
        }
    }
}

/// Why Gemini refused a prompt: `promptFeedback.blockReason`, which the crate drops.
#[derive(Clone, Default)]
struct Blocked(Arc<Mutex<Option<String>>>);

impl Blocked {
    fn look_at(&self, data: &str) {
        if data.contains("blockReason") {
            let value: Value = serde_json::from_str(data).unwrap_or_default();
            let reason = value["promptFeedback"]["blockReason"].as_str();
            let reason =
                reason.map(|r| r.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect());
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = reason;
        }
    }

    fn why(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
