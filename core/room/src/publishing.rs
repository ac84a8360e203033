//! Tracks: announced, published once their media arrives, muted, gone.

use crate::participant::Track;
use crate::proto::request_response::{Reason, Request};
use crate::proto::signal_response::Message;
use crate::proto::{self, TrackSource, TrackType};
use crate::room::Room;
use crate::{Event, Output, ParticipantSid, TrackSid};

/// Tracks of one participant at most.
const MAX_TRACKS: usize = 32;

impl Room {
    /// Somebody announces a track, and is told its name. Announced twice, it is one track.
    pub(crate) fn add_track(&mut self, sid: &ParticipantSid, request: proto::AddTrackRequest) {
        let Some(participant) = self.participants.get_mut(sid) else { return };
        let refusal = if request.r#type() != TrackType::Audio {
            Some((Reason::UnsupportedType, "this server carries sound only"))
        } else if !participant.may_publish(request.source) {
            Some((Reason::NotAllowed, "the token does not allow to publish this source"))
        } else if participant.tracks.len() >= MAX_TRACKS {
            Some((Reason::LimitExceeded, "too many tracks; unpublish one first"))
        } else {
            None
        };
        let cid = request.cid.clone();
        if let Some(track) = participant.tracks.values().find(|track| track.cid == cid) {
            let track = Some(track.info.clone());
            return self.send(sid, Message::TrackPublished(proto::TrackPublishedResponse { cid, track }));
        }
        if let Some((reason, why)) = refusal {
            return self.answer(sid, 0, (reason, why), Some(Request::AddTrack(request)));
        }
        let letter = match request.source() {
            TrackSource::Microphone => "M",
            TrackSource::ScreenShareAudio => "S",
            _ => "",
        };
        let track = TrackSid(self.rng.id(&format!("TR_A{letter}")));
        let info = info(&track, request);
        let entry = Track { cid: cid.clone(), info: info.clone(), live: false, heard: false };
        if let Some(participant) = self.participants.get_mut(sid) {
            participant.tracks.insert(track, entry);
        }
        self.send(sid, Message::TrackPublished(proto::TrackPublishedResponse { cid, track: Some(info) }));
    }

    pub(crate) fn media_arrived(&mut self, track: &TrackSid, mid: String) {
        let Some((sid, entry)) = self.track_mut(track) else { return };
        if std::mem::replace(&mut entry.live, true) {
            return;
        }
        entry.info.mid = mid;
        let published = entry.info.clone();
        self.stale = true;
        self.announce(&sid, false);
        if let Some(publisher) = self.participants.get(&sid) {
            let event = Event::Published(Box::new(publisher.info()), Box::new(published));
            self.outputs.push_back(Output::Event(event));
        }
    }

    /// A track is gone, because its publisher ended it or (`by_server`) may not publish it any more.
    pub(crate) fn unpublish(&mut self, track: &TrackSid, by_server: bool) {
        let Some((sid, entry)) = self.track_mut(track) else { return };
        let was_live = entry.live;
        self.forget_track(track);
        if by_server {
            let gone = proto::TrackUnpublishedResponse { track_sid: track.0.clone() };
            self.send(&sid, Message::TrackUnpublished(gone));
        }
        if was_live {
            self.announce(&sid, by_server);
        }
    }

    /// Removes a track and what everybody said of it.
    pub(crate) fn forget_track(&mut self, track: &TrackSid) {
        let Some((sid, _)) = self.track_mut(track) else { return };
        let Some(publisher) = self.participants.get_mut(&sid) else { return };
        if let Some(entry) = publisher.tracks.remove(track).filter(|entry| entry.live) {
            let event = Event::Unpublished(Box::new(publisher.info()), Box::new(entry.info));
            self.outputs.push_back(Output::Event(event));
        }
        for participant in self.participants.values_mut() {
            participant.asked.remove(track);
            participant.paused.remove(track);
            participant.denied.remove(track);
        }
        self.speakers.forget_track(track);
        self.qualities.forget_track(track);
        self.stale = true;
    }
}

/// What others learn of a track; stereo and discontinuous transmission in their old fields too. Numbers that stand for
/// nothing become the first of their kind: they have no name in JSON, in which rooms are listed.
#[allow(deprecated)]
fn info(sid: &TrackSid, request: proto::AddTrackRequest) -> proto::TrackInfo {
    const OPUS: &str = "audio/opus";
    let codec = proto::SimulcastCodecInfo { mime_type: OPUS.into(), cid: request.cid.clone(), ..Default::default() };
    let (source, encryption) = (request.source().into(), request.encryption().into());
    let audio_features = request.audio_features().map(i32::from).collect();
    proto::TrackInfo {
        sid: sid.0.clone(),
        r#type: request.r#type,
        name: request.name,
        muted: request.muted,
        source,
        mime_type: OPUS.into(),
        codecs: vec![codec],
        disable_red: request.disable_red,
        encryption,
        stream: request.stream,
        audio_features,
        stereo: request.stereo,
        disable_dtx: request.disable_dtx,
        ..Default::default()
    }
}
