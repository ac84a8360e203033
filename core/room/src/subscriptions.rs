//! Who has to hear which track: worked out anew from what everybody asked for and may do, then compared with what is.

use crate::participant::Participant;
use crate::proto::signal_response::Message;
use crate::proto::{SubscriptionError, SubscriptionPermissionUpdate, SubscriptionResponse, TrackSubscribed};
use crate::room::Room;
use crate::{Forwarding, Output, ParticipantSid, TrackSid};
use std::collections::BTreeMap;

/// Who hears a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listeners {
    pub(crate) publisher: ParticipantSid,
    /// Never [`Forwarding::Off`].
    pub(crate) by: BTreeMap<ParticipantSid, Forwarding>,
}

pub(crate) type Table = BTreeMap<TrackSid, Listeners>;

/// Whether somebody asks for a track that it could hear.
fn asks(who: &Participant, publisher: &Participant, track: &TrackSid) -> bool {
    who.sid != publisher.sid
        && publisher.visible()
        && who.permission.can_subscribe
        && who.asked.get(track).copied().unwrap_or(who.auto_subscribe)
}

impl Room {
    /// Asks for tracks, or not to have them.
    pub(crate) fn subscribe<'a>(
        &mut self,
        sid: &ParticipantSid,
        tracks: impl Iterator<Item = &'a String>,
        subscribe: bool,
    ) {
        for track in tracks.map(|track| TrackSid(track.clone())) {
            let known = self.publisher_of(&track).is_some_and(|publisher| publisher.visible());
            let Some(participant) = self.participants.get_mut(sid) else { return };
            if known {
                participant.asked.insert(track, subscribe);
            } else if subscribe {
                let err = SubscriptionError::SeTrackNotfound.into();
                self.send(sid, Message::SubscriptionResponse(SubscriptionResponse { track_sid: track.0, err }));
            }
        }
        self.stale = true;
    }

    /// Brings what is in line with what is wanted.
    pub(crate) fn reconcile(&mut self) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let wanted = self.wanted();
        self.tell_permissions();
        let before = std::mem::take(&mut self.table);
        for (track, listeners) in &before {
            let now = wanted.get(track);
            for to in listeners.by.keys().filter(|to| now.is_none_or(|now| !now.by.contains_key(*to))) {
                // Who is out has no connection to be changed.
                if self.participants.contains_key(to) {
                    self.forward(track, &listeners.publisher, to, Forwarding::Off);
                }
            }
        }
        for (track, listeners) in &wanted {
            let was = before.get(track);
            for (to, state) in &listeners.by {
                if was.and_then(|was| was.by.get(to)) != Some(state) {
                    self.forward(track, &listeners.publisher, to, *state);
                }
            }
            self.tell_heard(track, listeners);
        }
        self.table = wanted;
        self.tell_sections();
    }

    fn wanted(&self) -> Table {
        let mut table = Table::new();
        for publisher in self.participants.values() {
            for (track, entry) in publisher.tracks.iter().filter(|(_, track)| track.live) {
                let hears = |who: &&Participant| asks(who, publisher, track) && publisher.lets_hear(who, track);
                // What a client sends although its track is muted is not for anybody.
                let state = |who: &Participant| match entry.info.muted || who.paused.contains(track) {
                    true => Forwarding::Paused,
                    false => Forwarding::On,
                };
                let by: BTreeMap<_, _> =
                    self.participants.values().filter(hears).map(|who| (who.sid.clone(), state(who))).collect();
                if !by.is_empty() {
                    table.insert(track.clone(), Listeners { publisher: publisher.sid.clone(), by });
                }
            }
        }
        table
    }

    /// Whoever asks for what its publisher keeps from it is told so, and told again when that changes.
    fn tell_permissions(&mut self) {
        let mut changes = Vec::new();
        for publisher in self.participants.values().filter(|publisher| publisher.allows.is_some()) {
            for (track, _) in publisher.tracks.iter().filter(|(_, track)| track.live) {
                for who in self.participants.values().filter(|who| asks(who, publisher, track)) {
                    let allowed = publisher.lets_hear(who, track);
                    if allowed == who.denied.contains(track) {
                        changes.push((who.sid.clone(), publisher.sid.0.clone(), track.clone(), allowed));
                    }
                }
            }
        }
        for (who, participant_sid, track, allowed) in changes {
            if let Some(who) = self.participants.get_mut(&who) {
                if allowed {
                    who.denied.remove(&track)
                } else {
                    who.denied.insert(track.clone())
                };
            }
            let update = SubscriptionPermissionUpdate { participant_sid, track_sid: track.0, allowed };
            self.send(&who, Message::SubscriptionPermissionUpdate(update));
        }
    }

    fn tell_heard(&mut self, sid: &TrackSid, listeners: &Listeners) {
        let heard = |to: &ParticipantSid| self.participants.get(to).is_some_and(Participant::active);
        if !listeners.by.keys().any(heard) {
            return;
        }
        let track = self.participants.get_mut(&listeners.publisher).and_then(|p| p.tracks.get_mut(sid));
        if track.is_some_and(|track| !std::mem::replace(&mut track.heard, true)) {
            let heard = TrackSubscribed { track_sid: sid.0.clone() };
            self.send(&listeners.publisher, Message::TrackSubscribed(heard));
        }
    }

    fn tell_sections(&mut self) {
        let mut counts: BTreeMap<&ParticipantSid, usize> = BTreeMap::new();
        for to in self.table.values().flat_map(|listeners| listeners.by.keys()) {
            *counts.entry(to).or_default() += 1;
        }
        for participant in self.participants.values_mut() {
            let audios = counts.get(&participant.sid).copied().unwrap_or(0);
            if std::mem::replace(&mut participant.sections, audios) != audios {
                self.outputs.push_back(Output::Sections { to: participant.sid.clone(), audios });
            }
        }
    }

    fn forward(&mut self, track: &TrackSid, publisher: &ParticipantSid, to: &ParticipantSid, state: Forwarding) {
        self.outputs.push_back(Output::Forward {
            track: track.clone(),
            publisher: publisher.clone(),
            to: to.clone(),
            state,
        });
    }
}
