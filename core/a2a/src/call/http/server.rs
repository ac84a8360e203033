use super::query;
use crate::call::jsonrpc::invalid_params;
use crate::call::{Call, Limits, Operation, Reply, params, percent};
use crate::error::{A2aError, ErrorKind};
use crate::model::StreamResponse;
use crate::v0_3::{self, Form};
use crate::version::{Dialect, VERSION_HEADER};
use serde_json::{Value, json};

/// A request as it was received.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The verb, in capitals.
    pub verb: &'a str,
    /// The path below the agent's address, encoded as it came; in 0.3 with `/v1`.
    pub path: &'a str,
    /// The query without its question mark; empty: none.
    pub query: &'a str,
    /// The body.
    pub body: &'a [u8],
}

/// Why a request is not served.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotServed {
    /// Nothing of this version is there; the error says which status that has.
    #[error("{0}")]
    NoSuchPath(A2aError),
    /// Not with this verb: 405, with the header `Allow`.
    #[error("this path takes {allow}")]
    WrongVerb {
        /// What it takes.
        allow: &'static str,
    },
    /// The request is wrong.
    #[error("{0}")]
    Refused(#[from] A2aError),
}

/// What a path names.
struct Target<'a> {
    tenant: &'a str,
    /// Operations by verb.
    operations: &'static [(&'static str, Operation)],
    allow: &'static str,
    task: &'a str,
    config: &'a str,
}

/// Reads a request of the version that was negotiated.
///
/// # Errors
/// [`NotServed`].
pub fn read_request(request: &Received<'_>, dialect: Dialect, limits: &Limits) -> Result<Call, NotServed> {
    let path = request.path.trim_end_matches('/');
    let target = target(path, dialect).ok_or_else(|| NotServed::NoSuchPath(no_such_path(path, dialect)))?;
    let operation = target.operations.iter().find(|(verb, _)| *verb == request.verb);
    let Some((_, operation)) = operation else { return Err(NotServed::WrongVerb { allow: target.allow }) };
    limits.check(request.body)?;
    let call = match dialect {
        Dialect::V1_0 => read_1_0(*operation, &target, request)?,
        Dialect::V0_3 => read_0_3(*operation, &target, request)?,
    };
    call.check(dialect)?;
    Ok(call)
}

fn no_such_path(path: &str, dialect: Dialect) -> A2aError {
    if dialect == Dialect::V0_3 && target(path, Dialect::V1_0).is_some() {
        let message = format!("This is a path of 1.0: send the header {VERSION_HEADER}: 1.0");
        return A2aError::new(ErrorKind::VersionNotSupported, message);
    }
    A2aError::new(ErrorKind::MethodNotFound, "There is no such path")
}

const SEND: &[(&str, Operation)] = &[("POST", Operation::SendMessage)];
const STREAM: &[(&str, Operation)] = &[("POST", Operation::SendStreamingMessage)];
const GET: &[(&str, Operation)] = &[("GET", Operation::GetTask)];
const LIST: &[(&str, Operation)] = &[("GET", Operation::ListTasks)];
const CANCEL: &[(&str, Operation)] = &[("POST", Operation::CancelTask)];
/// The proto says GET, the text POST.
const SUBSCRIBE: &[(&str, Operation)] = &[("GET", Operation::SubscribeToTask), ("POST", Operation::SubscribeToTask)];
const CONFIGS: &[(&str, Operation)] =
    &[("GET", Operation::ListTaskPushNotificationConfigs), ("POST", Operation::CreateTaskPushNotificationConfig)];
const CONFIG: &[(&str, Operation)] =
    &[("GET", Operation::GetTaskPushNotificationConfig), ("DELETE", Operation::DeleteTaskPushNotificationConfig)];
const CARD: &[(&str, Operation)] = &[("GET", Operation::GetExtendedAgentCard)];

/// The longest path has a tenant, `tasks`, a task, `pushNotificationConfigs` and a configuration.
const MOST_SEGMENTS: usize = 5;

fn target(path: &str, dialect: Dialect) -> Option<Target<'_>> {
    let path = path.strip_prefix('/')?;
    let path = if dialect == Dialect::V0_3 { path.strip_prefix("v1/")? } else { path };
    if path.split('/').count() > MOST_SEGMENTS {
        return None;
    }
    let segments: Vec<&str> = path.split('/').collect();
    let card = if dialect == Dialect::V0_3 { "card" } else { "extendedAgentCard" };
    let plain = of_segments(&segments, card).filter(|target| {
        // 0.3 has no list of tasks.
        dialect == Dialect::V1_0 || target.operations.iter().all(|(_, operation)| *operation != Operation::ListTasks)
    });
    match (plain, segments.split_first()) {
        (Some(target), _) => Some(target),
        (None, Some((tenant, rest))) if dialect == Dialect::V1_0 && !tenant.is_empty() => {
            of_segments(rest, card).map(|target| Target { tenant, ..target })
        }
        _ => None,
    }
}

