//! Whose tasks are whose (specification 1.0.1 §7.4, §13.1).

use crate::bed::{Client, Script, anna, ben, follow_up, gateway};
use async_trait::async_trait;
use duologue_a2a::call::Operation;
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_gateway::{Asking, Authorize};
use http::StatusCode;
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn to_others_a_task_does_not_exist() {
    let gateway = gateway(&Script::new(), |_| {});
    let task = anna(&gateway).begin("m-1", "ask").await;
    let stranger = ben(&gateway);
    let not_found = -32001;
    for (method, params) in [
        ("GetTask", json!({"id": task})),
        ("CancelTask", json!({"id": task})),
        ("SubscribeToTask", json!({"id": task})),
        ("SendMessage", follow_up(&task, "m-2", "say hello")),
        ("SendStreamingMessage", follow_up(&task, "m-3", "say hello")),
    ] {
        let theirs = stranger.rpc(method, params.clone()).await;
        assert_eq!(theirs["error"]["code"], not_found, "{method}: {theirs}");
        // Not even that it is somebody's is told: the answer is that for a task that never was.
        let unknown =
            stranger.rpc(method, serde_json::from_str(&params.to_string().replace(&task, "none")).unwrap()).await;
        assert_eq!(theirs.to_string().replace(&task, "none"), unknown.to_string());
    }
    assert_eq!(stranger.ok("ListTasks", json!({})).await["totalSize"], 0);
    assert_eq!(anna(&gateway).ok("ListTasks", json!({})).await["totalSize"], 1);
    assert_eq!(anna(&gateway).ok("GetTask", json!({"id": task})).await["id"], task.as_str());
}

#[tokio::test]
async fn who_is_not_known_is_told_how_to_say_who_they_are() {
    let gateway = gateway(&Script::new(), |_| {});
    for token in ["", "wrong", "anna-s-token2"] {
        let nobody = Client { token, ..anna(&gateway) };
        for request in [nobody.request("POST", "", "{}"), nobody.request("GET", "/tasks/t", "")] {
            let answer = nobody.whole(request).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
            assert!(!String::from_utf8_lossy(&answer.body).contains("anna"));
        }
    }
}

/// Ben may only look.
struct OnlyLooking;

#[async_trait]
impl Authorize for OnlyLooking {
    async fn authorize(&self, asking: &Asking<'_>) -> Result<(), A2aError> {
        let Asking { peer, call, .. } = asking;
        let allowed = peer.principal != "ben" || matches!(call.operation(), Operation::GetTask | Operation::ListTasks);
        let why = "not authorised: rule only_looking";
        if allowed { Ok(()) } else { Err(A2aError::new(ErrorKind::PermissionDenied, why)) }
    }
}

#[tokio::test]
async fn what_policy_denies_is_not_done() {
    let script = Script::new();
    let gateway = gateway(&script, |config| config.authorize = Some(Arc::new(OnlyLooking)));
    let body = json!({"message": {"messageId": "m", "role": "ROLE_USER", "parts": [{"text": "say no"}]}}).to_string();
    let denied = ben(&gateway).whole(ben(&gateway).request("POST", "/message:send", body)).await;
    assert_eq!((denied.status, script.turns()), (StatusCode::FORBIDDEN, 0));
    assert!(denied.json()["error"]["message"].as_str().unwrap().contains("only_looking"));
    assert_eq!(ben(&gateway).ok("ListTasks", json!({})).await["totalSize"], 0);
    assert_eq!(anna(&gateway).send("m", "say yes").await["message"]["parts"][0]["text"], "yes");
}

#[tokio::test]
async fn the_extended_card_is_for_whom_it_is() {
    let gateway = gateway(&Script::new(), |_| {});
    assert_eq!(anna(&gateway).ok("GetExtendedAgentCard", json!({})).await["description"], "For anna");
}
