//! What the room's service may do: list, remove, mute, change, send.

use crate::participant::Participant;
use crate::proto::leave_request::Action;
use crate::proto::signal_response::Message;
use crate::proto::{self, DisconnectReason};
use crate::room::Room;
use crate::{Output, TrackSid};
use duologue_ids::Mono;
use std::collections::BTreeMap;

/// Why the service could not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// The room is over.
    #[error("the room is closed")]
    Closed,
    /// Nobody is called so.
    #[error("participant {0:?} is not in the room; list those who are")]
    NoParticipant(String),
    /// It publishes no such track.
    #[error("participant {0:?} publishes no track {1:?}; list its tracks")]
    NoTrack(String, String),
    /// Whoever is muted unmutes itself: nobody's microphone is switched on from afar. The words are livekit-server's.
    #[error("remote unmute not enabled")]
    RemoteUnmute,
    /// Longer than is allowed.
    #[error("{0}; make it shorter")]
    TooLong(&'static str),
}

/// What is to become of a participant; what is empty stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// The new name.
    pub name: String,
    /// The new metadata.
    pub metadata: String,
    /// Attributes to be added, or with an empty value removed.
    pub attributes: BTreeMap<String, String>,
    /// What it may do from now on. Whether it is hidden, a recorder or an agent stays as it was when it joined.
    pub permission: Option<proto::ParticipantPermission>,
}

impl Room {
    /// All who are in it, the hidden ones too.
    pub fn participants(&self) -> impl Iterator<Item = proto::ParticipantInfo> {
        self.participants.values().map(Participant::info)
    }

    /// Removes somebody, who may come again with a valid token.
    pub fn remove(&mut self, now: Mono, identity: &str) -> Result<(), AdminError> {
        let sid = self.known(now, identity)?.sid.clone();
        self.take_out(&sid, DisconnectReason::ParticipantRemoved, Some(Action::Disconnect));
        self.settle(now);
        Ok(())
    }

    /// Mutes a track, or asks its publisher to unmute it.
    pub fn mute(
        &mut self,
        now: Mono,
        identity: &str,
        track: &TrackSid,
        muted: bool,
    ) -> Result<proto::TrackInfo, AdminError> {
        let sid = self.known(now, identity)?.sid.clone();
        if !muted {
            return Err(AdminError::RemoteUnmute);
        }
        let own = self.participants.get_mut(&sid).and_then(|participant| participant.tracks.get_mut(track));
        let Some(own) = own else { return Err(AdminError::NoTrack(identity.to_owned(), track.0.clone())) };
        own.info.muted = muted;
        let info = own.info.clone();
        self.stale = true;
        self.send(&sid, Message::Mute(proto::MuteTrackRequest { sid: track.0.clone(), muted }));
        self.announce(&sid, true);
        self.settle(now);
        Ok(info)
    }

    /// Changes what others learn of somebody, and what it may do. Tracks that it may not publish any more are gone.
    pub fn update(&mut self, now: Mono, identity: &str, change: Change) -> Result<proto::ParticipantInfo, AdminError> {
        let sid = self.known(now, identity)?.sid.clone();
        self.change(&sid, change.name, change.metadata, change.attributes.into_iter()).map_err(AdminError::TooLong)?;
        if let (Some(new), Some(participant)) = (change.permission, self.participants.get_mut(&sid)) {
            participant.permission = with_nature_of(&participant.permission, new);
            let may_not =
                |(_, track): &(&TrackSid, &crate::participant::Track)| !participant.may_publish(track.info.source);
            let lost: Vec<_> = participant.tracks.iter().filter(may_not).map(|(track, _)| track.clone()).collect();
            lost.iter().for_each(|track| self.unpublish(track, true));
            self.stale = true;
            self.outputs.push_back(Output::Refresh { to: sid.clone() });
        }
        self.announce(&sid, true);
        self.settle(now);
        Ok(self.known(now, identity)?.info())
    }

    /// Has somebody hear tracks, or not hear them.
    pub fn update_subscriptions(
        &mut self,
        now: Mono,
        identity: &str,
        tracks: &[String],
        subscribe: bool,
    ) -> Result<(), AdminError> {
        let sid = self.known(now, identity)?.sid.clone();
        self.subscribe(&sid, tracks.iter(), subscribe);
        self.settle(now);
        Ok(())
    }

    /// Sends a packet from the server itself, to those whom it names or to all.
    pub fn send_data(&mut self, now: Mono, reliable: bool, packet: proto::DataPacket) -> Result<(), AdminError> {
        self.open(now)?;
        self.pass_on(None, reliable, packet);
        Ok(())
    }

    /// Changes the room's metadata.
    pub fn set_metadata(&mut self, now: Mono, metadata: String) -> Result<proto::Room, AdminError> {
        self.open(now)?;
        self.config.metadata = metadata;
        self.settle(now);
        Ok(self.info())
    }

    fn open(&mut self, now: Mono) -> Result<(), AdminError> {
        self.expire(now);
        if self.is_closed() { Err(AdminError::Closed) } else { Ok(()) }
    }

    pub(crate) fn known(&mut self, now: Mono, identity: &str) -> Result<&Participant, AdminError> {
        self.open(now)?;
        self.by_identity(identity).ok_or_else(|| AdminError::NoParticipant(identity.to_owned()))
    }
}

/// A new permission for somebody who stays what it is.
#[allow(deprecated)]
fn with_nature_of(
    old: &proto::ParticipantPermission,
    new: proto::ParticipantPermission,
) -> proto::ParticipantPermission {
    proto::ParticipantPermission { hidden: old.hidden, recorder: old.recorder, agent: old.agent, ..new }
}
