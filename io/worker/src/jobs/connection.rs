//! The line of a worker to its server (`/agent`, LiveKit's `agentservice.go`).

use super::job::{Answer, JobHandler, Offer};
use super::running::Running;
use super::worker::{RegisterError, Standing, WorkerConfig};
use crate::net::refusal::ConnectError;
use crate::net::server::Server;
use crate::net::socket::Socket;
use crate::net::{unix_millis, unix_seconds};
use duologue_livekit_wire::proto::server_message::Message as Said;
use duologue_livekit_wire::proto::worker_message::Message as Say;
use duologue_livekit_wire::proto::{
    AvailabilityResponse, JobAssignment, JobStatus, MigrateJobRequest, RegisterWorkerRequest, ServerMessage,
    UpdateJobStatus, UpdateWorkerStatus, WorkerMessage, WorkerPing, WorkerStatus,
};
use duologue_livekit_wire::token::{self, VideoGrants};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// How often the server hears how busy we are, as LiveKit's own workers do it.
const STATUS: Duration = Duration::from_millis(2_500);
/// How long the server may say nothing.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a handler may think about an offer; the server waits for ten seconds.
const THINK: Duration = Duration::from_secs(8);
/// How long an assignment may take after an acceptance (LiveKit's workers wait 7.5 s).
const ASSIGN: Duration = Duration::from_millis(7_500);
/// The longest wait between attempts to register again.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How long jobs that were asked to end may take.
const ENDING: Duration = Duration::from_secs(10);

/// What the handle wants.
pub(super) enum Order {
    Drain,
    Stop,
}

/// A worker's line, and its jobs, which outlive the line.
pub(super) struct Connection {
    config: WorkerConfig,
    handler: Arc<dyn JobHandler>,
    socket: Option<Socket>,
    id: String,
    running: Running,
    /// Jobs that were accepted and not assigned yet.
    accepted: BTreeMap<String, Instant>,
    answers: mpsc::UnboundedSender<(Offer, Answer)>,
    answered: mpsc::UnboundedReceiver<(Offer, Answer)>,
    /// What the server has to be told once there is a line again.
    untold: Vec<UpdateJobStatus>,
    heard: Instant,
    draining: Option<Instant>,
    standing: watch::Sender<Standing>,
}

impl Connection {
    pub(super) fn new(config: WorkerConfig, handler: Arc<dyn JobHandler>) -> Connection {
        let (answers, answered) = mpsc::unbounded_channel();
        Connection {
            config,
            handler,
            socket: None,
            id: String::new(),
            running: Running::new(),
            accepted: BTreeMap::new(),
            answers,
            answered,
            untold: Vec::new(),
            heard: Instant::now(),
            draining: None,
            standing: watch::Sender::new(Standing::Stopped),
        }
    }

    pub(super) fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Opens the line and registers; jobs that are under way are named to the server.
    pub(super) async fn register(&mut self) -> Result<(), RegisterError> {
        let config = &self.config;
        let mut claims = token::claims(&config.key, "", unix_seconds(), Duration::from_secs(3_600));
        claims.video = VideoGrants { agent: true, ..Default::default() };
        let token = token::sign(&claims, &config.secret)?;
        let mut socket = Socket::open(&config.server, "agent", "protocol=1", &token).await?;
        let register = RegisterWorkerRequest {
            r#type: config.kind.wire().into(),
            agent_name: config.agent_name.clone(),
            version: env!("CARGO_PKG_VERSION").into(),
            allowed_permissions: Some(config.permissions()),
            ..Default::default()
        };
        socket.send(&WorkerMessage { message: Some(Say::Register(register)) }).await?;
        let Some(Said::Register(registered)) = socket.first::<ServerMessage>().await?.message else {
            return Err(socket.foreign("its first message registers nobody").into());
        };
        self.id = registered.worker_id;
        self.socket = Some(socket);
        self.heard = Instant::now();
        self.accepted.clear();
        let job_ids = self.running.ids();
        if !job_ids.is_empty() {
            self.say(Say::MigrateJob(MigrateJobRequest { job_ids })).await;
        }
        for update in std::mem::take(&mut self.untold) {
            self.say(Say::UpdateJob(update)).await;
        }
        self.report().await;
        Ok(())
    }

