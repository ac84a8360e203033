//! One job: an agent in a room, from the moment it is assigned until it leaves.

mod hearing;
mod pace;
mod people;
mod teller;

use crate::brief::{Conductor, ORDERS, Order, Report, Told, Wanted};
use crate::jobs::Role;
use duologue_conversation::{Agent, Moment, Prepared};
use duologue_ids::Mono;
use duologue_media::FRAME;
use duologue_voice::{AgentState, CloseReason, EndWatch, Event, Input};
use duologue_worker::{Assigned, CloseReason as RoomOver, JoinOptions, Publication, PublishOptions, Room, RoomEvent};
use hearing::Hearing;
use pace::Pace;
use people::Present;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use teller::{Tell, Teller};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval_at};

/// How long an agent listens on once nobody is left, so that the last words are recognised too.
const LINGER: Duration = Duration::from_millis(2_500);
/// How long it waits to be told that it is over, where somebody leads the conversation.
const FORSAKEN: Duration = Duration::from_secs(30);
/// What a voice that stopped still sends: it runs out, and decoders ring on.
const RUN_OUT: usize = 3;
/// How often it shows that it has a voice, before it says anything: servers tell of a track once something came of it.
const ANNOUNCE: u64 = 5;
/// How long it waits to be heard by whoever is there, before it begins all the same.
const HEARD: Duration = Duration::from_secs(2);
/// How long the last report may take to whoever leads the conversation.
const LAST_REPORT: Duration = Duration::from_millis(200);
/// How long it waits in its room for somebody to come: as long as rooms that nobody comes to stay open.
const LONELY: Duration = Duration::from_secs(300);
/// Behind by more than this, it goes on from now: the machine slept.
const BEHIND: Duration = Duration::from_secs(1);

