//! Who is speaking, from the levels that packets carry (RFC 6464): what changed is told at regular times.

use crate::proto::signal_response::Message;
use crate::proto::{SpeakerInfo, SpeakersChanged};
use crate::room::Room;
use crate::{ParticipantSid, TrackSid};
use duologue_ids::Mono;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often; with the two below, what livekit-server does unless configured otherwise.
const INTERVAL: Duration = Duration::from_millis(400);
/// −dBov up to which a packet counts as speech.
const LOUD: u8 = 35;
/// Packets of an interval.
const PACKETS: f32 = 20.0;
/// Packets of speech, 20 ms each, that make a speaker of somebody: 40 % of the interval.
const ENOUGH: u32 = 8;
/// How much of a new level counts, the rest being what it was before: two intervals, as livekit-server smooths them.
const WEIGHT: f32 = 2.0 / 3.0;
/// Levels are told in steps of an eighth, so that not every interval tells something new.
const STEPS: f32 = 8.0;

/// What was heard of a track in this interval.
#[derive(Clone, Copy, Debug)]
struct Heard {
    packets: u32,
    loudest: u8,
}

#[derive(Debug, Default)]
pub(crate) struct Speakers {
    heard: BTreeMap<TrackSid, Heard>,
    /// Who speaks, and how loud they were told to be: 0 to 1.
    active: BTreeMap<ParticipantSid, f32>,
    /// How loud each track is that is spoken on, smoothed.
    smooth: BTreeMap<TrackSid, f32>,
    next: Option<Mono>,
}

impl Speakers {
    /// When this interval ends; none while all is quiet.
    pub(crate) fn next(&self) -> Option<Mono> {
        self.next
    }

    /// Somebody is out, which everybody is told in another way.
    pub(crate) fn forget(&mut self, participant: &ParticipantSid) {
        self.active.remove(participant);
    }

    pub(crate) fn forget_track(&mut self, track: &TrackSid) {
        self.heard.remove(track);
        self.smooth.remove(track);
    }
}

impl Room {
    /// Notes how loud a packet of a track is: 0 loudest, 127 silence (RFC 6464, −dBov). Returns when to come back with a
    /// tick where that is new. Cheap: made for every packet, needs no poll.
    pub fn level(&mut self, now: Mono, track: &TrackSid, level: u8) -> Option<Mono> {
        if level > LOUD {
            return None;
        }
        if let Some(heard) = self.speakers.heard.get_mut(track) {
            heard.packets = heard.packets.saturating_add(1);
            heard.loudest = heard.loudest.min(level);
            return None;
        }
        if self.is_closed() || self.publisher_of(track).is_none() {
            return None;
        }
        self.speakers.heard.insert(track.clone(), Heard { packets: 1, loudest: level });
        if self.speakers.next.is_some() {
            return None;
        }
        self.speakers.next = Some(now + INTERVAL);
        self.speakers.next
    }

    /// At the end of an interval: who speaks now, who no more.
    pub(crate) fn note_speakers(&mut self, now: Mono) {
        if self.speakers.next.is_none_or(|next| next > now) {
            return;
        }
        let mut speaking: BTreeMap<ParticipantSid, f32> = BTreeMap::new();
        let before = std::mem::take(&mut self.speakers.smooth);
        for (track, heard) in std::mem::take(&mut self.speakers.heard) {
            let publisher = self.publisher_of(&track).filter(|publisher| publisher.visible());
            if let Some(publisher) = publisher.filter(|_| heard.packets >= ENOUGH) {
                let was = before.get(&track).copied().unwrap_or(0.0);
                let is = was + (loudness(&heard) - was) * WEIGHT;
                let level = speaking.entry(publisher.sid.clone()).or_default();
                *level = level.max((is * STEPS).ceil() / STEPS);
                self.speakers.smooth.insert(track, is);
            }
        }
        let before = std::mem::replace(&mut self.speakers.active, speaking.clone());
        let gone = before.keys().filter(|sid| !speaking.contains_key(*sid));
        let gone = gone.map(|sid| SpeakerInfo { sid: sid.0.clone(), level: 0.0, active: false });
        let here = speaking.iter().filter(|(sid, level)| before.get(*sid) != Some(*level));
        let speakers: Vec<_> = gone.chain(here.map(|(sid, level)| speaker(sid, *level))).collect();
        self.speakers.next = (!speaking.is_empty()).then(|| now + INTERVAL);
        if !speakers.is_empty() {
            self.tell_all(&Message::SpeakersChanged(SpeakersChanged { speakers }));
        }
    }

    /// Who speaks, for somebody who was away.
    pub(crate) fn tell_speakers(&mut self, to: &ParticipantSid) {
        let speakers: Vec<_> = self.speakers.active.iter().map(|(sid, level)| speaker(sid, *level)).collect();
        if !speakers.is_empty() {
            self.send(to, Message::SpeakersChanged(SpeakersChanged { speakers }));
        }
    }
}

fn speaker(sid: &ParticipantSid, level: f32) -> SpeakerInfo {
    SpeakerInfo { sid: sid.0.clone(), level, active: true }
}

/// The level as clients see it: amplitude, 0 to 1; the loudest packet counts by how much of the interval was speech.
fn loudness(heard: &Heard) -> f32 {
    let share = heard.packets as f32 / PACKETS;
    (10f32.powf(-f32::from(heard.loudest) / 20.0) * share).min(1.0)
}
