//! Policies in folders, and calls.

use duologue_policy::{Agent, Cause, Decision, Input, Moment, Outcome, Principal, Request};
use duologue_policy_engine::{Embedded, Limits, LoadError, PolicyPaths};
use std::path::PathBuf;
use tempfile::TempDir;

pub(crate) const ORCHESTRATOR: &str = "spiffe://example.org/orchestrator";

/// A folder with files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder, files);
    folder
}

pub(crate) fn write(folder: &TempDir, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
}

pub(crate) fn load(files: &[(&str, &str)]) -> Result<Embedded, LoadError> {
    let folder = folder(files);
    Embedded::load(PolicyPaths::one(folder.path()), Limits::default())
}

/// A policy whose `allow` has this body.
pub(crate) fn allow_if(body: &str) -> String {
    format!("package duologue.authz\n\nallow if {{\n\t{body}\n}}\n")
}

/// What one file says of a call.
pub(crate) fn decide(text: &str, input: &Input) -> Decision {
    match load(&[("policy.rego", text)]) {
        Ok(embedded) => embedded.decide(&input.document()),
        Err(error) => panic!("{error}\n{text}"),
    }
}

pub(crate) fn call() -> Input {
    Input {
        caller: Principal(ORCHESTRATOR.into()),
        agent: Agent {
            name: "worker".into(),
            id: Principal("spiffe://example.org/worker".into()),
            version: "1.0".into(),
        },
        request: Request {
            id: "r-1".into(),
            method: "count_words".into(),
            operation: "SendMessage".into(),
            params: serde_json::json!({"text": "a b", "n": 3, "list": [1, 2, 3]}),
            bytes: 120,
            ..Request::default()
        },
        at: Moment::from_unix_ms(1_795_420_800_000),
        calls_last_minute: Some(1),
        ..Input::default()
    }
}

/// That it was denied, and not because a policy said so.
pub(crate) fn denied_for(decision: &Decision) -> &Cause {
    assert_eq!(decision.outcome(), Outcome::Deny);
    decision.cause().expect("a cause")
}

pub(crate) fn shipped() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../policies")
}

pub(crate) const SHIPPED: [&str; 6] =
    ["only_these_callers", "same_trust_domain", "rights_of_all", "per_method", "time_of_day", "rate_by_caller"];
