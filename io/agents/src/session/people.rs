//! Who is in the room to talk to.

use duologue_worker::{Kind, Participant};
use std::collections::BTreeSet;
use std::time::Instant;

/// Those of the kinds that are heard.
pub(crate) struct Present {
    hears: Vec<Kind>,
    sids: BTreeSet<String>,
    since: Option<Instant>,
}

impl Present {
    pub(crate) fn new(hears: &[Kind]) -> Present {
        Present { hears: hears.to_vec(), sids: BTreeSet::new(), since: None }
    }

    pub(crate) fn came(&mut self, participant: &Participant) {
        if self.hears.contains(&participant.kind) {
            self.sids.insert(participant.sid.clone());
            self.since.get_or_insert_with(Instant::now);
        }
    }

    pub(crate) fn left(&mut self, participant: &Participant) {
        self.sids.remove(&participant.sid);
    }

    /// When the first one came.
    pub(crate) fn since(&self) -> Option<Instant> {
        self.since
    }

    pub(crate) fn anybody(&self) -> bool {
        !self.sids.is_empty()
    }
}
