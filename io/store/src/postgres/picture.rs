//! Decides a batch: what the rows that it is about look like, which of its operations are refused, and what is written.
//!
//! All operations that wait are decided here, one after the other, against what was read and locked in one go. So a batch
//! costs a fixed number of statements, however many operations are in it, and what is refused has never been written.

use crate::audit::{Head, Link};
use crate::changes::Moved;
use crate::{Commit, CommitError, Entry, Key, Outgoing, Receipt, Settled};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What is asked of the writer.
pub(super) enum Op {
    /// Steps, all or none.
    Commit(Vec<Commit>),
    /// An aggregate that is to go, and the version that it must have.
    Remove(Key, u64),
    /// An outcome.
    Settle(Settled),
    /// Audit entries.
    Enter(Vec<Entry>),
}

impl Op {
    /// Whether nothing more goes into the batch: what is removed is written after everything else.
    pub(super) fn ends_batch(&self) -> bool {
        matches!(self, Op::Remove(..))
    }

    /// Bytes of contents.
    pub(super) fn size(&self) -> usize {
        match self {
            Op::Commit(commits) => commits.iter().map(Commit::size).sum(),
            Op::Enter(entries) => entries.iter().map(|entry| entry.body.len()).sum(),
            Op::Remove(..) | Op::Settle(_) => 0,
        }
    }
}

/// An aggregate as the batch sees it.
#[derive(Clone, Copy, Default)]
pub(super) struct Stand<'a> {
    /// Its version in the database; 0: it is not there.
    pub(super) stored: u64,
    pub(super) version: u64,
    pub(super) last_event: u64,
    /// The last step of this batch.
    pub(super) step: Option<&'a Commit>,
    /// Removed in this batch, as its last operation.
    pub(super) removed: bool,
}

/// An effect as the batch sees it.
#[derive(Clone, Default)]
pub(super) struct Effect {
    pub(super) attempt: i64,
    pub(super) due_at: Option<i64>,
    pub(super) settled_at: Option<i64>,
    pub(super) failure: Option<String>,
    /// Settled in this batch.
    pub(super) settled: bool,
}

/// What is read and locked before a batch is decided.
#[derive(Default)]
pub(super) struct Subjects<'a> {
    pub(super) aggregates: BTreeSet<&'a Key>,
    pub(super) effects: BTreeSet<&'a str>,
    pub(super) leases: BTreeSet<&'a str>,
    pub(super) audit: bool,
}

impl<'a> Subjects<'a> {
    pub(super) fn of(ops: impl Iterator<Item = &'a Op>) -> Subjects<'a> {
        let mut subjects = Subjects::default();
        for op in ops {
            match op {
                Op::Commit(commits) => commits.iter().for_each(|commit| subjects.add(commit)),
                Op::Remove(key, _) => drop(subjects.aggregates.insert(key)),
                Op::Settle(settled) => drop(subjects.effects.insert(&settled.claim.key)),
                Op::Enter(_) => subjects.audit = true,
            }
        }
        subjects
    }

    fn add(&mut self, commit: &'a Commit) {
        self.aggregates.insert(&commit.key);
        self.effects.extend(commit.outbox.iter().map(|outgoing| outgoing.key.as_str()));
        self.effects.extend(commit.settled.iter().map(|settled| settled.claim.key.as_str()));
        self.leases.extend(commit.under.iter().map(|lease| lease.name.as_str()));
        self.audit |= !commit.audit.is_empty();
    }
}

/// The rows that a batch is about, as they were read and as the operations so far have left them.
#[derive(Default)]
pub(super) struct Picture<'a> {
    pub(super) aggregates: BTreeMap<&'a Key, Stand<'a>>,
    pub(super) effects: BTreeMap<&'a str, Effect>,
    pub(super) leases: BTreeMap<String, u64>,
    pub(super) head: Head,
    /// To be written, in order.
    pub(super) events: Vec<(&'a Key, u64, &'a [u8])>,
    pub(super) asked: Vec<(&'a Key, &'a Outgoing)>,
    pub(super) links: Vec<Link>,
    pub(super) moved: Vec<Moved>,
    undo: Vec<Undo<'a>>,
}

enum Undo<'a> {
    Aggregate(&'a Key, Option<Stand<'a>>),
    Effect(&'a str, Option<Effect>),
}

