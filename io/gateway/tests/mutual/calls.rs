//! Both sides know each other, whatever is said.

use crate::bed::{ALL, CALLER, OTHER, WORKER, World, identity, say, serve, until, words, worker};
use duologue_a2a::error::ErrorKind;
use duologue_a2a::model::{GetTaskRequest, Secret, SecurityScheme, SendMessageResponse, StreamResponse, TaskState};
use duologue_gateway::Hop;
use duologue_gateway::outbound::{CallError, Client, Options};
use duologue_identity::{Authorizer, LedgerRules};
use futures::StreamExt;
use http::HeaderName;
use std::time::Duration;
use tokio::net::TcpStream;

#[tokio::test]
async fn every_binding_carries_calls_and_streams_and_the_caller_is_who_the_handshake_proved() {
    let world = World::new(|_| {}).await;
    let worker = worker(&world).await;
    for binding in ALL {
        let client = Client::connect(&worker.url, world.options(binding).await).await.expect("a card");
        assert_eq!(client.interface().binding, binding);
        assert_eq!(say(&client, "who").await.as_deref(), Ok(CALLER), "{binding}");
        let events = client.send_streaming_message(words("count 3")).await.expect("a stream");
        let events: Vec<_> = events.map(|told| told.expect("an event")).collect().await;
        let last = events.last().map(|told| &told.event);
        let is_done =
            matches!(last, Some(StreamResponse::StatusUpdate(update)) if update.status.state == TaskState::Completed);
        assert!(is_done, "{binding}: {events:?}");
    }
}

#[tokio::test]
async fn the_card_says_how_callers_are_known() {
    let world = World::new(|_| {}).await;
    let worker = worker(&world).await;
    let options = Options { bindings: ALL.to_vec(), ..world.options(ALL[0]).await };
    let client = Client::connect(&worker.url, options).await.expect("a card");
    let card = &client.fetched().card;
    assert!(matches!(card.security_schemes.get("mtls"), Some(SecurityScheme::MutualTls(_))), "{card:?}");
    assert!(card.security_requirements[0].schemes.contains_key("mtls"));
    assert!(card.supported_interfaces.iter().any(|one| one.protocol_binding == "GRPC"));
    assert_eq!(client.refreshed().await.expect("the same").fetched().card.name, "Scripted");
}

#[tokio::test]
async fn forged_headers_change_nothing() {
    let world = World::new(|_| {}).await;
    let worker = worker(&world).await;
    let boss = "spiffe://a.test/boss";
    let forged = [
        ("x-spiffe-id", boss.to_owned()),
        ("x-forwarded-client-cert", format!("By={WORKER};URI={boss}")),
        ("x-forwarded-for", "10.0.0.1".to_owned()),
        ("forwarded", format!("for={boss}")),
        ("authorization", format!("Bearer {boss}")),
        ("duologue-callers", boss.to_owned()),
    ];
    let headers = forged.map(|(name, value)| (HeaderName::from_static(name), Secret::new(value)));
    for binding in ALL {
        let options = Options { headers: headers.to_vec(), ..world.options(binding).await };
        let client = Client::connect(&worker.url, options).await.expect("a card");
        assert_eq!(say(&client, "who").await.as_deref(), Ok(CALLER), "{binding}");
        // Who is said to have called before stands before the caller, who vouches for it.
        assert_eq!(say(&client, "chain").await, Ok(format!("{boss} {CALLER}")), "{binding}");
    }
}

#[tokio::test]
async fn a_task_is_its_callers() {
    let world = World::new(|_| {}).await;
    let worker = worker(&world).await;
    let mine = Client::connect(&worker.url, world.options(ALL[0]).await).await.expect("a card");
    let Ok(SendMessageResponse::Task(task)) = mine.send_message(words("count 1")).await else { panic!("no task") };
    let request = GetTaskRequest { id: task.id.clone(), ..GetTaskRequest::default() };
    assert_eq!(mine.get_task(request.clone()).await.expect("it is there").id, task.id);
    for binding in ALL {
        let identity = Some(identity(&world.source(OTHER).await, WORKER));
        let options = Options { identity, bindings: vec![binding], ..Options::default() };
        let theirs = Client::connect(&worker.url, options).await.expect("a card");
        match theirs.get_task(request.clone()).await {
            Err(CallError::Refused(error)) => assert_eq!(error.kind, ErrorKind::TaskNotFound, "{binding}"),
            other => panic!("{binding}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn calls_because_of_others_share_a_connection() {
    let world = World::new(|_| {}).await;
    let worker = worker(&world).await;
    let client = Client::connect(&worker.url, world.options(ALL[0]).await).await.expect("a card");
    assert_eq!(say(&client, "chain").await.as_deref(), Ok(CALLER));
    // The card came over another one.
    let live = || worker.connections.live().len();
    let before = live();
    for first in ["spiffe://a.test/first", "spiffe://a.test/second"] {
        let hop = Hop { callers: vec![first.to_owned()], ..Hop::default() };
        let because = client.because_of(hop, Duration::from_secs(20));
        assert_eq!(say(&because, "chain").await, Ok(format!("{first} {CALLER}")));
    }
    assert_eq!(live(), before);
    let hasty = client.because_of(Hop::default(), Duration::from_millis(50));
    assert!(matches!(say(&hasty, "wait").await, Err(CallError::TimedOut { .. })));
    assert_eq!(say(&client, "chain").await.as_deref(), Ok(CALLER), "its own time is as before");
}

#[tokio::test]
async fn those_who_say_nothing_keep_nobody_out() {
    let world = World::new(|_| {}).await;
    let worker = worker(&world).await;
    let address = worker.url.trim_start_matches("https://");
    let mut mute = Vec::new();
    for _ in 0..300 {
        mute.push(TcpStream::connect(address).await.expect("a connection"));
    }
    let client = Client::connect(&worker.url, world.options(ALL[0]).await).await.expect("a card");
    assert_eq!(say(&client, "who").await.as_deref(), Ok(CALLER));
    drop(mute);
}

#[tokio::test]
async fn an_agent_that_ends_answers_what_is_under_way_and_is_gone() {
    let world = World::new(|_| {}).await;
    let worker = serve(&world.source(WORKER).await, Authorizer::Local, LedgerRules::default()).await;
    let client = Client::connect(&worker.url, world.options(ALL[0]).await).await.expect("a card");
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { say(&client, "wait").await }
    });
    until("it waits", || worker.turns() == 1).await;
    worker.end.cancel();
    worker.go.add_permits(1);
    assert_eq!(waiting.await.expect("no panic").as_deref(), Ok(CALLER));
    worker.task.await.expect("it ends");
    assert!(matches!(say(&client, "who").await, Err(CallError::Unreachable { .. })));
}
