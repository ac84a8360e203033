use super::query;
use crate::call::reply::{check_event, unusable};
use crate::call::{Call, Limits, Operation, Reply, params, percent};
use crate::error::A2aError;
use crate::model::StreamResponse;
use crate::v0_3::{self, Form};
use crate::version::Dialect;

/// A request to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST` or `DELETE`.
    pub verb: &'static str,
    /// Path below the agent's address, with its query, encoded.
    pub target: String,
    /// The body, where the verb has one.
    pub body: Option<Vec<u8>>,
}

/// Writes a request, or nothing where the dialect does not have the operation.
pub fn write_request(call: &Call, dialect: Dialect) -> Option<HttpRequest> {
    let operation = call.operation();
    operation.method(dialect)?;
    let verb = match operation {
        Operation::GetTask
        | Operation::ListTasks
        | Operation::GetTaskPushNotificationConfig
        | Operation::ListTaskPushNotificationConfigs
        | Operation::GetExtendedAgentCard => "GET",
        Operation::DeleteTaskPushNotificationConfig => "DELETE",
        _ => "POST",
    };
    let body = match (verb, dialect) {
        ("POST", Dialect::V1_0) => Some(serde_json::to_vec(call).ok()?),
        // What stands in the path is all there is.
        ("POST", Dialect::V0_3) if call.operation() == Operation::SubscribeToTask => None,
        ("POST", Dialect::V0_3) => Some(serde_json::to_vec(&v0_3::write_request(call, Form::Proto)?).ok()?),
        _ => None,
    };
    let query = query::write(call);
    let separator = if query.is_empty() { "" } else { "?" };
    Some(HttpRequest {
        verb,
        target: format!("{}{}{separator}{query}", prefix(call, dialect), path(call, dialect)),
        body,
    })
}

fn prefix(call: &Call, dialect: Dialect) -> String {
    match (dialect, call.tenant()) {
        (Dialect::V0_3, _) => "/v1".to_owned(),
        (Dialect::V1_0, "") => String::new(),
        (Dialect::V1_0, tenant) => format!("/{}", percent::encode(tenant)),
    }
}

fn path(call: &Call, dialect: Dialect) -> String {
    let task = percent::encode(call.task_id());
    match call {
        Call::SendMessage(_) => "/message:send".to_owned(),
        Call::SendStreamingMessage(_) => "/message:stream".to_owned(),
        Call::ListTasks(_) => "/tasks".to_owned(),
        Call::GetTask(_) => format!("/tasks/{task}"),
        Call::CancelTask(_) => format!("/tasks/{task}:cancel"),
        Call::SubscribeToTask(_) => format!("/tasks/{task}:subscribe"),
        Call::CreateTaskPushNotificationConfig(_) | Call::ListTaskPushNotificationConfigs(_) => {
            format!("/tasks/{task}/pushNotificationConfigs")
        }
        Call::GetTaskPushNotificationConfig(request) => {
            format!("/tasks/{task}/pushNotificationConfigs/{}", percent::encode(&request.id))
        }
        Call::DeleteTaskPushNotificationConfig(request) => {
            format!("/tasks/{task}/pushNotificationConfigs/{}", percent::encode(&request.id))
        }
        Call::GetExtendedAgentCard(_) if dialect == Dialect::V0_3 => "/card".to_owned(),
        Call::GetExtendedAgentCard(_) => "/extendedAgentCard".to_owned(),
    }
}

/// Reads the answer to a request of ours, by its status and body.
///
/// # Errors
/// The error that the agent told, or
/// [`ErrorKind::InvalidAgentResponse`](crate::error::ErrorKind::InvalidAgentResponse).
pub fn read_reply(
    status: u16,
    body: &[u8],
    operation: Operation,
    dialect: Dialect,
    limits: &Limits,
) -> Result<Reply, A2aError> {
    limits.check(body).map_err(|error| unusable(&error.message))?;
    if !(200..300).contains(&status) {
        return Err(A2aError::from_http(status, body));
    }
    match dialect {
        _ if operation == Operation::DeleteTaskPushNotificationConfig => Ok(Reply::Deleted),
        Dialect::V1_0 => Reply::read(operation, body),
        Dialect::V0_3 => {
            let value = serde_json::from_slice(body).map_err(|error| unusable(&params::words(&error.to_string())))?;
            v0_3::read_response(operation, value).map_err(|fault| unusable(&fault.to_string()))?.check()
        }
    }
}

/// Reads an event of a stream, the data of one event of SSE, or the body of a push notification.
///
/// # Errors
/// The error that the agent told in the event's place, or
/// [`ErrorKind::InvalidAgentResponse`](crate::error::ErrorKind::InvalidAgentResponse).
pub fn read_event(data: &[u8], dialect: Dialect, limits: &Limits) -> Result<StreamResponse, A2aError> {
    limits.check(data).map_err(|error| unusable(&error.message))?;
    let read = match dialect {
        Dialect::V1_0 => serde_json::from_slice(data).map_err(|error| params::words(&error.to_string())),
        Dialect::V0_3 => serde_json::from_slice(data)
            .map_err(|error| params::words(&error.to_string()))
            .and_then(|value| v0_3::read_event(value).map_err(|fault| fault.to_string())),
    };
    read.map_err(|why| told_error(data).unwrap_or_else(|| unusable(&why))).and_then(check_event)
}

/// An error that stands where an event should, as servers end a stream that failed.
fn told_error(data: &[u8]) -> Option<A2aError> {
    let value: serde_json::Value = serde_json::from_slice(data).ok()?;
    value.get("error").filter(|error| error.is_object()).map(|_| A2aError::from_http(500, data))
}
