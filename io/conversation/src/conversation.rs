//! One conversation from beginning to end: the parties, the clock, the files.

use crate::agent::{AgentConfig, Prepared};
use crate::awaited::{Awaited, Owed};
use crate::casting;
use crate::folder::FolderError;
use crate::keeper::{Conclusion, Dossier, Keeper};
use crate::listening_back::Recognisers;
use crate::meter::Meter;
use crate::runner::{Answer, LiveRunner, Providers, WAITING, WayBack};
use crate::scenario::{CastScenario, Side};
use crate::summary::Summary;
use duologue_ids::{Mono, Seed};
use duologue_media::{Codec, OpusError};
use duologue_models::Quote;
use duologue_sim::{Duet, DuetConfig, DuetError, Ending, LinkConfig};
use duologue_voice::{CloseReason, EffectRunner, Event};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::timeout;

const SIDES: [Side; 2] = [Side::Support, Side::Customer];

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

impl ConversationConfig {
    /// What is known of it before its first word.
    pub fn dossier(&self) -> Dossier {
        Dossier {
            id: self.id.clone(),
            cast: self.cast.clone(),
            models: self.models.clone(),
            voices: self.providers.each_ref().map(|p| p.voice.to_string()),
            seed: self.seed,
            folder: self.folder.clone(),
            started_at: self.started_at.clone(),
        }
    }

    /// One of its two agents.
    pub fn agent(&self, side: Side) -> AgentConfig {
        let place = casting::index(side);
        let session = casting::session_config(&self.cast, side, self.seed, self.temperature);
        AgentConfig::new(session, self.providers[place].clone(), self.models[place].clone())
            .with_tools(&self.cast.scenario().tools)
    }
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
    let mut prepared = prepare(&config, &cancel).await;
    let thread = tokio::task::spawn_blocking(move || {
        let (answers, inbox) = channel(WAITING);
        let awaited = Awaited::default();
        let meters: [Meter; 2] = Default::default();
        let runners = SIDES.map(|side| {
            let place = casting::index(side);
            let way_back = WayBack { side: place, answers: answers.clone() };
            LiveRunner::new((runtime.clone(), way_back), &config.agent(side), awaited.clone())
                .with_line(std::mem::take(&mut prepared[place]))
                .metered(meters[place].clone())
        });
        let models = config.models.clone();
        let recognisers = config.listen_back.then(|| Recognisers::new(runtime.clone(), &config.providers, &meters));
        hold(config, (runners, recognisers), progress, |duet| {
            duet.tap.count(meters);
            let over_at = live(duet, (&runtime, inbox), &cancel)?;
            let ending = duet.ended();
            duet.tap.blame(|| unanswered(ending?, &awaited, over_at, &models));
            Ok(())
        })
    });
    thread.await.map_err(|_| ConverseError::Defect { folder })?
}

/// Lets the models prepare before the call begins, so that nobody waits for it in the call.
async fn prepare(config: &ConversationConfig, cancel: &AtomicBool) -> [Prepared; 2] {
    let [support, customer] = SIDES.map(|side| config.agent(side));
    let cancelled = async {
        while !cancel.load(Ordering::Relaxed) {
            tokio::time::sleep(LOOK_UP).await;
        }
    };
    tokio::select! {
        (support, customer) = futures::future::join(support.prepare(), customer.prepare()) => [support, customer],
        () = cancelled => Default::default(),
    }
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
    let keeper = Keeper::open(&config.dossier(), progress)?;
    let parties = SIDES.map(|side| config.agent(side).session);
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
        duet.tap.blame(|| Some(e.to_string()));
    }
    let summary = duet.tap.conclude(Conclusion::new(ending, config.prices).listened_to(recognisers.as_ref()))?;
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
fn unanswered(ending: Ending, awaited: &Awaited, now: Mono, models: &[BTreeMap<String, String>; 2]) -> Option<String> {
    let patience = Owed::patience(ending.reason)?;
    let request = awaited.oldest(now, patience)?;
    Some(request.owed(now, &models[request.side]).blame(casting::side(request.side)))
}

/// What has to be looked at from outside now and then.
fn after_step<R: EffectRunner, P: FnMut(Progress)>(duet: &mut Duet<R, Keeper<P>>, now: Mono) {
    duet.tap.advance(now);
    if duet.tap.has_failed() {
        duet.stop(now, CloseReason::AgentError);
    } else if duet.tap.goal_is_past() {
        duet.stop(now, CloseReason::ScenarioCompleted);
    }
}
