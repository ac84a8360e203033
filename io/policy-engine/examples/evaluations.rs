//! How many calls a second one core decides about: `cargo run --release -p duologue-policy-engine --example evaluations`.

use duologue_policy::{Agent, Input, Moment, Outcome, Principal, Request};
use duologue_policy_engine::{DecisionLog, Embedded, Engine, FileLog, Limits, PolicyEngine, PolicyPaths};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SMALL: &str = r#"package duologue.authz

default allow := false

allow if {
    input.caller.spiffe_id == "spiffe://example.org/orchestrator"
    input.request.method in ["analyze_document", "count_words", "detect_sentiment"]
}
"#;

const LARGE: &str = r#"package duologue.authz

default allow := {"allow": false, "reasons": ["not listed"]}

allow := {"allow": true, "reasons": [sprintf("role %s", [role])]} if {
    role := data.callers[input.caller.spiffe_id].role
    input.request.method in data.roles[role]
}
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let small = policy(folder.path(), "small", SMALL, "{}")?;
    let large = policy(folder.path(), "large", LARGE, &callers())?;
    let input = call();
    let document = input.document();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/same_trust_domain");
    let shipped = Arc::new(Embedded::load(PolicyPaths::one(shipped), Limits::default())?);
    measure("same_trust_domain: evaluated", || shipped.decide(&document).outcome());
    for (name, policy) in [("small policy", &small), ("1,000 callers in data, an object as decision", &large)] {
        measure(&format!("{name}: evaluated"), || policy.decide(&document).outcome());
        measure(&format!("{name}: with the document made"), || policy.decide(&input.document()).outcome());
        let other = Input { caller: Principal("spiffe://example.org/nobody".into()), ..call() };
        let other = other.document();
        measure(&format!("{name}: denied"), || match policy.decide(&other).outcome() {
            Outcome::Deny => Outcome::Allow,
            Outcome::Allow => Outcome::Deny,
        });
    }
    measure("digest of the document", || if document.digest().is_empty() { Outcome::Deny } else { Outcome::Allow });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let log = DecisionLog::File(FileLog::open(&folder.path().join("decisions.jsonl"), false)?);
    for (name, log) in [("decided, rate and all", DecisionLog::Trace), ("decided and written to a file", log)] {
        let engine = PolicyEngine::new(Engine::Embedded(Arc::clone(&small)), log);
        measure(name, || runtime.block_on(engine.decide(input.clone())).outcome());
    }
    Ok(())
}

fn policy(folder: &Path, name: &str, text: &str, data: &str) -> Result<Arc<Embedded>, Box<dyn Error>> {
    let folder = folder.join(name);
    std::fs::create_dir(&folder)?;
    std::fs::write(folder.join("policy.rego"), text)?;
    std::fs::write(folder.join("data.json"), data)?;
    Ok(Arc::new(Embedded::load(PolicyPaths::one(folder), Limits::default())?))
}

fn callers() -> String {
    let callers: Vec<String> =
        (0..1_000).map(|at| format!(r#""spiffe://example.org/agent/{at}":{{"role":"worker"}}"#)).collect();
    format!(
        r#"{{"roles":{{"worker":["count_words"],"lead":["count_words"]}},"callers":{{{},"spiffe://example.org/orchestrator":{{"role":"lead"}}}}}}"#,
        callers.join(",")
    )
}

fn call() -> Input {
    Input {
        caller: Principal("spiffe://example.org/orchestrator".into()),
        agent: Agent {
            name: "worker".into(),
            id: Principal("spiffe://example.org/worker".into()),
            version: "1.0".into(),
        },
        request: Request {
            id: "019a-7f".into(),
            method: "count_words".into(),
            operation: "SendMessage".into(),
            params: serde_json::json!({"text": "This is a wonderful document."}),
            bytes: 180,
            ..Request::default()
        },
        at: Moment::from_unix_ms(1_795_420_800_000),
        ..Input::default()
    }
}

/// For two seconds, by the processor time of this thread.
fn measure(name: &str, mut work: impl FnMut() -> Outcome) {
    let (begun, used) = (Instant::now(), processor());
    let mut number = 0u64;
    while begun.elapsed() < Duration::from_secs(2) {
        for _ in 0..100 {
            assert_eq!(work(), Outcome::Allow, "{name}");
        }
        number += 100;
    }
    let used = (processor() - used).max(1) as f64 / 1e9;
    println!("{:>9.0} a second and core, {:>5.2} µs: {name}", number as f64 / used, used * 1e6 / number as f64);
}

/// Nanoseconds of processor time of this thread; of the clock where the system does not say.
fn processor() -> u64 {
    let said = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let since = || std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_nanos() as u64);
    said.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or_else(since)
}
