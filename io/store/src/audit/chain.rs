//! How one entry leads to the next, and what an anchor says.

use super::{Chain, Entry, Link};
use sha2::{Digest, Sha256};

/// The kind of an entry that says how far other chains have come.
pub(crate) const ANCHOR: &str = "anchor";

/// Begins what is hashed, so that no other use of SHA-256 gives the same.
const DOMAIN: &[u8] = b"duologue audit chain 1\n";

/// The end of a chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The place of the last entry; 0: there is none.
    pub(crate) seq: u64,
    /// Its hash; zero: there is none.
    pub(crate) hash: [u8; 32],
}

impl Head {
    /// The link that carries `entry` after this one. Every part of what is hashed has a length of its own, so that no
    /// two entries are hashed from the same bytes.
    pub(crate) fn next(&self, instance: &str, entry: &Entry) -> Link {
        let seq = self.seq + 1;
        let mut sum = Sha256::new();
        sum.update(DOMAIN);
        sum.update(self.hash);
        sum.update(seq.to_be_bytes());
        sum.update(entry.at.0.to_be_bytes());
        for part in [instance.as_bytes(), entry.kind.as_bytes(), &entry.body] {
            sum.update((part.len() as u64).to_be_bytes());
            sum.update(part);
        }
        Link { seq, entry: entry.clone(), hash: sum.finalize().into() }
    }

    /// The head after that link.
    pub(crate) fn at(link: &Link) -> Head {
        Head { seq: link.seq, hash: link.hash }
    }
}

/// What an anchor says of the other chains: a line for each, `SEQ HASH INSTANCE`, the instance last since it is free text.
pub(crate) fn anchor_body(chains: &[Chain], own: &str) -> Vec<u8> {
    let others = chains.iter().filter(|chain| chain.instance != own && chain.seq > 0);
    others
        .map(|chain| format!("{} {} {}\n", chain.seq, hex(&chain.hash), chain.instance))
        .collect::<String>()
        .into_bytes()
}

/// What an anchor says, as far as it can be read.
pub(super) fn read_anchor(body: &[u8]) -> Vec<(String, u64, String)> {
    let text = String::from_utf8_lossy(body);
    let line = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let (seq, hash, instance) = (parts.next()?.parse().ok()?, parts.next()?, parts.next()?);
        Some((instance.to_owned(), seq, hash.to_owned()))
    };
    text.lines().filter_map(line).collect()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{Head, anchor_body, hex, read_anchor};
    use crate::UnixMs;
    use crate::audit::{Chain, Entry};

    #[test]
    fn no_part_of_an_entry_runs_into_the_next() {
        let entry = |kind: &str, body: &str| Entry { at: UnixMs(1), kind: kind.into(), body: body.as_bytes().to_vec() };
        let hash = |instance: &str, kind: &str, body: &str| Head::default().next(instance, &entry(kind, body)).hash;
        let told = [hash("a", "b", "cd"), hash("a", "bc", "d"), hash("ab", "c", "d"), hash("", "abc", "d")];
        for (at, one) in told.iter().enumerate() {
            assert!(told.iter().skip(at + 1).all(|other| other != one), "{at}");
        }
    }

    #[test]
    fn what_is_hashed_never_changes() {
        let link = Head::default().next("a", &Entry { at: UnixMs(7), kind: "call".into(), body: b"x".to_vec() });
        let after = Head::at(&link).next("a", &Entry { at: UnixMs(8), kind: "call".into(), body: Vec::new() });
        assert_eq!(
            (hex(&link.hash), hex(&after.hash)),
            (
                "4e713537b6ad800ef16f2d0ebacc2177d80098acf49a91501a86d2abf33c94d6".to_owned(),
                "39b5bcd08fb618bd3628599ea44c53f4cfd8360ee43d8c902ca88fdabb145c36".to_owned()
            )
        );
    }

    #[test]
    fn an_anchor_reads_as_it_was_written() {
        let chains = [
            Chain { instance: "a b".into(), seq: 3, hash: [1; 32] },
            Chain { instance: "own".into(), seq: 9, hash: [2; 32] },
        ];
        let read = read_anchor(&anchor_body(&chains, "own"));
        assert_eq!(read, [("a b".to_owned(), 3, "01".repeat(32))]);
    }
}
