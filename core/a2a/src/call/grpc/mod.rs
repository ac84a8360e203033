//! gRPC (specification 1.0.1 §10), as far as bytes go: messages of protobuf and the details of errors. HTTP/2 and the framing are
//! in io.
//!
//! The model has one serde form. Here its members stand under the numbers of the protocol's definition instead of their names, so
//! that a call is the same whichever binding it came by. Nothing is built between the bytes and the model.

mod reader;
mod schema;
mod status;
#[cfg(test)]
mod tests;
mod wire;
mod writer;

pub use status::{DETAILS_TRAILER, read_status, write_status};

use super::reply::{check_event, unusable};
use super::{Call, Limits, Operation, Reply, params};
use crate::error::{A2aError, ErrorKind};
use crate::model::StreamResponse;
use crate::version::Dialect;
use reader::Item;
use schema::Message;
use serde::{Deserialize, Serialize};
use wire::{Fault, Found};

/// The service; a method's path is `/`, this, `/` and the operation's name. 0.3 had another, which is not spoken here.
pub const SERVICE: &str = "lf.a2a.v1.A2AService";

/// The operation that a path names.
///
/// # Errors
/// [`ErrorKind::MethodNotFound`], to be told with the status `UNIMPLEMENTED`.
pub fn operation(path: &str) -> Result<Operation, A2aError> {
    let method =
        path.strip_prefix('/').and_then(|path| path.strip_prefix(SERVICE)).and_then(|path| path.strip_prefix('/'));
    let operation = method.and_then(|method| Operation::of_method(method, Dialect::V1_0));
    operation.ok_or_else(|| A2aError::new(ErrorKind::MethodNotFound, "There is no such method in the service"))
}

/// Reads a request.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] where the bytes are no message of the protocol, [`ErrorKind::InvalidParams`] with the
/// fields that are to be mended.
pub fn read_request(operation: Operation, body: &[u8], limits: &Limits) -> Result<Call, A2aError> {
    limits.check_length(body)?;
    let call = params::read(operation, Body { message: schema::request(operation), bytes: body, depth: limits.depth })?;
    call.check(Dialect::V1_0)?;
    Ok(call)
}

/// Writes an answer.
///
/// # Errors
/// [`ErrorKind::Internal`] where something in it cannot be told in protobuf.
pub fn write_reply(reply: &Reply) -> Result<Vec<u8>, A2aError> {
    write(schema::response(reply.operation()), reply)
}

/// Writes an event of a stream.
///
/// # Errors
/// As [`write_reply`].
pub fn write_event(event: &StreamResponse) -> Result<Vec<u8>, A2aError> {
    write(schema::response(Operation::SubscribeToTask), event)
}

/// Writes a request: the path of its method, and its message.
///
/// # Errors
/// As [`write_reply`].
pub fn write_request(call: &Call) -> Result<(String, Vec<u8>), A2aError> {
    let operation = call.operation();
    let body = write(schema::request(operation), call)?;
    Ok((format!("/{SERVICE}/{}", operation.as_str()), body))
}

/// Reads the answer to a request of ours.
///
/// # Errors
/// [`ErrorKind::InvalidAgentResponse`]. An error that the agent told comes with [`read_status`].
pub fn read_reply(operation: Operation, body: &[u8], limits: &Limits) -> Result<Reply, A2aError> {
    limits.check_length(body).map_err(|error| unusable(&error.message))?;
    Reply::read(operation, Body { message: schema::response(operation), bytes: body, depth: limits.depth })
}

/// Reads an event of a stream.
///
/// # Errors
/// [`ErrorKind::InvalidAgentResponse`].
pub fn read_event(body: &[u8], limits: &Limits) -> Result<StreamResponse, A2aError> {
    limits.check_length(body).map_err(|error| unusable(&error.message))?;
    let message = schema::response(Operation::SubscribeToTask);
    params::Source::answer(Body { message, bytes: body, depth: limits.depth }).and_then(check_event)
}

fn write(message: &'static Message, value: &impl Serialize) -> Result<Vec<u8>, A2aError> {
    let mut out = Vec::with_capacity(256);
    let written = value.serialize(writer::Slot::whole(&mut out, message));
    written.map(|()| out).map_err(|fault| {
        A2aError::new(ErrorKind::Internal, format!("{} cannot be told over gRPC: {fault}", message.name))
    })
}

/// A message that was received.
#[derive(Clone, Copy)]
struct Body<'de> {
    message: &'static Message,
    bytes: &'de [u8],
    depth: usize,
}

impl<'de> Body<'de> {
    fn read<T: Deserialize<'de>>(self) -> Result<T, Fault> {
        T::deserialize(Item::message(self.message, &[Found::whole(self.bytes)], self.depth))
    }

    /// Once more, with a look at where the trouble is: what is right is read without.
    fn place<T: Deserialize<'de>>(self) -> String {
        let found = [Found::whole(self.bytes)];
        match serde_path_to_error::deserialize::<_, T>(Item::message(self.message, &found, self.depth)) {
            Err(error) if error.path().to_string() != "." => error.path().to_string(),
            _ => String::new(),
        }
    }
}

impl<'de> params::Source<'de> for Body<'de> {
    fn request<T: Deserialize<'de>>(self) -> Result<T, A2aError> {
        self.read().map_err(|fault| {
            let (place, what) = (self.place::<T>(), params::words(&fault.0));
            if place.is_empty() {
                let message = format!("The request is no {}: the message {what}", self.message.name);
                return A2aError::new(ErrorKind::InvalidRequest, message);
            }
            A2aError::invalid(place, what)
        })
    }

    fn answer<T: Deserialize<'de>>(self) -> Result<T, A2aError> {
        self.read().map_err(|fault: Fault| {
            let place = self.place::<T>();
            let separator = if place.is_empty() { "" } else { ": " };
            unusable(&format!("{place}{separator}{}", params::words(&fault.0)))
        })
    }
}
