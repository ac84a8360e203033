//! The jobs of a worker: each is an agent in a room.

use crate::brief::{Brief, BriefError, Conductor, OURS};
use crate::session::attend;
use async_trait::async_trait;
use duologue_conversation::AgentConfig;
use duologue_voice::Limits;
use duologue_worker::{Answer, Assigned, JobHandler, Kind, Offer};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

/// Who does a job.
#[derive(Clone)]
pub struct Role {
    /// The agent.
    pub config: AgentConfig,
    /// Whose sound it hears.
    pub hears: Vec<Kind>,
    /// When it ends by itself.
    pub limits: Limits,
    /// Who leads the conversation, where somebody does.
    pub conductor: Option<Conductor>,
}

/// Finds who does a job.
#[async_trait]
pub trait Roles: Send + Sync + 'static {
    /// The agent for a job, with what its dispatch wants to be played, where it says so.
    ///
    /// # Errors
    /// There is none, for people: it becomes the job's error on the server.
    async fn role(&self, offer: &Offer, brief: Option<Brief>) -> Result<Role, String>;
}

/// Does jobs as agents: each is a session in a room, all in this process. What one does, be it a panic, leaves the others
/// untouched; models and tools work on another runtime than the sessions, so that one that blocks mutes nobody.
pub struct AgentJobs {
    roles: Arc<dyn Roles>,
    models: Handle,
}

impl AgentJobs {
    /// Agents that `roles` finds, whose models and tools work on the runtime `models`.
    pub fn new(roles: Arc<dyn Roles>, models: Handle) -> AgentJobs {
        AgentJobs { roles, models }
    }
}

#[async_trait]
impl JobHandler for AgentJobs {
    async fn offered(&self, offer: &Offer) -> Answer {
        match Answer::accept(offer) {
            Answer::Accept { identity, name, mut attributes } => {
                attributes.insert(OURS.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
                Answer::Accept { identity, name, attributes }
            }
            Answer::Reject => Answer::Reject,
        }
    }

    async fn run(&self, job: Assigned) -> Result<(), String> {
        let (id, room) = (job.offer.id.clone(), job.offer.room.clone());
        let brief = Brief::read(&job.offer.metadata).map_err(|e: BriefError| e.to_string());
        let role = match brief {
            Ok(brief) => self.roles.role(&job.offer, brief).await,
            Err(error) => Err(error),
        };
        let role = role.inspect_err(|error| tracing::warn!(job = id, room, error, "a job cannot be done"))?;
        tracing::info!(job = id, room, agent = job.offer.agent_name, "a job begins");
        let done = attend(job, role, &self.models).await.map_err(|e| e.to_string());
        match &done {
            Ok(()) => tracing::info!(job = id, room, "a job is done"),
            Err(error) => tracing::warn!(job = id, room, error, "a job failed"),
        }
        done
    }
}

/// One agent for every job, with the sound of people, telephones, connectors and agents.
pub struct OneRole {
    /// The agent.
    pub config: AgentConfig,
    /// When it ends by itself where nobody leads the conversation.
    pub limits: Limits,
}

/// Whose sound is heard where nobody says otherwise.
pub const HEARS: [Kind; 4] = [Kind::Standard, Kind::Sip, Kind::Connector, Kind::Agent];

/// One that leads a conversation has limits of its own; an agent that it forgot ends so much later.
const FORGOTTEN: Duration = Duration::from_secs(60);

impl Role {
    /// An agent, and when it ends by itself. Where somebody leads the conversation, only its duration counts, with a
    /// minute more.
    pub fn new(config: AgentConfig, limits: Limits, conductor: Option<Conductor>) -> Role {
        let limits = match conductor {
            None => limits,
            Some(_) => {
                Limits { turns: u32::MAX, duration: limits.duration.saturating_add(FORGOTTEN), silence: Duration::MAX }
            }
        };
        Role { config, hears: HEARS.to_vec(), limits, conductor }
    }
}

#[async_trait]
impl Roles for OneRole {
    async fn role(&self, _: &Offer, brief: Option<Brief>) -> Result<Role, String> {
        let conductor = brief.and_then(|brief| brief.conductor);
        Ok(Role::new(self.config.clone(), self.limits.clone(), conductor))
    }
}
