//! Turns: their ends, whoever brings them about.

use crate::bed::{Script, anna, follow_up, gateway, message, state};
use duologue_a2a::model::Timestamp;
use duologue_gateway::{Clock, TIMEOUT};
use serde_json::json;

#[tokio::test]
async fn ends_are_told_as_what_they_are() {
    let gateway = gateway(&Script::new(), |_| {});
    let client = anna(&gateway);
    assert_eq!(state(&client.send("m-1", "task").await["task"]), "TASK_STATE_COMPLETED");
    let failed = client.send("m-2", "fail").await;
    assert_eq!(state(&failed["task"]), "TASK_STATE_FAILED");
    assert_eq!(failed["task"]["status"]["message"]["parts"][0]["text"], "it does not work");
    let panicked = client.send("m-3", "panic").await;
    assert_eq!(state(&panicked["task"]), "TASK_STATE_FAILED");
    assert!(!panicked.to_string().contains("as was asked for"));
    let wrong = client.send("m-4", "wrong").await;
    assert_eq!(state(&wrong["task"]), "TASK_STATE_FAILED");
    // Who says nothing at all has done what was asked.
    assert_eq!(state(&client.send("m-5", "silent").await["task"]), "TASK_STATE_COMPLETED");
}

#[tokio::test]
async fn what_is_called_off_stops() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway);
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.send("m-1", "hang").await }
    });
    let task = loop {
        let tasks = client.ok("ListTasks", json!({"status": "TASK_STATE_WORKING"})).await;
        if let Some(id) = tasks["tasks"][0]["id"].as_str() {
            break id.to_owned();
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(state(&client.ok("CancelTask", json!({"id": task})).await), "TASK_STATE_CANCELED");
    // The agent hears of it, and so does whoever waited for the answer.
    drop(script.over.acquire().await.unwrap());
    assert_eq!(state(&waiting.await.unwrap()["task"]), "TASK_STATE_CANCELED");
    assert_eq!(client.code("CancelTask", json!({"id": task})).await, -32002);
    assert_eq!(client.code("SendMessage", follow_up(&task, "m-2", "say more")).await, -32004);
}

#[tokio::test]
async fn who_does_not_wait_gets_the_same_done() {
    let gateway = gateway(&Script::new(), |_| {});
    let client = anna(&gateway);
    // To the agent it is a new message, as it is when the client waits.
    let task = client.begin("m-1", "fresh").await;
    let done = loop {
        let task = client.ok("GetTask", json!({"id": task})).await;
        if state(&task) == "TASK_STATE_COMPLETED" {
            break task;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(done["status"]["message"]["parts"][0]["text"], "a new message");
}

#[tokio::test]
async fn an_agent_at_work_hears_what_comes_meanwhile() {
    let gateway = gateway(&Script::new(), |_| {});
    let client = anna(&gateway);
    let task = client.begin("m-1", "listen").await;
    let done = client.ok("SendMessage", follow_up(&task, "m-2", "more")).await;
    assert_eq!(done["task"]["status"]["message"]["parts"][0]["text"], "heard more");
    assert_eq!(done["task"]["history"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_follow_up_is_taken_once_and_told_apart_by_what_it_says() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway);
    let task = client.begin("m-1", "ask").await;
    for text in ["ask a", "ask a", "ask b"] {
        client.ok("SendMessage", follow_up(&task, "same", text)).await;
    }
    let task = client.ok("GetTask", json!({"id": task})).await;
    let said = |message: &serde_json::Value| message["parts"][0]["text"].as_str().unwrap_or_default().to_owned();
    let asked = task["history"].as_array().unwrap().iter().filter(|message| message["role"] == "ROLE_USER");
    assert_eq!(asked.map(said).collect::<Vec<_>>(), ["ask", "ask a", "ask b"]);
    assert_eq!(script.turns(), 3);
}

#[tokio::test]
async fn what_comes_with_the_last_word_is_answered_too() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway);
    let task = client.begin("m-1", "wait").await;
    let follow = tokio::spawn({
        let (client, task) = (client.clone(), task.clone());
        async move { client.ok("SendMessage", follow_up(&task, "m-2", "say and I heard you")).await }
    });
    while client.ok("GetTask", json!({"id": task})).await["history"].as_array().unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }
    script.go.add_permits(1);
    let done = follow.await.unwrap();
    assert_eq!((state(&done["task"]), script.turns()), ("TASK_STATE_COMPLETED", 2));
    assert_eq!(done["task"]["status"]["message"]["parts"][0]["text"], "and I heard you");
    assert!(done["task"]["history"].to_string().contains("waited"));
}

#[tokio::test]
async fn what_an_agent_did_not_listen_to_is_answered_next() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway);
    let task = client.begin("m-1", "count 1").await;
    let follow = tokio::spawn({
        let (client, task) = (client.clone(), task.clone());
        async move { client.ok("SendMessage", follow_up(&task, "m-2", "say I heard you")).await }
    });
    loop {
        let task = client.ok("GetTask", json!({"id": task})).await;
        if task["history"].as_array().unwrap().len() == 2 {
            break;
        }
        tokio::task::yield_now().await;
    }
    script.go.add_permits(1);
    let done = follow.await.unwrap();
    assert_eq!(done["task"]["status"]["message"]["parts"][0]["text"], "I heard you");
    assert_eq!(script.turns(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_waits_no_longer_gets_no_answer_and_the_work_ends() {
    let script = Script::new();
    let start = tokio::time::Instant::now();
    let clock = Clock::Runtime { at: Timestamp::from_millis(1_767_225_600_000), start };
    let gateway = gateway(&script, |config| config.clock = clock);
    let client = anna(&gateway).with(TIMEOUT.as_str().to_owned().leak(), "2000");
    // Before there is a task …
    assert_eq!(client.code("SendMessage", message("m-1", "wait")).await, -31504);
    assert_eq!(start.elapsed().as_secs(), 2);
    // … and where there is one, it fails.
    let failed = client.send("m-2", "hang").await;
    assert_eq!(state(&failed["task"]), "TASK_STATE_FAILED");
    assert_eq!(start.elapsed().as_secs(), 4);
    drop(script.over.acquire().await.unwrap());
}

#[tokio::test]
async fn turns_are_bounded() {
    let script = Script::new();
    let gateway = gateway(&script, |config| config.tasks.turns = 1);
    let client = anna(&gateway);
    client.begin("m-1", "hang").await;
    assert_eq!(client.code("SendMessage", message("m-2", "say hello")).await, -31429);
}
