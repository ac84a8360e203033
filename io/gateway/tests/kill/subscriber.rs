//! One who has a task done, or listens to it, and comes back whenever the line is cut.

use crate::course::Place;
use crate::seen::Seen;
use duologue_a2a::sse::{self, Reader};
use reqwest::Response;
use serde_json::{Value, json};
use std::time::Duration;

/// How long a stream may say nothing, keep-alives included, before it is given up.
const SILENCE: Duration = Duration::from_secs(60);

/// Sends a message that counts to `most`, and sees what comes of it to the end.
pub(crate) async fn have_done(place: &Place, name: &str, most: u64) -> Seen {
    let text = format!("duologue-count {most} 30");
    let message = json!({"messageId": name, "role": "ROLE_USER", "parts": [{"text": text}]});
    let webhook = json!({"id": "hook", "url": place.webhook, "token": name});
    let request = json!({"message": message, "configuration": {"taskPushNotificationConfig": webhook}});
    let mut seen = Seen::default();
    while !seen.is_over {
        // The same message again, however often, is the same task.
        let call = if seen.last == 0 { ("SendStreamingMessage", request.clone()) } else { subscribe(&seen) };
        listen(place, name, call, &mut seen).await;
    }
    seen
}

/// Listens to a task that somebody else has begun, from its first event on.
pub(crate) async fn look_on(place: &Place, task: &str) -> Seen {
    let (mut seen, who) = (Seen::of(task), format!("looks on at {task}"));
    while !seen.is_over {
        listen(place, &who, subscribe(&seen), &mut seen).await;
    }
    seen
}

fn subscribe(seen: &Seen) -> (&'static str, Value) {
    ("SubscribeToTask", json!({"id": seen.task}))
}

/// Until the stream ends, or its line does.
async fn listen(place: &Place, who: &str, (method, params): (&str, Value), seen: &mut Seen) {
    let replica = place.any();
    replica.up().await;
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    let mut request = place.client.post(format!("http://127.0.0.1:{}/", replica.port)).header("A2A-Version", "1.0");
    if method == "SubscribeToTask" {
        request = request.header("Last-Event-ID", seen.last.to_string());
    }
    // Gone before it answered.
    let Ok(answer) = request.json(&body).send().await else { return };
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with(sse::MEDIA_TYPE) {
        return refused(answer, &body).await;
    }
    let mut reader = Reader::new(1 << 20);
    let mut answer = answer;
    while let Ok(Ok(Some(bytes))) = tokio::time::timeout(SILENCE, answer.chunk()).await {
        for event in reader.push(&bytes).expect("events of a size") {
            let told: Value = serde_json::from_str(&event.data).expect("JSON");
            if let Some(error) = told.get("error") {
                return assert!(is_passing(error), "{error} after event {} of {}", seen.last, seen.task);
            }
            let is_new = seen.task.is_empty();
            seen.take(event.id.expect("a number").parse().expect("a number"), &told["result"]);
            if is_new {
                place.announce(&seen.task);
            }
            place.tick(who, seen);
        }
    }
}

async fn refused(answer: Response, body: &Value) {
    // The process may have gone in the middle of its answer.
    let Ok(told) = answer.json::<Value>().await else { return };
    assert!(is_passing(&told["error"]), "{told} to {body}");
}

/// "Try again later", as its code says.
fn is_passing(error: &Value) -> bool {
    error["code"] == -31503
}
