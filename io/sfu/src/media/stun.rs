//! To whom a question of ICE is put: a binding request (RFC 8489) names in its USERNAME first who is asked, then who asks
//! (RFC 8445 §7.2.2).

/// Of a message: type and length, cookie, transaction.
const HEADER: usize = 20;
const BINDING_REQUEST: [u8; 2] = [0, 1];
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const USERNAME: u16 = 6;

/// Whether it looks like any message of STUN (RFC 7983 §7).
pub(crate) fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| *first < 4)
}

/// The name of the one who is asked; `None` for whatever is no such question. Nothing is verified here.
pub(crate) fn username(datagram: &[u8]) -> Option<&str> {
    let (header, mut attributes) = datagram.split_at_checked(HEADER)?;
    if !header.starts_with(&BINDING_REQUEST) || header.get(4..8) != Some(&COOKIE) {
        return None;
    }
    loop {
        let [k1, k2, l1, l2, ref rest @ ..] = *attributes else { return None };
        let length = usize::from(u16::from_be_bytes([l1, l2]));
        let value = rest.get(..length)?;
        if u16::from_be_bytes([k1, k2]) == USERNAME {
            let (asked, _) = std::str::from_utf8(value).ok()?.split_once(':')?;
            return Some(asked);
        }
        // Values are padded to four bytes (RFC 8489 §14).
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = [&BINDING_REQUEST[..], &[0, 0], &COOKIE, &[7; 12]].concat();
        for (kind, value) in attributes {
            bytes.extend(kind.to_be_bytes());
            bytes.extend((value.len() as u16).to_be_bytes());
            bytes.extend(*value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    proptest! {
        #[test]
        fn the_name_is_found_behind_whatever_stands_before(
            before in prop::collection::vec((7u16..99, prop::collection::vec(any::<u8>(), 0..9)), 0..4), name in "[a-z]{1,9}",
        ) {
            let full = format!("{name}:other");
            let mut all: Vec<(u16, &[u8])> = before.iter().map(|(kind, value)| (*kind, &value[..])).collect();
            all.push((USERNAME, full.as_bytes()));
            let bytes = request(&all);
            prop_assert!(is_stun(&bytes));
            prop_assert_eq!(username(&bytes), Some(name.as_str()));
        }

        #[test]
        fn any_bytes_are_a_question_or_none(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            username(&bytes);
            username(&[&request(&[])[..], &bytes].concat());
        }
    }
}
