//! Negotiation, tracks of ours, and what is heard of others.

use super::Driver;
use crate::net::fresh;
use crate::room::error::PublishError;
use crate::room::event::{Heard, RemoteAudio, RoomEvent, Track};
use crate::room::handle::Spoken;
use crate::room::options::PublishOptions;
use crate::room::signal::offered;
use duologue_livekit_wire::proto::signal_request::Message as Request;
use duologue_livekit_wire::proto::{
    AddTrackRequest, ParticipantTracks, SessionDescription, TrackInfo, TrackPublishedResponse, TrackSource, TrackType,
    UpdateSubscription,
};
use duologue_livekit_wire::sdp;
use duologue_rtc::{Event, Line, Received, Unpacker};
use std::collections::{BTreeMap, HashMap};
use tokio::sync::{mpsc, oneshot};

/// Packets of a track that may wait: a second.
const QUEUE: usize = 50;

/// One of the connections; with a single one it is the publisher's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Publisher,
    Subscriber,
}

/// Tracks, both ways.
#[derive(Default)]
pub(super) struct Media {
    pub(super) ours: Vec<Ours>,
    /// What comes in which section: participant and track.
    bound: BTreeMap<String, String>,
    theirs: HashMap<String, Theirs>,
    pub(super) offers: u32,
}

/// A track of ours.
pub(super) struct Ours {
    cid: String,
    options: PublishOptions,
    line: Line,
    pub(super) info: Option<TrackInfo>,
    reply: Option<oneshot::Sender<Result<(String, usize), PublishError>>>,
}

/// A track of somebody.
struct Theirs {
    packets: mpsc::Sender<Heard>,
    unpacker: Unpacker,
}

impl Media {
    pub(super) fn silence(&mut self) {
        self.theirs.clear();
    }

    /// Forgets what came in which section of a connection that is gone.
    pub(super) fn begin_anew(&mut self) {
        self.bound.clear();
        self.theirs.clear();
    }

    /// Tracks of ours, for a server that is to compare.
    pub(super) fn published(&self) -> Vec<TrackPublishedResponse> {
        let known = self.ours.iter().filter(|track| track.info.is_some());
        known.map(|track| TrackPublishedResponse { cid: track.cid.clone(), track: track.info.clone() }).collect()
    }
}

impl Driver {
    /// Sends an offer if there is something to offer, nothing is under way, and somebody listens.
    pub(super) fn offer(&mut self) {
        if self.line.is_none() || !self.publisher.peer().wants_to_offer() {
            return;
        }
        match self.publisher.ask().offer() {
            Ok(Some(sdp)) => {
                self.media.offers += 1;
                let offer = offered(sdp, self.media.offers);
                self.request(Request::Offer(offer));
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "no offer can be made"),
        }
    }

    /// Sends the offer under way again, on a line that may not know of it.
    pub(super) fn offer_again(&mut self) {
        if let Some(sdp) = self.publisher.peer().pending_offer() {
            let offer = offered(sdp.to_owned(), self.media.offers);
            self.request(Request::Offer(offer));
        }
    }

    /// The server answers our offer.
    pub(super) fn answered(&mut self, answer: SessionDescription) {
        if answer.id != 0 && answer.id != self.media.offers {
            tracing::debug!(id = answer.id, "an answer to an older offer");
            return;
        }
        if let Err(error) = self.publisher.ask().accept(&answer.sdp) {
            tracing::warn!(%error, "an answer was not accepted");
            return;
        }
        if self.subscriber.is_none() {
            self.bind(&answer);
        }
        self.agreed();
    }

