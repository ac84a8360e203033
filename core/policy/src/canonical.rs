//! The canonical form of JSON (RFC 8785), written straight into the text: each decision has the digest of one.

use crate::Document;
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// Integers up to here are numbers of JavaScript (RFC 8785 §3.2.2.3) digit by digit.
const WHOLE: u64 = 1 << 53;
/// Of a larger one that ends in six zeros no more than 13 digits count, which a number of JavaScript gives back: nanoseconds of a
/// moment in whole milliseconds.
const ZEROS: i64 = 1_000_000;
/// What most inputs of policies have room in.
const BYTES: usize = 1_024;

/// A document in its canonical form, which is that of `serde_json_canonicalizer` too.
pub(crate) fn canonical(document: &Document<'_>) -> serde_json::Result<Vec<u8>> {
    let mut text = Vec::with_capacity(BYTES);
    write_document(document, &mut text)?;
    Ok(text)
}

fn write_document(document: &Document<'_>, into: &mut Vec<u8>) -> serde_json::Result<()> {
    match document {
        Document::Text(text) => write_text(text, into),
        Document::Whole(number) => write_number(&Number::from(*number), into),
        Document::Names(names) => within(into, *b"[]", names.iter(), |name, into| write_text(&name.0, into)),
        Document::Json(value) => write(value, into),
        Document::Object(members) => within(into, *b"{}", members.iter(), |(name, value), into| {
            write_name(name, into)?;
            write_document(value, into)
        }),
    }
}

fn write(value: &Value, into: &mut Vec<u8>) -> serde_json::Result<()> {
    match value {
        Value::Null | Value::Bool(_) => serde_json::to_writer(into, value),
        Value::Number(number) => write_number(number, into),
        Value::String(text) => write_text(text, into),
        Value::Array(values) => within(into, *b"[]", values.iter(), write),
        Value::Object(members) => {
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_by(|(one, _), (other, _)| order(one, other));
            within(into, *b"{}", members.into_iter(), |(name, value), into| {
                write_name(name, into)?;
                write(value, into)
            })
        }
    }
}

/// What is in an array or an object, with commas between.
fn within<T>(
    into: &mut Vec<u8>,
    [open, close]: [u8; 2],
    all: impl Iterator<Item = T>,
    mut each: impl FnMut(T, &mut Vec<u8>) -> serde_json::Result<()>,
) -> serde_json::Result<()> {
    into.push(open);
    for (at, one) in all.enumerate() {
        if at > 0 {
            into.push(b',');
        }
        each(one, into)?;
    }
    into.push(close);
    Ok(())
}

fn write_name(name: &str, into: &mut Vec<u8>) -> serde_json::Result<()> {
    write_text(name, into)?;
    into.push(b':');
    Ok(())
}

/// A string, in which what has to be escaped is, and nothing else (§3.2.2.2).
fn write_text(text: &str, into: &mut Vec<u8>) -> serde_json::Result<()> {
    // To the end of it, whatever is found: so many bytes at once are looked at.
    let has_escapes = |found, byte| found | (byte < b' ') | (byte == b'"') | (byte == b'\\');
    if text.bytes().fold(false, has_escapes) {
        return serde_json::to_writer(into, text);
    }
    into.push(b'"');
    into.extend_from_slice(text.as_bytes());
    into.push(b'"');
    Ok(())
}

/// Names are in order of their units of UTF-16 (§3.2.3), which is not that of their bytes above U+FFFF.
fn order(one: &str, other: &str) -> Ordering {
    if one.is_ascii() && other.is_ascii() { one.cmp(other) } else { one.encode_utf16().cmp(other.encode_utf16()) }
}

fn write_number(number: &Number, into: &mut Vec<u8>) -> serde_json::Result<()> {
    match number.as_i64() {
        Some(whole) if whole.unsigned_abs() <= WHOLE || whole % ZEROS == 0 => serde_json::to_writer(into, &whole),
        _ => {
            into.extend_from_slice(&serde_json_canonicalizer::to_vec(number)?);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Document;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn canonical(document: &Value) -> serde_json::Result<Vec<u8>> {
        super::canonical(&Document::from(document))
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (i64::MIN / 1_000_000..i64::MAX / 1_000_000).prop_map(|ms| Value::from(ms * 1_000_000)),
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
