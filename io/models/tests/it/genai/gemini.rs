use super::{gemini, listen, long_request, patiently, said};
use crate::double::{Double, KEY, event, events, request, status};
use duologue_chat::{ChatDelta, Finish, ToolCall, Usage};
use duologue_models::ModelErrorKind;
use duologue_models::genai::{Gemini, GeminiConfig};
use serde_json::{Value, json};
use std::time::Duration;

fn parts(parts: Value) -> Vec<u8> {
    event(json!({"candidates": [{"content": {"role": "model", "parts": parts}}]}))
}

fn last(reason: &str) -> Vec<u8> {
    let usage =
        json!({"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10, "cachedContentTokenCount": 4});
    event(
        json!({"candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": reason}], "usageMetadata": usage}),
    )
}

#[tokio::test]
async fn the_request_is_as_documented() {
    let double = Double::start(|_, _| events(vec![parts(json!([{"text": "Bye."}])), last("STOP")], false)).await;
    let (_, trouble) = listen(&gemini(&double, patiently()), long_request()).await;
    assert!(trouble.is_none(), "{trouble:?}");
    let seen = &double.seen()[0];
    assert_eq!(seen.path, "/v1/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    assert_eq!(seen.headers["x-goog-api-key"], KEY);
    let said = |role: &str, text: &str| json!({"role": role, "parts": [{"text": text}]});
    assert_eq!(
        seen.json(),
        json!({
            "systemInstruction": {"parts": [{"text": "You are Joe.\nFor your next line: say goodbye"}]},
            "tools": [{"functionDeclarations": [{
                "name": "look_up",
                "description": "Finds an order.",
                "parametersJsonSchema": {"type": "object", "properties": {"order": {"type": "integer"}}},
            }]}],
            "contents": [
                said("user", "(Anna is on the line. You speak first.)"),
                said("model", "Hello, this is Joe."),
                said("user", "My order?"),
                {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "look_up", "args": {"order": 7}}}]},
                {"role": "user", "parts": [{"functionResponse": {
                    "id": "c1", "name": "look_up", "response": {"name": "look_up", "content": "{\"state\":\"sent\"}"},
                }}]},
                said("model", "It was sent."),
                said("user", "(Anna says nothing. You go on.)"),
            ],
            "generationConfig": {
                "thinkingConfig": {"thinkingBudget": 0},
                "temperature": 0.7,
                "maxOutputTokens": 60,
                "seed": 0x7fff_ffff,
            },
        })
    );
}

#[tokio::test]
async fn text_tool_calls_and_usage_are_put_together_from_single_bytes() {
    let call = |order| json!({"functionCall": {"name": "look_up", "args": {"order": order}}});
    let whole =
        [parts(json!([{"text": "Grüß 👋"}])), parts(json!([call(1)])), parts(json!([call(2)])), last("STOP")].concat();
    let double = Double::start(move |_, _| events(whole.chunks(1).map(<[u8]>::to_vec).collect(), false)).await;
    let (deltas, trouble) = listen(&gemini(&double, patiently()), request()).await;
    assert!(trouble.is_none(), "{trouble:?}");
    let made = |id: &str, order| {
        ChatDelta::ToolCall(ToolCall { id: id.into(), name: "look_up".into(), arguments: json!({"order": order}) })
    };
    let usage = Usage { prompt_tokens: 7, cached_tokens: 4, completion_tokens: 3 };
    assert_eq!(
        deltas,
        [
            said("Grüß 👋"),
            made("call#look_up#0", 1),
            made("call#look_up#1", 2),
            ChatDelta::Done { finish: Finish::ToolCalls, usage: Some(usage) },
        ]
    );
}

#[tokio::test]
async fn a_blocked_prompt_and_a_blocked_reply_are_told_as_such() {
    let prompt = event(json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {}}));
    let double = Double::start(move |_, _| events(vec![prompt.clone()], false)).await;
    let (deltas, trouble) = listen(&gemini(&double, patiently()), request()).await;
    let told = trouble.expect("blocked");
    assert_eq!((deltas.len(), told.kind, double.seen().len()), (0, ModelErrorKind::Rejected, 1));
    assert!(told.message.ends_with("content filter stopped the reply (PROHIBITED_CONTENT)"), "{told}");

    let double = Double::start(|_, _| events(vec![parts(json!([{"text": "You"}])), last("SAFETY")], false)).await;
    let (deltas, trouble) = listen(&gemini(&double, patiently()), request()).await;
    assert_eq!((deltas, trouble.expect("blocked").kind), (vec![said("You")], ModelErrorKind::Rejected));
}

#[tokio::test]
async fn an_event_that_says_nothing_yet_is_no_trouble() {
    let empty = event(json!({"usageMetadata": {"promptTokenCount": 7}}));
    let double = Double::start(move |_, _| {
        events(vec![empty.clone(), parts(json!([{"text": "Hi."}])), empty.clone(), last("MAX_TOKENS")], false)
    })
    .await;
    let (deltas, trouble) = listen(&gemini(&double, patiently()), request()).await;
    assert!(trouble.is_none(), "{trouble:?}");
    assert!(matches!(&deltas[..], [ChatDelta::Text(t), ChatDelta::Done { finish: Finish::Length, .. }] if t == "Hi."));
}

#[tokio::test]
async fn a_stream_that_breaks_off_does_not_pass_for_complete() {
    let double = Double::start(|_, _| events(vec![parts(json!([{"text": "It comes on"}]))], false)).await;
    let (deltas, trouble) = listen(&gemini(&double, patiently()), request()).await;
    let told = trouble.expect("cut off");
    assert_eq!((deltas, told.kind), (vec![said("It comes on")], ModelErrorKind::Unavailable));
    assert!(told.message.ends_with("the answer ended in the middle"), "{told}");
}

#[tokio::test]
async fn what_google_says_in_the_body_only_is_read() {
    let bad_key = json!({"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]}});
    let double = Double::start(move |_, _| status(400, bad_key.clone())).await;
    let told = listen(&gemini(&double, patiently()), request()).await.1.expect("refused");
    assert_eq!(told.kind, ModelErrorKind::Unauthorized);
    let expected = "gemini: the server refused the API key from GEMINI_API_KEY\n  help: set GEMINI_API_KEY to a valid key of this server";
    assert_eq!(told.to_string(), expected);

    let busy = json!({"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.5s"}]}});
    let double = Double::start(move |_, _| status(429, busy.clone())).await;
    let told = listen(&gemini(&double, patiently()), request()).await.1.expect("refused");
    assert_eq!(told.kind, ModelErrorKind::RateLimited { retry_after: Some(Duration::from_millis(34_500)) });
    assert_eq!(double.seen().len(), 1, "longer than anybody waits");
}

#[tokio::test]
async fn only_google_itself_insists_on_a_key() {
    let error = Gemini::new(GeminiConfig::default()).expect_err("no key, no client");
    assert!(error.message.contains("GEMINI_API_KEY is not set"), "{error}");
    let double = Double::start(|_, _| status(200, json!({"models": [{"name": "models/gemini-2.5-flash"}]}))).await;
    let config = GeminiConfig { base_url: double.base_url(), ..GeminiConfig::default() };
    let connection = Gemini::new(config).expect("good").connection_check().await.expect("well");
    assert_eq!(connection.models, ["gemini-2.5-flash"]);
}
