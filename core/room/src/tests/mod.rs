//! One case each of what the documentation promises.

mod calls;
mod coming;
mod data;
mod media;

use crate::proto::participant_info::Kind;
use crate::proto::signal_request::Message as Asked;
use crate::proto::signal_response::Message;
use crate::proto::{self, TrackSource};
use crate::{Config, Input, Join, Output, ParticipantSid, Room, TrackSid};
use duologue_ids::{Mono, Seed};
use std::time::Duration;

pub(crate) fn everything() -> proto::ParticipantPermission {
    proto::ParticipantPermission {
        can_publish: true,
        can_subscribe: true,
        can_publish_data: true,
        can_update_metadata: true,
        ..Default::default()
    }
}

pub(crate) fn join(identity: &str) -> Join {
    Join {
        identity: identity.into(),
        name: String::new(),
        kind: Kind::Standard,
        metadata: String::new(),
        attributes: Default::default(),
        permission: everything(),
        client: Default::default(),
        auto_subscribe: true,
        single: true,
        connection: 1,
        tracks: Vec::new(),
    }
}

pub(crate) fn microphone(cid: &str) -> proto::AddTrackRequest {
    proto::AddTrackRequest { cid: cid.into(), source: TrackSource::Microphone.into(), ..Default::default() }
}

struct Scene {
    room: Room,
    now: Mono,
}

impl Scene {
    fn new() -> Scene {
        Scene::with(|_| ())
    }

    fn with(change: impl FnOnce(&mut Config)) -> Scene {
        let mut config = Config::new("kitchen");
        change(&mut config);
        Scene { room: Room::new(Mono::ZERO, config, Seed(1)), now: Mono::ZERO }
    }

    fn handle(&mut self, input: Input) {
        self.room.handle(self.now, input);
    }

    fn after(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.handle(Input::Tick);
    }

    fn signal(&mut self, from: &ParticipantSid, message: Asked) {
        self.handle(Input::Signal { from: from.clone(), message: Box::new(message) });
    }

    /// Somebody who joined and is connected, data channel and all.
    fn comes(&mut self, identity: &str) -> ParticipantSid {
        self.comes_as(join(identity))
    }

    fn comes_as(&mut self, join: Join) -> ParticipantSid {
        let sid = self.room.join(self.now, join).unwrap();
        self.handle(Input::Connected { participant: sid.clone() });
        self.handle(Input::ChannelOpen { participant: sid.clone() });
        sid
    }

    /// A microphone whose media has arrived.
    fn publishes(&mut self, who: &ParticipantSid) -> TrackSid {
        self.signal(who, Asked::AddTrack(microphone("mic")));
        let track = self.room.track_of(who, "mic").unwrap().clone();
        self.handle(Input::MediaArrived { track: track.clone(), mid: "1".into() });
        track
    }

    fn drain(&mut self) -> Vec<Output> {
        let next = || Some(self.room.poll()).filter(|output| !matches!(output, Output::Timeout(_)));
        std::iter::from_fn(next).collect()
    }

    /// What somebody's client is told, of all that is to be done.
    fn told(&mut self, who: &ParticipantSid) -> Vec<Message> {
        let of = |output| match output {
            Output::Send { to, message } if to == *who => Some(*message),
            _ => None,
        };
        self.drain().into_iter().filter_map(of).collect()
    }

    fn listeners(&self, track: &TrackSid) -> Vec<ParticipantSid> {
        self.room.listeners(track).cloned().collect()
    }
}

/// The participants of the updates among messages.
fn updates(messages: &[Message]) -> Vec<proto::ParticipantInfo> {
    let of = |message: &Message| match message {
        Message::Update(update) => update.participants.clone(),
        _ => Vec::new(),
    };
    messages.iter().flat_map(of).collect()
}
