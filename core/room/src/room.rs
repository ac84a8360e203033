//! The room itself: who comes and goes, and when it is over.

use crate::calls::{Call, CallId};
use crate::participant::{Participant, Track};
use crate::proto::leave_request::Action;
use crate::proto::participant_info::State;
use crate::proto::signal_response::Message;
use crate::proto::{self, DisconnectReason};
use crate::quality::Qualities;
use crate::speakers::Speakers;
use crate::subscriptions::Table;
use crate::{Config, Event, Forwarding, Input, Join, JoinError, Output, ParticipantSid, ResumeError, TrackSid};
use duologue_ids::{Mono, Seed, SeededRng};
use std::collections::{BTreeMap, VecDeque};

/// How often clients say that they are there, and how long they wait for an answer, seconds. Zero stops some of them.
const PING: (i32, i32) = (5, 15);

/// One room.
#[derive(Debug)]
pub struct Room {
    pub(crate) config: Config,
    pub(crate) rng: SeededRng,
    sid: String,
    created: Mono,
    pub(crate) participants: BTreeMap<ParticipantSid, Participant>,
    /// Who hears what.
    pub(crate) table: Table,
    /// Whether [`Room::table`] may have to change.
    pub(crate) stale: bool,
    pub(crate) speakers: Speakers,
    pub(crate) qualities: Qualities,
    /// What the service has called and was not answered yet.
    pub(crate) calls: BTreeMap<CallId, Call>,
    pub(crate) outputs: VecDeque<Output>,
    /// What everybody knows of the room.
    told: proto::Room,
    /// Since when nobody keeps it open.
    quiet: Option<Mono>,
    /// Whether anybody ever did.
    used: bool,
    closed: bool,
}

impl Room {
    /// An empty room. The seed decides the names of all that is in it.
    pub fn new(now: Mono, config: Config, seed: Seed) -> Room {
        let mut rng = seed.derive("room").rng();
        let mut room = Room {
            config,
            sid: rng.id("RM_"),
            rng,
            created: now,
            participants: BTreeMap::new(),
            table: Table::new(),
            stale: false,
            speakers: Speakers::default(),
            qualities: Qualities::default(),
            calls: BTreeMap::new(),
            outputs: VecDeque::new(),
            told: proto::Room::default(),
            quiet: Some(now),
            used: false,
            closed: false,
        };
        room.told = room.info();
        room
    }

    /// What LiveKit's clients and services know of a room.
    pub fn info(&self) -> proto::Room {
        let seconds = |time: std::time::Duration| u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        let wall_ms = self.config.wall_ms(self.created);
        let visible = || self.participants.values().filter(|participant| participant.visible());
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        proto::Room {
            sid: self.sid.clone(),
            name: self.config.name.clone(),
            metadata: self.config.metadata.clone(),
            empty_timeout: seconds(self.config.empty_timeout),
            departure_timeout: seconds(self.config.departure_timeout),
            max_participants: self.config.max_participants,
            creation_time: wall_ms / 1_000,
            creation_time_ms: wall_ms,
            enabled_codecs: codecs(),
            num_participants: count(visible().count()),
            num_publishers: count(visible().filter(|p| p.tracks.values().any(|track| track.live)).count()),
            active_recording: self.participants.values().any(Participant::is_recorder),
            ..Default::default()
        }
    }

    /// Whether it is over: nothing changes it any more.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Lets somebody in. Whoever is there with the same identity has to go.
    pub fn join(&mut self, now: Mono, join: Join) -> Result<ParticipantSid, JoinError> {
        self.expire(now);
        if self.closed {
            return Err(JoinError::Closed);
        }
        let replaced = self.by_identity(&join.identity).map(|participant| participant.sid.clone());
        let sid = ParticipantSid(self.rng.id("PA_"));
        let (single, announced) = (join.single, join.tracks.clone());
        let participant = Participant::new(sid.clone(), join, &self.config, now);
        let others = self.participants.values().filter(|other| Some(&other.sid) != replaced.as_ref());
        let max = self.config.max_participants;
        let there = others.filter(|other| !other.dependent()).count();
        if max > 0 && !participant.dependent() && there >= max as usize {
            return Err(JoinError::Full(max));
        }
        if let Some(old) = replaced {
            self.take_out(&old, DisconnectReason::DuplicateIdentity, Some(Action::Disconnect));
        }
        self.participants.insert(sid.clone(), participant);
        self.stale = true;
        self.greet(&sid, single);
        self.announce(&sid, false);
        self.outputs.push_back(Output::Refresh { to: sid.clone() });
        announced.into_iter().for_each(|track| self.add_track(&sid, track));
        self.settle(now);
        Ok(sid)
    }

