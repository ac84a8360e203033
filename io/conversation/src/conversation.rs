//! One conversation from beginning to end: the parties, the clock, the files.

use crate::awaited::Awaited;
use crate::casting;
use crate::conclusion::conclude;
use crate::consumption::Metering;
use crate::folder::{FolderError, FolderWriter, names};
use crate::happenings::EventLine;
use crate::listening_back::Recognisers;
use crate::notes;
use crate::recorder::{Chunk, Recorder, Stream};
use crate::runner::{Answer, LiveRunner, Models, Providers, WAITING, WayBack};
use crate::scenario::{CastScenario, Side, goal_reached};
use crate::summary::{AgentSummary, Summary};
use crate::transcript::{Cast, Transcriber};
use duologue_ids::{Mono, Seed};
use duologue_media::{Codec, OpusError, Packet};
use duologue_models::{ModelError, Quote, RealtimeConfig, RealtimeConnection};
use duologue_sim::{Duet, DuetConfig, DuetError, Ending, LinkConfig, Tap};
use duologue_voice::{Brain, CloseReason, EffectRunner, Event, Realtime, SessionConfig};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::timeout;

/// Everything that one conversation needs.
pub struct ConversationConfig {
    /// Its id.
    pub id: String,
    /// What it is about, and who plays it.
    pub cast: Arc<CastScenario>,
    /// Models of the support agent and of the customer.
    pub providers: [Providers; 2],
    /// `provider/model` by stage, of the support agent and of the customer, for the summary.
    pub models: [BTreeMap<String, String>; 2],
    /// What they cost, by stage; a stage that is missing has no price.
    pub prices: [BTreeMap<String, Quote>; 2],
    /// Sampling temperature; `None` leaves it to the provider.
    pub temperature: Option<f32>,
    /// All randomness.
    pub seed: Seed,
    /// Overrides the scenario's limit.
    pub duration: Option<Duration>,
    /// Where it is kept.
    pub folder: PathBuf,
    /// How sound crosses from party to party.
    pub codec: Codec,
    /// RFC 3339.
    pub started_at: String,
    /// Listen to both recorded voices when the call is over, with the recognisers of the other side, for the word error rate
    /// of the voices.
    pub listen_back: bool,
}

/// What happens, for those who follow live.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Since the start.
    pub at: Mono,
    /// Whose session reports it.
    pub side: Side,
    /// What.
    pub event: Event,
}

