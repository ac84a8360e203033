//! The task itself, and what it does about the room's decisions.

use super::client::{Client, Side};
use super::link::Link;
use super::{Ask, Queues};
use crate::agents::Agents;
use crate::auth;
use crate::clock::Clock;
use crate::events::ServerEvent;
use crate::media::{Arrived, LinkId, Media};
use duologue_ids::Mono;
use duologue_livekit_wire::Message as _;
use duologue_livekit_wire::proto::signal_response::Message;
use duologue_livekit_wire::proto::{self, DataPacket, DisconnectReason};
use duologue_livekit_wire::token;
use duologue_room::{AdminError, CallError, CallId, Event, Forwarding, Input, Output, ParticipantSid, Room, TrackSid};
use duologue_rtc::{Certificate, Channel};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::time::sleep_until;

/// Requests and datagrams that are taken at a stroke.
const BATCH: usize = 64;
/// Timers are looked at this often at most.
const GRAIN: Duration = Duration::from_millis(5);
/// Tokens that are given out to go on with hold this long at least (livekit-server's).
const TOKEN: Duration = Duration::from_secs(600);

/// What all rooms of a server share.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) clock: Clock,
    pub(crate) media: Media,
    pub(crate) certificate: Certificate,
    pub(crate) events: broadcast::Sender<ServerEvent>,
    pub(crate) agents: Agents,
    /// Numbers that nobody else has: of connections.
    pub(crate) numbers: Arc<AtomicU64>,
}

impl Surroundings {
    pub(crate) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }
}

type CallReply = oneshot::Sender<Result<Result<String, CallError>, AdminError>>;

pub(crate) struct Actor {
    pub(super) around: Surroundings,
    pub(super) name: String,
    pub(super) room: Room,
    pub(super) clients: BTreeMap<ParticipantSid, Client>,
    pub(super) links: HashMap<LinkId, (ParticipantSid, Side)>,
    /// To whom the packets of a track may go.
    pub(super) listeners: HashMap<TrackSid, Vec<ParticipantSid>>,
    pub(super) to_datagrams: mpsc::Sender<Arrived>,
    info: tokio::sync::watch::Sender<proto::Room>,
    /// Connections to be pumped.
    dirty: Vec<(ParticipantSid, Side)>,
    /// Those whose sections may have to be negotiated.
    pub(super) unsettled: BTreeSet<ParticipantSid>,
    /// Signalling that was given up.
    unread: Vec<(ParticipantSid, u64)>,
    /// Who waits for the answers of methods that were called.
    calls: HashMap<CallId, CallReply>,
    due: Instant,
    over: DisconnectReason,
}

impl Actor {
    pub(crate) fn new(name: String, room: Room, around: Surroundings, queues: &Queues) -> Actor {
        Actor {
            around,
            name,
            room,
            clients: BTreeMap::new(),
            links: HashMap::new(),
            listeners: HashMap::new(),
            to_datagrams: queues.to_datagrams.clone(),
            info: queues.info.clone(),
            dirty: Vec::new(),
            unsettled: BTreeSet::new(),
            unread: Vec::new(),
            calls: HashMap::new(),
            due: Instant::now(),
            over: DisconnectReason::UnknownReason,
        }
    }

    /// Runs until the room is over; says why it is. That is the one event that is left to whoever frees its name.
    pub(crate) async fn run(mut self, mut queues: Queues) -> DisconnectReason {
        let (mut asks, mut arrived) = (Vec::new(), Vec::new());
        let mut looked = Instant::now();
        self.settle();
        while !self.room.is_closed() {
            let due = self.next_due().max(looked + GRAIN);
            tokio::select! {
                _ = queues.asks.recv_many(&mut asks, BATCH) => {}
                _ = queues.datagrams.recv_many(&mut arrived, BATCH) => {}
                () = sleep_until(due.into()) => {}
            }
            let now = Instant::now();
            arrived.drain(..).for_each(|arrived| self.arrived(now, &arrived));
            asks.drain(..).for_each(|ask| self.ask(ask));
            if now >= self.next_due() && now >= looked + GRAIN {
                looked = now;
                self.time_passes(now);
            }
            self.pump();
        }
        // The last words are said; who is not out by now has nobody to hear them.
        queues.asks.close();
        while let Ok(ask) = queues.asks.try_recv() {
            self.ask(ask);
        }
        self.over
    }

