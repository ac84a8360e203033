use crate::Cause;
use serde_json::Value;
use std::borrow::Cow;

/// Reasons that are kept of what a policy gives, and bytes of each.
const REASONS: usize = 8;
const REASON_BYTES: usize = 256;

/// What a policy said, once it is sure that it said something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the call may be performed.
    pub allow: bool,
    /// Why, in the policy's words.
    pub reasons: Vec<String>,
    /// Which rule it was, in the policy's words.
    pub rule: Option<String>,
}

impl Verdict {
    /// Reads the value of the rule that decides: a boolean, or an object with a boolean `allow`, and perhaps `reason` or
    /// `reasons` and `rule` or `policy_id`. None: it is undefined.
    ///
    /// # Errors
    /// [`Cause::Undefined`] and [`Cause::NotADecision`].
    pub fn read(said: Option<&Value>) -> Result<Verdict, Cause> {
        let not = |found: &str| Cause::NotADecision { found: found.to_owned() };
        match said {
            None => Err(Cause::Undefined),
            Some(Value::Bool(allow)) => Ok(Verdict { allow: *allow, ..Verdict::default() }),
            Some(Value::Object(object)) => {
                let allow = object.get("allow").ok_or_else(|| not("an object without allow"))?;
                let allow = allow.as_bool().ok_or_else(|| not(&format!("{} as allow", kind(allow))))?;
                let mut verdict = Verdict { allow, ..Verdict::default() };
                verdict.explain(object.get("reasons").or_else(|| object.get("reason")));
                verdict.name(object.get("rule").or_else(|| object.get("policy_id")));
                Ok(verdict)
            }
            Some(other) => Err(not(kind(other))),
        }
    }

    /// Adds the value of a rule `reasons` or `reason`: a string, or an array of them. All else is passed over, since a reason
    /// decides nothing.
    pub fn explain(&mut self, reasons: Option<&Value>) {
        let one = reasons.and_then(Value::as_str).into_iter();
        let many = reasons.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let room = REASONS.saturating_sub(self.reasons.len());
        self.reasons.extend(one.chain(many).take(room).map(|reason| shortened(reason, REASON_BYTES).into_owned()));
    }

    /// Takes the value of a rule `rule` or `policy_id` for the name, unless there is one.
    pub fn name(&mut self, rule: Option<&Value>) {
        let named = rule.and_then(Value::as_str).filter(|name| !name.is_empty());
        self.rule = self.rule.take().or_else(|| named.map(|name| shortened(name, REASON_BYTES).into_owned()));
    }
}

/// The first `most` bytes of a text, in whole characters.
pub(crate) fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    if text.len() <= most {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("{}…", text.get(..text.floor_char_boundary(most)).unwrap_or_default()))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            let key = prop_oneof!["allow", "reason", "reasons", "rule", "policy_id", "[a-z]{1,3}"];
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(key, inner, 0..5)
                    .prop_map(|object| Value::Object(object.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn only_true_allows(said in any_json()) {
            let allows = said == json!(true) || said.get("allow") == Some(&json!(true));
            prop_assert_eq!(Verdict::read(Some(&said)).is_ok_and(|verdict| verdict.allow), allows);
        }
    }

    #[test]
    fn what_is_no_decision_says_what_it_is() {
        for (said, found) in [
            (json!("true"), "a string"),
            (json!(1), "a number"),
            (json!(null), "null"),
            (json!([true]), "an array"),
            (json!({"result": true}), "an object without allow"),
            (json!({"allow": "true"}), "a string as allow"),
            (json!({"allow": null}), "null as allow"),
        ] {
            assert_eq!(Verdict::read(Some(&said)), Err(Cause::NotADecision { found: found.into() }), "{said}");
        }
        assert_eq!(Verdict::read(None), Err(Cause::Undefined));
    }

    #[test]
    fn reasons_and_names_are_read_as_both_spell_them_and_kept_short() {
        let read = |said: Value| Verdict::read(Some(&said)).expect("a decision");
        let verdict = read(json!({"allow": false, "reason": "late", "policy_id": "default-v1"}));
        assert_eq!((verdict.reasons, verdict.rule), (vec!["late".to_owned()], Some("default-v1".into())));
        let verdict = read(json!({"allow": true, "reasons": ["a", 7, "b"], "rule": "r", "policy_id": "p"}));
        assert_eq!((verdict.reasons, verdict.rule), (vec!["a".into(), "b".into()], Some("r".into())));
        let verdict = read(json!({"allow": true, "reasons": vec!["ä".repeat(500); 20], "rule": 7}));
        assert_eq!((verdict.reasons.len(), verdict.reasons[0].len(), verdict.rule), (8, 256 + "…".len(), None));
    }
}
