//! Policies between a listener and an agent: every outcome, over every binding, as our own client tells it.

use async_trait::async_trait;
use duologue_a2a::call::Call;
use duologue_a2a::model::{
    AgentCapabilities, AgentCard, AgentExtension, AgentSkill, CancelTaskRequest, GetTaskRequest, ListTasksRequest,
    Part, Secret, SendMessageRequest, SendMessageResponse, SubscribeToTaskRequest, TaskState,
};
use duologue_gateway::extension::CAPABILITY;
use duologue_gateway::outbound::{Binding, CallError, Client, Options, message};
use duologue_gateway::{
    Agent, Answer, BearerTokens, Failure, Gateway, GatewayConfig, Hop, Policy, Turn, bind_loopback, serve,
};
use duologue_policy::{DecisionRecord, Outcome};
use duologue_policy_engine::{
    DecisionLog, Embedded, Engine, FileLog, Limits, PolicyEngine, PolicyPaths, Remote, RemoteConfig, StoreLog,
};
use duologue_store::{Store, StoreConfig};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;

const ORCHESTRATOR: &str = "spiffe://example.org/orchestrator";
const LOW: &str = "spiffe://example.org/low";
const WORKER: &str = "spiffe://example.org/worker";

/// Counts its turns; what says `wait` is a task that waits.
struct Worker(Arc<AtomicUsize>);

#[async_trait]
impl Agent for Worker {
    fn card(&self) -> AgentCard {
        let skill = |id: &str| AgentSkill { id: id.into(), name: id.into(), ..AgentSkill::default() };
        let extensions = vec![AgentExtension { uri: CAPABILITY.into(), ..AgentExtension::default() }];
        AgentCard {
            name: "Worker".into(),
            version: "1.0".into(),
            capabilities: AgentCapabilities {
                streaming: Some(true),
                extended_agent_card: Some(true),
                extensions,
                ..AgentCapabilities::default()
            },
            skills: vec![skill("count_words"), skill("delete_document")],
            ..AgentCard::default()
        }
    }

    fn extended_card(&self, _caller: &str) -> Option<AgentCard> {
        Some(self.card())
    }

    async fn handle(&self, turn: &Turn) -> Result<Answer, Failure> {
        self.0.fetch_add(1, Ordering::SeqCst);
        if turn.message().text() == "wait" {
            turn.status(TaskState::InputRequired, None).await?;
            return Ok(Answer::Done);
        }
        Ok(Answer::Message(turn.says("done")))
    }
}

/// A worker that is served with a policy, as long as this lasts.
struct Served {
    url: String,
    turns: Arc<AtomicUsize>,
}

async fn served(engine: Engine, log: DecisionLog) -> Served {
    let listener = bind_loopback(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let url = format!("http://{address}");
    let turns = Arc::<AtomicUsize>::default();
    let tokens = BearerTokens::default().with("orchestrator", ORCHESTRATOR).with("low", LOW);
    let config = GatewayConfig {
        grpc: Some(address),
        authenticate: Arc::new(tokens),
        authorize: Some(Arc::new(Policy::new(PolicyEngine::new(engine, log)).of_agent(WORKER))),
        ..GatewayConfig::loopback(&url)
    };
    let gateway = Gateway::new(Arc::new(Worker(Arc::clone(&turns))), config);
    tokio::spawn(serve(gateway, listener, std::future::pending(), Duration::ZERO));
    Served { url, turns }
}

impl Served {
    fn turns(&self) -> usize {
        self.turns.load(Ordering::SeqCst)
    }

    async fn client(&self, token: &str, binding: Binding, callers: &[&str]) -> Client {
        let options = Options {
            bearer: Some(Secret::new(token)),
            bindings: vec![binding],
            hop: Hop { callers: callers.iter().map(|caller| (*caller).to_owned()).collect(), ..Hop::default() },
            extensions: vec![CAPABILITY.into()],
            ..Options::default()
        };
        Client::connect(&self.url, options).await.unwrap_or_else(|error| panic!("{error}"))
    }

    async fn orchestrator(&self) -> Client {
        self.client("orchestrator", Binding::JsonRpc, &[]).await
    }
}

fn call(capability: &str, params: Value) -> SendMessageRequest {
    let mut message = message(vec![Part::data(params)]);
    message.extensions.push(CAPABILITY.into());
    message.metadata.get_or_insert_default().insert(CAPABILITY.into(), capability.into());
    SendMessageRequest { message, ..SendMessageRequest::default() }
}

fn text(words: &str) -> SendMessageRequest {
    SendMessageRequest { message: message(vec![Part::text(words)]), ..SendMessageRequest::default() }
}

/// How a call ended: allowed, or by which rule it was denied and under which number.
#[derive(Debug, PartialEq, Eq)]
enum Ended {
    Done,
    Denied { rule: Option<String>, decision: String },
}

fn ended<T>(answer: Result<T, CallError>) -> Ended {
    match answer {
        Ok(_) => Ended::Done,
        Err(error @ CallError::NotAuthorised { .. }) => {
            assert!(error.to_string().starts_with("not authorised"), "{error}");
            let CallError::NotAuthorised { rule, decision_id, .. } = error else { unreachable!() };
            Ended::Denied { rule, decision: decision_id.expect("an id") }
        }
        Err(other) => panic!("{other}"),
    }
}

fn is_denied<T>(answer: Result<T, CallError>) -> bool {
    matches!(ended(answer), Ended::Denied { .. })
}

fn folder(policy: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("p.rego"), policy).expect("written");
    folder
}

