//! Requests of services: `POST /twirp/livekit.<Service>/<Method>`.

use crate::server::Inner;
use crate::service::{ServiceError, Services};
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use duologue_livekit_wire::twirp::{self, BODY_MAX, Call, Code, Format, Reply, TwirpError};
use duologue_room::CallError;
use std::sync::Arc;

pub(super) async fn serve(State(server): State<Arc<Inner>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    // livekit-server looks at the token first, and answers as it does to clients.
    let visitor = match server.keys.visitor(&head.headers, head.uri.query().unwrap_or_default(), server.around.clock) {
        Ok(visitor) => visitor,
        Err(refusal) => return refusal.into_response(),
    };
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        let long = format!("a request of more than {BODY_MAX} bytes");
        return answered(TwirpError::new(Code::InvalidArgument, long).reply());
    };
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let call = twirp::read(head.method.as_str(), head.uri.path(), kind, &body);
    let admitted = call.and_then(|(call, format)| {
        call.admit(visitor.as_ref().map(|visitor| &visitor.claims))?;
        Ok((call, format))
    });
    answered(match admitted {
        Ok((call, format)) => perform(&Services::of(&server), call, format).await.unwrap_or_else(|error| error.reply()),
        Err(error) => error.reply(),
    })
}

async fn perform(services: &Services, call: Call, format: Format) -> Result<Reply, TwirpError> {
    Ok(match call {
        Call::CreateRoom(asked) => format.reply(&services.create_room(*asked).await?),
        Call::ListRooms(asked) => format.reply(&services.list_rooms(asked).await?),
        Call::DeleteRoom(asked) => format.reply(&services.delete_room(asked).await?),
        Call::ListParticipants(asked) => format.reply(&services.list_participants(asked).await?),
        Call::GetParticipant(asked) => format.reply(&services.participant(asked).await?),
        Call::RemoveParticipant(asked) => format.reply(&services.remove_participant(asked).await?),
        Call::MutePublishedTrack(asked) => format.reply(&services.mute_track(asked).await?),
        Call::UpdateParticipant(asked) => format.reply(&services.update_participant(asked).await?),
        Call::UpdateSubscriptions(asked) => format.reply(&services.update_subscriptions(asked).await?),
        Call::SendData(asked) => format.reply(&services.send_data(asked).await?),
        Call::UpdateRoomMetadata(asked) => format.reply(&services.update_room_metadata(asked).await?),
        Call::CreateDispatch(asked) => format.reply(&services.create_dispatch(asked).await?),
        Call::DeleteDispatch(asked) => format.reply(&services.delete_dispatch(asked).await?),
        Call::ListDispatch(asked) => format.reply(&services.list_dispatches(asked).await?),
        Call::PerformRpc(asked) => format.reply(&services.perform_rpc(asked).await?),
        Call::ForwardParticipant(_) | Call::MoveParticipant(_) => {
            let name = call.method();
            return Err(TwirpError::new(Code::Unimplemented, format!("{name} is not served by this server")));
        }
    })
}

impl From<ServiceError> for TwirpError {
    fn from(error: ServiceError) -> TwirpError {
        match error {
            ServiceError::NoRoom => TwirpError::no_room(),
            ServiceError::NoParticipant => TwirpError::no_participant(),
            ServiceError::NoTrack => TwirpError::no_track(),
            ServiceError::RemoteUnmute => TwirpError::new(Code::FailedPrecondition, error.to_string()),
            ServiceError::NoDispatch(_) => TwirpError::no_dispatch(),
            ServiceError::Invalid(words) => TwirpError::new(Code::InvalidArgument, words),
            ServiceError::Call(ref failed) => TwirpError::new(code_of(failed), error.to_string()),
            ServiceError::Exhausted(words) => TwirpError::new(Code::ResourceExhausted, words),
            ServiceError::Leaving => TwirpError::new(Code::Unavailable, error.to_string()),
        }
    }
}

/// As livekit-server translates what became of a call (`DataChannelRpcError`).
fn code_of(failed: &CallError) -> Code {
    match failed {
        CallError::Answer { code: 1400, .. } => Code::InvalidArgument,
        CallError::Answer { code: 1401, .. } => Code::NotFound,
        CallError::Answer { .. } | CallError::TooMany => Code::Internal,
        CallError::TooLong => Code::Malformed,
        CallError::Unheard | CallError::Unanswered => Code::Canceled,
        CallError::Left => Code::Unavailable,
    }
}

fn answered(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, reply.content_type)], Body::from(reply.body)).into_response()
}
