//! What a policy is asked about a call, what its answer means, and how decisions are kept. Nothing here evaluates a policy,
//! reads a clock or writes a file: that is `io/policy-engine`.
//!
//! # The question
//!
//! An [`Input`] is made of what was proven about a call, and becomes one JSON document. Policies read `input.caller.spiffe_id`,
//! `input.request.method`, `input.time` and so on; the same facts stand there under the names of AgentWeave's policies as well
//! ([`Input::document`] lists all).
//!
//! ```
//! use duologue_policy::{Agent, Input, Moment, Principal, Request};
//!
//! let input = Input {
//!     caller: Principal("spiffe://example.org/orchestrator".into()),
//!     agent: Agent { name: "worker".into(), id: Principal("spiffe://example.org/worker".into()), ..Agent::default() },
//!     request: Request { method: "count_words".into(), operation: "SendMessage".into(), ..Request::default() },
//!     at: Moment::from_unix_ms(1_767_225_600_000),
//!     ..Input::default()
//! };
//! let document = input.document().to_json();
//! assert_eq!(document["caller"]["trust_domain"], "example.org");
//! assert_eq!(document["request"]["method"], "count_words");
//! assert_eq!(document["time"], "2026-01-01T00:00:00.000Z");
//! assert_eq!(document["clock"]["weekday"], "Thursday");
//! assert_eq!(document["caller_spiffe_id"], "spiffe://example.org/orchestrator");
//! ```
//!
//! # The answer
//!
//! A policy says `true`, or an object with `allow: true`. All else denies, and the [`Cause`] says why. Who performs a call asks
//! for a [`Permit`], which only a [`Decision`] that allows gives out.
//!
//! ```
//! use duologue_policy::{Cause, Decision, Verdict};
//! use serde_json::json;
//!
//! let said = Verdict::read(Some(&json!({"allow": true, "rule": "orchestrator"})));
//! let decision = Decision::of(said, "embedded", "sha256:…");
//! assert_eq!(decision.permit().expect("it allows").rule(), Some("orchestrator"));
//!
//! let said = Verdict::read(Some(&json!("yes")));
//! let decision = Decision::of(said, "embedded", "sha256:…");
//! assert_eq!(decision.cause(), Some(&Cause::NotADecision { found: "a string".into() }));
//! assert!(decision.permit().is_err());
//!
//! assert_eq!(Decision::of(Verdict::read(None), "embedded", "").cause(), Some(&Cause::Undefined));
//! ```
//!
//! # What is kept
//!
//! A [`DecisionRecord`] names who, what, by which rule and with which result, and of the parameters only a digest. In a file each
//! line carries the hash of the one before ([`Head`]), so that [`verify`] finds what was changed, taken out or put elsewhere:
//!
//! ```
//! use duologue_policy::{DecisionRecord, Fault, Head, verify};
//!
//! let line = |id: &str| DecisionRecord { id: id.into(), ..DecisionRecord::default() }.to_json();
//! let mut head = Head::default();
//! let mut lines: Vec<String> = ["a", "b", "c"].map(|id| head.append(&line(id))).into();
//! assert_eq!(verify(Head::default(), &lines), Ok(head));
//!
//! lines.remove(1);
//! assert_eq!(verify(Head::default(), &lines).map_err(|broken| broken.fault), Err(Fault::Missing));
//! ```
//!
//! # How often
//!
//! [`CallRate`] counts the calls of each caller in the last minute, in bounded memory, for policies that limit them.

#![forbid(unsafe_code)]

mod canonical;
mod chain;
mod decision;
mod document;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod input;
mod moment;
mod principal;
mod rate;
mod record;
mod verdict;

pub use chain::{Broken, Fault, Head, verify};
pub use decision::{Cause, Decision, Outcome, Permit, Refusal};
pub use document::{Document, Members};
pub use input::{Agent, Input, Request};
pub use moment::Moment;
pub use principal::Principal;
pub use rate::CallRate;
pub use record::DecisionRecord;
pub use verdict::Verdict;
