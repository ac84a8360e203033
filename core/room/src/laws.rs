//! What holds whatever happens, in any order.

use crate::proto::participant_info::Kind;
use crate::proto::signal_request::Message as Asked;
use crate::proto::signal_response::Message;
use crate::proto::{self, DataPacket, UserPacket, data_packet::Value};
use crate::tests::{everything, join, microphone};
use crate::{CallId, Change, Config, Event, Input, Join, Output, ParticipantSid, Room, TrackSid};
use duologue_ids::{Mono, Seed};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const PEOPLE: [&str; 4] = ["anna", "joe", "eve", "agent"];

/// Something that happens; the numbers choose among who and what there is, or was.
#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Join(usize, u8),
    Resume(usize),
    Lost(usize),
    Connected(usize, bool),
    Channel(usize),
    Announce(usize),
    Arrive(usize),
    End(usize),
    Subscribe(usize, usize, bool),
    Pause(usize, usize, bool),
    Allow(usize, usize, bool),
    Mute(usize, usize, bool),
    Rename(usize),
    Data(usize, usize, bool),
    Level(usize, u8),
    Leave(usize),
    Remove(usize),
    Permit(usize, u8),
    Call(usize, u16),
}

fn step() -> impl Strategy<Value = Step> {
    let (who, track, yes) = (0..8usize, 0..8usize, any::<bool>());
    prop_oneof![
        2 => (0..9_000u64).prop_map(Step::Pass),
        4 => (0..4usize, any::<u8>()).prop_map(|(w, p)| Step::Join(w, p)),
        1 => who.clone().prop_map(Step::Resume),
        1 => who.clone().prop_map(Step::Lost),
        5 => (who.clone(), 0..4u8).prop_map(|(w, n)| Step::Connected(w, n > 0)),
        3 => who.clone().prop_map(Step::Channel),
        4 => who.clone().prop_map(Step::Announce),
        4 => track.clone().prop_map(Step::Arrive),
        1 => track.clone().prop_map(Step::End),
        2 => (who.clone(), track.clone(), yes).prop_map(|(w, t, y)| Step::Subscribe(w, t, y)),
        1 => (who.clone(), track.clone(), yes).prop_map(|(w, t, y)| Step::Pause(w, t, y)),
        1 => (who.clone(), who.clone(), yes).prop_map(|(w, t, y)| Step::Allow(w, t, y)),
        1 => (who.clone(), track.clone(), yes).prop_map(|(w, t, y)| Step::Mute(w, t, y)),
        1 => who.clone().prop_map(Step::Rename),
        3 => (who.clone(), 0..4usize, yes).prop_map(|(w, t, y)| Step::Data(w, t, y)),
        1 => (track, any::<u8>()).prop_map(|(t, l)| Step::Level(t, l)),
        1 => who.clone().prop_map(Step::Leave),
        1 => (0..4usize).prop_map(Step::Remove),
        1 => (who, any::<u8>()).prop_map(|(w, p)| Step::Permit(w, p)),
        1 => (0..4usize, any::<u16>()).prop_map(|(w, ms)| Step::Call(w, ms)),
    ]
}

/// Mostly everything is allowed; the bits take something away.
#[allow(deprecated)]
fn permission(bits: u8) -> proto::ParticipantPermission {
    let without = |bits: u8, mask: u8| bits & mask != mask;
    proto::ParticipantPermission {
        can_publish: without(bits, 0b11),
        can_subscribe: without(bits, 0b1100),
        can_publish_data: without(bits, 0b11_0000),
        hidden: !without(bits, 0b110_0000),
        recorder: !without(bits, 0b1110_0000),
        ..everything()
    }
}

/// A room, and what somebody sees who reads its outputs only.
struct World {
    room: Room,
    now: Mono,
    /// All who ever were, and what they may do.
    people: Vec<(ParticipantSid, String)>,
    may: BTreeMap<ParticipantSid, proto::ParticipantPermission>,
    out: BTreeSet<ParticipantSid>,
    greeted: BTreeSet<ParticipantSid>,
    tracks: Vec<(TrackSid, ParticipantSid)>,
    hears: BTreeSet<(TrackSid, ParticipantSid)>,
    /// Calls of the service without an answer yet.
    called: BTreeSet<CallId>,
    sender: Option<ParticipantSid>,
    connection: u64,
    closed: bool,
    log: Vec<String>,
}

impl World {
    fn new(seed: u64) -> World {
        World {
            room: Room::new(Mono::ZERO, Config::new("kitchen"), Seed(seed)),
            now: Mono::ZERO,
            people: Vec::new(),
            may: BTreeMap::new(),
            out: BTreeSet::new(),
            greeted: BTreeSet::new(),
            tracks: Vec::new(),
            hears: BTreeSet::new(),
            called: BTreeSet::new(),
            sender: None,
            connection: 0,
            closed: false,
            log: Vec::new(),
        }
    }

