use super::messages::{messages, tools};
use super::reply::{REPLY_MAX, ReplyReader, text_max};
use super::wire::{ChatBody, StreamOptions};
use crate::http::{Answer, Fault, Transport};
use crate::{ChatStream, Llm, ModelError};
use async_trait::async_trait;
use duologue_chat::{ChatDelta, ChatRequest};
use futures::StreamExt;
use futures::stream;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long to wait for the usage and the formal end after the model was done.
const AFTERWORD: Duration = Duration::from_millis(500);

/// A language model behind `POST chat/completions`, streamed.
#[derive(Clone, Debug)]
pub struct OpenAiLlm {
    transport: Arc<Transport>,
    model: String,
}

impl OpenAiLlm {
    pub(super) fn new(transport: Arc<Transport>, model: String) -> Self {
        OpenAiLlm { transport, model }
    }

    fn body<'a>(&'a self, request: &'a ChatRequest) -> ChatBody<'a> {
        let openai = self.transport.endpoint().is_home();
        ChatBody {
            model: &self.model,
            messages: messages(request),
            tools: tools(&request.tools),
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            max_tokens: (!openai).then_some(request.max_tokens),
            max_completion_tokens: openai.then_some(request.max_tokens),
            temperature: request.temperature,
            // The smallest range that any server takes.
            seed: (request.seed & 0x7fff_ffff) as u32,
        }
    }
}

#[async_trait]
impl Llm for OpenAiLlm {
    /// Resolves with the first byte of the answer.
    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ModelError> {
        let body = self.body(&request);
        let answer = self.transport.post("chat/completions", &|r| r.json(&body)).await?;
        let reply = Reply {
            answer,
            reader: ReplyReader::new(request.items.len().to_string(), text_max(request.max_tokens)),
            state: State::Reading,
            patience_ends: None,
        };
        Ok(stream::unfold(reply, |mut reply| async { reply.next().await.map(|delta| (delta, reply)) }).boxed())
    }
}

/// A reply on its way.
struct Reply {
    answer: Answer,
    reader: ReplyReader,
    state: State,
    /// When to stop waiting for the formal end, once the model is done.
    patience_ends: Option<Instant>,
}

enum State {
    Reading,
    /// What came before the trouble is delivered first.
    Failed(ModelError),
    Over,
}

impl Reply {
    async fn next(&mut self) -> Option<Result<ChatDelta, ModelError>> {
        loop {
            if let Some(delta) = self.reader.pop() {
                return Some(Ok(delta));
            }
            match std::mem::replace(&mut self.state, State::Over) {
                State::Reading => {
                    self.state = match self.read().await {
                        Ok(()) if self.reader.is_done() => State::Over,
                        Ok(()) => State::Reading,
                        Err(error) => State::Failed(error),
                    }
                }
                State::Failed(error) => return Some(Err(error)),
                State::Over => return None,
            }
        }
    }

    async fn read(&mut self) -> Result<(), ModelError> {
        let outcome = if self.answer.content_type().starts_with("application/json") {
            // The server does not stream: its whole answer is one chunk.
            let whole = self.answer.read_all(REPLY_MAX).await?;
            self.reader.push_event(&String::from_utf8_lossy(&whole)).and_then(|()| self.reader.end())
        } else if self.reader.is_finished() {
            self.read_afterword().await
        } else {
            match self.answer.next().await? {
                Some(bytes) => self.reader.push(&bytes),
                None => self.reader.end(),
            }
        };
        if self.reader.is_done() {
            self.answer.finish().await;
        }
        outcome.map_err(|fault| self.failure(fault))
    }

    /// The model is done; whatever goes wrong now can't spoil the reply any more.
    async fn read_afterword(&mut self) -> Result<(), Fault> {
        let deadline = *self.patience_ends.get_or_insert_with(|| Instant::now() + AFTERWORD);
        match timeout_at(deadline, self.answer.next()).await {
            Ok(Ok(Some(bytes))) => self.reader.push(&bytes),
            _ => self.reader.end(),
        }
    }

    fn failure(&self, fault: Fault) -> ModelError {
        self.answer.failures().fault(fault)
    }
}