    pub(super) async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut status = interval(STATUS);
        status.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.is_done() {
            if self.socket.is_none() {
                let ending = self.register_again(&mut orders).await;
                if ending {
                    break;
                }
                continue;
            }
            tokio::select! {
                said = hear(&mut self.socket) => self.hear(said).await,
                Some(ended) = self.running.endings.recv() => self.ended(ended).await,
                Some((offer, answer)) = self.answered.recv() => self.answer(offer, answer).await,
                order = orders.recv() => match order {
                    Some(Order::Drain) => self.drain().await,
                    Some(Order::Stop) | None => break,
                },
                _ = status.tick() => self.tick().await,
            }
        }
        self.finish().await;
    }

    fn is_done(&self) -> bool {
        self.draining.is_some_and(|since| self.running.count() == 0 || since.elapsed() > self.config.drain)
    }

    /// Tries to register until it works; true where the worker is to end instead.
    async fn register_again(&mut self, orders: &mut mpsc::Receiver<Order>) -> bool {
        for attempt in 0u32.. {
            let wait = Duration::from_secs(u64::from(attempt) * 2).min(WAIT_MAX);
            tokio::select! {
                () = sleep(wait) => {}
                Some(ended) = self.running.endings.recv() => {
                    self.ended(ended).await;
                    if self.is_done() {
                        return true;
                    }
                    continue;
                }
                order = orders.recv() => match order {
                    Some(Order::Drain) => {
                        self.draining = Some(Instant::now());
                        self.running.drain();
                        if self.is_done() {
                            return true;
                        }
                    }
                    Some(Order::Stop) | None => return true,
                },
            }
            match self.register().await {
                Ok(()) => return false,
                Err(error) => {
                    tracing::warn!(%error, attempt, "the worker could not register again");
                    self.standing.send_replace(Standing::Reconnecting(error));
                }
            }
        }
        false
    }

    async fn hear(&mut self, said: Result<Option<ServerMessage>, ConnectError>) {
        let message = match said {
            Ok(Some(message)) => message.message,
            Ok(None) => return self.lost(None),
            Err(error) => return self.lost(Some(error)),
        };
        self.heard = Instant::now();
        match message {
            Some(Said::Availability(asked)) => self.offered(Offer::of(&asked.job.unwrap_or_default())),
            Some(Said::Assignment(assignment)) => self.assigned(assignment).await,
            Some(Said::Termination(termination)) => self.running.end(&termination.job_id),
            // Signs of life, and what later versions add.
            _ => {}
        }
    }

    /// The handler thinks about an offer while the line is served.
    fn offered(&mut self, offer: Offer) {
        let full = self.running.count() + self.accepted.len() >= self.config.jobs_max as usize;
        if full || self.draining.is_some() {
            let _ = self.answers.send((offer, Answer::Reject));
            return;
        }
        self.accepted.insert(offer.id.clone(), Instant::now());
        let (handler, answers) = (Arc::clone(&self.handler), self.answers.clone());
        tokio::spawn(async move {
            let answer = timeout(THINK, handler.offered(&offer)).await.unwrap_or(Answer::Reject);
            let _ = answers.send((offer, answer));
        });
    }

    async fn answer(&mut self, offer: Offer, answer: Answer) {
        let mut response = AvailabilityResponse { job_id: offer.id.clone(), ..Default::default() };
        match answer {
            Answer::Accept { identity, name, attributes } => {
                response.available = true;
                response.participant_identity = identity;
                response.participant_name = name;
                response.participant_attributes = attributes.into_iter().collect();
                self.accepted.insert(offer.id, Instant::now());
            }
            Answer::Reject => drop(self.accepted.remove(&offer.id)),
        }
        self.say(Say::Availability(response)).await;
    }

    async fn assigned(&mut self, assignment: JobAssignment) {
        let offer = Offer::of(&assignment.job.unwrap_or_default());
        if self.accepted.remove(&offer.id).is_none() {
            return tracing::warn!(job = offer.id, "a job was assigned that was not accepted, or too late");
        }
        let server = match assignment.url.filter(|url| !url.is_empty()).map(|url| Server::new(&url)) {
            Some(Ok(server)) => server,
            Some(Err(error)) => {
                let (job_id, error) = (offer.id, error.to_string());
                let failed = UpdateJobStatus { job_id, status: JobStatus::JsFailed.into(), error };
                return self.say(Say::UpdateJob(failed)).await;
            }
            None => self.config.server.clone(),
        };
        let begun =
            UpdateJobStatus { job_id: offer.id.clone(), status: JobStatus::JsRunning.into(), error: String::new() };
        self.running.begin(&self.handler, offer, server, assignment.token);
        self.say(Say::UpdateJob(begun)).await;
        self.report().await;
    }

    async fn ended(&mut self, ended: UpdateJobStatus) {
        self.running.ended(&ended.job_id);
        if self.socket.is_some() {
            self.say(Say::UpdateJob(ended)).await;
            self.report().await;
        } else {
            self.untold.push(ended);
        }
    }

    async fn drain(&mut self) {
        self.draining = Some(Instant::now());
        self.running.drain();
        self.report().await;
    }

    async fn tick(&mut self) {
        self.accepted.retain(|_, since| since.elapsed() < THINK + ASSIGN);
        if self.heard.elapsed() > SILENCE {
            return self.lost(None);
        }
        self.say(Say::Ping(WorkerPing { timestamp: unix_millis() })).await;
        self.report().await;
    }

    /// Says how busy we are, to the server and to whoever watches.
    async fn report(&mut self) {
        let (jobs, most) = (self.running.count(), self.config.jobs_max.max(1));
        let load = jobs as f32 / most as f32;
        let full = self.draining.is_some() || load >= 1.0;
        let status = if full { WorkerStatus::WsFull } else { WorkerStatus::WsAvailable };
        self.standing.send_replace(match self.draining {
            Some(_) => Standing::Draining { jobs },
            None => Standing::Registered { id: self.id.clone(), jobs },
        });
        self.say(Say::UpdateWorker(UpdateWorkerStatus {
            status: Some(status.into()),
            load: load.min(1.0),
            job_count: u32::try_from(jobs).unwrap_or(u32::MAX),
            ..Default::default()
        }))
        .await;
    }

    async fn say(&mut self, message: Say) {
        let Some(socket) = &mut self.socket else { return };
        if let Err(error) = socket.send(&WorkerMessage { message: Some(message) }).await {
            self.lost(Some(error));
        }
    }

    fn lost(&mut self, error: Option<ConnectError>) {
        self.socket = None;
        let error = error.unwrap_or(ConnectError::Unreachable {
            url: self.config.server.url().to_owned(),
            why: "the server closed the connection".into(),
        });
        tracing::warn!(%error, "the worker lost its server");
        self.standing.send_replace(Standing::Reconnecting(error.into()));
    }

    /// Ends what still runs, tells the server, and goes.
    async fn finish(mut self) {
        self.draining.get_or_insert_with(Instant::now);
        self.report().await;
        self.running.end_all();
        let patience = Instant::now() + ENDING;
        while self.running.count() > 0 {
            let left = patience.saturating_duration_since(Instant::now());
            let Ok(Some(ended)) = timeout(left, self.running.endings.recv()).await else { break };
            self.ended(ended).await;
        }
        if let Some(socket) = self.socket.take() {
            socket.close().await;
        }
        self.standing.send_replace(Standing::Stopped);
    }
}

async fn hear(socket: &mut Option<Socket>) -> Result<Option<ServerMessage>, ConnectError> {
    match socket {
        Some(socket) => socket.next().await,
        None => std::future::pending().await,
    }
}
