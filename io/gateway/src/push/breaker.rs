//! Receivers that do not answer are left alone for a while, so that what waits for them is not thrown at a wall. Decides
//! only: the time is an argument.

use duologue_store::UnixMs;
use std::collections::BTreeMap;
use std::time::Duration;

/// Receivers that are remembered; beyond it, the one that is asked again the soonest is forgotten.
const PEERS_MAX: usize = 4096;

/// When a receiver is left alone, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patience {
    /// After how many attempts in a row that found nobody.
    pub after: u32,
    /// For how long the first time. It is doubled each time that it is found dead again.
    pub first: Duration,
    /// For how long at most.
    pub longest: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { after: 5, first: Duration::from_secs(30), longest: Duration::from_secs(600) }
    }
}

/// Which receivers are left alone.
#[derive(Debug)]
pub(super) struct Breaker {
    patience: Patience,
    peers: BTreeMap<String, Trouble>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Trouble {
    in_a_row: u32,
    /// Nobody asks before.
    until: UnixMs,
}

impl Breaker {
    pub(super) fn new(patience: Patience) -> Breaker {
        Breaker { patience, peers: BTreeMap::new() }
    }

    /// Until when it is to be left alone, if it is. Once that is over, one attempt goes first: whoever asks next waits as
    /// long again, unless that one finds somebody.
    pub(super) fn ask(&mut self, peer: &str, now: UnixMs) -> Result<(), UnixMs> {
        let Some(trouble) = self.peers.get_mut(peer) else { return Ok(()) };
        if trouble.in_a_row < self.patience.after {
            return Ok(());
        }
        if now < trouble.until {
            return Err(trouble.until);
        }
        trouble.until = now.after(self.patience.rest(trouble.in_a_row));
        Ok(())
    }

    /// What an attempt found.
    pub(super) fn tell(&mut self, peer: &str, alive: bool, now: UnixMs) {
        if alive {
            self.peers.remove(peer);
            return;
        }
        let trouble = self.peers.entry(peer.to_owned()).or_default();
        trouble.in_a_row = trouble.in_a_row.saturating_add(1);
        if trouble.in_a_row >= self.patience.after {
            trouble.until = now.after(self.patience.rest(trouble.in_a_row));
        }
        if self.peers.len() > PEERS_MAX {
            let soonest = self.peers.iter().min_by_key(|(_, trouble)| (trouble.in_a_row, trouble.until));
            if let Some(peer) = soonest.map(|(peer, _)| peer.clone()) {
                self.peers.remove(&peer);
            }
        }
    }
}

impl Patience {
    fn rest(&self, in_a_row: u32) -> Duration {
        let doubled = 1_u32.checked_shl(in_a_row.saturating_sub(self.after)).filter(|times| *times > 0);
        doubled.and_then(|times| self.first.checked_mul(times)).unwrap_or(self.longest).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::{Breaker, PEERS_MAX, Patience};
    use duologue_store::UnixMs;
    use std::time::Duration;

    const NOW: UnixMs = UnixMs(5_000);

    fn breaker() -> Breaker {
        let (first, longest) = (Duration::from_secs(10), Duration::from_secs(35));
        Breaker::new(Patience { after: 3, first, longest })
    }

    fn later(seconds: u64) -> UnixMs {
        NOW.after(Duration::from_secs(seconds))
    }

    #[test]
    fn the_dead_are_left_alone_longer_each_time() {
        let mut breaker = breaker();
        for _ in 0..3 {
            assert_eq!(breaker.ask("a", NOW), Ok(()));
            breaker.tell("a", false, NOW);
        }
        assert_eq!(breaker.ask("a", NOW), Err(later(10)));
        assert_eq!(breaker.ask("b", NOW), Ok(()));
        // One goes first.
        assert_eq!(breaker.ask("a", later(10)), Ok(()));
        assert_eq!(breaker.ask("a", later(10)), Err(later(20)));
        breaker.tell("a", false, later(11));
        assert_eq!(breaker.ask("a", later(11)), Err(later(31)));
        assert_eq!(breaker.ask("a", later(31)), Ok(()));
        breaker.tell("a", false, later(31));
        assert_eq!(breaker.ask("a", later(32)), Err(later(31 + 35)));
    }

    #[test]
    fn a_sign_of_life_forgives() {
        let mut breaker = breaker();
        for alive in [false, false, true, false, false] {
            breaker.tell("a", alive, NOW);
        }
        assert_eq!(breaker.ask("a", NOW), Ok(()));
        breaker.tell("a", false, NOW);
        assert!(breaker.ask("a", NOW).is_err());
        breaker.tell("a", true, NOW);
        assert_eq!(breaker.ask("a", NOW), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let mut breaker = breaker();
        for peer in 0..2 * PEERS_MAX {
            breaker.tell(&peer.to_string(), false, NOW);
        }
        assert_eq!(breaker.peers.len(), PEERS_MAX);
    }
}
