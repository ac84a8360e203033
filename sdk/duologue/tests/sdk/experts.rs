//! Other agents as tools of a language model, and how often one caller is answered.

use crate::bed::{Bed, ask, id, plain};
use duologue::config::{AgentEntry, Rate};
use duologue::{Agent, Calls, Config, capability};
use duologue_chat::{ToolCall, ToolOutcome};
use duologue_tools::Toolbox;
use serde_json::{Value, json};

/// Adds two numbers.
#[capability]
async fn add(a: i64, b: i64) -> i64 {
    a + b
}

fn call(name: &str, arguments: Value) -> ToolCall {
    ToolCall { id: "1".to_owned(), name: name.to_owned(), arguments }
}

fn known(name: &str, spiffe_id: &str, address: &str) -> (String, AgentEntry) {
    (name.to_owned(), AgentEntry { spiffe_id: spiffe_id.to_owned(), address: address.to_owned() })
}

#[tokio::test]
async fn skills_of_an_agent_are_tools_each_with_its_parameters() {
    let bed = Bed::new().await;
    let expert = bed.serve(Agent::new("sums").capability(add), "sums").await;
    let mut config = bed.file("caller").await;
    config
        .agent_registry
        .extend([known("sums", &id("sums"), expert.url()), known("other", &id("other"), expert.url())]);
    let caller = Agent::new("caller").config(config).start().await.expect("served");
    let tools = caller.calls().tools_of("sums").await.expect("its skills");
    let told: Vec<(&str, &str)> = tools.iter().map(|tool| (tool.name(), tool.description())).collect();
    assert_eq!(told, [("sums_add", "Adds two numbers.")]);
    let toolbox = Toolbox::of(tools).expect("tools");
    assert_eq!(toolbox.call(&call("sums_add", json!({ "a": 2, "b": 3 }))).await, ToolOutcome::Ok(json!(5)));
    let ToolOutcome::Error(words) = toolbox.call(&call("sums_add", json!({ "a": 2 }))).await else { panic!("it fits") };
    assert!(words.contains('b'), "{words}");
    // Nothing is said to anybody who is not who was named.
    let error = caller.calls().tools_of("other").await.expect_err("somebody else");
    assert_eq!(error.kind(), "identity_mismatch");
}

#[tokio::test]
async fn an_agent_that_only_takes_words_is_asked_with_words() {
    let serving = plain(Agent::new("loud").on_text(|text, _| Box::pin(async move { Ok(text.to_uppercase()) }))).await;
    let calls = Calls::of([known("loud", "", serving.url())].into(), None);
    assert_eq!(calls.ask("loud", "hello").await, Ok("HELLO".to_owned()));
    let toolbox = Toolbox::of(calls.tools_of("loud").await.expect("one")).expect("tools");
    let asked = toolbox.call(&call("ask_loud", json!({ "message": "good morning" }))).await;
    assert_eq!(asked, ToolOutcome::Ok(json!("GOOD MORNING")));
}

#[tokio::test]
async fn who_calls_too_often_is_told_to_come_again() {
    let mut config = Config::default();
    config.server.port = 0;
    config.server.rate_limit = Some(Rate { per_minute: 3 });
    let serving = Agent::new("sums").capability(add).config(config).start().await.expect("served");
    for _ in 0..3 {
        assert_eq!(ask(&serving, "add", json!({ "a": 1, "b": 1 })).await, Ok(json!(2)));
    }
    let error = ask(&serving, "add", json!({ "a": 1, "b": 1 })).await.expect_err("a fourth");
    assert!(error.to_string().contains("More than 3 calls in a minute"), "{error}");
}

#[test]
fn who_is_to_prove_who_he_is_has_an_address_with_tls() {
    let file = |mtls: bool, scheme: &str| {
        format!(
            "server: {{mtls: {{enabled: {mtls}}}}}\nagent_registry: {{a: {{spiffe_id: 'spiffe://b.org/a', address: '{scheme}://b.org'}}}}"
        )
    };
    assert!(Config::parse("agent.yaml", &file(true, "https")).is_ok());
    assert!(Config::parse("agent.yaml", &file(false, "http")).is_ok());
    let refused = Config::parse("agent.yaml", &file(true, "http")).expect_err("no TLS").to_string();
    assert!(refused.contains("a is to prove") && refused.contains("https://"), "{refused}");
}

#[test]
fn what_would_do_nothing_is_refused() {
    let refused = |text: &str| Config::parse("agent.yaml", text).expect_err(text).to_string();
    assert!(refused("authorization: {default_policy: deny_all}").contains("deny nothing"));
    assert!(refused("authorization: {decision_log: log.jsonl}").contains("nothing would be in this log"));
    let known = "agent_registry: {a: {spiffe_id: 'spiffe://b.org/a', address: 'http://127.0.0.1:1'}}";
    assert!(refused(&format!("{known}\ncalls: {{card_pins: {{a: ABC}}}}")).contains("no SHA-256"));
    assert!(refused(&format!("{known}\ncalls: {{card_pins: {{b: {}}}}}", "a".repeat(64))).contains("agent_registry"));
    for seconds in ["-5", "1e300"] {
        assert!(refused(&format!("calls: {{cache_s: {{greet: {seconds}}}}}")).contains("no time"), "{seconds}");
    }
    let sound = "server: {mtls: {enabled: true}}\nauthorization: {default_policy: deny_all, decision_log: log.jsonl}";
    assert!(Config::parse("agent.yaml", sound).is_ok());
}

#[test]
fn a_file_decides_by_one_of_two_rules() {
    let file = |path: &str| format!("authorization: {{policy_file: p.rego, policy_path: {path}}}");
    for path in ["duologue.authz.allow", "data.duologue.authz.allow", "duologue/authz/allow", "agentweave.authz.allow"]
    {
        assert!(Config::parse("agent.yaml", &file(path)).is_ok(), "{path}");
    }
    let refused = Config::parse("agent.yaml", &file("mine.allow")).expect_err("another").to_string();
    assert!(refused.contains("duologue.authz.allow") && refused.contains("mine.allow"), "{refused}");
    let alone = "authorization: {policy_path: policies/mine, default_policy: allow_all}";
    let refused = Config::parse("agent.yaml", alone).expect_err("no policy").to_string();
    assert!(refused.contains("policy_file"), "{refused}");
}
