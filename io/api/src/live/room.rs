//! One room as somebody sees who is in it: a hidden participant that sends nothing.

use super::sound::Meters;
use super::{Feed, Registry, Told, Watch, chance};
use crate::model::{Levels, Line, Participant, RoomNow};
use crate::platform::{Rooms, unix_seconds};
use duologue_worker::{JoinOptions, Kind, Room, RoomEvent, Text, TextState};
use futures::FutureExt;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};

/// How often loudness is told.
const METERS: Duration = Duration::from_millis(120);
/// Lines of transcript that are kept for whoever comes later.
const LINES: usize = 400;
/// How its identity begins; the server lists it also where others do not see it.
const WATCHER: &str = "duologue-watch-";
/// The watcher's token; the server refreshes it.
const TOKEN: Duration = Duration::from_secs(600);
const TRANSCRIPTION: &str = "lk.transcription";
const FINAL: &str = "lk.transcription_final";
const SEGMENT: &str = "lk.segment_id";
const TRACK: &str = "lk.transcribed_track_id";

/// What is known of a room.
#[derive(Debug)]
pub(crate) struct RoomState {
    name: String,
    version: u64,
    people: BTreeMap<String, Participant>,
    people_at: u64,
    /// Each with the version in which it changed.
    lines: Vec<(u64, Line)>,
    levels: BTreeMap<String, f32>,
    /// Why there is nothing more, once there is not.
    over: Option<String>,
}

impl RoomState {
    fn new(name: &str) -> RoomState {
        RoomState {
            name: name.to_owned(),
            version: 1,
            people: BTreeMap::new(),
            people_at: 1,
            lines: Vec::new(),
            levels: BTreeMap::new(),
            over: None,
        }
    }

    pub(crate) fn participants(&self) -> Vec<Participant> {
        self.people.values().cloned().collect()
    }

    pub(crate) fn levels(&self) -> &BTreeMap<String, f32> {
        &self.levels
    }

    fn apply(&mut self, event: RoomEvent) {
        match event {
            RoomEvent::Joined(who) | RoomEvent::Changed(who) => {
                let participant = Participant::from(&who);
                if self.people.insert(who.identity, participant.clone()) != Some(participant) {
                    self.changed_people();
                }
            }
            // One who came back under another sid is still here.
            RoomEvent::Left(who) if self.people.get(&who.identity).is_some_and(|known| known.sid == who.sid) => {
                self.people.remove(&who.identity);
                self.changed_people();
            }
            RoomEvent::Text(text) if text.topic == TRANSCRIPTION => self.write(&text),
            RoomEvent::Closed(reason) => self.end(reason.to_string()),
            _ => {}
        }
    }

    fn changed_people(&mut self) {
        self.version += 1;
        self.people_at = self.version;
    }

    fn end(&mut self, why: String) {
        self.version += 1;
        self.people_at = self.version;
        self.people.clear();
        self.over = Some(why);
    }

    /// A segment of transcript: what was said before under the same id is replaced.
    fn write(&mut self, text: &Text) {
        let attribute = |name: &str| text.attributes.get(name).filter(|value| !value.is_empty());
        // Agents send on behalf of others what they heard of them; whose track it was says who spoke.
        let owner = attribute(TRACK)
            .and_then(|track| self.people.values().find(|who| who.tracks.iter().any(|t| t.sid == *track)));
        let speaker = owner.map_or(text.from.as_str(), |who| who.identity.as_str());
        let name = self.people.get(speaker).map_or(speaker, |who| who.name.as_str());
        let is_final = attribute(FINAL).is_some_and(|value| value == "true");
        let line = Line {
            segment: attribute(SEGMENT).unwrap_or(&text.stream).clone(),
            speaker: speaker.to_owned(),
            name: if name.is_empty() { speaker.to_owned() } else { name.to_owned() },
            text: text.text.clone(),
            is_final: is_final && text.state != TextState::Open,
            at: unix_seconds(),
        };
        if line.text.trim().is_empty() {
            return;
        }
        self.version += 1;
        let known = self.lines.iter_mut().rev().find(|(_, l)| l.segment == line.segment && l.speaker == line.speaker);
        match known {
            Some((version, known)) => (*version, *known) = (self.version, Line { at: known.at, ..line }),
            None => self.lines.push((self.version, line)),
        }
        if self.lines.len() > LINES {
            self.lines.remove(0);
        }
    }
}

