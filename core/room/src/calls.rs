//! Methods of participants that the service calls (RPC version 1), as participants call each other's: a request, a sign
//! that it has come, an answer. The words and numbers are LiveKit's (`data_channel_rpc.go`).

use crate::proto::data_packet::Value;
use crate::proto::{DataPacket, RpcRequest, rpc_response};
use crate::room::Room;
use crate::{AdminError, Output, ParticipantSid};
use duologue_ids::{Mono, name};
use std::time::Duration;

/// Bytes of a request or an answer at most.
const MAX_PAYLOAD: usize = 15_360;
/// A client has this long to say that a request has come.
const ACK_WITHIN: Duration = Duration::from_secs(2);
/// Calls at once to all in a room.
const MAX_CALLS: usize = 1_024;

name! {
    /// A call of a method, by the service.
    CallId
}

/// Why a call brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The participant's own error, or its client's: that it has no such method (1400), for one.
    #[error("RpcError {code}: {message}")]
    Answer {
        /// Up to 1,999 LiveKit's, above the application's.
        code: u32,
        /// What went wrong.
        message: String,
    },
    /// The request is longer than a packet.
    #[error("RpcError 1402: Request payload too large")]
    TooLong,
    /// There are too many calls already.
    #[error("RpcError 1505: Failed to send")]
    TooMany,
    /// Its client did not say that the request has come.
    #[error("RpcError 1501: Connection timeout")]
    Unheard,
    /// It was heard, and not answered in time.
    #[error("RpcError 1502: Response timeout")]
    Unanswered,
    /// Who was called has left.
    #[error("RpcError 1503: Recipient disconnected")]
    Left,
}

/// A call that waits.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    to: ParticipantSid,
    /// Until when it has to be heard; none once it was.
    heard_by: Option<Mono>,
    answered_by: Mono,
}

impl Call {
    /// When it is to be given up.
    pub(crate) fn due(&self) -> Mono {
        self.heard_by.map_or(self.answered_by, |heard_by| heard_by.min(self.answered_by))
    }
}

impl Room {
    /// Calls a method of somebody, who has `within` to answer: with [`Output::Called`].
    pub fn call(
        &mut self,
        now: Mono,
        to: &str,
        (method, payload): (String, String),
        within: Duration,
    ) -> Result<CallId, AdminError> {
        let sid = self.known(now, to)?.sid.clone();
        let id = CallId(self.rng.id("RPC_"));
        let refused = if payload.len() > MAX_PAYLOAD {
            Some(CallError::TooLong)
        } else {
            (self.calls.len() >= MAX_CALLS).then_some(CallError::TooMany)
        };
        if let Some(refused) = refused {
            self.outputs.push_back(Output::Called { id: id.clone(), answer: Err(refused) });
            return Ok(id);
        }
        let request = RpcRequest {
            id: id.0.clone(),
            method,
            payload,
            response_timeout_ms: u32::try_from(within.as_millis()).unwrap_or(u32::MAX),
            version: 1,
            ..Default::default()
        };
        // The caller is nobody in the room; its name is the call's, to which the answer is addressed.
        let packet = DataPacket {
            participant_identity: id.0.clone(),
            destination_identities: vec![to.to_owned()],
            value: Some(Value::RpcRequest(request)),
            ..Default::default()
        };
        let call = Call { to: sid, heard_by: Some(now + ACK_WITHIN), answered_by: now + within };
        self.calls.insert(id.clone(), call);
        self.pass_on(None, true, packet);
        Ok(id)
    }

    /// Whether a packet answers a call of the service, which then has it: from whom it was asked, and nobody else.
    pub(crate) fn answers_call(&mut self, from: &ParticipantSid, packet: &DataPacket) -> bool {
        let (id, answer) = match &packet.value {
            Some(Value::RpcAck(ack)) => (&ack.request_id, None),
            Some(Value::RpcResponse(response)) => (&response.request_id, Some(&response.value)),
            _ => return false,
        };
        let id = CallId(id.clone());
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.to == *from) else { return false };
        call.heard_by = None;
        let Some(answer) = answer else { return true };
        self.calls.remove(&id);
        let answer = match answer {
            Some(rpc_response::Value::Payload(payload)) => Ok(payload.clone()),
            Some(rpc_response::Value::Error(error)) => {
                Err(CallError::Answer { code: error.code, message: error.message.clone() })
            }
            // A later version's answer, to a request of this one.
            _ => Err(CallError::Answer {
                code: 1500,
                message: "the answer is in a form that this server does not know".into(),
            }),
        };
        self.outputs.push_back(Output::Called { id, answer });
        true
    }

    /// Gives up what has waited for too long.
    pub(crate) fn expire_calls(&mut self, now: Mono) {
        let why = |call: &Call| if call.heard_by.is_some() { CallError::Unheard } else { CallError::Unanswered };
        let late: Vec<_> =
            self.calls.iter().filter(|(_, call)| call.due() <= now).map(|(id, call)| (id.clone(), why(call))).collect();
        late.into_iter().for_each(|(id, why)| self.give_up(id, why));
    }

    /// Gives up what was asked of somebody who has left.
    pub(crate) fn forget_calls(&mut self, to: &ParticipantSid) {
        let theirs: Vec<_> = self.calls.iter().filter(|(_, call)| call.to == *to).map(|(id, _)| id.clone()).collect();
        theirs.into_iter().for_each(|id| self.give_up(id, CallError::Left));
    }

    fn give_up(&mut self, id: CallId, why: CallError) {
        self.calls.remove(&id);
        self.outputs.push_back(Output::Called { id, answer: Err(why) });
    }
}
