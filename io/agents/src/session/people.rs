//! Who is in the room to talk to.

use duologue_worker::{Kind, Participant};
use std::collections::BTreeSet;

/// Those of the kinds that are heard.
pub(crate) struct Present {
    hears: Vec<Kind>,
    sids: BTreeSet<String>,
}

impl Present {
    pub(crate) fn new(hears: &[Kind]) -> Present {
        Present { hears: hears.to_vec(), sids: BTreeSet::new() }
    }

    pub(crate) fn came(&mut self, participant: &Participant) {
        if self.hears.contains(&participant.kind) {
            self.sids.insert(participant.sid.clone());
        }
    }

    pub(crate) fn left(&mut self, participant: &Participant) {
        self.sids.remove(&participant.sid);
    }

    pub(crate) fn anybody(&self) -> bool {
        !self.sids.is_empty()
    }
}
