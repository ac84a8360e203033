//! What happens on connections: sound is passed on, data is read, comings and goings are told to the room.

use super::actor::Actor;
use super::client::Side;
use duologue_livekit_wire::Message as _;
use duologue_livekit_wire::proto::DataPacket;
use duologue_room::{Input, ParticipantSid};
use duologue_rtc::{Channel, Event, Received, Rtp, SendError};
use std::time::Instant;

impl Actor {
    pub(super) fn happened(&mut self, sid: &ParticipantSid, side: Side, event: Event) {
        let Some(client) = self.clients.get_mut(sid) else { return };
        let receives = client.receiving_side() == side;
        let up = client.link(side).map(|link| &mut link.up);
        let participant = sid.clone();
        let input = match event {
            Event::Audio(received) => return self.audio(sid, received),
            Event::Data(channel, bytes) => return self.data(sid, channel, &bytes),
            Event::Connected | Event::Restored => {
                up.into_iter().for_each(|up| *up = true);
                Input::Connected { participant }
            }
            Event::Lost | Event::Closed(_) => {
                up.into_iter().for_each(|up| *up = false);
                Input::Disconnected { participant }
            }
            Event::Opened(Channel::Reliable) => Input::ChannelOpen { participant },
            Event::Opened(_) => return,
        };
        if receives {
            self.room.handle(self.around.clock.now(), input);
            self.settle();
        }
    }

    fn data(&mut self, from: &ParticipantSid, channel: Channel, bytes: &[u8]) {
        let reliable = match channel {
            Channel::Reliable => true,
            Channel::Lossy => false,
            // Data tracks are refused when they are announced.
            Channel::DataTrack => return,
        };
        match DataPacket::decode(bytes) {
            Ok(packet) => {
                let (now, from) = (self.around.clock.now(), from.clone());
                self.room.handle(now, Input::Data { from, reliable, packet: Box::new(packet) });
                self.settle();
            }
            Err(error) => tracing::debug!(room = self.name, participant = %from, %error, "no packet of LiveKit's"),
        }
    }

    fn audio(&mut self, from: &ParticipantSid, received: Received) {
        let Some(client) = self.clients.get_mut(from) else { return };
        let Some(sent) = client.speaking.section_mut(received.mid) else { return };
        if sent.track.is_none() {
            sent.track = self.room.track_of(from, &sent.cid).cloned();
        }
        let Some(track) = sent.track.clone() else { return };
        let now = self.around.clock.at(received.at);
        if !std::mem::replace(&mut sent.live, true) {
            let mid = received.mid.to_string();
            self.room.handle(now, Input::MediaArrived { track: track.clone(), mid });
            self.settle();
        }
        self.room.arrived(&track, received.rtp.sequence);
        let heard = received.rtp.level.and_then(|level| self.room.level(now, &track, level));
        heard.into_iter().for_each(|at| self.look_at(at));
        let Some(listeners) = self.listeners.remove(&track) else { return };
        let mut plain = None;
        for to in &listeners {
            self.pass_on(to, &track, &received.rtp, &mut plain);
        }
        self.listeners.insert(track, listeners);
    }

    /// One packet to one listener; `plain` is the packet without redundancy, made when the first needs it.
    fn pass_on(&mut self, to: &ParticipantSid, track: &duologue_room::TrackSid, rtp: &Rtp, plain: &mut Option<Rtp>) {
        let now = Instant::now();
        let Some(client) = self.clients.get_mut(to) else { return };
        if !client.receiving().up {
            return;
        }
        let side = client.receiving_side();
        let Some((mid, numbers)) = client.hearing.way_of(track) else { return };
        let Some(out) = numbers.number(rtp.clone(), now) else { return };
        self.touch(to, side, now);
        let Some(client) = self.clients.get_mut(to) else { return };
        let peer = &mut client.receiving().peer;
        if peer.send(mid, &out) != Err(SendError::NotAgreed) {
            return;
        }
        if plain.is_none() {
            *plain = rtp.plain().ok();
        }
        if let Some(plain) = plain {
            let out = Rtp { coding: plain.coding, payload: plain.payload.clone(), ..out };
            // A section that is not agreed on for Opus either is one that the client has just given up.
            let _ = peer.send(mid, &out);
        }
    }
}
