//! Calls and their answers over both bindings in both dialects: what our client writes, our server reads, and the other way
//! round; and what the protocol says of requests that are wrong.

use crate::strategies::{event, push, send, task, word};
use duologue_a2a::call::http::{self, NotServed, Received};
use duologue_a2a::call::jsonrpc::{self, Id};
use duologue_a2a::call::{Call, Limits, Operation, Reply};
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::*;
use duologue_a2a::version::Dialect;
use proptest::option;
use proptest::prelude::*;

const DIALECTS: [Dialect; 2] = [Dialect::V1_0, Dialect::V0_3];

/// Every operation, with what both dialects can say.
pub(crate) fn call() -> impl Strategy<Value = Call> {
    let id = || "[a-z0-9-]{1,8}";
    let history = || option::of(1..9i32);
    let send = || {
        send().prop_map(|mut send| {
            send.message.parts = vec![Part::text("Good morning")];
            Box::new(send)
        })
    };
    let tenant = String::new;
    prop_oneof![
        send().prop_map(Call::SendMessage),
        send().prop_map(Call::SendStreamingMessage),
        (word(), history()).prop_map(move |(id, history_length)| {
            Call::GetTask(GetTaskRequest { tenant: tenant(), id, history_length })
        }),
        word().prop_map(move |id| Call::CancelTask(CancelTaskRequest { tenant: tenant(), id, metadata: None })),
        word().prop_map(move |id| Call::SubscribeToTask(SubscribeToTaskRequest { tenant: tenant(), id })),
        push().prop_map(|config| Call::CreateTaskPushNotificationConfig(Box::new(config))),
        (id(), id()).prop_map(move |(task_id, id)| {
            let tenant = tenant();
            Call::GetTaskPushNotificationConfig(GetTaskPushNotificationConfigRequest { tenant, task_id, id })
        }),
        (id(), id()).prop_map(move |(task_id, id)| {
            let tenant = tenant();
            Call::DeleteTaskPushNotificationConfig(DeleteTaskPushNotificationConfigRequest { tenant, task_id, id })
        }),
        id().prop_map(|task_id| {
            let request = ListTaskPushNotificationConfigsRequest { task_id, ..Default::default() };
            Call::ListTaskPushNotificationConfigs(request)
        }),
        Just(Call::GetExtendedAgentCard(GetExtendedAgentCardRequest::default())),
    ]
}

/// A list of tasks, and the tenant of any: of 1.0 only.
pub(crate) fn call_of_1_0() -> impl Strategy<Value = Call> {
    let times = option::of(any::<i64>().prop_map(Timestamp::from_millis));
    let sizes = (option::of(1..=100i32), option::of(0..9i32), option::of(any::<bool>()));
    (word(), word(), crate::strategies::state(), sizes, times).prop_map(
        |(context_id, page_token, status, sizes, after)| {
            Call::ListTasks(ListTasksRequest {
                tenant: context_id.clone(),
                context_id,
                status,
                page_size: sizes.0,
                page_token,
                history_length: sizes.1,
                status_timestamp_after: after,
                include_artifacts: sizes.2,
            })
        },
    )
}

fn over_http(call: &Call, dialect: Dialect) -> Result<Call, NotServed> {
    let request = http::write_request(call, dialect).expect("the dialect has it");
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let received = Received { verb: request.verb, path, query, body: request.body.as_deref().unwrap_or_default() };
    http::read_request(&received, dialect, &Limits::default())
}

fn over_jsonrpc(call: &Call, dialect: Dialect) -> (Id, Call) {
    let id = Id::number(7);
    let body = jsonrpc::write_request(&id, call, dialect).expect("the dialect has it");
    jsonrpc::read_request(&body, dialect, &Limits::default())
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&body)))
}

