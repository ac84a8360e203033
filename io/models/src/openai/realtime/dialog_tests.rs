use super::*;
use duologue_chat::{Item, ToolOutcome};
use proptest::prelude::*;
use serde_json::json;
use std::time::Duration;

fn respond(turn: u32) -> RealtimeCommand {
    RealtimeCommand::Respond { turn, instructions: None }
}

fn kinds(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|m| text(m, "type")).collect()
}

fn take(dialog: &mut Dialog, message: Value) -> Step {
    dialog.message(&message.to_string()).expect("a good message")
}

fn begun(id: &str, turn: &str) -> Value {
    json!({ "type": "response.created", "response": { "id": id, "metadata": { "turn": turn } } })
}

fn sound(response: &str, item: &str, samples: usize) -> Value {
    let audio = text(&wire::append(&vec![7; samples]), "audio").to_string();
    json!({ "type": "response.output_audio.delta", "response_id": response, "item_id": item, "delta": audio })
}

/// A dialog in which turn 1 speaks: `samples` of its piece `a` have come.
fn speaking(samples: usize) -> Dialog {
    let mut dialog = Dialog::new();
    assert_eq!(kinds(&dialog.command(respond(1))), ["response.create"]);
    take(&mut dialog, begun("r1", "1"));
    take(&mut dialog, sound("r1", "a", samples));
    dialog
}

#[test]
fn a_reply_comes_under_its_number_by_either_set_of_names() {
    for prefix in ["response.output_", "response."] {
        let mut dialog = Dialog::new();
        dialog.command(respond(7));
        take(&mut dialog, begun("r", "7"));
        let audio = text(&wire::append(&[1, -2, 3]), "audio").to_string();
        let event = |kind: &str, delta: &str| json!({ "type": format!("{prefix}{kind}"), "response_id": "r", "item_id": "a", "delta": delta });
        let mut events = take(&mut dialog, event("audio_transcript.delta", "Hello ")).events;
        events.extend(take(&mut dialog, event("audio.delta", &audio)).events);
        events.extend(take(&mut dialog, event("audio.done", "")).events);
        let done = json!({ "type": "response.done", "response": { "id": "r", "status": "completed", "usage": {
            "input_tokens": 20, "output_tokens": 5, "input_token_details": { "cached_tokens": 8 },
        }}});
        events.extend(take(&mut dialog, done).events);
        let (turn, item) = (7, "a".to_string());
        let usage = Usage { prompt_tokens: 20, cached_tokens: 8, completion_tokens: 5 };
        let expected = [
            RealtimeEvent::Words { turn, item: item.clone(), text: "Hello ".into() },
            RealtimeEvent::Audio { turn, item: item.clone(), rate: RATE, samples: vec![1, -2, 3] },
            RealtimeEvent::AudioDone { turn, item },
            RealtimeEvent::Done { turn, usage: Some(usage) },
        ];
        assert_eq!(events, expected);
    }
}

#[test]
fn what_was_heard_is_cut_to_what_there_is_of_it() {
    let cut = |until: Option<u64>, samples: usize| {
        let until = until.map(Duration::from_millis);
        let heard = vec![HeardItem { item: "a".into(), until }];
        speaking(samples).command(RealtimeCommand::Cut { turn: 1, heard })
    };
    let sent = cut(Some(1_500), 48_000);
    assert_eq!(kinds(&sent), ["response.cancel", "conversation.item.truncate"]);
    assert_eq!(sent[0]["response_id"], "r1");
    assert_eq!(
        sent[1],
        json!({ "type": "conversation.item.truncate", "item_id": "a", "content_index": 0, "audio_end_ms": 1500 })
    );
    assert_eq!(cut(Some(2_005), 48_000)[1]["audio_end_ms"], 2_000, "the server refuses what is longer than its sound");
    assert_eq!(kinds(&cut(Some(0), 48_000)), ["response.cancel", "conversation.item.delete"]);
    assert_eq!(kinds(&cut(None, 48_000)), ["response.cancel"], "heard to its end");
    let unheard = speaking(9).command(RealtimeCommand::Cut { turn: 1, heard: vec![] });
    assert_eq!(kinds(&unheard), ["response.cancel", "conversation.item.delete"]);
}

