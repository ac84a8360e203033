//! The live door of effects: providers on a tokio runtime, answers through a channel.

use crate::agent::{AgentConfig, Prepared};
use crate::awaited::{Awaited, Request, Stage, Ticket};
use crate::line::Line;
use crate::listener::{Listener, Streams};
use crate::meter::Meter;
use crate::scenario::Tool;
use duologue_chat::{RealtimeCommand, ToolCall, ToolOutcome};
use duologue_ids::Mono;
use duologue_models::{
    Llm, ModelError, ModelErrorKind, RealtimeModel, SpeechRequest, Stt, TranscribeRequest, Tts, WordTime,
};
use duologue_tools::Toolbox;
use duologue_voice::{Effect, EffectRunner, Failure, Input, Spoken, SpokenWord};
use futures::{StreamExt, stream};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;
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
/// Answers that wait for the sessions. Who brings more waits as well, up to the provider, so that none of them fills the
/// memory.
pub(crate) const WAITING: usize = 64;

/// The way of answers to one session.
#[derive(Clone)]
pub(crate) struct WayBack {
    pub(crate) side: usize,
    pub(crate) answers: Sender<Answer>,
}

impl WayBack {
    /// Waits until there is room; `false` once the conversation is over and nobody listens.
    pub(crate) async fn bring(&self, input: Input) -> bool {
        self.answers.send((self.side, input)).await.is_ok()
    }

    /// Leaves it out where there is no room: for what the next answer replaces.
    pub(crate) fn offer(&self, input: Input) {
        drop(self.answers.try_send((self.side, input)));
    }
}

/// Seconds of sound that one clause may have. Clauses are short: the longest take a quarter of a minute.
const CLAUSE_MAX_S: f64 = 120.0;

