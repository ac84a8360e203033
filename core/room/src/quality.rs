//! How good everybody's connection is, from the share of its packets that arrive: told when it changes, and with it to
//! whoever has come since.

use crate::proto::signal_response::Message;
use crate::proto::{ConnectionQuality, ConnectionQualityInfo, ConnectionQualityUpdate};
use crate::room::Room;
use crate::{ParticipantSid, TrackSid};
use duologue_ids::Mono;
use std::collections::BTreeMap;
use std::time::Duration;

/// How often; livekit-server's interval.
const INTERVAL: Duration = Duration::from_secs(5);
/// Numbers that a packet may be off: more is not loss.
const JUMP: u64 = 1_000;
/// Shares of packets lost up to which a connection is excellent, or good: where Opus with its redundancy does not show it,
/// and where it does (ITU-T G.107 puts the two below 4.3 and 3.6 of 5).
const EXCELLENT: f32 = 0.02;
const GOOD: f32 = 0.08;

/// The packets of a track in this interval, by their numbers.
#[derive(Clone, Copy, Debug)]
struct Counted {
    first: u64,
    newest: u64,
    arrived: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Qualities {
    counted: BTreeMap<TrackSid, Counted>,
    told: BTreeMap<ParticipantSid, ConnectionQuality>,
    next: Option<Mono>,
}

impl Qualities {
    /// When this interval ends.
    pub(crate) fn next(&self) -> Option<Mono> {
        self.next
    }

    pub(crate) fn forget_track(&mut self, track: &TrackSid) {
        self.counted.remove(track);
    }
}

impl Room {
    /// Notes that a packet of a track has arrived, by its number, which goes on for ever. Cheap: made for every packet,
    /// needs no poll.
    pub fn arrived(&mut self, track: &TrackSid, number: u64) {
        let begun = Counted { first: number, newest: number, arrived: 1 };
        if let Some(counted) = self.qualities.counted.get_mut(track) {
            if counted.newest.abs_diff(number) > JUMP {
                // Another source of the same track counts from elsewhere.
                *counted = begun;
            } else {
                counted.newest = counted.newest.max(number);
                counted.arrived += 1;
            }
        } else if self.publisher_of(track).is_some() {
            self.qualities.counted.insert(track.clone(), begun);
        }
    }

    /// Begins to look at connections, once somebody is connected.
    pub(crate) fn watch_quality(&mut self, now: Mono) {
        self.qualities.next.get_or_insert(now + INTERVAL);
    }

    /// At the end of an interval: how good each connection was.
    pub(crate) fn note_quality(&mut self, now: Mono) {
        if self.qualities.next.is_none_or(|next| next > now) {
            return;
        }
        let counted = std::mem::take(&mut self.qualities.counted);
        let mut qualities = BTreeMap::new();
        for participant in self.participants.values().filter(|participant| participant.active()) {
            let lost = participant.tracks.keys().filter_map(|track| counted.get(track)).map(lost).fold(0.0, f32::max);
            let quality = match lost {
                _ if !participant.connected => ConnectionQuality::Lost,
                lost if lost <= EXCELLENT => ConnectionQuality::Excellent,
                lost if lost <= GOOD => ConnectionQuality::Good,
                _ => ConnectionQuality::Poor,
            };
            qualities.insert(participant.sid.clone(), quality);
        }
        self.qualities.next = (!qualities.is_empty()).then(|| now + INTERVAL);
        if qualities == self.qualities.told {
            return;
        }
        let everybody: Vec<_> = qualities.keys().cloned().collect();
        for to in everybody {
            let known = qualities.iter().filter(|(sid, _)| **sid == to || self.is_visible(sid));
            let updates = known.map(|(sid, quality)| info(sid, *quality)).collect();
            self.send(&to, Message::ConnectionQuality(ConnectionQualityUpdate { updates }));
        }
        self.qualities.told = qualities;
    }
}

/// The share that did not arrive.
fn lost(counted: &Counted) -> f32 {
    let sent = counted.newest.saturating_sub(counted.first) + 1;
    sent.saturating_sub(counted.arrived) as f32 / sent as f32
}

/// With a score between 1 and 5, as clients know it.
fn info(sid: &ParticipantSid, quality: ConnectionQuality) -> ConnectionQualityInfo {
    let score = match quality {
        ConnectionQuality::Excellent => 4.5,
        ConnectionQuality::Good => 4.0,
        ConnectionQuality::Poor => 2.5,
        ConnectionQuality::Lost => 1.0,
    };
    ConnectionQualityInfo { participant_sid: sid.0.clone(), quality: quality.into(), score }
}
