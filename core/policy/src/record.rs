use crate::canonical::canonical;
use crate::chain::hex;
use crate::verdict::shortened;
use crate::{Decision, Input, Outcome};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Bytes of a name that are kept: callers choose some of them.
const NAME_BYTES: usize = 512;
/// Earlier callers that are kept.
const CALLERS: usize = 16;

/// What is kept of a decision: who wanted what, which rule decided and how. Of the parameters only the digest is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionRecord {
    /// Its own id.
    pub id: String,
    /// When it was decided: RFC 3339, UTC.
    pub at: String,
    /// Who called.
    pub caller: String,
    /// Who called before, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub on_behalf_of: Vec<String>,
    /// Who was called: the SPIFFE ID, or the name.
    pub agent: String,
    /// The capability, or the operation where none was called.
    pub method: String,
    /// The operation of A2A.
    pub operation: String,
    /// The task that it was about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// Our id of the request.
    pub request: String,
    /// How it was decided.
    pub outcome: Outcome,
    /// Which rule decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Why, in the policy's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Why it was denied where no policy said so: a stable word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The same at length.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Who evaluated.
    pub engine: String,
    /// The digest of what was evaluated.
    pub policy: String,
    /// The digest of the input.
    pub input: String,
}

impl DecisionRecord {
    /// Of a decision about `input`, whose document has the digest `input_digest`. Its id is the decision's.
    pub fn of(input: &Input, input_digest: String, decision: &Decision) -> DecisionRecord {
        let name = |text: &str| shortened(text, NAME_BYTES);
        let earlier = input.on_behalf_of.iter().take(CALLERS);
        DecisionRecord {
            id: decision.id().to_owned(),
            at: input.at.to_string(),
            caller: name(&input.caller.0),
            on_behalf_of: earlier.map(|caller| name(&caller.0)).collect(),
            agent: name(if input.agent.id.0.is_empty() { &input.agent.name } else { &input.agent.id.0 }),
            method: name(&input.request.method),
            operation: name(&input.request.operation),
            task: input.request.task.as_deref().map(name),
            request: name(&input.request.id),
            outcome: decision.outcome(),
            rule: decision.rule().map(str::to_owned),
            reasons: decision.reasons().to_vec(),
            cause: decision.cause().map(|cause| cause.code().to_owned()),
            detail: decision.cause().map(|cause| name(&cause.to_string())),
            engine: decision.engine().to_owned(),
            policy: decision.policy().to_owned(),
            input: input_digest,
        }
    }

    /// As one line of JSON.
    pub fn to_json(&self) -> String {
        // Strings and lists of them cannot fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// `sha256:` and the digest of a document in its canonical form (RFC 8785), so that equal documents have equal digests whoever
/// wrote them.
pub fn digest(document: &Value) -> String {
    // What has no canonical form has the one that serde gives it, whose members are in order too.
    let text = canonical(document).or_else(|_| serde_json::to_vec(document));
    format!("sha256:{}", hex(&Sha256::digest(text.unwrap_or_default())))
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
        let record = DecisionRecord::of(&input, digest(&input.document()), &decision);
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

    #[test]
    fn the_order_of_members_does_not_change_a_digest() {
        let read = |text: &str| digest(&serde_json::from_str(text).expect("JSON"));
        assert_eq!(read(r#"{"a":1,"b":[1,2]}"#), read(r#"{"b":[1,2],"a":1.0}"#));
        assert_ne!(read(r#"{"a":1,"b":[1,2]}"#), read(r#"{"a":1,"b":[2,1]}"#));
        assert_ne!(read(r#"{"now_ns":1795329713042000000}"#), read(r#"{"now_ns":1795329713043000000}"#));
    }
}
