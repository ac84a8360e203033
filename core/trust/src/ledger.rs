//! Which live connections may go on.

use duologue_ids::Mono;
use std::collections::BTreeMap;
use std::time::Duration;
use thiserror::Error;

/// Tells one live connection from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// How long connections live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerRules {
    /// After so long its owner is asked to wind it up.
    pub max_age: Duration,
    /// So long after that, it ends.
    pub grace: Duration,
}

impl Default for LedgerRules {
    fn default() -> LedgerRules {
        LedgerRules { max_age: Duration::from_secs(30 * 60), grace: Duration::from_secs(30) }
    }
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Ended {
    /// It was there for as long as connections may, and was not wound up by its owner.
    #[error("the connection reached its greatest age: connect again")]
    Aged,
    /// The certificate that it was made with is over.
    #[error("the peer's certificate has run out since the connection was made: connect again")]
    Expired,
    /// No bundle at hand vouches for the peer any more.
    #[error(
        "the peer's trust domain is no longer trusted here (its bundle was withdrawn): federate with it again, or leave it"
    )]
    Withdrawn,
    /// The peer was revoked.
    #[error("the peer's identity was revoked")]
    Revoked,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A connection was made, to a peer whose certificate is good for so long.
    Made(ConnectionId, Duration),
    /// It is gone.
    Gone(ConnectionId),
    /// Its peer, looked at again by what is known now, is refused.
    Refused(ConnectionId, Ended),
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// Its owner is asked to wind it up: no new requests.
    WindUp(ConnectionId),
    /// It ends now.
    End(ConnectionId, Ended),
    /// Nothing before this time, unless something happens.
    Timeout(Mono),
}

#[derive(Clone, Copy, Debug)]
struct Live {
    wind_up: Mono,
    end: Mono,
    why: Ended,
    told: bool,
    refused: Option<Ended>,
}

/// All live connections. A machine: [`Ledger::handle`] what happens, then [`Ledger::poll`] until [`Output::Timeout`].
///
/// ```
/// use duologue_ids::Mono;
/// use duologue_trust::{ConnectionId, Ended, Input, Ledger, LedgerRules, Output};
/// use std::time::Duration;
///
/// let rules = LedgerRules { max_age: Duration::from_secs(60), grace: Duration::from_secs(5) };
/// let (mut ledger, id) = (Ledger::new(rules), ConnectionId(1));
/// ledger.handle(Mono::ZERO, Input::Made(id, Duration::from_secs(3600)));
/// let minute = Mono::from_millis(60_000);
/// assert_eq!(ledger.poll(Mono::ZERO), Output::Timeout(minute));
/// assert_eq!(ledger.poll(minute), Output::WindUp(id));
/// ledger.handle(minute, Input::Refused(id, Ended::Revoked));
/// assert_eq!(ledger.poll(minute), Output::End(id, Ended::Revoked));
/// ```
#[derive(Debug)]
pub struct Ledger {
    rules: LedgerRules,
    live: BTreeMap<ConnectionId, Live>,
}

