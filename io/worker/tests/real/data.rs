//! Messages, texts, attributes and calls between two of ours.

use crate::server::{LiveKit, wait};
use duologue_worker::{CallError, DataOptions, JoinOptions, PeerMode, RoomEvent, RpcError, TextOptions, TextState};
use std::time::Duration;

async fn messages(peers: PeerMode) {
    let Some(server) = LiveKit::start().await else { return };
    let options = || JoinOptions { peers, ..Default::default() };
    let (anna, mut at_anna) = server.join("kitchen", "anna", options()).await;
    let (ben, mut at_ben) = server.join("kitchen", "ben", JoinOptions::default()).await;
    wait(&mut at_anna, |event| matches!(event, RoomEvent::Joined(p) if p.identity == "ben").then_some(())).await;

    let said = DataOptions { topic: Some("greeting".into()), to: vec!["ben".into()], lossy: false };
    anna.send_data(b"hello".to_vec(), said).await.expect("sent");
    let heard = wait(&mut at_ben, |event| match event {
        RoomEvent::Data { from, topic, payload, reliable } => Some((from, topic, payload, reliable)),
        _ => None,
    });
    assert_eq!(heard.await, ("anna".into(), Some("greeting".into()), b"hello".to_vec(), true));

    // A lossy message may get lost, so it is repeated until one arrives.
    let repeated = tokio::spawn({
        let ben = ben.clone();
        async move {
            let mut again = tokio::time::interval(Duration::from_millis(100));
            loop {
                again.tick().await;
                let _ = ben.send_data(b"quick".to_vec(), DataOptions { lossy: true, ..Default::default() }).await;
            }
        }
    });
    let heard = wait(&mut at_anna, |event| match event {
        RoomEvent::Data { payload, reliable, .. } => Some((payload, reliable)),
        _ => None,
    });
    assert_eq!(heard.await, (b"quick".to_vec(), false));
    repeated.abort();

    let long = "Grüße aus der Küche. ".repeat(3_000);
    anna.send_text("lk.chat", &long, TextOptions::default()).await.expect("sent");
    let text = wait(&mut at_ben, |event| match event {
        RoomEvent::Text(text) if text.state != TextState::Open => Some(text),
        _ => None,
    })
    .await;
    assert_eq!((text.from.as_str(), text.topic.as_str(), text.state), ("anna", "lk.chat", TextState::Complete));
    assert!(text.text == long, "{} bytes instead of {}", text.text.len(), long.len());

    let attributes = [("lk.transcription_final".to_string(), "false".to_string())].into();
    let mut words =
        ben.open_text("lk.transcription", TextOptions { attributes, ..Default::default() }).await.expect("begun");
    words.write("What can").await.expect("written");
    let so_far = |event| match event {
        RoomEvent::Text(text) => Some(text),
        _ => None,
    };
    let first = wait(&mut at_anna, so_far).await;
    assert_eq!((first.text.as_str(), first.state), ("What can", TextState::Open));
    assert_eq!(first.attributes["lk.transcription_final"], "false");
    words.write(" I do for you?").await.expect("written");
    words.close().await.expect("closed");
    let last = wait(&mut at_anna, |event| so_far(event).filter(|text| text.state == TextState::Complete)).await;
    assert_eq!((last.text.as_str(), last.stream), ("What can I do for you?", first.stream));
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_and_texts_arrive() {
    messages(PeerMode::Auto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_and_texts_arrive_with_two_connections() {
    messages(PeerMode::Dual).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_are_seen_by_others() {
    let Some(server) = LiveKit::start().await else { return };
    let (anna, _at_anna) = server.join("kitchen", "anna", JoinOptions::default()).await;
    let (ben, mut at_ben) = server.join("kitchen", "ben", JoinOptions::default()).await;
    anna.set_attributes([("lk.agent.state".into(), "thinking".into())].into()).await.expect("set");
    let state = wait(&mut at_ben, |event| match event {
        RoomEvent::Changed(p) => p.attributes.get("lk.agent.state").cloned(),
        _ => None,
    })
    .await;
    assert_eq!(state, "thinking");
    let seen = ben.participants().await.expect("the room goes on");
    assert_eq!(seen.iter().map(|p| p.identity.as_str()).collect::<Vec<_>>(), ["anna"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_are_called() {
    let Some(server) = LiveKit::start().await else { return };
    let (anna, mut at_anna) = server.join("kitchen", "anna", JoinOptions::default()).await;
    let (_ben, mut at_ben) = server.join("kitchen", "ben", JoinOptions::default()).await;
    tokio::spawn(async move {
        while let Some(event) = at_ben.recv().await {
            if let RoomEvent::Called(call) = event {
                match call.method.as_str() {
                    "double" => {
                        let doubled = format!("{0}{0} for {1}", call.payload, call.from);
                        call.answer(Ok(doubled));
                    }
                    "fail" => call.answer(Err(RpcError::application("out of milk"))),
                    // Dropped without an answer.
                    _ => {}
                }
            }
        }
    });
    wait(&mut at_anna, |event| matches!(event, RoomEvent::Joined(p) if p.identity == "ben").then_some(())).await;
    let patience = Duration::from_secs(10);
    assert_eq!(anna.call("ben", "double", "ha", patience).await, Ok("haha for anna".into()));
    let failed = anna.call("ben", "fail", "", patience).await;
    assert_eq!(failed, Err(CallError::Refused(RpcError::application("out of milk"))));
    let unknown = anna.call("ben", "dance", "", patience).await;
    assert!(matches!(&unknown, Err(CallError::Refused(error)) if error.code == 1400), "{unknown:?}");
    let nobody = anna.call("carl", "double", "", Duration::from_secs(1)).await;
    assert!(matches!(&nobody, Err(CallError::Unanswered(..)) | Err(CallError::Refused(_))), "{nobody:?}");
}
