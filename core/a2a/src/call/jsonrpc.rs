//! JSON-RPC 2.0 (specification 1.0.1 §9, 0.3 §3.2.1): one request a body, batches and notifications are not taken.

use super::reply::unusable;
use super::{Call, Limits, Operation, Reply, params};
use crate::error::{A2aError, ErrorKind};
use crate::model::StreamResponse;
use crate::v0_3::{self, Fault, Form};
use crate::version::{Dialect, VERSION_HEADER};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::Write as _;

/// The id of a request, as it came: a string, a number, or null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Id(Box<str>);

impl Id {
    /// That of a request whose own could not be read.
    pub fn null() -> Id {
        Id("null".into())
    }

    /// A number.
    pub fn number(number: u64) -> Id {
        Id(number.to_string().into())
    }

    /// Its JSON.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    fn of(raw: &RawValue) -> Option<Id> {
        let json = raw.get();
        let is_id = json == "null" || json.starts_with(['"', '-']) || json.starts_with(|c: char| c.is_ascii_digit());
        is_id.then(|| Id(json.into()))
    }
}

/// A request that cannot be served, and the id to say so under.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error}")]
pub struct Refused {
    /// Id of the request, or null.
    pub id: Id,
    /// Why.
    pub error: A2aError,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// Reads a request of the version that was negotiated.
///
/// # Errors
/// [`Refused`], to be written by [`write_error`].
pub fn read_request(body: &[u8], dialect: Dialect, limits: &Limits) -> Result<(Id, Call), Refused> {
    let refused = |id: Id, error: A2aError| Refused { id, error };
    let invalid =
        |what: &str| A2aError::new(ErrorKind::InvalidRequest, format!("Request payload validation error: {what}"));
    limits.check(body).map_err(|error| refused(Id::null(), error))?;
    let request: Request<'_> = serde_json::from_slice(body).map_err(|error| not_a_request(body, &error))?;
    // A null cannot be told from an absence here, and both are answered under null.
    let id = match request.id {
        None if has_null_id(body) => Id::null(),
        None => return Err(refused(Id::null(), invalid("`id` is missing: A2A has no notifications"))),
        Some(raw) => {
            Id::of(raw).ok_or_else(|| refused(Id::null(), invalid("`id` is neither a string nor a number")))?
        }
    };
    if request.jsonrpc.as_deref() != Some("2.0") {
        return Err(refused(id, invalid("`jsonrpc` is not \"2.0\"")));
    }
    let Some(method) = request.method else { return Err(refused(id, invalid("`method` is missing"))) };
    let call = operation(&method, dialect).and_then(|operation| {
        let call = read_params(operation, request.params.map_or("{}", RawValue::get), dialect)?;
        call.check(dialect).map(|()| call)
    });
    call.map(|call| (id.clone(), call)).map_err(|error| refused(id, error))
}

fn has_null_id(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|value| value.get("id").is_some())
}

/// What is no request of JSON-RPC: its id is kept, where it has one.
fn not_a_request(body: &[u8], error: &serde_json::Error) -> Refused {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        let message = format!("Invalid JSON payload: {}", params::words(&error.to_string()));
        return Refused { id: Id::null(), error: A2aError::new(ErrorKind::Parse, message) };
    };
    let id = value.get("id").filter(|id| id.is_string() || id.is_number());
    let what = match &value {
        Value::Array(_) => "batches are not taken: send one request at a time".to_owned(),
        Value::Object(_) => params::words(&error.to_string()),
        _ => "it is not an object".to_owned(),
    };
    Refused {
        id: id.map_or(Id::null(), |id| Id(id.to_string().into())),
        error: A2aError::new(ErrorKind::InvalidRequest, format!("Request payload validation error: {what}")),
    }
}

fn operation(method: &str, dialect: Dialect) -> Result<Operation, A2aError> {
    if let Some(operation) = Operation::of_method(method, dialect) {
        return Ok(operation);
    }
    // A client of 1.0 that forgot to say so: "method not found" would send it looking elsewhere.
    if dialect == Dialect::V0_3 && Operation::of_method(method, Dialect::V1_0).is_some() {
        let message = format!("{method} is a method of 1.0: send the header {VERSION_HEADER}: 1.0");
        return Err(A2aError::new(ErrorKind::VersionNotSupported, message));
    }
    let method: String = method.chars().take(64).collect();
    Err(A2aError::new(ErrorKind::MethodNotFound, format!("Method not found: {}", method.escape_debug())))
}

fn read_params(operation: Operation, json: &str, dialect: Dialect) -> Result<Call, A2aError> {
    match dialect {
        Dialect::V1_0 => params::read(operation, json.as_bytes()),
        Dialect::V0_3 => {
            let value = serde_json::from_str(json).map_err(|error| {
                A2aError::new(ErrorKind::Parse, format!("Invalid JSON payload: {}", params::words(&error.to_string())))
            })?;
            v0_3::read_request(operation, value, Form::Schema).map_err(|fault| invalid_params(&fault))
        }
    }
}

pub(super) fn invalid_params(fault: &Fault) -> A2aError {
    A2aError::invalid(fault.path(), fault.what.as_ref())
}

