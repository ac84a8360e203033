//! The canonical form of JSON (RFC 8785), written straight into the text: each decision has the digest of one.

use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Integers up to here are numbers of JavaScript (RFC 8785 §3.2.2.3) digit by digit.
const WHOLE: u64 = 1 << 53;
/// What most inputs of policies have room in.
const BYTES: usize = 1_024;

/// A document in its canonical form, which is that of `serde_json_canonicalizer` too.
pub(crate) fn canonical(document: &Value) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(BYTES);
    write(document, &mut text)?;
    Ok(text)
}

fn write(value: &Value, into: &mut Vec<u8>) -> serde_json::Result<()> {
    match value {
        Value::Null | Value::Bool(_) => serde_json::to_writer(into, value),
        Value::Number(number) => write_number(number, into),
        // It escapes what has to be, and nothing else (§3.2.2.2).
        Value::String(text) => serde_json::to_writer(into, text),
        Value::Array(values) => {
            into.push(b'[');
            for (at, value) in values.iter().enumerate() {
                separate(at, into);
                write(value, into)?;
            }
            into.push(b']');
            Ok(())
        }
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by(|(one, _), (other, _)| order(one, other));
            into.push(b'{');
            for (at, (name, value)) in members.into_iter().enumerate() {
                separate(at, into);
                serde_json::to_writer(&mut *into, name)?;
                into.push(b':');
                write(value, into)?;
            }
            into.push(b'}');
            Ok(())
        }
    }
}

fn separate(at: usize, into: &mut Vec<u8>) {
    if at > 0 {
        into.push(b',');
    }
}

/// Names are in order of their units of UTF-16 (§3.2.3), which is not that of their bytes above U+FFFF.
fn order(one: &str, other: &str) -> Ordering {
    if one.is_ascii() && other.is_ascii() { one.cmp(other) } else { one.encode_utf16().cmp(other.encode_utf16()) }
}

fn write_number(number: &Number, into: &mut Vec<u8>) -> serde_json::Result<()> {
    match number.as_i64() {
        Some(whole) if whole.unsigned_abs() <= WHOLE => serde_json::to_writer(into, &whole),
        _ => {
            into.extend_from_slice(&serde_json_canonicalizer::to_vec(number)?);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::canonical;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-(1i64 << 54)..1 << 54).prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..6)
                    .prop_map(|object| Value::Object(object.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_is_what_the_canonicalizer_writes(document in any_json()) {
            let theirs = serde_json_canonicalizer::to_vec(&document).expect("it has a canonical form");
            prop_assert_eq!(canonical(&document).expect("it has a canonical form"), theirs);
        }
    }

    #[test]
    fn where_the_orders_of_bytes_and_of_utf16_differ() {
        let document = json!({"\u{10000}": 1, "\u{ffff}": 2, "a": 3, "": 4});
        let text = String::from_utf8(canonical(&document).expect("it has a canonical form"));
        assert_eq!(text.as_deref(), Ok("{\"\":4,\"a\":3,\"\u{10000}\":1,\"\u{ffff}\":2}"));
    }

    #[test]
    fn every_escape_and_number_of_the_rfc() {
        let document = json!({
            "string": "€$\u{f}\nA'\u{42}\"\\\\\"/\u{7f}\u{2028}",
            "numbers": [333_333_333.333_333_3, 1e30, 4.50, 2e-3, 1e-27, 9_007_199_254_740_993u64, -0.0],
            "literals": [null, true, false],
        });
        let theirs = serde_json_canonicalizer::to_string(&document);
        let ours = canonical(&document).map(|text| String::from_utf8_lossy(&text).into_owned());
        assert_eq!(ours.ok(), theirs.ok());
    }
}
