//! One agent that lives: a session, its models and a clock, whatever carries its sound.

use crate::awaited::{Awaited, Owed};
use crate::consumption::Consumption;
use crate::meter::Meter;
use crate::runner::{Answer, LiveRunner, Models, Providers, WAITING, WayBack};
use crate::scenario::Tool;
use duologue_ids::Mono;
use duologue_media::{Codec, EarStats, MouthError, Packet};
use duologue_models::{ModelError, RealtimeConfig, RealtimeConnection};
use duologue_tools::Toolbox;
use duologue_voice::{
    Brain, EffectRunner, Event, Input, Party, Realtime, Request, Session, SessionConfig, SessionError,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, channel};

/// What an agent is made of.
#[derive(Clone)]
pub struct AgentConfig {
    /// What it is told, and how it takes turns, with the brain that its models are.
    pub session: SessionConfig,
    /// Its models.
    pub providers: Providers,
    /// `provider/model` by stage.
    pub models: BTreeMap<String, String>,
    /// What its mocked tools answer.
    pub tools: Arc<[Tool]>,
    /// Tools that do something.
    pub toolbox: Option<Toolbox>,
}

impl AgentConfig {
    /// An agent with these models, without tools.
    pub fn new(mut session: SessionConfig, providers: Providers, models: BTreeMap<String, String>) -> AgentConfig {
        match &providers.models {
            Models::Cascade(cascade) => session.hearing.streaming = cascade.stt.streaming().is_some(),
            Models::Realtime(_) => {
                let model = models.get("realtime").cloned().unwrap_or_default();
                session.brain = Brain::Realtime(Realtime { model });
            }
        }
        AgentConfig { session, providers, models, tools: Arc::new([]), toolbox: None }
    }

    /// The same with what its tools answer; which of them its model may call says [`SessionConfig::tools`].
    #[must_use]
    pub fn with_tools(self, tools: &[Tool]) -> AgentConfig {
        AgentConfig { tools: tools.into(), ..self }
    }

    /// The same with tools that do something, which its model may call from now on. Where a mock has the name of one, the mock
    /// answers. What is offered is what the box has at this moment.
    #[must_use]
    pub fn with_toolbox(mut self, toolbox: &Toolbox) -> AgentConfig {
        let specs = toolbox.specs().into_iter().filter(|spec| self.session.tools.iter().all(|t| t.name != spec.name));
        self.session.tools = self.session.tools.iter().cloned().chain(specs).collect();
        self.session.called_off = self.session.called_off.iter().cloned().chain(toolbox.called_off()).collect();
        AgentConfig { toolbox: Some(toolbox.clone()), ..self }
    }

    /// Lets the models prepare, so that nobody waits for it in the call; opens the line to one that hears and speaks.
    pub async fn prepare(&self) -> Prepared {
        match &self.providers.models {
            Models::Cascade(models) => {
                models.llm.prewarm(&self.session.instructions).await;
                Prepared(None)
            }
            Models::Realtime(model) => Prepared(Some(model.connect(self.realtime()).await)),
        }
    }

    fn realtime(&self) -> RealtimeConfig {
        let (session, providers) = (&self.session, &self.providers);
        RealtimeConfig {
            instructions: session.instructions.clone(),
            tools: session.tools.iter().cloned().chain([duologue_voice::end_call()]).collect(),
            voice: providers.voice.clone(),
            speed: providers.speed,
            language: providers.language.clone(),
            // A reply can be prepared while the rest of the silence passes that makes the end of a turn.
            stretch_silence: session.endpointing.min_delay * 3 / 5,
        }
    }
}

/// Models that are ready for a call.
#[derive(Default)]
pub struct Prepared(pub(crate) Option<Result<RealtimeConnection, ModelError>>);

/// An agent whose session runs: packets and answers go in, packets and events come out. Its door for effects is the same
/// as that of two parties in one process; its models work as tasks, which end with it.
pub struct Agent {
    party: Party,
    runner: LiveRunner,
    inbox: Receiver<Answer>,
    awaited: Awaited,
    meter: Meter,
    models: BTreeMap<String, String>,
    began: Instant,
}