proptest! {
    #[test]
    fn what_a_client_calls_a_server_reads(call in call()) {
        for dialect in DIALECTS {
            prop_assert_eq!(over_jsonrpc(&call, dialect), (Id::number(7), call.clone()));
            prop_assert_eq!(over_http(&call, dialect), Ok(call.clone()));
        }
    }

    #[test]
    fn what_only_1_0_has_too(call in call_of_1_0()) {
        prop_assert_eq!(over_jsonrpc(&call, Dialect::V1_0).1, call.clone());
        prop_assert_eq!(over_http(&call, Dialect::V1_0), Ok(call.clone()));
        prop_assert_eq!(http::write_request(&call, Dialect::V0_3), None);
    }

    #[test]
    fn what_a_server_answers_a_client_reads(mut task in task(), event in event()) {
        task.artifacts.clear();
        task.history.clear();
        task.status.message = None;
        let id = Id::number(7);
        for dialect in DIALECTS {
            for (operation, reply) in [
                (Operation::GetTask, Reply::Task(Box::new(task.clone()))),
                (Operation::SendMessage, Reply::Sent(Box::new(SendMessageResponse::Task(task.clone())))),
                (Operation::DeleteTaskPushNotificationConfig, Reply::Deleted),
            ] {
                let limits = Limits::default();
                let body = jsonrpc::write_reply(&id, &reply, dialect).expect("the dialect has it");
                prop_assert_eq!(jsonrpc::read_reply(&body, &id, operation, dialect, &limits), Ok(reply.clone()));
                let body = http::write_reply(&reply, dialect).expect("the dialect has it");
                prop_assert_eq!(http::read_reply(200, &body, operation, dialect, &limits), Ok(reply));
            }
        }
        let limits = Limits::default();
        let body = jsonrpc::write_event(&id, &event, Dialect::V1_0);
        prop_assert_eq!(jsonrpc::read_event(&body, &id, Dialect::V1_0, &limits), Ok(event.clone()));
        let body = http::write_event(&event, Dialect::V1_0);
        prop_assert_eq!(http::read_event(&body, Dialect::V1_0, &limits), Ok(event));
    }
}

fn refused(body: &str, dialect: Dialect) -> (String, ErrorKind, Vec<String>) {
    let Err(refused) = jsonrpc::read_request(body.as_bytes(), dialect, &Limits::default()) else {
        panic!("taken: {body}")
    };
    let fields = refused.error.violations.into_iter().map(|violation| violation.field).collect();
    (refused.id.as_json().to_owned(), refused.error.kind, fields)
}

