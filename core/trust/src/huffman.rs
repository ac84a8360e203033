//! HPACK's Huffman code (RFC 7541, appendix B), as far as finding and replacing characters takes it.

/// Bits of the code of each byte, and of the end of the string. The code is canonical: shorter codes come first, and among codes
/// of one length those of smaller bytes.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

/// The bits of one symbol, from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    pub(crate) byte: u8,
    /// The first bit.
    at: usize,
    bits: u8,
}

/// The symbols of a string; none where it is not well formed.
pub(crate) fn symbols(text: &[u8]) -> Option<Vec<Symbol>> {
    let (order, end) = (order(), text.len() * 8);
    let (mut found, mut at) = (Vec::new(), 0);
    while at < end {
        match symbol(text, at, &order) {
            Some(symbol) => {
                at += usize::from(symbol.bits);
                found.push(symbol);
            }
            // What is left is padding: fewer than eight bits, all of them set.
            None if end - at < 8 && (at..end).all(|bit| is_set(text, bit)) => break,
            None => return None,
        }
    }
    Some(found)
}

/// Writes the code of a byte in the place of one that is as long. Whether that was done.
pub(crate) fn replace(text: &mut [u8], old: Symbol, byte: u8) -> bool {
    if LENGTHS[usize::from(byte)] != old.bits {
        return false;
    }
    let code = code(byte);
    for bit in 0..usize::from(old.bits) {
        let (at, mask) = ((old.at + bit) / 8, 0x80 >> ((old.at + bit) % 8));
        match code >> (usize::from(old.bits) - 1 - bit) & 1 {
            0 => text[at] &= !mask,
            _ => text[at] |= mask,
        }
    }
    true
}

/// Symbols in the order of their codes.
fn order() -> Vec<u16> {
    let mut order: Vec<u16> = (0..257).collect();
    order.sort_by_key(|symbol| LENGTHS[usize::from(*symbol)]);
    order
}

fn code(byte: u8) -> u32 {
    let (mut code, mut length) = (0u32, 0u8);
    for symbol in order() {
        code <<= LENGTHS[usize::from(symbol)] - length;
        length = LENGTHS[usize::from(symbol)];
        if symbol == u16::from(byte) {
            break;
        }
        code += 1;
    }
    code
}

fn symbol(text: &[u8], at: usize, order: &[u16]) -> Option<Symbol> {
    // `code` is the smallest code of `bits` bits, `first` the place of its symbol.
    let (mut value, mut code, mut first) = (0u32, 0u32, 0usize);
    for bits in 1..=30u8 {
        let bit = at + usize::from(bits) - 1;
        if bit >= text.len() * 8 {
            return None;
        }
        value = value << 1 | u32::from(is_set(text, bit));
        code <<= 1;
        let same = order[first..].iter().take_while(|symbol| LENGTHS[usize::from(**symbol)] == bits);
        let count = u32::try_from(same.count()).ok()?;
        if value.wrapping_sub(code) < count {
            let symbol = order[first + usize::try_from(value - code).ok()?];
            return u8::try_from(symbol).ok().map(|byte| Symbol { byte, at, bits });
        }
        code += count;
        first += usize::try_from(count).ok()?;
    }
    None
}

fn is_set(text: &[u8], bit: usize) -> bool {
    text[bit / 8] & (0x80 >> (bit % 8)) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(bytes: &[u8]) -> Option<String> {
        symbols(bytes).map(|symbols| symbols.iter().map(|symbol| char::from(symbol.byte)).collect())
    }

    /// RFC 7541, appendix C.4.
    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let example = [0xf1, 0xe3, 0xc2, 0xe5, 0xf2, 0x3a, 0x6b, 0xa0, 0xab, 0x90, 0xf4, 0xff];
        assert_eq!(text(&example).as_deref(), Some("www.example.com"));
        assert_eq!(text(&[0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf]).as_deref(), Some("no-cache"));
        assert_eq!(text(&[0xff, 0xff, 0xff, 0xff]), None, "the end of the string is no part of it");
    }

    #[test]
    fn a_character_is_replaced_by_one_of_the_same_length_only() {
        let mut example = [0xa8, 0xeb, 0x10, 0x64, 0x9c, 0xbf];
        let all = symbols(&example).expect("text");
        assert!(!replace(&mut example, all[1], b'-'), "an o has five bits, a dash six");
        assert!(replace(&mut example, all[0], b'-'));
        assert_eq!(text(&example).as_deref(), Some("-o-cache"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            for symbol in symbols(&bytes).unwrap_or_default() {
                let mut copy = bytes.clone();
                prop_assert!(replace(&mut copy, symbol, symbol.byte));
                prop_assert_eq!(&copy, &bytes);
            }
        }
    }
}