fn of_segments<'a>(segments: &[&'a str], card: &str) -> Option<Target<'a>> {
    let target = |operations, allow, task, config| Some(Target { tenant: "", operations, allow, task, config });
    match *segments {
        ["message:send" | "message%3Asend"] => target(SEND, "POST", "", ""),
        ["message:stream" | "message%3Astream"] => target(STREAM, "POST", "", ""),
        ["tasks"] => target(LIST, "GET", "", ""),
        [only] if only == card => target(CARD, "GET", "", ""),
        ["tasks", task] => match task.rsplit_once(':') {
            Some((task, "cancel")) => target(CANCEL, "POST", task, ""),
            Some((task, "subscribe")) => target(SUBSCRIBE, "GET, POST", task, ""),
            _ => target(GET, "GET", task, ""),
        },
        ["tasks", task, "pushNotificationConfigs"] => target(CONFIGS, "GET, POST", task, ""),
        ["tasks", task, "pushNotificationConfigs", config] => target(CONFIG, "GET, DELETE", task, config),
        _ => None,
    }
}

fn decoded(segment: &str, field: &str) -> Result<String, A2aError> {
    let decoded = percent::decode(segment).ok_or_else(|| A2aError::invalid(field, "is not percent-encoded UTF-8"))?;
    Ok(decoded.into_owned())
}

fn read_1_0(operation: Operation, target: &Target<'_>, request: &Received<'_>) -> Result<Call, A2aError> {
    let is_blank = request.body.iter().all(u8::is_ascii_whitespace);
    let takes_body = matches!(request.verb, "POST") && !is_blank;
    let mut call = params::read(operation, if takes_body { request.body } else { b"{}" })?;
    let (task, config) = (decoded(target.task, "id")?, decoded(target.config, "id")?);
    match &mut call {
        Call::GetTask(get) => get.id = task,
        Call::CancelTask(cancel) => cancel.id = task,
        Call::SubscribeToTask(subscribe) => subscribe.id = task,
        Call::CreateTaskPushNotificationConfig(create) => create.task_id = task,
        Call::ListTaskPushNotificationConfigs(list) => list.task_id = task,
        Call::GetTaskPushNotificationConfig(get) => (get.task_id, get.id) = (task, config),
        Call::DeleteTaskPushNotificationConfig(delete) => (delete.task_id, delete.id) = (task, config),
        Call::SendMessage(_) | Call::SendStreamingMessage(_) | Call::ListTasks(_) | Call::GetExtendedAgentCard(_) => {}
    }
    query::read(&mut call, request.query)?;
    if !target.tenant.is_empty() {
        call.set_tenant(decoded(target.tenant, "tenant")?);
    }
    Ok(call)
}

fn read_0_3(operation: Operation, target: &Target<'_>, request: &Received<'_>) -> Result<Call, A2aError> {
    let is_blank = request.body.iter().all(u8::is_ascii_whitespace);
    let mut value = if request.verb == "POST" && !is_blank {
        serde_json::from_slice(request.body).map_err(|error| {
            A2aError::new(ErrorKind::Parse, format!("Invalid JSON payload: {}", params::words(&error.to_string())))
        })?
    } else {
        json!({})
    };
    if let (Value::Object(object), false) = (&mut value, target.task.is_empty()) {
        let task = decoded(target.task, "id")?;
        if operation == Operation::CreateTaskPushNotificationConfig {
            object.remove("name");
            object.insert("taskId".into(), task.into());
        } else {
            object.insert("id".into(), task.into());
            object.insert("pushNotificationConfigId".into(), decoded(target.config, "id")?.into());
        }
        if let Some((_, length)) = percent::parameters(request.query).find(|(name, _)| name == "historyLength") {
            object.insert("historyLength".into(), length.into());
        }
    }
    v0_3::read_request(operation, value, Form::Proto).map_err(|fault| invalid_params(&fault))
}

/// Writes an answer. Nothing, where the dialect has no word for it: a list of tasks, or a card without an interface of 0.3.
pub fn write_reply(reply: &Reply, dialect: Dialect) -> Option<Vec<u8>> {
    match dialect {
        Dialect::V1_0 => Some(to_vec(reply)),
        Dialect::V0_3 => v0_3::write_response(reply, Form::Proto).map(|value| to_vec(&value)),
    }
}

/// Writes an event of a stream: the data of one event of SSE; in 1.0 also the body of a push notification.
pub fn write_event(event: &StreamResponse, dialect: Dialect) -> Vec<u8> {
    match dialect {
        Dialect::V1_0 => to_vec(event),
        Dialect::V0_3 => to_vec(&v0_3::write_event(event, Form::Proto)),
    }
}

/// Of types whose keys are all strings, into memory: cannot fail.
fn to_vec(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}
