//! What a policy said before of the same: it is a function of what it can look at, so that it would say so again.

use crate::mentions::{Mentioned, Within};
use duologue_policy::{Document, Verdict};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Answers that are kept; then all are forgotten, and the next calls find theirs again.
const ANSWERS: usize = 4_096;
/// Bytes of what they are kept by: names that callers choose are in it.
const KEY_BYTES: usize = 2_048;

/// Answers of one policy, by what it saw.
#[derive(Default)]
pub(crate) struct Known(Mutex<HashMap<Box<[u8]>, Arc<Verdict>>>);

/// What a policy sees of a document, in one piece.
pub(crate) struct Key(Vec<u8>);

impl Key {
    /// None: it is too long, or no two calls are likely to have the same.
    pub(crate) fn of(document: &Document<'_>, sees: &Mentioned) -> Option<Key> {
        let Document::Object(members) = document else { return None };
        let mut key = Key(Vec::with_capacity(256));
        for (name, value) in members.iter() {
            let Some(within) = sees.of(name) else { continue };
            key.member(name, value, within)?;
        }
        Some(key)
    }

    fn member(&mut self, name: &str, value: &Document<'_>, within: &Within) -> Option<()> {
        self.piece(b'm', name.as_bytes())?;
        match value {
            Document::Text(text) => self.piece(b't', text.as_bytes()),
            Document::Whole(number) => self.piece(b'w', &number.to_le_bytes()),
            Document::Names(names) => {
                self.piece(b'n', &names.len().to_le_bytes())?;
                names.iter().try_for_each(|name| self.piece(b't', name.0.as_bytes()))
            }
            Document::Json(_) => None,
            Document::Object(members) => {
                let seen = || members.iter().filter(|(name, _)| within.has(name));
                self.piece(b'o', &seen().count().to_le_bytes())?;
                seen().try_for_each(|(name, value)| self.member(name, value, &Within::All))
            }
        }
    }

    /// Its kind, its length and itself, so that no two documents have the same key.
    fn piece(&mut self, kind: u8, bytes: &[u8]) -> Option<()> {
        if self.0.len() + bytes.len() > KEY_BYTES {
            return None;
        }
        self.0.push(kind);
        self.0.extend_from_slice(&bytes.len().to_le_bytes());
        self.0.extend_from_slice(bytes);
        Some(())
    }
}

impl Known {
    /// What was said.
    pub(crate) fn get(&self, key: &Key) -> Option<Arc<Verdict>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key.0.as_slice()).cloned()
    }

    /// Keeps what was said.
    pub(crate) fn keep(&self, key: Key, verdict: &Verdict) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() >= ANSWERS {
            answers.clear();
        }
        answers.insert(key.0.into_boxed_slice(), Arc::new(verdict.clone()));
    }
}
