//! A policy server that answers, and those that do not.

use crate::bed::{call, denied_for};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use duologue_ids::Redacted;
use duologue_policy::{Cause, Decision, Outcome};
use duologue_policy_engine::{DecisionLog, Engine, FileLog, PolicyEngine, Remote, RemoteConfig, RemoteError};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

type Seen = Arc<Mutex<Vec<(String, Option<String>, serde_json::Value)>>>;

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    (listener, url)
}

/// A server that answers everything with this.
async fn answering(status: StatusCode, body: &'static str) -> (String, Seen) {
    let seen = Seen::default();
    let answer = move |State(seen): State<Seen>, uri: Uri, headers: HeaderMap, asked: String| async move {
        let token = headers.get(header::AUTHORIZATION).map(|token| token.to_str().unwrap_or_default().to_owned());
        let asked = serde_json::from_str(&asked).unwrap_or_default();
        seen.lock().expect("alone").push((uri.to_string(), token, asked));
        (status, body).into_response()
    };
    let (listener, url) = listener().await;
    let app = Router::new().fallback(answer).with_state(Arc::clone(&seen));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, seen)
}

fn patient(url: &str) -> RemoteConfig {
    RemoteConfig { timeout: Duration::from_secs(30), ..RemoteConfig::new(url) }
}

async fn decided(config: &RemoteConfig) -> Decision {
    Remote::new(config).expect("an address").decide(&call().document()).await
}

async fn decided_by(status: StatusCode, body: &'static str) -> Decision {
    decided(&patient(&answering(status, body).await.0)).await
}

#[tokio::test]
async fn a_clear_answer_decides() {
    let allowed = decided_by(StatusCode::OK, "{\"result\": true}").await;
    assert_eq!((allowed.outcome(), allowed.engine()), (Outcome::Allow, "opa"));
    let body = "{\"decision_id\": \"7\", \"result\": {\"allow\": true, \"policy_id\": \"p\", \"reason\": \"known\"}}";
    let allowed = decided_by(StatusCode::OK, body).await;
    assert_eq!((allowed.outcome(), allowed.rule(), allowed.reasons().len()), (Outcome::Allow, Some("p"), 1));
    let denied = decided_by(StatusCode::OK, "{\"result\": false}").await;
    assert_eq!((denied.outcome(), denied.cause()), (Outcome::Deny, None));
}

#[tokio::test]
async fn all_else_denies() {
    for (status, body, expected) in [
        (StatusCode::OK, "{}", Cause::Undefined),
        (StatusCode::OK, "{\"result\": null}", Cause::NotADecision { found: "null".into() }),
        (StatusCode::OK, "{\"result\": \"true\"}", Cause::NotADecision { found: "a string".into() }),
        (StatusCode::OK, "{\"result\": {\"allow\": 1}}", Cause::NotADecision { found: "a number as allow".into() }),
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "{\"code\": \"internal_error\", \"message\": \"eval_conflict_error: somebody's data\"}",
            Cause::NoAnswer("status 500 Internal Server Error: internal_error".into()),
        ),
        (StatusCode::UNAUTHORIZED, "no", Cause::NoAnswer("status 401 Unauthorized".into())),
        (StatusCode::NO_CONTENT, "", Cause::NoAnswer("status 204 No Content".into())),
        (StatusCode::FOUND, "{\"result\": true}", Cause::NoAnswer("status 302 Found".into())),
    ] {
        assert_eq!(*denied_for(&decided_by(status, body).await), expected, "{status} {body}");
    }
    for body in ["", "true", "<html>", "{\"result\": true", "[{\"result\": true}]", "[true]"] {
        let decision = decided_by(StatusCode::OK, body).await;
        assert!(matches!(denied_for(&decision), Cause::Unreadable(_)), "{body}: {decision:?}");
    }
}