    /// Mostly somebody who came lately.
    fn who(&self, index: usize) -> Option<(ParticipantSid, String)> {
        let back = index % self.people.len().max(1);
        self.people.iter().rev().nth(back).cloned()
    }

    fn track(&self, index: usize) -> Option<TrackSid> {
        let back = index % self.tracks.len().max(1);
        self.tracks.iter().rev().nth(back).map(|(track, _)| track.clone())
    }

    fn signal(&self, who: usize, message: Asked) -> Option<Input> {
        Some(Input::Signal { from: self.who(who)?.0, message: Box::new(message) })
    }

    fn input(&mut self, step: Step) -> Option<Input> {
        self.sender = None;
        Some(match step {
            Step::Pass(ms) => {
                self.now += Duration::from_millis(ms);
                Input::Tick
            }
            Step::Join(who, bits) => {
                self.connection += 1;
                let kind = if who == 3 { Kind::Agent } else { Kind::Standard };
                let (permission, connection) = (permission(bits), self.connection);
                let tracks = if bits % 2 == 0 { vec![microphone("mic")] } else { vec![] };
                let auto_subscribe = bits % 5 != 0;
                let join = Join { kind, permission, connection, tracks, auto_subscribe, ..join(PEOPLE[who]) };
                let may = join.permission.clone();
                let sid = self.room.join(self.now, join).ok()?;
                self.people.push((sid.clone(), PEOPLE[who].to_owned()));
                self.may.insert(sid, may);
                Input::Tick
            }
            Step::Resume(who) => {
                self.connection += 1;
                let (sid, identity) = self.who(who)?;
                let resumed = self.room.resume(self.now, &sid, &identity, self.connection);
                assert!(resumed.is_err() || !self.out.contains(&sid));
                Input::Tick
            }
            Step::Lost(who) => Input::SignalLost { participant: self.who(who)?.0, connection: self.connection },
            Step::Connected(who, true) => Input::Connected { participant: self.who(who)?.0 },
            Step::Connected(who, false) => Input::Disconnected { participant: self.who(who)?.0 },
            Step::Channel(who) => Input::ChannelOpen { participant: self.who(who)?.0 },
            Step::Announce(who) => self.signal(who, Asked::AddTrack(microphone("other")))?,
            Step::Arrive(track) => Input::MediaArrived { track: self.track(track)?, mid: "1".into() },
            Step::End(track) => Input::MediaEnded { track: self.track(track)? },
            Step::Subscribe(who, track, subscribe) => {
                let track_sids = vec![self.track(track)?.0];
                let request = proto::UpdateSubscription { track_sids, subscribe, ..Default::default() };
                self.signal(who, Asked::Subscription(request))?
            }
            Step::Pause(who, track, disabled) => {
                let track_sids = vec![self.track(track)?.0];
                let request = proto::UpdateTrackSettings { track_sids, disabled, ..Default::default() };
                self.signal(who, Asked::TrackSetting(request))?
            }
            Step::Allow(who, other, all_participants) => {
                let participant_sid = self.who(other)?.0.0;
                let to = proto::TrackPermission { participant_sid, all_tracks: true, ..Default::default() };
                let track_permissions = vec![to];
                let request = proto::SubscriptionPermission { all_participants, track_permissions };
                self.signal(who, Asked::SubscriptionPermission(request))?
            }
            Step::Mute(who, track, muted) => {
                let sid = self.track(track)?.0;
                self.signal(who, Asked::Mute(proto::MuteTrackRequest { sid, muted }))?
            }
            Step::Rename(who) => {
                let request = proto::UpdateParticipantMetadata { name: "new".into(), ..Default::default() };
                self.signal(who, Asked::UpdateMetadata(request))?
            }
            Step::Data(who, to, reliable) => {
                let from = self.who(who)?.0;
                self.sender = Some(from.clone());
                let destination_identities = if to > 0 { vec![PEOPLE[to].into()] } else { vec![] };
                let value = Some(Value::User(UserPacket::default()));
                let packet = Box::new(DataPacket { destination_identities, value, ..Default::default() });
                Input::Data { from, reliable, packet }
            }
            Step::Level(track, level) => {
                let track = self.track(track)?;
                self.room.level(self.now, &track, level);
                Input::Tick
            }
            Step::Leave(who) => self.signal(who, Asked::Leave(Default::default()))?,
            Step::Remove(who) => {
                let _ = self.room.remove(self.now, PEOPLE[who]);
                Input::Tick
            }
            Step::Call(who, ms) => {
                let (what, within) = (("method".to_owned(), String::new()), Duration::from_millis(ms.into()));
                self.called.extend(self.room.call(self.now, PEOPLE[who], what, within));
                Input::Tick
            }
            Step::Permit(who, bits) => {
                let (sid, identity) = self.who(who)?;
                if !self.out.contains(&sid) {
                    let permission = Some(permission(bits));
                    let _ = self.room.update(self.now, &identity, Change { permission, ..Default::default() });
                    self.may.extend(self.room.permission(&sid).map(|may| (sid, may.clone())));
                }
                Input::Tick
            }
        })
    }

