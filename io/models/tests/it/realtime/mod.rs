//! The Realtime client against a local double of the documented protocol.

mod double;
mod failures;

use double::{Double, Plan, Reply};
use duologue_chat::{HeardItem, Item, RealtimeCommand, RealtimeEvent, ToolOutcome, ToolSpec};
use duologue_ids::Redacted;
use duologue_models::openai::{OpenAi, OpenAiConfig, Timeouts};
use duologue_models::{ModelError, RealtimeConfig, RealtimeConnection, RealtimeModel};
use futures::StreamExt;
use serde_json::json;
use std::time::Duration;

const KEY: &str = "sk-very-secret";

fn client(double: &Double, timeouts: Timeouts) -> impl RealtimeModel {
    let config = OpenAiConfig {
        api_key: Some(Redacted::new(KEY.into())),
        timeouts,
        backoff: Duration::from_millis(1),
        ..OpenAiConfig::new(double.base_url())
    };
    OpenAi::new(config).expect("a good configuration").realtime("gpt-realtime")
}

fn patient() -> Timeouts {
    let patient = Duration::from_secs(20);
    Timeouts { connect: patient, first_byte: patient, stall: patient, answer: patient }
}

fn config() -> RealtimeConfig {
    let tool = ToolSpec {
        name: "lookup".into(),
        description: "Finds an order".into(),
        parameters: json!({ "type": "object" }),
        timeout: Duration::from_secs(1),
    };
    RealtimeConfig {
        instructions: "You are Joe.".into(),
        tools: [tool].into(),
        voice: "marin".into(),
        speed: 1.0,
        language: "en-GB".into(),
        stretch_silence: Duration::from_millis(300),
    }
}

/// A second and a half of a tone at 24 kHz.
fn tone() -> Vec<i16> {
    (0..36_000).map(|i| ((f64::from(i) * 0.05).sin() * 8_000.0) as i16).collect()
}

async fn connect(plan: Plan) -> (Double, RealtimeConnection) {
    let double = Double::start(plan).await;
    let connection = client(&double, patient()).connect(config()).await.expect("it connects");
    (double, connection)
}

async fn tell(connection: &RealtimeConnection, command: RealtimeCommand) {
    connection.commands.send(command).await.expect("it listens");
}

/// 40 ms of sound, loud or silent.
fn hear(loud: i16) -> RealtimeCommand {
    RealtimeCommand::Hear { audio: vec![loud; 640].into() }
}

async fn next(connection: &mut RealtimeConnection) -> Result<RealtimeEvent, ModelError> {
    connection.events.next().await.expect("the session is open")
}

/// Everything up to and with the event that is looked for.
async fn until(connection: &mut RealtimeConnection, wanted: impl Fn(&RealtimeEvent) -> bool) -> Vec<RealtimeEvent> {
    let mut events = Vec::new();
    loop {
        events.push(next(connection).await.expect("no error"));
        if events.last().is_some_and(&wanted) {
            return events;
        }
    }
}

fn samples(events: &[RealtimeEvent]) -> usize {
    let of = |e: &RealtimeEvent| if let RealtimeEvent::Audio { samples, .. } = e { samples.len() } else { 0 };
    events.iter().map(of).sum()
}

#[tokio::test]
async fn it_hears_answers_and_is_billed() {
    let replies = vec![Reply::Speech("Hello, this is Joe.", tone())];
    let (double, mut connection) =
        connect(Plan { replies, transcripts: vec!["Good morning."], ..Plan::default() }).await;
    for n in 0..30 {
        tell(&connection, hear(if n < 15 { 5_000 } else { 0 })).await;
    }
    let heard = until(&mut connection, |e| matches!(e, RealtimeEvent::Transcribed { .. })).await;
    let item = "item_u1".to_string();
    let expected = [
        RealtimeEvent::SpeechStarted,
        RealtimeEvent::Committed { item: item.clone() },
        RealtimeEvent::Transcribed { item, text: "Good morning.".into() },
    ];
    assert_eq!(heard, expected);
    tell(&connection, RealtimeCommand::Respond { turn: 4, instructions: Some("You are Joe. Be brief.".into()) }).await;
    for _ in 0..20 {
        tell(&connection, hear(0)).await;
    }
    let reply = until(&mut connection, |e| matches!(e, RealtimeEvent::Done { .. })).await;
    assert_eq!(samples(&reply), 36_000);
    let words =
        reply.iter().map(|e| if let RealtimeEvent::Words { turn: 4, text, .. } = e { text.as_str() } else { "" });
    assert_eq!(words.collect::<String>(), "Hello, this is Joe.");
    assert!(matches!(reply.last(), Some(RealtimeEvent::Done { turn: 4, usage: Some(u) }) if u.cached_tokens == 60));
    let log = double.log();
    assert!(log.faults.is_empty(), "{:?}", log.faults);
    assert_eq!(log.path, "/v1/realtime?model=gpt-realtime");
    assert_eq!(log.authorization, format!("Bearer {KEY}"));
    let session = &log.of("session.update")[0]["session"];
    assert_eq!(session["audio"]["output"]["voice"], "marin");
    assert_eq!(session["audio"]["input"]["transcription"]["language"], "en");
    assert_eq!((&session["instructions"], &session["tools"][0]["name"]), (&json!("You are Joe."), &json!("lookup")));
    assert_eq!(log.of("response.create")[0]["response"]["instructions"], "You are Joe. Be brief.");
}