/// 20 ms of an agent.
#[derive(Debug)]
pub struct Moment {
    /// What it sends, if anything.
    pub packet: Option<Packet>,
    /// How loud that is, in dB below the loudest possible, 0 to 127.
    pub level: u8,
    /// What its session reports.
    pub events: Vec<Event>,
}

impl Agent {
    /// A session that waits for [`Input::Start`]. Its models work on `runtime`; `source` is the RTP synchronisation source
    /// of what it sends.
    ///
    /// # Errors
    /// The configuration does not work.
    pub fn new(config: &AgentConfig, runtime: &Handle, source: u32) -> Result<Agent, SessionError> {
        let session = Session::new(config.session.clone())?;
        let (answers, inbox) = channel(WAITING);
        let (awaited, meter) = (Awaited::default(), Meter::default());
        let way_back = WayBack { side: 0, answers };
        let runner = LiveRunner::new((runtime.clone(), way_back), config, awaited.clone()).metered(meter.clone());
        Ok(Agent {
            party: Party::new(session, Codec::Opus, source),
            runner,
            inbox,
            awaited,
            meter,
            models: config.models.clone(),
            began: Instant::now(),
        })
    }

    /// Takes models that are ready, before the start.
    pub fn take(&mut self, prepared: Prepared) {
        self.runner.open_line(prepared);
    }

    /// When its clock was at zero.
    pub fn began(&self) -> Instant {
        self.began
    }

    /// What it does at this moment.
    pub fn state(&self) -> duologue_voice::AgentState {
        self.party.session().state()
    }

    /// A packet of somebody arrived at `at`; `source` tells those apart who may speak at the same time.
    pub fn receive(&mut self, at: Instant, source: u32, packet: Packet) {
        self.party.receive_from(self.mono(at), source, packet);
    }

    /// How well the packets of the first source arrive.
    pub fn ear_stats(&self) -> EarStats {
        self.party.ear_stats()
    }

    /// Nothing more comes from this source.
    pub fn forget(&mut self, source: u32) {
        self.party.forget(source);
    }

    /// The next answer of its models, for [`Agent::input`]. Safe to drop and call again.
    pub async fn answered(&mut self) -> Input {
        match self.inbox.recv().await {
            Some((_, input)) => input,
            // Its own runner holds the other end.
            None => std::future::pending().await,
        }
    }

    /// Anything but sound.
    pub fn input(&mut self, input: Input) -> Vec<Event> {
        let now = self.mono(Instant::now());
        let requests = self.party.input(now, input);
        self.serve(now, requests)
    }

    /// 20 ms, the first of them at [`Agent::began`] or later: hear, think, speak. `at` goes on by 20 ms each time.
    ///
    /// # Errors
    /// What it says can't be coded.
    pub fn tick(&mut self, at: Instant) -> Result<Moment, MouthError> {
        let now = self.mono(at);
        let (packet, requests) = self.party.tick(now)?;
        Ok(Moment { packet, level: self.party.level(), events: self.serve(now, requests) })
    }

    /// Lets the next 20 ms be sent even if it says nothing, so that a room learns of its voice.
    pub fn announce(&mut self) {
        self.party.announce();
    }

    /// What its models consumed so far.
    pub fn consumed(&self) -> Consumption {
        self.meter.read()
    }

    /// The answer that its models owe for the longest time, where that is `at_least` so long.
    pub fn owed(&self, at_least: Duration) -> Option<Owed> {
        let now = self.mono(Instant::now());
        Some(self.awaited.oldest(now, at_least)?.owed(now, &self.models))
    }

    fn mono(&self, at: Instant) -> Mono {
        Mono(u64::try_from(at.saturating_duration_since(self.began).as_nanos()).unwrap_or(u64::MAX))
    }

    fn serve(&mut self, now: Mono, requests: Vec<Request>) -> Vec<Event> {
        let mut events = Vec::new();
        for request in requests {
            match request {
                Request::Event(event) => {
                    if let Event::UsageCollected { usage, .. } = &event {
                        self.meter.told(usage);
                    }
                    events.push(event);
                }
                // A live runner answers through the inbox.
                Request::Effect(effect) => drop(self.runner.perform(now, effect)),
            }
        }
        events
    }
}
