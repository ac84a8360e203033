//! What rooms look like over the wire. LiveKit's messages stop here.

use crate::conversations::Brief;
use crate::platform::Agent;
use duologue_livekit_wire::proto::{self, JobStatus};
use duologue_worker::{Kind, Participant as Present};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

const AGENT_STATE: &str = "lk.agent.state";

/// A room.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct RoomBrief {
    /// Its name, which is its id.
    pub(crate) name: String,
    /// Seconds since 1970 at which it was made.
    pub(crate) created_at: i64,
    /// How many are in it.
    pub(crate) num_participants: u32,
    /// Who is in it, where it is looked into: `/rooms/{room}/participants` always tells.
    #[serde(default)]
    pub(crate) participants: Vec<Participant>,
    /// What its maker wrote about it.
    pub(crate) metadata: String,
}

impl From<&proto::Room> for RoomBrief {
    fn from(room: &proto::Room) -> RoomBrief {
        RoomBrief {
            name: room.name.clone(),
            created_at: room.creation_time,
            num_participants: room.num_participants,
            participants: Vec::new(),
            metadata: room.metadata.clone(),
        }
    }
}

/// Who is in a room.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Participant {
    /// Who it is; one of each in a room.
    pub(crate) identity: String,
    /// Under which it is known in this connection (`PA_…`).
    pub(crate) sid: String,
    /// What people call it; empty where it has no name.
    pub(crate) name: String,
    /// What it is.
    pub(crate) kind: ParticipantKind,
    /// `initializing`, `listening`, `thinking`, `speaking`: what an agent says of itself (attribute `lk.agent.state`).
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) agent_state: Option<String>,
    /// What it says about itself.
    pub(crate) attributes: BTreeMap<String, String>,
    /// What it sends.
    pub(crate) tracks: Vec<Track>,
}

/// What a participant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ParticipantKind {
    /// A person, or a program that passes for one.
    Standard,
    /// A stream from elsewhere.
    Ingress,
    /// A recorder of the server.
    Egress,
    /// A telephone.
    Sip,
    /// An agent.
    Agent,
    /// Another service.
    Connector,
    /// A bridge between rooms or devices.
    Bridge,
    /// One that was invented later.
    Unknown,
}

/// Something that a participant sends.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Track {
    /// Under which it is known (`TR_…`).
    pub(crate) sid: String,
    /// What its sender calls it.
    pub(crate) name: String,
    /// Whether it is sound.
    pub(crate) audio: bool,
    /// Whether nothing comes at the moment.
    pub(crate) muted: bool,
}

impl From<&Present> for Participant {
    fn from(who: &Present) -> Participant {
        let track = |track: &duologue_worker::Track| Track {
            sid: track.sid.clone(),
            name: track.name.clone(),
            audio: track.audio,
            muted: track.muted,
        };
        Participant {
            identity: who.identity.clone(),
            sid: who.sid.clone(),
            name: who.name.clone(),
            kind: match who.kind {
                Kind::Standard => ParticipantKind::Standard,
                Kind::Ingress => ParticipantKind::Ingress,
                Kind::Egress => ParticipantKind::Egress,
                Kind::Sip => ParticipantKind::Sip,
                Kind::Agent => ParticipantKind::Agent,
                Kind::Connector => ParticipantKind::Connector,
                Kind::Bridge => ParticipantKind::Bridge,
                Kind::Unknown => ParticipantKind::Unknown,
            },
            agent_state: who.attributes.get(AGENT_STATE).filter(|state| !state.is_empty()).cloned(),
            attributes: who.attributes.clone(),
            tracks: who.tracks.iter().map(track).collect(),
        }
    }
}

/// Something that was said, as an agent heard it or says it (`lk.transcription`).
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Line {
    /// Its id: a later line with the same one replaces it.
    pub(crate) segment: String,
    /// Who said it, by identity.
    pub(crate) speaker: String,
    /// What people call the speaker.
    pub(crate) name: String,
    /// What was said, so far.
    pub(crate) text: String,
    /// Whether nothing of it changes any more.
    pub(crate) is_final: bool,
    /// Seconds since 1970 at which it began.
    pub(crate) at: u64,
}

/// Loudness from 0 (silence) to 1 (full scale), on a scale of decibels, by identity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Levels(pub(crate) BTreeMap<String, f32>);

/// A room as it is now: the first event of its stream.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct RoomNow {
    /// Its name.
    pub(crate) name: String,
    /// Who is in it.
    pub(crate) participants: Vec<Participant>,
    /// What was said so far, as far as somebody watched.
    pub(crate) lines: Vec<Line>,
}

/// Everything that goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Overview {
    /// All rooms, newest first.
    pub(crate) rooms: Vec<RoomBrief>,
    /// Conversations that are being held.
    pub(crate) conversations: Vec<Brief>,
    /// Agents that run in this process.
    pub(crate) agents: Vec<Agent>,
    /// Why the rooms are not known, where they are not.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
}

/// That an agent is wanted in a room.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Dispatch {
    /// Its id (`AD_…`).
    pub(crate) id: String,
    /// Which agent.
    pub(crate) agent_name: String,
    /// In which room.
    pub(crate) room: String,
    /// What the agent is told.
    pub(crate) metadata: String,
    /// What came of it: nothing as long as no worker of that name took it.
    pub(crate) jobs: Vec<Job>,
}

/// Somebody works on a dispatch.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Job {
    /// Its id (`AJ_…`).
    pub(crate) id: String,
    /// How it stands.
    pub(crate) status: Standing,
    /// Why it failed.
    pub(crate) error: String,
    /// As whom the agent is in the room.
    pub(crate) participant_identity: String,
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// It has not begun.
    Pending,
    /// It goes on.
    Running,
    /// It ended in order.
    Success,
    /// It failed.
    Failed,
}

impl From<&proto::AgentDispatch> for Dispatch {
    fn from(dispatch: &proto::AgentDispatch) -> Dispatch {
        let job = |job: &proto::Job| {
            let state = job.state.clone().unwrap_or_default();
            Job {
                id: job.id.clone(),
                status: match state.status() {
                    JobStatus::JsPending => Standing::Pending,
                    JobStatus::JsRunning => Standing::Running,
                    JobStatus::JsSuccess => Standing::Success,
                    JobStatus::JsFailed => Standing::Failed,
                },
                error: state.error,
                participant_identity: state.participant_identity,
            }
        };
        Dispatch {
            id: dispatch.id.clone(),
            agent_name: dispatch.agent_name.clone(),
            room: dispatch.room.clone(),
            metadata: dispatch.metadata.clone(),
            jobs: dispatch.state.iter().flat_map(|state| &state.jobs).map(job).collect(),
        }
    }
}

/// Which agent is wanted.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DispatchAsked {
    /// The name under which its workers register; exactly.
    #[schema(min_length = 1, example = "support-agent")]
    pub(crate) agent_name: String,
    /// What it is told.
    #[serde(default)]
    pub(crate) metadata: String,
}

/// Who wants to join.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenAsked {
    /// What others see; a name is made up where there is none.
    #[serde(default)]
    #[schema(max_length = 80)]
    pub(crate) name: String,
}

/// What a client needs to join a room.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TokenGiven {
    /// The room server.
    #[schema(example = "ws://127.0.0.1:7880")]
    pub(crate) url: String,
    /// The access token, for one person and one room.
    pub(crate) token: String,
    /// As whom.
    pub(crate) identity: String,
    /// Seconds since 1970 until which one can join with it.
    pub(crate) expires_at: u64,
}
