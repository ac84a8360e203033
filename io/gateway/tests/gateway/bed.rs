//! An agent that does what a message says, a step at a time, and a client.

use async_trait::async_trait;
use bytes::Bytes;
use duologue_a2a::model::{AgentCapabilities, AgentCard, Artifact, Part, TaskState};
use duologue_a2a::sse::{Reader, SseEvent};
use duologue_a2a::task::Event;
use duologue_gateway::{Agent, Answer, BearerTokens, Body, Failure, Gateway, GatewayConfig, Hop, Turn};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// What the agent does and what happens to it.
#[derive(Debug)]
pub(crate) struct Script {
    /// Turns that have begun.
    pub(crate) turns: AtomicUsize,
    /// Turns that ended because nobody waited.
    pub(crate) over: Semaphore,
    /// Steps that may be taken.
    pub(crate) go: Semaphore,
    /// What came with each message.
    pub(crate) hops: Mutex<Vec<(String, Hop)>>,
}

impl Script {
    pub(crate) fn new() -> Arc<Script> {
        let hops = Mutex::default();
        Arc::new(Script { turns: AtomicUsize::new(0), over: Semaphore::new(0), go: Semaphore::new(0), hops })
    }

    pub(crate) fn turns(&self) -> usize {
        self.turns.load(Ordering::SeqCst)
    }

    async fn step(&self) {
        if let Ok(permit) = self.go.acquire().await {
            permit.forget();
        }
    }
}

/// `say WORDS`, `task`, `count N`, `ask`, `hang`, `wait`, `listen`, `fresh`, `fail`, `panic`, `wrong`, `silent`.
pub(crate) struct Scripted(pub(crate) Arc<Script>);

#[async_trait]
impl Agent for Scripted {
    fn card(&self) -> AgentCard {
        let on = Some(true);
        AgentCard {
            name: "Scripted".into(),
            description: "Does what a message says".into(),
            version: "1".into(),
            capabilities: AgentCapabilities { streaming: on, extended_agent_card: on, ..AgentCapabilities::default() },
            default_input_modes: vec!["text/*".into()],
            ..AgentCard::default()
        }
    }

    fn extended_card(&self, caller: &str) -> Option<AgentCard> {
        Some(AgentCard { description: format!("For {caller}"), ..self.card() })
    }

    async fn handle(&self, turn: &Turn) -> Result<Answer, Failure> {
        let script = &self.0;
        script.turns.fetch_add(1, Ordering::SeqCst);
        script.hops.lock().expect("no test panics with it").push((turn.caller().to_owned(), turn.onward()));
        let text = turn.message().text();
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        match word {
            "say" => Ok(Answer::Message(turn.says(rest))),
            "wait" => {
                script.step().await;
                Ok(Answer::Message(turn.says("waited")))
            }
            "task" => {
                turn.artifact(artifact("whole")).await?;
                Ok(Answer::Done)
            }
            "count" => count(script, turn, rest.parse().unwrap_or(1)).await,
            "ask" => {
                turn.status(TaskState::InputRequired, Some(turn.says("What else?"))).await?;
                Ok(Answer::Done)
            }
            "hang" => {
                turn.status(TaskState::Working, None).await?;
                turn.over().await;
                script.over.add_permits(1);
                Err(Failure::Over)
            }
            "listen" => {
                turn.status(TaskState::Working, None).await?;
                let more = turn.next_message().await.map(|message| message.text()).unwrap_or_default();
                Ok(Answer::Message(turn.says(format!("heard {more}"))))
            }
            "fresh" => Ok(Answer::Message(turn.says(if turn.task().is_none() { "a new message" } else { "a task" }))),
            "fail" => Err(Failure::Failed("it does not work".into())),
            "panic" => panic!("as was asked for"),
            "wrong" => {
                turn.tell(Event::Artifact {
                    artifact: Box::new(artifact("a")),
                    append: true,
                    last_chunk: false,
                    metadata: None,
                })
                .await?;
                Ok(Answer::Done)
            }
            _ => Ok(Answer::Done),
        }
    }
}

async fn count(script: &Script, turn: &Turn, most: usize) -> Result<Answer, Failure> {
    let told =
        turn.task().and_then(|record| record.task().artifacts.first()).map_or(0, |artifact| artifact.parts.len());
    if told == 0 {
        turn.status(TaskState::Working, None).await?;
    }
    for n in told..most {
        script.step().await;
        let artifact = Box::new(artifact(&(n + 1).to_string()));
        turn.tell(Event::Artifact { artifact, append: n > 0, last_chunk: false, metadata: None }).await?;
    }
    Ok(Answer::Done)
}

fn artifact(text: &str) -> Artifact {
    Artifact { artifact_id: "a-1".into(), parts: vec![Part::text(text)], ..Artifact::default() }
}

/// Tokens of two callers.
pub(crate) const ANNA: &str = "anna-s-token";
pub(crate) const BEN: &str = "ben-s-token";

