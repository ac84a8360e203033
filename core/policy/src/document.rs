//! What a policy is asked, as a document: borrowed from the question, since each call has one made.

use crate::Principal;
use crate::chain::hex;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// A document of JSON, most of which is held by somebody else.
#[derive(Clone, Debug, PartialEq)]
pub enum Document<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// A number.
    Whole(i64),
    /// An array of names.
    Names(&'a [Principal]),
    /// Any JSON, such as a call's parameters.
    Json(&'a Value),
    /// An object.
    Object(Members<'a>),
}

/// The members of an object, in order of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Members<'a>(Vec<(&'static str, Document<'a>)>);

impl<'a> Members<'a> {
    /// The members of which there is a value. Their names are in ASCII, and written in order: each call has seven of these made.
    pub(crate) fn of<const N: usize>(all: [(&'static str, Option<Document<'a>>); N]) -> Document<'a> {
        debug_assert!(all.iter().is_sorted_by_key(|(name, _)| *name));
        let mut members = Vec::with_capacity(N);
        members.extend(all.into_iter().filter_map(|(name, value)| Some((name, value?))));
        Document::Object(Members(members))
    }

    /// One after the other, in order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &(&'static str, Document<'a>)> {
        self.0.iter()
    }
}

impl Document<'_> {
    /// The same as a value of its own.
    pub fn to_json(&self) -> Value {
        match self {
            Document::Text(text) => Value::from(text.as_ref()),
            Document::Whole(number) => Value::from(*number),
            Document::Names(names) => names.iter().map(|name| Value::from(name.0.as_str())).collect(),
            Document::Json(value) => (*value).clone(),
            Document::Object(members) => {
                Value::Object(members.iter().map(|(name, value)| ((*name).to_owned(), value.to_json())).collect())
            }
        }
    }

    /// `sha256:` and the digest of the document in its canonical form (RFC 8785), so that equal documents have equal digests
    /// whoever wrote them.
    pub fn digest(&self) -> String {
        // What has no canonical form has the one that serde gives it, whose members are in order too.
        let text = crate::canonical::canonical(self).or_else(|_| serde_json::to_vec(self));
        ["sha256:", &hex(&Sha256::digest(text.unwrap_or_default()))].concat()
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Document::Text(text) => to.serialize_str(text),
            Document::Whole(number) => to.serialize_i64(*number),
            Document::Names(names) => to.collect_seq(names.iter().map(|name| &name.0)),
            Document::Json(value) => value.serialize(to),
            Document::Object(members) => {
                let mut map = to.serialize_map(Some(members.iter().len()))?;
                members.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
                map.end()
            }
        }
    }
}

impl<'a> From<&'a Value> for Document<'a> {
    fn from(value: &'a Value) -> Document<'a> {
        Document::Json(value)
    }
}

impl<'a> From<&'a str> for Document<'a> {
    fn from(text: &'a str) -> Document<'a> {
        Document::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Document<'a> {
    fn from(text: &'a String) -> Document<'a> {
        Document::from(text.as_str())
    }
}

/// Counts are far below the end of the numbers.
impl From<u64> for Document<'_> {
    fn from(number: u64) -> Self {
        Document::Whole(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_members_does_not_change_a_digest() {
        let read = |text: &str| Document::Json(&serde_json::from_str(text).expect("JSON")).digest();
        assert_eq!(read(r#"{"a":1,"b":[1,2]}"#), read(r#"{"b":[1,2],"a":1.0}"#));
        assert_ne!(read(r#"{"a":1,"b":[1,2]}"#), read(r#"{"a":1,"b":[2,1]}"#));
        assert_ne!(read(r#"{"now_ns":1795329713042000000}"#), read(r#"{"now_ns":1795329713043000000}"#));
    }

    #[test]
    fn all_forms_say_the_same() {
        let (params, names) = (json!({"b": [1, null, "x"], "a": 1.5}), [Principal("x".into()), Principal("y".into())]);
        let document = Members::of([
            ("json", Some(Document::from(&params))),
            ("names", Some(Document::Names(&names))),
            ("none", None),
            ("object", Some(Members::of([("y", Some(Document::from(u64::MAX))), ("z", Some(Document::from(1u64)))]))),
            ("text", Some(Document::from("a \"text\""))),
            ("whole", Some(Document::Whole(i64::MIN))),
        ]);
        let expected = json!({
            "text": "a \"text\"", "whole": i64::MIN, "names": ["x", "y"], "json": params, "object": {"z": 1, "y": i64::MAX},
        });
        assert_eq!(document.to_json(), expected);
        assert_eq!(serde_json::to_value(&document).ok().as_ref(), Some(&expected));
        assert_eq!(document.digest(), Document::from(&expected).digest());
    }
}
