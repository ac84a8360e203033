//! What is written: one aggregate's next state, and all that must be true together with it.

use crate::{Claim, Entry, Lease, Outcome, RefusedError, UnixMs};

/// Most bytes of a kind.
const KIND_MAX: usize = 64;
/// Most bytes of an id, and of a label. Names are parts of indexes, whose entries PostgreSQL holds to 2,704 bytes.
const ID_MAX: usize = 512;
/// Most bytes of an owner, and of an outbox key.
const OWNER_MAX: usize = 1024;
/// Most bytes of one commit: state, events, outbox and audit together.
const COMMIT_MAX: usize = 16 << 20;
/// Most bytes of all commits that are written together.
const TOGETHER_MAX: usize = 64 << 20;

/// Names an aggregate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is: `task`, `lead`. At most 64 bytes.
    pub kind: String,
    /// Which one of its kind. At most 512 bytes.
    pub id: String,
}

impl Key {
    /// The aggregate `id` of `kind`.
    pub fn new(kind: impl Into<String>, id: impl Into<String>) -> Key {
        Key { kind: kind.into(), id: id.into() }
    }
}

/// The bytes of an aggregate, which nobody but its owner's code reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Which form the bytes have; whoever reads an old one brings it up to date.
    pub schema: u32,
    /// The state itself.
    pub bytes: Vec<u8>,
}

/// One step of one aggregate. All of it is written, or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Which aggregate.
    pub key: Key,
    /// The version that it must have now; 0: it must not exist. The step makes it one more.
    pub expected: u64,
    /// The new state.
    pub state: State,
    /// Whom it belongs to: lists are of one owner. At most 1,024 bytes.
    pub owner: String,
    /// A name that lists are narrowed by, such as a context. At most 512 bytes.
    pub label: String,
    /// What lists are ordered by, the greatest first, such as the time of the last status.
    pub rank: i64,
    /// What happened, numbered without a gap after the aggregate's last event.
    pub events: Vec<Vec<u8>>,
    /// Effects that must follow.
    pub outbox: Vec<Outgoing>,
    /// Effects of earlier steps whose outcome this step takes in.
    pub settled: Vec<Settled>,
    /// When the aggregate wants to be looked at again, if nothing happens before.
    pub wake_at: Option<UnixMs>,
    /// What the audit chain keeps of this.
    pub audit: Vec<Entry>,
    /// The lease under which this is done: if somebody else has acquired it since, nothing is written.
    pub under: Option<Lease>,
}

impl Commit {
    /// A step that only sets the state.
    pub fn new(key: Key, expected: u64, state: State) -> Commit {
        Commit {
            key,
            expected,
            state,
            owner: String::new(),
            label: String::new(),
            rank: 0,
            events: Vec::new(),
            outbox: Vec::new(),
            settled: Vec::new(),
            wake_at: None,
            audit: Vec::new(),
            under: None,
        }
    }

    /// Whether both engines can hold it.
    fn check(&self) -> Result<(), RefusedError> {
        name("kind", &self.key.kind, KIND_MAX)?;
        name("id", &self.key.id, ID_MAX)?;
        name("owner", &self.owner, OWNER_MAX)?;
        name("label", &self.label, ID_MAX)?;
        for outgoing in &self.outbox {
            name("outbox kind", &outgoing.kind, KIND_MAX)?;
            name("outbox key", &outgoing.key, OWNER_MAX)?;
        }
        for settled in &self.settled {
            name("outbox key", &settled.claim.key, OWNER_MAX)?;
        }
        if let Some(lease) = &self.under {
            check_lease(&lease.name, &lease.holder)?;
        }
        check_entries(&self.audit)?;
        if self.expected >= i64::MAX as u64 {
            return Err(RefusedError::Version(self.expected));
        }
        let bytes = self.size();
        if bytes > COMMIT_MAX { Err(RefusedError::Size { bytes, most: COMMIT_MAX }) } else { Ok(()) }
    }

    /// Bytes of contents.
    pub(crate) fn size(&self) -> usize {
        let events: usize = self.events.iter().map(Vec::len).sum();
        let outbox: usize = self.outbox.iter().map(|outgoing| outgoing.payload.len()).sum();
        let audit: usize = self.audit.iter().map(|entry| entry.body.len()).sum();
        self.state.bytes.len() + events + outbox + audit
    }
}

/// An effect to be performed after the commit, by whoever claims it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Names the effect for ever: a second one of this name is refused. At most 1,024 bytes.
    pub key: String,
    /// Who performs it: `push`, `sms`. At most 64 bytes.
    pub kind: String,
    /// What is to be done.
    pub payload: Vec<u8>,
    /// Nobody gets it before.
    pub not_before: UnixMs,
}

/// What became of an effect that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The claim, as it was given.
    pub claim: Claim,
    /// What became of it.
    pub outcome: Outcome,
}

/// What a commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The aggregate's version now.
    pub version: u64,
    /// The number of its last event; 0: it has none.
    pub last_event: u64,
}

pub(crate) fn check_entries(entries: &[Entry]) -> Result<(), RefusedError> {
    entries.iter().try_for_each(|entry| {
        name("audit kind", &entry.kind, KIND_MAX)?;
        if entry.kind == crate::audit::ANCHOR {
            return Err(RefusedError::Reserved);
        }
        let bytes = entry.body.len();
        if bytes > COMMIT_MAX { Err(RefusedError::Size { bytes, most: COMMIT_MAX }) } else { Ok(()) }
    })
}

pub(crate) fn check_name(field: &'static str, text: &str) -> Result<(), RefusedError> {
    name(field, text, ID_MAX)
}

/// Commits that are written together, which have to fit into memory a few times over.
pub(crate) fn check_together(commits: &[Commit]) -> Result<(), RefusedError> {
    commits.iter().try_for_each(Commit::check)?;
    let bytes = commits.iter().map(Commit::size).sum();
    if bytes > TOGETHER_MAX { Err(RefusedError::Size { bytes, most: TOGETHER_MAX }) } else { Ok(()) }
}

/// Whether anything could have this name: one with a zero byte would be an error of PostgreSQL, and is nobody's.
pub(crate) fn could_be(text: &str) -> bool {
    !text.contains('\0')
}

pub(crate) fn check_lease(lease: &str, holder: &str) -> Result<(), RefusedError> {
    name("lease", lease, ID_MAX)?;
    name("holder", holder, OWNER_MAX)
}

/// PostgreSQL has no zero byte in a text.
fn name(field: &'static str, text: &str, most: usize) -> Result<(), RefusedError> {
    if text.len() > most || !could_be(text) { Err(RefusedError::Name { field, most }) } else { Ok(()) }
}
