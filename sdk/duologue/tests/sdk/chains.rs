//! Agents that call agents.

use crate::bed::{Bed, id};
use duologue::{Agent, CallError, CapabilityError, Config, Context, Serving, capability};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Tells whom it is called for.
#[capability]
async fn chain(context: &Context<'_>) -> Value {
    json!({
        "callers": context.on_behalf_of(), "trace": context.trace_id(),
        "remaining_ms": context.remaining().map(|left| left.as_millis() as u64),
    })
}

/// Has the next one do it.
#[capability]
async fn pass_on(context: &Context<'_>) -> Result<Value, CapabilityError> {
    Ok(context.call_agent("next", "chain", &json!({})).await?)
}

fn knows(mut config: Config, name: &str, serving: &Serving, who: &str) -> Config {
    let entry = duologue::config::AgentEntry { spiffe_id: id(who), address: serving.url().to_owned() };
    config.agent_registry.insert(name.to_owned(), entry);
    config
}

#[tokio::test]
async fn trace_callers_and_deadline_travel_along() {
    let bed = Bed::new().await;
    let last = bed.serve(Agent::new("last").capability(chain), "last").await;
    let config = knows(bed.file("middle").await, "next", &last, "last");
    let middle = Agent::new("middle").capability(pass_on).config(config).start().await.expect("served");
    let (first, middle_id) = (bed.caller("first").await, id("middle"));
    let call = first.calls().call::<_, Value>((middle_id.as_str(), middle.url()), "pass_on", &json!({}));
    let told = call.timeout(Duration::from_secs(20)).await.expect("an answer");
    assert_eq!(told["callers"], json!([id("first")]));
    assert!(told["remaining_ms"].as_u64().is_some_and(|left| left <= 20_000), "{told}");
    assert_eq!(told["trace"].as_str().map(str::len), Some(32));
}

#[tokio::test]
async fn agents_that_call_each_other_in_a_circle_stop() {
    let bed = Bed::new().await;
    let calls = Arc::new(AtomicUsize::new(0));
    let target: Arc<tokio::sync::OnceCell<(String, String)>> = Arc::default();
    let round = |name: &str| {
        let (calls, target) = (Arc::clone(&calls), Arc::clone(&target));
        let schema = json!({ "type": "object" });
        let around = duologue::Capability::with_schema("round", "Goes round", schema, move |_, context| {
            let (calls, target) = (Arc::clone(&calls), Arc::clone(&target));
            Box::pin(async move {
                calls.fetch_add(1, Ordering::SeqCst);
                let (who, address) = target.get().expect("it is known");
                Ok(context.call_agent::<_, Value>((who.as_str(), address.as_str()), "round", &json!({})).await?)
            })
        });
        Agent::new(name).capability(around.expect("a schema"))
    };
    // It calls itself, which is the smallest circle.
    let serving = bed.serve(round("a"), "a").await;
    target.set((id("a"), serving.url().to_owned())).expect("once");
    let (caller, a) = (bed.caller("caller").await, id("a"));
    let error = caller.calls().call::<_, Value>((a.as_str(), serving.url()), "round", &json!({})).await;
    assert_eq!(error.expect_err("it ends").kind(), "remote");
    assert!(calls.load(Ordering::SeqCst) <= 16, "{calls:?}");
}

#[tokio::test]
async fn who_waits_no_more_ends_the_work_at_the_other_agent_too() {
    let bed = Bed::new().await;
    let (begun, ended) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let told = (Arc::clone(&begun), Arc::clone(&ended));
    let slow =
        duologue::Capability::with_schema("slow", "Takes for ever", json!({ "type": "object" }), move |_, context| {
            let (begun, ended) = told.clone();
            Box::pin(async move {
                begun.notify_one();
                context.cancelled().await;
                ended.notify_one();
                Ok(Value::Null)
            })
        });
    let worker = bed.serve(Agent::new("worker").capability(slow.expect("a schema")), "worker").await;
    let (caller, worker_id) = (bed.caller("caller").await, id("worker"));
    let call = caller.calls().call::<_, Value>((worker_id.as_str(), worker.url()), "slow", &json!({}));
    let error = call.timeout(Duration::from_millis(800)).await.expect_err("it takes for ever");
    assert!(matches!(error, CallError::TimedOut { .. }), "{error}");
    let patience = Duration::from_secs(20);
    tokio::time::timeout(patience, begun.notified()).await.expect("it began");
    tokio::time::timeout(patience, ended.notified()).await.expect("it was told to end");
}

#[tokio::test]
async fn an_agent_that_goes_away_in_the_middle_is_an_error_in_time() {
    let bed = Bed::new().await;
    let begun = Arc::new(Notify::new());
    let told = Arc::clone(&begun);
    let slow = duologue::Capability::with_schema("slow", "Takes for ever", json!({ "type": "object" }), move |_, _| {
        let begun = Arc::clone(&told);
        Box::pin(async move {
            begun.notify_one();
            std::future::pending().await
        })
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    let mut config = bed.file("worker").await;
    config.server.url = Some(url.clone());
    let worker = Agent::new("worker").capability(slow.expect("a schema")).config(config).start().await.expect("served");
    let line = tokio::spawn(carry(listener, worker.address()));
    let (caller, worker_id) = (bed.caller("caller").await, id("worker"));
    let waiting = tokio::spawn(async move {
        let call = caller.calls().call::<_, Value>((worker_id.as_str(), url.as_str()), "slow", &json!({}));
        call.timeout(Duration::from_secs(600)).await
    });
    tokio::time::timeout(Duration::from_secs(20), begun.notified()).await.expect("it began");
    // As the kernel does it to a process that was killed.
    line.abort();
    let error = tokio::time::timeout(Duration::from_secs(30), waiting).await.expect("in time");
    let error = error.expect("no panic").expect_err("nobody is there");
    assert!(matches!(error, CallError::Unreachable { .. }), "{error:?}");
}

/// Carries bytes to an address, until it is aborted; both ends of all connections are closed then.
async fn carry(listener: TcpListener, address: SocketAddr) {
    let mut lines = tokio::task::JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        lines.spawn(async move {
            let mut far = TcpStream::connect(address).await?;
            tokio::io::copy_bidirectional(&mut near, &mut far).await
        });
    }
}