#[test]
fn what_is_no_request_is_refused_under_its_id() {
    for (body, id, kind) in [
        ("{", "null", ErrorKind::Parse),
        ("", "null", ErrorKind::Parse),
        ("\u{fffd}", "null", ErrorKind::Parse),
        (r#"{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"\ud800"}}"#, "1", ErrorKind::Parse),
        ("[]", "null", ErrorKind::InvalidRequest),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"GetTask"}]"#, "null", ErrorKind::InvalidRequest),
        ("7", "null", ErrorKind::InvalidRequest),
        (r#"{"id":"x","method":"GetTask"}"#, "\"x\"", ErrorKind::InvalidRequest),
        (r#"{"jsonrpc":"1.0","id":1.5,"method":"GetTask"}"#, "1.5", ErrorKind::InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":-7,"method":7}"#, "-7", ErrorKind::InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":7}"#, "7", ErrorKind::InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":{},"method":"GetTask"}"#, "null", ErrorKind::InvalidRequest),
        (r#"{"jsonrpc":"2.0","method":"GetTask","params":{"id":"t"}}"#, "null", ErrorKind::InvalidRequest),
        (r#"{"jsonrpc":"2.0","id":"\u0041","method":"Nothing"}"#, r#""\u0041""#, ErrorKind::MethodNotFound),
        (r#"{"jsonrpc":"2.0","id":1,"method":"message/send"}"#, "1", ErrorKind::MethodNotFound),
        (r#"{"jsonrpc":"2.0","id":null,"method":"GetTask","params":{}}"#, "null", ErrorKind::InvalidParams),
    ] {
        let (refused_id, refused_kind, _) = refused(body, Dialect::V1_0);
        assert_eq!((refused_id.as_str(), refused_kind), (id, kind), "{body}");
    }
    let new = r#"{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{"id":"t"}}"#;
    assert_eq!(refused(new, Dialect::V0_3).1, ErrorKind::VersionNotSupported);
    let deep =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"GetTask","params":{}{}}}"#, "[".repeat(64), "]".repeat(64));
    assert_eq!(refused(&deep, Dialect::V1_0).1, ErrorKind::InvalidRequest);
}

#[test]
fn wrong_fields_are_named() {
    let of =
        |method: &str, params: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    for (dialect, method, params, fields) in [
        (Dialect::V1_0, "SendMessage", "{}", &["message"][..]),
        (Dialect::V1_0, "SendMessage", "[]", &[""]),
        (Dialect::V1_0, "SendMessage", r#"{"message":{"parts":[]}}"#, &["message"]),
        (
            Dialect::V1_0,
            "SendMessage",
            r#"{"message":{"contextId":"c","parts":[]},"configuration":{"historyLength":-1,"taskPushNotificationConfig":{}}}"#,
            &[
                "message.messageId",
                "message.role",
                "message.parts",
                "configuration.historyLength",
                "configuration.taskPushNotificationConfig.url",
            ],
        ),
        (
            Dialect::V1_0,
            "SendMessage",
            r#"{"message":{"parts":[{"text":"a"},{"raw":"*"}]}}"#,
            &["message.parts[1].raw"],
        ),
        (Dialect::V1_0, "SendMessage", r#"{"message":{"parts":[{"text":"a","url":"b"}]}}"#, &["message.parts[0]"]),
        (Dialect::V1_0, "SendMessage", r#"{"message":{"role":"user"}}"#, &["message.role"]),
        (Dialect::V1_0, "ListTasks", r#"{"pageSize":101}"#, &["pageSize"]),
        (Dialect::V1_0, "ListTasks", r#"{"status":"done"}"#, &["status"]),
        (Dialect::V1_0, "ListTasks", r#"{"statusTimestampAfter":"yesterday"}"#, &["statusTimestampAfter"]),
        (Dialect::V1_0, "GetTaskPushNotificationConfig", r#"{"taskId":"t"}"#, &["id"]),
        (
            Dialect::V0_3,
            "message/send",
            r#"{"message":{"parts":[{"kind":"file","file":{}}]}}"#,
            &["message.parts[0].file"],
        ),
        (Dialect::V0_3, "message/send", r#"{"message":{"parts":{}}}"#, &["message.parts"]),
        (Dialect::V0_3, "tasks/get", r#"{"id":7}"#, &["id"]),
        (Dialect::V0_3, "tasks/get", "{}", &["id"]),
    ] {
        let (_, kind, named) = refused(&of(method, params), dialect);
        assert_eq!(kind, ErrorKind::InvalidParams, "{params}");
        assert_eq!(named, fields, "{params}");
    }
}

#[test]
fn absent_null_unknown_and_numbers_in_strings_are_as_protojson_has_them() {
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"SendMessage","extra":[],"params":{"tenant":null,"news":{"a":[1]},
        "message":{"messageId":"m","role":1,"parts":[{"data":null,"text":null,"filename":null,"new":7}],"metadata":null},
        "configuration":{"historyLength":"3","returnImmediately":null}}}"#;
    let (_, call) = jsonrpc::read_request(body, Dialect::V1_0, &Limits::default()).expect("a request");
    let Call::SendMessage(request) = call else { panic!("another call") };
    assert_eq!((request.message.role, request.message.metadata), (Role::User, None));
    assert_eq!(request.message.parts, [Part::data(serde_json::Value::Null)]);
    assert_eq!(request.configuration.and_then(|configuration| configuration.history_length), Some(3));
}

/// ProtoJSON: "Parsers accept both the lowerCamelCase name and the original proto field name".
#[test]
fn names_may_be_those_of_the_definition() {
    let body = br#"{"jsonrpc":"2.0","id":1,"method":"SendMessage","params":{
        "message":{"message_id":"m","context_id":"c","role":"ROLE_USER","parts":[{"text":"a","media_type":"text/plain"}],
            "metadata":{"kept_as_it_is":1}},
        "configuration":{"history_length":3,"task_push_notification_config":{"task_id":"t","url":"https://example.com"}}}}"#;
    let (_, call) = jsonrpc::read_request(body, Dialect::V1_0, &Limits::default()).expect("a request");
    let Call::SendMessage(request) = call else { panic!("another call") };
    assert_eq!((request.message.message_id.as_str(), request.message.context_id.as_str()), ("m", "c"));
    assert_eq!(request.message.parts[0].media_type, "text/plain");
    assert!(request.message.metadata.is_some_and(|metadata| metadata.contains_key("kept_as_it_is")));
    let configuration = request.configuration.expect("it was sent");
    assert_eq!(configuration.history_length, Some(3));
    assert_eq!(configuration.task_push_notification_config.map(|push| push.task_id), Some("t".to_owned()));
    let body = br#"{"jsonrpc":"2.0","id":1,"result":{"status_update":{"task_id":"t","context_id":"c","status":{}}}}"#;
    assert!(jsonrpc::read_event(body, &jsonrpc::Id::number(1), Dialect::V1_0, &Limits::default()).is_ok());
}

/// As the Python SDK's client of 0.3 writes it over HTTP+JSON.
#[test]
fn names_of_the_definition_are_read_in_0_3_too() {
    let read = |path: &str, body: &str| {
        let received = Received { verb: "POST", path, query: "", body: body.as_bytes() };
        http::read_request(&received, Dialect::V0_3, &Limits::default()).expect("a request")
    };
    let body = r#"{"request":{"message_id":"m1","context_id":"c","role":"ROLE_USER","metadata":{"as_it_is":1},
        "content":[{"text":"hi"},{"file":{"file_with_uri":"http://a/b","mime_type":"text/plain"}}]},
        "configuration":{"history_length":3,"push_notification":{"url":"https://x","token":"t"}}}"#;
    let Call::SendMessage(request) = read("/v1/message:send", body) else { panic!("another call") };
    assert_eq!((request.message.message_id.as_str(), request.message.context_id.as_str()), ("m1", "c"));
    assert_eq!(request.message.parts[1].media_type, "text/plain");
    assert!(request.message.metadata.is_some_and(|metadata| metadata.contains_key("as_it_is")));
    let configuration = request.configuration.expect("it was sent");
    assert_eq!(configuration.history_length, Some(3));
    assert_eq!(configuration.task_push_notification_config.map(|push| push.url), Some("https://x".to_owned()));
    let body = r#"{"parent":"tasks/t1","config_id":"c1","config":{"name":"tasks/t1/pushNotificationConfigs/c1",
        "push_notification_config":{"id":"c1","url":"https://x","token":"t"}}}"#;
    let Call::CreateTaskPushNotificationConfig(config) = read("/v1/tasks/t1/pushNotificationConfigs", body) else {
        panic!("another call")
    };
    assert_eq!((config.task_id.as_str(), config.id.as_str(), config.url.as_str()), ("t1", "c1", "https://x"));
}

fn http_refused(verb: &str, target: &str, dialect: Dialect) -> Result<Operation, NotServed> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    http::read_request(&Received { verb, path, query, body: b"" }, dialect, &Limits::default())
        .map(|call| call.operation())
}

#[test]
fn paths_and_verbs_are_those_of_the_protocol() {
    let new = |verb: &str, target: &str| http_refused(verb, target, Dialect::V1_0);
    for verb in ["GET", "POST"] {
        assert_eq!(new(verb, "/tasks/t:subscribe"), Ok(Operation::SubscribeToTask));
        assert_eq!(new(verb, "/acme/tasks/t:subscribe/"), Ok(Operation::SubscribeToTask));
        assert_eq!(http_refused(verb, "/v1/tasks/t:subscribe", Dialect::V0_3), Ok(Operation::SubscribeToTask));
    }
    // A tenant may have the name of a path; what is a path without a tenant is one.
    assert_eq!(new("GET", "/tasks/tasks"), Ok(Operation::GetTask));
    assert_eq!(new("GET", "/tasks/tasks/tasks"), Ok(Operation::GetTask));
    assert_eq!(new("PUT", "/tasks/t"), Err(NotServed::WrongVerb { allow: "GET" }));
    assert_eq!(new("GET", "/message:send"), Err(NotServed::WrongVerb { allow: "POST" }));
    for missing in ["/", "", "/task", "/message:other", "/a/b/c/d/e/f/g", "//tasks", "/v1/card"] {
        let Err(NotServed::NoSuchPath(error)) = new("GET", missing) else { panic!("served: {missing}") };
        assert_eq!(error.kind, ErrorKind::MethodNotFound);
    }
    let Err(NotServed::NoSuchPath(error)) = http_refused("POST", "/message:send", Dialect::V0_3) else {
        panic!("served")
    };
    assert_eq!(error.kind, ErrorKind::VersionNotSupported);
    for (target, field) in [
        ("/tasks?pageSize=0", "pageSize"),
        ("/tasks?pageSize=x", "pageSize"),
        ("/tasks?status=working", "status"),
        ("/tasks?includeArtifacts=yes", "includeArtifacts"),
        ("/tasks/t?historyLength=-1", "historyLength"),
        ("/tasks/%ff", "id"),
    ] {
        let Err(NotServed::Refused(error)) = new("GET", target) else { panic!("served: {target}") };
        assert_eq!(error.violations.first().map(|violation| violation.field.as_str()), Some(field));
    }
}

#[test]
fn errors_and_broken_answers_reach_the_client_as_what_they_are() {
    let (id, limits) = (Id::number(7), Limits::default());
    let error = A2aError::task_not_found("t-1");
    let body = jsonrpc::write_error(&id, &error);
    let read = |body: &[u8]| jsonrpc::read_reply(body, &id, Operation::GetTask, Dialect::V1_0, &limits);
    assert_eq!(read(&body), Err(error.clone()));
    assert_eq!(jsonrpc::read_event(&body, &id, Dialect::V1_0, &limits), Err(error.clone()));
    let body = error.to_http(Dialect::V1_0).to_string();
    assert_eq!(http::read_reply(404, body.as_bytes(), Operation::GetTask, Dialect::V1_0, &limits), Err(error.clone()));
    assert_eq!(http::read_event(body.as_bytes(), Dialect::V1_0, &limits), Err(error));
    for broken in [
        "",
        "{}",
        r#"{"jsonrpc":"2.0","id":7,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{"id":7}}"#,
        r#"{"jsonrpc":"2.0","id":8,"result":{"id":"t"}}"#,
    ] {
        assert_eq!(
            read(broken.as_bytes()).map_err(|error| error.kind),
            Err(ErrorKind::InvalidAgentResponse),
            "{broken}"
        );
    }
}

#[test]
fn what_the_card_does_not_support_is_refused() {
    let all = AgentCapabilities {
        streaming: Some(true),
        push_notifications: Some(true),
        extended_agent_card: Some(true),
        extensions: Vec::new(),
    };
    let push =
        SendMessageConfiguration { task_push_notification_config: Some(Default::default()), ..Default::default() };
    let send = Box::new(SendMessageRequest { configuration: Some(push), ..Default::default() });
    for (call, kind) in [
        (Call::SendStreamingMessage(Default::default()), Some(ErrorKind::UnsupportedOperation)),
        (Call::SubscribeToTask(Default::default()), Some(ErrorKind::UnsupportedOperation)),
        (Call::GetExtendedAgentCard(Default::default()), Some(ErrorKind::UnsupportedOperation)),
        (Call::ListTaskPushNotificationConfigs(Default::default()), Some(ErrorKind::PushNotificationNotSupported)),
        (Call::SendMessage(send), Some(ErrorKind::PushNotificationNotSupported)),
        (Call::SendMessage(Default::default()), None),
        (Call::ListTasks(Default::default()), None),
    ] {
        let nothing = call.check_supported(&AgentCapabilities::default());
        assert_eq!(nothing.err().map(|error| error.kind), kind, "{call:?}");
        assert_eq!(call.check_supported(&all), Ok(()), "{call:?}");
    }
}

#[test]
fn a_query_can_name_the_version() {
    assert_eq!(http::version_in_query("historyLength=1&a2a-version=1.0").as_deref(), Some("1.0"));
    assert_eq!(http::version_in_query("A2A-Version=1%2E0").as_deref(), Some("1.0"));
    assert_eq!(http::version_in_query("version=1.0"), None);
}