impl Feed for RoomState {
    fn version(&self) -> u64 {
        self.version
    }

    fn since(&self, version: u64) -> Vec<Told> {
        let mut told = Vec::new();
        if version == 0 {
            let lines = self.lines.iter().map(|(_, line)| line.clone()).collect();
            told.push(Told::new(
                "room",
                &RoomNow { name: self.name.clone(), participants: self.participants(), lines },
            ));
        } else {
            if self.people_at > version {
                told.push(Told::new("participants", &self.participants()));
            }
            let news = self.lines.iter().filter(|(at, _)| *at > version);
            told.extend(news.map(|(_, line)| Told::new("line", line)));
        }
        told.extend(self.over.as_ref().map(|why| Told::new("closed", why)));
        told
    }

    fn passing(&self) -> Option<Told> {
        (!self.levels.is_empty()).then(|| Told::new("levels", &Levels(self.levels.clone())))
    }

    fn is_over(&self) -> bool {
        self.over.is_some()
    }
}

/// Whether somebody is here only to look.
pub(crate) fn is_watcher(identity: &str) -> bool {
    identity.starts_with(WATCHER)
}

/// Watches a room, as others do already where they do.
pub(crate) fn watch(watches: &Registry<RoomState>, rooms: &Rooms, name: &str) -> Arc<Watch<RoomState>> {
    watches.watch(name, || {
        let rooms = rooms.clone();
        (RoomState::new(name), move |state| keep(rooms, state).boxed())
    })
}

/// Keeps the state of a room until nobody watches, or the room ends.
async fn keep(rooms: Rooms, state: watch::Sender<RoomState>) {
    let name = state.borrow().name.clone();
    match join(&rooms, &name).await {
        Ok((room, events)) => {
            follow(events, &state).await;
            room.leave().await;
        }
        Err(why) => state.send_modify(|state| state.end(why)),
    }
}

async fn join(rooms: &Rooms, name: &str) -> Result<(Room, mpsc::Receiver<RoomEvent>), String> {
    let identity = format!("{WATCHER}{:012x}", chance());
    let token = rooms.token(&identity, TOKEN, |claims| {
        // As a dependent participant it keeps no room open (livekit-server: agents and recorders are).
        claims.kind = "agent".into();
        claims.video.room_join = true;
        claims.video.room = name.to_owned();
        claims.video.hidden = true;
        claims.video.can_subscribe = Some(true);
        claims.video.can_publish = Some(false);
        claims.video.can_publish_data = Some(false);
    });
    let token = token.map_err(|problem| problem.detail)?;
    let hears = vec![Kind::Standard, Kind::Sip, Kind::Connector, Kind::Agent, Kind::Ingress, Kind::Bridge];
    let options = JoinOptions { hears, redundancy: false, ..JoinOptions::default() };
    Room::join(&rooms.server, &token, options).await.map_err(|error| error.to_string())
}

async fn follow(mut events: mpsc::Receiver<RoomEvent>, state: &watch::Sender<RoomState>) {
    let mut meters = Meters::default();
    let mut ticks = interval(METERS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(RoomEvent::Audio(audio)) => meters.listen(audio),
                Some(event) => state.send_modify(|state| state.apply(event)),
                None => break,
            },
            _ = ticks.tick() => {
                let levels = meters.read();
                state.send_if_modified(|state| {
                    let changed = state.levels != levels;
                    state.levels = levels;
                    changed
                });
            }
        }
        if state.borrow().is_over() {
            return;
        }
    }
    state.send_modify(|state| state.end("the room was left".into()));
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