impl Ledger {
    /// Of no connections yet.
    pub fn new(rules: LedgerRules) -> Ledger {
        Ledger { rules, live: BTreeMap::new() }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.live.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    /// Takes in what happened.
    pub fn handle(&mut self, now: Mono, input: Input) {
        match input {
            Input::Made(id, good_for) => {
                let aged = self.rules.max_age.saturating_add(self.rules.grace);
                let (end, why) =
                    if good_for < aged { (now + good_for, Ended::Expired) } else { (now + aged, Ended::Aged) };
                // Where the certificate ends first, winding up begins earlier by the same grace, or at half of what there is.
                let early = good_for.saturating_sub(self.rules.grace).max(good_for / 2);
                let wind_up = now + self.rules.max_age.min(early);
                self.live.insert(id, Live { wind_up, end, why, told: false, refused: None });
            }
            Input::Gone(id) => drop(self.live.remove(&id)),
            Input::Refused(id, why) => {
                if let Some(live) = self.live.get_mut(&id) {
                    live.refused = Some(why);
                }
            }
        }
    }

    /// What is to be done now.
    pub fn poll(&mut self, now: Mono) -> Output {
        let over = |live: &Live| live.refused.or((live.end <= now).then_some(live.why));
        if let Some((id, why)) = self.live.iter().find_map(|(id, live)| Some((*id, over(live)?))) {
            self.live.remove(&id);
            return Output::End(id, why);
        }
        if let Some((id, live)) = self.live.iter_mut().find(|(_, live)| !live.told && live.wind_up <= now) {
            live.told = true;
            return Output::WindUp(*id);
        }
        let next = self.live.values().map(|live| if live.told { live.end } else { live.wind_up.min(live.end) }).min();
        Output::Timeout(next.unwrap_or(Mono::FAR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: LedgerRules = LedgerRules { max_age: Duration::from_secs(60), grace: Duration::from_secs(10) };

    fn drain(ledger: &mut Ledger, now: Mono) -> (Vec<Output>, Mono) {
        let mut outputs = Vec::new();
        loop {
            match ledger.poll(now) {
                Output::Timeout(next) => return (outputs, next),
                output => outputs.push(output),
            }
        }
    }

    #[test]
    fn a_certificate_that_ends_first_decides() {
        let mut ledger = Ledger::new(RULES);
        let id = ConnectionId(1);
        ledger.handle(Mono::ZERO, Input::Made(id, Duration::from_secs(40)));
        assert_eq!(drain(&mut ledger, Mono::ZERO), (vec![], Mono::from_millis(30_000)));
        let (outputs, next) = drain(&mut ledger, Mono::from_millis(30_000));
        assert_eq!((outputs, next), (vec![Output::WindUp(id)], Mono::from_millis(40_000)));
        assert_eq!(drain(&mut ledger, Mono::from_millis(40_000)).0, [Output::End(id, Ended::Expired)]);
        assert!(ledger.is_empty());
    }

    proptest! {
        #[test]
        fn nothing_outlives_its_time_and_each_is_told_before(
            made in proptest::collection::vec((0u64..200, 1u64..200), 1..50), refused in 0usize..80,
        ) {
            let mut ledger = Ledger::new(RULES);
            let mut made: Vec<(u64, u64)> = made;
            made.sort_unstable();
            let mut ends = BTreeMap::new();
            let mut told = BTreeMap::new();
            for second in 0..500u64 {
                let now = Mono::from_millis(second * 1_000);
                for (number, (_, life)) in made.iter().enumerate().filter(|(_, (at, _))| *at == second) {
                    ledger.handle(now, Input::Made(ConnectionId(number as u64), Duration::from_secs(*life)));
                    if number == refused {
                        ledger.handle(now, Input::Refused(ConnectionId(number as u64), Ended::Withdrawn));
                    }
                }
                for output in drain(&mut ledger, now).0 {
                    match output {
                        Output::WindUp(id) => prop_assert!(told.insert(id, second).is_none(), "told once"),
                        Output::End(id, why) => prop_assert!(ends.insert(id, (second, why)).is_none(), "ends once"),
                        Output::Timeout(_) => unreachable!(),
                    }
                }
            }
            prop_assert_eq!(ends.len(), made.len());
            for (number, (at, life)) in made.iter().enumerate() {
                let id = ConnectionId(number as u64);
                let expected = match () {
                    () if number == refused => (*at, Ended::Withdrawn),
                    () if *life < 70 => (at + life, Ended::Expired),
                    () => (at + 70, Ended::Aged),
                };
                prop_assert_eq!(ends[&id], expected);
                if number != refused && *life > 1 {
                    prop_assert!(told[&id] < ends[&id].0);
                }
            }
        }
    }
}
