use crate::Verdict;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// Whether a call may be performed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It may.
    Allow,
    /// It may not.
    #[default]
    Deny,
}

/// Why a call was denied other than by a policy that said so. What a caller is told of it is [`Refusal`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The rule that decides had no value for this input.
    #[error("the policy is undefined for this call: give it a default, such as `default allow := false`")]
    Undefined,
    /// It had a value that is neither a boolean nor an object with a boolean `allow`.
    #[error("the policy answered with {found}, which is no decision: it must be true, false or {{\"allow\": …}}")]
    NotADecision {
        /// What it was.
        found: String,
    },
    /// The evaluation ended with an error.
    #[error("the policy failed: {0}")]
    Failed(String),
    /// The evaluation, or the policy server, took longer than it may.
    #[error("the policy took too long: {0}")]
    TooLong(String),
    /// The policy server could not be reached, or refused.
    #[error("the policy server gave no answer: {0}")]
    NoAnswer(String),
    /// The policy server answered with what is no answer of such a server.
    #[error("the policy server's answer cannot be read: {0}")]
    Unreadable(String),
    /// No policy is loaded, and none means deny.
    #[error("no policy is loaded: name one, or set default_policy to allow_all where everybody may do everything")]
    NoPolicy,
    /// The decision could not be written down.
    #[error("the decision could not be logged: {0}")]
    NotLogged(String),
}

impl Cause {
    /// A stable word for logs and metrics.
    pub const fn code(&self) -> &'static str {
        match self {
            Cause::Undefined => "undefined",
            Cause::NotADecision { .. } => "not_a_decision",
            Cause::Failed(_) => "failed",
            Cause::TooLong(_) => "too_long",
            Cause::NoAnswer(_) => "no_answer",
            Cause::Unreadable(_) => "unreadable",
            Cause::NoPolicy => "no_policy",
            Cause::NotLogged(_) => "not_logged",
        }
    }
}

/// What was decided about a call, and by what. It allows only where a policy said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    id: String,
    verdict: Verdict,
    cause: Option<Cause>,
    engine: &'static str,
    policy: Arc<str>,
}

impl Decision {
    /// The decision that `said` makes: what a policy said, or why it said nothing. `engine` and `policy` are who evaluated
    /// what, the latter by its digest.
    pub fn of(said: Result<Verdict, Cause>, engine: &'static str, policy: impl Into<Arc<str>>) -> Decision {
        let (verdict, cause) = match said {
            Ok(verdict) => (verdict, None),
            Err(cause) => (Verdict::default(), Some(cause)),
        };
        Decision { id: String::new(), verdict, cause, engine, policy: policy.into() }
    }

    /// The same under an id, by which it is found in the decision log.
    #[must_use]
    pub fn known_as(self, id: impl Into<String>) -> Decision {
        Decision { id: id.into(), ..self }
    }

    /// The same, denied.
    #[must_use]
    pub fn denied(self, cause: Cause) -> Decision {
        Decision { verdict: Verdict { allow: false, ..self.verdict }, cause: Some(cause), ..self }
    }

    /// Its id in the decision log; empty: it has none.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the call may be performed.
    pub fn outcome(&self) -> Outcome {
        if self.verdict.allow && self.cause.is_none() { Outcome::Allow } else { Outcome::Deny }
    }

    /// Why it is denied, where no policy said so.
    pub fn cause(&self) -> Option<&Cause> {
        self.cause.as_ref()
    }

    /// Why, in the policy's words.
    pub fn reasons(&self) -> &[String] {
        &self.verdict.reasons
    }

    /// The rule that decided: its own name for itself, or where it stands.
    pub fn rule(&self) -> Option<&str> {
        self.verdict.rule.as_deref()
    }

    /// Who evaluated: `embedded`, `opa`, `none`.
    pub fn engine(&self) -> &'static str {
        self.engine
    }

    /// What was evaluated: the digest of the policy and its data, or the address of a server.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The proof that the call may be performed.
    ///
    /// # Errors
    /// What the caller is told, where it may not.
    pub fn permit(&self) -> Result<Permit, Refusal> {
        match self.outcome() {
            Outcome::Allow => {
                Ok(Permit { id: self.id.clone(), rule: self.verdict.rule.clone(), policy: Arc::clone(&self.policy) })
            }
            Outcome::Deny => {
                let rule = self.verdict.rule.clone().filter(|_| self.cause.is_none());
                Err(Refusal { id: self.id.clone(), rule, decided: self.cause.is_none() })
            }
        }
    }
}

/// Proof that a policy allowed a call. There is no other way to one than [`Decision::permit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permit {
    id: String,
    rule: Option<String>,
    policy: Arc<str>,
}

impl Permit {
    /// The decision's id in the decision log.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The rule that allowed it.
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// The policy that the rule is part of, by its digest.
    pub fn policy(&self) -> &str {
        &self.policy
    }
}

/// What a caller may know of a call that was denied: the rule, where a policy decided, and nothing of what went wrong here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    id: String,
    rule: Option<String>,
    decided: bool,
}

impl Refusal {
    /// The decision's id in the decision log, by which whoever runs the agent finds out more.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The rule that denied it; none: no policy decided.
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.rule, self.decided) {
            (Some(rule), true) => write!(f, "not authorised (rule {rule})"),
            (None, true) => f.write_str("not authorised"),
            (_, false) => f.write_str("not authorised: no decision could be made, which the agent's log explains"),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed() -> Decision {
        let verdict = Verdict { allow: true, rule: Some("r".into()), ..Verdict::default() };
        Decision::of(Ok(verdict), "embedded", "sha256:1")
    }

    #[test]
    fn no_cause_ever_allows() {
        assert_eq!(allowed().outcome(), Outcome::Allow);
        for cause in [
            Cause::Undefined,
            Cause::NotADecision { found: "null".into() },
            Cause::Failed("x".into()),
            Cause::TooLong("x".into()),
            Cause::NoAnswer("x".into()),
            Cause::Unreadable("x".into()),
            Cause::NoPolicy,
            Cause::NotLogged("x".into()),
        ] {
            for decision in [allowed().denied(cause.clone()), Decision::of(Err(cause.clone()), "embedded", "")] {
                assert_eq!((decision.outcome(), decision.cause()), (Outcome::Deny, Some(&cause)));
                assert!(decision.permit().is_err(), "{cause}");
            }
        }
    }

    #[test]
    fn a_refusal_names_the_rule_and_nothing_of_what_went_wrong() {
        let denied = Decision::of(Ok(Verdict { rule: Some("hours".into()), ..Verdict::default() }), "embedded", "");
        assert_eq!(denied.permit().expect_err("denied").to_string(), "not authorised (rule hours)");
        let failed = Decision::of(Err(Cause::Failed("secret.rego:3".into())), "embedded", "");
        assert!(!failed.permit().expect_err("denied").to_string().contains("secret"));
    }
}
