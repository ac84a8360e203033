//! Percent-encoding of paths and queries (RFC 3986 §2.1).

use std::borrow::Cow;

/// A segment of a path, or a value of a query: everything but the unreserved characters is encoded.
pub(super) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for half in [byte >> 4, byte & 15] {
                encoded.push(char::from_digit(u32::from(half), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    encoded
}

/// What was encoded, where it is UTF-8.
pub(super) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let (halves, after) = rest.split_at_checked(2)?;
        rest = after;
        let digit = |half: &u8| char::from(*half).to_digit(16);
        let value = halves.iter().try_fold(0, |value, half| Some(value * 16 + digit(half)?))?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

/// Parameters of a query in their order; a plus is a space, as forms have it. What is not UTF-8 is passed over.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = (String, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let read = |text: &str| decode(&text.replace('+', " ")).map(Cow::into_owned);
        Some((read(name)?, read(value)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_encoded_is_decoded(text in "\\PC*") {
            let encoded = encode(&text);
            prop_assert_eq!(decode(&encoded), Some(Cow::Borrowed(&*text)));
            prop_assert_eq!(parameters(&format!("a={encoded}&b")).collect::<Vec<_>>(),
                vec![("a".to_owned(), text), ("b".to_owned(), String::new())]);
        }
    }

    #[test]
    fn what_is_no_encoding_is_refused() {
        for bad in ["%", "%4", "%zz", "%ff", "%+1", "a%C3"] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }
}
