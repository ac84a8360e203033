//! Servers that say what they should not. Each is an HTTP server in this process, whose answers the test decides.

use crate::bench::{ask, open, standing, surroundings, until};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use duologue_tools::{CallError, CallFailed, McpServer, Standing, Toolbox, ToolboxError};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A server that answers a method with what a function makes of its parameters; without one the call is never answered.
type Answers = Arc<dyn Fn(&str, &Value) -> Option<Value> + Send + Sync>;

struct Double {
    answers: Answers,
    /// Methods that were called, the newest last.
    heard: Mutex<VecDeque<(String, Option<String>)>>,
}

async fn serve(answers: impl Fn(&str, &Value) -> Option<Value> + Send + Sync + 'static) -> (McpServer, Arc<Double>) {
    let double = Arc::new(Double { answers: Arc::new(answers), heard: Mutex::default() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let app = Router::new().route("/mcp", post(answer)).with_state(double.clone());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let url = McpServer { name: Some("double".into()), ..McpServer::url(&format!("http://127.0.0.1:{port}/mcp")) };
    (url, double)
}

async fn answer(State(double): State<Arc<Double>>, headers: HeaderMap, body: String) -> Response {
    let asked: Value = serde_json::from_str(&body).expect("JSON");
    let method = asked["method"].as_str().unwrap_or_default().to_owned();
    let token = headers.get("authorization").and_then(|token| token.to_str().ok()).map(str::to_owned);
    double.heard.lock().expect("heard").push_back((method.clone(), token));
    if asked.get("id").is_none() {
        return StatusCode::ACCEPTED.into_response();
    }
    let result = match method.as_str() {
        "initialize" => Some(json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {"listChanged": true}},
            "serverInfo": {"name": "double", "version": "1"}})),
        _ => (double.answers)(&method, &asked["params"]),
    };
    let Some(result) = result else { return std::future::pending().await };
    let answer = match result.get("refuse") {
        Some(error) => json!({"jsonrpc": "2.0", "id": asked["id"], "error": error}),
        None => json!({"jsonrpc": "2.0", "id": asked["id"], "result": result}),
    };
    ([("content-type", "application/json")], answer.to_string()).into_response()
}

fn tool(name: &str) -> Value {
    json!({"name": name, "description": "Does it", "inputSchema": {"type": "object"}})
}

fn listing(tools: &[Value]) -> impl Fn(&str, &Value) -> Option<Value> + Send + Sync + 'static {
    let tools = tools.to_vec();
    move |method, _| match method {
        "tools/list" => Some(json!({"tools": tools})),
        _ => Some(json!({"content": [{"type": "text", "text": "done"}]})),
    }
}

async fn boxed(server: McpServer) -> Toolbox {
    open(&[server], &surroundings(&[])).await
}

#[tokio::test]
async fn what_cannot_be_offered_is_left_out_and_the_rest_works() {
    let mut hidden = tool("hidden");
    hidden["inputSchema"]["properties"] = json!({"a\u{e0041}": {}});
    let mut broken = tool("broken");
    broken["inputSchema"]["properties"] = json!({"a": {"type": "nothing"}});
    let mut elsewhere = tool("elsewhere");
    elsewhere["inputSchema"]["properties"] = json!({"a": {"$ref": "http://127.0.0.1:1/schema"}});
    let all =
        [tool("fine"), tool("end_call"), hidden, broken, elsewhere, tool("a.b"), tool("a/b"), tool(&"x".repeat(100))];
    let (server, _) = serve(listing(&all)).await;
    let toolbox = boxed(server).await;
    let offered: Vec<String> = toolbox.specs().into_iter().map(|spec| spec.name).collect();
    assert_eq!(offered, ["fine", "a_b"]);
    for refused in ["end_call", "hidden", "broken", "elsewhere", "a/b", &"x".repeat(100)] {
        assert!(matches!(standing(&toolbox, refused), Standing::Refused(_)), "{refused}");
    }
    assert_eq!(ask(&toolbox, "fine", json!({})).await.unwrap(), json!("done"));
    assert!(matches!(ask(&toolbox, "broken", json!({})).await, Err(CallError::Unknown(_))));
}

#[tokio::test]
async fn lists_without_end_end() {
    // Pages that never end, and a page that leads to itself.
    for same in [true, false] {
        let (server, double) = serve(move |method, params| match method {
            "tools/list" => {
                let page = params["cursor"].as_str().and_then(|page| page.parse::<u64>().ok()).unwrap_or_default();
                let tools: Vec<Value> = (0..20).map(|i| tool(&format!("t{page}_{i}"))).collect();
                Some(json!({"tools": tools, "nextCursor": if same { "1".to_owned() } else { (page + 1).to_string() }}))
            }
            _ => None,
        })
        .await;
        let toolbox = boxed(server).await;
        assert!(toolbox.specs().len() <= 256, "{}", toolbox.specs().len());
        let pages = double.heard.lock().unwrap().iter().filter(|(method, _)| method == "tools/list").count();
        assert!(pages <= 50, "{pages}");
    }
}

