//! The live door of effects: providers on a tokio runtime, answers through a channel.

use crate::awaited::{Awaited, Request, Stage, Ticket};
use crate::line::Line;
use crate::listener::Listener;
use crate::meter::Meter;
use crate::scenario::CastScenario;
use duologue_chat::{RealtimeCommand, ToolCall, ToolOutcome};
use duologue_ids::Mono;
use duologue_models::{
    Llm, ModelError, RealtimeConnection, RealtimeModel, SpeechRequest, Stt, TranscribeRequest, Tts, WordTime,
};
use duologue_voice::{Effect, EffectRunner, Failure, Input, Spoken, SpokenWord};
use futures::StreamExt;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

/// The models of one agent.
#[derive(Clone)]
pub struct Providers {
    /// What thinks for it.
    pub models: Models,
    /// In the words of the speech provider.
    pub voice: Arc<str>,
    /// 1.0 is the voice's own pace.
    pub speed: f32,
    /// BCP-47.
    pub language: Arc<str>,
}

/// What an agent thinks with.
#[derive(Clone)]
pub enum Models {
    /// A model for each stage.
    Cascade(CascadeModels),
    /// One that hears and speaks.
    Realtime(Arc<dyn RealtimeModel>),
}

/// The stages of a cascade.
#[derive(Clone)]
pub struct CascadeModels {
    /// Hears.
    pub stt: Arc<dyn Stt>,
    /// Writes.
    pub llm: Arc<dyn Llm>,
    /// Speaks.
    pub tts: Arc<dyn Tts>,
}

/// An answer, and whose it is.
pub(crate) type Answer = (usize, Input);

/// Performs effects as tasks; dropping it, or a cancel effect, ends them.
pub(crate) struct LiveRunner {
    side: usize,
    runtime: Handle,
    answers: Sender<Answer>,
    providers: Providers,
    tools: Arc<CastScenario>,
    awaited: Awaited,
    running: HashMap<Work, Vec<AbortHandle>>,
    /// Hears what the other party says in its present turn, where the recogniser streams.
    listener: Option<Listener>,
    /// To the model that hears and speaks, where there is one.
    line: Option<Line>,
    meter: Meter,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Work {
    Utterance(u32),
    Turn(u32),
    Tool,
}

impl LiveRunner {
    pub(crate) fn new(
        side: usize,
        (runtime, answers): (Handle, Sender<Answer>),
        providers: Providers,
        tools: Arc<CastScenario>,
        awaited: Awaited,
    ) -> LiveRunner {
        LiveRunner {
            side,
            runtime,
            answers,
            providers,
            tools,
            awaited,
            running: HashMap::new(),
            listener: None,
            line: None,
            meter: Meter::default(),
        }
    }

    /// Counts with this what its models are given.
    pub(crate) fn metered(mut self, meter: Meter) -> LiveRunner {
        self.meter = meter;
        self
    }

    /// Lets what a model that hears and speaks tells come in; where it could not be reached, that it could not.
    pub(crate) fn with_line(mut self, connection: Option<Result<RealtimeConnection, ModelError>>) -> LiveRunner {
        let answer = self.answer();
        match connection {
            None => {}
            Some(Ok(connection)) => self.line = Some(Line::open(&self.runtime, connection, answer)),
            Some(Err(error)) => answer(Input::Realtime(Err(failure(error)))),
        }
        self
    }

    /// Held by a task until it has its answer, or is cancelled.
    fn ticket(&self, stage: Stage, since: Mono) -> Ticket {
        self.awaited.open(Request { side: self.side, stage, since })
    }

    fn spawn(&mut self, work: Work, task: impl Future<Output = ()> + Send + 'static) {
        let handle = self.runtime.spawn(task).abort_handle();
        let tasks = self.running.entry(work).or_default();
        tasks.retain(|t| !t.is_finished());
        tasks.push(handle);
        self.running.retain(|_, tasks| tasks.iter().any(|t| !t.is_finished()));
    }

    /// Gives a recogniser that streams the next sound. One that can't go on is left alone: the whole sound comes again.
    fn listen(&mut self, utterance: u32, from: usize, (audio, models): (Vec<i16>, &CascadeModels)) {
        if from == 0 {
            let answer = self.answer();
            let overheard = move |utterance, text| answer(Input::Overheard { utterance, text });
            let (stt, language) = (models.stt.clone(), self.providers.language.clone());
            self.listener = Some(Listener::open(&self.runtime, stt, language, overheard));
        }
        let samples = audio.len();
        if self.listener.as_mut().is_some_and(|l| l.hear(utterance, from, audio)) {
            self.meter.heard(samples);
        } else {
            self.listener = None;
        }
    }

    fn cancel(&mut self, work: Work) {
        for task in self.running.remove(&work).unwrap_or_default() {
            task.abort();
        }
    }

