//! Between LiveKit's messages about workers and the dispatcher's own types.

use crate::auth;
use crate::clock::Clock;
use duologue_dispatch::JobId;
use duologue_dispatch::{Answer, Dispatch, Input, Job, JobKind, JobStatus, JoinAs, Permissions, WorkerId, WorkerSpec};
use duologue_livekit_wire::proto::worker_message::Message as Said;
use duologue_livekit_wire::proto::{
    self, AgentDispatch, AgentDispatchState, JobState, JobType, ParticipantPermission, RegisterWorkerRequest,
    WorkerStatus,
};
use duologue_livekit_wire::token::{Claims, VideoGrants};

/// What a worker registers as.
pub(super) fn spec(request: RegisterWorkerRequest) -> WorkerSpec {
    let kind = match request.r#type() {
        JobType::JtPublisher => JobKind::Publisher,
        JobType::JtParticipant => JobKind::Participant,
        _ => JobKind::Room,
    };
    let permissions = request.allowed_permissions.map(permissions).unwrap_or_default();
    WorkerSpec { agent_name: request.agent_name, kind, deployment: request.deployment, permissions }
}

fn permissions(given: ParticipantPermission) -> Permissions {
    Permissions {
        publish: given.can_publish,
        publish_sources: auth::sources(&given.can_publish_sources),
        subscribe: given.can_subscribe,
        publish_data: given.can_publish_data,
        update_metadata: given.can_update_metadata,
        hidden: given.hidden,
    }
}

/// What a registered worker says to the dispatcher; `None` for what is not for it. A status that leaves out whether jobs
/// are taken means what the last one said (`available`).
pub(crate) fn said(worker: &WorkerId, message: Said, available: &mut bool) -> Option<Input> {
    let worker = worker.clone();
    Some(match message {
        Said::Availability(answer) => {
            let job = JobId(answer.job_id);
            let answer = if answer.terminate {
                Answer::Nothing
            } else if answer.available {
                Answer::Accept(JoinAs {
                    identity: answer.participant_identity,
                    name: answer.participant_name,
                    metadata: answer.participant_metadata,
                    attributes: answer.participant_attributes.into_iter().collect(),
                })
            } else {
                Answer::Refuse
            };
            Input::Answered { worker, job, answer }
        }
        Said::UpdateWorker(update) => {
            if let Some(status) = update.status {
                *available = status == i32::from(WorkerStatus::WsAvailable);
            }
            Input::WorkerStatus { worker, available: *available && !update.draining, load: update.load }
        }
        Said::UpdateJob(update) => {
            let status = match update.status() {
                proto::JobStatus::JsPending => JobStatus::Pending,
                proto::JobStatus::JsRunning => JobStatus::Running,
                proto::JobStatus::JsSuccess => JobStatus::Succeeded,
                proto::JobStatus::JsFailed => JobStatus::Failed,
            };
            Input::JobUpdated { worker, job: JobId(update.job_id), status, error: update.error }
        }
        Said::MigrateJob(migrate) => Input::Migrated { worker, jobs: migrate.job_ids.into_iter().map(JobId).collect() },
        _ => return None,
    })
}

/// A job, in the room as it is now.
pub(super) fn job(
    job: &Job,
    room: Option<proto::Room>,
    participant: Option<proto::ParticipantInfo>,
    clock: Clock,
) -> proto::Job {
    let kind = match job.kind {
        JobKind::Room => JobType::JtRoom,
        JobKind::Publisher => JobType::JtPublisher,
        JobKind::Participant => JobType::JtParticipant,
    };
    let status = match job.status {
        JobStatus::Pending => proto::JobStatus::JsPending,
        JobStatus::Running => proto::JobStatus::JsRunning,
        JobStatus::Succeeded => proto::JobStatus::JsSuccess,
        JobStatus::Failed => proto::JobStatus::JsFailed,
    };
    let at = |moment: Option<duologue_ids::Mono>| moment.map_or(0, |moment| clock.wall_nanos(moment));
    let state = JobState {
        status: status.into(),
        error: job.error.clone(),
        started_at: at(job.assigned),
        ended_at: at(job.ended),
        updated_at: at(job.ended.or(job.assigned).or(Some(job.created))),
        participant_identity: job.joined_as.clone().unwrap_or_default(),
        worker_id: job.worker.clone().unwrap_or_default().0,
        ..Default::default()
    };
    proto::Job {
        id: job.id.0.clone(),
        dispatch_id: job.dispatch.0.clone(),
        r#type: kind.into(),
        room: room.or_else(|| Some(proto::Room { name: job.room.clone(), ..Default::default() })),
        participant,
        metadata: job.metadata.clone(),
        agent_name: job.agent_name.clone(),
        state: Some(state),
        deployment: job.deployment.clone(),
        attributes: job.attributes.clone().into_iter().collect(),
        ..Default::default()
    }
}

/// A dispatch with its jobs.
pub(super) fn dispatch(dispatch: &Dispatch, jobs: Vec<proto::Job>, clock: Clock) -> AgentDispatch {
    let created_at = clock.wall_nanos(dispatch.created);
    AgentDispatch {
        id: dispatch.id.0.clone(),
        agent_name: dispatch.agent.name.clone(),
        room: dispatch.room.clone(),
        metadata: dispatch.agent.metadata.clone(),
        state: Some(AgentDispatchState { jobs, created_at, deleted_at: 0 }),
        deployment: dispatch.agent.deployment.clone(),
        attributes: dispatch.agent.attributes.clone().into_iter().collect(),
        ..Default::default()
    }
}

/// What the token of a job says: an agent in that room, as its worker wished, allowed what it registered for.
pub(super) fn claims(job: &Job, join_as: JoinAs, permissions: &Permissions) -> Claims {
    Claims {
        sub: join_as.identity,
        name: join_as.name,
        kind: "agent".into(),
        metadata: join_as.metadata,
        attributes: join_as.attributes.into_iter().collect(),
        video: VideoGrants {
            room_join: true,
            agent: true,
            room: job.room.clone(),
            can_publish: Some(permissions.publish),
            can_publish_sources: permissions.publish_sources.clone(),
            can_subscribe: Some(permissions.subscribe),
            can_publish_data: Some(permissions.publish_data),
            can_update_own_metadata: Some(permissions.update_metadata),
            hidden: permissions.hidden,
            ..Default::default()
        },
        ..Default::default()
    }
}
