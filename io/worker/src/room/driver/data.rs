//! Data packets: messages, texts and calls.

use super::Driver;
use crate::room::error::{RoomError, RpcError};
use crate::room::event::{Invocation, RoomEvent};
use crate::room::handle::{Call, Way};
use crate::room::options::Kind;
use duologue_livekit_wire::Message;
use duologue_livekit_wire::proto::data_packet::Value;
use duologue_livekit_wire::proto::{DataPacket, RpcAck, RpcRequest, RpcResponse, UserPacket, rpc_response};
use duologue_rtc::Channel;
use std::collections::BTreeMap;
use tokio::sync::oneshot;

/// Calls of one's own that may be under way.
const CALLS_MAX: usize = 1_024;

/// Calls of ours that are under way, by their ids.
#[derive(Default)]
pub(super) struct Calls {
    waiting: BTreeMap<String, Waiting>,
}

struct Waiting {
    to: String,
    taken: Option<oneshot::Sender<()>>,
    answer: oneshot::Sender<Result<String, RpcError>>,
}

impl Calls {
    /// Forgets calls whose callers lost patience.
    pub(super) fn forget_abandoned(&mut self) {
        self.waiting.retain(|_, call| !call.answer.is_closed());
    }

    /// Who has left answers no more.
    pub(super) fn left(&mut self, identity: &str) {
        let gone: Vec<String> =
            self.waiting.iter().filter(|(_, call)| call.to == identity).map(|(id, _)| id.clone()).collect();
        let error = RpcError { code: 1503, message: "Recipient disconnected".into(), data: String::new() };
        gone.into_iter().for_each(|id| self.answered(&id, Err(error.clone())));
    }

    fn taken(&mut self, id: &str) {
        let taken = self.waiting.get_mut(id).and_then(|call| call.taken.take());
        let _ = taken.map(|taken| taken.send(()));
    }

    fn answered(&mut self, id: &str, answer: Result<String, RpcError>) {
        // An answer says as well that the call was taken.
        self.taken(id);
        let _ = self.waiting.remove(id).map(|call| call.answer.send(answer));
    }
}

impl Driver {
    pub(super) fn send(&mut self, values: Vec<Value>, way: &Way) -> Result<(), RoomError> {
        let Way { to, lossy, from } = way;
        for value in values {
            let mut packet = DataPacket {
                value: Some(value),
                destination_identities: to.clone(),
                participant_identity: from.clone(),
                ..Default::default()
            };
            let channel = if *lossy { Channel::Lossy } else { Channel::Reliable };
            if !lossy {
                packet.sequence = self.numbered + 1;
            }
            let sent = self.publisher.ask().send_data(channel, packet.encode_to_vec());
            sent.map_err(|_| RoomError::Full)?;
            self.numbered = packet.sequence.max(self.numbered);
        }
        Ok(())
    }

    pub(super) fn ask(
        &mut self,
        request: RpcRequest,
        to: String,
        taken: oneshot::Sender<()>,
        answer: oneshot::Sender<Result<String, RpcError>>,
    ) {
        let id = request.id.clone();
        let many = self.calls.waiting.len() >= CALLS_MAX;
        self.calls.waiting.insert(id.clone(), Waiting { to: to.clone(), taken: Some(taken), answer });
        if many || self.send(vec![Value::RpcRequest(request)], &Way::to(&to)).is_err() {
            let error = RpcError { code: 1505, message: "Failed to send".into(), data: String::new() };
            self.calls.answered(&id, Err(error));
        }
    }

    pub(super) fn answer(&mut self, call: &Call) {
        let value = match &call.answer {
            Ok(payload) if payload.len() > crate::room::texts::PIECE_MAX => {
                rpc_response::Value::Error(wire(&RpcError {
                    code: 1504,
                    message: "Response payload too large".into(),
                    data: String::new(),
                }))
            }
            Ok(payload) => rpc_response::Value::Payload(payload.clone()),
            Err(error) => rpc_response::Value::Error(wire(error)),
        };
        let response = RpcResponse { request_id: call.id.clone(), value: Some(value) };
        if self.send(vec![Value::RpcResponse(response)], &Way::to(&call.to)).is_err() {
            tracing::warn!("the answer to a call could not be sent");
        }
    }

    /// A data packet arrived.
    pub(super) fn arrived(&mut self, channel: Channel, bytes: &[u8]) {
        let packet = match DataPacket::decode(bytes) {
            Ok(packet) => packet,
            Err(error) => return tracing::debug!(%error, "a data packet cannot be read"),
        };
        let reliable = channel == Channel::Reliable;
        if reliable && !self.numbers.is_new(&packet.participant_sid, packet.sequence) {
            return;
        }
        let from = packet.participant_identity;
        let is_agent = self.people.all().any(|one| one.identity == from && one.kind == Kind::Agent);
        match packet.value {
            Some(Value::User(user)) => self.message(from, user, reliable),
            Some(Value::StreamHeader(header)) => {
                let text = self.texts.begin(&from, header);
                text.into_iter().for_each(|text| self.tell(RoomEvent::Text(text)));
            }
            Some(Value::StreamChunk(chunk)) => {
                let text = self.texts.piece((&from, is_agent), &chunk);
                text.into_iter().for_each(|text| self.tell(RoomEvent::Text(text)));
            }
            Some(Value::StreamTrailer(trailer)) => {
                let text = self.texts.end((&from, is_agent), trailer);
                text.into_iter().for_each(|text| self.tell(RoomEvent::Text(text)));
            }
            Some(Value::RpcRequest(request)) => self.called(from, request),
            Some(Value::RpcAck(ack)) => self.calls.taken(&ack.request_id),
            Some(Value::RpcResponse(response)) => self.calls.answered(&response.request_id, outcome(response.value)),
            // Recorders, statistics and the transcriptions of former versions are nobody's here.
            _ => {}
        }
    }

    fn message(&mut self, from: String, user: UserPacket, reliable: bool) {
        // Servers fill the outer field in; those before protocol 12 filled the inner one.
        #[allow(deprecated, reason = "old servers fill nothing else in")]
        let inner = user.participant_identity;
        let from = if from.is_empty() { inner } else { from };
        self.tell(RoomEvent::Data { from, topic: user.topic, payload: user.payload, reliable });
    }

    fn called(&mut self, from: String, request: RpcRequest) {
        let ack = Value::RpcAck(RpcAck { request_id: request.id.clone() });
        if self.send(vec![ack], &Way::to(&from)).is_err() {
            return;
        }
        let invocation = Invocation {
            from,
            method: request.method,
            payload: request.payload,
            id: request.id,
            commands: self.commands.clone(),
            answered: false,
        };
        self.tell(RoomEvent::Called(invocation));
    }
}

fn wire(error: &RpcError) -> duologue_livekit_wire::proto::RpcError {
    duologue_livekit_wire::proto::RpcError {
        code: error.code,
        message: error.message.clone(),
        data: error.data.clone(),
    }
}

fn outcome(value: Option<rpc_response::Value>) -> Result<String, RpcError> {
    match value {
        Some(rpc_response::Value::Payload(payload)) => Ok(payload),
        Some(rpc_response::Value::Error(error)) => {
            Err(RpcError { code: error.code, message: error.message, data: error.data })
        }
        // Compressed ones go to clients that announce that they read them.
        Some(rpc_response::Value::CompressedPayload(_)) | None => Err(RpcError {
            code: 1500,
            message: "the answer has no payload that this version reads".into(),
            data: String::new(),
        }),
    }
}
