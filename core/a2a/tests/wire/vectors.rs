//! What the SDKs write is read as what they meant.

use duologue_a2a::call::http::{self, Received};
use duologue_a2a::call::{Call, Limits, Operation, jsonrpc};
use duologue_a2a::card::{Form as Signed, canonical};
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::*;
use duologue_a2a::v0_3::{self, Form};
use duologue_a2a::version::Dialect;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::path::Path;

fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn value(name: &str) -> Value {
    serde_json::from_str(&file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn new<T: DeserializeOwned>(name: &str) -> T {
    let name = format!("python/{name}.1.0.json");
    serde_json::from_str(&file(&name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The SDK encodes bytes twice in the proto's form of 0.3.
fn twice_encoded(parts: &mut [Part]) {
    for part in parts {
        if matches!(part.content, Content::Raw(_)) {
            part.content = Content::Raw(b"AAEC/+8=".to_vec());
        }
    }
}

#[test]
fn both_forms_of_0_3_are_what_1_0_says() {
    let message: Message = new("message");
    assert_eq!(message.parts.len(), 5);
    let mut twice = message.clone();
    twice_encoded(&mut twice.parts);
    let old = |name: &str, kind: Value| {
        let mut value = value(name);
        // A message and a task stand alone in these files, as nowhere in the protocol.
        if let Value::Object(object) = &mut value {
            object.entry("kind").or_insert(kind);
        }
        v0_3::read_event(value)
    };
    assert_eq!(old("python/message.0.3.json", json!("message")), Ok(StreamResponse::Message(message)));
    assert_eq!(old("python/message.0.3-proto.json", json!("message")), Ok(StreamResponse::Message(twice.clone())));

    let mut task: Task = new("task");
    assert_eq!(old("python/task.0.3.json", json!("task")), Ok(StreamResponse::Task(task.clone())));
    task.history = vec![twice];
    assert_eq!(old("python/task.0.3-proto.json", json!("task")), Ok(StreamResponse::Task(task)));
    for name in ["status-update", "artifact-update"] {
        let event: StreamResponse = new(name);
        for form in ["0.3", "0.3-proto"] {
            assert_eq!(
                v0_3::read_event(value(&format!("python/{name}.{form}.json"))),
                Ok(event.clone()),
                "{name} {form}"
            );
        }
    }
}

#[test]
fn what_is_written_in_0_3_is_what_the_sdk_writes() {
    for (form, name) in [(Form::Schema, "0.3"), (Form::Proto, "0.3-proto")] {
        let (mut message, mut task): (Message, Task) = (new("message"), new("task"));
        if form == Form::Proto {
            twice_encoded(&mut message.parts);
            twice_encoded(&mut task.history[0].parts);
        }
        let events = [
            ("message", StreamResponse::Message(message)),
            ("task", StreamResponse::Task(task)),
            ("status-update", new("status-update")),
            ("artifact-update", new("artifact-update")),
        ];
        for (what, event) in events {
            let mut ours = v0_3::write_event(&event, form);
            // In these files a message and a task stand without the envelope that a stream has in the proto's form.
            if let (Form::Proto, "message" | "task") = (form, what) {
                ours = ours[what].take();
            }
            let ours = ours.to_string().replace("12:00:01.000Z", "12:00:01Z");
            let sdk = value(&format!("python/{what}.{name}.json"));
            assert_eq!(serde_json::from_str::<Value>(&ours).ok(), Some(sdk), "{what} {name}");
        }
        let push = v0_3::write_request(&Call::CreateTaskPushNotificationConfig(new("push")), form);
        let (mut push, sdk) = (push.expect("0.3 has it"), value(&format!("python/push.{name}.json")));
        if form == Form::Proto {
            // What is created stands in a request of its own; the other SDK reads what is created itself.
            let request = push.as_object_mut().expect("an object");
            assert_eq!(request.remove("parent"), Some("tasks/t-1".into()));
            assert_eq!(request.remove("configId"), Some("p-1".into()));
            assert_eq!(request.remove("config").as_ref(), Some(&sdk));
        }
        assert_eq!(push, sdk);
    }
    let send = v0_3::write_request(&Call::SendMessage(new("send")), Form::Schema);
    assert_eq!(send, Some(value("python/send.0.3.json")));
}

#[test]
fn requests_of_0_3_are_what_1_0_says() {
    let mut send: SendMessageRequest = new("send");
    let read = |name: &str, form: Form| v0_3::read_request(Operation::SendMessage, value(name), form);
    assert_eq!(read("python/send.0.3.json", Form::Schema), Ok(Call::SendMessage(Box::new(send.clone()))));
    twice_encoded(&mut send.message.parts);
    assert_eq!(read("python/send.0.3-proto.json", Form::Proto), Ok(Call::SendMessage(Box::new(send))));

    let push: TaskPushNotificationConfig = new("push");
    for (name, form) in [("python/push.0.3.json", Form::Schema), ("python/push.0.3-proto.json", Form::Proto)] {
        let read = v0_3::read_request(Operation::CreateTaskPushNotificationConfig, value(name), form);
        assert_eq!(read, Ok(Call::CreateTaskPushNotificationConfig(Box::new(push.clone()))));
    }
}

#[test]
fn cards_of_0_3_are_what_1_0_says_and_are_written_alike() {
    let mut card: AgentCard = new("card");
    assert_eq!(v0_3::read_card(value("python/card.0.3.json")), Ok(card.clone()));
    assert_eq!(v0_3::write_card(&card, Form::Schema), Some(value("python/card.0.3.json")));
    // A `false` is left out there.
    card.capabilities.push_notifications = None;
    assert_eq!(v0_3::read_card(value("python/card.0.3-proto.json")), Ok(card));
}

#[test]
fn what_is_written_in_1_0_is_what_the_sdk_writes() {
    for name in ["message", "task", "status-update", "artifact-update", "push", "send", "card"] {
        let sdk = value(&format!("python/{name}.1.0.json"));
        let ours = match name {
            "message" => serde_json::to_value(new::<Message>(name)),
            "task" => serde_json::to_value(new::<Task>(name)),
            "push" => serde_json::to_value(new::<TaskPushNotificationConfig>(name)),
            "send" => serde_json::to_value(new::<SendMessageRequest>(name)),
            "card" => serde_json::to_value(new::<AgentCard>(name)),
            _ => serde_json::to_value(new::<StreamResponse>(name)),
        };
        // The SDK writes no fraction where there is none; we always do.
        let ours = ours.map(|ours| ours.to_string().replace("12:00:01.000Z", "12:00:01Z")).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Value>(&ours).ok(), Some(sdk), "{name}");
    }
}

#[test]
fn errors_are_what_the_sdk_means() {
    let details = value("python/errors.details.json");
    let kinds = [ErrorKind::TaskNotFound, ErrorKind::VersionNotSupported, ErrorKind::InvalidParams];
    for (at, kind) in kinds.into_iter().enumerate() {
        let body = value("python/errors.rest.json")[at].to_string();
        let read = A2aError::from_http(kind.http_status(), body.as_bytes());
        assert_eq!(read.kind, kind);
        let error = json!({ "code": kind.jsonrpc_code(), "message": read.message, "data": details[at] });
        assert_eq!(A2aError::from_jsonrpc(&error), read);
    }
    let invalid = A2aError::from_http(400, value("python/errors.rest.json")[2].to_string().as_bytes());
    assert_eq!(invalid.violations.first().map(|violation| violation.field.as_str()), Some("message.parts"));
}

fn dialect(request: &Value) -> Dialect {
    Dialect::of(request["version"].as_str().unwrap_or_default()).expect("the SDK sends its version")
}

/// What the JavaScript client meant to call.
fn meant(operation: &str) -> Option<Call> {
    let id = || "t/1".to_owned();
    Some(match operation {
        "SendMessage" => Call::SendMessage(new("send")),
        "SendStreamingMessage" => Call::SendStreamingMessage(new("send")),
        "GetTask" => Call::GetTask(GetTaskRequest { id: id(), history_length: Some(2), ..Default::default() }),
        "CancelTask" => Call::CancelTask(CancelTaskRequest { id: id(), ..Default::default() }),
        "SubscribeToTask" => Call::SubscribeToTask(SubscribeToTaskRequest { id: id(), ..Default::default() }),
        "CreateTaskPushNotificationConfig" => Call::CreateTaskPushNotificationConfig(new("push")),
        "ListTasks" => Call::ListTasks(ListTasksRequest {
            context_id: "c 1".into(),
            status: TaskState::Working,
            page_size: Some(7),
            page_token: "x=".into(),
            history_length: Some(0),
            status_timestamp_after: Timestamp::parse("2026-01-31T12:00:00Z"),
            include_artifacts: Some(true),
            ..Default::default()
        }),
        _ => return None,
    })
}

/// The proto of 0.3 that the JavaScript SDK has knows no names of files and no metadata of parts, without which data that is no
/// object comes as the object around it.
fn as_its_proto_has_it(mut call: Call) -> Call {
    if let Call::SendMessage(request) | Call::SendStreamingMessage(request) = &mut call {
        request.message.parts.truncate(4);
        for part in &mut request.message.parts {
            part.filename.clear();
            part.metadata = None;
        }
    }
    call
}

#[test]
fn every_request_of_the_javascript_client_is_read_as_it_was_meant() {
    for name in ["jsonrpc.1.0", "jsonrpc.0.3", "rest.1.0", "rest.0.3"] {
        let requests = value(&format!("js/requests-{name}.json"));
        let requests = requests.as_array().map(Vec::as_slice).unwrap_or_default();
        assert_eq!(requests.len(), if name.ends_with("0.3") { 10 } else { 11 }, "{name}");
        for request in requests {
            let body = request.get("body").filter(|body| !body.is_null()).map(Value::to_string).unwrap_or_default();
            let operation = request["operation"].as_str().unwrap_or_default();
            let (dialect, limits) = (dialect(request), Limits::default());
            let call = if name.starts_with("jsonrpc") {
                jsonrpc::read_request(body.as_bytes(), dialect, &limits)
                    .map(|(_, call)| call)
                    .map_err(|error| error.to_string())
            } else {
                let target = request["target"].as_str().unwrap_or_default();
                let (path, query) = target.split_once('?').unwrap_or((target, ""));
                let verb = request["verb"].as_str().unwrap_or_default();
                let received = Received { verb, path, query, body: body.as_bytes() };
                http::read_request(&received, dialect, &limits).map_err(|error| error.to_string())
            };
            let call = call.unwrap_or_else(|error| panic!("{name} {operation}: {error}"));
            assert_eq!(call.operation().as_str(), operation);
            match meant(operation) {
                Some(meant) if name == "rest.0.3" => assert_eq!(as_its_proto_has_it(call), as_its_proto_has_it(meant)),
                Some(meant) => assert_eq!(call, meant, "{name} {operation}"),
                None => {}
            }
        }
    }
}

#[test]
fn the_form_that_sdks_sign_is_theirs() {
    let ours = canonical(&new("card"), Signed::WithoutEmpty).expect("a canonical form");
    assert_eq!(String::from_utf8_lossy(&ours), file("js/card.canonical.txt"));
}
