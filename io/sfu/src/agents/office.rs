//! The task around the dispatcher: it knows the lines of workers and the rooms, and does what is decided.

use super::{Ask, wire};
use crate::auth;
use crate::clock::Clock;
use crate::config::ApiKey;
use crate::events::ServerEvent;
use crate::room::RoomRef;
use duologue_dispatch::{Dispatch, Dispatcher, Input, Job, JobId, JobKind, JoinAs, Output, Permissions, WorkerId};
use duologue_livekit_wire::proto::participant_info::Kind;
use duologue_livekit_wire::proto::server_message::Message as Say;
use duologue_livekit_wire::proto::{
    self, AgentDispatch, AvailabilityRequest, JobAssignment, JobTermination, ParticipantInfo, ServerMessage,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, mpsc};
use tokio::time::{sleep, sleep_until};

/// How long the token of a job holds; the room gives out new ones.
const TOKEN: Duration = Duration::from_secs(3_600);
/// An agent whose job was ended has this long to leave by itself (livekit-server's).
const LEAVE: Duration = Duration::from_secs(3);

/// A worker's connection.
struct Line {
    outbox: mpsc::Sender<ServerMessage>,
    /// The key that the worker came with, whose tokens its jobs get.
    key: Arc<ApiKey>,
}

/// A room, and who is in it.
struct Site {
    room: RoomRef,
    people: HashMap<String, ParticipantInfo>,
}

pub(super) struct Office {
    dispatcher: Dispatcher,
    clock: Clock,
    events: broadcast::Sender<ServerEvent>,
    lines: HashMap<WorkerId, Line>,
    rooms: HashMap<String, Site>,
    /// Where the agents of jobs are: room and identity.
    placed: HashMap<JobId, (String, String)>,
    due: Instant,
}

impl Office {
    pub(super) fn new(dispatcher: Dispatcher, clock: Clock, events: broadcast::Sender<ServerEvent>) -> Office {
        let (lines, rooms, placed) = Default::default();
        Office { dispatcher, clock, events, lines, rooms, placed, due: Instant::now() }
    }

    /// Runs until nobody asks any more.
    pub(super) async fn run(mut self, mut asks: mpsc::UnboundedReceiver<Ask>) {
        loop {
            tokio::select! {
                ask = asks.recv() => match ask {
                    Some(ask) => self.ask(ask),
                    None => return,
                },
                () = sleep_until(self.due.into()) => self.hear(Input::Tick),
            }
            self.settle();
        }
    }

    fn ask(&mut self, ask: Ask) {
        let now = self.clock.now();
        match ask {
            Ask::Opened(room, agents) => {
                let name = room.info.borrow().name.clone();
                self.rooms.insert(name.clone(), Site { room, people: HashMap::new() });
                self.hear(Input::RoomCreated { room: name, agents });
            }
            Ask::Joined(room, who) => {
                let (identity, dependent) = (who.identity.clone(), is_dependent(&who));
                if let Some(site) = self.rooms.get_mut(&room) {
                    site.people.insert(identity.clone(), *who);
                }
                self.hear(Input::Joined { room, identity, dependent });
            }
            Ask::Heard(input) => self.hear(input),
            Ask::Register { spec, key, outbox, reply } => {
                let id = self.dispatcher.register(now, spec);
                self.lines.insert(id.clone(), Line { outbox, key });
                // The answer comes before what the worker is asked for: its socket waits for it.
                if reply.send(id.clone()).is_err() {
                    self.hear(Input::WorkerGone { worker: id });
                }
            }
            Ask::Create(room, agent, reply) => {
                let made = self.dispatcher.create(now, &room, agent);
                self.settle();
                let _ = reply.send(made.map(|id| {
                    let made = self.dispatcher.dispatches(&room).find(|dispatch| dispatch.id == id).cloned();
                    made.map(|dispatch| self.told(&dispatch)).unwrap_or_default()
                }));
            }
            Ask::Delete(room, id, reply) => {
                let as_it_was = self.dispatcher.dispatches(&room).find(|of| of.id == id).map(|of| self.told(of));
                let deleted = self.dispatcher.delete(now, &room, &id);
                let _ = reply.send(deleted.map(|_| as_it_was.unwrap_or_default()));
            }
            Ask::List(room, reply) => {
                let _ = reply.send(self.dispatcher.dispatches(&room).map(|of| self.told(of)).collect());
            }
        }
    }

    fn hear(&mut self, input: Input) {
        match &input {
            Input::RoomEnded { room } => drop(self.rooms.remove(room)),
            Input::WorkerGone { worker } => drop(self.lines.remove(worker)),
            Input::Left { room, identity } => {
                self.rooms.get_mut(room).and_then(|site| site.people.remove(identity));
            }
            _ => {}
        }
        self.dispatcher.handle(self.clock.now(), input);
    }