/// Writes a request, or nothing where the dialect does not have the operation.
pub fn write_request(id: &Id, call: &Call, dialect: Dialect) -> Option<Vec<u8>> {
    let method = call.operation().method(dialect)?;
    let mut body = Vec::with_capacity(512);
    body.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    body.extend_from_slice(id.as_json().as_bytes());
    body.extend_from_slice(br#","method":""#);
    body.extend_from_slice(method.as_bytes());
    body.extend_from_slice(br#"","params":"#);
    match dialect {
        Dialect::V1_0 => put(&mut body, call),
        Dialect::V0_3 => put(&mut body, &v0_3::write_request(call, Form::Schema)?),
    }
    body.push(b'}');
    Some(body)
}

/// Writes an answer. Nothing, where the dialect has no word for it: a list of tasks, or a card without an interface of 0.3.
pub fn write_reply(id: &Id, reply: &Reply, dialect: Dialect) -> Option<Vec<u8>> {
    match dialect {
        Dialect::V1_0 => Some(result(id, reply)),
        Dialect::V0_3 => v0_3::write_response(reply, Form::Schema).map(|value| result(id, &value)),
    }
}

/// Writes an event of a stream: the data of one event of SSE.
pub fn write_event(id: &Id, event: &StreamResponse, dialect: Dialect) -> Vec<u8> {
    match dialect {
        Dialect::V1_0 => result(id, event),
        Dialect::V0_3 => result(id, &v0_3::write_event(event, Form::Schema)),
    }
}

/// Writes an error: the whole answer, or the last event of a stream.
pub fn write_error(id: &Id, error: &A2aError) -> Vec<u8> {
    envelope(id, "error", &error.to_jsonrpc())
}

fn result(id: &Id, result: &impl serde::Serialize) -> Vec<u8> {
    envelope(id, "result", result)
}

fn envelope(id: &Id, member: &str, value: &impl serde::Serialize) -> Vec<u8> {
    let mut body = Vec::with_capacity(512);
    // Into memory: neither this nor the next can fail.
    drop(write!(body, r#"{{"jsonrpc":"2.0","id":{},"{member}":"#, id.as_json()));
    put(&mut body, value);
    body.push(b'}');
    body
}

/// Into memory, of types whose keys are all strings: cannot fail.
fn put(body: &mut Vec<u8>, value: &impl serde::Serialize) {
    drop(serde_json::to_writer(body, value));
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    error: Option<Value>,
}

/// Reads the answer to a request of ours.
///
/// # Errors
/// The error that the agent told, or [`ErrorKind::InvalidAgentResponse`].
pub fn read_reply(
    body: &[u8],
    id: &Id,
    operation: Operation,
    dialect: Dialect,
    limits: &Limits,
) -> Result<Reply, A2aError> {
    let result = read_result(body, id, limits)?;
    match dialect {
        Dialect::V1_0 => Reply::read(operation, result.as_bytes()),
        Dialect::V0_3 => {
            let value = serde_json::from_str(result).map_err(|error| unusable(&params::words(&error.to_string())))?;
            v0_3::read_response(operation, value).map_err(|fault| unusable(&fault.to_string()))?.check()
        }
    }
}

/// Reads an event of a stream: the data of one event of SSE.
///
/// # Errors
/// The error that the agent told, or [`ErrorKind::InvalidAgentResponse`].
pub fn read_event(data: &[u8], id: &Id, dialect: Dialect, limits: &Limits) -> Result<StreamResponse, A2aError> {
    let result = read_result(data, id, limits)?;
    super::http::read_event(result.as_bytes(), dialect, limits)
}

fn read_result<'a>(body: &'a [u8], id: &Id, limits: &Limits) -> Result<&'a str, A2aError> {
    limits.check(body).map_err(|error| unusable(&error.message))?;
    let response: Response<'a> =
        serde_json::from_slice(body).map_err(|error| unusable(&params::words(&error.to_string())))?;
    if let Some(error) = &response.error {
        return Err(A2aError::from_jsonrpc(error));
    }
    // An answer to somebody else's request; where the id is missing, the connection says whose it is.
    if response.id.is_some_and(|raw| raw.get() != id.as_json()) {
        return Err(unusable("it is the answer to another request"));
    }
    Ok(response.result.map_or("null", RawValue::get))
}

impl serde::Serialize for Call {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Call::SendMessage(request) | Call::SendStreamingMessage(request) => request.serialize(serializer),
            Call::GetTask(request) => request.serialize(serializer),
            Call::ListTasks(request) => request.serialize(serializer),
            Call::CancelTask(request) => request.serialize(serializer),
            Call::SubscribeToTask(request) => request.serialize(serializer),
            Call::CreateTaskPushNotificationConfig(config) => config.serialize(serializer),
            Call::GetTaskPushNotificationConfig(request) => request.serialize(serializer),
            Call::ListTaskPushNotificationConfigs(request) => request.serialize(serializer),
            Call::DeleteTaskPushNotificationConfig(request) => request.serialize(serializer),
            Call::GetExtendedAgentCard(request) => request.serialize(serializer),
        }
    }
}
