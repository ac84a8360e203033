//! What a policy is asked.

use crate::document::{Document, Members};
use crate::{Moment, Principal};
use serde_json::Value;

/// A call, as a policy sees it. All of it was proven or measured by us, but for [`Input::on_behalf_of`] and
/// [`Request::params`], which the caller says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input {
    /// Who calls: proven by the connection or a token, never read from the call itself.
    pub caller: Principal,
    /// Who called before, the first caller first. Only the immediate caller vouches for them: they may take rights away, and
    /// give none.
    pub on_behalf_of: Vec<Principal>,
    /// Who is called.
    pub agent: Agent,
    /// What is asked.
    pub request: Request,
    /// When.
    pub at: Moment,
    /// Calls of this caller in the last minute, this one among them; none: nobody counted.
    pub calls_last_minute: Option<u64>,
}

/// The agent that is called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// Its name in its card.
    pub name: String,
    /// Its own identity; empty: it has none.
    pub id: Principal,
    /// Its version in its card.
    pub version: String,
}

/// What is asked of the agent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Our id of the request, as it stands in logs.
    pub id: String,
    /// The capability's name; for what is no call of a capability, the operation's.
    pub method: String,
    /// The operation of A2A: `SendMessage`, `GetTask` …
    pub operation: String,
    /// The skill of the agent's card that offers the capability, where it has one of its own.
    pub skill: Option<String>,
    /// The capability's parameters; null where there are none.
    pub params: Value,
    /// The task that it is about.
    pub task: Option<String>,
    /// Bytes of the body.
    pub bytes: u64,
}

impl Input {
    /// The document that is `input` to a policy. What is not known is absent, so that a policy which needs it is undefined,
    /// and denies.
    ///
    /// | name | what |
    /// |---|---|
    /// | `caller.principal` | who calls, whatever kind of name it is |
    /// | `caller.spiffe_id`, `caller.trust_domain` | the same where it is a SPIFFE ID, else absent |
    /// | `on_behalf_of` | names of those who called before, the first one first; said by the caller |
    /// | `agent.name`, `agent.version`, `agent.spiffe_id`, `agent.trust_domain` | who is called |
    /// | `request.method` | the capability, or the operation where none is called |
    /// | `request.operation`, `request.skill`, `request.task`, `request.id`, `request.bytes` | of A2A |
    /// | `request.params` | the parameters as they came |
    /// | `time` | RFC 3339, UTC |
    /// | `now_ns` | the same in nanoseconds since 1970, as `time.now_ns()` says it |
    /// | `clock.weekday`, `clock.hour`, `clock.minute` | the same in UTC: `"Monday"`, 0 to 23, 0 to 59 |
    /// | `rate.caller_last_minute` | calls of this caller, this one among them |
    ///
    /// Policies that were written for `agentweave.authz` find `caller_spiffe_id`, `caller_trust_domain`, `resource_spiffe_id`,
    /// `resource_trust_domain`, `action`, `timestamp` and `context` (`payload_size`, `request_id`, `operation`,
    /// `on_behalf_of`) beside these.
    pub fn document(&self) -> Document<'_> {
        let (caller, agent) = (Named::of(&self.caller), Named::of(&self.agent.id));
        let time = self.at.to_string();
        Members::of([
            ("action", Some(Document::from(&self.request.method))),
            ("agent", Some(self.agent_document(&agent))),
            ("caller", Some(self.caller_document(&caller))),
            ("caller_spiffe_id", caller.id()),
            ("caller_trust_domain", caller.trust_domain()),
            ("clock", Some(clock(self.at))),
            ("context", Some(self.context())),
            ("now_ns", Some(Document::Whole(self.at.unix_ns()))),
            ("on_behalf_of", Some(Document::Names(&self.on_behalf_of))),
            ("rate", self.calls_last_minute.map(|calls| Members::of([("caller_last_minute", Some(calls.into()))]))),
            ("request", Some(self.request.document())),
            ("resource_spiffe_id", agent.id()),
            ("resource_trust_domain", agent.trust_domain()),
            ("time", Some(Document::Text(time.clone().into()))),
            ("timestamp", Some(Document::Text(time.into()))),
        ])
    }

    fn caller_document<'a>(&'a self, caller: &Named<'a>) -> Document<'a> {
        Members::of([
            ("principal", Some(Document::from(&self.caller.0))),
            ("spiffe_id", caller.id()),
            ("trust_domain", caller.trust_domain()),
        ])
    }

    fn agent_document<'a>(&'a self, agent: &Named<'a>) -> Document<'a> {
        Members::of([
            ("name", Some(Document::from(&self.agent.name))),
            ("spiffe_id", agent.id()),
            ("trust_domain", agent.trust_domain()),
            ("version", Some(Document::from(&self.agent.version))),
        ])
    }

    fn context(&self) -> Document<'_> {
        Members::of([
            ("on_behalf_of", Some(Document::Names(&self.on_behalf_of))),
            ("operation", Some(Document::from(&self.request.operation))),
            ("payload_size", Some(self.request.bytes.into())),
            ("request_id", Some(Document::from(&self.request.id))),
        ])
    }
}

