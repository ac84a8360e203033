//! Lines of which each carries the hash of the one before.
//!
//! `{"seq":1,"hash":"…","record":{…}}`: the hash is SHA-256 over what begins it, the hash before, the number, and the record's
//! own bytes as they stand in the line, so that no two ways to write the same leave room for a change.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::fmt;

/// Begins what is hashed, so that no other use of SHA-256 gives the same.
const DOMAIN: &[u8] = b"duologue decision log 1\n";

/// The end of a chain: how far it has come, and the hash of all that came before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The number of the last line; 0: there is none.
    pub seq: u64,
    /// Its hash; zero: there is none.
    pub hash: [u8; 32],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'a> {
    seq: u64,
    hash: String,
    #[serde(borrow)]
    record: &'a RawValue,
}

impl Head {
    /// The line that carries `record`, JSON, after this head, which moves on to it. It has no line break at its end.
    pub fn append(&mut self, record: &str) -> String {
        *self = self.next(record);
        format!(r#"{{"seq":{},"hash":"{}","record":{record}}}"#, self.seq, hex(&self.hash))
    }

    fn next(&self, record: &str) -> Head {
        let seq = self.seq + 1;
        let mut sum = Sha256::new();
        sum.update(DOMAIN);
        sum.update(self.hash);
        sum.update(seq.to_be_bytes());
        sum.update((record.len() as u64).to_be_bytes());
        sum.update(record);
        Head { seq, hash: sum.finalize().into() }
    }
}

/// `SEQ HASH`, as somebody would keep it elsewhere to prove later that nothing was cut off at the end.
impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.seq, hex(&self.hash))
    }
}

/// The first line that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, which should be record {seq}: {fault}")]
pub struct Broken {
    /// Which line, from 1.
    pub line: usize,
    /// The number that it should have.
    pub seq: u64,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no record.
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    /// Its number is a later or an earlier one: something was taken out, or put elsewhere.
    #[error("records were taken out or put elsewhere here")]
    Missing,
    /// Its hash does not follow from what it says and from the hash before.
    #[error("it, or a record before it, was changed")]
    Changed,
}

/// Reads lines that come after `from`, and says how far they go. What was cut off at the end is found by comparing that with a
/// head which was kept elsewhere.
///
/// # Errors
/// The first line that is not what was written.
pub fn verify<L: AsRef<str>>(from: Head, lines: impl IntoIterator<Item = L>) -> Result<Head, Broken> {
    let mut head = from;
    for (at, line) in lines.into_iter().enumerate() {
        let broken = |fault| Broken { line: at + 1, seq: head.seq + 1, fault };
        let line: Line<'_> =
            serde_json::from_str(line.as_ref()).map_err(|e| broken(Fault::Unreadable(e.to_string())))?;
        let next = head.next(line.record.get());
        if line.seq != next.seq {
            return Err(broken(Fault::Missing));
        }
        if line.hash != hex(&next.hash) {
            return Err(broken(Fault::Changed));
        }
        head = next;
    }
    Ok(head)
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |four: u8| char::from(if four < 10 { b'0' + four } else { b'a' + four - 10 });
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        digits.push(digit(byte >> 4));
        digits.push(digit(byte & 15));
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn chain(number: usize) -> Vec<String> {
        let mut head = Head::default();
        (0..number).map(|at| head.append(&format!(r#"{{"id":"{at}"}}"#))).collect()
    }

    #[test]
    fn what_is_hashed_never_changes() {
        let mut head = Head::default();
        let first = head.append(r#"{"id":"a"}"#);
        assert_eq!(
            first,
            r#"{"seq":1,"hash":"b1e71c4433cfc0e0a3662b6f8a0c9117da8d7c69d42162036e7d4ffe9edae4f2","record":{"id":"a"}}"#
        );
    }

    proptest! {
        #[test]
        fn a_line_taken_out_is_found(number in 2usize..12, at in any::<prop::sample::Index>()) {
            let mut lines = chain(number);
            let at = at.index(number - 1);
            lines.remove(at);
            prop_assert_eq!(verify(Head::default(), &lines), Err(Broken { line: at + 1, seq: at as u64 + 1, fault: Fault::Missing }));
        }

        #[test]
        fn two_lines_exchanged_are_found(number in 2usize..12, a in any::<prop::sample::Index>(), b in any::<prop::sample::Index>()) {
            let mut lines = chain(number);
            let (a, b) = (a.index(number), b.index(number));
            lines.swap(a, b);
            prop_assert_eq!(verify(Head::default(), &lines).is_ok(), a == b);
        }

        #[test]
        fn a_byte_changed_is_found(number in 1usize..6, line in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), to in 32u8..127) {
            let mut lines = chain(number);
            let line = line.index(number);
            let mut bytes = lines[line].clone().into_bytes();
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != to);
            bytes[at] = to;
            lines[line] = String::from_utf8(bytes).expect("ASCII");
            prop_assert!(verify(Head::default(), &lines).is_err());
        }

        #[test]
        fn what_was_cut_off_at_the_end_shows_in_the_head(number in 1usize..12) {
            let lines = chain(number);
            let whole = verify(Head::default(), &lines).expect("sound");
            let (_, cut) = lines.split_last().expect("a line");
            prop_assert_ne!(verify(Head::default(), cut), Ok(whole));
            prop_assert_eq!(verify(verify(Head::default(), cut).expect("sound"), lines.last()), Ok(whole));
        }

        #[test]
        fn any_line_is_survived(line in "\\PC{0,80}") {
            prop_assert!(verify(Head::default(), [line]).is_err());
        }
    }
}
