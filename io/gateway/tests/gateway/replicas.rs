//! Several gateways on one store, as several processes have it.

use crate::bed::{Script, anna, follow_up, gateway, message, state, store};
use duologue_gateway::{Gateway, GatewayConfig, Keeping};
use duologue_store::Store;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

fn on(store: &Store) -> impl FnOnce(&mut GatewayConfig) + use<> {
    let store = store.clone();
    move |config| {
        config.keeping = Keeping::Store(store);
        config.tasks.lease = Duration::from_millis(200);
    }
}

async fn two(folder: &tempfile::TempDir, script: &Arc<Script>) -> (Gateway, Gateway) {
    let store = store(folder).await;
    (gateway(script, on(&store)), gateway(script, on(&store)))
}

#[tokio::test]
async fn a_stream_goes_on_at_another_replica() {
    let (folder, script) = (tempfile::tempdir().unwrap(), Script::new());
    let (one, other) = two(&folder, &script).await;
    let mut stream = anna(&one).stream("SendStreamingMessage", message("m-1", "count 5")).await;
    let task = stream.next().await.unwrap().1["task"]["id"].as_str().unwrap().to_owned();
    script.go.add_permits(1);
    assert_eq!((stream.next().await.unwrap().0, stream.next().await.unwrap().0), (2, 3));
    drop(stream);
    let resumed = anna(&other).with("last-event-id", "3").stream("SubscribeToTask", json!({"id": task})).await;
    script.go.add_permits(4);
    assert_eq!(resumed.numbers().await, [4, 5, 6, 7, 8]);
}

#[tokio::test]
async fn whoever_calls_off_or_says_more_does_so_at_any_replica() {
    let (folder, script) = (tempfile::tempdir().unwrap(), Script::new());
    let (one, other) = two(&folder, &script).await;
    let task = anna(&one).begin("m-1", "hang").await;
    assert_eq!(state(&anna(&other).ok("CancelTask", json!({"id": task})).await), "TASK_STATE_CANCELED");
    drop(script.over.acquire().await.unwrap());
    let task = anna(&one).begin("m-2", "listen").await;
    let done = anna(&other).ok("SendMessage", follow_up(&task, "m-3", "more")).await;
    assert_eq!(done["task"]["status"]["message"]["parts"][0]["text"], "heard more");
    assert_eq!(script.turns(), 2);
}

#[tokio::test]
async fn the_same_message_at_two_replicas_is_one_task() {
    let (folder, script) = (tempfile::tempdir().unwrap(), Script::new());
    let (one, other) = two(&folder, &script).await;
    let (first, second) = (anna(&one), anna(&other));
    let (a, b) = tokio::join!(first.send("m-1", "task"), second.send("m-1", "task"));
    assert_eq!(a["task"]["id"], b["task"]["id"]);
    assert_eq!(first.ok("ListTasks", json!({})).await["totalSize"], 1);
}

#[tokio::test]
async fn the_same_message_at_two_replicas_has_one_answer() {
    let (folder, script) = (tempfile::tempdir().unwrap(), Script::new());
    let (one, other) = two(&folder, &script).await;
    script.go.add_permits(2);
    let (first, second) = (anna(&one), anna(&other));
    let (a, b) = tokio::join!(first.send("m-1", "wait"), second.send("m-1", "wait"));
    assert_eq!(a["message"]["messageId"], b["message"]["messageId"]);
    assert_eq!(first.send("m-1", "wait").await, a);
}

/// A process of its own, that ends without a word (its runtime is dropped) once an event with that number is told. It begins a task
/// that counts to ten, or finds that one.
async fn short_lived(store: &Store, task: Option<String>, until: u64) -> String {
    let store = store.clone();
    let life = move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let task = runtime.block_on(async {
            let script = Script::new();
            script.go.add_permits(1);
            let gateway = gateway(&script, on(&store));
            let client = anna(&gateway);
            let mut stream = match &task {
                Some(task) => client.stream("SubscribeToTask", json!({"id": task})).await,
                None => client.stream("SendStreamingMessage", message("m-1", "count 10")).await,
            };
            let (mut number, first) = stream.next().await.unwrap();
            while number < until {
                number = stream.next().await.unwrap().0;
            }
            task.unwrap_or_else(|| first["task"]["id"].as_str().unwrap().to_owned())
        });
        runtime.shutdown_background();
        task
    };
    tokio::task::spawn_blocking(life).await.unwrap()
}

