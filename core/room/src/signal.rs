//! What participants ask for, checked against what they may.

use crate::proto::request_response::{Reason, Request};
use crate::proto::signal_request::Message as Asked;
use crate::proto::signal_response::Message;
use crate::proto::{self, DisconnectReason};
use crate::room::Room;
use crate::{ParticipantSid, TrackSid};
use duologue_ids::Mono;

/// Bytes of metadata, and of all attributes, at most (livekit-server's default).
const MAX_METADATA: usize = 64_000;
/// Bytes of a name at most.
const MAX_NAME: usize = 256;
/// Who of whom: entries of a publisher's list of those who may hear it.
const MAX_PERMISSIONS: usize = 10_000;

impl Room {
    pub(crate) fn signal(&mut self, now: Mono, from: &ParticipantSid, message: Asked) {
        if !self.participants.contains_key(from) {
            return;
        }
        match message {
            Asked::AddTrack(request) => self.add_track(from, request),
            Asked::Mute(request) => self.mute_own(from, &TrackSid(request.sid), request.muted),
            Asked::Subscription(request) => {
                let tracks = request.participant_tracks.iter().flat_map(|of| &of.track_sids);
                self.subscribe(from, request.track_sids.iter().chain(tracks), request.subscribe);
            }
            Asked::TrackSetting(request) => self.pause(from, request),
            Asked::SyncState(state) => self.synchronise(from, state),
            Asked::SubscriptionPermission(allows) => self.allow(from, allows),
            Asked::UpdateMetadata(request) => self.update_own(from, request),
            Asked::UpdateAudioTrack(request) => {
                let own = self.participants.get_mut(from);
                let track = own.and_then(|p| p.tracks.get_mut(&TrackSid(request.track_sid)));
                if let Some(track) = track {
                    track.info.audio_features = request.features;
                    self.announce(from, false);
                }
            }
            Asked::Leave(_) => self.take_out(from, DisconnectReason::ClientInitiated, None),
            // Clients send either, or both, and wait for the like.
            Asked::Ping(_) => self.send(from, Message::Pong(self.config.wall_ms(now))),
            Asked::PingReq(ping) => {
                let timestamp = self.config.wall_ms(now);
                let pong = proto::Pong { last_ping_timestamp: ping.timestamp, timestamp };
                self.send(from, Message::PongResp(pong));
            }
            Asked::PublishDataTrackRequest(request) => {
                let why = "this server carries no data tracks";
                self.answer(from, 0, (Reason::UnsupportedType, why), Some(Request::PublishDataTrack(request)));
            }
            // Of WebRTC, of pictures, of data tracks, or said to servers of LiveKit's cloud: not for a room of sound.
            _ => {}
        }
    }

    /// Tells somebody what became of a request.
    pub(crate) fn answer(
        &mut self,
        to: &ParticipantSid,
        request_id: u32,
        (reason, why): (Reason, &str),
        request: Option<Request>,
    ) {
        let (reason, message) = (reason.into(), why.to_owned());
        let response = proto::RequestResponse { request_id, reason, message, request };
        self.send(to, Message::RequestResponse(response));
    }

    fn mute_own(&mut self, sid: &ParticipantSid, track: &TrackSid, muted: bool) {
        let own = self.participants.get_mut(sid);
        let Some(track) = own.and_then(|participant| participant.tracks.get_mut(track)) else { return };
        if std::mem::replace(&mut track.info.muted, muted) != muted {
            self.stale = true;
            self.announce(sid, false);
        }
    }

    /// Somebody came back, and says which tracks it does not treat as the others: what it asked for while nobody listened
    /// is done now.
    fn synchronise(&mut self, sid: &ParticipantSid, state: proto::SyncState) {
        if let Some(asked) = state.subscription {
            let tracks = asked.participant_tracks.iter().flat_map(|of| &of.track_sids);
            self.subscribe(sid, asked.track_sids.iter().chain(tracks), asked.subscribe);
        }
        let track_sids = state.track_sids_disabled;
        self.pause(sid, proto::UpdateTrackSettings { track_sids, disabled: true, ..Default::default() });
    }

    fn pause(&mut self, sid: &ParticipantSid, request: proto::UpdateTrackSettings) {
        for track in request.track_sids.into_iter().map(TrackSid) {
            let known = self.publisher_of(&track).is_some();
            let Some(participant) = self.participants.get_mut(sid) else { return };
            if request.disabled && known {
                participant.paused.insert(track);
            } else {
                participant.paused.remove(&track);
            }
        }
        self.stale = true;
    }

    fn allow(&mut self, sid: &ParticipantSid, allows: proto::SubscriptionPermission) {
        let Some(participant) = self.participants.get_mut(sid) else { return };
        if allows.track_permissions.len() > MAX_PERMISSIONS {
            return self.answer(sid, 0, (Reason::LimitExceeded, "too many track permissions"), None);
        }
        participant.allows = Some(allows);
        self.stale = true;
    }

    fn update_own(&mut self, sid: &ParticipantSid, request: proto::UpdateParticipantMetadata) {
        let Some(participant) = self.participants.get(sid) else { return };
        let id = request.request_id;
        let echo = Some(Request::UpdateMetadata(request.clone()));
        if !participant.permission.can_update_metadata {
            let why = "the token does not allow to change one's own metadata";
            return self.answer(sid, id, (Reason::NotAllowed, why), echo);
        }
        let attributes = request.attributes.into_iter();
        match self.change(sid, request.name, request.metadata, attributes) {
            Ok(()) => {
                self.answer(sid, id, (Reason::Ok, ""), echo);
                self.announce(sid, true);
            }
            Err(why) => self.answer(sid, id, (Reason::LimitExceeded, why), echo),
        }
    }

    /// Changes what others learn of somebody: a name and metadata that are not empty replace the old ones, attributes
    /// are added to those there are, and removed by an empty value.
    pub(crate) fn change(
        &mut self,
        sid: &ParticipantSid,
        name: String,
        metadata: String,
        attributes: impl Iterator<Item = (String, String)>,
    ) -> Result<(), &'static str> {
        let Some(participant) = self.participants.get_mut(sid) else { return Ok(()) };
        let mut merged = participant.info.attributes.clone();
        for (key, value) in attributes {
            if value.is_empty() {
                merged.remove(&key)
            } else {
                merged.insert(key, value)
            };
        }
        if name.len() > MAX_NAME {
            return Err("a name of more than 256 bytes");
        }
        if metadata.len() > MAX_METADATA {
            return Err("metadata of more than 64,000 bytes");
        }
        if merged.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>() > MAX_METADATA {
            return Err("attributes of more than 64,000 bytes");
        }
        participant.info.attributes = merged;
        if !name.is_empty() {
            participant.info.name = name;
        }
        if !metadata.is_empty() {
            participant.info.metadata = metadata;
        }
        Ok(())
    }
}
