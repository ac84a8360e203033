//! Streams, cut and taken up again.

use crate::bed::{Events, Script, anna, follow_up, gateway, message, state};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_cut_stream_goes_on_where_it_was_cut() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway);
    let mut stream = client.stream("SendStreamingMessage", message("m-1", "count 4")).await;
    let (number, first) = stream.next().await.unwrap();
    let task = first["task"]["id"].as_str().unwrap().to_owned();
    assert_eq!((number, state(&first["task"])), (1, "TASK_STATE_SUBMITTED"));
    script.go.add_permits(2);
    let mut seen = vec![1];
    while seen.len() < 3 {
        seen.push(stream.next().await.unwrap().0);
    }
    drop(stream);
    script.go.add_permits(2);
    let resumed = client.with("last-event-id", "3").stream("SubscribeToTask", json!({"id": task})).await;
    seen.extend(resumed.numbers().await);
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
    // Also when all is over; and who has seen everything waits for nothing.
    let after =
        async |seen: &str| client.with("last-event-id", seen).stream("SubscribeToTask", json!({"id": task})).await;
    assert_eq!(after("5").await.numbers().await, [6, 7]);
    assert_eq!(after("7").await.numbers().await, Vec::<u64>::new());
    // Without a number there is nothing to subscribe to any more; with a wrong one neither.
    assert_eq!(client.code("SubscribeToTask", json!({"id": task})).await, -32004);
    assert_eq!(client.with("last-event-id", "8").code("SubscribeToTask", json!({"id": task})).await, -32602);
    assert_eq!(client.with("last-event-id", "x").code("SubscribeToTask", json!({"id": task})).await, -32602);
}

#[tokio::test]
async fn all_who_listen_hear_the_same() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway);
    let task = client.begin("m-1", "count 20").await;
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = client.stream("SubscribeToTask", json!({"id": task})).await;
        let (number, snapshot) = stream.next().await.unwrap();
        assert_eq!(snapshot["task"]["id"], task.as_str());
        streams.push((number, stream));
    }
    script.go.add_permits(20);
    for (number, stream) in streams {
        assert_eq!(stream.numbers().await, (number + 1..=23).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_stream_ends_where_the_task_waits_and_a_new_one_goes_on_from_there() {
    let gateway = gateway(&Script::new(), |_| {});
    let client = anna(&gateway);
    let mut stream = client.stream("SendStreamingMessage", message("m-1", "ask")).await;
    let task = stream.next().await.unwrap().1["task"]["id"].as_str().unwrap().to_owned();
    assert_eq!(stream.numbers().await, [2]);
    // Who subscribes while it waits, hears how it goes on.
    let waiting = client.stream("SubscribeToTask", json!({"id": task})).await;
    let mut answered = client.stream("SendStreamingMessage", follow_up(&task, "m-2", "say thanks")).await;
    let (number, snapshot) = answered.next().await.unwrap();
    assert_eq!((number, state(&snapshot["task"])), (3, "TASK_STATE_WORKING"));
    assert_eq!(answered.numbers().await, [4]);
    assert_eq!(waiting.numbers().await, [2, 3, 4]);
}

/// The numbers of a stream that ends without anything happening.
async fn ends(stream: Events) -> Vec<u64> {
    tokio::time::timeout(Duration::from_secs(60), stream.numbers()).await.expect("it ends")
}

#[tokio::test(start_paused = true)]
async fn a_message_sent_again_streams_up_to_where_the_task_waits() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway);
    let first = message("m-1", "ask");
    let task = client.ok("SendMessage", first.clone()).await["task"]["id"].as_str().unwrap().to_owned();
    let second = follow_up(&task, "m-2", "ask more");
    for numbers in [vec![3, 4], vec![4]] {
        assert_eq!(ends(client.stream("SendStreamingMessage", second.clone()).await).await, numbers);
    }
    let after = async |seen: &str, message: &Value| {
        ends(client.with("last-event-id", seen).stream("SendStreamingMessage", message.clone()).await).await
    };
    for message in [&first, &second] {
        assert_eq!(after("3", message).await, [4]);
        assert_eq!(after("4", message).await, Vec::<u64>::new());
    }
    assert_eq!(script.turns(), 2);
    // Whoever takes up a subscription there, waits for how the task goes on.
    let mut waiting = client.with("last-event-id", "4").stream("SubscribeToTask", json!({"id": task})).await;
    assert!(tokio::time::timeout(Duration::from_secs(60), waiting.next()).await.is_err());
    client.ok("SendMessage", follow_up(&task, "m-3", "say thanks")).await;
    assert_eq!(ends(waiting).await, [5, 6]);
}

#[tokio::test(start_paused = true)]
async fn a_new_message_is_streamed_whole_whatever_number_comes_with_it() {
    let gateway = gateway(&Script::new(), |_| {});
    let client = anna(&gateway);
    for (seen, id) in [("1", "m-1"), ("100", "m-2")] {
        let stream = client.with("last-event-id", seen).stream("SendStreamingMessage", message(id, "task")).await;
        assert_eq!(ends(stream).await, [1, 2, 3], "{seen}");
    }
    let task = client.send("m-3", "ask").await["task"]["id"].as_str().unwrap().to_owned();
    let more = follow_up(&task, "m-4", "task");
    let stream = client.with("last-event-id", "100").stream("SendStreamingMessage", more).await;
    assert_eq!(ends(stream).await, [3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_shows_that_it_lives() {
    use http_body_util::BodyExt;
    let gateway = gateway(&Script::new(), |_| {});
    let client = anna(&gateway);
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": "SendStreamingMessage", "params": message("m", "hang")});
    let mut body = client.answer(client.request("POST", "", body.to_string())).await.into_body();
    let mut read = String::new();
    while !read.ends_with(": \n\n") {
        let frame = tokio::time::timeout(Duration::from_secs(60), body.frame()).await.expect("a sign of life");
        read += std::str::from_utf8(&frame.unwrap().unwrap().into_data().unwrap()).unwrap();
    }
}

#[tokio::test]
async fn streams_are_bounded_and_given_back() {
    let gateway = gateway(&Script::new(), |config| config.tasks.streams = 2);
    let client = anna(&gateway);
    let task = client.begin("m-1", "hang").await;
    let subscribe = || client.stream("SubscribeToTask", json!({"id": task}));
    let (one, _two) = (subscribe().await, subscribe().await);
    assert_eq!(client.code("SubscribeToTask", json!({"id": task})).await, -31429);
    drop(one);
    assert!(subscribe().await.next().await.is_some());
}