#[tokio::test]
async fn work_that_gets_on_outlives_any_number_of_processes() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(&folder).await;
    let mut task = short_lived(&store, None, 3).await;
    for number in 4..=9 {
        task = short_lived(&store, Some(task), number).await;
    }
    let script = Script::new();
    script.go.add_permits(9);
    let last = gateway(&script, on(&store));
    let resumed = anna(&last).with("last-event-id", "9").stream("SubscribeToTask", json!({"id": task})).await;
    assert_eq!(resumed.numbers().await, [10, 11, 12, 13]);
    assert_eq!(state(&anna(&last).ok("GetTask", json!({"id": task})).await), "TASK_STATE_COMPLETED");
}

#[tokio::test]
async fn work_whose_process_is_gone_is_taken_up_by_another() {
    let (folder, script) = (tempfile::tempdir().unwrap(), Script::new());
    let store = store(&folder).await;
    // A process of its own, that ends without a word: its runtime is dropped.
    let gone = tokio::task::spawn_blocking({
        let (script, store) = (Arc::clone(&script), store.clone());
        move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            let task = runtime.block_on(async {
                let gateway = gateway(&script, on(&store));
                let mut stream = anna(&gateway).stream("SendStreamingMessage", message("m-1", "count 4")).await;
                script.go.add_permits(2);
                let task = stream.next().await.unwrap().1["task"]["id"].as_str().unwrap().to_owned();
                while stream.next().await.unwrap().0 < 4 {}
                task
            });
            runtime.shutdown_background();
            task
        }
    });
    let task = gone.await.unwrap();
    let again = Script::new();
    let other = gateway(&again, on(&store));
    again.go.add_permits(2);
    let resumed = anna(&other).with("last-event-id", "4").stream("SubscribeToTask", json!({"id": task})).await;
    assert_eq!(resumed.numbers().await, [5, 6, 7]);
    let done = anna(&other).ok("GetTask", json!({"id": task})).await;
    let counted: Vec<_> =
        done["artifacts"][0]["parts"].as_array().unwrap().iter().map(|part| part["text"].as_str().unwrap()).collect();
    assert_eq!((state(&done), counted), ("TASK_STATE_COMPLETED", vec!["1", "2", "3", "4"]));
    assert_eq!((script.turns(), again.turns()), (1, 1));
}

#[tokio::test]
async fn lists_are_the_same_in_a_store_and_in_memory() {
    let (folder, script) = (tempfile::tempdir().unwrap(), Script::new());
    let durable = gateway(&script, on(&store(&folder).await));
    for gateway in [durable, gateway(&script, |_| {})] {
        let client = anna(&gateway);
        for n in 0..7 {
            client.send(&format!("m-{n}"), if n % 2 == 0 { "task" } else { "ask" }).await;
        }
        for (status, count) in [("TASK_STATE_COMPLETED", 4), ("TASK_STATE_INPUT_REQUIRED", 3), ("", 7)] {
            let (mut token, mut seen) = (String::new(), Vec::new());
            loop {
                let mut params = json!({"pageSize": 2, "pageToken": token});
                if !status.is_empty() {
                    params["status"] = status.into();
                }
                let page = client.ok("ListTasks", params).await;
                assert_eq!(page["totalSize"], count, "{status}");
                seen.extend(page["tasks"].as_array().unwrap().iter().map(|task| task["id"].to_string()));
                token = page["nextPageToken"].as_str().unwrap().to_owned();
                if token.is_empty() {
                    break;
                }
            }
            // Ids grow with time: the newest first, each once.
            assert_eq!(seen.len(), count);
            assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
        }
    }
}
