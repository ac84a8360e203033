use crate::event::{AgentState, CloseReason, Event};
use duologue_ids::Mono;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Limits of a conversation; two language models never stop by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Spoken turns of both parties together.
    pub turns: u32,
    /// From the start.
    pub duration: Duration,
    /// Without speech from either party.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { turns: 40, duration: Duration::from_secs(300), silence: Duration::from_secs(20) }
    }
}

/// Watches both parties of a conversation and says when it is over.
///
/// It needs only what can be seen from outside: who speaks, and who hung up.
#[derive(Clone, Debug)]
pub struct EndWatch {
    limits: Limits,
    began: Mono,
    turns: u32,
    active: [bool; 2],
    quiet_since: Mono,
    ended: Option<(CloseReason, Option<usize>)>,
}

impl EndWatch {
    /// A watch that starts at `now`.
    pub fn new(limits: Limits, now: Mono) -> EndWatch {
        EndWatch { limits, began: now, turns: 0, active: [false; 2], quiet_since: now, ended: None }
    }

    /// Takes what party `side` (0 or 1) reports.
    pub fn observe(&mut self, now: Mono, side: usize, event: &Event) {
        match event {
            Event::AgentStateChanged { state } => self.set_active(now, side, *state),
            Event::ConversationItemAdded { text, .. } => self.turns += u32::from(!text.is_empty()),
            Event::Closed { reason: CloseReason::PeerEnded } => {}
            Event::Closed { reason } => {
                self.ended.get_or_insert((*reason, Some(side)));
            }
            _ => {}
        }
    }

    /// Spoken turns so far.
    pub fn turns(&self) -> u32 {
        self.turns
    }

    /// Why it is over at `now`, and which party ended it, where one did.
    pub fn poll(&mut self, now: Mono) -> Option<(CloseReason, Option<usize>)> {
        let limit = if now.since(self.began) >= self.limits.duration {
            Some(CloseReason::DurationLimit)
        } else if self.turns >= self.limits.turns {
            Some(CloseReason::TurnLimit)
        } else if !self.active.contains(&true) && now.since(self.quiet_since) >= self.limits.silence {
            Some(CloseReason::Inactivity)
        } else {
            None
        };
        if let (None, Some(reason)) = (self.ended, limit) {
            self.ended = Some((reason, None));
        }
        self.ended
    }

    fn set_active(&mut self, now: Mono, side: usize, state: AgentState) {
        if let Some(active) = self.active.get_mut(side) {
            // A party that thinks is not silent for want of anything to say; its providers have time limits of their own.
            *active = matches!(state, AgentState::Speaking | AgentState::Thinking);
            self.quiet_since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said() -> Event {
        Event::ConversationItemAdded { turn: 1, text: "hello".into(), interrupted: false }
    }

    #[test]
    fn each_limit_ends_it_for_its_own_reason() {
        let limits = Limits { turns: 2, duration: Duration::from_secs(60), silence: Duration::from_secs(10) };
        let at = |s: u64| Mono::from_millis(s * 1000);
        let mut w = EndWatch::new(limits.clone(), Mono::ZERO);
        assert_eq!(w.poll(at(9)), None);
        assert_eq!(w.poll(at(10)), Some((CloseReason::Inactivity, None)));

        let mut w = EndWatch::new(limits.clone(), Mono::ZERO);
        w.observe(at(1), 0, &said());
        w.observe(at(2), 1, &said());
        assert_eq!(w.poll(at(3)), Some((CloseReason::TurnLimit, None)));

        let mut w = EndWatch::new(limits.clone(), Mono::ZERO);
        w.observe(at(1), 0, &Event::AgentStateChanged { state: AgentState::Speaking });
        assert_eq!(w.poll(at(59)), None, "somebody speaks all the time");
        assert_eq!(w.poll(at(60)), Some((CloseReason::DurationLimit, None)));

        let mut w = EndWatch::new(limits, Mono::ZERO);
        w.observe(at(1), 1, &Event::Closed { reason: CloseReason::AgentEnded });
        assert_eq!(w.poll(at(1)), Some((CloseReason::AgentEnded, Some(1))));
    }
}