impl<'a> Picture<'a> {
    /// Decides one operation; where it is refused, the picture is as before.
    pub(super) fn decide(&mut self, op: &'a Op, instance: &str) -> Result<Vec<Receipt>, CommitError> {
        self.undo.clear();
        let before = (self.head, self.events.len(), self.asked.len(), self.links.len(), self.moved.len());
        let decided = match op {
            Op::Commit(commits) => commits.iter().map(|commit| self.step(commit, instance)).collect(),
            Op::Remove(key, expected) => self.remove(key, *expected).map(|()| Vec::new()),
            Op::Settle(settled) => self.settle(settled).map(|()| Vec::new()),
            Op::Enter(entries) => {
                self.enter(entries, instance);
                Ok(Vec::new())
            }
        };
        if decided.is_err() {
            self.take_back();
            let (head, events, asked, links, moved) = before;
            self.head = head;
            self.events.truncate(events);
            self.asked.truncate(asked);
            self.links.truncate(links);
            self.moved.truncate(moved);
        }
        decided
    }

    fn take_back(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Aggregate(key, Some(stand)) => drop(self.aggregates.insert(key, stand)),
                Undo::Aggregate(key, None) => drop(self.aggregates.remove(key)),
                Undo::Effect(key, Some(effect)) => drop(self.effects.insert(key, effect)),
                Undo::Effect(key, None) => drop(self.effects.remove(key)),
            }
        }
    }

    fn step(&mut self, commit: &'a Commit, instance: &str) -> Result<Receipt, CommitError> {
        if let Some(lease) = &commit.under
            && self.leases.get(&lease.name) != Some(&lease.token)
        {
            return Err(CommitError::LeaseLost { lease: lease.name.clone() });
        }
        let was = self.aggregates.get(&commit.key).copied();
        let stand = was.unwrap_or_default();
        if stand.version != commit.expected {
            let Key { kind, id } = commit.key.clone();
            return Err(CommitError::Conflict { kind, id, expected: commit.expected, found: stand.version });
        }
        let (version, mut last_event) = (stand.version + 1, stand.last_event);
        for payload in &commit.events {
            last_event += 1;
            self.events.push((&commit.key, last_event, payload));
        }
        self.undo.push(Undo::Aggregate(&commit.key, was));
        self.aggregates.insert(&commit.key, Stand { version, last_event, step: Some(commit), ..stand });
        for outgoing in &commit.outbox {
            self.put_out(&commit.key, outgoing)?;
        }
        for settled in &commit.settled {
            self.settle(settled)?;
        }
        self.enter(&commit.audit, instance);
        self.moved.push(Moved { kind: commit.key.kind.clone(), id: commit.key.id.as_str().into(), version });
        Ok(Receipt { version, last_event })
    }

    /// The last operation of its batch (see [`Op::ends_batch`]): nothing comes after it under the same key.
    fn remove(&mut self, key: &'a Key, expected: u64) -> Result<(), CommitError> {
        let was = self.aggregates.get(key).copied();
        let stand = was.unwrap_or_default();
        if stand.version != expected || expected == 0 {
            let Key { kind, id } = key.clone();
            return Err(CommitError::Conflict { kind, id, expected, found: stand.version });
        }
        self.undo.push(Undo::Aggregate(key, was));
        self.aggregates.insert(key, Stand { removed: true, ..stand });
        self.moved.push(Moved { kind: key.kind.clone(), id: key.id.as_str().into(), version: 0 });
        Ok(())
    }

    fn put_out(&mut self, of: &'a Key, outgoing: &'a Outgoing) -> Result<(), CommitError> {
        if self.effects.contains_key(outgoing.key.as_str()) {
            return Err(CommitError::KeyTaken { key: outgoing.key.clone() });
        }
        self.undo.push(Undo::Effect(&outgoing.key, None));
        let due_at = Some(outgoing.not_before.0);
        self.effects.insert(&outgoing.key, Effect { due_at, ..Effect::default() });
        self.asked.push((of, outgoing));
        Ok(())
    }

    fn settle(&mut self, settled: &'a Settled) -> Result<(), CommitError> {
        let key = settled.claim.key.as_str();
        let was = self
            .effects
            .get(key)
            .filter(|effect| effect.attempt == i64::from(settled.claim.attempt) && effect.due_at.is_some());
        let Some(was) = was.cloned() else { return Err(CommitError::ClaimLost { key: key.to_owned() }) };
        let marks = settled.outcome.marks();
        let failure = if marks.keep { was.failure.clone() } else { marks.failure.map(Cow::into_owned) };
        let (due_at, settled_at) = (marks.due_at, marks.settled_at);
        self.undo.push(Undo::Effect(key, Some(was.clone())));
        self.effects.insert(key, Effect { due_at, settled_at, failure, settled: true, ..was });
        Ok(())
    }

    fn enter(&mut self, entries: &[Entry], instance: &str) {
        for entry in entries {
            let link = self.head.next(instance, entry);
            self.head = Head::at(&link);
            self.links.push(link);
        }
    }
}