/// A gateway for Anna and Ben, with an agent that follows the script.
pub(crate) fn gateway(script: &Arc<Script>, change: impl FnOnce(&mut GatewayConfig)) -> Gateway {
    let mut config = GatewayConfig::loopback("http://localhost:1234/agent");
    config.authenticate = Arc::new(BearerTokens::default().with(ANNA, "anna").with(BEN, "ben"));
    change(&mut config);
    Gateway::new(Arc::new(Scripted(Arc::clone(script))), config)
}

/// One who calls.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) gateway: Gateway,
    pub(crate) token: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
}

pub(crate) fn anna(gateway: &Gateway) -> Client {
    Client { gateway: gateway.clone(), token: ANNA, headers: vec![("a2a-version", "1.0".into())] }
}

pub(crate) fn ben(gateway: &Gateway) -> Client {
    Client { token: BEN, ..anna(gateway) }
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Whole {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("no JSON ({error}): {:?}", self.body))
    }
}

impl Client {
    pub(crate) fn with(&self, name: &'static str, value: impl Into<String>) -> Client {
        let mut headers = self.headers.clone();
        headers.retain(|(known, _)| *known != name);
        headers.push((name, value.into()));
        Client { headers, ..self.clone() }
    }

    pub(crate) fn request(&self, verb: &str, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
        let body = body.into();
        let mut request = Request::builder().method(verb).uri(format!("/agent{path}")).header("host", "localhost:1234");
        request = request.header("authorization", format!("Bearer {}", self.token));
        if !body.is_empty() && !self.headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request.body(Full::new(body)).expect("a request")
    }

    pub(crate) async fn answer(&self, request: Request<Full<Bytes>>) -> Response<Body> {
        self.gateway.answer(request).await
    }

    pub(crate) async fn whole(&self, request: Request<Full<Bytes>>) -> Whole {
        let (head, body) = self.answer(request).await.into_parts();
        let body = body.collect().await.expect("a body of ours ends").to_bytes();
        Whole { status: head.status, headers: head.headers, body }
    }

    /// The answer over JSON-RPC: `result` or `error`.
    pub(crate) async fn rpc(&self, method: &str, params: Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        self.whole(self.request("POST", "", body)).await.json()
    }

    pub(crate) async fn ok(&self, method: &str, params: Value) -> Value {
        let mut answer = self.rpc(method, params).await;
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].take()
    }

    /// Code of the error that is answered.
    pub(crate) async fn code(&self, method: &str, params: Value) -> i64 {
        let answer = self.rpc(method, params).await;
        answer["error"]["code"].as_i64().unwrap_or_else(|| panic!("no error: {answer}"))
    }

    pub(crate) async fn send(&self, id: &str, text: &str) -> Value {
        self.ok("SendMessage", message(id, text)).await
    }

    /// A task that exists at once, by its id.
    pub(crate) async fn begin(&self, id: &str, text: &str) -> String {
        let mut params = message(id, text);
        params["configuration"] = json!({"returnImmediately": true});
        self.ok("SendMessage", params).await["task"]["id"].as_str().expect("a task").to_owned()
    }

    pub(crate) async fn stream(&self, method: &str, params: Value) -> Events {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let answer = self.answer(self.request("POST", "", body)).await;
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Events { body: answer.into_body(), reader: Reader::new(1 << 20), read: VecDeque::new() }
    }
}

pub(crate) fn message(id: &str, text: &str) -> Value {
    json!({"message": {"messageId": id, "role": "ROLE_USER", "parts": [{"text": text}]}})
}

pub(crate) fn follow_up(task: &str, id: &str, text: &str) -> Value {
    let mut params = message(id, text);
    params["message"]["taskId"] = task.into();
    params
}

/// A stream of events, as a client reads it.
pub(crate) struct Events {
    body: Body,
    reader: Reader,
    read: VecDeque<SseEvent>,
}

impl Events {
    /// The next event's number and result; none: the stream has ended.
    pub(crate) async fn next(&mut self) -> Option<(u64, Value)> {
        loop {
            if let Some(event) = self.read.pop_front() {
                let mut data: Value = serde_json::from_str(&event.data).expect("JSON");
                assert!(data.get("error").is_none(), "{data}");
                return Some((event.id.and_then(|id| id.parse().ok()).unwrap_or(0), data["result"].take()));
            }
            let frame = self.body.frame().await?.expect("a body of ours does not fail");
            let bytes = frame.into_data().expect("data");
            self.read.extend(self.reader.push(&bytes).expect("short events"));
        }
    }

    pub(crate) async fn numbers(mut self) -> Vec<u64> {
        let mut numbers = Vec::new();
        while let Some((number, _)) = self.next().await {
            numbers.push(number);
        }
        numbers
    }
}

pub(crate) fn state(task: &Value) -> &str {
    task["status"]["state"].as_str().unwrap_or_default()
}

/// A store in a new file, and the file's folder.
pub(crate) async fn store(folder: &tempfile::TempDir) -> duologue_store::Store {
    let path = folder.path().join("tasks.db");
    let config = duologue_store::StoreConfig::new(format!("sqlite:{}", path.display()));
    duologue_store::Store::open(config).await.expect("a store")
}