/// Why a conversation failed. Whatever was recorded is kept.
#[derive(Debug, thiserror::Error)]
pub enum ConverseError {
    /// Files.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The machines.
    #[error(transparent)]
    Duet(#[from] DuetError),
    /// The recording.
    #[error("the recording failed: {0}")]
    Recording(#[from] OpusError),
    /// The thread of the conversation panicked: a defect of Duologue.
    #[error("the conversation's own thread failed; this is a defect, please report it with {folder}/events.jsonl")]
    Defect {
        /// Where the events are.
        folder: PathBuf,
    },
}

/// Sees and keeps everything.
struct Keeper<P> {
    writer: FolderWriter,
    recorder: Recorder,
    transcriber: Transcriber,
    progress: P,
    cast: Arc<CastScenario>,
    /// Utterances when the goal was reached.
    goal_at: Option<usize>,
    error: Option<String>,
    failure: Option<OpusError>,
    hung_up: bool,
    /// Counts what models consume, where any is at work.
    metering: Option<Metering>,
}

/// How many utterances may still follow once the goal of a call without a course is reached: a goodbye each.
const AFTER_GOAL: usize = 4;
/// A provider that owes an answer for so long hangs, or is far too slow for a conversation.
const UNANSWERED: Duration = Duration::from_secs(10);
/// A conversation that is under way looks at the outside this often.
const LOOK_UP: Duration = Duration::from_millis(20);

/// Holds a conversation in real time. Dropping the future, or setting `cancel`, ends it in order.
pub async fn converse(
    config: ConversationConfig,
    cancel: Arc<AtomicBool>,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Summary, ConverseError> {
    let folder = config.folder.clone();
    let runtime = Handle::current();
    let mut lines = prepare(&config, &cancel).await;
    let thread = tokio::task::spawn_blocking(move || {
        let (answers, inbox) = channel(WAITING);
        let awaited = Awaited::default();
        let metering = Metering::new(&config.providers, config.prices.clone());
        let runners = [0, 1].map(|side| {
            let (way_back, providers) = (WayBack { side, answers: answers.clone() }, config.providers[side].clone());
            LiveRunner::new((runtime.clone(), way_back), providers, config.cast.clone(), awaited.clone())
                .with_line(lines[side].take())
                .metered(metering.meters[side].clone())
        });
        let models = config.models.clone();
        let recognisers =
            config.listen_back.then(|| Recognisers::new(runtime.clone(), &config.providers, &metering.meters));
        hold(config, (runners, recognisers), progress, |duet| {
            duet.tap.metering = Some(metering);
            let over_at = live(duet, (&runtime, inbox), &cancel)?;
            duet.tap.error = duet.tap.error.take().or_else(|| unanswered(duet.ended(), &awaited, over_at, &models));
            Ok(())
        })
    });
    thread.await.map_err(|_| ConverseError::Defect { folder })?
}

/// Lets the models prepare before the call begins, so that nobody waits for it in the call; opens the lines to those that
/// hear and speak.
async fn prepare(
    config: &ConversationConfig,
    cancel: &AtomicBool,
) -> [Option<Result<RealtimeConnection, ModelError>>; 2] {
    let one = async |side: Side| match &config.providers[casting::index(side)].models {
        Models::Cascade(models) => {
            models.llm.prewarm(&config.cast.instructions(side)).await;
            None
        }
        Models::Realtime(model) => Some(model.connect(realtime_config(config, side)).await),
    };
    let cancelled = async {
        while !cancel.load(Ordering::Relaxed) {
            tokio::time::sleep(LOOK_UP).await;
        }
    };
    tokio::select! {
        (support, customer) = futures::future::join(one(Side::Support), one(Side::Customer)) => [support, customer],
        () = cancelled => [None, None],
    }
}

fn realtime_config(config: &ConversationConfig, side: Side) -> RealtimeConfig {
    let (session, providers) = (party(config, side), &config.providers[casting::index(side)]);
    RealtimeConfig {
        instructions: session.instructions,
        tools: session.tools.iter().cloned().chain([duologue_voice::end_call()]).collect(),
        voice: providers.voice.clone(),
        speed: providers.speed,
        language: providers.language.clone(),
        // A reply can be prepared while the rest of the silence passes that makes the end of a turn.
        stretch_silence: session.endpointing.min_delay * 3 / 5,
    }
}

/// One party's side, with the brain that its models are.
fn party(config: &ConversationConfig, side: Side) -> SessionConfig {
    let mut party = casting::session_config(&config.cast, side, config.seed, config.temperature);
    let place = casting::index(side);
    match &config.providers[place].models {
        Models::Cascade(models) => party.hearing.streaming = models.stt.streaming().is_some(),
        Models::Realtime(_) => {
            let model = config.models[place].get("realtime").cloned().unwrap_or_default();
            party.brain = Brain::Realtime(Realtime { model });
        }
    }
    party
}

/// The same with providers that answer in virtual time: as fast as the machine can.
pub fn simulate<R: EffectRunner>(
    config: ConversationConfig,
    runners: [R; 2],
    progress: impl FnMut(Progress),
) -> Result<Summary, ConverseError> {
    hold(config, (runners, None), progress, |duet| {
        while let Some(at) = duet.next() {
            duet.advance(at)?;
            after_step(duet, at);
        }
        Ok(())
    })
}

fn hold<R: EffectRunner, P: FnMut(Progress)>(
    config: ConversationConfig,
    (runners, recognisers): ([R; 2], Option<Recognisers>),
    progress: P,
    drive: impl FnOnce(&mut Duet<R, Keeper<P>>) -> Result<(), ConverseError>,
) -> Result<Summary, ConverseError> {
    let mut summary = first_summary(&config);
    let writer = FolderWriter::create(&config.folder, &summary)?;
    writer.replace_json(names::SCENARIO, config.cast.as_ref());
    let keeper = Keeper::new(&config, writer, progress)?;
    let parties = [Side::Support, Side::Customer].map(|side| party(&config, side));
    let duet_config = DuetConfig {
        codec: config.codec,
        links: [LinkConfig::IN_PROCESS; 2],
        limits: casting::limits(&config.cast, config.duration),
        seed: config.seed,
    };
    let mut duet = Duet::new(duet_config, parties, runners, keeper)?;
    let driven = drive(&mut duet);
    let ending = duet.ended();
    if let Err(e) = &driven {
        duet.tap.error.get_or_insert(e.to_string());
    }
    finish(&mut summary, duet.tap, ending, recognisers.as_ref())?;
    driven?;
    Ok(summary)
}

/// Sleeps until something is due or an answer comes, and does it. Returns when it was over.
fn live<R: EffectRunner, P: FnMut(Progress)>(
    duet: &mut Duet<R, Keeper<P>>,
    (runtime, mut inbox): (&Handle, Receiver<Answer>),
    cancel: &AtomicBool,
) -> Result<Mono, ConverseError> {
    let began = Instant::now();
    let clock = || Mono(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
    while let Some(due) = duet.next() {
        let wait = due.since(clock()).min(LOOK_UP);
        if let Ok(Some((side, input))) = runtime.block_on(async { timeout(wait, inbox.recv()).await }) {
            duet.inject(clock(), side, input);
        }
        let now = clock();
        duet.advance(now)?;
        after_step(duet, now);
        if cancel.load(Ordering::Relaxed) {
            duet.stop(now, CloseReason::Cancelled);
        }
    }
    Ok(clock())
}

/// What a call that ended without a word is to be blamed on: a provider that owes an answer, where one does.
fn unanswered(
    ending: Option<Ending>,
    awaited: &Awaited,
    now: Mono,
    models: &[BTreeMap<String, String>; 2],
) -> Option<String> {
    let patience = match ending?.reason {
        // Both were silent for the whole limit. Whoever thinks is not; but nothing shows that somebody's words are awaited.
        CloseReason::Inactivity => Duration::from_secs(1),
        CloseReason::DurationLimit => UNANSWERED,
        _ => return None,
    };
    let request = awaited.oldest(now, patience)?;
    let (side, stage) = (casting::side(request.side).as_str(), request.stage);
    let model = models[request.side].get(stage.key()).map_or("", String::as_str);
    let waited = now.since(request.since).as_secs();
    Some(format!(
        "the {} of the {side} agent ({model}) had not answered for {waited} s when the call ended\n  \
         help: `duologue doctor` checks models and endpoints; a machine with much else to do may be too slow for them",
        stage.name(),
    ))
}

/// What has to be looked at from outside now and then.
fn after_step<R: EffectRunner, P: FnMut(Progress)>(duet: &mut Duet<R, Keeper<P>>, now: Mono) {
    duet.tap.write_recording(now);
    if duet.tap.has_failed() {
        duet.stop(now, CloseReason::AgentError);
    } else if duet.tap.goal_is_past() {
        duet.stop(now, CloseReason::ScenarioCompleted);
    }
}

impl<P: FnMut(Progress)> Keeper<P> {
    fn new(config: &ConversationConfig, writer: FolderWriter, progress: P) -> Result<Keeper<P>, ConverseError> {
        let cast = [Side::Support, Side::Customer].map(|side| Cast {
            name: config.cast.persona(side).name.clone(),
            agent_name: config.cast.agent_name(side).to_string(),
        });
        let serial = config.seed.derive(&config.id).0 as u32;
        let (recorder, headers) = Recorder::new([&cast[0].name, &cast[1].name], serial)?;
        let keeper = Keeper {
            writer,
            recorder,
            transcriber: Transcriber::new(cast),
            progress,
            cast: config.cast.clone(),
            goal_at: None,
            error: None,
            failure: None,
            hung_up: false,
            metering: None,
        };
        keeper.append(headers);
        Ok(keeper)
    }

    fn append(&self, chunks: Vec<Chunk>) {
        for (stream, bytes) in chunks {
            match stream {
                Stream::Side(side) => self.writer.append(&names::track(casting::side(side)), bytes),
                Stream::Stereo => self.writer.append(names::STEREO, bytes),
            }
        }
    }

    fn write_recording(&mut self, now: Mono) {
        match self.recorder.advance(now) {
            Ok(chunks) => self.append(chunks),
            Err(e) => drop(self.failure.get_or_insert(e)),
        }
    }

    fn has_failed(&mut self) -> bool {
        if let Some(error) = self.writer.take_failure() {
            self.error.get_or_insert(error.to_string());
        }
        if let Some(failure) = &self.failure {
            self.error.get_or_insert(failure.to_string());
        }
        self.error.is_some()
    }

    /// A call without a course goes on after its goal is reached, so that both can say goodbye; not for ever.
    fn goal_is_past(&self) -> bool {
        let spoken = self.transcriber.transcript().utterances.iter().filter(|u| u.end_s.is_some()).count();
        !self.cast.has_course() && self.goal_at.is_some_and(|at| spoken >= at + AFTER_GOAL)
    }

    fn note_goal(&mut self, now: Mono) {
        if self.goal_at.is_none()
            && goal_reached(&self.cast, &self.transcriber.transcript().facts(now.as_secs_f64(), "", None))
        {
            self.goal_at = Some(self.transcriber.transcript().utterances.len());
        }
    }
}

impl<P: FnMut(Progress)> Tap for Keeper<P> {
    fn packet(&mut self, now: Mono, side: usize, packet: &Packet) {
        self.transcriber.sound(now, side);
        if let Err(e) = self.recorder.packet(now, side, packet) {
            self.failure.get_or_insert(e);
        }
    }

    fn event(&mut self, now: Mono, side: usize, event: &Event) {
        // Whoever was hung up on still listens to the last words, and need not find an answer to them.
        if self.hung_up && matches!(event, Event::Error { .. }) {
            return;
        }
        let line = EventLine { t: now.as_secs_f64(), side: casting::side(side), event };
        self.writer.append_json(names::EVENTS, &line);
        if matches!(event, Event::MetricsCollected { .. } | Event::UsageCollected { .. }) {
            self.writer.append_json(names::METRICS, &line);
        }
        if self.transcriber.event(now, side, event) {
            self.writer.replace_json(names::TRANSCRIPT, self.transcriber.transcript());
        }
        if let (Event::UsageCollected { usage, .. }, Some(metering)) = (event, &self.metering) {
            metering.meters[side].told(usage);
        }
        match event {
            Event::ConversationItemAdded { .. } | Event::ToolReturned { .. } => self.note_goal(now),
            Event::Closed { reason: CloseReason::AgentEnded } => self.hung_up = true,
            Event::Error { message, fatal: true } => {
                self.error.get_or_insert(message.clone());
            }
            _ => {}
        }
        (self.progress)(Progress { at: now, side: casting::side(side), event: event.clone() });
    }
}

fn first_summary(config: &ConversationConfig) -> Summary {
    let agent = |side: Side| AgentSummary {
        side,
        agent_name: config.cast.agent_name(side).to_string(),
        name: config.cast.persona(side).name.clone(),
        persona: config.cast.persona(side).background.clone(),
        models: config.models[casting::index(side)].clone(),
        voice: config.providers[casting::index(side)].voice.to_string(),
        usage: None,
    };
    let agents = [agent(Side::Support), agent(Side::Customer)];
    let guidance = notes::guidance(config.cast.has_course(), &agents);
    let notes = notes::notes(guidance, &agents);
    let start = (config.started_at.clone(), config.seed);
    Summary::begun(config.id.clone(), &config.cast, start, (agents, guidance), notes)
}

/// Closes the files and writes what came of it.
fn finish<P>(
    summary: &mut Summary,
    keeper: Keeper<P>,
    ending: Option<Ending>,
    recognisers: Option<&Recognisers>,
) -> Result<(), ConverseError>
where
    P: FnMut(Progress),
{
    let at = ending.map_or(Mono::ZERO, |e| e.at);
    summary.end_reason = ending.map(|e| e.reason);
    summary.ended_by = ending.and_then(|e| e.by).map(casting::side);
    summary.error.clone_from(&keeper.error);
    if let (Some(_), Some(CloseReason::Inactivity | CloseReason::DurationLimit)) = (&keeper.error, summary.end_reason) {
        // It was silent, or went on, because something did not work.
        summary.end_reason = Some(CloseReason::AgentError);
    }
    let (transcriber, mut writer) = (keeper.transcriber, keeper.writer);
    let folder = writer.path().to_path_buf();
    for (stream, bytes) in keeper.recorder.finish(at)? {
        let name = match stream {
            Stream::Side(side) => names::track(casting::side(side)),
            Stream::Stereo => names::STEREO.to_string(),
        };
        writer.append(&name, bytes);
    }
    writer.replace_json(names::TRANSCRIPT, transcriber.transcript());
    let written = writer.finish();
    if let Err(e) = &written {
        summary.error.get_or_insert(e.to_string());
    }
    let mut transcript = transcriber.into_transcript();
    if let (Some(recognisers), true) = (recognisers, written.is_ok() && summary.error.is_none()) {
        summary.notes.extend(recognisers.listen_to(&folder, &mut transcript)?);
    }
    if let Some(metering) = &keeper.metering {
        metering.conclude(&mut summary.agents);
    }
    let concluded = conclude(&folder, summary, &transcript, &keeper.cast);
    match keeper.error {
        // What made it fail in the first place is in the summary; what went wrong because of it would only distract.
        Some(_) => Ok(()),
        None => Ok(written.and(concluded)?),
    }
}