#[tokio::test]
async fn an_interruption_cancels_truncates_and_the_next_reply_waits_its_turn() {
    let replies = vec![Reply::Speech("A long story.", tone()), Reply::Speech("Yes?", tone())];
    let (double, mut connection) = connect(Plan { replies, ..Plan::default() }).await;
    tell(&connection, RealtimeCommand::Respond { turn: 1, instructions: None }).await;
    for _ in 0..4 {
        tell(&connection, hear(0)).await;
    }
    let first = until(&mut connection, |e| matches!(e, RealtimeEvent::Audio { .. })).await;
    let Some(RealtimeEvent::Audio { item, .. }) = first.last() else { panic!("sound, not {first:?}") };
    let heard = vec![HeardItem { item: item.clone(), until: Some(Duration::from_millis(45)) }];
    tell(&connection, RealtimeCommand::Cut { turn: 1, heard }).await;
    tell(&connection, RealtimeCommand::Respond { turn: 2, instructions: None }).await;
    let silence = connection.commands.clone();
    tokio::spawn(async move { while silence.send(hear(0)).await.is_ok() {} });
    let rest = until(&mut connection, |e| matches!(e, RealtimeEvent::Done { turn: 2, .. })).await;
    assert!(samples(&rest) >= 36_000);
    let log = double.log();
    assert!(log.faults.is_empty(), "{:?}", log.faults);
    assert_eq!(log.of("response.cancel").len(), 1);
    let cut = log.of("conversation.item.truncate");
    assert_eq!((cut.len(), &cut[0]["audio_end_ms"], &cut[0]["item_id"]), (1, &json!(45), &json!("item_a1")));
}

#[tokio::test]
async fn tools_are_called_and_their_results_go_back() {
    let call = json!({ "call_id": "c1", "name": "lookup", "arguments": { "number": 4279 } });
    let (double, mut connection) = connect(Plan { replies: vec![Reply::Call(call)], ..Plan::default() }).await;
    tell(&connection, RealtimeCommand::Respond { turn: 1, instructions: None }).await;
    let events = until(&mut connection, |e| matches!(e, RealtimeEvent::Done { .. })).await;
    let [RealtimeEvent::ToolCall { turn: 1, call }, _] = &events[..] else { panic!("a call, not {events:?}") };
    assert_eq!((call.id.as_str(), call.name.as_str(), &call.arguments["number"]), ("c1", "lookup", &json!(4279)));
    let outcome = ToolOutcome::Ok(json!({ "arrives": "tomorrow" }));
    tell(&connection, RealtimeCommand::Add(Item::ToolResult { id: "c1".into(), outcome })).await;
    tell(&connection, RealtimeCommand::Respond { turn: 1, instructions: None }).await;
    until(&mut connection, |e| matches!(e, RealtimeEvent::Done { .. })).await;
    let log = double.log();
    let item = &log.of("conversation.item.create")[0]["item"];
    assert_eq!((&item["type"], &item["call_id"]), (&json!("function_call_output"), &json!("c1")));
    assert_eq!(item["output"], "{\"arrives\":\"tomorrow\"}");
}

#[tokio::test]
async fn a_session_that_nobody_wants_any_more_is_closed() {
    let (double, connection) = connect(Plan::default()).await;
    let RealtimeConnection { commands, mut events } = connection;
    drop(commands);
    assert!(events.next().await.is_none());
    drop(events);
    while !double.log().gone {
        tokio::task::yield_now().await;
    }
}
