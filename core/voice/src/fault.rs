//! Faults that tests plant, to see whether a search for faults finds them. Only with the feature `planted-faults`, and only
//! where a test asks for one.

use crate::event::AgentState;
use crate::session::Session;
use duologue_chat::{Item, Role};

/// A fault to plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Own speech that comes back is taken for the other party's.
    EchoIsHeard,
    /// Once a reply of this party was cut off, it never again breaks a silence.
    NudgeIsLost,
    /// What the other party says while this one thinks is dropped.
    UtteranceIsDropped,
    /// Of a reply that was cut off the history keeps all words.
    WholeTextIsKept,
}

impl Session {
    pub(crate) fn has_fault(&self, fault: Fault) -> bool {
        self.config.fault == Some(fault)
    }

    pub(crate) fn nudge_is_lost(&self) -> bool {
        let cut = |item: &Item| matches!(item, Item::Message { role: Role::Assistant, interrupted: true, .. });
        self.has_fault(Fault::NudgeIsLost) && self.history.items().iter().any(cut)
    }

    pub(crate) fn drops_utterance(&self) -> bool {
        self.has_fault(Fault::UtteranceIsDropped) && self.state == AgentState::Thinking
    }
}
