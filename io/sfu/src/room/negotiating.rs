//! Offers and answers. With one connection the client offers, and is asked to where something has changed; with two, it
//! offers what it sends and we offer what it hears.

use super::actor::Actor;
use super::client::{Side, description};
use super::describe::{Says, rewritten};
use super::hearing::Hearing;
use duologue_livekit_wire::proto::signal_response::Message;
use duologue_livekit_wire::proto::{MediaSectionsRequirement, SessionDescription};
use duologue_livekit_wire::sdp::{self, Direction, Kind};
use duologue_room::{Input, ParticipantSid, ResumeError};
use std::time::Instant;

/// Sections of one client at most: what it asks for beyond is not heard.
const SECTIONS_MAX: usize = 256;

impl Actor {
    /// Has somebody's sections negotiated where they are not what they should be.
    pub(super) fn negotiate(&mut self, sid: &ParticipantSid, now: Instant) {
        let Some(client) = self.clients.get_mut(sid) else { return };
        if client.down.is_some() {
            return self.offer(sid, now);
        }
        if client.hearing.is_told() || client.asked || client.outbox.is_none() {
            return;
        }
        let there = client.hearing.usable().max(client.promised);
        let missing = client.hearing.count().min(SECTIONS_MAX).saturating_sub(there);
        (client.asked, client.promised) = (true, there + missing);
        let num_audios = u32::try_from(missing).unwrap_or(u32::MAX);
        let ask = MediaSectionsRequirement { num_audios, num_videos: 0 };
        self.send(sid, Message::MediaSectionsRequirement(ask));
    }

    /// The client offers.
    pub(super) fn offered(&mut self, sid: &ParticipantSid, offer: &SessionDescription) {
        let Some(client) = self.clients.get_mut(sid) else { return };
        let single = client.down.is_none();
        let asked: Vec<_> =
            sdp::sections(&offer.sdp).into_iter().filter(|section| section.direction == Direction::RecvOnly).collect();
        if single {
            let sound = asked.iter().filter(|section| section.kind == Kind::Audio).take(SECTIONS_MAX);
            client.hearing.offered(&sound.map(|section| section.mid.clone()).collect::<Vec<_>>());
            let changes = client.hearing.describe(0);
            changes.again.into_iter().for_each(|mid| client.up.peer.renew_source(mid));
            (client.asked, client.promised) = (false, 0);
        }
        let answer = match client.up.peer.answer(&offer.sdp) {
            Ok(answer) => answer,
            Err(error) => return tracing::warn!(room = self.name, participant = %sid, %error, "an offer was refused"),
        };
        client.up.described(&answer);
        let ended = client.speaking.offered(offer);
        let mut answer = description("answer", answer, offer.id);
        if single {
            let hearing = &client.hearing;
            answer.sdp = rewritten(&answer.sdp, |mid| match hearing.says(mid) {
                Says::AsItIs if asked.iter().any(|section| section.mid == mid) => Says::Inactive,
                says => says,
            });
            let told = hearing.sections().iter().filter_map(|s| Some((s.name.clone(), s.told.clone()?.0)));
            answer.mid_to_track_id = told.collect();
        }
        tracing::trace!(room = self.name, participant = %sid, offer = offer.sdp, answer = answer.sdp, "an answer");
        self.touch(sid, Side::Up, Instant::now());
        self.send(sid, Message::Answer(answer));
        for track in ended {
            self.room.handle(self.around.clock.now(), Input::MediaEnded { track });
        }
        // What found no section is asked for again.
        self.unsettled.insert(sid.clone());
    }

    /// Offers what a client with two connections is to hear, one offer at a time.
    pub(super) fn offer(&mut self, sid: &ParticipantSid, now: Instant) {
        let Some(client) = self.clients.get_mut(sid) else { return };
        let Some(link) = &mut client.down else { return };
        if link.peer.pending_offer().is_some() || client.outbox.is_none() {
            return;
        }
        if !client.hearing.is_told() {
            let told =
                |hearing: &Hearing| -> Vec<bool> { hearing.sections().iter().map(|s| s.told.is_some()).collect() };
            let before = told(&client.hearing);
            let changes = client.hearing.describe(SECTIONS_MAX);
            changes.added.iter().for_each(|name| link.peer.add_track(name, true));
            changes.again.into_iter().for_each(|mid| link.peer.renew_source(mid));
            for (section, before) in client.hearing.sections().iter().zip(before) {
                if section.told.is_some() != before {
                    link.peer.use_track(&section.name, section.told.is_some());
                }
            }
        }
        let sdp = match link.peer.offer() {
            Ok(Some(sdp)) => client.hearing.spoken_for(&sdp),
            Ok(None) => return,
            Err(error) => return tracing::warn!(room = self.name, participant = %sid, %error, "no offer can be made"),
        };
        link.described(&sdp);
        client.offers += 1;
        let offer = description("offer", sdp, client.offers);
        self.touch(sid, Side::Down, now);
        self.send(sid, Message::Offer(offer));
    }

    /// The client answers our offer.
    pub(super) fn answered(&mut self, sid: &ParticipantSid, answer: &SessionDescription, now: Instant) {
        let Some(client) = self.clients.get_mut(sid) else { return };
        let Some(link) = &mut client.down else { return };
        if answer.id != 0 && answer.id != client.offers {
            return tracing::debug!(room = self.name, participant = %sid, id = answer.id, "an answer to an older offer");
        }
        if let Err(error) = link.peer.accept(&answer.sdp) {
            tracing::warn!(room = self.name, participant = %sid, %error, "an answer was refused");
            // What it hears on this connection cannot be agreed on any more; it begins anew.
            return self.send(sid, Message::Leave(ResumeError.leave()));
        }
        let names: Vec<_> = client.hearing.sections().iter().map(|section| section.name.clone()).collect();
        for name in names {
            let mid = link.peer.mid_of(&name);
            client.hearing.section_mut(&name).into_iter().for_each(|section| section.mid = mid);
        }
        self.touch(sid, Side::Down, now);
        self.unsettled.insert(sid.clone());
    }
}

impl Hearing {
    /// What a description is to say of a section.
    fn says(&self, name: &str) -> Says {
        let section = self.sections().iter().find(|section| section.name == name);
        match section.map(|section| self.named(section)) {
            Some(Some((stream, track))) => Says::Carries(stream, track),
            Some(None) => Says::Inactive,
            None => Says::AsItIs,
        }
    }

    /// An offer of ours, in which sections are known by the names that stand where those of tracks belong.
    pub(super) fn spoken_for(&self, sdp: &str) -> String {
        let sections = sdp::sections(sdp);
        rewritten(sdp, |mid| {
            let section = sections.iter().find(|section| section.mid == mid && section.kind == Kind::Audio);
            match section {
                Some(section) => match &section.msid {
                    Some((_, name)) => self.says(name),
                    None => Says::AsItIs,
                },
                None => Says::AsItIs,
            }
        })
    }
}
