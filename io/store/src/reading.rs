//! What is read back.

use crate::commit::could_be;
use crate::{Key, State, UnixMs};

/// An aggregate as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aggregate {
    /// Its name.
    pub key: Key,
    /// How many steps it has made.
    pub version: u64,
    /// Its state.
    pub state: State,
    /// Whom it belongs to.
    pub owner: String,
    /// What lists are narrowed by.
    pub label: String,
    /// What lists are ordered by.
    pub rank: i64,
    /// The number of its last event; 0: it has none.
    pub last_event: u64,
    /// When it asked to be looked at again.
    pub wake_at: Option<UnixMs>,
}

/// Something that happened to an aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// 1, 2, 3 … for each aggregate, without a gap.
    pub seq: u64,
    /// What happened.
    pub payload: Vec<u8>,
}

/// Which aggregates to list: the greatest rank first, and of one rank the greatest id first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Of which kind.
    pub kind: String,
    /// Of whom.
    pub owner: String,
    /// Only those with this label.
    pub label: Option<String>,
    /// Only those of this rank or a greater one.
    pub since: Option<i64>,
    /// Only those that come after this place of the list: the last one of the page before.
    pub before: Option<Cursor>,
    /// How many at most.
    pub limit: u32,
}

impl Listing {
    /// The first `limit` aggregates of that kind and owner.
    pub fn new(kind: impl Into<String>, owner: impl Into<String>, limit: u32) -> Listing {
        Listing { kind: kind.into(), owner: owner.into(), label: None, since: None, before: None, limit }
    }

    /// Whether anything could be in it.
    pub(crate) fn could_be(&self) -> bool {
        let label = self.label.as_deref().unwrap_or_default();
        let id = self.before.as_ref().map_or("", |cursor| &cursor.id);
        [&self.kind, &self.owner, label, id].into_iter().all(could_be)
    }
}

/// A place in a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The rank of the aggregate there.
    pub rank: i64,
    /// Its id.
    pub id: String,
}

impl Aggregate {
    /// Where it stands in lists.
    pub fn cursor(&self) -> Cursor {
        Cursor { rank: self.rank, id: self.key.id.clone() }
    }
}
