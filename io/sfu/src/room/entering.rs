//! Coming into the room, and coming back.

use super::actor::Actor;
use super::client::{Client, Side, description};
use super::hearing::Hearing;
use super::link::Link;
use super::speaking::Speaking;
use super::{Entry, EntryError, OUTBOX, Return, Session};
use crate::media::LinkId;
use duologue_livekit_wire::proto::signal_request::Message as Asked;
use duologue_livekit_wire::proto::{ReconnectReason, SyncState};
use duologue_room::{Input, Join, ParticipantSid, ResumeError};
use duologue_rtc::PeerError;
use std::time::Instant;
use tokio::sync::mpsc;

impl Actor {
    /// Lets somebody in, as far as the room does.
    pub(super) fn enter(&mut self, entry: Entry) -> Result<Session, EntryError> {
        let now = Instant::now();
        let single = entry.join.single;
        let up = self.link(now)?;
        let mut down = (!single).then(|| self.link(now)).transpose()?;
        if let Some(link) = &mut down {
            link.peer.open_channels();
        }
        let (outbox, messages) = mpsc::channel(OUTBOX);
        let connection = self.around.number();
        let sid = self.room.join(self.around.clock.at(now), Join { connection, ..entry.join })?;
        self.keep(&up, &sid, Side::Up);
        down.iter().for_each(|link| self.keep(link, &sid, Side::Down));
        let client = Client {
            visitor: entry.visitor,
            outbox: Some(outbox),
            connection,
            up,
            down,
            speaking: Speaking::default(),
            hearing: Hearing::default(),
            // The first offer comes by itself.
            asked: single,
            promised: 0,
            offers: 0,
        };
        self.clients.insert(sid.clone(), client);
        self.unsettled.insert(sid.clone());
        // The answer to the join goes first.
        self.settle();
        if let Some(offer) = entry.offer.filter(|_| single) {
            self.offered(&sid, &offer);
        }
        Ok(Session { sid, connection, messages })
    }

    fn link(&self, now: Instant) -> Result<Link, PeerError> {
        let around = &self.around;
        let way = around.media.routes.way(LinkId(around.number()), self.to_datagrams.clone());
        Link::open(&around.media, way, &around.certificate, now)
    }

    /// Goes on with somebody whose signalling was lost.
    pub(super) fn come_back(&mut self, back: Return) -> Result<Session, ResumeError> {
        let now = Instant::now();
        let (sid, connection) = (back.sid, self.around.number());
        self.room.resume(self.around.clock.at(now), &sid, &back.visitor.claims.sub, connection)?;
        let client = self.clients.get_mut(&sid).ok_or(ResumeError)?;
        let (outbox, messages) = mpsc::channel(OUTBOX);
        (client.outbox, client.connection, client.visitor) = (Some(outbox), connection, back.visitor);
        (client.asked, client.promised) = (false, 0);
        self.settle();
        self.offer_again(&sid, back.reason, now);
        self.unsettled.insert(sid.clone());
        Ok(Session { sid, connection, messages })
    }

    /// With two connections, the server looks for new ways where the old ones are said to be gone; an offer that may have
    /// got lost is made once more.
    fn offer_again(&mut self, sid: &ParticipantSid, reason: ReconnectReason, now: Instant) {
        let Some(client) = self.clients.get_mut(sid) else { return };
        let Some(link) = &mut client.down else { return };
        if let Some(sdp) = link.peer.pending_offer() {
            let sdp = client.hearing.spoken_for(sdp);
            let offer = description("offer", sdp, client.offers);
            return self.send(sid, duologue_livekit_wire::proto::signal_response::Message::Offer(offer));
        }
        let gone = !matches!(reason, ReconnectReason::RrUnknown | ReconnectReason::RrSignalDisconnected);
        if gone || !link.up {
            link.peer.restart_ice();
            self.offer(sid, now);
        }
    }

    pub(super) fn signal(&mut self, from: ParticipantSid, message: Asked) {
        let now = Instant::now();
        match message {
            Asked::Offer(offer) => self.offered(&from, &offer),
            Asked::Answer(answer) => self.answered(&from, &answer, now),
            // Whoever is reached under one address needs no others (ICE-lite, RFC 8445 §2.5).
            Asked::Trickle(_) => {}
            Asked::SyncState(state) => {
                self.synchronise(&from, &state);
                self.room_hears(from, Asked::SyncState(state));
            }
            message => self.room_hears(from, message),
        }
    }

    fn room_hears(&mut self, from: ParticipantSid, message: Asked) {
        let now = self.around.clock.now();
        self.room.handle(now, Input::Signal { from, message: Box::new(message) });
    }

    /// A client that came back says what it knows: an answer of its that got lost is taken from there.
    fn synchronise(&mut self, from: &ParticipantSid, state: &SyncState) {
        let pending = self
            .clients
            .get(from)
            .filter(|client| client.down.as_ref().is_some_and(|link| link.peer.pending_offer().is_some()));
        if let (Some(client), Some(answer)) = (pending, &state.answer)
            && answer.id != 0
            && answer.id == client.offers
        {
            self.answered(from, answer, Instant::now());
        }
    }
}