#[test]
fn a_reply_waits_until_the_one_that_was_called_off_is_over() {
    let mut dialog = speaking(100);
    dialog.command(RealtimeCommand::Cut { turn: 1, heard: vec![] });
    assert!(dialog.command(respond(2)).is_empty());
    assert_eq!(take(&mut dialog, sound("r1", "a", 100)), Step::default(), "stale sound");
    let added =
        json!({ "type": "response.output_item.added", "response_id": "r1", "item": { "id": "b", "type": "message" } });
    assert_eq!(kinds(&take(&mut dialog, added).send), ["conversation.item.delete"]);
    let step = take(&mut dialog, json!({ "type": "response.done", "response": { "id": "r1", "status": "cancelled" } }));
    assert_eq!((step.events.len(), kinds(&step.send)), (0, vec!["response.create"]));
    assert_eq!(step.send[0]["response"]["metadata"]["turn"], "2");
    assert!(dialog.awaits_reply());
    take(&mut dialog, begun("r2", "2"));
    assert_eq!(take(&mut dialog, sound("r2", "c", 3)).events.len(), 1);
}

#[test]
fn a_server_that_replies_unasked_is_told_off() {
    let mut dialog = Dialog::new();
    assert_eq!(kinds(&take(&mut dialog, begun("r0", "")).send), ["response.cancel"]);
    assert!(take(&mut dialog, sound("r0", "a", 3)).events.is_empty());
    dialog.command(respond(1));
    let code = "conversation_already_has_active_response";
    let step = take(&mut dialog, json!({ "type": "error", "error": { "code": code, "message": "no" } }));
    assert_eq!((step.events.len(), kinds(&step.send)), (0, vec!["response.cancel"]));
    let step = take(&mut dialog, json!({ "type": "response.done", "response": { "id": "r0", "status": "cancelled" } }));
    assert_eq!(kinds(&step.send), ["response.create"], "and what was asked for is asked for again");
}

#[test]
fn refusals_say_whose_they_are() {
    let mut dialog = Dialog::new();
    dialog.command(respond(3));
    let error = |event_id: Value, code: &str| json!({ "type": "error", "error": { "type": "server_error", "code": code, "message": "no", "event_id": event_id } });
    let step = take(&mut dialog, error(json!("turn-3"), ""));
    assert!(matches!(&step.events[..], [RealtimeEvent::Failed { turn: 3, transient: true, .. }]), "{step:?}");
    let step = take(&mut dialog, error(Value::Null, "item_truncate_invalid_item_id"));
    assert!(matches!(&step.events[..], [RealtimeEvent::Trouble { .. }]), "{step:?}");
    assert_eq!(take(&mut dialog, error(Value::Null, "response_cancel_not_active")), Step::default());
    let expired = dialog.message(&error(Value::Null, "session_expired").to_string());
    assert!(matches!(expired, Err(Fault::Refused(_))));
    let mut failing = speaking(3);
    let details = json!({ "error": { "type": "server_error", "message": "overloaded" } });
    let done = json!({ "id": "r1", "status": "failed", "status_details": details });
    let step = take(&mut failing, json!({ "type": "response.done", "response": done }));
    assert!(matches!(&step.events[..], [RealtimeEvent::Failed { message, .. }] if message.contains("overloaded")));
}

#[test]
fn a_call_is_made_once_and_its_result_goes_back() {
    let item =
        json!({ "id": "f", "type": "function_call", "call_id": "c1", "name": "lookup", "arguments": "{\"n\":1}" });
    let whole = json!({ "type": "response.output_item.done", "response_id": "r1", "item": item });
    let bare = json!({
        "type": "response.function_call_arguments.done", "response_id": "r1", "call_id": "c1", "arguments": "{\"n\":1}",
    });
    let mut dialog = speaking(3);
    let mut events = take(&mut dialog, bare).events;
    events.extend(take(&mut dialog, whole.clone()).events);
    events.extend(take(&mut dialog, whole).events);
    let call = ToolCall { id: "c1".into(), name: "lookup".into(), arguments: json!({ "n": 1 }) };
    assert_eq!(events, [RealtimeEvent::ToolCall { turn: 1, call }]);
    let outcome = ToolOutcome::Error("closed".into());
    let sent = dialog.command(RealtimeCommand::Add(Item::ToolResult { id: "c1".into(), outcome }));
    let output = json!({ "type": "function_call_output", "call_id": "c1", "output": "{\"error\":\"closed\"}" });
    assert_eq!(sent, [json!({ "type": "conversation.item.create", "item": output })]);
}

