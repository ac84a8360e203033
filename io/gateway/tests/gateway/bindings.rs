//! The same call, by every binding and version (specification 1.0.1 §5.1).

use crate::bed::{Script, Whole, anna, gateway, message};
use bytes::Bytes;
use duologue_a2a::call::{Call, Limits, Operation, Reply, grpc};
use duologue_a2a::error::ErrorKind;
use duologue_a2a::model::{GetTaskRequest, SendMessageResponse, Task};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

/// A call over gRPC: the message of the answer, or the status and its details.
async fn over_grpc(call: &Call, gateway: &duologue_gateway::Gateway) -> Result<Bytes, duologue_a2a::error::A2aError> {
    let (path, message) = grpc::write_request(call).unwrap();
    let mut framed = vec![0];
    framed.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend_from_slice(&message);
    let request = Request::builder()
        .method("POST")
        .uri(format!("http://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("a2a-version", "1.0")
        .header("authorization", format!("Bearer {}", crate::bed::ANNA))
        .body(Full::new(Bytes::from(framed)))
        .unwrap();
    let (head, body) = gateway.answer(request).await.into_parts();
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or(head.headers);
    let body = collected.to_bytes();
    let text = |name: &str| trailers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match text("grpc-status").parse() {
        Ok(0) => Ok(body.slice(5..)),
        Ok(code) => Err(grpc::read_status(code, text("grpc-message"), None)),
        Err(_) => panic!("no status: {trailers:?}"),
    }
}

#[tokio::test]
async fn a_task_is_the_same_by_every_binding() {
    let gateway = gateway(&Script::new(), |_| {});
    let client = anna(&gateway);
    let made = client.send("m-1", "task").await["task"].take();
    let id = made["id"].as_str().unwrap();
    let rpc = client.ok("GetTask", json!({"id": id})).await;
    let rest = client.whole(client.request("GET", &format!("/tasks/{id}"), "")).await;
    let call = Call::GetTask(GetTaskRequest { id: id.to_owned(), ..GetTaskRequest::default() });
    let bytes = over_grpc(&call, &gateway).await.unwrap();
    let Ok(Reply::Task(grpc)) = grpc::read_reply(Operation::GetTask, &bytes, &Limits::default()) else { panic!() };
    assert_eq!((&rpc, rest.json()), (&made, made.clone()));
    assert_eq!(*grpc, serde_json::from_value::<Task>(made).unwrap());
    assert_eq!(rest.headers["content-type"], "application/a2a+json");
}

#[tokio::test]
async fn a_message_is_answered_the_same_by_every_binding() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway);
    let rpc = client.send("m-1", "task").await;
    let body = message("m-1", "task").to_string();
    let rest = client.whole(client.request("POST", "/message:send", body)).await.json();
    let call = Call::SendMessage(Box::new(serde_json::from_value(message("m-1", "task")).unwrap()));
    let bytes = over_grpc(&call, &gateway).await.unwrap();
    let Ok(Reply::Sent(grpc)) = grpc::read_reply(Operation::SendMessage, &bytes, &Limits::default()) else { panic!() };
    assert_eq!(rpc, rest);
    assert_eq!(*grpc, serde_json::from_value::<SendMessageResponse>(rpc).unwrap());
    assert_eq!(script.turns(), 1, "it is one message, whichever way it came");
}

#[tokio::test]
async fn an_error_is_the_same_by_every_binding() {
    let gateway = gateway(&Script::new(), |_| {});
    let client = anna(&gateway);
    assert_eq!(client.code("GetTask", json!({"id": "none"})).await, -32001);
    let rest: Whole = client.whole(client.request("GET", "/tasks/none", "")).await;
    assert_eq!((rest.status, &rest.json()["error"]["status"]), (StatusCode::NOT_FOUND, &Value::from("NOT_FOUND")));
    let call = Call::GetTask(GetTaskRequest { id: "none".into(), ..GetTaskRequest::default() });
    assert_eq!(over_grpc(&call, &gateway).await.unwrap_err().kind, ErrorKind::TaskNotFound);
}

#[tokio::test]
async fn both_versions_are_spoken_at_one_address() {
    let gateway = gateway(&Script::new(), |_| {});
    let old = anna(&gateway).with("a2a-version", "");
    let params = json!({"message": {"kind": "message", "messageId": "m-1", "role": "user",
        "parts": [{"kind": "text", "text": "task"}]}});
    let made = old.ok("message/send", params).await;
    assert_eq!((&made["kind"], &made["status"]["state"]), (&"task".into(), &"completed".into()));
    let rest = old.whole(old.request("GET", &format!("/v1/tasks/{}", made["id"].as_str().unwrap()), "")).await;
    assert_eq!((rest.status, &rest.json()["status"]["state"]), (StatusCode::OK, &"TASK_STATE_COMPLETED".into()));
    // It is the same task in 1.0.
    let new = anna(&gateway).ok("GetTask", json!({"id": made["id"]})).await;
    assert_eq!(new["status"]["state"], "TASK_STATE_COMPLETED");
    // A client of 1.0 that forgets to say so is told what is missing.
    assert_eq!(old.code("SendMessage", message("m-2", "task")).await, -32009);
    assert_eq!(anna(&gateway).with("a2a-version", "2.0").code("GetTask", json!({"id": "t"})).await, -32009);
}
