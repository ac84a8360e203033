//! The way of an agent to its seat: dispatched, assigned, joined, heard. A dispatch that found no worker is made again.

use crate::conduct::Step;
use crate::conduct::observer::Guest;
use duologue_conversation::scenario::Side;
use duologue_livekit_wire::proto::{AgentDispatch, CreateAgentDispatchRequest, JobStatus};
use duologue_worker::{Api, ApiError};
use std::time::{Duration, Instant};

/// A dispatch without a job for so long found no worker: livekit-server takes its time until it tells of one.
const NOBODY: Duration = Duration::from_secs(3);
/// A job that nobody took for so long never will be: livekit-server waits ten seconds for an answer, and asks nobody else.
const UNANSWERED: Duration = Duration::from_secs(12);
/// The first wait between dispatches, and the longest.
const AGAIN: Duration = Duration::from_millis(500);
const AGAIN_MAX: Duration = Duration::from_secs(5);

/// One agent's seat.
pub(super) struct Seat {
    pub(super) side: Side,
    pub(super) agent_name: String,
    metadata: String,
    dispatch: Option<(String, Instant)>,
    /// Who took the job.
    pub(super) identity: Option<String>,
    due: Instant,
    wait: Duration,
    told_nobody: bool,
    /// The error of its last job.
    trouble: Option<String>,
}

impl Seat {
    pub(super) fn new(side: Side, agent_name: &str, metadata: String) -> Seat {
        Seat {
            side,
            agent_name: agent_name.to_owned(),
            metadata,
            dispatch: None,
            identity: None,
            due: Instant::now(),
            wait: AGAIN,
            told_nobody: false,
            trouble: None,
        }
    }

    /// Dispatches the agent, where that is due.
    pub(super) async fn dispatch(&mut self, api: &Api, room: &str) -> Result<Option<Step>, ApiError> {
        if self.dispatch.is_some() || Instant::now() < self.due {
            return Ok(None);
        }
        let request = CreateAgentDispatchRequest {
            agent_name: self.agent_name.clone(),
            room: room.to_owned(),
            metadata: self.metadata.clone(),
            ..Default::default()
        };
        let made = api.create_dispatch(request).await?;
        self.dispatch = Some((made.id, Instant::now()));
        let again = self.told_nobody || self.trouble.is_some();
        Ok((!again).then(|| Step::Dispatched { side: self.side, agent_name: self.agent_name.clone() }))
    }

    /// Looks at what became of its dispatch; one to be removed is returned, since another one follows it.
    pub(super) fn look(&mut self, dispatches: &[AgentDispatch]) -> (Option<Step>, Option<String>) {
        let Some((id, since)) = self.dispatch.clone() else { return (None, None) };
        let is_there = self.identity.is_some();
        let Some(dispatch) = dispatches.iter().find(|dispatch| dispatch.id == id) else { return (None, None) };
        let mut jobs = dispatch.state.iter().flat_map(|state| &state.jobs).filter_map(|job| job.state.as_ref());
        if let Some(failed) = jobs.clone().find(|state| state.status() == JobStatus::JsFailed) {
            self.identity = None;
            self.trouble = Some(failed.error.clone());
            let step = Step::JobFailed { side: self.side, error: failed.error.clone() };
            return (Some(step), self.once_more());
        }
        if let Some(taken) = jobs.find(|state| !state.participant_identity.is_empty()) {
            self.identity = Some(taken.participant_identity.clone());
            return (None, None);
        }
        if is_there {
            return (None, None);
        }
        let nobody = dispatch.state.as_ref().is_none_or(|state| state.jobs.is_empty());
        let patience = if nobody { NOBODY } else { UNANSWERED };
        if since.elapsed() < patience {
            return (None, None);
        }
        let first = !std::mem::replace(&mut self.told_nobody, true);
        let step = first.then(|| Step::NoWorker { side: self.side, agent_name: self.agent_name.clone() });
        (step, self.once_more())
    }

    /// Its agent is in the room already: servers tell that sooner than what became of a dispatch.
    pub(super) fn came(&mut self, identity: String) {
        self.identity = Some(identity);
    }

    fn once_more(&mut self) -> Option<String> {
        self.due = Instant::now() + self.wait;
        self.wait = (self.wait * 2).min(AGAIN_MAX);
        self.dispatch.take().map(|(id, _)| id)
    }

    pub(super) fn dispatch_id(&self) -> Option<&str> {
        self.dispatch.as_ref().map(|(id, _)| id.as_str())
    }

    /// What it is that keeps it away, for people, after `waited`.
    pub(super) fn missing(&self, guest: &Guest, other: &Guest, waited: Duration) -> Option<String> {
        let Seat { side, agent_name, .. } = self;
        let why = match (&self.identity, &self.trouble) {
            _ if guest.is_ready(other) => return None,
            (None, Some(error)) => format!("its job failed: {error}"),
            (None, None) => {
                "no worker serves this name; is one running, on this server, under exactly this name?".into()
            }
            _ if !guest.is_there() => "a worker took the job, and nobody joined; see the worker's log".into(),
            _ if !guest.is_heard() => "it joined and published no sound; see the worker's log".into(),
            _ if !guest.is_prepared() => "it joined, and its models are not ready; see the worker's log".into(),
            // Then it is the other one that is missing.
            _ if !other.is_heard() => return None,
            _ => "it joined, and does not hear the other one; does it hear participants that are agents?".into(),
        };
        Some(format!("the {side} agent (`{agent_name}`) did not come within {} s: {why}", waited.as_secs()))
    }
}