    /// The server offers, on the connection for what we hear.
    pub(super) fn offered(&mut self, offer: SessionDescription) {
        let Some(link) = &mut self.subscriber else { return };
        match link.ask().answer(&offer.sdp) {
            Ok(sdp) => {
                let answer = SessionDescription { r#type: "answer".into(), sdp, id: offer.id, ..Default::default() };
                self.request(Request::Answer(answer));
                self.bind(&offer);
            }
            Err(error) => tracing::warn!(%error, "an offer was not accepted"),
        }
    }

    /// Notes which track comes in which section.
    fn bind(&mut self, description: &SessionDescription) {
        self.media.bound.clear();
        for section in sdp::sections(&description.sdp) {
            let named = description.mid_to_track_id.get(&section.mid).cloned();
            let track = named.or_else(|| section.msid.clone().map(|(_, track)| track));
            if let (true, sdp::Kind::Audio, Some(track)) = (section.direction.sends(), section.kind, track) {
                self.media.bound.insert(section.mid, track);
            }
        }
        self.settle();
    }

    /// Opens what can be heard now, and ends what no longer can.
    pub(super) fn settle(&mut self) {
        let people = &self.people;
        let bound: Vec<&String> = self.media.bound.values().collect();
        self.media.theirs.retain(|track, _| bound.contains(&track) && people.sender(track).is_some());
        let mut new = Vec::new();
        for sid in bound {
            let Some(participant) = people.sender(sid) else { continue };
            let track = participant.tracks.iter().find(|track| track.sid == *sid);
            if let Some(track) = track.filter(|_| !self.media.theirs.contains_key(sid)) {
                new.push((participant.clone(), track.clone()));
            }
        }
        for (participant, track) in new {
            let (sender, packets) = mpsc::channel(QUEUE);
            self.media.theirs.insert(track.sid.clone(), Theirs { packets: sender, unpacker: Unpacker::default() });
            self.tell(RoomEvent::Audio(RemoteAudio { participant, track, packets }));
        }
    }

    /// Asks for the sound that is wanted.
    pub(super) fn subscribe(&mut self) {
        if self.line.is_none() {
            return;
        }
        let mut of: BTreeMap<String, Vec<String>> = BTreeMap::new();
        self.people.ask().into_iter().for_each(|(participant, track)| of.entry(participant).or_default().push(track));
        if of.is_empty() {
            return;
        }
        let track_sids = of.values().flatten().cloned().collect();
        let tracks = |(participant_sid, track_sids)| ParticipantTracks { participant_sid, track_sids };
        let participant_tracks = of.into_iter().map(tracks).collect();
        self.request(Request::Subscription(UpdateSubscription { track_sids, subscribe: true, participant_tracks }));
    }

    pub(super) fn heard(&mut self, received: Received) {
        let track = self.media.bound.get(&*received.mid.to_string());
        let Some(theirs) = track.and_then(|track| self.media.theirs.get_mut(track)) else { return };
        let packets = match theirs.unpacker.unpack(&received.rtp) {
            Ok(packets) => packets,
            Err(error) => return tracing::debug!(%error, "a packet was dropped"),
        };
        for packet in packets {
            let heard = Heard { packet, at: received.at, recorded: received.recorded };
            // Who does not read loses sound, and nobody else does.
            let _ = theirs.packets.try_send(heard);
        }
    }

    pub(super) fn publish(
        &mut self,
        options: PublishOptions,
        reply: oneshot::Sender<Result<(String, usize), PublishError>>,
    ) {
        let line = Line::new(options.redundancy);
        let ours = Ours { cid: fresh("TRC"), options, line, info: None, reply: Some(reply) };
        self.add_track(&ours);
        self.media.ours.push(ours);
    }

    fn add_track(&mut self, ours: &Ours) {
        self.request(Request::AddTrack(AddTrackRequest {
            cid: ours.cid.clone(),
            name: ours.options.name.clone(),
            r#type: TrackType::Audio.into(),
            source: TrackSource::Microphone.into(),
            disable_red: !ours.options.redundancy,
            stream: "voice".into(),
            ..Default::default()
        }));
    }

    /// Asks again for every track of ours, on a connection that has none of them.
    pub(super) fn publish_again(&mut self) {
        let ours = std::mem::take(&mut self.media.ours);
        for mut track in ours {
            (track.info, track.line) = (None, Line::new(track.options.redundancy));
            self.add_track(&track);
            self.media.ours.push(track);
        }
    }

    /// Asks again for tracks whose answer may have been lost with a line.
    pub(super) fn publish_unanswered(&mut self) {
        let ours = std::mem::take(&mut self.media.ours);
        ours.iter().filter(|track| track.info.is_none()).for_each(|track| self.add_track(track));
        self.media.ours = ours;
    }

    /// The server takes a track of ours.
    pub(super) fn taken(&mut self, published: TrackPublishedResponse) {
        let Some(ours) = self.media.ours.iter_mut().find(|track| track.cid == published.cid) else { return };
        if ours.info.is_none() {
            self.publisher.ask().add_track(&ours.cid, ours.options.redundancy);
        }
        ours.info = published.track;
        self.agreed();
    }

    /// Tells whoever waits for a track that it is there.
    fn agreed(&mut self) {
        let peer = self.publisher.peer();
        for (at, track) in self.media.ours.iter_mut().enumerate() {
            if let (Some(info), Some(_)) = (&track.info, peer.mid_of(&track.cid)) {
                let sid = info.sid.clone();
                let _ = track.reply.take().map(|reply| reply.send(Ok((sid, at))));
            }
        }
    }

    pub(super) fn refused_track(&mut self, cid: &str, why: &str) {
        let Some(at) = self.media.ours.iter().position(|track| track.cid == cid) else { return };
        // Its place stays, so that the others keep their numbers.
        if let Some(reply) = self.media.ours.get_mut(at).and_then(|track| track.reply.take()) {
            let _ = reply.send(Err(PublishError::Refused(why.to_owned())));
        }
    }

    pub(super) fn speak(&mut self, spoken: Spoken) {
        let Some(track) = self.media.ours.get_mut(spoken.track) else { return };
        let Some(mid) = self.publisher.peer().mid_of(&track.cid) else { return };
        let rtp = track.line.next(spoken.packet, spoken.level);
        if let Err(error) = self.publisher.ask().send(mid, &rtp) {
            tracing::debug!(%error, "a packet of ours was dropped");
        }
    }

    pub(super) fn track(&self, sid: &str) -> Option<Track> {
        let of = |info: &&TrackInfo| info.sid == sid;
        self.media.ours.iter().filter_map(|track| track.info.as_ref()).find(of).map(Track::of)
    }

    /// Something happened on a connection.
    pub(super) fn happened(&mut self, side: Side, event: Event) {
        match event {
            Event::Audio(received) => self.heard(received),
            Event::Data(channel, bytes) => self.arrived(channel, &bytes),
            Event::Connected | Event::Restored => self.media_there(),
            Event::Lost => self.media_lost(side, "no way leads to the server"),
            Event::Closed(why) => self.media_lost(side, &why),
            Event::Opened(_) => {}
        }
    }
}