/// Why a job failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionFailed {
    #[error(transparent)]
    Config(#[from] duologue_voice::SessionError),
    #[error("the room could not be joined: {0}")]
    Join(#[from] duologue_worker::JoinError),
    #[error("the agent's voice could not be published: {0}")]
    Publish(#[from] duologue_worker::PublishError),
    #[error("the agent's voice could not be coded: {0}")]
    Voice(#[from] duologue_media::MouthError),
    #[error("the room ended for the agent: {0}")]
    Room(RoomOver),
    #[error("{0}")]
    Model(String),
    #[error("the preparation of the agent's models panicked")]
    Preparation,
}

/// Does a job.
pub(crate) async fn attend(job: Assigned, role: Role, models: &Handle) -> Result<(), SessionFailed> {
    let assigned = Instant::now();
    let agent = Agent::new(&role.config, models, source(&job.offer.id))?;
    let made = assigned.elapsed();
    let config = role.config.clone();
    // Reading instructions takes a small model seconds; meanwhile the room is joined.
    let preparing = models.spawn(async move { config.prepare().await });
    let options = JoinOptions { hears: role.hears.clone(), ..JoinOptions::default() };
    let (room, events) = Room::join(&job.server, &job.token, options).await?;
    let voice = room.publish(PublishOptions::default()).await?;
    let (teller, pace) = (Teller::new(room.clone(), voice.sid()), Pace::new(agent.began()));
    let attending = Attending {
        agent,
        present: Present::new(&role.hears),
        watch: EndWatch::new(role.limits.clone(), Mono::ZERO),
        role,
        job,
        room,
        voice,
        pace,
        sent: 0,
        hearing: Hearing::default(),
        teller,
        started: None,
        told_to_start: false,
        heard_by_somebody: false,
        ticks: 0,
        prepared: None,
        alone_since: None,
        closed: None,
        failure: None,
        clocks: (Instant::now(), SystemTime::now()),
    };
    let joined = assigned.elapsed() - made;
    tracing::debug!(?made, ?joined, "a session waits in its room");
    attending.run(events, preparing).await
}

/// RFC 3550 §5.1 wants it random; a job's id is.
fn source(job: &str) -> u32 {
    job.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

struct Attending {
    agent: Agent,
    role: Role,
    job: Assigned,
    room: Room,
    voice: Publication,
    pace: Pace,
    /// Packets given to it.
    sent: u64,
    hearing: Hearing,
    present: Present,
    teller: Teller,
    watch: EndWatch,
    started: Option<Instant>,
    told_to_start: bool,
    heard_by_somebody: bool,
    ticks: u64,
    prepared: Option<Prepared>,
    /// Nobody is left to talk to, since then.
    alone_since: Option<Instant>,
    closed: Option<CloseReason>,
    failure: Option<String>,
    /// The same moment by both clocks.
    clocks: (Instant, SystemTime),
}

/// What the loop woke up for.
enum Happened {
    Tick(Instant),
    Answer(Input),
    Room(Option<RoomEvent>),
    Prepared(Result<Prepared, tokio::task::JoinError>),
    Ending,
    Draining,
}

impl Attending {
    async fn run(
        mut self,
        mut events: mpsc::Receiver<RoomEvent>,
        mut preparing: JoinHandle<Prepared>,
    ) -> Result<(), SessionFailed> {
        self.teller.state(AgentState::Initializing);
        let mut clock = every_frame(Instant::now());
        let mut is_prepared = false;
        let mut draining = self.job.draining.clone();
        while self.closed.is_none() {
            // Nobody misses it; who leads a conversation has a deadline of its own.
            let is_idle = self.started.is_none() && self.role.conductor.is_none() && !self.present.anybody();
            let happened = tokio::select! {
                at = clock.tick() => Happened::Tick(at.into_std()),
                input = self.agent.answered() => Happened::Answer(input),
                event = events.recv() => Happened::Room(event),
                prepared = &mut preparing, if !is_prepared => Happened::Prepared(prepared),
                () = self.job.ends() => Happened::Ending,
                () = drains(&mut draining), if is_idle => Happened::Draining,
            };
            match happened {
                Happened::Tick(at) => {
                    if at.elapsed() > BEHIND {
                        clock = every_frame(Instant::now());
                    }
                    self.tick(at)?;
                }
                Happened::Answer(input) => self.input(input),
                Happened::Room(Some(RoomEvent::Closed(reason))) => return self.sent_away(reason).await,
                Happened::Room(Some(event)) => self.happened(event),
                Happened::Room(None) => return self.sent_away(RoomOver::Left).await,
                Happened::Prepared(prepared) => {
                    is_prepared = true;
                    self.prepared(prepared.map_err(|_| SessionFailed::Preparation)?);
                }
                Happened::Ending | Happened::Draining => self.input(Input::Close(CloseReason::Cancelled)),
            }
        }
        self.leave(clock).await
    }

    fn prepared(&mut self, prepared: Prepared) {
        self.prepared = Some(prepared);
        let (models, voice) = (self.role.config.models.clone(), self.role.config.providers.voice.to_string());
        self.report(Instant::now(), Told::Ready { models, voice });
        self.start();
    }

    /// Starts once the models are ready, and somebody is there or says so.
    fn start(&mut self) {
        // What is said before anybody hears it is lost.
        let heard = || self.heard_by_somebody || self.present.since().is_some_and(|since| since.elapsed() >= HEARD);
        let awaited = match self.role.conductor {
            Some(_) => self.told_to_start,
            None => self.present.anybody() && heard(),
        };
        if self.started.is_some() || !awaited {
            return;
        }
        let Some(prepared) = self.prepared.take() else { return };
        let now = Instant::now();
        self.started = Some(now);
        self.watch = EndWatch::new(self.role.limits.clone(), self.mono(now));
        self.agent.take(prepared);
        self.input(Input::Start);
    }

    fn tick(&mut self, at: Instant) -> Result<(), SessionFailed> {
        let (agent, hearing) = (&mut self.agent, &mut self.hearing);
        let mut gone = Vec::new();
        hearing.drain(at, |at, source, packet| agent.receive(at, source, packet), |source| gone.push(source));
        for source in gone {
            tracing::debug!(job = self.job.offer.id, heard = ?agent.ear_stats(), "a track that was heard is over");
            agent.forget(source);
        }
        if self.started.is_none() {
            self.ticks += 1;
            if self.ticks.is_multiple_of(ANNOUNCE) {
                self.agent.announce();
            }
            self.start();
        }
        let Moment { packet, level, events } = self.agent.tick(at)?;
        self.pace.put(at, packet, level);
        self.send();
        self.events(at, events);
        self.look_for_the_end(at);
        Ok(())
    }

    fn send(&mut self) {
        while let Some((packet, level)) = self.pace.take(Instant::now()) {
            self.sent += 1;
            self.voice.send(packet, Some(level));
        }
    }

    fn input(&mut self, input: Input) {
        let events = self.agent.input(input);
        self.events(Instant::now(), events);
    }

    fn events(&mut self, at: Instant, events: Vec<Event>) {
        for event in events {
            self.watch.observe(self.mono(at), 0, &event);
            self.tell(&event);
            self.report(at, Told::Event(event));
        }
    }

    /// What everybody in the room may know of an event.
    fn tell(&mut self, event: &Event) {
        match event {
            Event::AgentStateChanged { state } => self.teller.state(*state),
            Event::SpeechProgress { turn, text } => self.teller.tell(Tell::Said { turn: *turn, text: text.clone() }),
            Event::ConversationItemAdded { turn, text, .. } => {
                self.teller.tell(Tell::SaidAll { turn: *turn, text: text.clone() });
            }
            Event::Interrupted { .. } => self.pace.clear(),
            Event::UserInputTranscribed { text } => self.heard(text, false),
            Event::UserTurnCompleted { text, .. } => {
                self.heard(text, true);
                let said = Event::ConversationItemAdded { turn: 0, text: text.clone(), interrupted: false };
                self.watch.observe(self.mono(Instant::now()), 1, &said);
            }
            Event::UserStateChanged { speaking } => {
                let state = if *speaking { AgentState::Speaking } else { AgentState::Listening };
                self.watch.observe(self.mono(Instant::now()), 1, &Event::AgentStateChanged { state });
            }
            Event::Error { message, fatal } => {
                tracing::warn!(fatal, job = self.job.offer.id, "{message}");
                if *fatal {
                    self.failure.get_or_insert_with(|| message.clone());
                }
            }
            Event::Closed { reason } => self.closed = Some(*reason),
            _ => {}
        }
    }

    fn heard(&mut self, text: &str, over: bool) {
        if let Some(of) = self.hearing.speaker() {
            self.teller.tell(Tell::Heard { text: text.to_owned(), of, over });
        }
    }

    fn report(&mut self, at: Instant, told: Told) {
        let Some(Conductor { identity, key }) = self.role.conductor.clone() else { return };
        let (moment, wall) = self.clocks;
        let wall = match at.checked_duration_since(moment) {
            Some(since) => wall + since,
            None => wall - moment.duration_since(at),
        };
        let at_us = wall.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        let report = Report { key, at_us: u64::try_from(at_us).unwrap_or(u64::MAX), told };
        self.teller.tell(Tell::Report { report: Box::new(report), to: identity });
    }

    fn happened(&mut self, event: RoomEvent) {
        match event {
            RoomEvent::Audio(audio) => {
                self.report(Instant::now(), Told::Hears { identity: audio.participant.identity.clone() });
                self.hearing.add(audio);
            }
            RoomEvent::Joined(participant) => {
                self.present.came(&participant);
                self.start();
            }
            RoomEvent::Left(participant) => {
                self.present.left(&participant);
                if self.started.is_some() && !self.present.anybody() {
                    self.left_alone();
                }
            }
            RoomEvent::HeardBy(_) => self.heard_by_somebody = true,
            RoomEvent::Data { topic: Some(topic), payload, .. } if topic == ORDERS => self.ordered(&payload),
            // Calls of methods are answered with "not supported" where they are dropped.
            _ => {}
        }
    }

    fn ordered(&mut self, payload: &[u8]) {
        let Some(conductor) = &self.role.conductor else { return };
        let Ok(order) = serde_json::from_slice::<Order>(payload) else { return };
        if order.key != conductor.key {
            return tracing::warn!(
                job = self.job.offer.id,
                "somebody gave an order who does not lead the conversation"
            );
        }
        match order.wanted {
            Wanted::Start => {
                self.told_to_start = true;
                self.start();
            }
            Wanted::PeerLeft => self.left_alone(),
            Wanted::End(reason) => self.input(Input::Close(reason)),
        }
    }

    fn left_alone(&mut self) {
        if self.alone_since.is_none() {
            self.alone_since = Some(Instant::now());
            self.input(Input::PeerLeft);
        }
    }

    fn look_for_the_end(&mut self, at: Instant) {
        let patience = if self.role.conductor.is_some() { FORSAKEN } else { LINGER };
        if self.started.is_none() && self.clocks.0.elapsed() >= LONELY {
            return self.input(Input::Close(CloseReason::Inactivity));
        }
        if self.alone_since.is_some_and(|since| since.elapsed() >= patience) {
            return self.input(Input::Close(CloseReason::PeerEnded));
        }
        if self.started.is_some()
            && let Some((reason, _)) = self.watch.poll(self.mono(at))
        {
            self.input(Input::Close(reason));
        }
    }

    fn mono(&self, at: Instant) -> Mono {
        let since = at.saturating_duration_since(self.agent.began());
        Mono(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }

    /// The session is over: its voice runs out, the last reports go out, and it leaves.
    async fn leave(mut self, mut clock: Interval) -> Result<(), SessionFailed> {
        let mut ticks = 0;
        while ticks < RUN_OUT || !self.pace.is_empty() {
            let at = clock.tick().await.into_std();
            let Moment { packet, level, .. } = self.agent.tick(at)?;
            self.pace.put(at, packet, level);
            self.send();
            ticks += 1;
        }
        tracing::debug!(job = self.job.offer.id, sent = self.sent, lost = self.voice.lost(), "what it said");
        let (consumed, owed) = (self.agent.consumed(), self.agent.owed(Duration::from_secs(1)));
        self.report(Instant::now(), Told::Over { consumed, owed });
        self.teller.finish().await;
        if self.role.conductor.is_some() {
            // A server need not pass on what comes from one that it knows has left.
            tokio::time::sleep(LAST_REPORT).await;
        }
        self.room.leave().await;
        match (self.closed, self.failure) {
            (Some(CloseReason::AgentError | CloseReason::EmptyResponse), why) => {
                Err(SessionFailed::Model(why.unwrap_or_else(|| "the language model had nothing to say".to_owned())))
            }
            _ => Ok(()),
        }
    }

    /// The room is over for the agent.
    async fn sent_away(mut self, reason: RoomOver) -> Result<(), SessionFailed> {
        self.input(Input::Close(CloseReason::Cancelled));
        self.teller.finish().await;
        match reason {
            RoomOver::Left | RoomOver::RoomClosed | RoomOver::Removed => Ok(()),
            reason => Err(SessionFailed::Room(reason)),
        }
    }
}

async fn drains(draining: &mut watch::Receiver<bool>) {
    if draining.wait_for(|draining| *draining).await.is_err() {
        std::future::pending().await
    }
}

/// All sessions of the process wake at the same moments: waking up once for all of them is much cheaper than once for each.
fn every_frame(from: Instant) -> Interval {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    let first = *FIRST.get_or_init(|| from);
    let frames = from.saturating_duration_since(first).as_nanos().div_ceil(FRAME.as_nanos());
    let next = first + FRAME * u32::try_from(frames).unwrap_or(u32::MAX);
    let mut clock = interval_at(next.into(), FRAME);
    // Sound that comes late is still wanted; a session's time goes on by its frames.
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    clock
}
