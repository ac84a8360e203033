//! The same message, sent again.

use crate::bed::{Script, anna, ben, gateway, message, state, store};
use duologue_gateway::Keeping;
use serde_json::json;

#[tokio::test]
async fn a_message_is_answered_once() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway);
    let (said, made) = (client.send("m-1", "say hello").await, client.send("m-2", "task").await);
    assert_eq!(client.send("m-1", "say hello").await, said);
    assert_eq!(client.send("m-2", "task").await, made);
    assert_eq!(script.turns(), 2);
    // It is another message by whom it is from, by its id, and by what it says.
    client.send("m-1", "say goodbye").await;
    client.send("m-3", "say hello").await;
    ben(&gateway).send("m-1", "say hello").await;
    assert_eq!(script.turns(), 5);
}

#[tokio::test]
async fn the_same_message_may_be_written_in_other_words_of_json() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway);
    let send = async |extra: &str| {
        let message = format!(r#"{{"messageId":"m-1","role":"ROLE_USER","parts":[{{"text":"say hi"}}{extra}}}"#);
        client.ok("SendMessage", serde_json::from_str(&format!(r#"{{"message":{message}}}"#)).unwrap()).await
    };
    let first = send(r#",{"data":{"a":1,"b":{"c":2,"d":3}}}],"metadata":{"x":1,"y":2}"#).await;
    assert_eq!(send(r#",{"data":{"b":{"d":3.0,"c":2},"a":1}}],"metadata":{"y":2,"x":1}"#).await, first);
    assert_ne!(send(r#",{"data":{"b":{"d":4,"c":2},"a":1}}],"metadata":{"y":2,"x":1}"#).await, first);
    let plain = send("]").await;
    assert_eq!(send(r#"],"metadata":{},"extensions":[]"#).await, plain);
    assert_eq!(script.turns(), 3);
}

#[tokio::test]
async fn messages_at_once_share_one_answer() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway);
    let all = futures::future::join_all((0..8).map(|_| client.send("m-1", "wait")));
    // One more permit than is needed: a second turn would take it.
    script.go.add_permits(2);
    let answers = all.await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!((script.turns(), script.go.available_permits()), (1, 1));
}

#[tokio::test]
async fn what_came_of_a_message_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let script = Script::new();
    let (said, made) = {
        let store = store(&folder).await;
        let gateway = gateway(&script, |config| config.keeping = Keeping::Store(store.clone()));
        let client = anna(&gateway);
        let answers = (client.send("m-1", "say hello").await, client.send("m-2", "task").await);
        gateway.stop(std::time::Duration::from_secs(5)).await;
        store.close().await;
        answers
    };
    let store = store(&folder).await;
    let gateway = gateway(&script, |config| config.keeping = Keeping::Store(store));
    let client = anna(&gateway);
    assert_eq!(client.send("m-1", "say hello").await, said);
    assert_eq!(client.send("m-2", "task").await, made);
    assert_eq!(script.turns(), 2);
    let id = made["task"]["id"].clone();
    assert_eq!(state(&client.ok("GetTask", json!({"id": id})).await), "TASK_STATE_COMPLETED");
}

#[tokio::test]
async fn a_stream_of_the_same_message_is_the_same_stream() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway);
    let mut first = client.stream("SendStreamingMessage", message("m-1", "count 3")).await;
    assert_eq!(first.next().await.map(|(number, _)| number), Some(1));
    script.go.add_permits(3);
    let again = client.stream("SendStreamingMessage", message("m-1", "count 3")).await;
    assert_eq!(again.numbers().await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(first.numbers().await, [2, 3, 4, 5, 6]);
    // What was lost in the middle is had by the number of the last event that came.
    let rest = client.with("last-event-id", "4").stream("SendStreamingMessage", message("m-1", "count 3")).await;
    assert_eq!(rest.numbers().await, [5, 6]);
    assert_eq!(script.turns(), 1);
}
