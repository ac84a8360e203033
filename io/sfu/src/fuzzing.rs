//! What the fuzz targets feed with any bytes: what clients and workers send, to the machines that read it.

use crate::room::{Hearing, Says, Speaking, rewritten};
use crate::{agents, http, media};
use duologue_dispatch::{Config, Dispatcher, WorkerId, WorkerSpec};
use duologue_ids::{Mono, Seed};
use duologue_livekit_wire::Message;
use duologue_livekit_wire::proto::signal_request::Message as Asked;
use duologue_livekit_wire::proto::{
    AddTrackRequest, DataPacket, ParticipantPermission, SessionDescription, SignalRequest, WorkerMessage,
};
use duologue_room::{Input, Join, Output, ParticipantSid, Room, TrackSid};
use std::time::Duration;

/// The messages in `data`, each after two bytes of its length.
fn messages<M: Message + Default>(data: &[u8]) -> impl Iterator<Item = M> {
    let mut rest = data;
    let frames = std::iter::from_fn(move || {
        let [high, low, ref after @ ..] = *rest else { return None };
        let (frame, left) = after.split_at_checked(usize::from(high) << 8 | usize::from(low)).unwrap_or((after, &[]));
        rest = left;
        Some(frame)
    });
    frames.filter_map(|frame| M::decode(frame).ok())
}

/// A room with three, each of whom publishes.
fn room() -> (Room, Vec<ParticipantSid>) {
    let now = Mono::ZERO;
    let mut room = Room::new(now, duologue_room::Config::new("room"), Seed(1));
    let permission = ParticipantPermission {
        can_publish: true,
        can_subscribe: true,
        can_publish_data: true,
        can_update_metadata: true,
        ..Default::default()
    };
    let mut all = Vec::new();
    for (connection, identity) in (1..).zip(["a", "b", "c"]) {
        let track = AddTrackRequest { cid: "mic".into(), ..Default::default() };
        let join = Join {
            identity: identity.into(),
            name: String::new(),
            kind: Default::default(),
            metadata: String::new(),
            attributes: Default::default(),
            permission: permission.clone(),
            client: Default::default(),
            auto_subscribe: true,
            single: true,
            connection,
            tracks: vec![track],
        };
        let Ok(participant) = room.join(now, join) else { break };
        if let Some(track) = room.track_of(&participant, "mic").cloned() {
            room.handle(now, Input::MediaArrived { track, mid: "0".into() });
        }
        room.handle(now, Input::Connected { participant: participant.clone() });
        room.handle(now, Input::ChannelOpen { participant: participant.clone() });
        all.push(participant);
    }
    (room, all)
}

/// Does what the room says, as far as it needs no connections; who is out is never spoken of again.
fn drain(room: &mut Room, out: &mut Vec<ParticipantSid>) {
    loop {
        match room.poll() {
            Output::Timeout(_) => return,
            Output::Send { to, .. } => assert!(!out.contains(&to)),
            Output::Out { participant } => out.push(participant),
            _ => {}
        }
    }
}

/// What clients say on their lines, one after the other, half a second apart.
pub fn signalling(data: &[u8]) {
    let ((mut room, all), mut now, mut out) = (room(), Mono::ZERO, Vec::new());
    drain(&mut room, &mut out);
    let (mut speaking, mut hearing) = (Speaking::default(), Hearing::default());
    for (from, request) in all.iter().cycle().zip(messages::<SignalRequest>(data)) {
        now += Duration::from_millis(500);
        match request.message {
            Some(Asked::Offer(offer)) => described(&mut speaking, &mut hearing, &offer),
            Some(message) => room.handle(now, Input::Signal { from: from.clone(), message: Box::new(message) }),
            None => {}
        }
        drain(&mut room, &mut out);
    }
}

fn described(speaking: &mut Speaking, hearing: &mut Hearing, offer: &SessionDescription) {
    let _ = speaking.offered(offer);
    let names: Vec<_> = duologue_livekit_wire::sdp::sections(&offer.sdp).into_iter().map(|s| s.mid).collect();
    hearing.offered(&names);
    let track = TrackSid(format!("TR_{}", names.len()));
    hearing.want(track, ParticipantSid("PA_x".into()), true);
    let _ = hearing.describe(names.len());
    let told = rewritten(&offer.sdp, |mid| {
        let named = hearing.sections().iter().find(|section| section.name == mid).and_then(|s| hearing.named(s));
        named.map_or(Says::Inactive, |(stream, track)| Says::Carries(stream, track))
    });
    let sections = duologue_livekit_wire::sdp::sections;
    assert_eq!(sections(&told).len(), sections(&offer.sdp).len());
}

/// What comes over data channels: nobody gets its own back.
pub fn data_packets(data: &[u8]) {
    let ((mut room, all), now, mut out) = (room(), Mono::ZERO, Vec::new());
    drain(&mut room, &mut out);
    for (n, packet) in messages::<DataPacket>(data).enumerate() {
        let Some(from) = all.get(n % 3) else { return };
        let packet = Box::new(packet);
        room.handle(now, Input::Data { from: from.clone(), reliable: n % 2 == 0, packet });
        loop {
            match room.poll() {
                Output::Timeout(_) => break,
                Output::Data { to, packet, .. } => {
                    assert!(!to.contains(from) && packet.participant_sid == from.0);
                }
                _ => {}
            }
        }
    }
}

/// What a worker says once it has registered.
pub fn worker_messages(data: &[u8]) {
    let mut now = Mono::ZERO;
    let mut dispatcher = Dispatcher::new(Config::default(), Seed(1));
    dispatcher.handle(now, duologue_dispatch::Input::RoomCreated { room: "room".into(), agents: Vec::new() });
    let worker: WorkerId = dispatcher.register(now, WorkerSpec::default());
    let mut available = true;
    for message in messages::<WorkerMessage>(data) {
        now += Duration::from_millis(500);
        let heard = message.message.and_then(|message| agents::said(&worker, message, &mut available));
        heard.into_iter().for_each(|input| dispatcher.handle(now, input));
        while !matches!(dispatcher.poll(), duologue_dispatch::Output::Timeout(_)) {}
    }
}

/// The address that a client asks for, and a datagram from it.
pub fn knocking(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = http::request_of(&text, true);
    let _ = http::request_of(&text, false);
    let _ = media::username(data);
}
