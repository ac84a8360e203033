//! Leaves that were found good before: looking at a signature again costs as much as the peer's own proof in the handshake.

use crate::leaf::Leaf;
use crate::trust::Role;
use duologue_trust::Moment;
use rustls::pki_types::CertificateDer;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Leaves that are kept; then all are forgotten.
const LEAVES: usize = 1_024;

/// Leaves that an authority signed itself, by all of their bytes. It is for one state of what is trusted, and says nothing about who
/// has the key, which every handshake proves anew.
#[derive(Default)]
pub(crate) struct Known(Mutex<HashMap<(Role, CertificateDer<'static>), Leaf>>);

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").finish_non_exhaustive()
    }
}

impl Known {
    /// What it says, if it is known and valid now. In its first and its last second it is looked at again.
    pub(crate) fn get(&self, leaf: &CertificateDer<'_>, role: Role, now: Moment) -> Option<Leaf> {
        let key = (role, CertificateDer::from_slice(leaf).into_owned());
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()?;
        let is_valid = now.as_secs() > known.from.as_secs() && now.as_secs() < known.until.as_secs();
        is_valid.then_some(known)
    }

    pub(crate) fn keep(&self, der: &CertificateDer<'_>, role: Role, leaf: &Leaf) {
        let mut leaves = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if leaves.len() >= LEAVES {
            leaves.clear();
        }
        leaves.insert((role, CertificateDer::from_slice(der).into_owned()), leaf.clone());
    }
}
