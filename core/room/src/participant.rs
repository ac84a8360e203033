//! Somebody in a room.

use crate::data::Backlog;
use crate::proto;
use crate::proto::participant_info::{Kind, State};
use crate::{Config, Join, ParticipantSid, TrackSid};
use duologue_ids::Mono;
use std::collections::{BTreeMap, BTreeSet};

/// A track that somebody publishes, or announced.
#[derive(Clone, Debug)]
pub(crate) struct Track {
    /// What its publisher calls it.
    pub(crate) cid: String,
    /// What others learn of it.
    pub(crate) info: proto::TrackInfo,
    /// Whether media has arrived.
    pub(crate) live: bool,
    /// Whether its publisher knows that somebody hears it.
    pub(crate) heard: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Participant {
    pub(crate) sid: ParticipantSid,
    /// What others learn, without tracks and permission.
    pub(crate) info: proto::ParticipantInfo,
    pub(crate) permission: proto::ParticipantPermission,
    /// The signalling connection; none while it is lost.
    pub(crate) connection: Option<u64>,
    /// Whether media is connected.
    pub(crate) connected: bool,
    pub(crate) joined: Mono,
    /// Until when it has to come back.
    pub(crate) until: Option<Mono>,
    /// When it gets a new token.
    pub(crate) refresh: Mono,
    pub(crate) tracks: BTreeMap<TrackSid, Track>,
    pub(crate) auto_subscribe: bool,
    /// Tracks asked for, or asked not to have.
    pub(crate) asked: BTreeMap<TrackSid, bool>,
    /// Tracks whose packets it does not want for now.
    pub(crate) paused: BTreeSet<TrackSid>,
    /// Tracks that it was told it may not hear.
    pub(crate) denied: BTreeSet<TrackSid>,
    /// How many sections it was last said to need.
    pub(crate) sections: usize,
    /// Who may hear its tracks; everybody while it has said nothing.
    pub(crate) allows: Option<proto::SubscriptionPermission>,
    /// The number of its last reliable packet.
    pub(crate) last_sequence: u32,
    pub(crate) channel_open: bool,
    pub(crate) backlog: Backlog,
}

impl Participant {
    pub(crate) fn new(sid: ParticipantSid, join: Join, config: &Config, now: Mono) -> Participant {
        let wall_ms = config.wall_ms(now);
        let info = proto::ParticipantInfo {
            sid: sid.0.clone(),
            identity: join.identity,
            name: join.name,
            kind: join.kind.into(),
            metadata: join.metadata,
            attributes: join.attributes.into_iter().collect(),
            state: State::Joined.into(),
            joined_at: wall_ms / 1_000,
            joined_at_ms: wall_ms,
            version: 1,
            client_protocol: join.client.client_protocol,
            capabilities: join.client.capabilities,
            ..Default::default()
        };
        Participant {
            sid,
            info,
            permission: join.permission,
            connection: Some(join.connection),
            connected: false,
            joined: now,
            until: None,
            refresh: now + config.refresh_every,
            tracks: BTreeMap::new(),
            auto_subscribe: join.auto_subscribe,
            asked: BTreeMap::new(),
            paused: BTreeSet::new(),
            denied: BTreeSet::new(),
            sections: 0,
            allows: None,
            last_sequence: 0,
            channel_open: false,
            backlog: Backlog::default(),
        }
    }

    /// What others learn.
    pub(crate) fn info(&self) -> proto::ParticipantInfo {
        let tracks: Vec<_> = self.tracks.values().filter(|track| track.live).map(|t| t.info.clone()).collect();
        proto::ParticipantInfo {
            is_publisher: !tracks.is_empty(),
            tracks,
            permission: Some(self.permission.clone()),
            ..self.info.clone()
        }
    }

    /// Whether others know of it.
    pub(crate) fn visible(&self) -> bool {
        !self.permission.hidden && !self.is_recorder()
    }

    /// Agents and recorders: they are there because of others (`IsDependent` of livekit-server).
    pub(crate) fn dependent(&self) -> bool {
        matches!(self.info.kind(), Kind::Agent | Kind::Egress) || self.is_agent() || self.is_recorder()
    }

    /// Whether it records. Deprecated in LiveKit's messages in favour of the kind, and still what recorders' tokens say.
    #[allow(deprecated)]
    pub(crate) fn is_recorder(&self) -> bool {
        self.permission.recorder
    }

    /// Whether it is an agent; its kind says so, or its token as for a recorder.
    #[allow(deprecated)]
    pub(crate) fn is_agent(&self) -> bool {
        self.info.kind() == Kind::Agent || self.permission.agent
    }

    /// Whether it has ever been connected.
    pub(crate) fn active(&self) -> bool {
        self.info.state() == State::Active
    }

    pub(crate) fn may_publish(&self, source: i32) -> bool {
        let sources = &self.permission.can_publish_sources;
        self.permission.can_publish && (sources.is_empty() || sources.contains(&source))
    }

    /// Whether this one, as a publisher, lets another hear its track.
    pub(crate) fn lets_hear(&self, who: &Participant, track: &TrackSid) -> bool {
        let Some(allows) = self.allows.as_ref().filter(|allows| !allows.all_participants) else { return true };
        let names = |to: &&proto::TrackPermission| {
            to.participant_sid == who.sid.0
                || (!to.participant_identity.is_empty() && to.participant_identity == who.info.identity)
        };
        allows.track_permissions.iter().filter(names).any(|to| to.all_tracks || to.track_sids.contains(&track.0))
    }

    /// Notes that its signalling or media was lost or is back: how long it has for what is still missing.
    pub(crate) fn note_loss(&mut self, config: &Config, now: Mono) {
        let wait = match (self.connection.is_some(), self.connected) {
            (true, true) => None,
            // It has never had media: there is a time for that.
            (true, false) if !self.active() => None,
            (false, true) => Some(config.signal_within),
            (_, false) => Some(config.resume_within),
        };
        self.until = wait.map(|wait| now + wait);
    }
}
