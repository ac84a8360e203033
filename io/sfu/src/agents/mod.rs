//! Workers and what they are asked for: LiveKit's worker protocol (`/agent`) around the decisions of `duologue_dispatch`.

mod office;
mod socket;
mod wire;

pub(crate) use socket::{Desk, serve};
#[cfg(feature = "fuzzing")]
pub(crate) use wire::said;

use crate::clock::Clock;
use crate::config::ApiKey;
use crate::events::ServerEvent;
use crate::room::RoomRef;
use duologue_dispatch::{Agent, CreateError, DeleteError, DispatchId, Dispatcher, Input, WorkerId, WorkerSpec};
use duologue_ids::Seed;
use duologue_livekit_wire::proto::{self, AgentDispatch, ParticipantInfo, ServerMessage};
use duologue_room::Event;
use std::sync::Arc;
use tokio::sync::{broadcast, mpsc, oneshot};

/// What is said to the task that decides about agents. What is said is bounded by what happens in rooms and on lines of
/// workers, whose own queues are; so this one need not be, and no room ever waits for it.
pub(crate) enum Ask {
    Opened(RoomRef, Vec<Agent>),
    Joined(String, Box<ParticipantInfo>),
    Heard(Input),
    Register {
        spec: WorkerSpec,
        key: Arc<ApiKey>,
        outbox: mpsc::Sender<ServerMessage>,
        reply: oneshot::Sender<WorkerId>,
    },
    Create(String, Agent, oneshot::Sender<Result<AgentDispatch, CreateError>>),
    Delete(String, DispatchId, oneshot::Sender<Result<AgentDispatch, DeleteError>>),
    List(String, oneshot::Sender<Vec<AgentDispatch>>),
}

/// The task that decides about agents, for those who tell or ask it something.
#[derive(Clone)]
pub(crate) struct Agents(mpsc::UnboundedSender<Ask>);

impl Agents {
    /// The handle, and the task to be run.
    pub(crate) fn new(
        config: duologue_dispatch::Config,
        seed: Seed,
        clock: Clock,
        events: broadcast::Sender<ServerEvent>,
    ) -> (Agents, impl Future<Output = ()>) {
        let (to_asks, asks) = mpsc::unbounded_channel();
        let office = office::Office::new(Dispatcher::new(config, seed), clock, events);
        (Agents(to_asks), office.run(asks))
    }

    pub(crate) fn say(&self, ask: Ask) {
        // It lives as long as the server.
        let _ = self.0.send(ask);
    }

    /// Something happened in a room.
    pub(crate) fn happened(&self, room: &str, event: &Event) {
        let room = room.to_owned();
        self.say(match event {
            Event::Joined(who) => Ask::Joined(room, who.clone()),
            Event::Left(who) => Ask::Heard(Input::Left { room, identity: who.identity.clone() }),
            Event::Published(who, _) => Ask::Heard(Input::Published { room, identity: who.identity.clone() }),
            Event::Unpublished(..) => return,
            Event::Closed(_) => Ask::Heard(Input::RoomEnded { room }),
        });
    }

    /// Wishes an agent into a room that is there.
    pub(crate) async fn create(&self, room: String, agent: Agent) -> Result<AgentDispatch, CreateError> {
        let (reply, made) = oneshot::channel();
        self.say(Ask::Create(room.clone(), agent, reply));
        made.await.unwrap_or(Err(CreateError::NoRoom(room)))
    }

    pub(crate) async fn delete(&self, room: String, id: DispatchId) -> Result<AgentDispatch, DeleteError> {
        let (reply, deleted) = oneshot::channel();
        self.say(Ask::Delete(room, id.clone(), reply));
        deleted.await.unwrap_or(Err(DeleteError::NoDispatch(id)))
    }

    pub(crate) async fn list(&self, room: String) -> Vec<AgentDispatch> {
        let (reply, listed) = oneshot::channel();
        self.say(Ask::List(room, reply));
        listed.await.unwrap_or_default()
    }
}

/// An agent as a room's configuration names it.
pub(crate) fn wanted(of: proto::RoomAgentDispatch) -> Agent {
    Agent {
        name: of.agent_name,
        deployment: of.deployment,
        metadata: of.metadata,
        attributes: of.attributes.into_iter().collect(),
    }
}