    fn answer(&self) -> impl Fn(Input) + Send + Clone + use<> {
        let (side, answers) = (self.side, self.answers.clone());
        // Nobody listens once the conversation is over.
        move |input| drop(answers.send((side, input)))
    }
}

impl Drop for LiveRunner {
    fn drop(&mut self) {
        self.running.values().flatten().for_each(AbortHandle::abort);
    }
}

impl EffectRunner for LiveRunner {
    fn perform(&mut self, now: Mono, effect: Effect) -> Vec<(Duration, Input)> {
        match (effect, self.providers.models.clone()) {
            (Effect::Realtime(command), _) => {
                if matches!(command, RealtimeCommand::Respond { .. }) {
                    self.meter.asked();
                }
                if let Some(line) = &mut self.line {
                    line.tell(command);
                }
            }
            (Effect::CallTool { call, .. }, _) => self.call_tool(call),
            (effect, Models::Cascade(models)) => self.perform_cascade(now, effect, &models),
            // A session with this brain has no other effects.
            (_, Models::Realtime(_)) => {}
        }
        Vec::new()
    }
}

impl LiveRunner {
    fn call_tool(&mut self, call: ToolCall) {
        let (scenario, answer) = (self.tools.clone(), self.answer());
        self.spawn(Work::Tool, async move {
            let id = call.id.clone();
            let outcome = run_mock(&scenario, &call).await;
            answer(Input::ToolReturned { id, outcome });
        });
    }

    fn perform_cascade(&mut self, now: Mono, effect: Effect, models: &CascadeModels) {
        let answer = self.answer();
        match effect {
            Effect::Listen { utterance, from, audio } => self.listen(utterance, from, (audio, models)),
            Effect::StopListening => self.listener = None,
            Effect::Transcribe { utterance, audio } => {
                let (stt, language) = (models.stt.clone(), self.providers.language.clone());
                let ticket = self.ticket(Stage::Stt, now);
                let meter = self.meter.clone();
                let question = self.listener.as_mut().and_then(|l| {
                    let rest = audio.len().saturating_sub(l.given());
                    l.ask(&audio).inspect(|_| meter.heard(rest))
                });
                // One that can't be asked has lost the thread.
                self.listener = self.listener.take().filter(|_| question.is_some());
                self.spawn(Work::Utterance(utterance), async move {
                    let _ticket = ticket;
                    let streamed = match question {
                        Some(question) => question.answer().await,
                        None => None,
                    };
                    let result = match streamed {
                        Some(transcript) => Ok(transcript),
                        None => {
                            meter.heard(audio.len());
                            stt.transcribe(TranscribeRequest { audio, language }).await
                        }
                    };
                    answer(Input::Transcribed { utterance, result: result.map(|t| t.text).map_err(failure) });
                });
            }
            Effect::Generate { turn, request } => {
                self.meter.asked();
                let llm = models.llm.clone();
                let ticket = self.ticket(Stage::Llm, now);
                self.spawn(Work::Turn(turn), async move {
                    let _ticket = ticket;
                    let mut stream = match llm.chat(*request).await {
                        Ok(stream) => stream,
                        Err(e) => return answer(Input::Generated { turn, result: Err(failure(e)) }),
                    };
                    while let Some(result) = stream.next().await {
                        answer(Input::Generated { turn, result: result.map_err(failure) });
                    }
                });
            }
            Effect::Speak { turn, clause, text } => {
                self.meter.spoke(&text);
                let tts = models.tts.clone();
                let request = SpeechRequest { text, voice: self.providers.voice.clone(), speed: self.providers.speed };
                let ticket = self.ticket(Stage::Tts, now);
                self.spawn(Work::Turn(turn), async move {
                    let _ticket = ticket;
                    let result = speak(tts.as_ref(), request, |spoken| {
                        answer(Input::Spoken { turn, clause, result: Ok(spoken) });
                    });
                    let last = result.await.map(|()| Spoken::Done).map_err(failure);
                    answer(Input::Spoken { turn, clause, result: last });
                });
            }
            Effect::CancelTranscribe { utterance } => self.cancel(Work::Utterance(utterance)),
            Effect::CancelTurn { turn } => self.cancel(Work::Turn(turn)),
            Effect::CallTool { .. } | Effect::Realtime(_) => {}
        }
    }
}

async fn speak(tts: &dyn Tts, request: SpeechRequest, each: impl Fn(Spoken)) -> Result<(), ModelError> {
    let mut stream = tts.speak(request).await?;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        if !chunk.samples.is_empty() {
            each(Spoken::Audio { rate: chunk.rate, samples: chunk.samples });
        }
        if !chunk.words.is_empty() {
            let word = |w: WordTime| SpokenWord { text: w.word, start: w.start, end: w.end };
            each(Spoken::Words(chunk.words.into_iter().map(word).collect()));
        }
    }
    Ok(())
}

/// The scenario's tools are mocks that answer after their latency.
async fn run_mock(scenario: &CastScenario, call: &ToolCall) -> ToolOutcome {
    match scenario.mock(&call.name, &call.arguments) {
        Some(answer) => {
            tokio::time::sleep(answer.after).await;
            answer.outcome
        }
        None => ToolOutcome::Error(format!("there is no tool `{}` in this scenario", call.name)),
    }
}

pub(crate) fn failure(error: ModelError) -> Failure {
    Failure { transient: error.kind.is_transient(), message: error.to_string() }
}