    /// Goes on with somebody whose signalling was lost. The first message is what clients wait for; then they are told
    /// everything anew, and take for gone whom they are not told of.
    pub fn resume(
        &mut self,
        now: Mono,
        sid: &ParticipantSid,
        identity: &str,
        connection: u64,
    ) -> Result<(), ResumeError> {
        self.expire(now);
        let known = self.participants.get_mut(sid).filter(|participant| participant.info.identity == identity);
        let Some(participant) = known.filter(|_| !self.closed) else { return Err(ResumeError) };
        participant.connection = Some(connection);
        participant.note_loss(&self.config, now);
        // What it was told while it could not hear is told again.
        participant.denied.clear();
        self.stale = true;
        let server_info = Some(self.config.server.clone());
        self.send(sid, Message::Reconnect(proto::ReconnectResponse { server_info, ..Default::default() }));
        let all = self.participants.values().filter(|other| other.visible() || other.sid == *sid);
        let participants = all.map(Participant::info).collect();
        self.send(sid, Message::Update(proto::ParticipantUpdate { participants }));
        self.send(sid, Message::RoomUpdate(proto::RoomUpdate { room: Some(self.info()) }));
        self.tell_speakers(sid);
        self.settle(now);
        Ok(())
    }

    /// Takes in what happened. What it names and nobody knows is passed over: messages cross on their way.
    pub fn handle(&mut self, now: Mono, input: Input) {
        self.expire(now);
        if self.closed {
            return;
        }
        match input {
            Input::Tick => {}
            Input::Signal { from, message } => self.signal(now, &from, *message),
            Input::SignalLost { participant, connection } => {
                if let Some(participant) = self.participants.get_mut(&participant)
                    && participant.connection == Some(connection)
                {
                    participant.connection = None;
                    participant.note_loss(&self.config, now);
                }
            }
            Input::Connected { participant } => self.connected(now, &participant),
            Input::Disconnected { participant } => self.disconnected(now, &participant),
            Input::ChannelOpen { participant } => self.channel_open(&participant),
            Input::MediaArrived { track, mid } => self.media_arrived(&track, mid),
            Input::MediaEnded { track } => self.unpublish(&track, false),
            Input::Data { from, reliable, packet } => self.data(&from, reliable, *packet),
            Input::Close(reason) => self.close(reason),
        }
        self.settle(now);
    }

