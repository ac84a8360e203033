//! What a policy is asked.

use crate::{Moment, Principal};
use duologue_ids::SpiffeId;
use serde_json::{Map, Value, json};

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
    pub fn document(&self) -> Value {
        let callers: Vec<&str> = self.on_behalf_of.iter().map(|caller| caller.0.as_str()).collect();
        let (caller, agent) = (self.caller.spiffe_id(), self.agent.id.spiffe_id());
        let time = self.at.to_string();
        let mut all = Map::new();
        all.insert("caller".into(), self.caller_document(caller.as_ref()));
        all.insert("on_behalf_of".into(), json!(callers));
        all.insert("agent".into(), self.agent_document(agent.as_ref()));
        all.insert("request".into(), self.request_document());
        all.insert("now_ns".into(), json!(self.at.unix_ns()));
        let at = self.at;
        all.insert("clock".into(), json!({"weekday": at.weekday(), "hour": at.hour(), "minute": at.minute()}));
        if let Some(calls) = self.calls_last_minute {
            all.insert("rate".into(), json!({"caller_last_minute": calls}));
        }
        let context = json!({
            "payload_size": self.request.bytes,
            "request_id": self.request.id,
            "operation": self.request.operation,
            "on_behalf_of": callers,
        });
        all.insert("context".into(), context);
        all.insert("action".into(), json!(self.request.method));
        put_id(&mut all, ["caller_spiffe_id", "caller_trust_domain"], (&self.caller, caller.as_ref()));
        put_id(&mut all, ["resource_spiffe_id", "resource_trust_domain"], (&self.agent.id, agent.as_ref()));
        all.insert("timestamp".into(), json!(time));
        all.insert("time".into(), Value::String(time));
        Value::Object(all)
    }

    fn caller_document(&self, id: Option<&SpiffeId>) -> Value {
        let mut caller = Map::new();
        put(&mut caller, "principal", Some(&self.caller.0));
        put_id(&mut caller, ID, (&self.caller, id));
        Value::Object(caller)
    }

    fn agent_document(&self, id: Option<&SpiffeId>) -> Value {
        let mut agent = Map::new();
        put(&mut agent, "name", Some(&self.agent.name));
        put(&mut agent, "version", Some(&self.agent.version));
        put_id(&mut agent, ID, (&self.agent.id, id));
        Value::Object(agent)
    }

    fn request_document(&self) -> Value {
        let mut request = Map::new();
        put(&mut request, "id", Some(&self.request.id));
        put(&mut request, "method", Some(&self.request.method));
        put(&mut request, "operation", Some(&self.request.operation));
        put(&mut request, "skill", self.request.skill.as_deref());
        put(&mut request, "task", self.request.task.as_deref());
        request.insert("bytes".into(), json!(self.request.bytes));
        request.insert("params".into(), self.request.params.clone());
        Value::Object(request)
    }
}

/// Under which names they stand.
const ID: [&str; 2] = ["spiffe_id", "trust_domain"];

/// The SPIFFE ID and its trust domain, where the name is one.
fn put_id(into: &mut Map<String, Value>, [name, domain]: [&str; 2], (who, id): (&Principal, Option<&SpiffeId>)) {
    if let Some(id) = id {
        put(into, name, Some(&who.0));
        put(into, domain, Some(id.trust_domain().as_str()));
    }
}

fn put(into: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        into.insert(name.to_owned(), Value::String(value.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_without_a_spiffe_id_has_none_in_the_document() {
        let input = Input { caller: Principal("anna".into()), ..Input::default() };
        let document = input.document();
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
        assert_eq!(input.document(), expected);
    }
}
