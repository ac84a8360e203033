//! What the server says.

use super::Driver;
use crate::net::refusal::ConnectError;
use crate::room::error::{CloseReason, RoomError};
use crate::room::event::RoomEvent;
use crate::room::signal::{self, Line};
use duologue_livekit_wire::proto::leave_request::Action;
use duologue_livekit_wire::proto::request_response::{Reason, Request as Asked};
use duologue_livekit_wire::proto::signal_response::Message as Response;
use duologue_livekit_wire::proto::{
    JoinResponse, LeaveRequest, ParticipantUpdate, RequestResponse, SignalResponse, SignalTarget, SpeakersChanged,
    TrickleRequest,
};
use serde::Deserialize;
use std::time::Instant;

/// What a candidate travels in.
#[derive(Deserialize)]
struct Candidate {
    candidate: String,
}

impl Driver {
    /// We are in the room, as somebody new.
    pub(super) fn entered(&mut self, line: Line, response: JoinResponse) {
        self.line = Some(line);
        self.pinged.heard = Instant::now();
        // The first offer of a single connection went with the request to join.
        self.media.offers = 1;
        let own = response.participant.unwrap_or_default();
        (self.own_sid, self.own_identity) = (own.sid.clone(), own.identity.clone());
        let changes = self.people.restart(&own, &response.other_participants);
        self.changed(changes);
    }

    pub(super) fn response(&mut self, response: Option<Result<SignalResponse, ConnectError>>) {
        let message = match response {
            Some(Ok(response)) => response.message,
            Some(Err(error)) => return self.line_lost(&error.to_string()),
            None => return self.line_lost("the server closed the connection"),
        };
        self.pinged.heard = Instant::now();
        match message {
            Some(Response::Answer(answer)) => self.answered(answer),
            Some(Response::Offer(offer)) => self.offered(offer),
            Some(Response::Trickle(trickle)) => self.candidate(&trickle),
            Some(Response::Update(update)) => self.update(&update),
            Some(Response::TrackPublished(published)) => self.taken(published),
            Some(Response::MediaSectionsRequirement(wanted)) => self.publisher.ask().hear(wanted.num_audios),
            Some(Response::SubscriptionResponse(refused)) => self.people.refused(&refused.track_sid),
            Some(Response::TrackSubscribed(subscribed)) => self.tell(RoomEvent::HeardBy(subscribed.track_sid)),
            Some(Response::SpeakersChanged(changed)) => self.speakers(&changed),
            Some(Response::RequestResponse(response)) => self.settled(response),
            Some(Response::RefreshToken(token)) => self.token = token,
            Some(Response::PongResp(pong)) => {
                self.pinged.round_trip_ms = (crate::net::unix_millis() - pong.last_ping_timestamp).max(0);
            }
            Some(Response::Leave(leave)) => self.sent_away(&leave),
            // Quality, pictures, data tracks, and what later versions add.
            _ => {}
        }
    }

    fn candidate(&mut self, trickle: &TrickleRequest) {
        let link = match (trickle.target(), &mut self.subscriber) {
            (SignalTarget::Subscriber, Some(link)) => link,
            _ => &mut self.publisher,
        };
        let read = serde_json::from_str::<Candidate>(&trickle.candidate_init);
        let Some(candidate) = read.ok().map(|init| init.candidate).filter(|text| !text.is_empty()) else { return };
        if let Err(error) = link.ask().add_remote(&candidate) {
            // Names instead of addresses, and ways that we do not go.
            tracing::debug!(%error, "a candidate was passed over");
        }
    }

    fn update(&mut self, update: &ParticipantUpdate) {
        let whole = std::mem::take(&mut self.whole_list);
        let changes =
            if whole { self.people.replace(&update.participants) } else { self.people.update(&update.participants) };
        self.changed(changes);
    }

    fn speakers(&mut self, changed: &SpeakersChanged) {
        let named = |sid: &str| self.people.identity(sid).map(str::to_owned);
        let speaking = changed.speakers.iter().filter_map(|speaker| {
            // One that fell silent is told once, with no loudness.
            Some((named(&speaker.sid)?, if speaker.active { speaker.level } else { 0.0 }))
        });
        let speaking: Vec<_> = speaking.collect();
        self.tell(RoomEvent::Speaking(speaking));
    }

    /// The server did what it was asked for, or refuses.
    fn settled(&mut self, response: RequestResponse) {
        let why = || {
            let reason = response.reason().as_str_name().to_ascii_lowercase().replace('_', " ");
            if response.message.is_empty() { reason } else { response.message.clone() }
        };
        let refused = !matches!(response.reason(), Reason::Ok | Reason::Queued);
        if let Some(Asked::AddTrack(asked)) = &response.request {
            if refused {
                self.refused_track(&asked.cid, &why());
            }
            return;
        }
        if let Some(reply) = self.requests.waiting.remove(&response.request_id) {
            let _ = reply.send(if refused { Err(RoomError::Refused(why())) } else { Ok(()) });
        }
    }

    fn sent_away(&mut self, leave: &LeaveRequest) {
        match signal::action(leave) {
            Action::Disconnect => self.closing = Some(CloseReason::of(leave.reason)),
            Action::Resume => self.line_lost("the server asks us to come again"),
            Action::Reconnect => self.join_anew("the server asks us to join again"),
        }
    }
}