#[test]
fn what_is_heard_arrives_at_the_protocols_rate() {
    let mut dialog = Dialog::new();
    let mut samples = 0;
    for _ in 0..50 {
        let sent = dialog.command(RealtimeCommand::Hear { audio: vec![500; 320].into() });
        samples += wire::samples(text(&sent[0], "audio")).expect("Base64").len();
    }
    // A second, less half of the resampler's filter.
    assert!((23_900..=24_000).contains(&samples), "{samples}");
}

#[test]
fn a_message_that_is_none_ends_the_session_without_quoting_it() {
    for bad in
        ["", "Anna said secret", "[]", "{}", "{\"type\":3}", "{\"type\":\"response.audio.delta\",\"delta\":\"%\"}"]
    {
        let result = speaking(3).message(bad);
        let Err(Fault::Malformed(why)) = result else { panic!("{bad}: {result:?}") };
        assert!(!why.contains("secret"), "{why}");
    }
}

#[test]
fn an_empty_account_is_named_although_the_server_has_no_words_for_it() {
    let mut dialog = speaking(10);
    let error = json!({ "type": "insufficient_quota", "code": "insufficient_quota" });
    let details = json!({ "type": "failed", "error": error });
    let done = json!({ "id": "r1", "status": "failed", "status_details": details });
    let step = take(&mut dialog, json!({ "type": "response.done", "response": done }));
    let [RealtimeEvent::Failed { message, transient: false, .. }] = &step.events[..] else { panic!("{step:?}") };
    assert!(message.contains("failed: insufficient_quota\n  help: waiting does not help: check the"), "{message}");
}

#[test]
fn messages_that_belong_to_nothing_do_not_go_on_for_ever() {
    let mut dialog = Dialog::new();
    dialog.command(respond(1));
    let flood = sound("somebody's", "a", 100).to_string();
    let told = (0..=IDLE_MAX).map(|_| dialog.message(&flood)).find(Result::is_err);
    assert!(matches!(told, Some(Err(Fault::Endless(_)))), "{told:?}");
    assert!(!dialog.mattered(), "it is no sign of the reply that is awaited");
    assert!(speaking(1).mattered());
}

#[test]
fn a_reply_does_not_go_on_for_ever() {
    let mut dialog = speaking(10);
    let (minute, words) = (sound("r1", "a", 60 * RATE as usize).to_string(), "word ".repeat(2_000));
    let told = (0..20).find_map(|_| dialog.message(&minute).err());
    assert!(matches!(told, Some(Fault::Endless(_))), "{told:?}");
    let mut dialog = speaking(10);
    let kind = "response.output_audio_transcript.delta";
    let words = json!({ "type": kind, "response_id": "r1", "item_id": "a", "delta": words }).to_string();
    let told = (0..20).find_map(|_| dialog.message(&words).err());
    assert!(matches!(told, Some(Fault::Endless(_))), "{told:?}");
}

proptest! {
    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        let _ = speaking(3).message(&text);
    }

    #[test]
    fn any_order_of_messages_keeps_one_reply_at_a_time(order in proptest::collection::vec((0..10usize, 1..4u32), 0..60)) {
        let mut dialog = Dialog::new();
        let (mut open, mut asked) = (0i32, 0);
        for (what, n) in order {
            let (id, turn) = (format!("r{n}"), n.to_string());
            let sent = match what {
                0 | 1 => { asked += 1; dialog.command(respond(n)) }
                2 => dialog.command(RealtimeCommand::Cut { turn: n, heard: vec![HeardItem { item: "a".into(), until: None }] }),
                3 => take(&mut dialog, begun(&id, &turn)).send,
                4 => take(&mut dialog, sound(&id, "a", 5)).send,
                5 | 6 => {
                    let before = dialog.active.is_some();
                    let step = take(&mut dialog, json!({ "type": "response.done", "response": { "id": id, "metadata": { "turn": turn } } }));
                    open -= i32::from(before && (dialog.active.is_none() || kinds(&step.send).contains(&"response.create")));
                    step.send
                }
                7 => take(&mut dialog, json!({ "type": "response.output_item.added", "response_id": id, "item": { "id": "b", "type": "message" } })).send,
                8 => take(&mut dialog, json!({ "type": "input_audio_buffer.committed", "item_id": "u" })).send,
                _ => take(&mut dialog, json!({ "type": "rate_limits.updated", "rate_limits": [] })).send,
            };
            open += kinds(&sent).iter().filter(|k| **k == "response.create").count() as i32;
            prop_assert!((0..=1).contains(&open), "{} replies at a time", open);
            prop_assert!(dialog.pieces.len() <= MOST);
        }
        prop_assert!(open <= asked);
    }
}