impl Request {
    fn document(&self) -> Document<'_> {
        Members::of([
            ("bytes", Some(self.bytes.into())),
            ("id", Some(Document::from(&self.id))),
            ("method", Some(Document::from(&self.method))),
            ("operation", Some(Document::from(&self.operation))),
            ("params", Some(Document::from(&self.params))),
            ("skill", self.skill.as_ref().map(Document::from)),
            ("task", self.task.as_ref().map(Document::from)),
        ])
    }
}

fn clock(at: Moment) -> Document<'static> {
    Members::of([
        ("hour", Some(Document::Whole(at.hour()))),
        ("minute", Some(Document::Whole(at.minute()))),
        ("weekday", Some(Document::from(at.weekday()))),
    ])
}

/// Somebody, and the trust domain where the name is a SPIFFE ID.
struct Named<'a> {
    name: &'a str,
    trust_domain: Option<&'a str>,
}

impl<'a> Named<'a> {
    fn of(who: &'a Principal) -> Named<'a> {
        let path = who.0.strip_prefix("spiffe://").filter(|_| who.spiffe_id().is_some());
        Named { name: &who.0, trust_domain: path.and_then(|path| path.split('/').next()) }
    }

    fn id(&self) -> Option<Document<'a>> {
        self.trust_domain.map(|_| Document::from(self.name))
    }

    fn trust_domain(&self) -> Option<Document<'a>> {
        self.trust_domain.map(Document::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_caller_without_a_spiffe_id_has_none_in_the_document() {
        let input = Input { caller: Principal("anna".into()), ..Input::default() };
        let document = input.document().to_json();
        assert_eq!(document["caller"], json!({"principal": "anna"}));
        assert_eq!(document.get("caller_spiffe_id"), None);
        assert_eq!(document.get("rate"), None);
    }

    #[test]
    fn both_sets_of_names_say_the_same() {
        let input = Input {
            caller: Principal("spiffe://a.test/x".into()),
            on_behalf_of: vec![Principal("spiffe://a.test/first".into())],
            agent: Agent { name: "worker".into(), id: Principal("spiffe://b.test/y".into()), version: "1".into() },
            request: Request {
                id: "r-1".into(),
                method: "count".into(),
                operation: "SendMessage".into(),
                skill: Some("words".into()),
                params: json!({"text": "a b"}),
                task: None,
                bytes: 80,
            },
            at: Moment::from_unix_ms(1_795_329_713_042),
            calls_last_minute: Some(3),
        };
        let expected = json!({
            "caller": {"principal": "spiffe://a.test/x", "spiffe_id": "spiffe://a.test/x", "trust_domain": "a.test"},
            "on_behalf_of": ["spiffe://a.test/first"],
            "agent": {"name": "worker", "version": "1", "spiffe_id": "spiffe://b.test/y", "trust_domain": "b.test"},
            "request": {"id": "r-1", "method": "count", "operation": "SendMessage", "skill": "words", "bytes": 80,
                "params": {"text": "a b"}},
            "time": "2026-11-22T06:41:53.042Z",
            "now_ns": 1_795_329_713_042_000_000i64,
            "clock": {"weekday": "Sunday", "hour": 6, "minute": 41},
            "rate": {"caller_last_minute": 3},
            "caller_spiffe_id": "spiffe://a.test/x",
            "caller_trust_domain": "a.test",
            "resource_spiffe_id": "spiffe://b.test/y",
            "resource_trust_domain": "b.test",
            "action": "count",
            "timestamp": "2026-11-22T06:41:53.042Z",
            "context": {"payload_size": 80, "request_id": "r-1", "operation": "SendMessage",
                "on_behalf_of": ["spiffe://a.test/first"]},
        });
        assert_eq!(input.document().to_json(), expected);
        assert_eq!(input.document().digest(), Document::from(&expected).digest(), "members in order");
    }
}
