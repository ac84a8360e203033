//! Who is in the room, and whose sound is wanted.

use crate::room::event::Participant;
use crate::room::options::Kind;
use duologue_livekit_wire::proto::{ParticipantInfo, participant_info::State};
use std::collections::{BTreeMap, BTreeSet};

/// Participants that are remembered.
const MAX: usize = 20_000;

/// What a message about participants changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Joined(Participant),
    Changed(Participant),
    Left(Participant),
}

/// Everybody else in the room.
#[derive(Debug, Default)]
pub(crate) struct People {
    own_sid: String,
    own_identity: String,
    hears: Vec<Kind>,
    others: BTreeMap<String, Participant>,
    /// Tracks that were asked for.
    asked: BTreeSet<String>,
}

impl People {
    pub(crate) fn new(hears: &[Kind]) -> People {
        People { hears: hears.iter().copied().filter(|kind| *kind != Kind::Egress).collect(), ..People::default() }
    }

    /// Begins again as `own`, with these others; who is not among them has left.
    pub(crate) fn restart(&mut self, own: &ParticipantInfo, others: &[ParticipantInfo]) -> Vec<Change> {
        self.own_sid = own.sid.clone();
        self.own_identity = own.identity.clone();
        self.asked.clear();
        self.replace(others)
    }

    /// Takes the list of all others; who is not on it has left.
    pub(crate) fn replace(&mut self, others: &[ParticipantInfo]) -> Vec<Change> {
        let present: BTreeSet<&str> = others.iter().map(|info| info.sid.as_str()).collect();
        let gone: Vec<String> = self.others.keys().filter(|sid| !present.contains(sid.as_str())).cloned().collect();
        let mut changes: Vec<Change> = gone.iter().filter_map(|sid| self.leave(sid)).collect();
        changes.extend(self.update(others));
        changes
    }

    /// Takes what is new about some.
    pub(crate) fn update(&mut self, infos: &[ParticipantInfo]) -> Vec<Change> {
        infos.iter().filter_map(|info| self.update_one(info)).collect()
    }

    fn update_one(&mut self, info: &ParticipantInfo) -> Option<Change> {
        if info.sid == self.own_sid || info.identity == self.own_identity || info.sid.is_empty() {
            return None;
        }
        if info.state() == State::Disconnected {
            return self.leave(&info.sid);
        }
        let participant = Participant::of(info);
        let full = self.others.len() >= MAX;
        match self.others.get_mut(&info.sid) {
            Some(known) if *known == participant => None,
            Some(known) => {
                known.clone_from(&participant);
                Some(Change::Changed(participant))
            }
            None if full => None,
            None => {
                self.others.insert(info.sid.clone(), participant.clone());
                Some(Change::Joined(participant))
            }
        }
    }

    fn leave(&mut self, sid: &str) -> Option<Change> {
        let left = self.others.remove(sid)?;
        for track in &left.tracks {
            self.asked.remove(&track.sid);
        }
        Some(Change::Left(left))
    }

    /// Tracks that are wanted and were not asked for: participant and track.
    pub(crate) fn ask(&mut self) -> Vec<(String, String)> {
        let hears = &self.hears;
        let wanted: Vec<(String, String)> = self
            .others
            .values()
            .filter(|participant| hears.contains(&participant.kind))
            .flat_map(|participant| participant.tracks.iter().map(move |track| (participant, track)))
            .filter(|(_, track)| track.audio && !self.asked.contains(&track.sid))
            .map(|(participant, track)| (participant.sid.clone(), track.sid.clone()))
            .collect();
        self.asked.extend(wanted.iter().map(|(_, track)| track.clone()));
        wanted
    }

    /// A track that the server could not give; it is asked for again when its sender changes.
    pub(crate) fn refused(&mut self, track: &str) {
        self.asked.remove(track);
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.iter().cloned().collect()
    }

    /// Whose track this is, if it is sound that is wanted.
    pub(crate) fn sender(&self, track: &str) -> Option<&Participant> {
        let of = |p: &&Participant| p.tracks.iter().any(|t| t.sid == track && t.audio);
        self.others.values().find(of).filter(|participant| self.hears.contains(&participant.kind))
    }

    pub(crate) fn identity(&self, sid: &str) -> Option<&str> {
        if sid == self.own_sid {
            return Some(&self.own_identity);
        }
        self.others.get(sid).map(|participant| participant.identity.as_str())
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Participant> {
        self.others.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_livekit_wire::proto::{TrackInfo, TrackType};

    fn info(sid: &str, kind: i32, tracks: &[(&str, TrackType)]) -> ParticipantInfo {
        let track = |(sid, kind): &(&str, TrackType)| TrackInfo {
            sid: (*sid).into(),
            r#type: (*kind).into(),
            ..Default::default()
        };
        let tracks = tracks.iter().map(track).collect();
        ParticipantInfo { sid: sid.into(), identity: format!("i{sid}"), kind, tracks, ..Default::default() }
    }

    fn people() -> People {
        let mut people = People::new(&[Kind::Standard, Kind::Egress, Kind::Agent]);
        people.restart(&info("me", 4, &[]), &[]);
        people
    }

    #[test]
    fn only_sound_of_the_kinds_asked_for_is_wanted_once_and_never_ones_own() {
        let mut people = people();
        let all = [
            info("a", 0, &[("t1", TrackType::Audio), ("t2", TrackType::Video)]),
            info("e", 2, &[("t3", TrackType::Audio)]),
            info("s", 3, &[("t4", TrackType::Audio)]),
            info("me", 4, &[("t5", TrackType::Audio)]),
            info("b", 4, &[("t6", TrackType::Audio)]),
        ];
        assert_eq!(people.update(&all).len(), 4);
        assert_eq!(people.ask(), [("a".into(), "t1".into()), ("b".into(), "t6".into())]);
        assert_eq!(people.ask(), []);
        assert!(people.sender("t3").is_none() && people.sender("t2").is_none());
        people.refused("t1");
        assert_eq!(people.ask(), [("a".into(), "t1".into())]);
    }

    #[test]
    fn changes_are_told_once() {
        let mut people = people();
        let here = info("a", 0, &[]);
        assert!(matches!(people.update(std::slice::from_ref(&here))[..], [Change::Joined(_)]));
        assert_eq!(people.update(std::slice::from_ref(&here)), []);
        let thinking =
            ParticipantInfo { attributes: [("lk.agent.state".into(), "thinking".into())].into(), ..here.clone() };
        assert!(matches!(people.update(std::slice::from_ref(&thinking))[..], [Change::Changed(_)]));
        let gone = ParticipantInfo { state: State::Disconnected.into(), ..here };
        assert!(matches!(people.update(&[gone])[..], [Change::Left(_)]));
    }

    #[test]
    fn who_is_absent_from_a_full_list_has_left() {
        let mut people = people();
        people.update(&[info("a", 0, &[]), info("b", 0, &[])]);
        let changes = people.replace(&[info("b", 0, &[]), info("c", 0, &[]), info("me", 4, &[])]);
        assert!(matches!(&changes[..], [Change::Left(a), Change::Joined(c)] if a.sid == "a" && c.sid == "c"));
    }
}