    fn ask(&mut self, ask: Ask) {
        let now = self.around.clock.now();
        match ask {
            Ask::Join(entry, reply) => {
                let entered = self.enter(*entry);
                self.settle();
                // Whoever has gone meanwhile is missed soon enough.
                let _ = reply.send(entered);
            }
            Ask::Resume(back, reply) => {
                let returned = self.come_back(*back);
                self.settle();
                let _ = reply.send(returned);
            }
            Ask::Signal(from, message) => self.signal(from, *message),
            Ask::SignalLost(participant, connection) => {
                self.room.handle(now, Input::SignalLost { participant, connection });
            }
            Ask::Do(deed) => deed(&mut self.room, now),
            Ask::Call(call) => match self.room.call(now, &call.to, (call.method, call.payload), call.within) {
                Ok(id) => drop(self.calls.insert(id, call.reply)),
                // Whoever asked may have gone.
                Err(error) => drop(call.reply.send(Err(error))),
            },
            Ask::Close(reason) => self.room.handle(now, Input::Close(reason)),
        }
        self.settle();
    }

    fn arrived(&mut self, now: Instant, arrived: &Arrived) {
        let Some((sid, side)) = self.links.get(&arrived.link).cloned() else { return };
        let Some(link) = self.clients.get_mut(&sid).and_then(|client| client.link(side)) else { return };
        link.take(now, &arrived.datagram);
        self.touch(&sid, side, now);
    }

    fn next_due(&mut self) -> Instant {
        let links = self.clients.values_mut().flat_map(|client| client.links().map(|(_, link)| link.due).min());
        links.chain([self.due]).min().unwrap_or(self.due)
    }

    fn time_passes(&mut self, now: Instant) {
        for (sid, client) in &mut self.clients {
            for (side, link) in client.links() {
                if link.due <= now && link.touch(now) {
                    self.dirty.push((sid.clone(), side));
                }
            }
        }
        if self.due <= now {
            self.room.handle(self.around.clock.at(now), Input::Tick);
            self.settle();
        }
    }

    /// Marks a connection with which something was done.
    pub(super) fn touch(&mut self, sid: &ParticipantSid, side: Side, now: Instant) {
        let link = self.clients.get_mut(sid).and_then(|client| client.link(side));
        if link.is_some_and(|link| link.touch(now)) {
            self.dirty.push((sid.clone(), side));
        }
    }

    /// Lets connections go on with which something was done, and hears what happened there.
    fn pump(&mut self) {
        while let Some((sid, side)) = self.dirty.pop() {
            let Some(link) = self.clients.get_mut(&sid).and_then(|client| client.link(side)) else { continue };
            for event in link.pump(&self.around.media) {
                self.happened(&sid, side, event);
            }
        }
    }

    /// Does what the room has decided.
    pub(super) fn settle(&mut self) {
        let now = Instant::now();
        loop {
            match self.room.poll() {
                Output::Timeout(at) => {
                    self.due = self.around.clock.instant(at);
                    if let Some((participant, connection)) = self.unread.pop() {
                        let lost = Input::SignalLost { participant, connection };
                        self.room.handle(self.around.clock.at(now), lost);
                    } else if let Some(sid) = self.unsettled.pop_first() {
                        self.negotiate(&sid, now);
                    } else {
                        return;
                    }
                }
                output => self.perform(output, now),
            }
        }
    }

    /// The room wants to be looked at then, if not before.
    pub(super) fn look_at(&mut self, at: Mono) {
        self.due = self.due.min(self.around.clock.instant(at));
    }

    fn perform(&mut self, output: Output, now: Instant) {
        match output {
            Output::Send { to, message } => self.send(&to, *message),
            Output::Forward { track, publisher, to, state } => self.forward_to(track, publisher, to, state),
            // Counted from what is to be forwarded.
            Output::Sections { to, .. } => drop(self.unsettled.insert(to)),
            Output::Data { to, reliable, packet } => self.send_data(&to, reliable, &packet, now),
            Output::Refresh { to } => self.refresh(&to),
            Output::Out { participant } => self.out(&participant),
            Output::Called { id, answer } => {
                if let Some(reply) = self.calls.remove(&id) {
                    let _ = reply.send(Ok(answer));
                }
            }
            Output::Event(event) => self.tell(event),
            Output::Timeout(_) => {}
        }
    }

