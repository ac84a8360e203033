//! The audit chain: entries of which each carries the hash of the one before, so that none can be changed, taken out or
//! put in between without every later hash being wrong.
//!
//! Each instance of the program has a chain of its own, since one chain for all would let only one of them write at a
//! time. Now and then a chain takes down how far the others have come ([`crate::Store::anchor`]): whoever rewrites one
//! whole chain would have to rewrite all.

mod chain;
mod verify;

pub(crate) use chain::{ANCHOR, Head, anchor_body};
pub(crate) use verify::verify;
pub use verify::{Broken, Fault, Verdict};

use crate::UnixMs;

/// What is to be entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it happened.
    pub at: UnixMs,
    /// What sort of thing it is: `decision`, `call`. At most 64 bytes; `anchor` is the store's own.
    pub kind: String,
    /// What happened, in the words of whoever enters it.
    pub body: Vec<u8>,
}

/// An entry as it stands in a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its place: 1, 2, 3 …
    pub seq: u64,
    /// What was entered.
    pub entry: Entry,
    /// SHA-256 over the hash before it (32 zero bytes for the first) and all of the above.
    pub hash: [u8; 32],
}

/// How far a chain has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Whose chain it is.
    pub instance: String,
    /// The place of its last entry.
    pub seq: u64,
    /// The hash of its last entry.
    pub hash: [u8; 32],
}
