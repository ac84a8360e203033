//! The recorder: a hidden participant that hears both agents and reads what they tell, all on one clock.

use crate::brief::{ORDERS, OURS, Order, REPORTS, Report, Told, Wanted};
use crate::conduct::clock::{Skew, TrackClock, Wall};
use crate::conduct::foreign::{Foreign, Words};
use crate::conduct::timeline::{Timeline, What};
use duologue_conversation::{Consumption, Owed};
use duologue_ids::Mono;
use duologue_voice::{AgentState, Event};
use duologue_worker::{
    CloseReason, DataOptions, Kind, Participant, RemoteAudio, Room, RoomError, RoomEvent, Text, TextState,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const TRANSCRIPTION: &str = "lk.transcription";
/// Attribute of a transcription: the track that was transcribed.
const TRACK: &str = "lk.transcribed_track_id";
/// Attribute that servers give agents: the name that was dispatched.
const AGENT_NAME: &str = "lk.agent_name";
/// Texts of somebody who is not known yet that are kept.
const UNCLAIMED: usize = 256;

/// How often an order is tried again, and how long between.
const TRIES: u32 = 40;
const AGAIN: Duration = Duration::from_millis(50);

/// What is known of one of the two agents.
#[derive(Default)]
pub(super) struct Guest {
    identity: Option<String>,
    /// [`crate::brief::Conductor::key`] that it was given.
    key: String,
    participant: Option<Participant>,
    /// Who reported with the key.
    reporter: Option<String>,
    heard: bool,
    left: bool,
    /// Models by stage, and voice, of one of ours.
    pub(super) ready: Option<(BTreeMap<String, String>, String)>,
    /// Whose sound comes to it, as it reports.
    hears: BTreeSet<String>,
    pub(super) over: Option<(Consumption, Option<Owed>)>,
    skew: Skew,
    foreign: Foreign,
}

impl Guest {
    pub(super) fn of(key: &str) -> Guest {
        Guest { key: key.to_owned(), ..Guest::default() }
    }

    pub(super) fn is_there(&self) -> bool {
        self.participant.is_some() && !self.left
    }

    pub(super) fn is_heard(&self) -> bool {
        self.is_there() && self.heard
    }

    /// Whether it runs our code, and reports.
    pub(super) fn is_ours(&self) -> bool {
        self.participant.as_ref().is_some_and(|participant| participant.attributes.contains_key(OURS))
    }

    /// Whether the conversation can begin for it, where the other one is there: what is said before it hears is lost.
    pub(super) fn is_ready(&self, other: &Guest) -> bool {
        let hears = || other.identity.as_ref().is_some_and(|identity| self.hears.contains(identity));
        self.is_heard() && (!self.is_ours() || self.ready.is_some() && hears())
    }

    /// Whether its models are ready.
    pub(super) fn is_prepared(&self) -> bool {
        self.ready.is_some() || !self.is_ours()
    }

    pub(super) fn has_left(&self) -> bool {
        self.left
    }
}

struct Track {
    audio: RemoteAudio,
    clock: TrackClock,
    packets: u64,
    /// Numbers that were passed over.
    gaps: u64,
    newest: Option<u16>,
}

impl Track {
    fn count(&mut self, sequence: u16) {
        self.packets += 1;
        let step = self.newest.map_or(1, |newest| sequence.wrapping_sub(newest));
        self.gaps += u64::from(step.saturating_sub(1) % 0x8000);
        self.newest = Some(sequence);
    }
}

/// The recorder.
pub(super) struct Observer {
    room: Room,
    events: mpsc::Receiver<RoomEvent>,
    wall: Wall,
    pub(super) guests: [Guest; 2],
    people: BTreeMap<String, Participant>,
    tracks: Vec<Track>,
    /// Texts of people whose side is not known yet.
    unclaimed: Vec<(f64, Text)>,
    timeline: Timeline,
    /// Events that came since they were last looked at.
    fresh: Vec<(Mono, usize, Event)>,
    /// Why the room is over.
    pub(super) closed: Option<CloseReason>,
}

impl Observer {
    pub(super) fn new(room: Room, events: mpsc::Receiver<RoomEvent>, guests: [Guest; 2]) -> Observer {
        Observer {
            room,
            events,
            wall: Wall::now(),
            guests,
            people: BTreeMap::new(),
            tracks: Vec::new(),
            unclaimed: Vec::new(),
            timeline: Timeline::default(),
            fresh: Vec::new(),
            closed: None,
        }
    }

    /// The present, on the clock of [`Observer::take`].
    pub(super) fn now(&self) -> Mono {
        mono(self.wall.of_moment(Instant::now()))
    }

    /// The agent in the room that was dispatched under this name, where that is one only.
    pub(super) fn find(&self, agent_name: &str) -> Option<String> {
        let is_it = |p: &&Participant| {
            p.kind == Kind::Agent && p.attributes.get(AGENT_NAME).is_some_and(|name| name == agent_name)
        };
        let mut found = self.people.values().filter(is_it);
        found.next().filter(|_| found.next().is_none()).map(|participant| participant.identity.clone())
    }

    /// The agent that reported with the key of a side.
    pub(super) fn reporter(&self, side: usize) -> Option<String> {
        self.guests[side].reporter.clone()
    }

    /// Whose seat somebody has.
    pub(super) fn seat(&mut self, side: usize, identity: Option<&str>) {
        let guest = &mut self.guests[side];
        if guest.identity.as_deref() == identity {
            return;
        }
        guest.identity = identity.map(str::to_owned);
        guest.participant = identity.and_then(|identity| self.people.get(identity).cloned());
        guest.heard = self.tracks.iter().any(|t| Some(t.audio.participant.identity.as_str()) == identity);
        guest.left = false;
        for (at, text) in std::mem::take(&mut self.unclaimed) {
            self.transcribed(at, text);
        }
    }

    /// Takes in all that has come by now.
    pub(super) fn pump(&mut self) {
        while self.closed.is_none() {
            match self.events.try_recv() {
                Ok(event) => self.happened(event),
                Err(mpsc::error::TryRecvError::Empty) => break,
                Err(mpsc::error::TryRecvError::Disconnected) => self.closed = Some(CloseReason::Left),
            }
        }
        let mut tracks = std::mem::take(&mut self.tracks);
        tracks.retain_mut(|track| {
            let side = self.side_of(&track.audio.participant.identity);
            loop {
                match track.audio.packets.try_recv() {
                    Ok(heard) => {
                        track.count(heard.packet.sequence);
                        let at = track.clock.place(&self.wall, &heard);
                        if let Some(side) = side {
                            self.timeline.put(mono(at), side, What::Packet(heard.packet));
                        }
                    }
                    Err(mpsc::error::TryRecvError::Empty) => return true,
                    Err(mpsc::error::TryRecvError::Disconnected) => {
                        let who = track.audio.participant.identity.as_str();
                        tracing::debug!(who, packets = track.packets, gaps = track.gaps, "a recorded track is over");
                        return false;
                    }
                }
            }
        });
        self.tracks = tracks;
    }

    /// What happened next, where that was at `until` or before.
    pub(super) fn take(&mut self, until: Mono) -> Option<(Mono, usize, What)> {
        self.timeline.take(until)
    }

    /// Events that came since this was last asked, not yet in order: for what can't wait.
    pub(super) fn fresh(&mut self) -> Vec<(Mono, usize, Event)> {
        std::mem::take(&mut self.fresh)
    }

    /// Whether the conversation can begin for a side.
    pub(super) fn is_ready(&self, side: usize) -> bool {
        self.guests[side].is_ready(&self.guests[1 - side])
    }

    /// When the first word was said of all that is held back, as far as anybody told.
    pub(super) fn first_word(&self) -> Option<Mono> {
        self.timeline.first(|what| matches!(what, What::Event(Event::SpeechProgress { .. })))
    }

    /// Tells an agent of ours what to do.
    pub(super) async fn order(&self, side: usize, wanted: Wanted) {
        let guest = &self.guests[side];
        let Some(identity) = guest.identity.clone().filter(|_| guest.is_ours() && !guest.left) else { return };
        let order = Order { key: guest.key.clone(), wanted };
        let options = DataOptions { topic: Some(ORDERS.to_owned()), to: vec![identity], lossy: false };
        let order = serde_json::to_vec(&order).unwrap_or_default();
        for _ in 0..TRIES {
            match self.room.send_data(order.clone(), options.clone()).await {
                // The channel may not be open yet.
                Err(RoomError::Full) => tokio::time::sleep(AGAIN).await,
                Err(error) => return tracing::warn!(%error, side, "an agent could not be told what to do"),
                Ok(()) => return,
            }
        }
    }

    pub(super) async fn leave(&self) {
        self.room.leave().await;
    }

    fn side_of(&self, identity: &str) -> Option<usize> {
        self.guests.iter().position(|guest| guest.identity.as_deref() == Some(identity))
    }

    fn happened(&mut self, event: RoomEvent) {
        match event {
            RoomEvent::Joined(participant) | RoomEvent::Changed(participant) => self.known(participant),
            RoomEvent::Left(participant) => {
                self.people.remove(&participant.identity);
                if let Some(side) = self.side_of(&participant.identity) {
                    (self.guests[side].left, self.guests[side].heard) = (true, false);
                }
            }
            RoomEvent::Audio(audio) => {
                if let Some(side) = self.side_of(&audio.participant.identity) {
                    self.guests[side].heard = true;
                }
                let clock = TrackClock::default();
                self.tracks.push(Track { audio, clock, packets: 0, gaps: 0, newest: None });
            }
            RoomEvent::Text(text) if text.topic == REPORTS => self.reported(&text),
            RoomEvent::Text(text) if text.topic == TRANSCRIPTION => {
                self.transcribed(self.wall.of_moment(Instant::now()), text);
            }
            RoomEvent::Closed(reason) => self.closed = Some(reason),
            _ => {}
        }
    }

    fn put_event(&mut self, at: f64, side: usize, event: Event) {
        self.fresh.push((mono(at), side, event.clone()));
        self.timeline.put(mono(at), side, What::Event(event));
    }

    fn known(&mut self, participant: Participant) {
        if let Some(side) = self.side_of(&participant.identity) {
            let at = self.wall.of_moment(Instant::now());
            let guest = &mut self.guests[side];
            let before = guest.participant.as_ref().and_then(shown_state);
            (guest.participant, guest.left) = (Some(participant.clone()), false);
            if let (false, Some(state)) = (guest.is_ours(), shown_state(&participant).filter(|s| Some(*s) != before)) {
                guest.foreign.speaks((state == AgentState::Speaking).then_some(at));
                self.put_event(at, side, Event::AgentStateChanged { state });
            }
        }
        self.people.insert(participant.identity.clone(), participant);
    }

    fn reported(&mut self, text: &Text) {
        if text.state != TextState::Complete {
            return;
        }
        let Ok(report) = serde_json::from_str::<Report>(&text.text) else { return };
        let Some(side) = self.guests.iter().position(|guest| guest.key == report.key) else { return };
        let (arrived, claimed) = (self.wall.of_moment(Instant::now()), self.wall.of_unix_us(report.at_us));
        let guest = &mut self.guests[side];
        guest.reporter = Some(text.from.clone());
        let at = guest.skew.mend(arrived, claimed);
        match report.told {
            Told::Ready { models, voice } => guest.ready = Some((models, voice)),
            Told::Hears { identity } => drop(guest.hears.insert(identity)),
            Told::Event(event) => self.put_event(at, side, event),
            Told::Over { consumed, owed } => guest.over = Some((consumed, owed)),
        }
    }

    /// What agents that are not ours say and hear. Ours report more, and sooner.
    fn transcribed(&mut self, at: f64, text: Text) {
        // Whose words they are is said by the track; a server may take who wrote them down for who said them.
        let owner = text.attributes.get(TRACK).and_then(|sid| {
            let owns = |p: &&Participant| p.tracks.iter().any(|track| track.sid == *sid);
            self.people.values().find(owns).map(|participant| participant.identity.as_str())
        });
        let Some(side) = self.side_of(owner.unwrap_or(&text.from)) else {
            if self.unclaimed.len() < UNCLAIMED {
                self.unclaimed.push((at, text));
            }
            return;
        };
        let ours = [self.guests[side].is_ours(), self.guests[1 - side].is_ours()];
        let sid = self.guests[side].participant.as_ref().map(|participant| participant.sid.clone()).unwrap_or_default();
        for words in self.guests[side].foreign.text(&sid, at, &text) {
            match words {
                Words::Said(at, event) if !ours[0] => self.put_event(at, side, event),
                Words::Heard(text) if !ours[1] => self.timeline.put(mono(at), side, What::Understood(text)),
                Words::Said(..) | Words::Heard(_) => {}
            }
        }
    }
}

fn shown_state(participant: &Participant) -> Option<AgentState> {
    match participant.attributes.get("lk.agent.state")?.as_str() {
        "initializing" => Some(AgentState::Initializing),
        "listening" | "idle" => Some(AgentState::Listening),
        "thinking" => Some(AgentState::Thinking),
        "speaking" => Some(AgentState::Speaking),
        _ => None,
    }
}

/// Seconds of the wall; what was before it was begun is at its beginning.
fn mono(seconds: f64) -> Mono {
    Mono((seconds.max(0.0) * 1e9) as u64)
}