    fn take(&mut self, step: Step) {
        let Some(input) = self.input(step) else { return };
        self.room.handle(self.now, input);
        self.observe();
        self.check();
    }

    fn observe(&mut self) {
        loop {
            let output = self.room.poll();
            self.log.push(format!("{output:?}"));
            assert!(!self.closed || matches!(output, Output::Timeout(Mono::FAR)), "after the end: {output:?}");
            match output {
                Output::Send { to, message } => self.told(&to, &message),
                Output::Forward { track, to, state, publisher } => {
                    assert_ne!(publisher, to, "hears itself");
                    assert!(!self.out.contains(&to));
                    match state {
                        crate::Forwarding::Off => assert!(self.hears.remove(&(track, to)), "ended twice"),
                        _ => drop(self.hears.insert((track, to))),
                    }
                }
                Output::Data { to, .. } => {
                    assert!(self.sender.as_ref().is_none_or(|sender| !to.contains(sender)), "receives its own");
                    assert!(to.iter().all(|to| !self.out.contains(to)));
                    let allowed = self.sender.as_ref().is_none_or(|sender| self.may[sender].can_publish_data);
                    assert!(allowed, "sends without the grant");
                }
                Output::Out { participant } => {
                    self.hears.retain(|(_, to)| *to != participant);
                    assert!(self.out.insert(participant), "out twice");
                }
                Output::Called { id, .. } => assert!(self.called.remove(&id), "answered twice"),
                Output::Sections { .. } | Output::Refresh { .. } => {}
                Output::Event(Event::Closed(_)) => self.closed = true,
                Output::Event(_) => {}
                Output::Timeout(at) => {
                    assert!(at > self.now, "asks for a moment that is past");
                    break;
                }
            }
        }
    }

    #[allow(deprecated)]
    fn told(&mut self, to: &ParticipantSid, message: &Message) {
        assert!(!self.out.contains(to), "told after the end");
        let first = self.greeted.insert(to.clone());
        assert_eq!(
            first,
            matches!(message, Message::Join(_)),
            "the first message, and no other, is the answer to a join"
        );
        match message {
            Message::TrackPublished(published) => {
                let track = TrackSid(published.track.clone().unwrap().sid);
                if !self.tracks.iter().any(|(known, _)| *known == track) {
                    self.tracks.push((track, to.clone()));
                }
            }
            Message::Update(update) => {
                for info in update.participants.iter().filter(|info| info.sid != to.0) {
                    let permission = info.permission.clone().unwrap();
                    assert!(!permission.hidden && !permission.recorder, "sees who is hidden");
                }
            }
            _ => {}
        }
    }

    /// What the outputs said is what the room says, and is allowed.
    fn check(&self) {
        if self.room.is_closed() {
            assert!(self.closed && self.called.is_empty(), "calls without an answer");
            return;
        }
        for (track, publisher) in &self.tracks {
            for to in self.room.listeners(track) {
                assert!(self.hears.contains(&(track.clone(), to.clone())), "hears without having been told");
                assert!(self.may[to].can_subscribe, "hears without the grant");
                assert!(self.may[publisher].can_publish, "is heard without the grant");
                assert!(!self.out.contains(publisher) && !self.out.contains(to));
                assert!(self.room.is_visible(publisher));
            }
        }
        let mut identities: Vec<_> = self.room.participants().map(|info| info.identity).collect();
        identities.sort();
        assert!(identities.windows(2).all(|two| two[0] != two[1]), "twice in the room: {identities:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn whatever_happens_nobody_hears_what_it_may_not(
        steps in prop::collection::vec(step(), 1..120), seed in any::<u64>(),
    ) {
        let mut world = World::new(seed);
        steps.into_iter().for_each(|step| world.take(step));
    }

    #[test]
    fn a_room_that_all_have_left_closes_at_its_time(
        steps in prop::collection::vec(step(), 1..60), seed in any::<u64>(),
    ) {
        let mut world = World::new(seed);
        steps.into_iter().for_each(|step| world.take(step));
        prop_assume!(!world.room.is_closed());
        world.take(Step::Join(0, 0));
        (0..PEOPLE.len()).for_each(|who| world.take(Step::Remove(who)));
        world.take(Step::Pass(19_999));
        prop_assert!(!world.closed, "before its time");
        world.take(Step::Pass(1));
        prop_assert!(world.closed, "not at its time");
    }

    #[test]
    fn one_seed_has_one_outcome(steps in prop::collection::vec(step(), 1..60), seed in any::<u64>()) {
        let run = || {
            let mut world = World::new(seed);
            steps.iter().cloned().for_each(|step| world.take(step));
            world.log
        };
        prop_assert_eq!(run(), run());
    }
}
