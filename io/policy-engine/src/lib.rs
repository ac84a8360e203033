//! Decides about calls, and keeps every decision.
//!
//! What a policy is asked, and what its answer means, is [`duologue_policy`]'s. Here it is evaluated: in the process
//! ([`Embedded`]), or by an OPA server ([`Remote`]). The two give the same answers; a test compares them.
//!
//! # A policy, from a folder to a decision
//!
//! ```
//! use duologue_policy::{Input, Moment, Outcome, Principal, Request};
//! use duologue_policy_engine::{DecisionLog, Embedded, Engine, Limits, PolicyEngine, PolicyPaths};
//! use std::sync::Arc;
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let policy = r#"
//! package duologue.authz
//!
//! default allow := false
//!
//! allow if {
//!     input.caller.spiffe_id in data.callers
//!     input.request.method == "count_words"
//! }
//! "#;
//! std::fs::write(folder.path().join("worker.rego"), policy)?;
//! std::fs::write(folder.path().join("data.json"), r#"{"callers": ["spiffe://example.org/orchestrator"]}"#)?;
//!
//! let embedded = Arc::new(Embedded::load(PolicyPaths::one(folder.path()), Limits::default())?);
//! let policy = PolicyEngine::new(Engine::Embedded(embedded), DecisionLog::Trace);
//!
//! let call = |caller: &str| Input {
//!     caller: Principal(caller.into()),
//!     request: Request { method: "count_words".into(), ..Request::default() },
//!     at: Moment::from_unix_ms(1_767_225_600_000),
//!     ..Input::default()
//! };
//! let decision = policy.decide(call("spiffe://example.org/orchestrator")).await;
//! assert_eq!(decision.permit()?.rule(), Some("data.duologue.authz.allow (worker.rego:6)"));
//!
//! let decision = policy.decide(call("spiffe://example.org/somebody")).await;
//! assert_eq!(decision.outcome(), Outcome::Deny);
//! assert_eq!(decision.rule(), Some("data.duologue.authz.allow (default, worker.rego:4)"));
//! # Ok(()) }
//! ```
//!
//! # What a policy is
//!
//! Files of Rego and data beside them ([`PolicyPaths`]). The rule `allow` of the package `duologue.authz` decides, or of
//! `agentweave.authz`; it may be an object with `allow`, `reasons` and `rule`, or have rules of these names beside it. Each file is
//! read as Rego v1, else as v0, else as v0 with the imports that it forgot ([`Dialect`]). A decision depends on its input alone:
//! `time.now_ns()` is the time of the input, and what asks others or draws lots is refused when the policy is loaded. Each
//! decision has a bound of work ([`Limits`]); memory has none, since whoever writes policies is trusted with it.
//!
//! # When something fails
//!
//! The call is denied, and [`duologue_policy::Cause`] says why: undefined, no boolean, an error, too long, a server that is not
//! there, a log that cannot be written. What a newer file gets wrong leaves the last good policy deciding, and
//! [`Status::stale`] says since when. Only where no policy was ever named may [`DefaultPolicy::AllowAll`] allow.
//!
//! # What is kept
//!
//! Every decision, whatever it was, before it takes effect ([`DecisionLog`]): in the audit chain of a store, or in a chained file.
//!
//! ```
//! use duologue_policy::{Input, Principal};
//! use duologue_policy_engine::{DecisionLog, DefaultPolicy, Engine, FileLog, PolicyEngine};
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let path = folder.path().join("decisions.jsonl");
//! let log = DecisionLog::File(FileLog::open(&path, false)?);
//! let policy = PolicyEngine::new(Engine::None(DefaultPolicy::DenyAll), log);
//! let decision = policy.decide(Input { caller: Principal("anna".into()), ..Input::default() }).await;
//! assert!(decision.permit().is_err());
//! assert_eq!(FileLog::verify(&path)?.seq, 1);
//! # Ok(()) }
//! ```
//!
//! # Tests of policies
//!
//! [`test()`] runs rules whose names begin with `test_`, as `opa test` does, and [`eval`] says what a policy makes of a document.
//! Policies to begin with are in the folder `policies`, tests and all.

#![forbid(unsafe_code)]

mod calls;
mod embedded;
mod engine;
mod functions;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod graph;
mod input;
mod known;
mod log;
mod mentions;
mod program;
mod remote;
mod rules;
mod source;
mod stack;
mod suite;
mod syntax;

pub use embedded::{Embedded, Stale, Status};
pub use engine::{DefaultPolicy, Engine, PolicyEngine};
pub use log::{DecisionLog, FileLog, FileLogError, LogError, StoreLog};
pub use program::Limits;
pub use remote::{Remote, RemoteConfig, RemoteError};
pub use source::{Dialect, LoadError, Place, PolicyPaths, Stamp};
pub use suite::{Evaluation, TestCase, TestOutcome, TestReport, eval, test};
