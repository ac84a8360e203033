use super::line::LineCleaner;
use super::prompt;
use super::tts::unexpected;
use crate::child::{Answers, Engine, HeavyGate, HeavyPermit, Urgency};
use crate::protocol::{Event, Op};
use async_trait::async_trait;
use duologue_chat::{ChatDelta, ChatRequest, Finish, Usage};
use duologue_models::{ChatStream, Llm, ModelError};
use futures::{StreamExt, stream};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Sampling temperature unless the request names one: enough for lines that differ from call to call, too little for
/// invented facts.
const TEMPERATURE: f32 = 0.4;
/// A spoken line is never longer, in tokens (about 45 words).
const LONGEST_LINE: u32 = 60;
/// A token of English is about four bytes long; lists of numbers and other scripts are shorter.
const BYTES_PER_TOKEN: usize = 3;

/// The local language model, as one party uses it: it writes that party's next line of a call.
///
/// It follows [`ChatRequest::hint`] well and talks freely only as far as the model behind it can; a larger instruct
/// model with a ChatML format gets the same prompt. It never calls tools ([`ChatRequest::tools`] is not shown to it): the
/// calls come from a scenario's course, and their results reach the model as notes in the transcript.
#[derive(Debug)]
pub struct LocalLlm {
    engine: Arc<Engine>,
    gate: HeavyGate,
    context: u32,
    party: u32,
}

impl LocalLlm {
    /// Takes its turn at `gate`, behind recognition; the engine holds `context` tokens per call. `party` is a number that
    /// no other party of this engine has.
    pub fn new(engine: Arc<Engine>, gate: HeavyGate, context: u32, party: u32) -> LocalLlm {
        LocalLlm { engine, gate, context, party }
    }

    /// Which part of the engine's cache a request uses. Two requests that meet there by chance are only slower.
    fn session(&self, request: &ChatRequest) -> u32 {
        let mut hasher = DefaultHasher::new();
        (self.party, &request.speaker, &request.instructions).hash(&mut hasher);
        hasher.finish() as u32
    }

    fn generate(&self, request: &ChatRequest) -> Op {
        let max_tokens = request.max_tokens.min(LONGEST_LINE);
        let room = self.context.saturating_sub(max_tokens) as usize * BYTES_PER_TOKEN;
        let fixed = request.instructions.len() + request.hint.as_ref().map_or(0, |hint| hint.0.len()) + 200;
        Op::Generate {
            session: self.session(request),
            prompt: prompt::render(request, room.saturating_sub(fixed)),
            max_tokens,
            temperature: request.temperature.unwrap_or(TEMPERATURE),
            seed: request.seed,
            // A line ends at its end, and where the model would go on with the other party's.
            stop: vec!["\n".to_owned(), format!("{}:", request.listener)],
        }
    }
}

#[async_trait]
impl Llm for LocalLlm {
    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ModelError> {
        let permit = self.gate.pass(Urgency::Later).await;
        let answers = self.engine.ask(self.generate(&request), &[]).await?;
        let cleaner = Some(LineCleaner::new(&request.speaker));
        let line = Line { answers, cleaner, done: None, permit: Some(permit) };
        Ok(Box::pin(stream::unfold(line, |mut line| async move { Some((line.next().await?, line)) })))
    }
}

/// A line in the making.
struct Line {
    answers: Answers,
    /// `None` once the line is complete.
    cleaner: Option<LineCleaner>,
    /// The end, which comes behind the last text.
    done: Option<ChatDelta>,
    /// Others may do heavy work when the line is complete or dropped.
    permit: Option<HeavyPermit>,
}

impl Line {
    async fn next(&mut self) -> Option<Result<ChatDelta, ModelError>> {
        loop {
            if let Some(done) = self.done.take() {
                return Some(Ok(done));
            }
            let cleaner = self.cleaner.as_mut()?;
            let text = match self.answers.next().await? {
                Ok(answer) => match answer.event {
                    Event::Text { text } => cleaner.push(&text),
                    Event::Done { prompt_tokens, cached_tokens, completion_tokens, truncated } => {
                        let usage = Some(Usage { prompt_tokens, cached_tokens, completion_tokens });
                        let finish = if truncated { Finish::Length } else { Finish::Stop };
                        self.done = Some(ChatDelta::Done { finish, usage });
                        self.permit = None;
                        self.cleaner.take()?.finish()
                    }
                    other => return Some(Err(unexpected(&other))),
                },
                Err(error) => {
                    (self.cleaner, self.permit) = (None, None);
                    return Some(Err(error.into()));
                }
            };
            if !text.is_empty() {
                return Some(Ok(ChatDelta::Text(text)));
            }
        }
    }
}
