//! What travels with a call.

use crate::bed::{Script, anna, gateway, message};
use serde_json::json;

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn an_agent_knows_trace_and_chain_and_passes_them_on() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway).with("traceparent", TRACE).with("duologue-callers", "spiffe://example.org/first,b%2Cc");
    client.send("m-1", "say hello").await;
    let hops = script.hops.lock().unwrap();
    let (caller, onward) = &hops[0];
    assert_eq!((caller.as_str(), onward.traceparent.as_deref()), ("anna", Some(TRACE)));
    assert_eq!(onward.callers, ["spiffe://example.org/first", "b,c", "anna"]);
}

#[tokio::test]
async fn a_circle_of_agents_is_broken() {
    let script = Script::new();
    let gateway = gateway(&script, |_| {});
    let client = anna(&gateway).with("duologue-callers", vec!["spiffe://example.org/a"; 16].join(","));
    let code = client.code("SendMessage", message("m-1", "say hello")).await;
    assert_eq!((code, script.turns()), (-31403, 0));
    assert_eq!(anna(&gateway).with("duologue-timeout-ms", "soon").code("ListTasks", json!({})).await, -32600);
}