fn embedded(folder: impl Into<PathBuf>) -> Arc<Embedded> {
    Arc::new(Embedded::load(PolicyPaths::one(folder), Limits::default()).unwrap_or_else(|error| panic!("{error}")))
}

fn allow_if(body: &str) -> String {
    format!("package duologue.authz\nallow if {{\n\t{body}\n}}\n")
}

fn log(folder: &Path) -> DecisionLog {
    DecisionLog::File(FileLog::open(&folder.join("log"), true).expect("a log"))
}

fn records(folder: &Path) -> Vec<DecisionRecord<'static>> {
    let text = std::fs::read_to_string(folder.join("log")).expect("a log");
    let record = |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["record"].take();
    text.lines().map(|line| serde_json::from_value(record(line)).expect("a record")).collect()
}

#[tokio::test]
async fn every_outcome_is_told_over_every_binding_and_logged() {
    let whole = "input.caller.spiffe_id == \"spiffe://example.org/orchestrator\"
	input.agent.spiffe_id == \"spiffe://example.org/worker\"
	input.agent.name == \"Worker\"
	input.request.method == \"count_words\"
	input.request.skill == \"count_words\"
	input.request.operation == \"SendMessage\"
	input.request.params.text == \"a b\"
	input.request.bytes > 10
	input.rate.caller_last_minute > 0
	time.now_ns() > 1795000000000000000";
    let loops: Vec<String> = (0..8).map(|at| format!("some x{at} in [1, 2, 3, 4, 5, 6, 7, 8, 9]")).collect();
    let endless = format!("count([1 | {}]) > 3", loops.join("; "));
    let deny = "package duologue.authz\ndefault allow := false\nallow if input.request.method == \"other\"\n";
    for (policy, rule, cause) in [
        (allow_if(whole), None, None),
        (deny.to_owned(), Some("data.duologue.authz.allow (default, p.rego:2)"), None),
        (allow_if("input.nothing"), None, Some("undefined")),
        (allow_if(&endless), None, Some("too_long")),
        ("package duologue.authz\nallow := \"true\"\n".to_owned(), None, Some("not_a_decision")),
    ] {
        let is_allowed = policy.contains("bytes");
        let (policies, logs) = (folder(&policy), tempfile::tempdir().expect("a folder"));
        let served = served(Engine::Embedded(embedded(policies.path())), log(logs.path())).await;
        for (at, binding) in [Binding::JsonRpc, Binding::Http, Binding::Grpc].into_iter().enumerate() {
            let client = served.client("orchestrator", binding, &[]).await;
            let ended = ended(client.send_message(call("count_words", json!({"text": "a b"}))).await);
            let record = records(logs.path()).pop().expect("a record");
            assert_eq!((&*record.method, &*record.operation), ("count_words", "SendMessage"));
            assert_eq!((&*record.caller, &*record.agent), (ORCHESTRATOR, WORKER));
            assert_eq!(record.cause.as_deref(), cause, "{policy}");
            match ended {
                Ended::Done => assert!(is_allowed && record.outcome == Outcome::Allow && served.turns() == at + 1),
                Ended::Denied { rule: told, decision } => {
                    assert_eq!((told.as_deref(), decision), (rule, record.id.into_owned()), "{binding:?}");
                    assert!(!is_allowed && record.outcome == Outcome::Deny && served.turns() == 0, "{policy}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_call_of_a_capability_is_decided_by_its_operation() {
    let policies = folder(
        "package duologue.authz
default allow := false
allow if input.request.method in {\"SendMessage\", \"SendStreamingMessage\"}
",
    );
    let logs = tempfile::tempdir().expect("a folder");
    let served = served(Engine::Embedded(embedded(policies.path())), log(logs.path())).await;
    let client = served.orchestrator().await;
    let answer = client.send_message(text("wait")).await.expect("allowed");
    let SendMessageResponse::Task(task) = answer else { panic!("{answer:?}") };
    let id = || task.id.clone();
    assert!(is_denied(client.get_task(GetTaskRequest { id: id(), ..Default::default() }).await));
    assert!(is_denied(client.cancel_task(CancelTaskRequest { id: id(), ..Default::default() }).await));
    assert!(is_denied(client.list_tasks(ListTasksRequest::default()).await));
    let subscribe = SubscribeToTaskRequest { id: id(), ..Default::default() };
    assert!(is_denied(client.subscribe_to_task(subscribe).await.map(drop)));
    let config = |url: &str| duologue_a2a::model::TaskPushNotificationConfig {
        task_id: id(),
        url: url.into(),
        ..Default::default()
    };
    assert!(is_denied(client.call(Call::CreateTaskPushNotificationConfig(Box::new(config("https://a.test/x")))).await));
    // A capability is no SendMessage, by whatever message it is called.
    assert!(is_denied(client.send_message(call("count_words", json!({}))).await));
    assert!(is_denied(client.send_streaming_message(call("delete_document", json!({}))).await.map(drop)));
    let methods: Vec<String> = records(logs.path()).into_iter().map(|record| record.method.into_owned()).collect();
    let expected = [
        "SendMessage",
        "GetTask",
        "CancelTask",
        "ListTasks",
        "SubscribeToTask",
        "CreateTaskPushNotificationConfig",
        "count_words",
        "delete_document",
    ];
    assert_eq!(methods, expected);
    assert_eq!(records(logs.path())[1].task.as_deref(), Some(&*task.id));
}

#[tokio::test]
async fn cards_are_for_whoever_may_connect() {
    let policies = folder("package duologue.authz\nallow := false\n");
    let served = served(Engine::Embedded(embedded(policies.path())), DecisionLog::Trace).await;
    let client = served.orchestrator().await;
    assert_eq!(client.fetched().card.name, "Worker");
    assert_eq!(client.extended_card(Default::default()).await.expect("a card").name, "Worker");
    assert!(is_denied(client.send_message(text("hello")).await));
}

/// What a caller may not do itself, it may not do through another, either; and nobody's name gives rights.
#[tokio::test]
async fn nobody_gets_more_through_another() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/rights_of_all/policy.rego");
    let policies = folder(&std::fs::read_to_string(shipped).expect("a policy"));
    let rights = json!({"rights": {ORCHESTRATOR: ["count_words", "delete_document"], LOW: ["count_words"]}});
    std::fs::write(policies.path().join("data.json"), rights.to_string()).expect("written");
    let logs = tempfile::tempdir().expect("a folder");
    let served = served(Engine::Embedded(embedded(policies.path())), log(logs.path())).await;
    for (token, callers, capability, is_allowed) in [
        ("orchestrator", &[][..], "delete_document", true),
        ("low", &[], "delete_document", false),
        ("low", &[], "count_words", true),
        ("orchestrator", &[LOW], "delete_document", false),
        ("orchestrator", &[LOW], "count_words", true),
        ("low", &[ORCHESTRATOR], "delete_document", false),
        ("orchestrator", &[ORCHESTRATOR, LOW, ORCHESTRATOR], "delete_document", false),
        ("orchestrator", &["spiffe://example.org/nobody"], "count_words", false),
    ] {
        let client = served.client(token, Binding::Http, callers).await;
        let answer = client.send_message(call(capability, json!({}))).await;
        assert_eq!(is_denied(answer), !is_allowed, "{token} for {callers:?}: {capability}");
        assert_eq!(records(logs.path()).pop().expect("a record").on_behalf_of, callers);
    }
    assert_eq!(served.turns(), 3);
}

#[tokio::test]
async fn calls_are_counted_by_caller() {
    let policies = folder(&allow_if("input.rate.caller_last_minute <= 2"));
    let served = served(Engine::Embedded(embedded(policies.path())), DecisionLog::Trace).await;
    let client = served.orchestrator().await;
    for denied in [false, false, true] {
        assert_eq!(is_denied(client.send_message(text("hello")).await), denied);
    }
    let low = served.client("low", Binding::Grpc, &[]).await;
    assert!(!is_denied(low.send_message(text("hello")).await));
}

#[tokio::test]
async fn a_broken_policy_leaves_the_last_good_one_and_raises_the_alarm() {
    let policies = folder(&allow_if("input.request.method == \"count_words\""));
    let policy = embedded(policies.path());
    let served = served(Engine::Embedded(Arc::clone(&policy)), DecisionLog::Trace).await;
    let client = served.orchestrator().await;
    let calls = async || {
        let (count, delete) = (call("count_words", json!({})), call("delete_document", json!({})));
        (is_denied(client.send_message(count).await), is_denied(client.send_message(delete).await))
    };
    assert_eq!(calls().await, (false, true));
    std::fs::write(policies.path().join("p.rego"), allow_if("input.request.method ==")).expect("written");
    assert!(policy.reload().is_err());
    assert!(policy.status().borrow().stale.is_some());
    assert_eq!(calls().await, (false, true));
    std::fs::write(policies.path().join("p.rego"), allow_if("input.request.method == \"delete_document\""))
        .expect("written");
    policy.reload().expect("it compiles");
    assert!(policy.status().borrow().stale.is_none());
    assert_eq!(calls().await, (true, false));
}

#[tokio::test]
async fn a_policy_server_that_dies_denies() {
    // A runtime of its own, with which its connections die too.
    let server = tokio::runtime::Runtime::new().expect("a runtime");
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.set_nonblocking(true).expect("it can be waited for");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    server.spawn(async move {
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        let app = axum::Router::new().fallback(|| async { "{\"result\": true}" });
        axum::serve(listener, app).await
    });
    let config = RemoteConfig { timeout: Duration::from_secs(30), ..RemoteConfig::new(url) };
    let engine = Engine::Remote(Arc::new(Remote::new(&config).expect("an address")));
    let logs = tempfile::tempdir().expect("a folder");
    let served = served(engine, log(logs.path())).await;
    let client = served.orchestrator().await;
    assert_eq!(ended(client.send_message(text("hello")).await), Ended::Done);
    tokio::task::spawn_blocking(move || server.shutdown_timeout(Duration::from_secs(60))).await.expect("shut down");
    let ended = ended(client.send_message(text("hello")).await);
    assert!(matches!(ended, Ended::Denied { rule: None, .. }), "{ended:?}");
    let records = records(logs.path());
    assert_eq!(records.iter().map(|record| record.cause.as_deref()).collect::<Vec<_>>(), [None, Some("no_answer")]);
    assert_eq!(served.turns(), 1);
}

#[tokio::test]
async fn a_decision_that_cannot_be_kept_takes_no_effect() {
    let policies = folder(&allow_if("true"));
    let store = Store::open(StoreConfig::in_memory()).await.expect("a store");
    let log = DecisionLog::Store(StoreLog::strict(store.clone()));
    let served = served(Engine::Embedded(embedded(policies.path())), log).await;
    let client = served.orchestrator().await;
    assert_eq!(ended(client.send_message(text("hello")).await), Ended::Done);
    store.close().await;
    let ended = ended(client.send_message(text("hello")).await);
    assert!(matches!(ended, Ended::Denied { rule: None, .. }), "{ended:?}");
    assert_eq!(served.turns(), 1);
}