#[tokio::test]
async fn an_answer_without_end_denies() {
    let (listener, url) = listener().await;
    let endless = || async {
        let chunk = || Ok::<_, std::convert::Infallible>(vec![b' '; 65_536]);
        Response::new(axum::body::Body::from_stream(futures::stream::repeat_with(chunk)))
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(endless)).await });
    assert!(matches!(denied_for(&decided(&patient(&url)).await), Cause::Unreadable(_)));
}

#[tokio::test]
async fn nobody_there_denies() {
    let (listener, url) = listener().await;
    drop(listener);
    assert!(matches!(denied_for(&decided(&patient(&url)).await), Cause::NoAnswer(_)));
    let health = Remote::new(&patient(&url)).expect("an address").health().await;
    assert!(matches!(health, Err(Cause::NoAnswer(_))), "{health:?}");
}

#[tokio::test]
async fn one_that_does_not_answer_in_time_denies() {
    let (listener, url) = listener().await;
    // It takes the question and keeps it.
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut question = Vec::new();
                let _ = connection.read_to_end(&mut question).await;
            });
        }
    });
    let config = RemoteConfig { timeout: Duration::from_millis(20), ..RemoteConfig::new(&url) };
    assert!(matches!(denied_for(&decided(&config).await), Cause::TooLong(_)));
}

#[tokio::test]
async fn one_that_hangs_up_denies() {
    let (listener, url) = listener().await;
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    assert!(matches!(denied_for(&decided(&patient(&url)).await), Cause::NoAnswer(_)));
}

#[tokio::test]
async fn it_is_asked_as_opa_is() {
    let (url, seen) = answering(StatusCode::OK, "{\"result\": true}").await;
    let config = RemoteConfig {
        url: format!("{url}/opa/"),
        path: "/agentweave/authz/allow".into(),
        token: Some(Redacted::new("s3cret".into())),
        ..patient(&url)
    };
    let remote = Remote::new(&config).expect("an address");
    assert_eq!(remote.decide(&call().document()).await.outcome(), Outcome::Allow);
    remote.health().await.expect("healthy");
    let seen = seen.lock().expect("alone").clone();
    assert_eq!(seen[0].0, "/opa/v1/data/agentweave/authz/allow");
    assert_eq!(seen[0].1.as_deref(), Some("Bearer s3cret"));
    assert_eq!(seen[0].2, serde_json::json!({"input": call().document().to_json()}));
    assert_eq!(seen[1].0, "/opa/health?bundles");
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn plain_text_stays_on_this_machine() {
    let refused = |url: &str| Remote::new(&RemoteConfig::new(url)).map(drop).expect_err(url);
    for url in ["http://opa.example.org:8181", "http://10.0.0.1", "http://127.0.0.1.example.org"] {
        assert!(matches!(refused(url), RemoteError::Plaintext(_)), "{url}");
    }
    for url in ["", "opa:8181", "ftp://127.0.0.1", "http://a:b@127.0.0.1"] {
        assert!(matches!(refused(url), RemoteError::BadAddress { .. }), "{url}");
    }
    for url in ["http://localhost:8181", "http://[::1]:8181", "https://opa.example.org"] {
        assert!(Remote::new(&RemoteConfig::new(url)).is_ok(), "{url}");
    }
}

/// What a dead server denied is in the log as anything else.
#[tokio::test]
async fn what_fails_is_logged_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("decisions.jsonl");
    let (listener, url) = listener().await;
    drop(listener);
    let remote = Engine::Remote(Arc::new(Remote::new(&patient(&url)).expect("an address")));
    let policy = PolicyEngine::new(remote, DecisionLog::File(FileLog::open(&path, false).expect("a log")));
    let decision = policy.decide(call()).await;
    assert_eq!(decision.outcome(), Outcome::Deny);
    let text = std::fs::read_to_string(&path).expect("a log");
    assert!(text.contains("\"cause\":\"no_answer\"") && text.contains("\"outcome\":\"deny\""), "{text}");
}
