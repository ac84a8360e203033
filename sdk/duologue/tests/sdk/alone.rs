//! One agent, called without identities.

use crate::bed::{ask, plain};
use duologue::{Agent, CallError, Capability, CapabilityError, Context, capability};
use duologue_a2a::model::{Content, Part, SendMessageRequest, SendMessageResponse};
use duologue_gateway::outbound::{self, Client, Options};
use serde_json::{Value, json};

/// Adds two numbers.
#[capability]
async fn add(
    /// The first.
    a: i64,
    /// The second.
    #[schemars(range(min = 0, max = 100))]
    b: i64,
) -> i64 {
    a + b
}

/// Does not do what it is asked for.
#[capability]
async fn refuse(how: String) -> Result<(), CapabilityError> {
    match how.as_str() {
        "refused" => Err(CapabilityError::refused("Not on a Sunday")),
        "failed" => Err(CapabilityError::failed("The printer is out of paper")),
        _ => Err(std::io::Error::other("password=hunter2"))?,
    }
}

/// Says who calls.
#[capability(name = "who-calls", description = "Says who it is")]
async fn who(context: &Context<'_>) -> Value {
    json!({ "caller": context.caller(), "agent": context.agent(), "trace": context.trace_id(), "id": context.request_id() })
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    items: Vec<Item>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Item {
    name: String,
    count: u8,
}

/// Counts what is ordered.
#[capability]
async fn order(#[params] order: Order) -> Result<u32, CapabilityError> {
    if let Some(at) = order.items.iter().position(|item| item.name.is_empty()) {
        return Err(CapabilityError::invalid(&format!("items[{at}].name"), "is empty"));
    }
    Ok(order.items.iter().map(|item| u32::from(item.count)).sum())
}

fn agent() -> Agent {
    let capabilities = Agent::new("all").capability(add).capability(refuse).capability(who).capability(order);
    capabilities.on_text(|text, _| Box::pin(async move { Ok(text.to_uppercase()) }))
}

#[tokio::test]
async fn a_capability_is_called_with_what_it_takes() {
    let serving = plain(agent()).await;
    assert_eq!(ask(&serving, "add", json!({ "a": 2, "b": 3 })).await, Ok(json!(5)));
    let ordered = json!({ "items": [{ "name": "pen", "count": 3 }, { "name": "ink", "count": 1 }] });
    assert_eq!(ask(&serving, "order", ordered).await, Ok(json!(4)));
    let told = ask(&serving, "who-calls", json!({})).await.expect("an answer");
    assert_eq!((told["caller"].as_str(), told["agent"].as_str()), (Some("anonymous"), Some("all")));
    assert_eq!(told["trace"].as_str().map(str::len), Some(32));
    assert_eq!(add::call(1, 1).await, 2, "a function stays one");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_its_place_before_the_function_runs() {
    let serving = plain(agent()).await;
    for (capability, params, place) in [
        ("add", json!({ "a": 2 }), "params"),
        ("add", json!({ "a": "two", "b": 3 }), "params.a"),
        ("add", json!({ "a": 2, "b": 101 }), "params.b"),
        ("add", json!({ "a": 2, "b": 3, "c": 4 }), "params"),
        ("add", json!([1, 2]), "params"),
        (
            "order",
            json!({ "items": [{ "name": "pen", "count": 3 }, { "name": "ink", "count": 256 }] }),
            "params.items[1].count",
        ),
        ("order", json!({ "items": [{ "name": "", "count": 3 }] }), "params.items[0].name"),
    ] {
        let Err(CallError::InvalidParams { violations, .. }) = ask(&serving, capability, params.clone()).await else {
            panic!("{capability} took {params}")
        };
        assert_eq!(violations[0].field, place, "{params}");
    }
}

#[tokio::test]
async fn each_kind_of_failure_has_its_type_and_secrets_stay() {
    let serving = plain(agent()).await;
    let unknown = ask(&serving, "subtract", json!({})).await.expect_err("there is none");
    assert_eq!(unknown.kind(), "unknown_capability");
    assert!(unknown.to_string().contains("add, refuse, who-calls, order"), "{unknown}");
    for (how, words) in
        [("refused", "Not on a Sunday"), ("failed", "The printer is out of paper"), ("x", "log says why")]
    {
        let error = ask(&serving, "refuse", json!({ "how": how })).await.expect_err("it refuses");
        assert_eq!(error.kind(), "remote");
        assert!(error.to_string().contains(words) && !error.to_string().contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn any_client_of_a2a_can_use_it() {
    let serving = plain(agent()).await;
    let client = Client::connect(serving.url(), Options::default()).await.expect("a client");
    let skills: Vec<&str> = client.fetched().card.skills.iter().map(|skill| skill.id.as_str()).collect();
    assert_eq!(skills, ["add", "refuse", "who-calls", "order"]);
    let say = |part| SendMessageRequest { message: outbound::message(vec![part]), ..SendMessageRequest::default() };
    let answer = client.send_message(say(Part::text("words"))).await.expect("an answer");
    let SendMessageResponse::Message(answer) = answer else { panic!("{answer:?}") };
    assert_eq!(answer.text(), "WORDS");
    let unclear = client.send_message(say(Part::data(json!({ "a": 1, "b": 2 })))).await.expect_err("which?");
    assert!(unclear.to_string().contains("add, refuse"), "{unclear}");
    // With one skill there is nothing to choose.
    let one = plain(Agent::new("one").capability(add)).await;
    let client = Client::connect(one.url(), Options::default()).await.expect("a client");
    let answer = client.send_message(say(Part::data(json!({ "a": 1, "b": 2 })))).await.expect("an answer");
    let SendMessageResponse::Message(answer) = answer else { panic!("{answer:?}") };
    assert_eq!(answer.parts[0].content, Content::Data(json!(3)));
}

#[tokio::test]
async fn a_schema_of_ones_own_is_checked_too() {
    let schema = json!({ "type": "object", "required": ["n"], "properties": { "n": { "type": "integer" } } });
    let double = Capability::with_schema("double", "Doubles", schema, |params, _| {
        Box::pin(async move { Ok(json!(params["n"].as_i64().unwrap_or_default() * 2)) })
    });
    let serving = plain(Agent::new("double").capability(double.expect("a schema"))).await;
    assert_eq!(ask(&serving, "double", json!({ "n": 4 })).await, Ok(json!(8)));
    assert_eq!(ask(&serving, "double", json!({ "n": 0.5 })).await.expect_err("no").kind(), "invalid_params");
    let bad = Capability::with_schema("x", "X", json!({ "type": 7 }), |_, _| Box::pin(async { Ok(Value::Null) }));
    assert!(bad.expect_err("no schema").to_string().contains('x'));
}
