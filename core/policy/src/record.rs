use crate::verdict::shortened;
use crate::{Decision, Input, Outcome};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Bytes of a name that are kept: callers choose some of them.
const NAME_BYTES: usize = 512;
/// Earlier callers that are kept.
const CALLERS: usize = 16;

/// What is kept of a decision: who wanted what, which rule decided and how. Of the parameters only the digest is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRecord<'a> {
    /// Its own id.
    pub id: Cow<'a, str>,
    /// When it was decided: RFC 3339, UTC.
    pub at: Cow<'a, str>,
    /// Who called.
    pub caller: Cow<'a, str>,
    /// Who called before, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_behalf_of: Vec<Cow<'a, str>>,
    /// Who was called: the SPIFFE ID, or the name.
    pub agent: Cow<'a, str>,
    /// The capability, or the operation where none was called.
    pub method: Cow<'a, str>,
    /// The operation of A2A.
    pub operation: Cow<'a, str>,
    /// The task that it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<Cow<'a, str>>,
    /// Our id of the request.
    pub request: Cow<'a, str>,
    /// How it was decided.
    pub outcome: Outcome,
    /// Which rule decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<Cow<'a, str>>,
    /// Why, in the policy's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Cow<'a, str>>,
    /// Why it was denied where no policy said so: a stable word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cow<'a, str>>,
    /// The same at length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Cow<'a, str>>,
    /// Who evaluated.
    pub engine: Cow<'a, str>,
    /// The digest of what was evaluated.
    pub policy: Cow<'a, str>,
    /// The digest of the input.
    pub input: Cow<'a, str>,
}

impl<'a> DecisionRecord<'a> {
    /// Of a decision about `input`, whose document has the digest `input_digest`. Its id is the decision's.
    pub fn of(input: &'a Input, input_digest: String, decision: &'a Decision) -> DecisionRecord<'a> {
        let name = |text: &'a str| shortened(text, NAME_BYTES);
        let earlier = input.on_behalf_of.iter().take(CALLERS);
        DecisionRecord {
            id: decision.id().into(),
            at: input.at.to_string().into(),
            caller: name(&input.caller.0),
            on_behalf_of: earlier.map(|caller| name(&caller.0)).collect(),
            agent: name(if input.agent.id.0.is_empty() { &input.agent.name } else { &input.agent.id.0 }),
            method: name(&input.request.method),
            operation: name(&input.request.operation),
            task: input.request.task.as_deref().map(name),
            request: name(&input.request.id),
            outcome: decision.outcome(),
            rule: decision.rule().map(Cow::Borrowed),
            reasons: decision.reasons().iter().map(|reason| reason.as_str().into()).collect(),
            cause: decision.cause().map(|cause| cause.code().into()),
            detail: decision.cause().map(|cause| shortened(&cause.to_string(), NAME_BYTES).into_owned().into()),
            engine: decision.engine().into(),
            policy: decision.policy().into(),
            input: input_digest.into(),
        }
    }

    /// As one line of JSON.
    pub fn to_json(&self) -> String {
        // Strings and lists of them cannot fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cause, Principal, Request, Verdict};
    use serde_json::json;

    #[test]
    fn parameters_are_not_in_it() {
        let params = json!({"iban": "DE02120300000000202051"});
        let request = Request { method: "pay".into(), params, ..Request::default() };
        let input = Input { caller: Principal("spiffe://a.test/x".into()), request, ..Input::default() };
        let decision = Decision::of(Verdict::read(Some(&json!(true))), "embedded", "sha256:1").known_as("7");
        let record = DecisionRecord::of(&input, input.document().digest(), &decision);
        let text = record.to_json();
        assert!(!text.contains("DE02"), "{text}");
        assert!(record.input.starts_with("sha256:") && record.input.len() == 7 + 64);
        assert_eq!(serde_json::from_str::<DecisionRecord>(&text).ok(), Some(record));
    }

    #[test]
    fn callers_cannot_make_it_long() {
        let long = || "x".repeat(1_000_000);
        let input = Input {
            caller: Principal(long()),
            on_behalf_of: (0..1_000).map(|_| Principal(long())).collect(),
            request: Request {
                method: long(),
                operation: long(),
                task: Some(long()),
                id: long(),
                ..Request::default()
            },
            ..Input::default()
        };
        let decision = Decision::of(Err(Cause::Failed(long())), "embedded", "");
        assert!(DecisionRecord::of(&input, String::new(), &decision).to_json().len() < 16_384);
    }
}