    pub(super) fn send(&mut self, to: &ParticipantSid, message: Message) {
        let Some(client) = self.clients.get_mut(to) else { return };
        if !client.send(message) {
            self.unread.push((to.clone(), client.connection));
        }
    }

    fn forward_to(&mut self, track: TrackSid, publisher: ParticipantSid, to: ParticipantSid, state: Forwarding) {
        let Some(client) = self.clients.get_mut(&to) else { return };
        if state == Forwarding::Off {
            client.hearing.drop_track(&track);
            if let Some(listeners) = self.listeners.get_mut(&track) {
                listeners.retain(|listener| *listener != to);
            }
        } else {
            client.hearing.want(track.clone(), publisher, state == Forwarding::On);
            let listeners = self.listeners.entry(track).or_default();
            if !listeners.contains(&to) {
                listeners.push(to.clone());
            }
        }
        self.unsettled.insert(to);
    }

    fn send_data(&mut self, to: &[ParticipantSid], reliable: bool, packet: &DataPacket, now: Instant) {
        let bytes = packet.encode_to_vec();
        let channel = if reliable { Channel::Reliable } else { Channel::Lossy };
        for sid in to {
            let Some(client) = self.clients.get_mut(sid) else { continue };
            let side = client.receiving_side();
            if let Err(error) = client.receiving().peer.send_data(channel, bytes.clone()) {
                tracing::debug!(room = self.name, participant = %sid, %error, "a packet was not sent");
            }
            self.touch(sid, side, now);
        }
    }

    /// A new token, with what is permitted now.
    fn refresh(&mut self, to: &ParticipantSid) {
        let (Some(client), Some(info)) = (self.clients.get(to), self.room.participant(to)) else { return };
        let (clock, mut claims) = (self.around.clock, client.visitor.claims.clone());
        claims.video = auth::grants(&info.permission.unwrap_or_default(), &claims.video);
        (claims.name, claims.metadata, claims.attributes) = (info.name, info.metadata, info.attributes);
        // Whoever came with a token that never ends goes on with one that does.
        let end = if claims.exp == token::ENDLESS { 0 } else { claims.exp as u64 };
        let left = Duration::from_secs(end.saturating_sub(clock.unix_seconds()));
        match auth::sign(claims, &client.visitor.key, clock, left.max(TOKEN)) {
            Ok(token) => self.send(to, Message::RefreshToken(token)),
            Err(error) => tracing::warn!(room = self.name, %error, "a token was not renewed"),
        }
    }

    /// Ends the connections of somebody who is out. What was sent before still goes out.
    fn out(&mut self, sid: &ParticipantSid) {
        let Some(mut client) = self.clients.remove(sid) else { return };
        for (_, link) in client.links() {
            link.peer.close();
            link.pump(&self.around.media);
            self.links.remove(&link.id());
        }
        for listeners in self.listeners.values_mut() {
            listeners.retain(|listener| listener != sid);
        }
        self.unsettled.remove(sid);
    }

    fn tell(&mut self, event: Event) {
        if let Event::Unpublished(of, track) = &event {
            let track = TrackSid(track.sid.clone());
            self.listeners.remove(&track);
            if let Some(client) = self.clients.get_mut(&ParticipantSid(of.sid.clone())) {
                client.speaking.forget(&track);
            }
        }
        let info = self.room.info();
        let sid = info.sid.clone();
        self.info.send_replace(info);
        self.around.agents.happened(&self.name, &event);
        if let Event::Closed(reason) = event {
            self.over = reason;
            return;
        }
        // Nobody may be listening.
        let _ = self.around.events.send(ServerEvent::Room { room: self.name.clone(), sid, event });
    }

    /// Keeps a connection, so that datagrams find it.
    pub(super) fn keep(&mut self, link: &Link, sid: &ParticipantSid, side: Side) {
        self.links.insert(link.id(), (sid.clone(), side));
    }
}
