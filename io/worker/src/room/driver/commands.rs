//! What the handles ask for.

use super::Driver;
use crate::room::error::{CloseReason, RoomError};
use crate::room::handle::Command;
use duologue_livekit_wire::proto::signal_request::Message as Request;
use duologue_livekit_wire::proto::{MuteTrackRequest, UpdateParticipantMetadata};
use std::collections::BTreeMap;
use tokio::sync::oneshot;

impl Driver {
    pub(super) fn command(&mut self, command: Command) {
        match command {
            Command::Publish(options, reply) => self.publish(options, reply),
            Command::Mute(sid, muted, reply) => {
                let known = self.track(&sid).is_some();
                if known {
                    self.request(Request::Mute(MuteTrackRequest { sid, muted }));
                }
                let unknown = || RoomError::Refused("there is no such track of ours".into());
                let _ = reply.send(if known { Ok(()) } else { Err(unknown()) });
            }
            Command::Send { values, way, reply } => {
                let _ = reply.send(self.send(values, &way));
            }
            Command::Describe { attributes, metadata, reply } => self.describe(attributes, metadata, reply),
            Command::Ask { request, to, taken, answer } => self.ask(request, to, taken, answer),
            Command::Answer(call) => self.answer(&call),
            Command::People(reply) => {
                let _ = reply.send(self.people.all().cloned().collect());
            }
            Command::Leave(reply) => {
                self.left.push(reply);
                self.closing = Some(CloseReason::Left);
            }
        }
    }

    fn describe(
        &mut self,
        attributes: BTreeMap<String, String>,
        metadata: String,
        reply: oneshot::Sender<Result<(), RoomError>>,
    ) {
        self.requests.newest += 1;
        let request_id = self.requests.newest;
        self.requests.waiting.insert(request_id, reply);
        self.request(Request::UpdateMetadata(UpdateParticipantMetadata {
            metadata,
            attributes: attributes.into_iter().collect(),
            request_id,
            ..Default::default()
        }));
    }
}