    /// What is to be done next; [`Output::Timeout`] once there is nothing.
    pub fn poll(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| Output::Timeout(self.timeout()))
    }

    /// To whom the packets of a track go now.
    pub fn listeners<'a>(&'a self, track: &TrackSid) -> impl Iterator<Item = &'a ParticipantSid> {
        let listeners = self.table.get(track).into_iter().flat_map(|listeners| &listeners.by);
        listeners.filter(|(_, state)| **state == Forwarding::On).map(|(to, _)| to)
    }

    /// The track that a participant calls `cid`: what its offer says of a section.
    pub fn track_of(&self, participant: &ParticipantSid, cid: &str) -> Option<&TrackSid> {
        let tracks = &self.participants.get(participant)?.tracks;
        tracks.iter().find(|(_, track)| track.cid == cid).map(|(sid, _)| sid)
    }

    /// What others learn of somebody, and the service.
    pub fn participant(&self, sid: &ParticipantSid) -> Option<proto::ParticipantInfo> {
        self.participants.get(sid).map(Participant::info)
    }

    /// What somebody may do now: for its next token.
    pub fn permission(&self, participant: &ParticipantSid) -> Option<&proto::ParticipantPermission> {
        self.participants.get(participant).map(|participant| &participant.permission)
    }

    /// Whether others know of somebody.
    pub fn is_visible(&self, participant: &ParticipantSid) -> bool {
        self.participants.get(participant).is_some_and(Participant::visible)
    }

    fn connected(&mut self, now: Mono, sid: &ParticipantSid) {
        let Some(participant) = self.participants.get_mut(sid) else { return };
        participant.connected = true;
        let first = !participant.active();
        participant.info.set_state(State::Active);
        participant.note_loss(&self.config, now);
        if first {
            self.watch_quality(now);
            self.announce(sid, false);
            self.stale = true;
            if let Some(participant) = self.participants.get(sid) {
                self.outputs.push_back(Output::Event(Event::Joined(Box::new(participant.info()))));
            }
        }
    }

    /// Its client is told to resume, which restarts ICE.
    fn disconnected(&mut self, now: Mono, sid: &ParticipantSid) {
        let Some(participant) = self.participants.get_mut(sid).filter(|participant| participant.connected) else {
            return;
        };
        participant.connected = false;
        participant.note_loss(&self.config, now);
        self.send(sid, leave(DisconnectReason::ConnectionTimeout, Action::Resume));
    }

    fn greet(&mut self, sid: &ParticipantSid, single: bool) {
        let Some(participant) = self.participants.get(sid) else { return };
        let others = self.participants.values().filter(|other| other.visible() && other.sid != *sid);
        let (ping_interval, ping_timeout) = PING;
        let message = Message::Join(proto::JoinResponse {
            room: Some(self.info()),
            participant: Some(participant.info()),
            other_participants: others.map(Participant::info).collect(),
            server_version: self.config.server.version.clone(),
            server_info: Some(self.config.server.clone()),
            subscriber_primary: !single,
            ping_interval,
            ping_timeout,
            enabled_publish_codecs: codecs(),
            fast_publish: participant.permission.can_publish,
            ..Default::default()
        });
        self.send(sid, message);
    }

    /// Takes somebody out, and says why: to it, where `tell` says what it is to do, and to all who knew it.
    pub(crate) fn take_out(&mut self, sid: &ParticipantSid, reason: DisconnectReason, tell: Option<Action>) {
        if let Some(action) = tell {
            self.send(sid, leave(reason, action));
        }
        let tracks: Vec<_> = self.participants.get(sid).into_iter().flat_map(|p| p.tracks.keys().cloned()).collect();
        tracks.iter().for_each(|track| self.forget_track(track));
        let Some(mut participant) = self.participants.remove(sid) else { return };
        let was_active = participant.active();
        participant.info.set_state(State::Disconnected);
        participant.info.set_disconnect_reason(reason);
        participant.info.version += 1;
        self.outputs.push_back(Output::Out { participant: sid.clone() });
        let info = participant.info();
        // In a room that closes, everybody is told of that.
        if participant.visible() && !self.closed {
            self.tell_others(sid, &Message::Update(proto::ParticipantUpdate { participants: vec![info.clone()] }));
        }
        if was_active {
            self.outputs.push_back(Output::Event(Event::Left(Box::new(info))));
        }
        self.speakers.forget(sid);
        self.forget_calls(sid);
        self.stale = true;
    }

    fn close(&mut self, reason: DisconnectReason) {
        self.closed = true;
        let all: Vec<_> = self.participants.keys().cloned().collect();
        all.iter().for_each(|sid| self.take_out(sid, reason, Some(Action::Disconnect)));
        self.table.clear();
        self.outputs.push_back(Output::Event(Event::Closed(reason)));
    }

    /// What is due by now.
    pub(crate) fn expire(&mut self, now: Mono) {
        if self.closed {
            return;
        }
        let mut out = Vec::new();
        for participant in self.participants.values_mut() {
            if participant.refresh <= now {
                participant.refresh = now + self.config.refresh_every;
                self.outputs.push_back(Output::Refresh { to: participant.sid.clone() });
            }
            if !participant.active() && participant.joined + self.config.verify_within <= now {
                out.push((participant.sid.clone(), DisconnectReason::JoinFailure, Action::Disconnect));
            } else if participant.until.is_some_and(|until| until <= now) {
                let reason = match participant.connection {
                    None => DisconnectReason::SignalClose,
                    Some(_) => DisconnectReason::ConnectionTimeout,
                };
                out.push((participant.sid.clone(), reason, Action::Reconnect));
            }
        }
        for (sid, reason, action) in out {
            self.take_out(&sid, reason, Some(action));
        }
        self.note_speakers(now);
        self.note_quality(now);
        self.expire_calls(now);
        self.settle(now);
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.close(DisconnectReason::RoomClosed);
        }
    }

    /// When it closes, if nobody comes.
    fn deadline(&self) -> Option<Mono> {
        let wait = if self.used { self.config.departure_timeout } else { self.config.empty_timeout };
        self.quiet.map(|since| since + wait)
    }

    fn timeout(&self) -> Mono {
        if self.closed {
            return Mono::FAR;
        }
        let of = |participant: &Participant| {
            let verified = (!participant.active()).then(|| participant.joined + self.config.verify_within);
            [participant.until, verified, Some(participant.refresh)].into_iter().flatten().min()
        };
        let participants = self.participants.values().filter_map(of);
        let looked_at = [self.deadline(), self.speakers.next(), self.qualities.next()].into_iter().flatten();
        participants.chain(looked_at).chain(self.calls.values().map(Call::due)).min().unwrap_or(Mono::FAR)
    }

    /// Draws the consequences of what changed.
    pub(crate) fn settle(&mut self, now: Mono) {
        if self.closed {
            return;
        }
        self.reconcile();
        let info = self.info();
        if info != self.told {
            self.told = info.clone();
            self.tell_all(&Message::RoomUpdate(proto::RoomUpdate { room: Some(info) }));
        }
        let agents = self.config.agents_keep_open;
        let keeps = |p: &Participant| p.visible() && (agents || !p.dependent());
        if self.participants.values().any(keeps) {
            (self.used, self.quiet) = (true, None);
        } else if self.quiet.is_none() {
            self.quiet = Some(now);
        }
    }

    /// Tells those who may see somebody how it is now; itself too where it is not the cause.
    pub(crate) fn announce(&mut self, sid: &ParticipantSid, itself: bool) {
        let Some(participant) = self.participants.get_mut(sid) else { return };
        participant.info.version += 1;
        let visible = participant.visible();
        let update = Message::Update(proto::ParticipantUpdate { participants: vec![participant.info()] });
        if visible {
            self.tell_others(sid, &update);
        }
        if itself {
            self.send(sid, update);
        }
    }

    pub(crate) fn tell_all(&mut self, message: &Message) {
        let all: Vec<_> = self.participants.keys().cloned().collect();
        all.iter().for_each(|to| self.send(to, message.clone()));
    }

    fn tell_others(&mut self, sid: &ParticipantSid, message: &Message) {
        let others: Vec<_> = self.participants.keys().filter(|other| *other != sid).cloned().collect();
        others.iter().for_each(|to| self.send(to, message.clone()));
    }

    /// Sends to somebody who can be reached.
    pub(crate) fn send(&mut self, to: &ParticipantSid, message: Message) {
        if self.participants.get(to).is_some_and(|participant| participant.connection.is_some()) {
            self.outputs.push_back(Output::Send { to: to.clone(), message: Box::new(message) });
        }
    }

    pub(crate) fn by_identity(&self, identity: &str) -> Option<&Participant> {
        self.participants.values().find(|participant| participant.info.identity == identity)
    }

    pub(crate) fn publisher_of(&self, track: &TrackSid) -> Option<&Participant> {
        self.participants.values().find(|participant| participant.tracks.contains_key(track))
    }

    pub(crate) fn track_mut(&mut self, track: &TrackSid) -> Option<(ParticipantSid, &mut Track)> {
        let publisher = self.participants.values_mut().find(|participant| participant.tracks.contains_key(track))?;
        let sid = publisher.sid.clone();
        publisher.tracks.get_mut(track).map(|track| (sid, track))
    }
}

fn leave(reason: DisconnectReason, action: Action) -> Message {
    let can_reconnect = action != Action::Disconnect;
    let (reason, action) = (reason.into(), action.into());
    Message::Leave(proto::LeaveRequest { can_reconnect, reason, action, regions: None })
}

/// Sound only: Opus, and Opus with redundancy (RFC 2198).
fn codecs() -> Vec<proto::Codec> {
    ["audio/opus", "audio/red"].map(|mime| proto::Codec { mime: mime.into(), fmtp_line: String::new() }).into()
}