#[tokio::test]
async fn names_of_others_are_not_taken_over() {
    let (first, _) = serve(listing(&[tool("pay")])).await;
    let (second, _) = serve(listing(&[tool("pay"), tool("other")])).await;
    let (third, _) = serve(listing(&[tool("pay")])).await;
    let named = |server: McpServer, name: &str| McpServer { name: Some(name.into()), ..server };
    let third = McpServer { prefix: Some("c".into()), ..named(third, "c") };
    let servers = [named(first, "a"), named(second, "b"), third];
    let toolbox = open(&servers, &surroundings(&[])).await;
    let offered: Vec<(String, Option<String>)> = toolbox
        .offers()
        .into_iter()
        .filter(|offer| offer.standing == Standing::Offered)
        .map(|offer| (offer.name, offer.server))
        .collect();
    let of = |name: &str, server: &str| (name.to_owned(), Some(server.to_owned()));
    assert_eq!(offered, [of("pay", "a"), of("other", "b"), of("c_pay", "c")]);
    let twice = Toolbox::open(Vec::new(), &[servers[0].clone(), servers[0].clone()], &surroundings(&[])).await;
    assert!(matches!(twice, Err(ToolboxError::Server(_))));
}

#[tokio::test]
async fn only_what_is_listed_is_offered() {
    let (server, _) = serve(listing(&[tool("a"), tool("b")])).await;
    let toolbox = boxed(McpServer { tools: Some(vec!["b".into()]), ..server }).await;
    assert_eq!(toolbox.specs().into_iter().map(|spec| spec.name).collect::<Vec<_>>(), ["b"]);
    assert_eq!(standing(&toolbox, "a"), Standing::NotListed);
    assert!(ask(&toolbox, "a", json!({})).await.is_err());
}

#[tokio::test]
async fn answers_are_cut_and_errors_are_told() {
    let (server, _) = serve(|method, params| {
        Some(match (method, params["name"].as_str().unwrap_or_default()) {
            ("tools/list", _) => json!({"tools": (["long", "refuses", "silent", "asks", "odd"].map(tool))}),
            (_, "long") => {
                json!({"content": [{"type": "text", "text": format!("\u{1b}[2J{}", "x".repeat(1_000_000))}]})
            }
            (_, "refuses") => json!({"refuse": {"code": -32000, "message": "not\u{7} today\n"}}),
            (_, "asks") => json!({"resultType": "input_required", "inputRequests": {"a": {"method": "roots/list"}}}),
            (_, "odd") => json!({"tools": []}),
            _ => return None,
        })
    })
    .await;
    let toolbox = boxed(McpServer { result_max: 100, timeout_s: 0.5, ..server }).await;
    let long = ask(&toolbox, "long", json!({})).await.unwrap();
    assert!(long.as_str().is_some_and(|t| t.starts_with("[2Jxxx") && t.chars().count() < 150), "{long}");
    let refused = ask(&toolbox, "refuses", json!({})).await.unwrap_err();
    assert_eq!(refused.to_string(), "not today");
    let begun = Instant::now();
    assert!(matches!(ask(&toolbox, "silent", json!({})).await, Err(CallError::TimedOut { .. })));
    assert!(begun.elapsed() < Duration::from_secs(5));
    for (name, garbled) in [("asks", false), ("odd", true)] {
        let failed = ask(&toolbox, name, json!({})).await.unwrap_err();
        let fits = match &failed {
            CallError::Server(CallFailed::AsksBack { .. }) => !garbled,
            CallError::Server(CallFailed::Garbled { .. }) => garbled,
            _ => false,
        };
        assert!(fits, "{name}: {failed}");
    }
}

#[tokio::test]
async fn a_token_goes_where_it_is_for_and_is_needed() {
    let (server, double) = serve(listing(&[tool("a")])).await;
    let surroundings = surroundings(&[("TOOLS_TOKEN", "hush")]);
    let with = McpServer { token_env: Some("TOOLS_TOKEN".into()), ..server.clone() };
    open(&[with], &surroundings).await.close().await;
    let heard = double.heard.lock().unwrap().clone();
    assert!(heard.iter().all(|(_, token)| token.as_deref() == Some("Bearer hush")), "{}", heard.len());
    let missing = McpServer { token_env: Some("OTHER".into()), ..server };
    let error = Toolbox::open(Vec::new(), &[missing], &surroundings).await.unwrap_err().to_string();
    assert!(error.contains("OTHER") && !error.contains("hush"), "{error}");
}

#[tokio::test]
async fn a_server_that_is_needed_and_not_there_is_told_at_once_and_another_is_looked_for() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let away = McpServer::url(&format!("http://127.0.0.1:{port}/mcp"));
    let error =
        Toolbox::open(Vec::new(), std::slice::from_ref(&away), &surroundings(&[])).await.unwrap_err().to_string();
    assert!(error.contains("127.0.0.1") && error.contains("required: false"), "{error}");
    let toolbox = open(&[McpServer { required: false, ..away }], &surroundings(&[])).await;
    assert!(toolbox.specs().is_empty());
    // It comes up later, at the same place.
    let double = Arc::new(Double { answers: Arc::new(listing(&[tool("late")])), heard: Mutex::default() });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("the same port");
    tokio::spawn(
        async move { axum::serve(listener, Router::new().route("/mcp", post(answer)).with_state(double)).await },
    );
    until("its tool is there", || toolbox.specs().len() == 1).await;
    assert_eq!(ask(&toolbox, "late", json!({})).await.unwrap(), json!("done"));
}
