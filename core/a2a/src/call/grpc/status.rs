//! Errors over gRPC (§10.6): `google.rpc.Status` in the trailer `grpc-status-details-bin`, with the details that the other
//! bindings have as JSON.

use super::reader::Item;
use super::schema::{Field, Kind, Message, Presence};
use super::wire::Found;
use super::writer::Slot;
use crate::error::A2aError;
use crate::wire::bytes;
use serde::{Deserialize as _, Serialize as _};
use serde_json::{Value, json};

/// Name of the trailer that carries the details of an error. Over HTTP/2 its value is base64.
pub const DETAILS_TRAILER: &str = "grpc-status-details-bin";

/// Bytes of a status that are read: metadata of HTTP/2 is not larger.
const MOST: usize = 64 << 10;

const fn field(number: u32, name: &'static str, kind: Kind, presence: Presence) -> Field {
    Field { number, name, kind, presence }
}

static STATUS: Message = Message {
    name: "google.rpc.Status",
    fields: &[
        field(1, "code", Kind::Int32, Presence::Implicit),
        field(2, "message", Kind::Text, Presence::Implicit),
        field(3, "details", Kind::Message(&ANY), Presence::Repeated),
    ],
};

static ANY: Message = Message {
    name: "google.protobuf.Any",
    fields: &[field(1, "@type", Kind::Text, Presence::Implicit), field(2, "value", Kind::Bytes, Presence::Implicit)],
};

static ERROR_INFO: Message = Message {
    name: "google.rpc.ErrorInfo",
    fields: &[
        field(1, "reason", Kind::Text, Presence::Implicit),
        field(2, "domain", Kind::Text, Presence::Implicit),
        field(3, "metadata", Kind::Map(&Kind::Text), Presence::Implicit),
    ],
};

static BAD_REQUEST: Message = Message {
    name: "google.rpc.BadRequest",
    fields: &[field(1, "fieldViolations", Kind::Message(&FIELD_VIOLATION), Presence::Repeated)],
};

static FIELD_VIOLATION: Message = Message {
    name: "google.rpc.BadRequest.FieldViolation",
    fields: &[
        field(1, "field", Kind::Text, Presence::Implicit),
        field(2, "description", Kind::Text, Presence::Implicit),
    ],
};

/// The messages that details are known to be.
fn message_of(url: &str) -> Option<&'static Message> {
    let name = url.rsplit('/').next()?;
    [&ERROR_INFO, &BAD_REQUEST].into_iter().find(|message| message.name == name)
}

/// The bytes of `google.rpc.Status`: the code and the message are also trailers of their own.
pub fn write_status(error: &A2aError) -> Vec<u8> {
    let details = error.details();
    let details: Vec<Value> = details.as_array().into_iter().flatten().filter_map(any).collect();
    let status = json!({ "code": error.kind.grpc_code() as i32, "message": error.message, "details": details });
    write(&STATUS, &status).unwrap_or_default()
}

fn any(detail: &Value) -> Option<Value> {
    let mut detail = detail.clone();
    let url = detail.as_object_mut()?.remove("@type")?;
    let value = write(message_of(url.as_str()?)?, &detail)?;
    Some(json!({ "@type": url, "value": bytes::write(&value) }))
}

fn write(message: &'static Message, value: &Value) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    value.serialize(Slot::whole(&mut out, message)).ok()?;
    Some(out)
}

/// Reads an error from the code, the message, and the bytes of the details where there are any; those that are not known are
/// passed over.
pub fn read_status(code: i32, message: &str, details: Option<&[u8]>) -> A2aError {
    let status = details.filter(|bytes| bytes.len() <= MOST).and_then(|bytes| read(&STATUS, bytes));
    let all = status.as_ref().and_then(|status| status.get("details")).and_then(Value::as_array);
    let known: Vec<Value> = all.into_iter().flatten().filter_map(detail).collect();
    A2aError::from_grpc(code, message, &Value::Array(known))
}

fn detail(any: &Value) -> Option<Value> {
    let url = any.get("@type")?.as_str()?;
    let mut detail = read(message_of(url)?, &bytes::read(any.get("value")?.as_str()?)?)?;
    detail.as_object_mut()?.insert("@type".into(), url.into());
    Some(detail)
}

fn read(message: &'static Message, bytes: &[u8]) -> Option<Value> {
    let found = [Found::whole(bytes)];
    Value::deserialize(Item::message(message, &found, 8)).ok()
}