/// Performs effects as tasks; dropping it, or a cancel effect, ends them.
pub(crate) struct LiveRunner {
    runtime: Handle,
    way_back: WayBack,
    providers: Providers,
    tools: Arc<[Tool]>,
    toolbox: Option<Toolbox>,
    awaited: Awaited,
    running: HashMap<Work, Vec<AbortHandle>>,
    /// Calls of tools by their ids.
    calls: HashMap<String, AbortHandle>,
    /// Hears what the other party says in its present turn, where the recogniser streams.
    listener: Option<Listener>,
    /// How the streams of its recogniser fare.
    streams: Arc<Streams>,
    /// To the model that hears and speaks, where there is one.
    line: Option<Line>,
    meter: Meter,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Work {
    Utterance(u32),
    Turn(u32),
}

impl LiveRunner {
    pub(crate) fn new((runtime, way_back): (Handle, WayBack), config: &AgentConfig, awaited: Awaited) -> LiveRunner {
        let (tell, told_on) = (way_back.clone(), runtime.clone());
        let streams = Arc::new(Streams::new(move |message| {
            let tell = tell.clone();
            drop(told_on.spawn(async move { tell.bring(Input::Trouble { message }).await }));
        }));
        LiveRunner {
            runtime,
            way_back,
            providers: config.providers.clone(),
            tools: config.tools.clone(),
            toolbox: config.toolbox.clone(),
            awaited,
            running: HashMap::new(),
            calls: HashMap::new(),
            listener: None,
            streams,
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
    pub(crate) fn with_line(mut self, prepared: Prepared) -> LiveRunner {
        self.open_line(prepared);
        self
    }

    pub(crate) fn open_line(&mut self, Prepared(connection): Prepared) {
        let way_back = self.way_back.clone();
        match connection {
            None => {}
            Some(Ok(connection)) => self.line = Some(Line::open(&self.runtime, connection, way_back)),
            Some(Err(error)) => {
                drop(self.runtime.spawn(async move { way_back.bring(Input::Realtime(Err(failure(error)))).await }));
            }
        }
    }

    /// Held by a task until it has its answer, or is cancelled.
    fn ticket(&self, stage: Stage, since: Mono) -> Ticket {
        self.awaited.open(Request { side: self.way_back.side, stage, since })
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
        if from == 0 && self.streams.are_worth_it() {
            let way_back = self.way_back.clone();
            let overheard = move |utterance, text| way_back.offer(Input::Overheard { utterance, text });
            let (stt, language) = (models.stt.clone(), self.providers.language.clone());
            self.listener = Some(Listener::open(&self.runtime, (stt, language), self.streams.clone(), overheard));
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
}

impl Drop for LiveRunner {
    fn drop(&mut self) {
        self.running.values().flatten().chain(self.calls.values()).for_each(AbortHandle::abort);
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
            (Effect::CancelTool { id }, _) => {
                // Whoever waits for the call is gone, so it ends.
                self.calls.remove(&id).iter().for_each(AbortHandle::abort);
            }
            (effect, Models::Cascade(models)) => self.perform_cascade(now, effect, &models),
            // A session with this brain has no other effects.
            (_, Models::Realtime(_)) => {}
        }
        Vec::new()
    }
}

impl LiveRunner {
    fn call_tool(&mut self, call: ToolCall) {
        let (tools, toolbox, way_back) = (self.tools.clone(), self.toolbox.clone(), self.way_back.clone());
        let id = call.id.clone();
        self.calls.retain(|_, running| !running.is_finished());
        let running = self.runtime.spawn(async move {
            let id = call.id.clone();
            let mocked = tools.iter().any(|tool| tool.name == call.name);
            let outcome = match toolbox {
                Some(toolbox) if !mocked => toolbox.call(&call).await,
                _ => run_mock(&tools, &call).await,
            };
            way_back.bring(Input::ToolReturned { id, outcome }).await;
        });
        self.calls.insert(id, running.abort_handle());
    }

    fn perform_cascade(&mut self, now: Mono, effect: Effect, models: &CascadeModels) {
        let way_back = self.way_back.clone();
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
                    let result = result.map(|t| t.text).map_err(failure);
                    way_back.bring(Input::Transcribed { utterance, result }).await;
                });
            }
            Effect::Generate { turn, request } => {
                self.meter.asked();
                let llm = models.llm.clone();
                let ticket = self.ticket(Stage::Llm, now);
                self.spawn(Work::Turn(turn), async move {
                    let _ticket = ticket;
                    let mut stream = llm.chat(*request).await.unwrap_or_else(|e| stream::iter([Err(e)]).boxed());
                    while let Some(result) = stream.next().await {
                        way_back.bring(Input::Generated { turn, result: result.map_err(failure) }).await;
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
                    let result = speak(tts.as_ref(), request, (turn, clause, &way_back)).await;
                    let result = result.map(|()| Spoken::Done).map_err(failure);
                    way_back.bring(Input::Spoken { turn, clause, result }).await;
                });
            }
            Effect::CancelTranscribe { utterance } => self.cancel(Work::Utterance(utterance)),
            Effect::CancelTurn { turn } => self.cancel(Work::Turn(turn)),
            Effect::CallTool { .. } | Effect::CancelTool { .. } | Effect::Realtime(_) => {}
        }
    }
}

async fn speak(
    tts: &dyn Tts,
    request: SpeechRequest,
    (turn, clause, way_back): (u32, u32, &WayBack),
) -> Result<(), ModelError> {
    let each = |spoken| way_back.bring(Input::Spoken { turn, clause, result: Ok(spoken) });
    let mut stream = tts.speak(request).await?;
    let mut seconds = 0.0;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        seconds += chunk.samples.len() as f64 / f64::from(chunk.rate.max(1));
        if seconds > CLAUSE_MAX_S {
            return Err(endless());
        }
        if !chunk.samples.is_empty() {
            each(Spoken::Audio { rate: chunk.rate, samples: chunk.samples }).await;
        }
        if !chunk.words.is_empty() {
            let word = |w: WordTime| SpokenWord { text: w.word, start: w.start, end: w.end };
            each(Spoken::Words(chunk.words.into_iter().map(word).collect())).await;
        }
    }
    Ok(())
}

/// What a voice that never ends would fill is the session's memory, and with it that of all others in the process.
fn endless() -> ModelError {
    ModelError {
        provider: "voice".to_owned(),
        kind: ModelErrorKind::Endless,
        message: format!("a voice spoke one clause for more than {CLAUSE_MAX_S} s"),
        help: "choose another voice or model".to_owned(),
        given_up: true,
    }
}

/// The scenario's tools are mocks that answer after their latency.
async fn run_mock(tools: &[Tool], call: &ToolCall) -> ToolOutcome {
    match tools.iter().find(|tool| tool.name == call.name).map(|tool| tool.mock.answer(&call.arguments)) {
        Some(answer) => {
            tokio::time::sleep(answer.after).await;
            answer.outcome
        }
        None => ToolOutcome::Error(format!("there is no tool `{}` in this scenario", call.name)),
    }
}

pub(crate) fn failure(error: ModelError) -> Failure {
    Failure { transient: error.is_transient(), message: error.to_string() }
}