    fn settle(&mut self) {
        loop {
            match self.dispatcher.poll() {
                Output::Offer { worker, job } => {
                    let (id, job) = (job.id.0.clone(), Some(self.job(&job)));
                    tracing::debug!(%worker, job = id, "a job is offered");
                    self.send(&worker, Say::Availability(AvailabilityRequest { job, resuming: false }));
                }
                Output::Assign { worker, job, join_as, permissions } => {
                    self.assign(worker, &job, join_as, &permissions)
                }
                Output::Terminate { worker, job } => self.terminate(&worker, job),
                Output::Ended { job } => {
                    self.placed.remove(&job.id);
                    // Of one that never began, its dispatch is told.
                    if job.worker.is_some() {
                        tracing::info!(room = job.room, job = %job.id, status = ?job.status, error = job.error, "a job ended");
                        let _ = self.events.send(ServerEvent::JobEnded(Box::new(job)));
                    }
                }
                Output::Failed { dispatch, why } => {
                    tracing::warn!(room = dispatch.room, dispatch = %dispatch.id, %why, "an agent did not come");
                    let _ = self.events.send(ServerEvent::DispatchFailed(Box::new(dispatch), why));
                }
                Output::Timeout(at) => {
                    self.due = self.clock.instant(at);
                    return;
                }
            }
        }
    }

    fn assign(&mut self, worker: WorkerId, job: &Job, join_as: JoinAs, permissions: &Permissions) {
        let Some(line) = self.lines.get(&worker) else { return };
        let identity = join_as.identity.clone();
        let claims = wire::claims(job, join_as, permissions);
        match auth::sign(claims, &line.key, self.clock, TOKEN) {
            Ok(token) => {
                self.placed.insert(job.id.clone(), (job.room.clone(), identity));
                let job = Some(self.job(job));
                self.send(&worker, Say::Assignment(JobAssignment { job, url: None, token }));
            }
            // Its worker hears nothing, and the job is not begun: it is for its own patience to end it.
            Err(error) => tracing::error!(job = %job.id, %error, "no token for a job"),
        }
    }

    /// Ends a job at its worker, and where its agent does not leave by itself, its stay in the room.
    fn terminate(&mut self, worker: &WorkerId, job: JobId) {
        let placed = self.placed.remove(&job);
        self.send(worker, Say::Termination(JobTermination { job_id: job.0 }));
        let Some((room, identity)) = placed else { return };
        let Some(site) = self.rooms.get(&room) else { return };
        let Some(sid) = site.people.get(&identity).map(|info| info.sid.clone()) else { return };
        let room = site.room.clone();
        tokio::spawn(async move {
            sleep(LEAVE).await;
            let remove = move |room: &mut duologue_room::Room, now| {
                // Somebody else may be called so by now.
                if room.participants().any(|info| info.sid == sid) {
                    let _ = room.remove(now, &identity);
                }
            };
            room.with(remove).await
        });
    }

    /// Sends to a worker. One that does not read loses its line.
    fn send(&mut self, worker: &WorkerId, message: Say) {
        let Some(line) = self.lines.get(worker) else { return };
        if line.outbox.try_send(ServerMessage { message: Some(message) }).is_err() {
            self.hear(Input::WorkerGone { worker: worker.clone() });
        }
    }

    fn job(&self, job: &Job) -> proto::Job {
        let site = self.rooms.get(&job.room);
        let room = site.map(|site| site.room.info.borrow().clone());
        let participant = job.participant.as_ref().and_then(|identity| site?.people.get(identity)).cloned();
        wire::job(job, room, participant, self.clock)
    }

    fn told(&self, dispatch: &Dispatch) -> AgentDispatch {
        // Jobs for participants wait in case a worker of that kind comes; before one has, nobody cares.
        let jobs = dispatch.jobs.iter().filter_map(|id| self.dispatcher.job(id));
        let jobs = jobs.filter(|job| job.kind == JobKind::Room || job.worker.is_some());
        wire::dispatch(dispatch, jobs.map(|job| self.job(job)).collect(), self.clock)
    }
}

/// Agents and recorders, which get no agents of their own (`IsDependent` of livekit-server).
#[allow(deprecated)]
fn is_dependent(who: &ParticipantInfo) -> bool {
    let permission = who.permission.clone().unwrap_or_default();
    matches!(who.kind(), Kind::Agent | Kind::Egress) || permission.agent || permission.recorder
}
