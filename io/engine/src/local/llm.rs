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

/// Sampling temperature unless the request names one: two calls differ a little in their words. At 0.7 a line in some dozens
/// mixes up who is who; at 0.4 the calls are nearly the same.
const TEMPERATURE: f32 = 0.5;
/// A spoken line is never longer, in tokens (about 45 words).
const LONGEST_LINE: u32 = 60;
/// A token of English is about four bytes long; those of numbers and other scripts are shorter.
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
    fn session(&self, instructions: &str) -> u32 {
        let mut hasher = DefaultHasher::new();
        (self.party, instructions).hash(&mut hasher);
        hasher.finish() as u32
    }

    fn generate(&self, request: &ChatRequest) -> Op {
        let max_tokens = request.max_tokens.min(LONGEST_LINE);
        Op::Generate {
            session: self.session(&request.instructions),
            prompt: prompt::render(request, self.room(request)),
            max_tokens,
            temperature: request.temperature.unwrap_or(TEMPERATURE),
            seed: request.seed,
            // A line ends at its end, and where the model would go on with the other party's.
            stop: vec!["\n".to_owned(), format!("{}:", request.listener)],
        }
    }

    /// Bytes for the transcript.
    fn room(&self, request: &ChatRequest) -> usize {
        let all = self.context.saturating_sub(LONGEST_LINE) as usize * BYTES_PER_TOKEN;
        let hint = request.hint.as_ref().map_or(0, |hint| hint.0.len());
        all.saturating_sub(prompt::party(&request.instructions).len() + hint + 200)
    }

    fn read_ahead(&self, request: &ChatRequest) -> ReadAhead {
        let (request, room) = (request.clone(), self.room(request));
        let (engine, gate, session) =
            (Arc::clone(&self.engine), self.gate.clone(), self.session(&request.instructions));
        ReadAhead { engine, gate, session, request, room }
    }
}

#[async_trait]
impl Llm for LocalLlm {
    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ModelError> {
        let permit = self.gate.pass(Urgency::Later).await;
        let answers = self.engine.ask(self.generate(&request), &[]).await?;
        let cleaner = Some(LineCleaner::new(&request.speaker));
        let ahead = Some(self.read_ahead(&request));
        let line = Line { answers, cleaner, text: String::new(), done: None, permit: Some(permit), ahead };
        Ok(Box::pin(stream::unfold(line, |mut line| async move { Some((line.next().await?, line)) })))
    }

    async fn prewarm(&self, instructions: &str) {
        let _permit = self.gate.pass(Urgency::Later).await;
        read(&self.engine, self.session(instructions), prompt::party(instructions)).await;
    }
}

/// Lets the engine read the beginning of a prompt to come; `None` where the engine does not answer as it should, which
/// the next request will tell.
async fn read(engine: &Engine, session: u32, prompt: String) -> Option<()> {
    let op = Op::Generate { session, prompt, max_tokens: 0, temperature: 0.0, seed: 0, stop: Vec::new() };
    let mut answers = engine.ask(op, &[]).await.ok()?;
    while let Some(answer) = answers.next().await {
        answer.ok()?;
    }
    Some(())
}

/// While a line is being spoken, the engine has time to read it for this party's next turn.
struct ReadAhead {
    engine: Arc<Engine>,
    gate: HeavyGate,
    session: u32,
    request: ChatRequest,
    room: usize,
}

impl ReadAhead {
    /// Reads at once and beside everything else, or not at all where something else is going on.
    fn start(self, line: &str) {
        let Some(permit) = self.gate.try_pass() else { return };
        let prompt = prompt::after(&self.request, line, self.room);
        tokio::spawn(async move {
            read(&self.engine, self.session, prompt).await;
            drop(permit);
        });
    }
}

/// A line in the making.
struct Line {
    answers: Answers,
    /// `None` once the line is complete.
    cleaner: Option<LineCleaner>,
    /// What was passed on.
    text: String,
    /// The end, which comes behind the last text.
    done: Option<ChatDelta>,
    /// Others may do heavy work when the line is complete or dropped.
    permit: Option<HeavyPermit>,
    ahead: Option<ReadAhead>,
}

impl Line {
    async fn next(&mut self) -> Option<Result<ChatDelta, ModelError>> {
        loop {
            if let Some(done) = self.done.take() {
                self.permit = None;
                self.ahead.take()?.start(&self.text);
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
                self.text.push_str(&text);
                return Some(Ok(ChatDelta::Text(text)));
            }
        }
    }
}
